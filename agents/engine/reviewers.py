"""Reviews by other agents: they read side by side, a judge weighs what they found, and it becomes drafts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agents.drivers import AnyReport, ToolStarted, Used
from agents.engine.changes import Changes
from agents.engine.comments import Comments, with_quote
from agents.engine.costs import SPENT_HINT, CostDesk, cost_in_words
from agents.engine.facilities import Facilities
from agents.engine.hooks import Happened
from agents.engine.ledger import Ledger
from agents.engine.reading import NotUnderstood, Readers
from agents.engine.transcript import Transcript
from agents.errors import NotFound, ShopfloorError, UsageError
from agents.loops.reviewer_file import load_reviewers
from agents.loops.reviewing import SYSTEM, Malformed, judge_prompt, place_of, read_findings, read_verdicts
from agents.loops.reviewing import reviewer_prompt as prompt_of
from agents.model import FINAL_STATES, Prompt, Step, Task, Turn, Usage, When, at_work, is_under_way
from agents.native.budget import cost
from agents.parts.changes import Diff
from agents.parts.review import CommentDraft, CommentKind
from agents.parts.reviewers import Estimate, Finding, Reader, Reviewer, Reviewing
from agents.workspace import open_project

KEPT = "reviewers"
"""The kind under which the latest review of each task is kept."""
AT_ONCE = 3
"""Readers of one task that work at the same time."""
ROUNDS_LIMIT = 10
ANSWER_KEPT = 4_000
"""Characters of an answer that could not be understood."""
CHARACTERS_PER_TOKEN = 4

_log = logging.getLogger(__name__)


class SendReview(Protocol):
    """Sends the drafts of a task but those ``without``."""

    def __call__(self, task: str, when: When, text: str, without: Sequence[str]) -> Awaitable[Prompt]: ...


class ReviewerDesk:
    """The reviews of all tasks; implements :class:`agents.parts.reviewers.Reviewers`."""

    def __init__(
        self,
        ledger: Ledger,
        facilities: Facilities,
        changes: Changes,
        comments: Comments,
        costs: CostDesk,
        send_review: SendReview,
        happened: Happened,
    ) -> None:
        self._ledger = ledger
        self._changes = changes
        self._comments = comments
        self._costs = costs
        self._send_review = send_review
        self._happened = happened
        self._readers = Readers(facilities, changes)
        stored = ledger.store.kept_as(Reviewing, KEPT)
        self._reviewings = {task: reviewing for task, reviewing in stored if task in ledger.tasks}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._is_closing = False
        self._changed = asyncio.Event()
        ledger.on_change.append(self._task_changed)

    def take_up(self) -> None:
        """Say of what was under way when the engine ended that it is over."""
        for task, reviewing in list(self._reviewings.items()):
            if reviewing.is_under_way and task in self._ledger.tasks:
                self._end(task, "interrupted", "The engine ended in the middle of it: start it again.")

    async def close(self) -> None:
        """Stop; what runs is told as interrupted at the next start."""
        self._is_closing = True
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    # the part of the Api

    async def offered(self, project: str = "") -> list[Reviewer]:
        """See :class:`agents.parts.reviewers.Reviewers`."""
        root = str((await open_project(Path(project))).root) if project else ""
        return await asyncio.to_thread(load_reviewers, root)

    async def estimate(self, task: str, names: Sequence[str] = (), profile: str = "") -> list[Estimate]:
        """See :class:`agents.parts.reviewers.Reviewers`."""
        known = self._ledger.find(task)
        found = await self._chosen(known, names, everything=not names)
        diff = await self._changes.diff(known.id)
        return [
            self._estimate(known, reviewer, profile or reviewer.profile or known.profile, diff) for reviewer in found
        ]

    async def start(
        self,
        task: str,
        names: Sequence[str] = (),
        profile: str = "",
        judge: str = "",
        auto: int = 0,
        auto_kinds: Sequence[CommentKind] = ("fix",),
    ) -> Reviewing:
        """See :class:`agents.parts.reviewers.Reviewers`."""
        known = self._ledger.find(task)
        if known.id in self._workers:
            raise UsageError(
                f"Task {known.id} is being reviewed already.", f"`shopfloor review-by {known.id} --cancel` ends that."
            )
        if known.state in FINAL_STATES:
            raise UsageError(f"Task {known.id} is {known.state}: it has left the floor.")
        if is_under_way(known):
            raise UsageError(f"Task {known.id} is {known.state}.", "Have it reviewed when its turn has ended.")
        if not 0 <= auto <= ROUNDS_LIMIT:
            raise UsageError(f"Findings can go to the agent at most {ROUNDS_LIMIT} times by themselves.")
        reviewers = await self._chosen(known, names)
        if judge:
            self._readers.profile(judge)
        for reviewer in reviewers:
            self._readers.profile(profile or reviewer.profile or known.profile)
        if held := self._costs.holds():
            raise UsageError(held, SPENT_HINT)
        diff = await self._changes.diff(known.id)
        if b"diff --git" not in diff.patch:
            raise UsageError(f"Task {known.id} has changed nothing: there is nothing to review.")
        readers = [Reader(reviewer=each.name, profile=profile or each.profile or known.profile) for each in reviewers]
        estimates = [
            self._estimate(known, each, reader.profile, diff) for each, reader in zip(reviewers, readers, strict=True)
        ]
        prices = [estimate.cost_usd for estimate in estimates]
        if known.id in self._workers:
            raise UsageError(f"Task {known.id} is being reviewed already.")
        self._reviewings[known.id] = Reviewing(
            task=known.id,
            readers=tuple(readers),
            judge=judge,
            auto=auto,
            auto_kinds=tuple(auto_kinds),
            estimated_tokens=sum(estimate.tokens for estimate in estimates),
            estimated_usd=None if None in prices else sum(price or 0.0 for price in prices),
            started_at=time.time(),
        )
        self._put(known.id)
        self._ledger.flush()
        worker = asyncio.create_task(self._work(known.id, reviewers, diff))
        self._workers[known.id] = worker
        worker.add_done_callback(lambda _: self._workers.pop(known.id, None))
        return self._reviewings[known.id]

    async def finish(self, task: str) -> Reviewing:
        """See :class:`agents.parts.reviewers.Reviewers`."""
        known = self._find(task)
        while self._reviewings[known].is_under_way:
            self._changed.clear()
            await self._changed.wait()
        self._ledger.flush()
        return self._reviewings[known]

    async def cancel(self, task: str) -> Reviewing:
        """See :class:`agents.parts.reviewers.Reviewers`."""
        known = self._find(task)
        worker = self._workers.get(known)
        if worker is None:
            raise UsageError(f"Task {known} is not being reviewed now.")
        worker.cancel()
        await asyncio.wait((worker,))
        if self._reviewings[known].is_under_way:  # cancelled before it began
            self._end(known, "cancelled", "Cancelled by you.")
        self._ledger.flush()
        return self._reviewings[known]

    async def result(self, task: str) -> Reviewing | None:
        """See :class:`agents.parts.reviewers.Reviewers`."""
        return self._reviewings.get(self._ledger.find(task).id)

    def _find(self, task: str) -> str:
        known = self._ledger.find(task).id
        if known not in self._reviewings:
            raise NotFound(f"Task {known} was not reviewed yet.", f"`shopfloor review-by {known}` starts that.")
        return known

    async def _chosen(self, task: Task, names: Sequence[str], everything: bool = False) -> list[Reviewer]:
        """Reviewers by name; without names those that can be used, or ``everything`` there is."""
        offered = {reviewer.name: reviewer for reviewer in await self.offered(task.project)}
        found = []
        for name in dict.fromkeys(names):
            if name not in offered:
                raise NotFound(f"There is no reviewer “{name}”.", f"Reviewers: {', '.join(offered)}.")
            if offered[name].problem:
                raise UsageError(offered[name].problem, "Correct the file and try again.")
            found.append(offered[name])
        return found or [each for each in offered.values() if everything or not each.problem]

    def _estimate(self, task: Task, reviewer: Reviewer, profile_name: str, diff: Diff) -> Estimate:
        if reviewer.problem:
            return Estimate(reviewer=reviewer.name, profile=profile_name, problem=reviewer.problem)
        try:
            profile = self._readers.profile(profile_name)
        except ShopfloorError as error:
            return Estimate(reviewer=reviewer.name, profile=profile_name, problem=str(error))
        text = SYSTEM + prompt_of(reviewer, task.prompt, diff.patch, self._comments.of(task.id))
        tokens = len(text) // CHARACTERS_PER_TOKEN
        price = cost(Usage(input_tokens=tokens), profile.prices)
        return Estimate(reviewer=reviewer.name, profile=profile_name, tokens=tokens, cost_usd=price)

    # what is known

    def _task_changed(self, _before: Task | None, after: Task) -> None:
        self._changed.set()
        if after.state in FINAL_STATES and after.id in self._workers:
            self._workers[after.id].cancel()

    def _put(self, task: str, **changes: Any) -> Reviewing:
        reviewing = msgspec.structs.replace(self._reviewings[task], **changes)
        self._reviewings[task] = reviewing
        self._ledger.store.keep(KEPT, task, msgspec.json.encode(reviewing))
        self._ledger.update(task, reviewing=in_words(reviewing))
        self._ledger.flush_soon()
        self._changed.set()
        return reviewing

    def _put_reader(self, task: str, number: int, **changes: Any) -> None:
        readers = list(self._reviewings[task].readers)
        readers[number] = msgspec.structs.replace(readers[number], **changes)
        self._put(task, readers=tuple(readers))

    def _put_finding(self, task: str, finding: Finding, **changes: Any) -> None:
        changed = msgspec.structs.replace(finding, **changes)
        readers = tuple(
            msgspec.structs.replace(
                reader, findings=tuple(changed if known is finding else known for known in reader.findings)
            )
            for reader in self._reviewings[task].readers
        )
        self._put(task, readers=readers)

    def _say(self, task: str, text: str, is_error: bool = False) -> None:
        """Into the task's transcript."""
        Transcript(task, self._ledger, self._ledger.tasks[task].turn).add("error" if is_error else "notice", text)

    def _end(self, task: str, state: str, reason: str) -> None:
        """It has ended, so has everyone who was still reading."""
        left = "interrupted" if state == "interrupted" else "cancelled"
        readers = tuple(
            msgspec.structs.replace(reader, state=left) if reader.state in ("waiting", "reading") else reader
            for reader in self._reviewings[task].readers
        )
        reviewing = self._put(task, state=state, reason=reason, readers=readers, ended_at=time.time())
        said = f"{reason} {told(reviewing)}".strip()
        self._say(task, said, is_error=state in ("failed", "interrupted"))
        self._happened("review-ended", task, said)

    # a review

    async def _work(self, task: str, reviewers: list[Reviewer], diff: Diff) -> None:
        try:
            state, reason = "done", await self._rounds(task, reviewers, diff)
            if all(reader.state in ("failed", "malformed") for reader in self._reviewings[task].readers):
                state, reason = "failed", "No reviewer could read the change."
        except asyncio.CancelledError:
            if self._is_closing:
                raise
            state, reason = "cancelled", "Cancelled by you."
            if self._ledger.tasks[task].state in FINAL_STATES:
                reason = "The task has left the floor."
        except ShopfloorError as error:
            state, reason = "failed", str(error)
        except Exception as error:
            _log.exception("the review of task %s", task)
            state, reason = "failed", f"The review ended with an error of Shopfloor's own: {error!r}."
        self._end(task, state, reason)
        self._ledger.try_flush()

    async def _rounds(self, task: str, reviewers: list[Reviewer], diff: Diff) -> str:
        """Read, and send and read again as often as was asked for; how it ended, in words."""
        while True:
            await self._round(task, reviewers, diff)
            reviewing = self._reviewings[task]
            wanted = [
                finding
                for finding in reviewing.findings
                if finding.state == "draft" and finding.kind in reviewing.auto_kinds
            ]
            if not reviewing.auto or not wanted:
                return self._call(task, "ready", "The reviewers are done.")
            if reviewing.round >= reviewing.auto:
                times = f"{reviewing.auto} round{'s' if reviewing.auto != 1 else ''}"
                return self._call(task, "blocked", f"The reviewers still find something after {times}.")
            if (ended := await self._answered(task, wanted)) != "ready":
                return f"The task is {ended} after its findings were sent; the reviewers did not look again."
            if held := self._costs.holds():
                return held
            diff = await self._changes.diff(task)
            readers = tuple(Reader(reviewer=each.reviewer, profile=each.profile) for each in reviewing.readers)
            self._put(task, state="reading", readers=readers, judged="")

    def _call(self, task: str, state: str, reason: str) -> str:
        """Call the person to a resting task, when findings went by themselves."""
        if self._reviewings[task].auto and self._ledger.tasks[task].state == "ready":
            if state == "blocked":
                self._ledger.enter(task, "blocked", reason, f"`r` or `shopfloor comments {task}` shows what.")
            else:
                self._ledger.enter(task, "ready")
        return reason

    async def _round(self, task: str, reviewers: list[Reviewer], diff: Diff) -> None:
        room = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                for number, reviewer in enumerate(reviewers):
                    group.create_task(self._read(task, number, reviewer, diff, room))
            reviewing = self._reviewings[task]
            if reviewing.judge and reviewing.findings:
                await self._judge(task, reviewing.judge, diff)
        except ExceptionGroup as group_of_one:
            raise group_of_one.exceptions[0] from None
        except asyncio.CancelledError:
            if not self._is_closing and self._ledger.tasks[task].state not in FINAL_STATES:
                await self._draft(task, diff)
            raise
        await self._draft(task, diff)

    async def _read(self, task: str, number: int, reviewer: Reviewer, diff: Diff, room: asyncio.Semaphore) -> None:
        """One reviewer reads; whatever becomes of it is told, and the others go on."""
        async with room:
            self._put_reader(task, number, state="reading")
            known, reader = self._ledger.tasks[task], self._reviewings[task].readers[number]

            async def understand(answer: str) -> tuple[Finding, ...]:
                found = read_findings(answer, reviewer, diff.patch)
                for place, finding in enumerate(found, 1):
                    try:
                        await self._quoted(finding, diff)
                    except (NotFound, UsageError) as error:
                        raise Malformed(f"finding {place}: {error.message}") from error
                return found

            spent = self._spender(task, f"{reader.reviewer}/{self._reviewings[task].round}", reader.profile, number)
            text = prompt_of(reviewer, known.prompt, diff.patch, self._comments.of(task))
            try:
                found = await self._readers.ask(known, f"review{number + 1}", reader.profile, text, understand, spent)
            except NotUnderstood as error:
                answer = error.answer[:ANSWER_KEPT]
                self._put_reader(task, number, state="malformed", reason=error.message, answer=answer)
                self._say(task, f"Reviewer {reviewer.name}: {error.message} It said:\n\n{answer}", is_error=True)
            except ShopfloorError as error:
                self._put_reader(task, number, state="failed", reason=str(error))
                self._say(task, f"Reviewer {reviewer.name} could not read the change: {error}", is_error=True)
            else:
                self._put_reader(task, number, state="done", doing="", findings=found)
                if not self._reviewings[task].judge:
                    await self._draft(task, diff)

    async def _judge(self, task: str, judge: str, diff: Diff) -> None:
        """Take out what the judge drops; when it cannot be understood, everything stays."""
        reviewing = self._put(task, state="judging")
        findings = reviewing.findings

        async def understand(answer: str) -> dict[int, str]:
            return read_verdicts(answer, len(findings))

        spent = self._spender(task, f"judge/{reviewing.round}", judge)
        try:
            dropped = await self._readers.ask(
                self._ledger.tasks[task], "judge", judge, judge_prompt(findings, diff.patch), understand, spent
            )
        except ShopfloorError as error:
            self._put(task, judged=f"All findings stay: the judge failed. {error}")
            self._say(task, f"The judge of the reviewers failed, so all findings stay. {error}", is_error=True)
            return
        for number, finding in enumerate(findings, 1):
            if number in dropped:
                self._put_finding(task, finding, state="dropped", reason=dropped[number])
        self._put(task, judged=f"The judge dropped {len(dropped)} of {len(findings)}.")

    async def _draft(self, task: str, diff: Diff) -> None:
        """Write what was found and not dropped as drafts."""
        for finding in self._reviewings[task].findings:
            if finding.state != "found":
                continue
            draft = await self._quoted(finding, diff)
            same = next(
                (
                    comment
                    for comment in self._comments.of(task)
                    if comment.state == "draft"
                    and (comment.author, comment.path, comment.side, comment.start, comment.text)
                    == (draft.author, draft.path, draft.side, draft.start, draft.text)
                ),
                None,
            )
            current = next((one for one in self._reviewings[task].findings if one is finding), None)
            if current is None:  # somebody else has just written it
                continue
            if same is not None:
                self._put_finding(task, finding, state="dropped", reason=f"It is written down already: {same.id}.")
                continue
            comment = self._comments.add(task, draft, diff.base_tree, diff.head_tree)
            self._put_finding(task, finding, state="draft", comment=comment.id)
        self._ledger.flush()

    async def _quoted(self, finding: Finding, diff: Diff) -> CommentDraft:
        """A finding as a draft by its reviewer."""
        draft = CommentDraft(
            text=f"[{finding.severity}] {finding.text}",
            kind=finding.kind,
            target="change" if not finding.path else "lines" if finding.start else "file",
            path=finding.path,
            side=finding.side,
            start=finding.start,
            end=finding.end,
            author=f"reviewer:{finding.reviewer}",
        )
        return await with_quote(draft, diff, self._changes.blobs)

    async def _answered(self, task: str, findings: Sequence[Finding]) -> str:
        """Send findings to the agent and wait until the task rests again; its state then."""
        ids = {finding.comment for finding in findings}
        without = [comment.id for comment in self._comments.of(task) if comment.id not in ids]
        self._put(task, state="answering", round=self._reviewings[task].round + 1)
        for finding in findings:
            self._put_finding(task, finding, state="sent")
        prompt = await self._send_review(task, "now", "", without)
        while True:
            self._changed.clear()
            known = self._ledger.tasks[task]
            delivery = next(each.delivery for each in self._ledger.prompts(task) if each.id == prompt.id)
            if delivery not in ("queued", "delivered") and not is_under_way(known):
                return known.state
            if known.state in ("stopped", "failed") and not at_work(known):
                return known.state
            await self._changed.wait()

    def _spender(self, task: str, name: str, profile: str, number: int | None = None) -> Callable[[AnyReport], None]:
        """Counts what a reader or the judge takes, and shows what it does."""
        key = f"{task}/{self._reviewings[task].started_at:.3f}/{name}"
        turn = Turn(number=0, before="", started_at=time.time(), profile=profile)

        def heard(event: AnyReport) -> None:
            nonlocal turn
            if isinstance(event, ToolStarted):
                if number is not None:
                    self._put_reader(task, number, doing=event.title)
                return
            assert isinstance(event, Used)
            usage = event.usage
            if not usage.tokens and usage.cost_usd is not None:
                return
            step = Step(usage=usage, model=event.model, at=time.time())
            turn = msgspec.structs.replace(turn, steps=(*turn.steps, step), ended_at=time.time())
            self._costs.add_beside(key, task, turn)
            if number is not None:
                self._put_reader(task, number, usage=self._reviewings[task].readers[number].usage + usage)
            self._put(task, usage=self._reviewings[task].usage + usage)
            self._ledger.update(task, usage=self._ledger.tasks[task].usage + usage)

        return heard


def in_words(reviewing: Reviewing) -> str:
    """Where a review stands, for the task's line; empty when it has ended."""
    if not reviewing.is_under_way:
        return ""
    again = f", round {reviewing.round + 1}" if reviewing.round else ""
    if reviewing.state == "judging":
        return f"judging findings{again}"
    if reviewing.state == "answering":
        return f"answering reviewers, round {reviewing.round} of {reviewing.auto}"
    ended = sum(1 for reader in reviewing.readers if reader.state not in ("waiting", "reading"))
    return f"reviewers {ended}/{len(reviewing.readers)}{again}"


def told(reviewing: Reviewing) -> str:
    """What came of a review, for its transcript: each reviewer, and the cost."""
    parts = []
    for reader in reviewing.readers:
        kept = sum(1 for finding in reader.findings if finding.state != "dropped")
        gone = len(reader.findings) - kept
        what = f"{kept} finding{'s' if kept != 1 else ''}" if reader.state == "done" else reader.state
        parts.append(f"{reader.reviewer}: {what}" + (f", {gone} dropped" if gone else ""))
    dropped = [
        f"\n- dropped: {finding.reviewer}, {place_of(finding)}: {finding.text} ({finding.reason})"
        for finding in reviewing.findings
        if finding.state == "dropped"
    ]
    return f"{'; '.join(parts)} ({cost_in_words(reviewing.usage)}).{''.join(dropped)}"

"""Break/fix at work: a change's tests run on it, without its code, and with parts of that taken out, each in a scratch
worktree, confined as the task's agent is."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from agents.engine.changes import Changes
from agents.engine.comments import Comments, with_quote
from agents.engine.facilities import Facilities
from agents.engine.hooks import Happened
from agents.engine.ledger import Ledger
from agents.engine.scratch import Scratch, scratch
from agents.engine.transcript import Transcript, closed
from agents.errors import ShopfloorError, UsageError
from agents.loops.break_fix import (
    AUTHOR,
    Piece,
    Plan,
    TouchedTest,
    command_for,
    drafts,
    in_words,
    passed,
    plan_break_fix,
    read_results,
    test_files,
)
from agents.model import ACTIVE_STATES, FINAL_STATES, Task, ToolStatus, ToolUse
from agents.parts.break_fix import BreakFixReport, HunkFinding, TestFinding, TestVerdict
from agents.parts.changes import Diff
from agents.project_file import BreakFixSection, read_project_file
from agents.review import parse_diff
from agents.scripts import ScriptEnd, run_script

KEPT = "break-fix"
"""The kind under which reports are kept, by task and tree."""
REPORTS = 10
"""Reports kept of each task."""
LANES = 4
"""Scratch worktrees at work at once, if there are so many cores."""
SHORTEST_LIMIT_SECONDS = 30.0
"""A run without a part of the change may take this long, or four times as long as the one with it."""

_log = logging.getLogger(__name__)


class _Outcome(msgspec.Struct, kw_only=True):
    """What a run of the tests said."""

    results: dict[str, bool]
    """By test, where the runner tells."""
    green: dict[str, bool]
    """By file."""
    seconds: float
    end: ScriptEnd

    def passed(self, test: TouchedTest) -> bool:
        path = test.path.decode("utf-8", "surrogateescape")
        return passed(test, self.green.get(path, False), self.results)


class _Run:
    """One task's break/fix while it runs."""

    def __init__(
        self, task: Task, ledger: Ledger, settings: BreakFixSection, diff: Diff, report: BreakFixReport
    ) -> None:
        self.task = task
        self.settings = settings
        self.diff = diff
        self.report = report
        self.started = time.monotonic()
        self.work: asyncio.Task[None] | None = None
        self.transcript = Transcript(task.id, ledger, task.turn)
        self.say: Callable[[str], None] = lambda _: None
        self.lanes = asyncio.Lock()
        """Worktrees are made one after the other."""

    def note(self, **changes: object) -> None:
        self.report = msgspec.structs.replace(self.report, **changes)


class BreakFixDesk:
    """Implements the part ``break_fix``; see :class:`agents.parts.break_fix.BreakFix`."""

    def __init__(
        self,
        ledger: Ledger,
        facilities: Facilities,
        changes: Changes,
        comments: Comments,
        happened: Happened,
    ) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._changes = changes
        self._comments = comments
        self._happened = happened
        self._is_closing = False
        self._running: dict[str, _Run] = {}
        self._reports: dict[str, list[BreakFixReport]] = {}
        """By task, the latest last."""
        stored = [report for _, report in ledger.store.kept_as(BreakFixReport, KEPT) if report.task in ledger.tasks]
        for report in sorted(stored, key=lambda report: report.at):
            self._reports.setdefault(report.task, []).append(report)
        ledger.on_change.append(self._task_changed)

    def take_up(self) -> None:
        """What ran when the engine was killed ended with it."""
        for reports in self._reports.values():
            for report in reports:
                if report.state == "running":
                    for entry in self._ledger.store.entries(report.task, report.entry + 1, 1):
                        Transcript(report.task, self._ledger).replace(closed(entry))
                    self._keep(msgspec.structs.replace(report, state="cancelled", reason="It ended with the engine."))

    async def close(self) -> None:
        """End what runs."""
        self._is_closing = True
        for run in list(self._running.values()):
            await self._end(run)

    def transcripts(self, task: str) -> list[Transcript]:
        """Those that are written to now."""
        return [self._running[task].transcript] if task in self._running else []

    # the part of the Api

    async def start(self, task: str, afresh: bool = False) -> BreakFixReport:
        """See :class:`agents.parts.break_fix.BreakFix`."""
        known = self._ledger.on_floor(task)
        if known.id in self._running:
            return self._running[known.id].report
        if known.state in ACTIVE_STATES or known.state == "queued":
            raise UsageError(f"Task {known.id} is {known.state}.", "Try its tests when its turn has ended.")
        settings = read_project_file(Path(known.project)).break_fix
        if settings.run:
            settings = self._facilities.trusted_project(known.project).break_fix
        diff = await self._changes.diff(known.id)
        report = BreakFixReport(
            task=known.id,
            tree=diff.head_tree,
            base_tree=diff.base_tree,
            settings=msgspec.json.encode(settings).decode(),
            at=time.time(),
        )
        if not afresh and (before := self._known(report)) is not None:
            return await self._again(before, diff)
        if known.id in self._running:  # somebody else was faster
            return self._running[known.id].report
        run = self._running[known.id] = _Run(known, self._ledger, settings, diff, report)
        run.work = asyncio.create_task(self._follow(run))
        return run.report

    async def finish(self, task: str) -> BreakFixReport:
        """See :class:`agents.parts.break_fix.BreakFix`."""
        known = self._ledger.find(task)
        run = self._running.get(known.id)
        if run is not None and run.work is not None:
            await asyncio.wait((run.work,))
        return self._latest(known)

    async def cancel(self, task: str) -> BreakFixReport:
        """See :class:`agents.parts.break_fix.BreakFix`."""
        known = self._ledger.find(task)
        run = self._running.get(known.id)
        if run is None:
            raise UsageError(f"Nothing of break/fix runs for task {known.id}.")
        await self._end(run)
        return self._latest(known)

    async def result(self, task: str) -> BreakFixReport | None:
        """See :class:`agents.parts.break_fix.BreakFix`."""
        known = self._ledger.find(task)
        if known.id in self._running:
            return self._running[known.id].report
        return next(reversed(self._reports.get(known.id, [])), None)

    def _latest(self, task: Task) -> BreakFixReport:
        self._ledger.flush()
        reports = self._reports.get(task.id)
        if not reports:
            raise UsageError(f"Break/fix has not run on task {task.id}.", f"`shopfloor break-fix {task.id}` runs it.")
        return reports[-1]

    # reports

    def _known(self, wanted: BreakFixReport) -> BreakFixReport | None:
        """What was found about the same files, with the same settings."""
        for report in reversed(self._reports.get(wanted.task, [])):
            same = (report.tree, report.base_tree, report.settings)
            if report.state == "done" and same == (wanted.tree, wanted.base_tree, wanted.settings):
                return report
        return None

    async def _again(self, report: BreakFixReport, diff: Diff) -> BreakFixReport:
        """Let a report be the latest one again, for files that are back as they were."""
        if self._reports[report.task][-1] is report:
            return report
        comments = await self._write(report, diff)
        return self._keep(msgspec.structs.replace(report, comments=comments, at=time.time()))

    def _keep(self, report: BreakFixReport) -> BreakFixReport:
        reports = [one for one in self._reports.get(report.task, []) if one.tree != report.tree]
        for old in reports[: max(0, len(reports) + 1 - REPORTS)]:
            self._ledger.store.forget(KEPT, f"{old.task} {old.tree}")
        self._reports[report.task] = [*reports[-(REPORTS - 1) :], report]
        self._ledger.store.keep(KEPT, f"{report.task} {report.tree}", msgspec.json.encode(report))
        self._ledger.flush_soon()
        return report

    def _task_changed(self, before: Task | None, after: Task) -> None:
        run = self._running.get(after.id)
        if run is not None and run.work is not None and after.state in FINAL_STATES:
            run.work.cancel()

    async def _end(self, run: _Run) -> None:
        if run.work is not None:
            run.work.cancel()
            await asyncio.wait((run.work,))

    # one run

    async def _follow(self, run: _Run) -> None:
        """See it to its end, and record how that was."""
        transcript = run.transcript
        tool = ToolUse(name="break/fix", title="Run the change's tests without the change")
        entry = transcript.add("script", tool=tool, done=False)
        printed: list[str] = []

        def say(line: str) -> None:
            printed.append(line)
            transcript.grow(entry.id, f"{line}\n")

        run.say = say
        run.note(entry=entry.id)
        self._keep(run.report)
        status: ToolStatus = "failed"
        try:
            await self._work(run)
            run.note(comments=await self._write(run.report, run.diff))
            run.note(state="done")
            status = "done" if not run.report.comments else "failed"
        except asyncio.CancelledError:
            run.note(state="cancelled", reason="Cancelled.")
            status = "interrupted"
        except ShopfloorError as error:
            run.note(state="failed", reason=f"{error}")
        except Exception as error:
            _log.exception("task %s: fault in break/fix", run.task.id)
            run.note(state="failed", reason=f"A fault of Shopfloor itself: {type(error).__name__}: {error}.")
        seconds = time.monotonic() - run.started
        run.note(seconds=seconds)
        say(run.report.reason)
        tool = msgspec.structs.replace(tool, status=status, output="\n".join(printed), seconds=seconds)
        transcript.replace(msgspec.structs.replace(entry, tool=tool, done=True))
        if run.report.state == "done":
            drafted = len(run.report.comments)
            said = f" {drafted} draft{'s' if drafted != 1 else ''} in the review." if drafted else ""
            transcript.add("notice", f"Break/fix: {run.report.reason}{said}")
        self._keep(run.report)
        del self._running[run.task.id]
        if not self._is_closing:
            self._happened("break-fix-ended", run.task.id, run.report.reason)
        self._ledger.flush_soon()

    async def _work(self, run: _Run) -> None:
        change = await asyncio.to_thread(parse_diff, run.diff.patch)
        brought = test_files(change, run.settings)
        blobs = await self._changes.blobs(run.task.id, [file.new_blob for file in brought])
        contents = {file.new_path: blob for file, blob in zip(brought, blobs, strict=True)}
        plan = plan_break_fix(change, contents, run.settings)
        if not plan.files:
            run.note(reason="The change adds or touches no tests.")
            return
        if not plan.without:
            run.note(reason="The change is tests only: there is no code to take away from them.")
            return
        commit = await self._changes.snapshot_now(run.task)
        try:
            async with asyncio.timeout(run.settings.seconds):
                await self._try(run, plan, commit)
        except TimeoutError:
            run.say(f"Not done after {run.settings.seconds:g} seconds.")
        tried = {(hunk.path, hunk.side, hunk.start) for hunk in run.report.hunks}
        rest = [
            HunkFinding(path=one.path, side=one.side, start=one.start, end=one.end, verdict="not tried")
            for one in plan.pieces
            if (one.path, one.side, one.start) not in tried
        ]
        run.note(hunks=(*run.report.hunks, *rest))
        if not run.report.tests:
            run.note(reason="The tests did not end in time on the change itself.")
        else:
            run.note(reason=in_words(run.report.tests, run.report.hunks, plan.left_out))

    async def _try(self, run: _Run, plan: Plan, commit: str) -> None:
        """The tests on the change, without it, and with each piece taken out."""
        async with run.lanes:
            place = scratch(self._facilities, run.task, "try1", commit)
            first = await place.__aenter__()
        try:
            run.say(f"On the change: {', '.join(plan.files)}")
            with_it = await self._run_tests(run, first, plan.files)
            green = [test for test in plan.tests if with_it.passed(test)]
            red = [test for test in plan.tests if not with_it.passed(test)]
            why = _last_line(with_it.end)
            run.note(tests=tuple(_finding(test, "red", why) for test in red))
            for test in red:
                run.say(f"✗ {_name(test)} does not pass on the change itself. {why}")
            if green:
                jobs: list[Piece | None] = [None, *plan.pieces]
                lanes = min(LANES, os.cpu_count() or 1, len(jobs))
                await self._share(run, plan, green, with_it, jobs, first, commit, lanes)
        finally:
            await place.__aexit__(None, None, None)

    async def _share(
        self,
        run: _Run,
        plan: Plan,
        green: list[TouchedTest],
        with_it: _Outcome,
        jobs: list[Piece | None],
        first: Scratch,
        commit: str,
        lanes: int,
    ) -> None:
        """Let several lanes work on the jobs until none is left."""

        async def work(place: Scratch) -> None:
            while jobs:
                await self._job(run, place, jobs.pop(0), plan, green, with_it, commit)

        async def lane(number: int) -> None:
            if not jobs:
                return
            async with scratch(self._facilities, run.task, f"try{number}", commit) as place:
                await work(place)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(work(first))
                for number in range(2, lanes + 1):
                    group.create_task(lane(number))
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def _job(
        self,
        run: _Run,
        place: Scratch,
        piece: Piece | None,
        plan: Plan,
        green: list[TouchedTest],
        with_it: _Outcome,
        commit: str,
    ) -> None:
        """Take something out, run the tests, and put it back. ``piece`` None: all but the tests."""
        workspaces = await self._facilities.workspaces()
        await workspaces.apply(place.workspace, plan.without if piece is None else piece.patch)
        paths = {test.path.decode("utf-8", "surrogateescape") for test in green}
        files = [name for name in plan.files if name in paths]
        limit = max(SHORTEST_LIMIT_SECONDS, 4 * with_it.seconds)
        outcome = await self._run_tests(run, place, files, limit, each=piece is None)
        if piece is None:
            findings = [_finding(test, "unproven" if outcome.passed(test) else "sound") for test in green]
            run.note(tests=(*run.report.tests, *findings))
            for finding in findings:
                said = "passes" if finding.verdict == "unproven" else "fails, as it should,"
                mark = "✗" if finding.verdict == "unproven" else "✓"
                run.say(f"{mark} {_name(finding)} {said} without the change.")
        else:
            judged = _judged(piece, outcome, with_it, green)
            run.note(hunks=(*run.report.hunks, judged))
            mark, said = ("✓", "noticed") if judged.verdict == "noticed" else ("✗", "not noticed by any test")
            run.say(f"{mark} Without {_shown(piece.path)}:{piece.start}-{piece.end}: {said}. {judged.why}".rstrip())
        await workspaces.rewind(place.workspace, commit)

    async def _run_tests(
        self, run: _Run, place: Scratch, files: Sequence[str], limit: float | None = None, each: bool = True
    ) -> _Outcome:
        """Run test files at once; with ``each``, one by one when that ends badly and the runner does not say where."""
        environment = place.policy.environment | {"PYTHONDONTWRITEBYTECODE": "1"}
        policy = msgspec.structs.replace(place.policy, environment=environment)

        async def ended(names: Sequence[str]) -> ScriptEnd:
            command = command_for(run.settings, names)
            return await run_script(command, place.runner, policy, lambda _: None, timeout_seconds=limit)

        end = await ended(files)
        results = read_results(end.output)
        green = dict.fromkeys(files, end.passed)
        if each and not results and not end.passed and len(files) > 1:
            for name in files:
                green[name] = (await ended([name])).passed
        return _Outcome(results=results, green=green, seconds=end.seconds, end=end)

    # the review

    async def _write(self, report: BreakFixReport, diff: Diff) -> tuple[str, ...]:
        """Put what was found into the review as drafts, in place of those of earlier reports."""
        task = report.task
        self._ledger.on_floor(task)
        wanted = [await with_quote(draft, diff, self._changes.blobs) for draft in drafts(report)]
        ours = [one for one in self._comments.of(task) if one.author == AUTHOR]
        generated = {draft.text for other in self._reports.get(task, []) for draft in drafts(other)}
        key = {(one.path, one.side, one.start, one.text): one for one in ours if one.head_tree == report.tree}
        kept = []
        for draft in wanted:
            known = key.get((draft.path, draft.side, draft.start, draft.text))
            comment = known or self._comments.add(task, draft, diff.base_tree, diff.head_tree)
            kept.append(comment.id)
        for old in ours:
            if old.state == "draft" and old.id not in kept and old.text in generated:
                self._comments.delete(task, old.id)  # said about files that are not there any more
        self._ledger.flush_soon()
        return tuple(kept)


def _judged(piece: Piece, outcome: _Outcome, with_it: _Outcome, green: Sequence[TouchedTest]) -> HunkFinding:
    """Whether a test that passed before did not pass without this."""
    before = [name for name, was_green in with_it.results.items() if was_green]
    if with_it.results and (outcome.results or outcome.end.passed):
        failing = [name for name in before if not outcome.results.get(name, False)]
    else:
        failing = [] if outcome.end.passed else [_name(test) for test in green]
    why = f"{failing[0]} fails." if failing else ""
    if outcome.end.status is None:
        why = "The tests did not end without it."
    return HunkFinding(
        path=piece.path,
        side=piece.side,
        start=piece.start,
        end=piece.end,
        verdict="noticed" if failing or outcome.end.status is None else "unnoticed",
        why=why,
    )


def _finding(test: TouchedTest, verdict: TestVerdict, why: str = "") -> TestFinding:
    return TestFinding(path=test.path, name=test.name, start=test.start, end=test.end, verdict=verdict, why=why)


def _name(test: TouchedTest | TestFinding) -> str:
    return f"{_shown(test.path)}::{test.name}" if test.name else _shown(test.path)


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _last_line(end: ScriptEnd) -> str:
    """What a failing run said last."""
    lines = [line.strip() for line in end.output.splitlines() if line.strip()]
    return " ".join(filter(None, (lines[-1][:200] if lines else "", f"({end.reason})" if end.reason else "")))

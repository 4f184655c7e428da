"""One task at work: from its first waiting prompt until nothing waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from agents import installation, paths
from agents.drivers import (
    BEFORE_DELIVERY,
    Afterwards,
    AnyReport,
    Blocked,
    Delivered,
    Driver,
    NotDelivered,
    Offered,
    Remember,
    TextDelta,
    TextEnded,
    TurnEnd,
    Used,
    Waiting,
)
from agents.engine.asking import Asking
from agents.engine.changes import see_repository
from agents.engine.checking import Checking
from agents.engine.comments import Comments
from agents.engine.costs import CostDesk
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.notes import others_note, undone_note
from agents.engine.offers import told
from agents.engine.premises import Premises
from agents.engine.preparation import Preparation
from agents.engine.queue_runs import QueueRuns
from agents.engine.seats import Seats
from agents.engine.signs import Signs
from agents.engine.transcript import Transcript
from agents.engine.turn_book import TurnBook
from agents.errors import ShopfloorError
from agents.model import Prompt, Task, TaskState, Turn

_log = logging.getLogger(__name__)


class _Rest(NamedTuple):
    """How a task rests when its run is over."""

    state: TaskState
    reason: str = ""
    hint: str = ""


class Run:
    """One task at work. ``work`` runs once; ``stop`` and ``steer`` may be called while it does."""

    def __init__(
        self,
        task: str,
        ledger: Ledger,
        facilities: Facilities,
        comments: Comments,
        costs: CostDesk,
        queues: QueueRuns,
        on_started: Callable[[], None],
    ) -> None:
        self._id = task
        self._ledger = ledger
        self._facilities = facilities
        self._comments = comments
        self._costs = costs
        self._queues = queues
        self._on_started = on_started
        self.transcript = Transcript(task, ledger)
        self._book = TurnBook(task, ledger, costs, self.transcript)
        self._premises = Premises(task, ledger, facilities, self.transcript)
        self._seats = Seats(task, ledger, facilities, self._report)
        self._in_turn = False
        self._began = 0.0
        """When the turn began, by the clock that nobody sets."""
        self._compacting = False
        self._signs = Signs()
        self._asking = Asking(task, ledger)
        self._stopping = False
        self._skipping = False
        """The running turn is to end for good, and not to go on when the task is resumed."""
        self._checking = Checking(task, ledger, facilities, self.transcript)
        self._preparation = Preparation(task, ledger, facilities, self.transcript)

    @property
    def _task(self) -> Task:
        return self._ledger.tasks[self._id]

    @property
    def _driver(self) -> Driver | None:
        return self._seats.driver

    # from outside

    def steer(self, prompt: Prompt) -> bool:
        """Offer a prompt to the running turn; False when none runs that could take it."""
        return self._in_turn and self._driver is not None and self._driver.steer(prompt.id, prompt.text)

    @property
    def driver(self) -> Driver | None:
        """How the task's own agent is talked to; None before it is."""
        return self._seats.own

    async def stop(self) -> None:
        """Interrupt on behalf of the person."""
        self._stopping = True
        self._checking.stop()
        self._preparation.stop()
        if (self._in_turn or self._compacting) and self._driver is not None:
            await self._driver.interrupt()

    def abandon(self) -> None:
        """Let the running turn end for good when it is stopped."""
        self._skipping = self._in_turn

    async def skip_turn(self) -> bool:
        """End the turn or the checks of the queue's item at work, and go on with what waits; False when neither
        runs."""
        at_work = self._queues.turn_at_work(self._id)
        if not self._in_turn or self._driver is None:
            return bool(at_work) and self._checking.skip() and self._queues.skipped(self._id)
        if self._book.turn is None or at_work != self._book.turn.number:
            return False
        self._skipping = True
        await self._driver.interrupt()
        return True

    def skip_wait(self) -> bool:
        """Try again now what waits to be tried again; False when nothing does."""
        return self._driver is not None and self._driver.skip_wait()

    async def compact(self) -> bool:
        """Have the conversation shortened before the running turn's next request; False when none runs."""
        if not self._in_turn or self._driver is None:
            return False
        await self._driver.compact()
        return True

    def answer(self, question: str, option: str, text: str) -> bool:
        """Answer what the agent asks; False when it does not ask that any more."""
        return self._driver is not None and self._driver.answer(question, option, text)

    def notice_stall(self, after_seconds: float) -> None:
        """Say so when a turn runs but nothing was heard of it for a while and no tool runs."""
        task = self._task
        if task.waiting_until > time.time() or not self._in_turn or task.stalled or task.question:
            return
        silence = self._signs.silence(after_seconds)
        if silence and not self.transcript.tools_running:
            self._ledger.update(self._id, stalled=True, reason=silence, hint="Stop it, or say something to it.")

    def _hear(self, event: AnyReport) -> None:
        self._facilities.heard(self._id, self._signs.hear(event))
        if self._task.stalled:
            self._ledger.update(self._id, stalled=False, reason="", hint="")
        self._asking.hear(event)

    # the life of a run

    async def work(self) -> None:
        """Work until nothing waits; the task then rests in the state that says why."""
        try:
            rest = await self._work()
        except ShopfloorError as error:
            # with something a person can do about it the task waits for them, else it cannot go on
            rest = _Rest("blocked" if error.hint else "failed", error.message, error.hint)
        except Exception as error:
            _log.exception("task %s: fault in the engine", self._id)
            words = f"A fault of Shopfloor itself: {type(error).__name__}: {error}."
            hint = f"The log has the details: {paths.log_path()}. `shopfloor resume {self._id}` tries again."
            if installation.replaced():
                words, hint = (
                    installation.REPLACED,
                    f"{installation.RESTART} `shopfloor resume {self._id}` tries again then.",
                )
            rest = _Rest("failed", words, hint)
        finally:
            self._in_turn = False
            self.transcript.finish()
            await self._seats.close()
            await self._premises.vacate()
        over = {"stalled": False, "waiting_until": 0.0, "question": None}
        self._ledger.enter(self._id, rest.state, rest.reason, rest.hint, **over)

    async def _work(self) -> _Rest:
        self._ledger.enter(self._id, "preparing", "Making the worktree.")
        see_repository(self._task)
        premises = self._premises
        fresh = await premises.open()
        await premises.occupy()
        self._preparation.give_ports()
        policy = premises.policy()
        self._ledger.update(self._id, sandbox=premises.runner.name)
        if await self._preparation.furnish(premises.workspace, premises.runner, policy):
            fresh = False  # what the set-up made is not the agent's work
        await self._seats.take_own(premises.profile, premises.runner, policy)
        while not self._stopping:
            waiting = self._ledger.waiting_prompts(self._id)
            if waiting:
                if held := self._costs.holds():
                    return _Rest("queued", held)  # admission says more, and when it goes on
                before = premises.workspace.base_commit if fresh else self._facilities.taken_before(self._id)
                fresh = False
                rest = await self._turn(waiting[0], before)
                if rest is not None:
                    return rest
            elif self._task.check_state != "running":  # it is, when the engine ended in the middle of the checks
                if await self._queues.next(self._id, premises.workspaces, premises.workspace):
                    continue
                break
            await self._checking.after_turn(premises.runner, policy, premises.tree_now)
        return self._stopped() if self._stopping else self._rest_at_end()

    def _rest_at_end(self) -> _Rest:
        """How the task rests when all that waited is done."""
        queue = self._queues.active(self._id)
        if queue is not None and queue.needs_person:
            return _Rest("blocked", queue.reason, f"`shopfloor queue resume {self._id}` goes on with it.")
        if self._task.check_state == "failed":
            return _Rest("blocked", *self._checking.why_blocked())
        return _Rest("ready", self._queues.take_problem(self._id))

    def _stopped(self) -> _Rest:
        return _Rest("stopped", "Stopped by you.", f"`shopfloor resume {self._id}` goes on.")

    async def _turn(self, prompt: Prompt, before: str) -> _Rest | None:
        """Run one turn; how the task rests when it cannot go on to the next."""
        cut = self._book.cut() if not prompt.text else None
        number = cut.number if cut else self._task.turn + 1
        if cut:
            before = cut.before
        if not before:
            before = (await self._premises.snapshot(f"turn-{number}-before", f"Before turn {number}")).commit
        await self._take_seat(prompt, cut)
        assert self._driver is not None
        if self._stopping:
            return self._stopped()
        if all(waiting.id != prompt.id for waiting in self._ledger.waiting_prompts(self._id)):
            return None  # it was withdrawn meanwhile
        self._skipping = False
        if prompt.text and prompt.origin != "check":
            self._ledger.update(self._id, check_round=0)
        started, self._began = time.time(), time.monotonic()
        seat = self._seats
        fresh = Turn(
            number=number, before=before, base_commit=self._premises.workspace.base_commit, started_at=started,
            profile=seat.profile, conversation=seat.conversation,
        )  # fmt: skip
        self._queues.began(self._id, prompt, self._book.begin(prompt, cut or fresh))
        self._ledger.enter(self._id, "working", turn=number, turn_started_at=started)
        self._in_turn = True
        self._signs.begin()
        self._on_started()
        try:
            end = await self._driver.run_turn(self._words(prompt))
        finally:
            self._in_turn = False
            self.transcript.finish()
            self._asking.end()
        if prompt.text == "":
            self._book.deliver()
        await self._after_turn(end)
        return self._rest_after(end)

    async def _take_seat(self, prompt: Prompt, cut: Turn | None) -> None:
        """Let the agent work whom the prompt, or the turn that was cut, is for."""
        workspaces, workspace = self._premises.workspaces, self._premises.workspace
        if cut is None:
            await self._seats.take(self._queues.separate(self._id, prompt), workspaces, workspace)
        elif cut.conversation and (item := self._queues.at_work(self._id)):
            await self._seats.take(item, workspaces, workspace, cut.conversation)

    def _words(self, prompt: Prompt) -> str:
        """What the agent is told: the prompt, and what happened to the files without it."""
        notes = []
        if undone := self._task.undone:
            self._ledger.update(self._id, undone=0)
            notes.append(undone_note(undone))
        if not self._seats.conversation:
            notes.append(others_note([turn for turn in self._ledger.store.turns(self._id) if turn.outcome]))
        return "\n\n".join(filter(None, (*notes, prompt.text)))

    async def _after_turn(self, end: TurnEnd) -> None:
        assert self._book.turn is not None
        number = self._book.turn.number
        after = await self._premises.snapshot(f"turn-{number}-after", f"After turn {number}")
        branch_problem = await self._premises.import_branch()
        files, additions, deletions = await self._premises.count(after.commit)
        outcome = "skipped" if self._skipping and end.outcome == "interrupted" else end.outcome
        turn = self._book.end(after.commit, outcome, self._seats.own_messages, is_answered=end.outcome == "done")
        if branch_problem:
            self.transcript.add("error", branch_problem)
        self._queues.ended(self._id, turn)
        if outcome == "skipped":
            self._queues.skipped(self._id)
        self._comments.take_claims(self._id, self._book.said)
        self._ledger.update(
            self._id,
            files_changed=files,
            additions=additions,
            deletions=deletions,
            worked_seconds=self._task.worked_seconds + time.monotonic() - self._began,  # the clock may be set back
        )

    def _rest_after(self, end: TurnEnd) -> _Rest | None:
        if not self._stopping and (end.outcome == "done" or (self._skipping and end.outcome == "interrupted")):
            return None
        if end.outcome == "done" or end.outcome == "interrupted":
            return self._stopped()
        if end.reason:
            self.transcript.add("error", f"{end.reason} {end.hint}".strip())
        return _Rest(end.outcome, end.reason, end.hint)

    # reports of the driver

    def _report(self, event: AnyReport) -> None:
        self._hear(event)
        if not self._compacting and not isinstance(event, BEFORE_DELIVERY):
            self._book.deliver()
        match event:
            case Blocked():
                self._wait_for_person(event)
            case NotDelivered():
                self._book.not_delivered()
            case Remember(message=message):
                self._seats.remember(message)
            case Used(usage=usage, context_used=used, context_window=window, model=model):
                task = self._task
                self._book.count(usage, model)
                if self._seats.conversation:  # its context and model are not those of the task's own agent
                    used, window, model = 0, 0, ""
                self._ledger.update(
                    self._id,
                    usage=task.usage + usage,
                    context_used=used or task.context_used,
                    context_window=window or task.context_window,
                    model=model or task.model,
                )
            case Offered(session=session):
                if not self._seats.conversation:
                    told(self._ledger, self._task, session)
            case Afterwards(text=text):
                self.transcript.add("text", text)
                if self._task.state == "ready":  # who has looked at it has not seen this
                    self._ledger.update(self._id, unseen=True)
            case Delivered(prompt=number):
                self._book.steered(number)
            case Waiting(reason=reason, seconds=seconds):
                until = time.time() + seconds if seconds else 0.0
                hint = f"`shopfloor retry {self._id}` tries again now." if seconds else ""
                self._ledger.update(self._id, waiting_until=until, reason=reason, hint=hint)
            case _:
                self.transcript.report(event)
                if isinstance(event, TextDelta) and not event.thinking:
                    self._book.say(event.text)
                elif isinstance(event, TextEnded):
                    self._book.say("\n")

    def _wait_for_person(self, blocked: Blocked) -> None:
        """The turn waits for something that the person must do, or goes on again."""
        if blocked.reason:
            self._ledger.enter(self._id, "blocked", blocked.reason, blocked.hint, dialog=blocked.dialog)
        elif self._task.state == "blocked":
            self._ledger.enter(self._id, "working")

    # at rest

    async def compact_now(self) -> None:
        """Shorten the conversation of a resting task, which then rests as before.

        Raises:
            ShopfloorError: it could not be shortened.
        """
        task = self._task
        premises = self._premises
        await premises.open()
        await self._seats.take_own(premises.profile, premises.runner, premises.policy())
        assert self._driver is not None
        self.transcript.turn = task.turn
        self._compacting = True
        try:
            end = await self._driver.compact()
        finally:
            self._compacting = False
            self.transcript.finish()
            await self._seats.close()
            self._ledger.update(self._id, waiting_until=0.0, reason=task.reason, hint=task.hint)
        if end.outcome in ("blocked", "failed"):
            raise ShopfloorError(end.reason, end.hint)

    async def check_now(self) -> None:
        """Run the checks on a resting task; it then rests as before, with the result."""
        task = self._task
        premises = self._premises
        await premises.open()
        await premises.occupy()
        self.transcript.turn = task.turn
        try:
            report = await self._checking.run(premises.runner, premises.policy(), premises.tree_now, afresh=True)
            if report is not None:
                self._ledger.update(self._id, check_state="failed" if report.failures else "passed")
        finally:
            self.transcript.finish()
            await premises.vacate()
            rest = {"unseen": task.unseen, "asked_at_rest": task.asked_at_rest, "dialog": task.dialog}
            self._ledger.enter(self._id, task.state, task.reason, task.hint, **rest)

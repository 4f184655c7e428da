"""Who works: starts runs while there is room, brings prompts to them, ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from agents.config import EngineSection
from agents.drivers import Driver
from agents.engine.admission import admit, free_megabytes
from agents.engine.comments import Comments
from agents.engine.costs import SPENT_HINT, CostDesk
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.queue_runs import QueueRuns
from agents.engine.run import Run
from agents.engine.transcript import Transcript, closed
from agents.errors import UsageError
from agents.model import Prompt, Task, at_work

WATCH_SECONDS = 5.0
STOP_SECONDS = 10.0
HELD = "Held: it starts when you say so."


class Scheduler:
    """The runs of all tasks at work.

    Args:
        on_idle: called when the last run has ended and no other may start (see :meth:`leave_when_idle`).
    """

    def __init__(
        self,
        ledger: Ledger,
        facilities: Facilities,
        comments: Comments,
        costs: CostDesk,
        queues: QueueRuns,
        limits: EngineSection,
        on_idle: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._comments = comments
        self._costs = costs
        self._queues = queues
        self._limits = limits
        self._on_idle = on_idle
        self._runs: dict[str, Run] = {}
        self._working: dict[str, asyncio.Task[None]] = {}
        self._closed = False
        """No run starts any more."""
        self._watching: asyncio.Task[None] | None = None
        self._tomorrow: asyncio.TimerHandle | None = None
        ledger.on_writable.append(self._take_up_waiting)

    def __len__(self) -> int:
        return len(self._working)

    def __contains__(self, task: str) -> bool:
        return task in self._working

    def transcript(self, task: str) -> Transcript | None:
        """The transcript of a task at work, which may be ahead of the store."""
        return self._runs[task].transcript if task in self._runs else None

    def start(self) -> None:
        """Go on with what was at work when the engine ended, and with what waits."""
        for task in self._ledger.tasks.values():
            if at_work(task) or (task.state == "blocked" and self._turn_was_cut(task.id)):
                self._take_up(task)
        self._take_up_waiting()

    def _take_up_waiting(self) -> None:
        """Go on with what was recorded and not begun, because the engine or the room on the disk ended just then."""
        for task in list(self._ledger.tasks.values()):
            if task.state == "ready" and task.id not in self._working:
                self._queue_again(task)
        self.admit()

    def _queue_again(self, task: Task) -> None:
        """A resting task with a prompt or a queue that waits is in line."""
        if task.waiting_prompts or (task.queue is not None and self._queues.has_next(task.id)):
            self._ledger.enter(task.id, "queued")

    def _turn_was_cut(self, task: str) -> bool:
        turns = self._ledger.store.turns(task)
        return bool(turns) and not turns[-1].outcome

    def _take_up(self, task: Task) -> None:
        """A task was at work when the engine ended: close what was open, and let the cut turn go on."""
        store = self._ledger.store
        for entry in store.entries(task.id, limit=2_000):
            if not entry.done:
                store.put_entry(msgspec.structs.replace(closed(entry), sequence=self._ledger.next_sequence()))
        for prompt in self._ledger.prompts(task.id):
            if prompt.delivery == "delivered":
                self._ledger.put_prompt(msgspec.structs.replace(prompt, delivery="answered"))
        turns = store.turns(task.id)
        was_cut = bool(turns) and not turns[-1].outcome
        conversation = turns[-1].conversation or task.id if turns else task.id
        if was_cut and store.messages(conversation) and not self._ledger.waiting_prompts(task.id):
            self._ledger.add_prompt(Prompt(id=0, task=task.id, text=""))
        if self._limits.resume == "ask":
            hint = f"`shopfloor resume {task.id}` goes on."
            self._ledger.enter(task.id, "stopped", "Interrupted when the engine ended.", hint, question=None)
        else:
            reason = "Interrupted when the engine ended; goes on by itself."
            self._ledger.enter(task.id, "queued", reason, question=None)

    async def close(self) -> None:
        """Cut every run, so that it goes on at the next start."""
        self._closed = True
        if self._tomorrow is not None:
            self._tomorrow.cancel()
        if self._watching is not None:
            self._watching.cancel()
        working = list(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    def leave_when_idle(self) -> None:
        """Start no other run, and say so when the last one has ended."""
        self._closed = True
        if not self._working:
            self._on_idle()

    # starting and ending

    def admit(self) -> None:
        """Start queued tasks while there is room."""
        if self._closed or self._ledger.is_refused:
            return
        tasks = self._ledger.tasks
        queued = [task for task in tasks.values() if task.state == "queued" and task.id not in self._working]
        self._hold([task for task in queued if task.held], HELD)
        queued = [task for task in queued if not task.held]
        if not queued:
            return
        if spent := self._costs.holds():
            self._hold(queued, spent, SPENT_HINT)
            self._admit_tomorrow()
            return
        working = [tasks[task] for task in self._working]
        for decision in admit(queued, working, self._limits, free_megabytes()):
            if decision.starts:
                self._begin(decision.task)
            elif tasks[decision.task].reason != decision.reason:
                self._ledger.update(decision.task, reason=decision.reason, hint="")

    def _hold(self, tasks: Sequence[Task], reason: str, hint: str = "") -> None:
        for task in tasks:
            hint_for = hint or f"`shopfloor resume {task.id}` starts it."
            self._ledger.update(task.id, reason=reason, hint=hint_for)

    def _admit_tomorrow(self) -> None:
        """A new day has a new budget."""
        if self._tomorrow is None:
            seconds = self._costs.seconds_left()
            self._tomorrow = asyncio.get_running_loop().call_later(seconds, self._new_day)

    def _new_day(self) -> None:
        self._tomorrow = None
        self.admit()

    async def run_checks(self, task: str) -> None:
        """Run the checks on a resting task, to their end."""
        await self._begin(task, Run.check_now)

    async def compact(self, task: str) -> None:
        """Shorten a task's conversation: a resting one's now, else before the next request of its turn.

        Raises:
            ShopfloorError: it could not be shortened; a UsageError when something else than a turn runs.
        """
        run = self._runs.get(task)
        if run is None:
            await self._begin(task, Run.compact_now)
        elif not await run.compact():
            raise UsageError(f"Task {task} is between two turns.", "Try again in a moment.")

    def driver(self, task: str) -> Driver | None:
        """How the agent of a task at work is talked to."""
        run = self._runs.get(task)
        return run.driver if run is not None else None

    def answer(self, task: str, question: str, option: str, text: str) -> bool:
        """Answer what a task's agent asks; False when it does not ask that any more."""
        run = self._runs.get(task)
        return run is not None and run.answer(question, option, text)

    def skip_wait(self, task: str) -> bool:
        """Try again now what a task waits to try again; False when it waits for nothing."""
        run = self._runs.get(task)
        return run is not None and run.skip_wait()

    def begin(self, task: str) -> None:
        """Start a run now, whatever room there is: its agent works already."""
        if not self._closed and task not in self._working:
            self._begin(task)

    def _begin(
        self, task: str, work_of: Callable[[Run], Coroutine[Any, Any, None]] = Run.work
    ) -> asyncio.Task[None]:  # fmt: skip
        run = Run(
            task, self._ledger, self._facilities, self._comments, self._costs, self._queues, on_started=self.admit
        )  # fmt: skip
        self._runs[task] = run
        work = asyncio.create_task(work_of(run), name=f"task {task}")
        self._working[task] = work
        work.add_done_callback(lambda _: self._ended(task))
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        return work

    def _ended(self, task: str) -> None:
        self._working.pop(task, None)
        self._runs.pop(task, None)
        # a prompt or a queue that came in the very last moment of the run
        if self._ledger.tasks[task].state == "ready" and not self._closed:
            self._queue_again(self._ledger.tasks[task])
        if not self._closed and self._facilities.terminals is not None:
            self._facilities.terminals.released(task)
        self.admit()
        if self._closed and not self._working:
            self._on_idle()

    async def _watch(self) -> None:
        """While agents work: notice those that have stalled, and let those in that waited for memory."""
        while self._runs:
            await asyncio.sleep(min(self._limits.stall_after / 4, WATCH_SECONDS))
            for run in self._runs.values():
                run.notice_stall(self._limits.stall_after)
            self.admit()
        self._watching = None

    # on behalf of the person

    def deliver(self, prompt: Prompt) -> None:
        """Bring a recorded prompt on its way, once it is durable: into the running turn, after it, or by starting one.

        Raises:
            ShopfloorError: the disk refuses it; it goes on its way when there is room.
        """
        run = self._runs.get(prompt.task)
        if run is None and not self._ledger.tasks[prompt.task].held:
            self._ledger.enter(prompt.task, "queued")
        self._ledger.flush()
        if run is None:
            self.admit()
        elif prompt.when == "now":
            run.steer(prompt)

    def go_on(self, task: str, is_cut: bool = False) -> None:
        """Let a resting task take up its queue; ``is_cut``: a turn has to go on first. One at work, or held, comes to
        it."""
        if task in self._working or self._ledger.tasks[task].held:
            return
        if is_cut and not self._ledger.waiting_prompts(task):
            last = next(reversed(self._ledger.prompts(task)), None)
            if last is not None and last.delivery == "failed":  # what did not arrive is sent again
                self._ledger.put_prompt(msgspec.structs.replace(last, delivery="queued"))
            else:
                self._ledger.add_prompt(Prompt(id=0, task=task, text=""))
        self._ledger.enter(task, "queued")
        self._ledger.flush()
        self.admit()

    async def skip_turn(self, task: str) -> bool:
        """End the turn or the checks of a task's queue and go on with what waits; False when none runs."""
        run = self._runs.get(task)
        return run is not None and await run.skip_turn()

    async def abandon_turn(self, task: str) -> None:
        """End a task's turn for good: it rests, and what it was told does not go on."""
        run = self._runs.get(task)
        if run is not None:
            run.abandon()
            await self.stop(self._ledger.tasks[task])

    async def stop(self, task: Task) -> None:
        """Interrupt a task's turn, or take it out of the line.

        Raises:
            UsageError: nothing of it runs or waits.
        """
        working = self._working.get(task.id)
        if working is not None:
            await self._runs[task.id].stop()
            await asyncio.wait((working,), timeout=STOP_SECONDS)
            if not working.done():
                working.cancel()
                await asyncio.wait((working,))
                self._ledger.enter(task.id, "stopped", "Stopped by you; the agent did not end by itself.")
        elif task.state == "queued":
            hint = f"`shopfloor resume {task.id}` goes on."
            self._ledger.enter(task.id, "stopped", "Stopped by you.", hint, held=False)
        else:
            raise UsageError(f"Task {task.id} is {task.state}: nothing runs that could be stopped.")

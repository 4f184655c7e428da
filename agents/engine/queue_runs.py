"""How far queues are: which item is next on a task, and what became of those before.

A run of a queue is a row in the store; it changes together with the prompt or the turn that made it change, in one
commit. Whoever comes back after a crash finds the item that was at work and goes on with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from agents.engine.ledger import Ledger
from agents.engine.queue_shelf import Shelf
from agents.errors import ShopfloorError, UsageError
from agents.events import QueueChanged
from agents.loops.conditions import unmet_condition
from agents.loops.queue_file import title_of
from agents.model import Prompt, QueueProgress, Task, Turn
from agents.parts.queues import QueueItem, QueueRun, RunItem
from agents.workspace import Workspace, Workspaces


class QueueRuns:
    """The queues of all tasks."""

    def __init__(self, ledger: Ledger, shelf: Shelf) -> None:
        self._ledger = ledger
        self._shelf = shelf
        self._latest: dict[str, QueueRun | None] = {}
        """The last run of tasks that were asked for, as it is now."""
        self._problems: dict[str, str] = {}

    # what is known

    def latest(self, task: str) -> QueueRun | None:
        """The queue that runs on a task, or the last one that did."""
        if task not in self._latest:  # what is put is remembered here, so nothing uncommitted is missed
            runs = self._ledger.store.queue_runs(task)
            self._latest[task] = runs[-1] if runs else None
        return self._latest[task]

    def active(self, task: str) -> QueueRun | None:
        """The queue that has not come to its end on a task."""
        run = self.latest(task)
        return run if run is not None and run.is_active else None

    def has_next(self, task: str) -> bool:
        """A queue runs on a resting task: it wants to go on."""
        run = self.active(task)
        return run is not None and run.state == "running"

    def at_work(self, task: str) -> RunItem | None:
        """The item at work."""
        run = self.active(task)
        return next((item for item in run.items if item.state == "working"), None) if run else None

    # changes

    def begin(self, task: str, name: str, items: Sequence[QueueItem]) -> QueueRun:
        """Let a queue run on a task.

        Raises:
            UsageError: one runs on it already, or there are no items.
        """
        before = self.latest(task)
        if before is not None and before.is_active:
            raise UsageError(
                f"The queue {before.name} runs on task {task} already.", f"`shopfloor queue abort {task}` ends it."
            )
        if not items:
            raise UsageError("A queue needs at least one prompt.", "Add one.")
        number = before.number + 1 if before else 1
        waiting = tuple(RunItem(item=item) for item in items)
        return self.put(QueueRun(task=task, number=number, name=name, items=waiting, started_at=time.time()))

    def put(self, run: QueueRun) -> QueueRun:
        """Record a run as it is now."""
        if run.state == "running" and all(item.state not in ("waiting", "working") for item in run.items):
            run = msgspec.structs.replace(run, state="done", ended_at=time.time())
        self._latest[run.task] = run
        self._ledger.store.put_queue_run(run)
        self._ledger.update(run.task, queue=_progress(run))
        self._ledger.publish(QueueChanged(task=run.task))
        return run

    def change_item(self, run: QueueRun, index: int, **changes: Any) -> QueueRun:
        """Record an item of a run as it is now."""
        item = msgspec.structs.replace(run.items[index], **changes)
        return self.put(msgspec.structs.replace(run, items=(*run.items[:index], item, *run.items[index + 1 :])))

    # called by the run of a task

    async def next(self, task: str, workspaces: Workspaces, workspace: Workspace) -> bool:
        """Nothing waits on a task and its checks are over: settle the item at work and bring the next one on its way;
        False when there is none."""
        await self._settle(task, workspaces, workspace)
        while (run := self.active(task)) is not None and run.state == "running":
            index = run.started
            if index == len(run.items):
                return False
            item = run.items[index].item
            reason = await self._unmet(task, item, workspaces, workspace)
            again = self.active(task)
            if again is None or again != run:
                continue  # it was edited, paused or aborted meanwhile
            if reason:
                self.change_item(run, index, state="skipped", reason=reason)
                continue
            text = message(item, index + 1, len(run.items))
            prompt = self._ledger.add_prompt(Prompt(id=0, task=task, text=text, origin="queue"))
            self.change_item(run, index, state="working", prompt=prompt.id)
            return True
        return False

    async def _unmet(self, task: str, item: QueueItem, workspaces: Workspaces, workspace: Workspace) -> str:
        changed: list[bytes] = []
        if item.if_changed or item.if_tests_changed:
            now = await workspaces.snapshot(workspace, "now", "As of now")
            changed = await workspaces.changed_paths(workspace, workspace.base_commit, now.commit)
        failed: set[str] = set()
        if item.if_failed:
            self._ledger.try_flush()
            report = self._ledger.store.last_check_report(task)
            failed = {result.name for result in report.failures} if report else set()
        return unmet_condition(item, changed, failed)

    async def _settle(self, task: str, workspaces: Workspaces, workspace: Workspace) -> None:
        """What became of the item at work, now that its turns and checks are over."""
        run = self.active(task)
        index = _working(run)
        if run is None or index < 0:
            return
        working = run.items[index]
        if not working.turn or not working.after:  # cut before its agent knew of it
            self.change_item(run, index, state="waiting", prompt=0, turn=0, last_turn=0)
            return
        files, _, _ = await workspaces.numstat(workspace, working.before, working.after)
        run = self.active(task)
        if run is None or _working(run) != index:
            return
        known = self._ledger.tasks[task]
        if known.check_state == "failed":
            reason = "The checks fail after it."
            if working.item.stop_on_failure:
                why = f"Item {index + 1}, {working.item.title}, failed: the checks fail after it."
                run = msgspec.structs.replace(run, state="paused", reason=why, needs_person=True)
            self.change_item(run, index, state="failed", reason=reason)
        else:
            self.change_item(run, index, state="changed" if files else "no change")

    def began(self, task: str, prompt: Prompt, turn: Turn) -> None:
        """A turn begins: it belongs to the item at work, if its prompt or a check that failed after it started it."""
        run = self.active(task)
        index = _working(run)
        if run is None or index < 0:
            return
        item = run.items[index]
        if item.prompt == prompt.id:
            self.change_item(run, index, turn=turn.number, last_turn=turn.number, before=turn.before, after="")
        elif item.turn and prompt.origin == "check":
            self.change_item(run, index, last_turn=turn.number)

    def ended(self, task: str, turn: Turn) -> None:
        """A turn has ended. One that the person started is followed by the task's own queue."""
        latest = self.latest(task)
        for index, item in enumerate(latest.items if latest is not None else ()):
            if latest is not None and item.turn and item.last_turn == turn.number:  # also one that was just aborted
                self.change_item(latest, index, after=turn.after)
                return
        run = self.active(task)
        known = self._ledger.tasks[task]
        if run is None and turn.outcome == "done" and known.own_queue and self._is_of_person(task, turn.number):
            self._begin_own(known)

    def _is_of_person(self, task: str, turn: int) -> bool:
        prompts = [prompt for prompt in self._ledger.prompts(task) if prompt.turn == turn and prompt.text]
        return any(prompt.origin in ("person", "review") for prompt in prompts)

    def _begin_own(self, task: Task) -> None:
        try:
            queue = self._shelf.queue(task.own_queue, task.project)
        except ShopfloorError as error:
            self._problems[task.id] = f"Its queue did not run: {error}"
            return
        self.begin(task.id, queue.name, queue.items)

    def turn_at_work(self, task: str) -> int:
        """The last turn of the item at work; 0 when it had none or none is at work."""
        item = self.at_work(task)
        return item.last_turn if item else 0

    def take_problem(self, task: str) -> str:
        """Why the task's own queue did not run after its last turn, once."""
        return self._problems.pop(task, "")

    def separate(self, task: str, prompt: Prompt) -> RunItem | None:
        """The item at work, when a prompt is its own or of a check that failed after it, and it has a conversation of
        its own."""
        item = self.at_work(task)
        if item is None or not item.item.is_separate:
            return None
        return item if prompt.id == item.prompt or (item.turn and prompt.origin == "check") else None

    def goes_on(self, task: str) -> bool:
        """A queue runs on a resting task, and no turn was cut that has to go on first."""
        self._ledger.try_flush()
        turns = self._ledger.store.turns(task)
        return self.has_next(task) and (not turns or turns[-1].outcome in ("done", "skipped"))

    def end(self, task: str, reason: str) -> QueueRun | None:
        """Let a queue end here: what is not over is left out. None when none runs."""
        run = self.active(task)
        if run is None:
            return None
        items = tuple(
            item
            if item.state not in ("waiting", "working")
            else msgspec.structs.replace(item, state="skipped", reason="The queue was aborted.")
            for item in run.items
        )
        return self.put(msgspec.structs.replace(run, items=items, state="aborted", reason=reason, ended_at=time.time()))

    def skipped(self, task: str) -> bool:
        """The turn or the checks of the item at work were ended because the person wants to leave it out; False when
        none is at work."""
        run = self.active(task)
        index = _working(run)
        if run is None or index < 0:
            return False
        self.change_item(run, index, state="skipped", reason="Skipped by you.")
        return True


def message(item: QueueItem, number: int, total: int) -> str:
    """What an agent is told: which of how many, the title, and the prompt."""
    head = f"[{number} of {total}]"
    if item.prompt == item.title or title_of(item.prompt) == item.title:
        return f"{head} {item.prompt}"
    return f"{head} {item.title}\n\n{item.prompt}"


def _working(run: QueueRun | None) -> int:
    """The index of the item at work; -1 when none is."""
    if run is None:
        return -1
    return next((index for index, item in enumerate(run.items) if item.state == "working"), -1)


def _progress(run: QueueRun) -> QueueProgress | None:
    if not run.is_active:
        return None
    started = run.started
    return QueueProgress(name=run.name, position=started, total=len(run.items), paused=run.state == "paused")

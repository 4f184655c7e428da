"""Queues as they can be asked for; see :class:`agents.parts.queues.Queues`."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agents.engine.ledger import Ledger
from agents.engine.queue_runs import QueueRuns
from agents.engine.queue_shelf import Shelf
from agents.engine.scheduler import Scheduler
from agents.errors import NotFound, UsageError
from agents.model import Task
from agents.parts.queues import Place, Queue, QueueCopy, QueueItem, QueueRun, RunItem
from agents.workspace import open_project

_EDITS = "queue-edits"


class Queues:
    """Implements the part ``queues``."""

    def __init__(self, ledger: Ledger, shelf: Shelf, runs: QueueRuns, scheduler: Scheduler) -> None:
        self._ledger = ledger
        self._shelf = shelf
        self._runs = runs
        self._scheduler = scheduler

    # what is written down

    async def list(self, project: str = "") -> builtins.list[Queue]:
        """See :class:`agents.parts.queues.Queues`."""
        return self._shelf.all(await _checkout(project))

    async def read(self, name: str, project: str = "") -> Queue:
        """See :class:`agents.parts.queues.Queues`."""
        return self._shelf.queue(name, await _checkout(project))

    async def save(
        self,
        name: str,
        items: Sequence[QueueItem],
        project: str = "",
        place: Place | None = None,
        description: str = "",
    ) -> Queue:
        """See :class:`agents.parts.queues.Queues`."""
        self._ledger.flush()
        return self._shelf.save(name, items, await _checkout(project), place, description)

    async def rename(self, name: str, to: str, project: str = "") -> Queue:
        """See :class:`agents.parts.queues.Queues`."""
        return self._shelf.rename(name, to, await _checkout(project))

    async def delete(self, name: str, project: str = "") -> None:
        """See :class:`agents.parts.queues.Queues`."""
        self._shelf.delete(name, await _checkout(project))

    async def restore(self, name: str, project: str = "") -> Queue:
        """See :class:`agents.parts.queues.Queues`."""
        return self._shelf.restore(name, await _checkout(project))

    async def copies(self, name: str = "") -> builtins.list[QueueCopy]:
        """See :class:`agents.parts.queues.Queues`."""
        return self._shelf.copies(name)

    async def edits(self, project: str = "") -> dict[str, tuple[QueueItem, ...]]:
        """See :class:`agents.parts.queues.Queues`."""
        self._ledger.flush()
        where = f"{await _checkout(project)}\0"
        found = self._ledger.store.kept_as(tuple[QueueItem, ...], _EDITS)
        return {key.removeprefix(where): items for key, items in found if key.startswith(where)}

    async def keep_edits(self, name: str, items: Sequence[QueueItem], project: str = "") -> None:
        """See :class:`agents.parts.queues.Queues`."""
        key = f"{await _checkout(project)}\0{name}"
        if items:
            self._ledger.store.keep(_EDITS, key, msgspec.json.encode(items))
        else:
            self._ledger.store.forget(_EDITS, key)
        self._ledger.flush()

    # on tasks

    async def start(
        self, tasks: Sequence[str], name: str, items: Sequence[QueueItem] = (), project: str = ""
    ) -> builtins.list[QueueRun]:
        """See :class:`agents.parts.queues.Queues`."""
        known = [self._ledger.on_floor(task) for task in dict.fromkeys(tasks)]
        if not known:
            raise UsageError("A queue runs on tasks.", "Name at least one.")
        for task in known:
            if run := self._runs.active(task.id):
                raise UsageError(
                    f"The queue {run.name} runs on task {task.id} already.",
                    f"`shopfloor queue abort {task.id}` ends it.",
                )
        where = await _checkout(project)
        prompts = {task.id: items or self._shelf.queue(name, where or task.project).items for task in known}
        begun = [self._runs.begin(task.id, name, prompts[task.id]) for task in known]
        for task in known:
            self._scheduler.go_on(task.id)
        self._ledger.flush()
        return begun

    async def run(self, task: str) -> QueueRun | None:
        """See :class:`agents.parts.queues.Queues`."""
        return self._runs.latest(self._ledger.find(task).id)

    async def runs(self, task: str) -> builtins.list[QueueRun]:
        """See :class:`agents.parts.queues.Queues`."""
        self._ledger.flush()
        return self._ledger.store.queue_runs(self._ledger.find(task).id)

    async def edit_run(self, task: str, started: int, items: Sequence[QueueItem]) -> QueueRun:
        """See :class:`agents.parts.queues.Queues`."""
        run = self._active(task)
        if run.started != started:
            raise UsageError("The queue has gone on meanwhile.", "Look at what waits now, and change that.")
        over = tuple(item for item in run.items[started:] if item.state != "waiting")
        kept = (*run.items[:started], *over)
        if not kept and not items:
            raise UsageError("A queue needs at least one prompt.", "Abort it instead.")
        waiting = tuple(RunItem(item=item) for item in items)
        return self._put(msgspec.structs.replace(run, items=(*kept, *waiting)))

    async def skip(self, task: str, item: int = 0) -> QueueRun:
        """See :class:`agents.parts.queues.Queues`."""
        run = self._active(task)
        working = self._runs.at_work(run.task)
        if item and not (1 <= item <= len(run.items)):
            raise UsageError(f"The queue has {len(run.items)} items; there is no item {item}.")
        index = item - 1 if item else run.items.index(working) if working else run.started
        state = run.items[index].state if index < len(run.items) else "done"
        if state not in ("waiting", "working"):
            raise UsageError(f"Item {index + 1} is over ({state}).", "Skip one that waits.")
        if state == "working" and await self._scheduler.skip_turn(run.task):
            self._ledger.flush()
            return self._runs.latest(run.task) or run
        run = self._runs.change_item(run, index, state="skipped", reason="Skipped by you.")
        self._withdraw(run.task, run.items[index])
        self._ledger.flush()
        return run

    async def pause(self, task: str) -> QueueRun:
        """See :class:`agents.parts.queues.Queues`."""
        run = self._active(task)
        if run.state == "paused":
            raise UsageError(f"The queue {run.name} is paused already.")
        return self._put(msgspec.structs.replace(run, state="paused", reason="Paused by you."))

    async def resume(self, task: str) -> QueueRun:
        """See :class:`agents.parts.queues.Queues`."""
        run = self._active(task)
        known = self._ledger.on_floor(run.task)
        if run.state != "paused" and known.state not in ("stopped", "blocked", "failed"):
            raise UsageError(f"The queue {run.name} is running already.")
        run = self._put(msgspec.structs.replace(run, state="running", reason="", needs_person=False))
        self._scheduler.go_on(run.task, is_cut=not self._runs.goes_on(run.task))
        return run

    async def abort(self, task: str) -> QueueRun:
        """See :class:`agents.parts.queues.Queues`."""
        run = self._active(task)
        working = self._runs.at_work(run.task)
        run = self._runs.end(run.task, "Aborted by you.") or run
        self._ledger.flush()
        if working is not None:
            self._withdraw(run.task, working)
            await self._scheduler.abandon_turn(run.task)
            self._ledger.flush()
        return run

    async def attach(self, task: str, name: str) -> Task:
        """See :class:`agents.parts.queues.Queues`."""
        known = self._ledger.on_floor(task)
        if name:
            self._shelf.queue(name, known.project)
        known = self._ledger.update(known.id, own_queue=name)
        self._ledger.flush()
        return known

    def _put(self, run: QueueRun) -> QueueRun:
        run = self._runs.put(run)
        self._ledger.flush()
        return run

    def _active(self, task: str) -> QueueRun:
        known = self._ledger.find(task)
        run = self._runs.active(known.id)
        if run is None:
            raise NotFound(f"No queue runs on task {known.id}.", "`shopfloor queue run NAME TASK` starts one.")
        return run

    def _withdraw(self, task: str, item: RunItem) -> None:
        """An item's prompt that no turn has taken is not said any more."""
        for prompt in self._ledger.waiting_prompts(task):
            if prompt.id == item.prompt:
                self._ledger.put_prompt(msgspec.structs.replace(prompt, delivery="withdrawn"))


async def _checkout(project: str) -> str:
    return str((await open_project(Path(project))).root) if project else ""

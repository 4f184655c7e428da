"""Queues in the command palette of the floor: each can be run on the focused task."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from agents.errors import ShopfloorError
from agents.model import Task
from agents.parts.queues import Queue
from app.palette import Command, Commands
from widgets.text_strips import printable


class QueueCommands(Commands):
    """``Run review-and-fix on …``."""

    async def prepare(self) -> None:
        """Ask which queues there are."""
        from app.floor import FloorScreen

        self._queues: list[Queue] = []
        self._task: Task | None = None
        if not isinstance(self.screen, FloorScreen):
            return
        self._floor = self.screen
        self._task = self._floor.roster.current_task
        if self._task is not None and self._task.queue is None:
            try:
                self._queues = await self._floor.acts.queues_of(self._task)
            except ShopfloorError as error:
                self._floor.legend.say(str(error), "error")

    def commands(self) -> Iterator[Command]:
        """See :class:`Commands`."""
        if self._task is None:
            return
        title = printable(" ".join(self._task.title.split()))
        for queue in self._queues:
            if not queue.problem:
                text = printable(" ".join(queue.description.split())) or f"{len(queue.items)} prompts"
                run = partial(self._floor.acts.run_queue, queue.name, self._task.id)
                yield f"Run {printable(queue.name)} on {title}", text, run

"""Queues of follow-up prompts: named lists, and how they run on tasks."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Literal, Protocol

from agents.model import Struct, Task

Place = Literal["shipped", "project", "user"]
"""Where a queue is written down. Of one name the person's own holds, then the project's, then the one that came with
the program."""


class ItemSettings(Struct, kw_only=True):
    """When an item of a queue is delivered, to whom, and what its failure means."""

    if_changed: tuple[str, ...] = ()
    """Only when the task has changed a file that one of these patterns matches (``src/**``, ``*.py``)."""
    if_tests_changed: bool = False
    """Only when the task has changed a test."""
    if_failed: str = ""
    """Only when the project's check of this name has failed."""
    profile: str = ""
    """Another agent for this item, in a conversation of its own over the same files."""
    model: str = ""
    """Another model of the same (or that) native profile, likewise."""
    stop_on_failure: bool = False
    """When it fails the queue pauses and the person is called."""


class QueueItem(ItemSettings, kw_only=True):
    """One prompt of a queue, and when and by whom it is worked on."""

    title: str
    """One line for people; what the prompt begins with when it has none of its own."""
    prompt: str

    @property
    def is_separate(self) -> bool:
        """It is worked on in a conversation of its own."""
        return bool(self.profile or self.model)


class Queue(Struct, kw_only=True):
    """A named list of prompts."""

    name: str
    place: Place
    path: str
    """The file it is read from."""
    description: str = ""
    items: tuple[QueueItem, ...] = ()
    problem: str = ""
    """Why the file cannot be used, in words; it then has no items."""


class QueueCopy(Struct, kw_only=True):
    """What a queue was before it was overwritten, renamed or deleted."""

    name: str
    path: str
    """The file it lay in."""
    text: str
    at: float
    why: Literal["saved", "renamed", "deleted"] = "saved"


ItemState = Literal["waiting", "working", "changed", "no change", "failed", "skipped"]


class RunItem(Struct, kw_only=True):
    """An item of a queue that runs (or ran) on a task, and what became of it."""

    item: QueueItem
    state: ItemState = "waiting"
    reason: str = ""
    """Why it was skipped or failed."""
    prompt: int = 0
    """The prompt it was said with."""
    turn: int = 0
    """Its first turn; 0 when it had none."""
    last_turn: int = 0
    """Its last one: failing checks add turns."""
    before: str = ""
    after: str = ""
    """The snapshots around all its turns: the two ends of its own diff."""


RunState = Literal["running", "paused", "done", "aborted"]


class QueueRun(Struct, kw_only=True):
    """A queue on a task: its items as they were when it started, as edited since, and how far it is."""

    task: str
    number: int
    """1, 2, 3… within the task."""
    name: str
    items: tuple[RunItem, ...]
    state: RunState = "running"
    reason: str = ""
    """Why it is paused or was aborted."""
    needs_person: bool = False
    """It paused by itself, because an item failed that the others depend on."""
    started_at: float = 0.0
    ended_at: float = 0.0

    @property
    def is_active(self) -> bool:
        """It has not come to its end."""
        return self.state in ("running", "paused")

    @property
    def started(self) -> int:
        """How many items, from the first, cannot be edited any more: they are at work or over."""
        return next((number for number, item in enumerate(self.items) if item.state == "waiting"), len(self.items))


class Queues(Protocol):
    """Part ``queues`` of the Api. A ``project`` is any folder in it; empty: none."""

    async def list(self, project: str = "") -> builtins.list[Queue]:
        """All queues by name; broken files too, with their problem."""

    async def read(self, name: str, project: str = "") -> Queue:
        """One queue."""

    async def save(
        self,
        name: str,
        items: Sequence[QueueItem],
        project: str = "",
        place: Place | None = None,
        description: str = "",
    ) -> Queue:
        """Write a queue; what it was before is kept. Without ``place``: where it is, or with the person's own when it
        is new or came with the program."""

    async def rename(self, name: str, to: str, project: str = "") -> Queue:
        """Give a queue of the person or the project another name."""

    async def delete(self, name: str, project: str = "") -> None:
        """Delete a queue of the person or the project; :meth:`restore` brings it back."""

    async def restore(self, name: str, project: str = "") -> Queue:
        """Bring back what a queue was before it was last saved, renamed or deleted."""

    async def copies(self, name: str = "") -> builtins.list[QueueCopy]:
        """What queues (or one) were before, the latest first."""

    async def edits(self, project: str = "") -> dict[str, tuple[QueueItem, ...]]:
        """Items of queues as they were edited and not saved, by the queue's name."""

    async def keep_edits(self, name: str, items: Sequence[QueueItem], project: str = "") -> None:
        """Keep items as they were edited, without saving them; none: forget what was kept."""

    async def start(
        self, tasks: Sequence[str], name: str, items: Sequence[QueueItem] = (), project: str = ""
    ) -> builtins.list[QueueRun]:
        """Run a queue on tasks, each when its running turn has ended; on all of them or, when one cannot, on none.
        ``items``: these instead of what is written down, for this run."""

    async def run(self, task: str) -> QueueRun | None:
        """The queue that runs on a task, or the last one that ran; None when none ever did."""

    async def runs(self, task: str) -> builtins.list[QueueRun]:
        """All that ran on a task, oldest first."""

    async def edit_run(self, task: str, started: int, items: Sequence[QueueItem]) -> QueueRun:
        """Let these be the items that wait, after the ``started`` first ones: insert, take out, reword and reorder in
        one. Refused when the queue has gone on meanwhile."""

    async def skip(self, task: str, item: int = 0) -> QueueRun:
        """Leave out an item (1-based) that waits, or end the one at work (0) and go on with the next."""

    async def pause(self, task: str) -> QueueRun:
        """Let the item at work end, and start no other."""

    async def resume(self, task: str) -> QueueRun:
        """Go on with a paused queue."""

    async def abort(self, task: str) -> QueueRun:
        """End a queue; an item at work is interrupted."""

    async def attach(self, task: str, name: str) -> Task:
        """Let a queue run by itself whenever a turn that the person started has ended; empty: none."""

"""What the person waits for on a task, and when they want to be called about it again."""

from __future__ import annotations

from typing import Protocol

from agents.model import Task


class Reminders(Protocol):
    """At its time a reminder makes its task unseen and is said to every screen; one that fell due while the engine was
    away is said when it starts."""

    async def set(self, task: str, at: float) -> Task:
        """Call the person about a task then (seconds since the epoch, 0: not any more).

        Raises:
            UsageError: the moment is over, or the task has left the floor.
        """

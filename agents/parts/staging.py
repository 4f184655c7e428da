"""The index of a task's worktree: what the person has picked for the next commit."""

from __future__ import annotations

from typing import Protocol


class Staging(Protocol):
    """The part ``staging`` of the Api."""

    async def stage(self, task: str, patch: bytes, out: bool = False) -> tuple[str, str]:
        """Put a patch into the index of a task's worktree, all of it or nothing; files stay as they are.

        Args:
            patch: for plain ``git apply``, towards the new side.
            out: take it out of the index instead.

        Returns:
            What :meth:`staged` would say.
        """

    async def staged(self, task: str) -> tuple[str, str]:
        """The trees of the last commit of the task's branch and of its index; the same when nothing is staged."""

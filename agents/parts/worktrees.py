"""Where tasks live on this machine, and taking over what was begun elsewhere."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Protocol

from agents.model import Struct, Task, TaskState


class WorktreeInfo(Struct, kw_only=True):
    """The worktree of a task."""

    task: str
    title: str
    state: TaskState
    path: str
    branch: str
    bytes: int
    """What its files take of the disk, those of git left out."""
    created_at: float
    changed_at: float
    """When the task's state last changed."""


class Leftover(Struct, kw_only=True):
    """Something on the disk that nothing on the floor needs."""

    path: str
    bytes: int
    what: str
    """For people."""
    task: str = ""


class Worktrees(Protocol):
    """What can be asked about worktrees."""

    async def list(self, project: str = "") -> list[WorktreeInfo]:
        """The worktrees of the tasks of a project (any folder in it; empty: of all), the largest first."""

    async def adopt(self, project: str, what: str, prompt: str = "", profile: str = "") -> Task:
        """A task that goes on with a branch, or with a worktree that somebody else made, its uncommitted files
        included. Both stay as they are: the task works in a worktree of its own, on a branch of its own, and lands on
        the branch it began with. Without a prompt it rests until it is sent one."""

    async def leftovers(self) -> builtins.list[Leftover]:
        """What tasks that have left the floor still take of the disk."""

    async def prune(self, found: Sequence[Leftover]) -> None:
        """Delete those of the leftovers that still are some. Branches, snapshots and transcripts stay."""

"""What tasks can be found by; see :class:`agents.parts.finding.Finding`."""

from __future__ import annotations

import asyncio

from agents.engine.changes import Changes
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.errors import ShopfloorError
from agents.model import FINAL_STATES, Task

AT_ONCE = 4
"""Git processes that read names at the same time."""


class Finding:
    """Implements the part ``finding``. What was read of two trees is kept: it never changes."""

    def __init__(self, ledger: Ledger, facilities: Facilities, changes: Changes) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._changes = changes
        self._names: dict[str, tuple[str, list[bytes]]] = {}
        """By task: the snapshot, and the files that differ from the base there."""

    async def changed_files(self) -> dict[str, list[bytes]]:
        """See :class:`agents.parts.finding.Finding`."""
        room = asyncio.Semaphore(AT_ONCE)
        tasks = [task for task in self._ledger.tasks.values() if task.files_changed and task.state not in FINAL_STATES]

        async def names(task: Task) -> list[bytes]:
            async with room:
                return await self._of(task)

        found = await asyncio.gather(*(names(task) for task in tasks))
        return {task.id: files for task, files in zip(tasks, found, strict=True) if files}

    async def _of(self, task: Task) -> list[bytes]:
        try:
            workspace = self._changes.workspace(task)
            snapshot = self._changes.last_snapshot(task, workspace)
            known = self._names.get(task.id)
            if known is None or known[0] != snapshot:
                workspaces = await self._facilities.workspaces()
                known = (snapshot, await workspaces.changed_paths(workspace, task.base_commit, snapshot))
                self._names[task.id] = known
        except ShopfloorError:
            return []  # it has no worktree yet, or its repository is away: there is nothing to find it by
        return known[1]

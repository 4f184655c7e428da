"""What the person stages; see :class:`agents.parts.staging.Staging`."""

from __future__ import annotations

from agents.engine.changes import Changes
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger


class StagingDesk:
    """The indexes of tasks' worktrees."""

    def __init__(self, ledger: Ledger, facilities: Facilities, changes: Changes) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._changes = changes

    async def stage(self, task: str, patch: bytes, out: bool = False) -> tuple[str, str]:
        """See :class:`agents.parts.staging.Staging`."""
        workspace = self._changes.worktree(self._ledger.on_floor(task))
        workspaces = await self._facilities.workspaces()
        await workspaces.stage(workspace, patch, out=out)
        return await workspaces.staged(workspace)

    async def staged(self, task: str) -> tuple[str, str]:
        """See :class:`agents.parts.staging.Staging`."""
        workspace = self._changes.worktree(self._ledger.on_floor(task))
        return await (await self._facilities.workspaces()).staged(workspace)

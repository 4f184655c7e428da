"""What the person stages; see :class:`agents.parts.staging.Staging`."""

from __future__ import annotations

from collections.abc import Callable

from agents.engine.changes import Changes
from agents.engine.facilities import Facilities
from agents.model import Task


class StagingDesk:
    """The indexes of tasks' worktrees."""

    def __init__(self, changes: Changes, facilities: Facilities, on_floor: Callable[[str], Task]) -> None:
        self._changes = changes
        self._facilities = facilities
        self._on_floor = on_floor

    async def stage(self, task: str, patch: bytes, out: bool = False) -> tuple[str, str]:
        """See :class:`agents.parts.staging.Staging`."""
        workspace = self._changes.workspace(self._on_floor(task))
        workspaces = await self._facilities.workspaces()
        await workspaces.stage(workspace, patch, out=out)
        return await workspaces.staged(workspace)

    async def staged(self, task: str) -> tuple[str, str]:
        """See :class:`agents.parts.staging.Staging`."""
        workspace = self._changes.workspace(self._on_floor(task))
        return await (await self._facilities.workspaces()).staged(workspace)

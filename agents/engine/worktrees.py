"""Where tasks live, and taking over what was begun elsewhere; implements :class:`agents.parts.worktrees.Worktrees`."""

from __future__ import annotations

import asyncio
import builtins
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.leftovers import leftovers, remove, size_of
from agents.engine.premises import slug
from agents.engine.transcript import Transcript
from agents.errors import UsageError
from agents.model import FINAL_STATES, NewTask, Task
from agents.parts.worktrees import Leftover, WorktreeInfo
from agents.workspace import merging, open_project


class WorktreeDesk:
    """The worktrees of all tasks.

    Args:
        create_task: makes a task.
        resume: lets a held one start.
    """

    def __init__(
        self,
        ledger: Ledger,
        facilities: Facilities,
        create_task: Callable[[NewTask], Awaitable[Task]],
        resume: Callable[[str], Awaitable[Task]],
    ) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._create_task = create_task
        self._resume = resume

    async def list(self, project: str = "") -> list[WorktreeInfo]:
        """See :class:`agents.parts.worktrees.Worktrees`."""
        root = str((await open_project(Path(project))).root) if project else ""
        tasks = [
            task
            for task in self._ledger.tasks.values()
            if task.worktree and task.state not in FINAL_STATES and (not root or task.project == root)
        ]
        return sorted(await asyncio.to_thread(_infos, tasks), key=lambda info: -info.bytes)

    async def adopt(self, project: str, what: str, prompt: str = "", profile: str = "") -> Task:
        """See :class:`agents.parts.worktrees.Worktrees`."""
        if not what.strip():
            raise UsageError("There is nothing to go on with.", "Name a branch, or the folder of a worktree.")
        found = await open_project(Path(project))
        workspaces = await self._facilities.workspaces()
        folder = Path(what).expanduser() if os.sep in what else Path(project) / what
        if await merging.branch_tip(found, what):
            branch, state = what, ""
        elif folder.is_dir():
            branch, state = await workspaces.state_of(found, folder)
        else:
            raise UsageError(
                f"{what} is neither a branch of {found.root} nor the folder of one of its worktrees.",
                "`git branch` and `git worktree list` show what there is.",
            )
        title = prompt.strip().splitlines()[0] if prompt.strip() else f"Go on with {what}"
        said = f"Taken over from {what}{' with what is not committed there' if state else ''}; it stays as it is."
        new = NewTask(
            project=str(found.root), prompt=prompt or said, title=title, profile=profile, base=branch, held=True
        )
        task = await self._create_task(new)
        workspace = await workspaces.create(task.project, task.id, slug(task.title), task.base_commit)
        if state:
            await workspaces.rewind(workspace, state)
        self._ledger.store.put_workspace(task.id, workspace)
        self._ledger.update(task.id, worktree=workspace.worktree, branch=workspace.branch)
        Transcript(task.id, self._ledger).add("notice", said)
        self._ledger.flush()
        return await self._resume(task.id) if prompt.strip() else self._ledger.tasks[task.id]

    async def leftovers(self) -> builtins.list[Leftover]:
        """See :class:`agents.parts.worktrees.Worktrees`."""
        return await asyncio.to_thread(leftovers, dict(self._ledger.tasks))

    async def prune(self, found: Sequence[Leftover]) -> None:
        """See :class:`agents.parts.worktrees.Worktrees`."""
        still = {leftover.path for leftover in await self.leftovers()}
        await asyncio.to_thread(remove, [leftover for leftover in found if leftover.path in still])


def _infos(tasks: list[Task]) -> list[WorktreeInfo]:
    return [
        WorktreeInfo(
            task=task.id,
            title=task.title,
            state=task.state,
            path=task.worktree,
            branch=task.branch,
            bytes=size_of(Path(task.worktree)),
            created_at=task.created_at,
            changed_at=task.changed_at,
        )
        for task in tasks
    ]

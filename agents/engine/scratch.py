"""A worktree made to try something on a commit, confined like an agent's, and gone afterwards."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from agents import paths
from agents.engine.facilities import Facilities
from agents.errors import ShopfloorError
from agents.model import Struct, Task
from agents.project_file import read_project_file
from agents.sandbox import Policy, Runner
from agents.scripts import run_script
from agents.workspace import Workspace
from agents.workspace.furnish import furnish
from agents.workspace.known import read_known


class Scratch(Struct, frozen=True, kw_only=True):
    """Where to try."""

    workspace: Workspace
    runner: Runner
    policy: Policy


@contextlib.asynccontextmanager
async def scratch(facilities: Facilities, task: Task, name: str, commit: str) -> AsyncIterator[Scratch]:
    """The files of a commit in a worktree of their own, furnished and set up as the task's is.

    Args:
        task: whose profile and project count.
        name: unique among the scratch worktrees of the task, letters and digits.

    Raises:
        ShopfloorError: it cannot be made, or its set-up failed.
    """
    stand_in = msgspec.structs.replace(task, id=f"{name}-{task.id}", ports=())
    workspaces = await facilities.workspaces()
    profile = facilities.profile(task.profile)
    runner = await facilities.runner(profile)
    left = read_known(paths.task_dir(stand_in.id) / "repository")
    if left is not None:
        await workspaces.discard(left.workspace)  # by an engine that was killed: who knows what was tried in it
    workspace = await workspaces.create(task.project, stand_in.id, name, commit)
    try:
        await facilities.occupy(workspace, runner)
        try:
            policy = facilities.policy(stand_in, workspace, workspaces, profile, runner)
            await _set_up(facilities, workspace, runner, policy)
            yield Scratch(workspace=workspace, runner=runner, policy=policy)
        finally:
            await facilities.vacate(workspace)
    finally:
        await workspaces.discard(workspace)
        shutil.rmtree(paths.task_dir(stand_in.id), ignore_errors=True)


async def _set_up(facilities: Facilities, workspace: Workspace, runner: Runner, policy: Policy) -> None:
    settings = read_project_file(Path(workspace.repository)).worktree
    await furnish(workspace, Path(workspace.worktree), settings.copy, settings.link)
    if not settings.setup:
        return
    facilities.trusted_project(workspace.repository)
    end = await run_script(settings.setup, runner, policy, lambda _: None, timeout_seconds=settings.setup_timeout)
    if not end.passed:
        raise ShopfloorError(f"The set-up of a worktree to try it in failed ({end.reason}).", end.output[-300:].strip())

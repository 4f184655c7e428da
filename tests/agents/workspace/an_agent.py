"""What an agent does in a workspace: shell scripts, confined as the engine confines them."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from repository_builder import ARepository

from agents import paths
from agents.sandbox import Policy, Runner
from agents.workspace import Kind, Workspace, Workspaces, open_project


class AnAgent:
    """An agent with a worktree of its own."""

    def __init__(self, runner: Runner, workspaces: Workspaces, workspace: Workspace) -> None:
        self.runner, self.workspaces, self.workspace = runner, workspaces, workspace
        self.worktree = Path(workspace.worktree)

    async def tries(self, script: str) -> tuple[int, str]:
        """Run a script, whatever comes of it: exit status and all it printed."""
        await self.workspaces.prepare(self.workspace, self.runner)
        return await self._run(script)

    async def does(self, script: str) -> str:
        """Run a script that must work."""
        status, printed = await self.tries(script)
        assert status == 0, f"the agent could not do this in its worktree ({status}):\n{script}\n{printed}"
        return printed

    async def snapshot(self, name: str = "now") -> str:
        return (await self.workspaces.snapshot(self.workspace, name, "A snapshot")).commit

    async def _run(self, script: str) -> tuple[int, str]:
        temp = paths.make_private(paths.task_dir(self.workspace.task) / "tmp")
        grants = self.workspaces.grants(self.workspace, self.runner)
        policy = Policy(
            directory=self.workspace.worktree,
            write=grants.write,
            read=(*grants.read, sys.prefix, sys.base_prefix),  # this interpreter, wherever it lies
            binds=grants.binds,
            protect=grants.protect,
            hide=(str(paths.state_dir()),),
            temp=str(temp),
            environment={
                "PATH": os.environ["PATH"],
                "HOME": os.environ["HOME"],
                "LC_ALL": "C",
                "REAL": self.workspace.git_dir,
                "MAIN": self.workspace.repository,
                "NAME": self.workspace.name,
            },
        )
        process = await self.runner.start(["/bin/sh", "-c", script], policy, stderr="stdout")
        assert process.stdout is not None
        printed, status = await asyncio.gather(process.stdout.read(), process.wait())
        return status, printed.decode("utf-8", "backslashreplace").strip()


async def an_agent(
    runner: Runner, repository: ARepository, task: str = "ab12", base: str = "main", kind: Kind = "worktree"
) -> AnAgent:
    workspaces = Workspaces(runner)
    project = await open_project(repository.path)
    return AnAgent(runner, workspaces, await workspaces.create(str(project.root), task, "a-task", base, kind))

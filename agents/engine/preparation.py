"""Between the making of a worktree and its first turn: ports, ignored files, the project's set-up."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import msgspec

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.errors import ShopfloorError
from agents.model import FINAL_STATES, Task, ToolUse
from agents.project_file import ProjectFile, read_project_file
from agents.sandbox import Policy, Runner
from agents.scripts import ScriptEnd, free_ports, run_script
from agents.workspace import Workspace
from agents.workspace.furnish import Furnished, furnish


class Preparation:
    """Makes one task's fresh worktree fit to work in, once; what failed is done again when the task is resumed."""

    def __init__(self, task: str, ledger: Ledger, facilities: Facilities, transcript: Transcript) -> None:
        self._id = task
        self._ledger = ledger
        self._facilities = facilities
        self._transcript = transcript
        self._setting_up: asyncio.Task[ScriptEnd] | None = None
        self._stopping = False

    def stop(self) -> None:
        """The person has interrupted it: it is done again when the task goes on."""
        self._stopping = True
        if self._setting_up is not None:
            self._setting_up.cancel()

    def give_ports(self) -> None:
        """Give the task the ports that the project asks for, for as long as it is on the floor."""
        task = self._ledger.tasks[self._id]
        count = read_project_file(Path(task.project)).worktree.ports
        if task.ports or not count:
            return
        floor = [other for other in self._ledger.tasks.values() if other.state not in FINAL_STATES]
        ports = free_ports(count, {port for other in floor for port in other.ports})
        if ports:
            self._ledger.update(self._id, ports=ports)
        else:
            self._transcript.add("error", f"There are no {count} free ports in a row for this worktree.")

    async def furnish(self, workspace: Workspace, runner: Runner, policy: Policy) -> bool:
        """Bring ignored files and run the set-up, unless that was done; False when it was, or there was nothing to do.

        Raises:
            ShopfloorError: the set-up failed or was not trusted; with what to do.
        """
        if workspace.furnished:
            return False
        task = self._ledger.tasks[self._id]
        project = read_project_file(Path(task.project))
        self._say("Copying ignored files.")
        done = await furnish(workspace, Path(workspace.worktree), project.worktree.copy, project.worktree.link)
        for sentence in _sentences(done):
            self._transcript.add("notice", sentence)
        if project.worktree.setup:
            await self._set_up(task, project, runner, policy)
        if self._stopping:
            return True
        self._ledger.store.put_workspace(self._id, msgspec.structs.replace(workspace, furnished=True))
        self._ledger.flush()
        return bool(project.worktree.setup or done.copied or done.linked or done.cloned)

    def _say(self, phase: str) -> None:
        self._ledger.update(self._id, reason=phase)
        self._ledger.flush_soon()

    async def _set_up(self, task: Task, project: ProjectFile, runner: Runner, policy: Policy) -> None:
        try:
            self._facilities.trusted_project(task.project)
        except ShopfloorError as error:
            raise ShopfloorError(
                f"The worktree is not set up: {error.message}",
                f"`shopfloor trust` shows it and decides; then `shopfloor resume {task.id}`.",
            ) from error
        command = project.worktree.setup
        self._say(f"Running the set-up: {command}")
        entry = self._transcript.add("script", tool=ToolUse(name="set-up", title=command), done=False)
        work = run_script(
            command,
            runner,
            policy,
            partial(self._transcript.grow, entry.id),
            timeout_seconds=project.worktree.setup_timeout,
        )
        self._setting_up = asyncio.create_task(work)
        try:
            end = await self._setting_up
        except asyncio.CancelledError:
            self._setting_up.cancel()
            if not self._stopping:
                raise
            end = ScriptEnd(status=None, reason="stopped by you", output="", seconds=0.0)
        finally:
            self._setting_up = None
        tool = ToolUse(
            name="set-up",
            title=command,
            status="done" if end.passed else "failed",
            output=f"{end.output.rstrip()}\n{end.reason}".strip(),
            seconds=end.seconds,
        )
        self._transcript.replace(msgspec.structs.replace(entry, tool=tool, done=True))
        if not end.passed and not self._stopping:
            raise ShopfloorError(
                f"The set-up of the worktree failed ({end.reason}): {_last_line(end.output)}",
                f"Its output is in the transcript. Mend it, then `shopfloor resume {task.id}` runs it again.",
            )


def _sentences(done: Furnished) -> list[str]:
    """What was done, for the transcript."""
    said = []
    if done.copied:
        said.append(
            f"{done.copied} ignored {'file was' if done.copied == 1 else 'files were'} copied into the worktree."
        )
    if done.cloned:
        said.append(f"Copied, sharing their blocks on the disk: {', '.join(done.cloned)}.")
    if done.linked:
        said.append(f"Linked to the main checkout, readable and not writable: {', '.join(done.linked)}.")
    return [*said, *done.notices]


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it printed nothing"

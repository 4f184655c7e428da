"""Commands and services of the project file at work: confined in a task's worktree, or with the person's rights."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec

from agents.engine.changes import see_worktree
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript, closed
from agents.errors import NotFound, ShopfloorError, UsageError
from agents.model import Entry, Task, ToolStatus, ToolUse
from agents.parts.scripts import ScriptInfo, ScriptKind, ScriptRun
from agents.project_file import Command, ProjectFile, Service, read_project_file
from agents.sandbox import Policy, Runner
from agents.scripts import ScriptEnd, run_script
from agents.workspace import Workspace, open_project

KEPT = "script"
"""The kind under which the latest run of each script is kept."""


class _Running:
    """A script at work, or how it ended."""

    def __init__(self, run: ScriptRun, transcript: Transcript | None = None) -> None:
        self.run = run
        self.transcript = transcript
        self.work: asyncio.Task[None] | None = None


class Scripts:
    """The scripts of all tasks; implements :class:`agents.parts.scripts.Scripts`."""

    def __init__(self, ledger: Ledger, facilities: Facilities) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._runs: dict[tuple[str, str], _Running] = {}

    def take_up(self) -> None:
        """What ran when the engine was killed ended with it."""
        for _, run in self._ledger.store.kept_as(ScriptRun, KEPT):
            if run.task not in self._ledger.tasks:
                continue
            if run.status == "running":
                entries = self._ledger.store.entries(run.task, run.entry + 1, 1)
                for entry in entries:
                    Transcript(run.task, self._ledger).replace(closed(entry))
                run = msgspec.structs.replace(run, status="stopped", reason="ended with the engine")
                self._keep(run)
            self._runs[run.task, run.name] = _Running(run)

    async def close(self) -> None:
        """End every script."""
        for running in list(self._runs.values()):
            await self._end(running)

    async def close_task(self, task: str) -> None:
        """End what runs for a task that leaves the floor."""
        for running in [one for (owner, _), one in self._runs.items() if owner == task]:
            await self._end(running)

    def transcripts(self, task: str) -> list[Transcript]:
        """Those that scripts of a task write to now."""
        return [
            one.transcript
            for (owner, _), one in self._runs.items()
            if owner == task and one.work is not None and one.transcript is not None
        ]

    # the part of the Api

    async def offered(self, project: str) -> list[ScriptInfo]:
        """See :class:`agents.parts.scripts.Scripts`."""
        found = read_project_file((await open_project(Path(project))).root)
        commands = [
            ScriptInfo(name=one.name, kind="command", run=one.run, confined=one.confined, key=one.key)
            for one in found.command
        ]
        return commands + [
            ScriptInfo(name=one.name, kind="service", run=one.run, url=one.url) for one in found.service
        ]  # fmt: skip

    async def start(self, task: str, name: str) -> ScriptRun:
        """See :class:`agents.parts.scripts.Scripts`."""
        known = self._ledger.on_floor(task)
        project = self._facilities.trusted_project(known.project)
        script = _find(project, name)
        running = self._runs.get((known.id, name))
        if running is not None and running.work is not None:
            raise UsageError(f"“{name}” runs already for task {known.id}.", "Stop it first.")
        runner, policy, leave = await self._place(known, script)
        kind: ScriptKind = "service" if isinstance(script, Service) else "command"
        transcript = Transcript(known.id, self._ledger, known.turn)
        entry = transcript.add("script", tool=ToolUse(name=name, title=script.run), done=False)
        running = _Running(
            ScriptRun(
                task=known.id, name=name, kind=kind, entry=entry.id, url=_url(script, known), started_at=time.time()
            ),
            transcript,
        )
        self._runs[known.id, name] = running
        timeout = script.timeout if isinstance(script, Command) else None
        work = run_script(script.run, runner, policy, partial(transcript.grow, entry.id), timeout_seconds=timeout)
        running.work = asyncio.create_task(self._follow(running, transcript, entry, work, leave))
        self._keep(running.run)
        self._ledger.flush()
        return running.run

    async def finish(self, task: str, name: str) -> ScriptRun:
        """See :class:`agents.parts.scripts.Scripts`."""
        running = self._known(task, name)
        if running.work is not None:
            await asyncio.wait((running.work,))
        self._ledger.flush()
        return running.run

    async def stop(self, task: str, name: str) -> ScriptRun:
        """See :class:`agents.parts.scripts.Scripts`."""
        running = self._known(task, name)
        if running.work is None:
            raise UsageError(f"“{name}” does not run for task {task}.")
        await self._end(running)
        self._ledger.flush()
        return running.run

    async def running(self, task: str = "") -> list[ScriptRun]:
        """See :class:`agents.parts.scripts.Scripts`."""
        wanted = self._ledger.find(task).id if task else ""
        return [one.run for (owner, _), one in self._runs.items() if not wanted or owner == wanted]

    # inside

    def _keep(self, run: ScriptRun) -> None:
        self._ledger.store.keep(KEPT, f"{run.task} {run.name}", msgspec.json.encode(run))

    def _known(self, task: str, name: str) -> _Running:
        known = self._ledger.find(task)
        running = self._runs.get((known.id, name))
        if running is None:
            raise NotFound(f"“{name}” has not run for task {known.id}.")
        return running

    async def _end(self, running: _Running) -> None:
        if running.work is not None:
            running.work.cancel()
            await asyncio.wait((running.work,))

    async def _place(
        self, task: Task, script: Command | Service
    ) -> tuple[Runner, Policy, Callable[[], Awaitable[None]]]:
        """Where a script runs, with which rights, and what is to be done afterwards."""
        if isinstance(script, Command) and not script.confined:
            return (*await self._facilities.host_place(task), _nothing)
        workspace = self._ledger.store.workspace(task.id, Workspace)
        if workspace is None:
            raise UsageError(f"Task {task.id} has no worktree yet: it is {task.state}.", "Look again when it works.")
        see_worktree(task, workspace)
        return await self._facilities.confined_place(task, workspace)

    async def _follow(
        self,
        running: _Running,
        transcript: Transcript,
        entry: Entry,
        work: Awaitable[ScriptEnd],
        leave: Callable[[], Awaitable[None]],
    ) -> None:
        """See a script to its end and record how that was."""
        output = ""
        try:
            end = await work
            output = end.output
            changes = {"status": "passed" if end.passed else "failed", "reason": end.reason, "exit_status": end.status}
        except asyncio.CancelledError:
            changes = {"status": "stopped", "reason": "stopped"}
        except ShopfloorError as error:
            changes = {"status": "failed", "reason": str(error)}
        seconds = max(0.0, time.time() - running.run.started_at)
        run = running.run = msgspec.structs.replace(running.run, **changes, seconds=seconds)
        running.work = None
        self._keep(run)
        current = next(iter(transcript.open_entries()), entry)
        transcript.replace(_ended(current, run, output))
        self._ledger.flush_soon()
        await leave()


def _ended(entry: Entry, run: ScriptRun, output: str) -> Entry:
    """The entry of a script that has ended."""
    statuses: dict[str, ToolStatus] = {"passed": "done", "failed": "failed", "stopped": "interrupted"}
    tool = entry.tool
    assert tool is not None
    said = (output or tool.output).rstrip()
    tool = msgspec.structs.replace(
        tool, status=statuses[run.status], output=f"{said}\n{run.reason}".strip(), seconds=run.seconds
    )
    return msgspec.structs.replace(entry, tool=tool, done=True)


async def _nothing() -> None:
    """A script that ran with the person's rights leaves nothing to put back."""


def _find(project: ProjectFile, name: str) -> Command | Service:
    scripts: list[Command | Service] = [*project.command, *project.service]
    for script in scripts:
        if script.name == name:
            return script
    names = ", ".join(script.name for script in scripts) or "none"
    raise NotFound(f"The project file has no command or service “{name}”.", f"It has: {names}.")


def _url(script: Command | Service, task: Task) -> str:
    if not isinstance(script, Service):
        return ""
    url = script.url
    for number, port in enumerate(task.ports):
        url = url.replace(f"{{port{number}}}", str(port))
    return url

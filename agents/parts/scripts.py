"""Scripts of the project file: commands and services, run for a task."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct

ScriptKind = Literal["command", "service"]


class ScriptInfo(Struct, kw_only=True):
    """A script that the project file offers."""

    name: str
    kind: ScriptKind
    run: str
    """The shell command."""
    confined: bool = True
    """It runs in the sandbox of the task's agent, in its worktree."""
    key: str = ""
    """A key for it on the floor."""
    url: str = ""


class ScriptRun(Struct, kw_only=True):
    """A script that runs, or how it ended last."""

    task: str
    name: str
    kind: ScriptKind
    status: Literal["running", "passed", "failed", "stopped"] = "running"
    reason: str = ""
    """Why it failed, in words."""
    exit_status: int | None = None
    entry: int = 0
    """The entry of the task's transcript that holds its output."""
    url: str = ""
    """Where to look at it."""
    started_at: float = 0.0
    seconds: float = 0.0
    """How long it ran; 0 while it does."""


class Scripts(Protocol):
    """What can be asked about scripts. Nothing runs before the person trusts the project file as it is."""

    async def offered(self, project: str) -> list[ScriptInfo]:
        """The commands and services of a project (any folder in it), trusted or not."""

    async def start(self, task: str, name: str) -> ScriptRun:
        """Start a command or service for a task; its output is an entry of the task's transcript."""

    async def finish(self, task: str, name: str) -> ScriptRun:
        """Wait until it has ended; at once when it has."""

    async def stop(self, task: str, name: str) -> ScriptRun:
        """End it with its whole process tree."""

    async def running(self, task: str = "") -> list[ScriptRun]:
        """The scripts of a task (empty: of all) that run, and how those that ended did, the latest of each name."""

"""The project's checks on a task's files, and what they said."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct, Task


class Finding(Struct, kw_only=True):
    """Something a check says about a line of a file."""

    path: bytes
    """Name in the repository."""
    line: int
    """1-based; 0: about the file."""
    column: int = 0
    message: str
    severity: Literal["error", "warning", "note"] = "error"


class CheckResult(Struct, kw_only=True):
    """How a check ended."""

    name: str
    command: str
    passed: bool
    output: str
    """The end of what it printed, without control sequences."""
    reason: str = ""
    """For a failure, in words: the exit status, or the time-out."""
    seconds: float = 0.0
    log: str = ""
    """The file with all it printed."""
    findings: tuple[Finding, ...] = ()


class CheckReport(Struct, kw_only=True):
    """What all checks of a task said about its files as they were at one moment."""

    task: str
    tree: str
    """Tree id of the files."""
    results: tuple[CheckResult, ...]
    turn: int = 0
    at: float = 0.0
    told: bool = False
    """The agent has been told what failed."""

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that did not pass."""
        return tuple(result for result in self.results if not result.passed)


class CheckState(Struct, kw_only=True):
    """The latest report of a task, and whether it is about the files as they are now."""

    report: CheckReport
    is_current: bool


class Checks(Protocol):
    """Part ``checks`` of the Api."""

    async def run(self, task: str) -> Task:
        """Run the project's checks on a resting task now; returns when they have ended."""

    async def results(self, task: str) -> CheckState | None:
        """What the checks said last; None when none ever ran. A line of a finding is one of the files that were
        checked: it may have moved when the report is not current."""

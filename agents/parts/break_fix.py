"""Break/fix: whether the tests of a change notice the code they came with."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct

BreakFixState = Literal["running", "done", "cancelled", "failed"]
TestVerdict = Literal["sound", "unproven", "red"]
"""Fails without the change; passes without it; does not pass on the change itself."""
HunkVerdict = Literal["noticed", "unnoticed", "not tried"]


class TestFinding(Struct, kw_only=True):
    """A test that the change adds or touches."""

    path: bytes
    name: str = ""
    """``TestCart::test_total``; empty: all of the file, when its single tests cannot be told."""
    start: int = 0
    """Its first line on the new side; 0: not known."""
    end: int = 0
    verdict: TestVerdict
    why: str = ""
    """More about it, in words."""


class HunkFinding(Struct, kw_only=True):
    """A part of the change that is not a test."""

    path: bytes
    side: Literal["old", "new"] = "new"
    start: int
    end: int
    verdict: HunkVerdict
    why: str = ""


class BreakFixReport(Struct, kw_only=True):
    """What was found about a task's files as they were at one moment, or how far that is."""

    task: str
    tree: str
    """Tree id of the files."""
    base_tree: str
    state: BreakFixState = "running"
    reason: str = ""
    """In words: what comes out of it, or why nothing does."""
    tests: tuple[TestFinding, ...] = ()
    hunks: tuple[HunkFinding, ...] = ()
    comments: tuple[str, ...] = ()
    """The drafts that it wrote into the review."""
    seconds: float = 0.0
    at: float = 0.0
    entry: int = 0
    """The entry of the transcript that shows it."""
    settings: str = ""
    """What it was run with; the same files are run again with others."""

    @property
    def is_clean(self) -> bool:
        """It ended and found nothing to say."""
        return self.state == "done" and not self.comments


class BreakFix(Protocol):
    """Part ``break_fix`` of the Api."""

    async def start(self, task: str, afresh: bool = False) -> BreakFixReport:
        """Begin on the files of a resting task; the report that is there already when they were judged before, unless
        ``afresh``."""

    async def finish(self, task: str) -> BreakFixReport:
        """Wait until it has ended."""

    async def cancel(self, task: str) -> BreakFixReport:
        """End it with everything it runs; what was found so far stays in the report, and nothing in the review."""

    async def result(self, task: str) -> BreakFixReport | None:
        """The latest report, also of one that runs; None when there was none."""

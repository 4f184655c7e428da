"""Reviewers: other agents read a task's change, write nothing, and what they find becomes drafts of the review."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from agents.model import Struct, Usage
from agents.parts.review import CommentKind

ReviewerPlace = Literal["shipped", "project", "user"]
Severity = Literal["high", "medium", "low"]
ReaderState = Literal["waiting", "reading", "done", "malformed", "failed", "cancelled", "interrupted"]
"""``malformed``: its answer could not be understood, even when it was told why."""
ReviewState = Literal["reading", "judging", "answering", "done", "failed", "cancelled", "interrupted"]
"""``answering``: the task's agent works on what was sent to it. ``interrupted``: the engine ended meanwhile."""
FindingState = Literal["found", "draft", "sent", "dropped"]


class Reviewer(Struct, kw_only=True):
    """Who looks for what: a file of the program, the person or the project."""

    name: str
    title: str = ""
    """Its first line for people."""
    prompt: str = ""
    """What it looks for."""
    profile: str = ""
    """Which agent reads; empty: the task's own, in a fresh conversation."""
    kinds: tuple[CommentKind, ...] = ("fix", "question", "suggestion")
    """What its findings may be."""
    place: ReviewerPlace = "shipped"
    path: str = ""
    problem: str = ""
    """Why the file cannot be used, in words."""


class Estimate(Struct, kw_only=True):
    """What one reviewer takes at least: its prompt alone, before it has read any file."""

    reviewer: str
    profile: str
    tokens: int = 0
    """Of the prompt, about."""
    cost_usd: float | None = None
    """None when the price is not known."""
    problem: str = ""
    """Why it cannot read the change, in words."""


class Finding(Struct, kw_only=True):
    """Something a reviewer says about the change, and what became of it."""

    reviewer: str
    text: str
    severity: Severity = "medium"
    kind: CommentKind = "fix"
    path: bytes = b""
    """Empty: the change as a whole."""
    side: Literal["old", "new"] = "new"
    start: int = 0
    """First line, 1-based, on ``side``; 0: the whole file."""
    end: int = 0
    state: FindingState = "found"
    comment: str = ""
    """The comment it became."""
    reason: str = ""
    """Why it was dropped."""


class Reader(Struct, kw_only=True):
    """One reviewer at work, or how that ended."""

    reviewer: str
    profile: str
    state: ReaderState = "waiting"
    doing: str = ""
    """The last thing it looked at."""
    reason: str = ""
    answer: str = ""
    """What it said, when that could not be understood."""
    findings: tuple[Finding, ...] = ()
    usage: Usage = Usage()


class Reviewing(Struct, kw_only=True):
    """The latest review of a task by other agents."""

    task: str
    state: ReviewState = "reading"
    reason: str = ""
    """How it ended, in words."""
    readers: tuple[Reader, ...] = ()
    """Of the last round."""
    judge: str = ""
    """The profile that judges the findings; empty: none does."""
    judged: str = ""
    """What came of it, in words."""
    auto: int = 0
    """How often findings may go to the agent by themselves."""
    auto_kinds: tuple[CommentKind, ...] = ("fix",)
    round: int = 0
    """How often they went."""
    estimated_tokens: int = 0
    estimated_usd: float | None = None
    """Before it began, for one round; None: a price is not known."""
    usage: Usage = Usage()
    """Of all rounds, the judge included."""
    started_at: float = 0.0
    ended_at: float = 0.0

    @property
    def is_under_way(self) -> bool:
        """It has not ended."""
        return self.state in ("reading", "judging", "answering")

    @property
    def findings(self) -> list[Finding]:
        """Of all readers."""
        return [finding for reader in self.readers for finding in reader.findings]


class Reviewers(Protocol):
    """The part ``reviewers`` of the Api."""

    async def offered(self, project: str = "") -> list[Reviewer]:
        """All reviewers that can be asked in a project (any folder in it), those with a problem too."""

    async def estimate(self, task: str, names: Sequence[str] = (), profile: str = "") -> list[Estimate]:
        """What reading the change as it is now takes at least. No names: all reviewers.

        Args:
            profile: who reads, whatever the reviewers say.
        """

    async def start(
        self,
        task: str,
        names: Sequence[str] = (),
        profile: str = "",
        judge: str = "",
        auto: int = 0,
        auto_kinds: Sequence[CommentKind] = ("fix",),
    ) -> Reviewing:
        """Let reviewers read the change of a resting task. What they find becomes drafts of the review.

        Args:
            judge: a profile that then takes out what is said twice or is unfounded; empty: all findings stay.
            auto: how often findings of ``auto_kinds`` are sent to the task's agent by themselves and the change is read
                again; when something is left then, the task is blocked and the person is called.
        """

    async def finish(self, task: str) -> Reviewing:
        """Wait until the review has ended."""

    async def cancel(self, task: str) -> Reviewing:
        """End the review; what was found so far stays."""

    async def result(self, task: str) -> Reviewing | None:
        """The latest review of a task, or how far it is; None when there was none."""

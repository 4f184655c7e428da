"""Why a task is in the state it is in: the signs that were seen of its agent, and the one that decided."""

from __future__ import annotations

from typing import Protocol

from agents.model import Struct


class SeenSign(Struct, kw_only=True):
    """Something that was seen of an agent, or of its task."""

    at: float
    """Seconds since the epoch."""
    source: str
    """``task`` when its state changed, ``agent`` for what its protocol told, and for terminal agents ``hook``, ``osc``,
    ``title``, ``progress``, ``notification``, ``screen``, ``silence``, ``process`` and ``input``."""
    what: str
    """The rule that held, the event that came, or the states before and after."""
    state: str = ""
    """What it means; empty when it means nothing by itself."""
    evidence: str = ""
    """The text that was found, or why."""
    decided: bool = False
    """It changed the state."""
    count: int = 1
    """How often it came without another one in between."""


class Explanation(Struct, kw_only=True):
    """How a task stands and why."""

    task: str
    title: str
    driver: str
    state: str
    reason: str
    hint: str
    since: float
    """When it came into this state, seconds since the epoch."""
    decided: SeenSign | None = None
    """The sign that decided; None when none is known."""
    program: str = ""
    """For terminal agents: how the program itself stands."""
    authority: str = ""
    """For terminal agents: the source whose word counts."""
    claims: tuple[SeenSign, ...] = ()
    """For terminal agents: what each source says now, the best first."""
    signs: tuple[SeenSign, ...] = ()
    """The latest ones, oldest first."""


class Explanations(Protocol):
    """Why tasks are as they are."""

    async def explain(self, task: str) -> Explanation:
        """Why a task is in its state."""

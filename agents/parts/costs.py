"""What agents have cost, and how much they may cost in a day."""

from __future__ import annotations

from typing import Protocol

from agents.model import Struct, Usage


class Spending(Struct, kw_only=True):
    """What was spent on one day with one profile in one project."""

    day: str
    """``2026-01-31``, in local time."""
    profile: str
    project: str = ""
    tasks: int = 0
    turns: int = 0
    """Turns that began on that day and have ended."""
    steps: int = 0
    seconds: float = 0.0
    """What those turns took."""
    usage: Usage = Usage()
    known_usd: float = 0.0
    """The part of the cost that is known, also when some price is not."""


class Today(Struct, kw_only=True):
    """What was spent today, by all tasks."""

    day: str
    """``2026-01-31``, in local time."""
    usage: Usage = Usage()
    """A price that is not known counts nothing in ``spent_usd``."""
    spent_usd: float = 0.0
    """What is known to be spent."""
    tasks: int = 0
    seconds: float = 0.0
    """In turns that began today and have ended."""
    budget_usd: float | None = None
    """What may be spent today; None: as much as it takes."""
    holds: str = ""
    """Why no turn starts, in words; empty while turns start."""


class Costs(Protocol):
    """The part ``costs`` of the Api."""

    async def spending(self, days: int = 1) -> list[Spending]:
        """What all tasks have cost in the latest days, today included: by day, profile and project, the latest day
        first."""

    async def today(self) -> Today:
        """What was spent today, and what may be."""

    async def raise_budget(self, usd: float) -> Today:
        """Let this much be spent today in all, whatever the configuration says; turns that were held start."""

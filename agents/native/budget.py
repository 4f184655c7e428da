"""What a turn may take: requests, minutes, money."""

from __future__ import annotations

from agents.drivers import TurnEnd
from agents.model import Struct, Usage
from agents.profiles import Prices


class Limits(Struct, kw_only=True):
    """What bounds a turn."""

    steps: int = 200
    """Requests in one turn."""
    minutes: float = 0.0
    """Wall time of one turn; 0: no limit."""
    cost_usd: float = 0.0
    """US dollars of one turn; 0: no limit. Kept as well as a price is known."""
    tries: int = 10
    """Further tries of one request that failed: with these waits, seven minutes or so."""
    first_wait_seconds: float = 2.0
    """Before the first further try; each next one waits twice as long, up to a minute."""
    longest_wait_seconds: float = 300.0
    """A provider that asks for more is left to the person."""


class Budget:
    """What one turn has taken of its limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._steps = 0
        self._cost_usd = 0.0

    def spend(self, usage: Usage) -> None:
        """A request was paid for."""
        self._cost_usd += usage.cost_usd or 0.0

    def take_step(self) -> TurnEnd | None:
        """One more request begins; how the turn ends instead when a limit is reached."""
        if self._steps >= self._limits.steps:
            return _reached(f"has made {self._steps} requests", "max_steps")
        if 0 < self._limits.cost_usd <= self._cost_usd:
            return _reached(f"has cost ${self._cost_usd:.2f}", "max_cost_usd")
        self._steps += 1
        return None

    def out_of_time(self) -> TurnEnd:
        """How the turn ends when its minutes are over."""
        return _reached(f"has taken {self._limits.minutes:g} minutes", "max_minutes")


def _reached(what: str, field: str) -> TurnEnd:
    return TurnEnd(
        outcome="blocked",
        reason=f"The turn {what}, which is its limit.",
        hint=f"Resume the task to let it go on for as much again, or raise {field} in the profile.",
    )


def cost(usage: Usage, prices: Prices | None) -> float | None:
    """US dollars of a request; None when the prices are not known."""
    if prices is None:
        return None
    return (
        usage.input_tokens * prices.input
        + usage.output_tokens * prices.output
        + usage.cache_read_tokens * prices.cache_read
        + usage.cache_write_tokens * prices.cache_write
    ) / 1_000_000

"""How benchmarks report: a row per figure, with its budget where the design names one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    """What it should stay under."""
    detail: str = ""
    """Runs, spread, conditions."""

    def line(self) -> str:
        """For the table."""
        budget = (
            "" if self.budget is None else f"{'✓' if self.value <= self.budget else '✗'} ≤ {self.budget:g} {self.unit}"
        )
        return f"{self.name:<58} {self.value:>10.2f} {self.unit:<5} {budget:<16} {self.detail}"


def summary(name: str, values: Sequence[float], unit: str, budget: float | None = None, detail: str = "") -> Figure:
    """The median of several runs, with their spread."""
    spread = f"{len(values)} runs, {min(values):.2f}–{max(values):.2f}"
    return Figure(name, statistics.median(values), unit, budget, f"{spread}{'; ' if detail else ''}{detail}")

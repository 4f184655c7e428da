"""Bars drawn with characters, by plotext: imported with the first chart, because that takes most of a second."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

from rich.text import Text

Colour = tuple[int, int, int]
DAY_CELLS = 9
"""What the name of a day needs beneath its bar, with what keeps it from the next."""


@cache
def plotting() -> Any:
    """The library; call it in a thread the first time."""
    return import_module("plotext")


def days_chart(days: Sequence[str], values: Sequence[float], width: int, height: int, colour: Colour) -> Text:
    """A bar for each day."""
    plot = plotting()
    _begin(plot, width, height)
    plot.bar(list(days), list(values), width=0.55, color=colour)
    step = math.ceil(len(days) * DAY_CELLS / max(width, 1))
    named = range(len(days) % step or step, len(days) + 1, step) if days else ()  # evenly, and the last one
    plot.xticks(list(named), [days[place - 1] for place in named])
    if not any(values):
        plot.ylim(0, 1)
    plot.yticks(*_steps(max(values, default=0.0)))
    return Text.from_ansi(plot.build(), no_wrap=True)


def names_chart(names: Sequence[str], values: Sequence[float], width: int, height: int, colour: Colour) -> Text:
    """A bar for each name, the first at the top."""
    plot = plotting()
    _begin(plot, width, height)
    plot.bar(list(names)[::-1], list(values)[::-1], orientation="horizontal", width=0.3, color=colour)
    plot.xticks(*_steps(max(values, default=0.0), 3))
    return Text.from_ansi(plot.build(), no_wrap=True)


def _begin(plot: Any, width: int, height: int) -> None:
    plot.clear_figure()
    plot.limit_size(False, False)
    plot.theme("clear")
    plot.plotsize(max(20, width), max(5, height))
    plot.frame(False)


def _steps(highest: float, count: int = 4) -> tuple[list[float], list[str]]:
    """Where numbers stand beside a chart, and how they are written."""
    if highest <= 0:
        return [0.0], ["0"]
    values = [highest * step / count for step in range(count + 1)]
    return values, [short(value) for value in values]


def short(value: float) -> str:
    """A number in a few characters."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.1f}{unit}"
    return f"{value:.2f}" if value < 10 and value != int(value) else f"{value:.0f}"

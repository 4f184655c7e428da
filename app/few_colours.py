"""Colours for terminals that have only 256 of them."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_STEPS = (0, 95, 135, 175, 215, 255)


def _palette() -> list[tuple[int, tuple[int, int, int]]]:
    """The cube and the greys; the first sixteen look different in every terminal."""
    cube = [(16 + 36 * r + 6 * g + b, (_STEPS[r], _STEPS[g], _STEPS[b]))
            for r in range(6) for g in range(6) for b in range(6)]  # fmt: skip
    return cube + [(232 + step, (8 + 10 * step,) * 3) for step in range(24)]


@lru_cache(4096)
def nearest(red: int, green: int, blue: int) -> int:
    """The number of the colour that looks most like this one."""

    def distance(entry: tuple[int, tuple[int, int, int]]) -> float:
        r, g, b = entry[1]
        mean = (red + r) / 2  # the eye sees differences in red and blue otherwise in bright colours than in dark ones
        return (2 + mean / 256) * (red - r) ** 2 + 4 * (green - g) ** 2 + (2 + (255 - mean) / 256) * (blue - b) ** 2

    return min(_palette(), key=distance)[0]


@lru_cache(4096)
def _reduced(style: Style) -> Style:
    def number(color: RichColor | None) -> RichColor | None:
        if color is None or color.triplet is None:
            return color
        return RichColor.from_ansi(nearest(*color.triplet))

    reduced = Style.from_color(number(style.color), number(style.bgcolor))
    return style.without_color + reduced if style.color or style.bgcolor else style


class NearestOf256(LineFilter):
    """Rich makes black of dark greys with a tinge, and so a black list beside a grey floor; this does not."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """See LineFilter."""
        return [
            Segment(text, _reduced(style), control) if style and not control else Segment(text, style, control)
            for text, style, control in segments
        ]

"""Frames that cost what has changed.

Textual asks every widget in the rectangle around all changes for its lines and cuts all of them against each other.
Where agents stream, a few rows change in places all over the screen, so that every frame costs the whole of it: 5 ms
with 60 panes, whatever is in it. Most changed places lie within one widget that nothing covers; its own lines are
then all there is to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor, CompositorUpdate
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget


def paint_directly(screen: Screen[Any]) -> None:
    """Let a screen write what has changed without composing the rest. Call it before the screen is shown."""
    screen._compositor = DirectCompositor()


class PlacesUpdate(CompositorUpdate):
    """Pieces of lines, each with the column and row it starts at."""

    def __init__(self, pieces: Sequence[tuple[int, int, Strip]]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """See CompositorUpdate."""
        return "".join(Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in self.pieces)


class DirectCompositor(Compositor):
    """Textual's compositor with a shorter way for changes of which each lies within one widget that nothing covers."""

    def __init__(self) -> None:
        super().__init__()
        self._visible: Mapping[Widget, tuple[Region, Region]] = {}
        self._front_to_back: list[tuple[int, int, int, int, Widget]] = []

    def render_partial_update(self) -> ChopsUpdate | PlacesUpdate | None:  # type: ignore[override]
        """See Compositor."""
        owned = self._owned(self._dirty_regions)
        if owned is None:
            return super().render_partial_update()
        self._dirty_regions.clear()
        pieces: list[tuple[int, int, Strip]] = []
        for widget, regions in owned.items():
            region, clip = self._visible[widget]
            shown = region.intersection(clip)
            left, right = shown.column_span
            strips = widget.render_lines(shown.translate(-region.offset))
            for y, start, end in self._regions_to_spans(regions):
                strip = strips[y - shown.y]
                whole = (start, end) == (left, right)
                pieces.append((start, y, strip if whole else strip.crop(start - left, end - left)))
        return PlacesUpdate(pieces) if pieces else None

    def _owned(self, regions: Iterable[Region]) -> dict[Widget, list[Region]] | None:
        """Changed regions by the widget that is seen there; None when something does not lie within one."""
        if self._visible is not self.visible_widgets:
            self._visible = self.visible_widgets
            shown = ((widget, region.intersection(clip)) for widget, (region, clip) in self._visible.items())
            self._front_to_back = [(x, y, x + width, y + height, widget) for widget, (x, y, width, height) in shown]
        owned: dict[Widget, list[Region]] = {}
        for region in regions:
            left, top, right, bottom = region.corners
            for x, y, end, below, widget in self._front_to_back:
                if x < right and end > left and y < bottom and below > top:
                    if x > left or end < right or y > top or below < bottom:
                        return None
                    owned.setdefault(widget, []).append(region)
                    break
            else:
                return None
        return owned

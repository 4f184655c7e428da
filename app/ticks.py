"""A list of things to tick."""

from __future__ import annotations

from typing import TypeVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widgets import SelectionList
from textual.widgets._toggle_button import ToggleButton

_Value = TypeVar("_Value")


class TickList(SelectionList[_Value]):
    """A selection list whose signs differ when something is chosen, not only their colours."""

    def render_line(self, y: int) -> Strip:
        """See SelectionList."""
        strip = super().render_line(y)
        segments = list(strip)
        at = self.scroll_offset.y + y
        if at >= self.option_count or len(segments) < 2 or segments[1].text != ToggleButton.BUTTON_INNER:
            return strip
        sign = "✓" if self.get_option_at_index(at).value in self.selected else "–"
        segments[1] = Segment(sign, segments[1].style)
        return Strip(segments)

"""Widgets that keep what they painted until they are told to paint anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.widget import Widget as _Base
else:
    _Base = object  # Textual takes the first widget among the bases for the one whose styles are inherited


class Still(_Base):
    """Put before a kind of widget, it keeps what was painted last: a frame of any widget asks all that overlap it for
    their lines, and Textual's own way works out colours and borders each time."""

    _frame: tuple[Region, list[Strip]] | None = None

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """See Widget."""
        self._frame = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def notify_style_update(self) -> None:
        """See Widget."""
        self._frame = None
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """See Widget."""
        if self._frame is None or self._frame[0] != crop:
            self._frame = (crop, super().render_lines(crop))
        return self._frame[1]


class StillHorizontal(Still, Horizontal):
    """A row of widgets."""


class StillVertical(Still, Vertical):
    """A column of widgets."""

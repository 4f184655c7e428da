"""Which lines of a diff are on the screen."""

from __future__ import annotations

from widgets.diff.rows import Spot
from widgets.diff.state import DiffState

MARGIN = 2
"""Lines kept between the cursor and the upper and lower edge."""


class Window:
    """A screen's lines of a diff, from :attr:`top` on; scrolls as far as the diff goes."""

    def __init__(self, state: DiffState) -> None:
        self._state = state
        self.top = 0
        """The first line on the screen, counted from the first of the diff."""
        self.height = 0

    def scroll_to(self, top: int) -> None:
        """Show this line first; the cursor stays where it is."""
        self.top = max(0, min(top, self._state.table.height - self.height))

    def show_cursor(self) -> None:
        """Scroll just so far that the cursor's row is inside the margins."""
        table = self._state.table
        if not table.height or not self.height:
            return
        first = table.top(self._state.cursor)
        last = first + table.row_height(self._state.cursor)
        margin = min(MARGIN, self.height // 4)
        if last > self.top + self.height - margin:
            self.scroll_to(min(last - self.height + margin, first - 1))
        if first < self.top + margin:
            self.scroll_to(first - margin)

    def reveal(self, spot: Spot) -> None:
        """Scroll so that a tall row is in view as a whole, if it fits."""
        first = self._state.table.top(spot)
        last = first + self._state.table.row_height(spot)
        if last > self.top + self.height:
            self.scroll_to(min(last - self.height + 1, first - 1 - MARGIN))
        elif first < self.top + 1 + MARGIN:
            self.scroll_to(first - 1 - MARGIN)

    def bring(self, spot: Spot) -> None:
        """When a row is not on the screen, or just above its end, bring it to the upper third."""
        y = self._state.table.top(spot)
        if not self.top + MARGIN <= y < self.top + self.height - max(MARGIN, self.height // 4):
            self.scroll_to(y - self.height // 4)

    def bring_to_top(self, spot: Spot) -> None:
        """Show the name of a file first; the blank above it is passed over."""
        self.scroll_to(self._state.table.top(spot) + max(0, self._state.table.row_height(spot) - 2))

    def spot_inside(self) -> Spot:
        """The cursor's row, or the nearest one inside the margins when that is not."""
        y = self._state.table.top(self._state.cursor)
        inside = max(self.top + MARGIN, min(y, self.top + self.height - 1 - MARGIN))
        return self._state.cursor if inside == y else self._state.table.at(inside)[0]

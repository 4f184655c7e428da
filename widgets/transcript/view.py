"""Which rows of a transcript are in view: following its end, or held where the reader is."""

from __future__ import annotations

from typing import NamedTuple

from widgets.transcript.rows import RowTable


class Anchor(NamedTuple):
    """A row by what it shows, which stays true when rows before it come or go."""

    entry_id: int
    offset: int


class View:
    """A window of ``height`` rows over a row table."""

    def __init__(self, rows: RowTable) -> None:
        self._rows = rows
        self._top = 0
        self._rows_when_left = 0
        self.height = 1
        self.following = True
        """The end stays in view as rows are added."""

    @property
    def top(self) -> int:
        """The first row in view."""
        return self._last_top if self.following else min(self._top, self._last_top)

    @property
    def _last_top(self) -> int:
        return max(0, len(self._rows) - self.height)

    @property
    def new_rows(self) -> int:
        """Rows added below since the reader scrolled up."""
        return 0 if self.following else max(0, len(self._rows) - self._rows_when_left)

    def scroll_to(self, row: int) -> None:
        """Bring a row to the top of the view; at the last screenful the view follows again."""
        row = max(0, row)
        if row >= self._last_top:
            self.following = True
        else:
            if self.following:
                self._rows_when_left = len(self._rows)
            self.following, self._top = False, row

    def scroll_by(self, count: int) -> None:
        """Move down (up with a negative count)."""
        self.scroll_to(self.top + count)

    def show(self, rows: range) -> None:
        """Scroll as little as brings these rows into view, their first one in any case."""
        top = self.top
        if rows.start < top:
            self.scroll_to(rows.start)
        elif rows.stop > top + self.height - 1:
            self.scroll_to(min(rows.start, rows.stop - self.height + 1))

    def hold(self, row: int) -> None:
        """Keep the reader at this top row from now on, even at the end."""
        if self.following:
            self._rows_when_left = len(self._rows)
        self.following, self._top = False, max(0, min(row, self._last_top))

    def anchor(self) -> Anchor | None:
        """What is at the top now; None while following."""
        if self.following or not len(self._rows):
            return None
        entry_id = self._rows.entry_at(self.top)
        return Anchor(entry_id, self.top - self._rows.rows_of(entry_id).start if entry_id else self.top)

    def restore(self, anchor: Anchor | None) -> None:
        """Put what was anchored to the top again."""
        if anchor and not self.following:
            rows = self._rows.rows_of(anchor.entry_id)
            self._top = max(0, rows.start + min(anchor.offset, max(0, len(rows) - 1)))

"""Finding text in a diff: which rows hold it, in the files that are shown."""

from __future__ import annotations

import re
from bisect import bisect_right

from widgets.diff.rows import LINE, SAME, RowTable, Section, Spot


class Search:
    """What is searched for, and where it was found."""

    def __init__(self) -> None:
        self.text = ""
        """Empty when nothing is searched for."""
        self._rows: list[Spot] = []

    def look(self, table: RowTable, text: str) -> int:
        """Look for a text; returns how many rows hold it."""
        self.text = text
        self._rows = matching_rows(table, text)
        return len(self._rows)

    def first_from(self, spot: Spot) -> Spot | None:
        """The first match at or after a row, else the first of all."""
        return next((row for row in self._rows if row >= spot), self._rows[0] if self._rows else None)

    def next(self, spot: Spot, direction: int) -> Spot | None:
        """The match after (1) or before (-1) a row; from the last it goes on to the first, and back."""
        if not self._rows:
            return None
        if direction > 0:
            return next((row for row in self._rows if row > spot), self._rows[0])
        return next((row for row in reversed(self._rows) if row < spot), self._rows[-1])

    def number(self, spot: Spot) -> tuple[int, int]:
        """Which match a row is (0: none), of how many."""
        return (self._rows.index(spot) + 1 if spot in self._rows else 0), len(self._rows)


def matching_rows(table: RowTable, query: str) -> list[Spot]:
    """Rows of code that hold a text, in order. Case counts only when the text has a capital letter.

    Lines that are left out (hidden or folded files, white-space changes) are not searched: the reader could not be
    taken there.
    """
    if not query:
        return []
    flags = 0 if any(letter.isupper() for letter in query) else re.IGNORECASE
    pattern = re.compile(re.escape(query.encode("utf-8", "surrogateescape")), flags)
    found: list[Spot] = []
    for index, section in enumerate(table.sections):
        if section.file is not None and len(section) and len(section.file.lines):
            found += [Spot(index, row) for row in _rows(section, pattern)]
    return found


def _rows(section: Section, pattern: re.Pattern[bytes]) -> list[int]:
    assert section.file is not None
    lines = section.file.lines
    hits = set()
    for match in pattern.finditer(lines.data, lines.start[0], lines.end[-1]):
        line = bisect_right(lines.start, match.start()) - 1
        if match.end() <= lines.end[line]:
            hits.add(line)
    if not hits:
        return []
    pairs = section.pairs
    return [
        row
        for row, ref in enumerate(section.refs)
        if (ref in hits or pairs.get(ref) in hits) and section.kinds[row] in (LINE, SAME)
    ]

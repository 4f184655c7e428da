"""Finding text in a diff: which rows hold it, in the files that are shown."""

from __future__ import annotations

import re
from bisect import bisect_right

from agents.review.model import Lines
from widgets.diff.rows import LINE, SAME, RowTable, Section, Spot
from widgets.diff.state import DiffState


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
    taken there. :func:`unfold_for` unfolds what holds it before.
    """
    if not query:
        return []
    pattern = _pattern(query)
    found: list[Spot] = []
    for index, section in enumerate(table.sections):
        if section.file is not None and len(section) and len(section.file.lines):
            found += [Spot(index, row) for row in _rows(section, pattern)]
    return found


def unfold_for(state: DiffState, query: str) -> set[bytes]:
    """Unfold files and moved blocks whose lines hold a text; the files of which other rows are to be shown now."""
    changed: set[bytes] = set()
    if not query:
        return changed
    pattern = _pattern(query)
    for file in state.diff.files:
        folds = state.moved.get(file.path, ()) if state.fold_moved else ()
        folded = state.is_folded(file)
        if not (folds or folded) or not len(file.lines) or state.is_away(file):
            continue
        hits = _hits(file.lines, pattern)
        kept = tuple(fold for fold in folds if not any(fold.holds(line) for line in hits))
        if hits and folded:
            state.folds[file.path] = False
            changed.add(file.path)
        if kept != folds:
            state.moved[file.path] = kept
            changed.add(file.path)
    return changed


def _pattern(query: str) -> re.Pattern[bytes]:
    flags = 0 if any(letter.isupper() for letter in query) else re.IGNORECASE
    return re.compile(re.escape(query.encode("utf-8", "surrogateescape")), flags)


def _rows(section: Section, pattern: re.Pattern[bytes]) -> list[int]:
    assert section.file is not None
    hits = _hits(section.file.lines, pattern)
    if not hits:
        return []
    pairs = section.pairs
    return [
        row
        for row, ref in enumerate(section.refs)
        if (ref in hits or pairs.get(ref) in hits) and section.kinds[row] in (LINE, SAME)
    ]


def _hits(lines: Lines, pattern: re.Pattern[bytes]) -> set[int]:
    """The indexes of the lines that hold a match."""
    hits: set[int] = set()
    for match in pattern.finditer(lines.data, lines.start[0], lines.end[-1]):
        line = bisect_right(lines.start, match.start()) - 1
        if match.end() <= lines.end[line]:
            hits.add(line)
    return hits

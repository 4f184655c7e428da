"""Finding text in a diff: which rows hold it, in the files that are shown."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass

from agents.review.model import Lines
from widgets.diff.folds import without
from widgets.diff.rows import LINE, SAME, RowTable, Section, Spot
from widgets.diff.state import DiffState

_FEW = 16
"""Matches in a file up to which each is looked up; more are found by looking at every row."""


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
    wanted = _wanted(query)
    found: list[Spot] = []
    for index, section in enumerate(table.sections):
        if section.file is not None and len(section) and len(section.file.lines):
            found += [Spot(index, row) for row in _rows(section, wanted)]
    return found


def unfold_for(state: DiffState, query: str) -> set[bytes]:
    """Unfold files and moved blocks whose lines hold a text; the files of which other rows are to be shown now."""
    changed: set[bytes] = set()
    if not query:
        return changed
    wanted = _wanted(query)
    for file in state.diff.files:
        folds = state.moved.get(file.path, ()) if state.fold_moved else ()
        folded = state.is_folded(file)
        if not (folds or folded) or not len(file.lines) or state.is_away(file):
            continue
        hits = _hits(file.lines, wanted)
        kept = without(folds, hits)
        if hits and folded:
            state.folds[file.path] = False
            changed.add(file.path)
        if kept != folds:
            state.moved[file.path] = kept
            changed.add(file.path)
    return changed


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for in the bytes of a diff."""

    text: bytes
    folds: bool
    """Capital letters in a line count as small ones; those beyond ASCII are what they are."""


def _wanted(query: str) -> _Wanted:
    folds = not any(letter.isupper() for letter in query)
    return _Wanted(query.encode("utf-8", "surrogateescape"), folds)


def _rows(section: Section, wanted: _Wanted) -> list[int]:
    assert section.file is not None
    hits = _hits(section.file.lines, wanted)
    if not hits:
        return []
    pairs, refs = section.pairs, section.refs
    if not pairs and len(hits) <= _FEW:
        rows = []
        for hit in hits:
            with suppress(ValueError):  # a line that is left out
                rows.append(refs.index(hit))
        return sorted(rows)
    return [
        row
        for row, ref in enumerate(refs)
        if (ref in hits or pairs.get(ref) in hits) and section.kinds[row] in (LINE, SAME)
    ]


def _hits(lines: Lines, wanted: _Wanted) -> set[int]:
    """The indexes of the lines that hold a match."""
    hits: set[int] = set()
    begin, text = lines.start[0], wanted.text
    part = lines.data[begin : lines.end[-1]]
    if wanted.folds:
        part = part.lower()  # ten times as fast as an expression that ignores case
    at = part.find(text)
    while at >= 0:
        line = bisect_right(lines.start, begin + at) - 1
        end = lines.end[line] - begin
        if at + len(text) <= end:
            hits.add(line)
            at = part.find(text, end)
        else:
            at = part.find(text, at + 1)
    return hits

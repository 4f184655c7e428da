"""A line of code as it stands on the screen: tabs as blanks, what would act on a terminal as visible marks, its rows.

Geometry and painter both ask here, so that a row is exactly as high as it is drawn.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

from agents.escape import Escaped, escape
from agents.review.long_lines import LINE_LIMIT, Parts, parts_to_show, said_between
from agents.review.model import Lines
from widgets.text_strips import TAB_WIDTH, cells, split_cells

HANGING_INDENT = 2
"""Columns by which the rows of a wrapped line stand further right than its code."""

_ODD = re.compile(rb"[^\x20-\x7e\n]")
"""A byte that is not one printable column by itself."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A line ready to be drawn."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    """Ranges of ``text`` that stand for characters which cannot be shown."""
    notes: tuple[tuple[int, int], ...] = ()
    """Ranges of ``text`` that say how much of a long line is not shown."""
    _escaped: Escaped | None = None
    _columns: Sequence[int] | None = None
    """For each character of the escaped line its offset in ``text``, and the length at the end."""
    _pieces: tuple[tuple[int, int, Shown], ...] = ()
    """Of a long line: where each part begins in it, where that stands in ``text``, and the part."""

    def range(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters ``start`` up to ``end`` of the line stand in ``text``."""
        return self._place(start), self._place(end)

    def _place(self, offset: int) -> int:
        if self._pieces:
            first, at, piece = self._pieces[bisect_right(self._pieces, offset, key=lambda piece: piece[0]) - 1]
            return at + piece._place(offset - first)
        if self._escaped is not None:
            offset = min(self._escaped.position(offset), len(self._escaped.text))
        if self._columns is not None:
            return self._columns[min(offset, len(self._columns) - 1)]
        return min(offset, len(self.text))


def show_line(text: str, parts: Parts = ()) -> Shown:
    """A line's text as it is drawn. Tab stops count characters of the escaped line.

    Args:
        parts: what to show of a long line; without them its beginning.
    """
    if len(text) <= LINE_LIMIT:
        return _show(text)
    parts = parts or parts_to_show(len(text), ())
    drawn, marks, notes, pieces = "", list[tuple[int, int]](), list[tuple[int, int]](), list[tuple[int, int, Shown]]()
    for index, (start, end) in enumerate(parts):
        at, piece = len(drawn), _show(text[start:end])
        pieces.append((start, at, piece))
        marks += [(at + first, at + last) for first, last in piece.marks]
        drawn += piece.text
        if said := said_between(parts, index, len(text)):
            notes.append((len(drawn), len(drawn) + len(said)))
            drawn += said
    return Shown(drawn, tuple(marks), tuple(notes), _pieces=tuple(pieces))


def _show(text: str) -> Shown:
    if text.isascii() and text.isprintable():
        return Shown(text)
    escaped = escape(text)
    shown, columns = escaped.text, None
    if "\t" in shown:
        columns = array("I", accumulate(_widths(shown), initial=0))
        shown = shown.expandtabs(TAB_WIDTH)
    marks = escaped.marks if columns is None else tuple((columns[start], columns[end]) for start, end in escaped.marks)
    return Shown(shown, marks, (), escaped, columns)


def _widths(text: str) -> Iterator[int]:
    """Characters that each character becomes when tabs are expanded."""
    column = 0
    for character in text:
        width = TAB_WIDTH - column % TAB_WIDTH if character == "\t" else 1
        column += width
        yield width


def row_starts(text: str, width: int) -> list[int]:
    """Offsets in a drawn line at which its rows begin; the first is 0. Rows after the first hang further right.

    A row ends after a blank where there is one in its last third, else between any two characters.
    """
    if len(text) <= width and (text.isascii() or cells(text) <= width):
        return [0]
    inner = width - hanging_columns(text, width)
    starts, at, room = [0], 0, width
    while True:
        rest = text[at : at + room + 1]
        taken = len(split_cells(rest, room)[0]) or 1
        if taken == len(rest) and at + taken >= len(text):
            return starts
        blank = text.rfind(" ", at + taken * 2 // 3, at + taken)
        at = blank + 1 if blank >= 0 else at + taken
        if at >= len(text):
            return starts
        starts.append(at)
        room = inner


def hanging_columns(text: str, width: int) -> int:
    """Columns the rows after the first are moved right, at most a third of the width."""
    return min(len(text) - len(text.lstrip(" ")) + HANGING_INDENT, width // 3)


def line_text(lines: Lines, index: int, *, keep_return: bool) -> str:
    """A line of a diff without its mark; its carriage return only where line ends are what differs."""
    text = lines.text(index)
    return text if keep_return or not text.endswith("\r") else text[:-1]


def line_heights(
    lines: Lines, indexes: Sequence[int], width: int, parts: Mapping[int, Parts], *, keep_return: bool
) -> bytearray | list[int]:
    """How many rows each of these lines takes at a width.

    Most files hold printable ASCII that fits: then nothing is looked at line by line.

    Args:
        parts: what is shown of long lines, by their index.
    """
    if not indexes:
        return bytearray()
    first, last = min(indexes), max(indexes)
    start, end = lines.start[first], lines.end[last]
    plain = _ODD.search(lines.data, start, end) is None
    if plain and _longest(lines, first, last) <= width:
        return bytearray(b"\1" * len(indexes))
    starts, ends = lines.start, lines.end
    # Within so many bytes a line takes one row whatever it holds: nothing is wider than its marks, nine columns.
    sure = width if plain else width // 9
    return [
        1 if ends[index] - starts[index] <= sure else _height(lines, index, width, parts.get(index, ()), keep_return)
        for index in indexes
    ]


def _longest(lines: Lines, first: int, last: int) -> int:
    widths: Iterable[int] = map(sub, lines.end[first : last + 1], lines.start[first : last + 1])
    return max(widths)


def _height(lines: Lines, index: int, width: int, parts: Parts, keep_return: bool) -> int:
    start, end = lines.start[index], lines.end[index]
    raw = lines.data[start:end]
    if raw.isascii() and end - start <= LINE_LIMIT:
        columns = len(raw) if b"\t" not in raw else len(raw.expandtabs(TAB_WIDTH))
        if columns <= width and b"\r" not in raw and raw.replace(b"\t", b"").decode().isprintable():
            return 1
    return len(row_starts(show_line(line_text(lines, index, keep_return=keep_return), parts).text, width))

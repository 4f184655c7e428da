"""Parts of rows that stand out: what is chosen with the mouse or by keys, and what a search has found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from widgets.text_strips import Span, Spans, cells, split_cells
from widgets.transcript.rows import RowTable


class Place(NamedTuple):
    """A row, and a column of its text, both from 0."""

    row: int
    column: int


class Stretch(NamedTuple):
    """Columns of one row."""

    row: int
    start: int
    end: int


class Found(NamedTuple):
    """Where a search found its text: the entry, and the stretches of the rows that show it; none while it is folded."""

    entry: int
    stretches: tuple[Stretch, ...]


def row_text(spans: Spans) -> str:
    """The text of a row."""
    return "".join(text for text, _ in spans)


def styled(spans: Spans, start: int, end: int, style: str) -> Spans:
    """Spans with a further style from one column to another."""
    parts: list[Span] = []
    column = 0
    for text, names in spans:
        width = cells(text)
        before, rest = split_cells(text, max(0, start - column))
        inside, after = split_cells(rest, max(0, end - column - cells(before)))
        parts += [(before, names), (inside, f"{names} {style}".strip()), (after, names)]
        column += width
    return tuple(span for span in parts if span[0])


def chosen_stretches(start: Place, end: Place, rows: RowTable) -> Iterator[Stretch]:
    """The columns of each row between two places, whichever comes first; whole rows but the first and the last."""
    first, last = sorted((start, end))
    for row in range(first.row, min(last.row, len(rows) - 1) + 1):
        width = cells(row_text(rows.row(row).spans))
        begin = first.column if row == first.row else 0
        stop = min(width, last.column) if row == last.row else width
        yield Stretch(row, min(begin, width), max(begin, stop))


def chosen_text(start: Place, end: Place, rows: RowTable) -> str:
    """What is seen between two places, row by row, without blanks at the ends."""
    lines = []
    for row, begin, stop in chosen_stretches(start, end, rows):
        rest = split_cells(row_text(rows.row(row).spans), begin)[1]
        lines.append(split_cells(rest, stop - begin)[0].rstrip())
    return "\n".join(lines)


def search(text: str, rows: RowTable, hidden: Sequence[int]) -> list[Found]:
    """Where a text stands, whatever the case, also where a row ends in its middle.

    Args:
        text: What to find; blanks at its ends count.
        rows: What is shown.
        hidden: Entries that contain it, of which not all is shown.
    """
    wanted = text.lower()
    found: list[Found] = []
    if not wanted.strip():
        return found
    folded = set(hidden)
    for entry_id in rows.entry_ids:
        here = [Found(entry_id, stretches) for stretches in _in_rows(wanted, rows, rows.rows_of(entry_id))]
        if not here and entry_id in folded:
            here = [Found(entry_id, ())]
        found += here
    return found


def _in_rows(wanted: str, rows: RowTable, numbers: range) -> Iterator[tuple[Stretch, ...]]:
    """The rows as one text, a blank where one ends: that is where a word ended when it was wrapped."""
    texts = [row_text(rows.row(number).spans) for number in numbers]
    whole = " ".join(text.lower() if len(text.lower()) == len(text) else text for text in texts)
    at = whole.find(wanted)
    while at >= 0:
        stretches, begin = [], 0
        for number, text in zip(numbers, texts, strict=True):
            start, end = max(at - begin, 0), min(at + len(wanted) - begin, len(text))
            if start < end:
                stretches.append(Stretch(number, cells(text[:start]), cells(text[:end])))
            begin += len(text) + 1
        yield tuple(stretches)
        at = whole.find(wanted, at + len(wanted))

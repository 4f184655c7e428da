"""Side by side: which deleted line stands beside which added one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from agents.review.emphasis import emphasize
from agents.review.model import ADD, DELETE, NO_NEWLINE, Lines
from widgets.diff.same import RUN


def side_by_side(
    lines: Lines, order: Iterable[int], twins: dict[int, int], *, exact: bool
) -> tuple[list[int], dict[int, int]]:
    """The lines of a hunk as rows of two sides.

    Args:
        order: line indexes as they are shown one below the other.
        twins: lines shown as unchanged although they are added ones.
        exact: pair lines that are like each other, as their emphasis does; else the first with the first, which costs
            nothing however large the change is.

    Returns:
        For each row the index of the line on its new side (or on the old one, where the new one is empty), and for
        rows that have both the deleted line of each added one.
    """
    if isinstance(order, range) and not twins:
        return _whole_hunk(lines, order, exact=exact)
    rows: list[int] = []
    pairs: dict[int, int] = {}
    deleted: list[int] = []
    added: list[int] = []
    ends: list[int] = []
    for index in order:
        kind = lines.kind[index] if index not in twins else 0
        if kind == NO_NEWLINE:  # it stands between the deleted and the added lines of a run and does not part them
            ends.append(index)
            continue
        if kind not in (ADD, DELETE) or (kind == DELETE and added):
            _take(lines, deleted, added, rows, pairs, exact)
            rows += ends
            ends.clear()
        if kind == DELETE:
            deleted.append(index)
        elif kind == ADD:
            added.append(index)
        else:
            rows.append(index)
    _take(lines, deleted, added, rows, pairs, exact)
    return rows + ends, pairs


def _whole_hunk(lines: Lines, hunk: range, *, exact: bool) -> tuple[list[int], dict[int, int]]:
    """The same for a hunk whose lines are all shown in their order: context is not looked at line by line."""
    rows: list[int] = []
    pairs: dict[int, int] = {}
    at = hunk.start
    for run in RUN.finditer(lines.kind, hunk.start, hunk.stop):
        rows += range(at, run.start())
        inside = range(run.start(), run.end())
        deleted = [index for index in inside if lines.kind[index] == DELETE]
        added = [index for index in inside if lines.kind[index] == ADD]
        _take(lines, deleted, added, rows, pairs, exact)
        rows += [index for index in inside if lines.kind[index] == NO_NEWLINE]
        at = run.end()
    rows += range(at, hunk.stop)
    return rows, pairs


def _take(
    lines: Lines, deleted: list[int], added: list[int], rows: list[int], pairs: dict[int, int], exact: bool
) -> None:
    """Put a run of changes into rows, and empty it."""
    for old, new in _beside(lines, deleted, added, exact):
        if old is not None and new is not None:
            pairs[new] = old
        chosen = new if new is not None else old
        assert chosen is not None
        rows.append(chosen)
    deleted.clear()
    added.clear()


def _beside(
    lines: Lines, deleted: Sequence[int], added: Sequence[int], exact: bool
) -> list[tuple[int | None, int | None]]:
    if not deleted or not added:
        return [(index, None) for index in deleted] + [(None, index) for index in added]
    if exact:
        found = emphasize([lines.text(index) for index in deleted], [lines.text(index) for index in added]).pairs
        one_by_one = [
            (None if old is None else deleted[old], None if new is None else added[new]) for old, new in found
        ]
        return _closed_up(one_by_one)
    return list(zip_longest(deleted, added))


def _closed_up(pairs: Sequence[tuple[int | None, int | None]]) -> list[tuple[int | None, int | None]]:
    """Lines without a partner share rows where nothing stands between them: less blank space to scroll through."""
    rows: list[tuple[int | None, int | None]] = []
    olds: list[int] = []
    news: list[int] = []

    def flush() -> None:
        size = max(len(olds), len(news))
        for at in range(size):
            rows.append((olds[at] if at < len(olds) else None, news[at] if at < len(news) else None))
        olds.clear()
        news.clear()

    for old, new in pairs:
        if old is not None and new is not None:
            flush()
            rows.append((old, new))
        elif old is not None:
            olds.append(old)
        elif new is not None:
            news.append(new)
    flush()
    return rows

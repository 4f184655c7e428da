"""How one line became another: the edit path between two lists of tokens.

The table is Needleman and Wunsch's with insertions and deletions at 2, no substitutions, and 1 more where a run of
edits begins, which keeps edits together. That extra is decided from the operation stored in the parent cell, so the
path is the one delta draws, not always the cheapest one. Ties prefer insertion, then deletion; read backwards, so that
in a run the deletions come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

KEEP: Final = 0
DELETED: Final = 1
INSERTED: Final = 2

_STEP, _BEGIN = 2, 1


def align(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Runs of ``(operation, count)`` that turn ``old`` into ``new``, in reading order.

    A common beginning is taken off first: it never changes the path (unlike a common end).
    """
    same = 0
    limit = min(len(old), len(new))
    while same < limit and old[same] == new[same]:
        same += 1
    return _runs([KEEP] * same + _path(old[same:], new[same:]))


def _runs(operations: Sequence[int]) -> list[tuple[int, int]]:
    return [(operation, len(list(run))) for operation, run in groupby(operations)]


def _path(old: Sequence[str], new: Sequence[str]) -> list[int]:
    rows = _table(old, new)
    row, column = len(new), len(old)
    width = len(old) + 1
    operations = []
    while row or column:
        operation = rows[row * width + column]
        operations.append(operation)
        row -= operation != DELETED
        column -= operation != INSERTED
    operations.reverse()
    return operations


def _table(old: Sequence[str], new: Sequence[str]) -> bytearray:
    """The operation of every cell, row by row; rows are the tokens of ``new``.

    ``leave`` holds for each column what the cell above costs and an edit after it: the same 2 after an edit, and 3
    after a kept token. A cell that is reached by an edit is then two comparisons.
    """
    size = len(old)
    leave = [_STEP + _BEGIN, *(_STEP * (index + 1) + _BEGIN for index in range(1, size + 1))]
    operations = bytearray((KEEP, *[DELETED] * size))
    table = bytearray(operations)
    known = set(old)
    columns = range(1, size + 1)
    for row, token in enumerate(new, 1):
        before, operations = operations, bytearray(operations)
        diagonal, left = leave[0], _STEP * (row + 1) + _BEGIN
        leave[0], operations[0] = left, INSERTED
        if token not in known:
            for column in columns:
                up = leave[column]
                if left < up:
                    left += _STEP
                    operations[column] = DELETED
                else:
                    left = up + _STEP
                    operations[column] = INSERTED
                leave[column] = left
        else:
            for column in columns:
                up = leave[column]
                best, operation = (left, DELETED) if left < up else (up, INSERTED)
                if token == old[column - 1]:
                    kept = diagonal - (_STEP if before[column - 1] else _STEP + _BEGIN)
                    if kept < best:
                        best, operation = kept + _BEGIN, KEEP
                diagonal = up
                leave[column] = left = best + _STEP
                operations[column] = operation
        table += operations
    return table


def few_edits(old: Sequence[str], new: Sequence[str], most: int) -> list[tuple[int, int]] | None:
    """The same by the least edits whatever their places (Myers): what it costs grows with the edits, not with the
    product of the lengths. None when more than ``most`` are needed."""
    furthest = {1: 0}
    passed: list[dict[int, int]] = []
    for edits in range(most + 1):
        passed.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            row = _row(furthest, diagonal, edits)
            column = row - diagonal
            while row < len(old) and column < len(new) and old[row] == new[column]:
                row, column = row + 1, column + 1
            furthest[diagonal] = row
            if row >= len(old) and column >= len(new):
                return _runs(_way_back(passed, len(old), len(new)))
    return None


def _inserts(furthest: dict[int, int], diagonal: int, edits: int) -> bool:
    """Whether a diagonal is entered by an insertion, the last of so many edits; else it is by a deletion."""
    return diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])


def _row(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """How many old tokens are passed where a diagonal is entered."""
    return furthest[diagonal + 1] if _inserts(furthest, diagonal, edits) else furthest[diagonal - 1] + 1


def _way_back(passed: Sequence[dict[int, int]], row: int, column: int) -> list[int]:
    operations: list[int] = []
    for edits in range(len(passed) - 1, 0, -1):
        furthest, diagonal = passed[edits], row - column
        begin = _row(furthest, diagonal, edits)
        operations += [KEEP] * (row - begin)
        inserted = _inserts(furthest, diagonal, edits)
        operations.append(INSERTED if inserted else DELETED)
        row, column = (begin, begin - diagonal - 1) if inserted else (begin - 1, begin - diagonal)
    operations += [KEEP] * row
    operations.reverse()
    return operations

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
    operations = [KEEP] * same + _path(old[same:], new[same:])
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
    """The operation of every cell, row by row; rows are the tokens of ``new``."""
    costs = [0, *(_STEP * index + _BEGIN for index in range(1, len(old) + 1))]
    operations = [KEEP, *[DELETED] * len(old)]
    table = bytearray(operations)
    for row, token in enumerate(new, 1):
        diagonal = costs[0]
        left_cost, left = _STEP * row + _BEGIN, INSERTED
        costs[0], operations[0] = left_cost, left
        for column, other in enumerate(old, 1):
            up_cost = costs[column]
            best = up_cost + 2 if operations[column] else up_cost + 3
            deletion = left_cost + 2 if left else left_cost + 3
            left = INSERTED
            if deletion < best:
                best, left = deletion, DELETED
            if token == other and diagonal < best:
                best, left = diagonal, KEEP
            diagonal = up_cost
            costs[column] = left_cost = best
            operations[column] = left
        table += bytes(operations)
    return table

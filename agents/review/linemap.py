"""Which line of one text is which line of another: a diff of two blobs, without git.

Patience: lines that occur once on both sides hold the texts together, and what lies between is compared in the same
way, at the end by longest common runs. Equal lines are equal bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_GAP_CELLS = 1_000_000
"""A gap without unique lines larger than this (old lines times new lines) is taken as replaced."""


@dataclass(frozen=True, slots=True)
class LineMap:
    """Where the lines of the old text went; numbers count from 1."""

    runs: tuple[tuple[int, int, int], ...]
    """(first old line, first new line, count) of equal lines, in order on both sides."""
    old_lines: int
    new_lines: int

    def new_number(self, old: int) -> int | None:
        """The number in the new text of a line of the old one; None when it is not there any more."""
        index = bisect_left(self.runs, (old + 1,)) - 1
        if index < 0:
            return None
        first, target, count = self.runs[index]
        return target + old - first if old < first + count else None

    def gap(self, start: int, end: int) -> tuple[int, int]:
        """What stands in the new text where lines ``start`` to ``end`` stood: the first and the last line between the
        nearest kept lines around them; the first is one past the last when nothing stands there."""
        before = next((new for old in range(start - 1, 0, -1) if (new := self.new_number(old)) is not None), 0)
        after = next(
            (new for old in range(end + 1, self.old_lines + 1) if (new := self.new_number(old)) is not None),
            self.new_lines + 1,
        )
        return before + 1, after - 1


def split_lines(data: bytes) -> list[bytes]:
    """The lines of a blob, without line feeds; a final line feed ends the last line and begins no other."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def map_lines(old: Sequence[bytes], new: Sequence[bytes]) -> LineMap:
    """Compare two texts already cut into lines."""
    pairs: list[tuple[int, int, int]] = []
    work = [(0, len(old), 0, len(new))]
    while work:
        a, b, c, d = work.pop()
        while a < b and c < d and old[a] == new[c]:
            pairs.append((a, c, 1))
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
            pairs.append((b, d, 1))
        if a == b or c == d:
            continue
        anchors = _unique(old, a, b, new, c, d)
        if anchors:
            for one, other in anchors:
                work.append((a, one, c, other))
                pairs.append((one, other, 1))
                a, c = one + 1, other + 1
            work.append((a, b, c, d))
        elif (b - a) * (d - c) <= _GAP_CELLS:
            blocks = SequenceMatcher(None, old[a:b], new[c:d], autojunk=False).get_matching_blocks()
            pairs += [(a + block.a, c + block.b, block.size) for block in blocks if block.size]
    return LineMap(_merged(sorted(pairs)), len(old), len(new))


def _unique(old: Sequence[bytes], a: int, b: int, new: Sequence[bytes], c: int, d: int) -> list[tuple[int, int]]:
    """The longest row of lines that are unique in both ranges and stand in the same order."""
    old_counts, new_counts = Counter(old[a:b]), Counter(new[c:d])
    targets = {new[index]: index for index in range(c, d) if new_counts[new[index]] == 1}
    pairs = [
        (index, targets[old[index]]) for index in range(a, b) if old_counts[old[index]] == 1 and old[index] in targets
    ]
    tails: list[int] = []
    tail_indexes: list[int] = []
    previous: list[int] = []
    for index, (_, target) in enumerate(pairs):
        place = bisect_left(tails, target)
        previous.append(tail_indexes[place - 1] if place else -1)
        tails[place : place + 1] = [target]
        tail_indexes[place : place + 1] = [index]
    row: list[tuple[int, int]] = []
    index = tail_indexes[-1] if tail_indexes else -1
    while index >= 0:
        row.append(pairs[index])
        index = previous[index]
    return row[::-1]


def _merged(pairs: list[tuple[int, int, int]]) -> tuple[tuple[int, int, int], ...]:
    """Neighbouring pairs as runs, with numbers from 1."""
    runs: list[tuple[int, int, int]] = []
    for old, new, count in pairs:
        if runs and runs[-1][0] + runs[-1][2] == old + 1 and runs[-1][1] + runs[-1][2] == new + 1:
            runs[-1] = (runs[-1][0], runs[-1][1], runs[-1][2] + count)
        else:
            runs.append((old + 1, new + 1, count))
    return tuple(runs)

"""Which changed lines of a hunk differ in white space only, and in what order a hunk's lines are then shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from agents.review.model import ADD, CONTEXT, Hunk, Lines

RUN = re.compile(rb"\x02[\x02\x03]*(?:\x01[\x01\x03]*)?|[\x01\x03]+")
"""Deleted lines with the added lines that follow them, or either alone, in the kinds of a hunk's lines."""
_REPLACEMENT = re.compile(rb"\x02++\x01++(?!\x03)")
"""Deleted and added lines; a line feed missing at the end of the file on one side is a change that counts."""
_SPACE = b" \t\r\v\f"
_COMPARISONS = 250_000
"""Pairs of lines compared in one run; beyond it only runs of equal length are looked at, pair by pair."""


def without_space_changes(lines: Lines, hunk: Hunk) -> tuple[list[int], dict[int, int]] | None:
    """The lines of a hunk to show when changes of white space do not count.

    Returns:
        The line indexes in the order to show them, and for each added line among them that differs from a deleted
        line in white space only, that deleted line (which is left out). None when the hunk has no such lines.
    """
    order: list[int] = []
    twins: dict[int, int] = {}
    at = hunk.first
    bare: list[bytes] = []
    for run in _REPLACEMENT.finditer(lines.kind, hunk.first, hunk.last):
        bare = bare or _without_space(lines, hunk)
        pairs = _space_pairs(lines, bare, run.start(), run.end(), hunk.first)
        if pairs:
            order += [*range(at, run.start()), *_merged(lines, run.start(), run.end(), pairs)]
            twins.update((added, deleted) for deleted, added in pairs)
            at = run.end()
    if not twins:
        return None
    return [*order, *range(at, hunk.last)], twins


def changes_anything(lines: Lines, order: Sequence[int], twins: dict[int, int]) -> bool:
    """Whether something of a hunk remains when lines that differ in white space only count as unchanged."""
    return any(lines.kind[index] != CONTEXT and index not in twins for index in order)


def _without_space(lines: Lines, hunk: Hunk) -> list[bytes]:
    """The lines of a hunk without their white space; changed ones with their mark."""
    data, start, end = lines.data, lines.start, lines.end
    # All at once: line by line it would be most of what opening a large change costs.
    bare = data[start[hunk.first] - 1 : end[hunk.last - 1]].translate(None, _SPACE).split(b"\n")
    if len(bare) == len(hunk.indexes):
        return bare
    return [data[start[index] - 1 : end[index]].translate(None, _SPACE) for index in hunk.indexes]


def _space_pairs(lines: Lines, bare: Sequence[bytes], first: int, last: int, offset: int) -> list[tuple[int, int]]:
    """Deleted and added lines of a run that are equal but for white space, in order, never crossing."""
    if last - first == 2:
        return [(first, first + 1)] if bare[first - offset][1:] == bare[first + 1 - offset][1:] else []
    middle = lines.kind.index(ADD, first, last)
    deleted = [line[1:] for line in bare[first - offset : middle - offset]]
    added = [line[1:] for line in bare[middle - offset : last - offset]]
    if set(deleted).isdisjoint(added):
        return []  # nearly always: it costs a look at each line
    return [(first + old, middle + new) for old, new in _matches(deleted, added)]


def _matches(deleted: Sequence[bytes], added: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    if len(deleted) == len(added) and list(deleted) == list(added):
        yield from ((index, index) for index in range(len(deleted)))
    elif len(deleted) * len(added) <= _COMPARISONS:
        for old, new, count in SequenceMatcher(None, deleted, added, autojunk=False).get_matching_blocks():
            yield from ((old + step, new + step) for step in range(count) if deleted[old + step])
    elif len(deleted) == len(added):
        yield from (
            (index, index) for index, (old, new) in enumerate(zip(deleted, added, strict=True)) if old and old == new
        )


def _merged(lines: Lines, first: int, last: int, pairs: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The run with each pair as one line, and what is changed before it in front of it."""
    old, new = first, lines.kind.index(ADD, first, last)
    middle = new
    for deleted, added in pairs:
        yield from range(old, deleted)
        yield from range(new, added + 1)
        old, new = deleted + 1, added + 1
    yield from range(old, middle)
    yield from range(new, last)

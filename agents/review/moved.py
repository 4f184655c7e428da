"""Changes that change little: blocks of lines that only moved, and lines of which only white space differs.

Found here rather than taken from git's colours, so that a moved block keeps its syntax and its emphasis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from agents.review.model import ADD, DELETE, DiffSet, FileDiff

LEAST_LINES = 3
LEAST_CHARACTERS = 20
"""A block is called moved from so many lines, or so many letters and digits in it, both at least."""
_COMMON = 40
"""Lines that occur more often in a change (braces, blanks) do not begin a block."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A block that was deleted in one place and added in another. Line indexes, the last one not included."""

    old_file: int
    """Index in ``DiffSet.files``."""
    old_first: int
    old_last: int
    new_file: int
    new_first: int
    new_last: int
    same_indent: bool
    """False when only its indentation differs."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines of one kind without another between them."""

    file: int
    first: int
    texts: tuple[bytes, ...]
    """Stripped of white space at both ends."""


def moved_blocks(diff: DiffSet) -> list[Moved]:
    """The moved blocks of a change, over all its files, in the order they were added; none overlaps another."""
    deleted = [run for index, file in enumerate(diff.files) for run in _runs(index, file, DELETE)]
    places: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for number, run in enumerate(deleted):
        for offset, text in enumerate(run.texts):
            if text:
                places[text].append((number, offset))
    taken: set[tuple[int, int]] = set()
    found: list[Moved] = []
    for index, file in enumerate(diff.files):
        for run in _runs(index, file, ADD):
            offset = done = 0
            while offset < len(run.texts):
                source, length = _longest(run, offset, deleted, places, taken)
                if not length:
                    offset += 1
                    continue
                number, old_offset = source
                blanks = _blanks_before(run.texts[done:offset], deleted[number].texts[:old_offset])
                while blanks and (number, old_offset - blanks) in taken:
                    blanks -= 1
                offset, old_offset, length = offset - blanks, old_offset - blanks, length + blanks
                taken.update((number, old_offset + step) for step in range(length))
                found.append(_block(diff, deleted[number], old_offset, run, offset, length))
                offset = done = offset + length
    return found


def _longest(
    run: _Run,
    offset: int,
    deleted: list[_Run],
    places: dict[bytes, list[tuple[int, int]]],
    taken: set[tuple[int, int]],
) -> tuple[tuple[int, int], int]:
    """Where the longest block that begins here comes from, and its length; 0 when there is none worth the name."""
    best, best_length = (0, 0), 0
    candidates = places.get(run.texts[offset], ())
    if len(candidates) > _COMMON:
        return best, 0
    for number, old_offset in candidates:
        old = deleted[number].texts
        length = 0
        limit = min(len(old) - old_offset, len(run.texts) - offset)
        while (
            length < limit
            and old[old_offset + length] == run.texts[offset + length]
            and (number, old_offset + length) not in taken
        ):
            length += 1
        if length > best_length:
            best, best_length = (number, old_offset), length
    block = run.texts[offset : offset + best_length]
    while block and not block[-1]:  # blanks at its end come along, but do not make a block
        block = block[:-1]
    letters = sum(bytes((byte,)).isalnum() for text in block for byte in text[: LEAST_CHARACTERS * 4])
    return best, best_length if len(block) >= LEAST_LINES and letters >= LEAST_CHARACTERS else 0


def _blanks_before(new: Sequence[bytes], old: Sequence[bytes]) -> int:
    """How many blank lines in front of a block moved with it."""
    return sum(1 for _ in takewhile(lambda pair: not any(pair), zip(reversed(new), reversed(old), strict=False)))


def _block(diff: DiffSet, old: _Run, old_offset: int, new: _Run, new_offset: int, length: int) -> Moved:
    old_first, new_first = old.first + old_offset, new.first + new_offset
    old_lines, new_lines = diff.files[old.file].lines, diff.files[new.file].lines
    same = all(old_lines.raw(old_first + step) == new_lines.raw(new_first + step) for step in range(length))
    return Moved(old.file, old_first, old_first + length, new.file, new_first, new_first + length, same)


def _runs(index: int, file: FileDiff, kind: int) -> list[_Run]:
    runs: list[_Run] = []
    kinds, position = file.lines.kind, 0
    while (first := kinds.find(kind, position)) >= 0:
        position = first
        while position < len(kinds) and kinds[position] == kind:
            position += 1
        runs.append(_Run(index, first, tuple(file.lines.raw(line).strip() for line in range(first, position))))
    return runs

"""Blocks of lines that are folded into one row because they only moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agents.escape import escape_name
from agents.review.model import DiffSet
from agents.review.moved import moved_blocks

MOVED_LINES = 10_000
"""Changed lines up to which moved blocks are looked for: beyond it, it would take seconds."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Lines of a file that one row stands for. Line indexes, the last one not included."""

    first: int
    last: int
    text: str

    @property
    def indexes(self) -> range:
        """The indexes of its lines."""
        return range(self.first, self.last)


def moved_folds(diff: DiffSet) -> dict[bytes, tuple[Fold, ...]]:
    """The blocks that only moved, of each file, in the order of their lines; where the other end is stands in words."""
    if diff.additions + diff.deletions > MOVED_LINES:
        return {}
    found: dict[bytes, list[Fold]] = {}
    for moved in moved_blocks(diff):
        old, new = diff.files[moved.old_file], diff.files[moved.new_file]
        differs = "" if moved.same_indent else ", indented differently"
        size = moved.new_last - moved.new_first
        origin = f"{escape_name(old.path)}:{old.lines.old[moved.old_first]}"
        target = f"{escape_name(new.path)}:{new.lines.new[moved.new_first]}"
        found.setdefault(old.path, []).append(
            Fold(moved.old_first, moved.old_last, f"− {size} lines moved to {target}{differs}")
        )
        found.setdefault(new.path, []).append(
            Fold(moved.new_first, moved.new_last, f"+ {size} lines moved here from {origin}{differs}")
        )
    return {path: tuple(sorted(folds, key=lambda fold: fold.first)) for path, folds in found.items()}


def pieces(order: Sequence[int], folds: Sequence[Fold]) -> Iterator[tuple[Sequence[int], int]]:
    """The lines of a hunk cut at its folds: lines to show, and the index of the fold that follows them (-1: none)."""
    shown: list[int] = []
    at = -1
    for index in order:
        inside = next((number for number, fold in enumerate(folds) if index in fold.indexes), -1)
        if inside < 0:
            shown.append(index)
            at = -1
        elif inside != at:
            yield shown, inside
            shown, at = [], inside
    yield shown, -1


def without(folds: Iterable[Fold], lines: Iterable[int]) -> tuple[Fold, ...]:
    """The folds that hold none of these lines: what something is said about is not folded away."""
    wanted = tuple(lines)
    return tuple(fold for fold in folds if not any(line in fold.indexes for line in wanted))

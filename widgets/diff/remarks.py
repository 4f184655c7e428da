"""What is said about a file beside its lines: what was reviewed, what to look at first, what nobody asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agents.review.marks import FileMarks
from agents.review.model import FileDiff
from agents.review.warnings import Warned


@dataclass(frozen=True, slots=True)
class Remarks:
    """About one file. Hunks are named by their first line index."""

    is_reviewed: bool = False
    reviewed_hunks: frozenset[int] = frozenset()
    unasked_hunks: frozenset[int] = frozenset()
    staged_hunks: frozenset[int] = frozenset()
    warnings: tuple[Warned, ...] = ()
    warned_lines: Mapping[int, Warned] = field(default_factory=dict)
    """The first warning of each line that has one."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the warnings are called, each once, the most pressing first."""
        return tuple(dict.fromkeys(warning.name for warning in self.warnings))


NO_REMARKS = Remarks()


def remarks_on(
    file: FileDiff,
    marks: FileMarks,
    reviewed: Collection[str],
    warnings: Sequence[Warned] = (),
    unasked: Iterable[tuple[int, int]] = (),
    staged: Collection[str] = (),
) -> Remarks:
    """The remarks on a file.

    Args:
        reviewed: the marks of what was looked at.
        unasked: ranges of lines of the new side that nobody asked for.
        staged: the marks of what is in the index.
    """
    ranges = tuple(unasked)
    lines: dict[int, Warned] = {}
    for warning in warnings:
        if warning.line >= 0:
            lines.setdefault(warning.line, warning)
    return Remarks(
        is_reviewed=bool(marks.all) and marks.is_reviewed(reviewed),
        reviewed_hunks=_covered(file, marks, reviewed),
        staged_hunks=_covered(file, marks, staged),
        unasked_hunks=frozenset(
            hunk.first
            for hunk in file.hunks
            if any(hunk.new_start <= last and first < hunk.new_start + max(1, hunk.new_count) for first, last in ranges)
        ),
        warnings=tuple(warnings),
        warned_lines=lines,
    )


def _covered(file: FileDiff, marks: FileMarks, known: Collection[str]) -> frozenset[int]:
    """The hunks all of whose marks are known."""
    if not known:
        return frozenset()
    return frozenset(
        hunk.first for hunk in file.hunks if (own := marks.of_hunk(hunk)) and all(mark in known for mark in own)
    )

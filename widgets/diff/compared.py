"""Which words of changed lines differ, and what is shown of lines that are too long to be shown whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import sub

from agents.review.emphasis import Ranges, emphasize
from agents.review.long_lines import LINE_LIMIT, Parts, parts_to_show
from agents.review.model import ADD, DELETE, FileDiff, Lines
from widgets.diff.same import RUN

_LONG_BYTES = 4_000_000
"""So much of a file's long lines is compared before anything is shown; what follows is shown from its beginning."""


def compare_run(file: FileDiff, start: int, limit: int, left_out: Collection[int] = ()) -> dict[int, Ranges]:
    """The changed parts of the lines of a run, by their index.

    Args:
        start: the index of its first line.
        limit: the end of its hunk.
        left_out: lines that are shown as unchanged.
    """
    run = RUN.match(file.lines.kind, start, limit)
    inside = range(start, run.end() if run else start)
    deleted = [index for index in inside if file.lines.kind[index] == DELETE and index not in left_out]
    added = [index for index in inside if file.lines.kind[index] == ADD and index not in left_out]
    if not deleted or not added:
        return {}
    text = file.lines.text
    found = emphasize([text(index) for index in deleted], [text(index) for index in added])
    return dict(zip(deleted, found.deleted, strict=True)) | dict(zip(added, found.added, strict=True))


def long_parts(file: FileDiff) -> dict[int, Parts]:
    """What to show of the changed lines that are too long to be shown whole, by their index: what differs in them."""
    if file.is_combined or not file.additions or not file.deletions:
        return {}
    lines, left = file.lines, _LONG_BYTES
    found: dict[int, Parts] = {}
    for hunk in file.hunks:
        if not _has_long(lines, hunk.first, hunk.last):
            continue
        for run in RUN.finditer(lines.kind, hunk.first, hunk.last):
            if not _has_long(lines, run.start(), run.end()):
                continue
            left -= lines.end[run.end() - 1] - lines.start[run.start()]
            if left < 0:
                return found
            for index, changed in compare_run(file, run.start(), hunk.last).items():
                length = len(lines.text(index))
                if changed and length > LINE_LIMIT:
                    found[index] = parts_to_show(length, changed)
    return found


def _has_long(lines: Lines, first: int, last: int) -> bool:
    """Whether one of these lines may be too long; all at once, because most changes have none."""
    if lines.end[last - 1] - lines.start[first] <= LINE_LIMIT:
        return False
    sizes: Iterable[int] = map(sub, lines.end[first:last], lines.start[first:last])
    return max(sizes) > LINE_LIMIT


class LongLines:
    """What is shown of long lines, by file; worked out once, when it is asked for."""

    def __init__(self) -> None:
        self._of: dict[bytes, dict[int, Parts]] = {}

    def of(self, file: FileDiff) -> dict[int, Parts]:
        """The parts of a file's lines; see :func:`long_parts`."""
        if file.path not in self._of:
            self._of[file.path] = long_parts(file)
        return self._of[file.path]

    def forget(self) -> None:
        """Other files are shown."""
        self._of.clear()

"""What became of the lines of a comment, from the difference between the tree it was written on and the tree now.

Evidence, never a verdict: an edit near a comment does not settle it, and only the person says what does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from agents.parts.review import Comment
from agents.review.linemap import LineMap
from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, DiffSet, FileDiff, Hunk

NEAR_LINES = 10
"""A hunk so near to a commented line was asked for."""
SNIPPET_LINES = 30
"""Lines of a snippet; what is more is left out."""
_ENDLESS = 1 << 40
"""Lines after the last hunk: how many there are is not known."""

Touched = Literal["lines", "file", "nothing"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a round changed about one comment."""

    touched: Touched
    """The commented lines changed; only their file did; neither did."""
    before: tuple[str, ...] = ()
    """The commented lines as they were, with what was changed around them; without marks."""
    after: tuple[str, ...] = ()
    """The same place as it is now."""

    @property
    def words(self) -> str:
        """For people."""
        return {
            "lines": "its lines changed",
            "file": "its lines did not change, other lines of the file did",
            "nothing": "nothing changed in this file",
        }[self.touched]


def evidence_for(comment: Comment, since: DiffSet) -> Evidence:
    """What changed about a comment.

    Args:
        since: the difference from the tree the comment was written on (its ``head_tree``) to the tree now; with the
            comment carried, when that tree is (:func:`carried_comment`).
    """
    if comment.target == "change":
        return Evidence("lines" if since.files else "nothing")
    file = file_named(since, comment.path)
    if file is None:
        return Evidence("nothing")
    if comment.target == "file" or not comment.start:
        return Evidence("lines")
    if comment.side == "old":
        return _of_deleted_lines(comment, file)
    hunks = [hunk for hunk in file.hunks if _touches(file, hunk, comment.start, comment.end)]
    if file.status == "deleted" or hunks:
        before, after = _snippets(file, hunks)
        return Evidence("lines", before, after)
    return Evidence("file")


def unasked_hunks(since: DiffSet, comments: Iterable[Comment]) -> list[tuple[FileDiff, Hunk]]:
    """Hunks of a round that are near no comment of it: nobody asked for them.

    Args:
        since: the difference from the tree the comments were written on to the tree now.
        comments: those of the round. A comment on a file asks for all of it; one on the whole change for everything; a
            comment on deleted lines stands at no line of the tree it was written on, so that it asks for its file.
    """
    asked = [comment for comment in comments if comment.kind not in ("note", "do-not-touch")]
    if not asked or any(comment.target == "change" for comment in asked):
        return []
    found = []
    for file in since.files:
        here = [comment for comment in asked if comment.path in (file.old_path, file.new_path)]
        if any(comment.target == "file" or not comment.start or comment.side == "old" for comment in here):
            continue
        ranges = [(comment.start - NEAR_LINES, comment.end + NEAR_LINES) for comment in here]
        for hunk in file.hunks:
            first, last = _old_extent(file, hunk)
            if not any(start <= last and first <= end for start, end in ranges):
                found.append((file, hunk))
    return found


def carried_comment(comment: Comment, others: DiffSet) -> Comment:
    """A comment as it stands in the tree it was written on when that is carried to another base.

    Args:
        others: the difference from the one to the other: what others did.
    """
    file = file_named(others, comment.path)
    if file is None or file.old_path != comment.path or not file.new_path:
        return comment
    if not comment.start or comment.side == "old":
        return msgspec.structs.replace(comment, path=file.new_path)
    lines = _line_map(file)
    kept = [number for old in range(comment.start, comment.end + 1) if (number := lines.new_number(old)) is not None]
    start, end = (kept[0], kept[-1]) if kept else lines.gap(comment.start, comment.end)
    return msgspec.structs.replace(comment, path=file.new_path, start=start, end=end)


def _line_map(file: FileDiff) -> LineMap:
    """Where the lines of a file's old side are on its new one, as its hunks say."""
    lines, runs = file.lines, []
    old = new = 1
    for hunk in file.hunks:
        between = hunk.old_start - old + (not hunk.old_count)
        runs.append((old, new, between))
        runs += [(lines.old[index], lines.new[index], 1) for index in lines.of_kind(hunk.indexes, CONTEXT)]
        old, new = old + between + hunk.old_count, new + between + hunk.new_count
    return LineMap((*(run for run in runs if run[2]), (old, new, _ENDLESS)), old + _ENDLESS, new + _ENDLESS)


def new_lines(file: FileDiff, hunk: Hunk) -> tuple[int, int]:
    """The first and last line of the new side that a hunk changed; where lines were only deleted, the ones around."""
    lines = file.lines
    if added := lines.of_kind(hunk.indexes, ADD):
        return lines.new[added[0]], lines.new[added[-1]]
    (first, *_) = lines.of_kind(hunk.indexes, DELETE)
    at = lines.new[first - 1] if first > hunk.first else hunk.new_start
    return at, at + 1


def file_named(diff: DiffSet, path: bytes) -> FileDiff | None:
    """The file of a diff that has, or had, this name."""
    return next((file for file in diff.files if path and path in (file.old_path, file.new_path)), None)


def _touches(file: FileDiff, hunk: Hunk, start: int, end: int) -> bool:
    """Whether a hunk changed any of these old lines, or put something between or right beside a replaced one."""
    lines = file.lines
    before = hunk.old_start - 1 if hunk.old_count else hunk.old_start
    for index in hunk.indexes:
        kind = lines.kind[index]
        if kind == DELETE and start <= lines.old[index] <= end:
            return True
        if kind == ADD and start <= before < end:
            return True
        if kind in (CONTEXT, DELETE):
            before = lines.old[index]
    return False


def _old_extent(file: FileDiff, hunk: Hunk) -> tuple[int, int]:
    """First and last old line that a hunk changed; where lines were only added, the line before them."""
    lines = file.lines
    if deleted := lines.of_kind(hunk.indexes, DELETE):
        return lines.old[deleted[0]], lines.old[deleted[-1]]
    (first, *_) = lines.of_kind(hunk.indexes, ADD)
    before = hunk.old_start - 1 if hunk.old_count else hunk.old_start
    at = lines.old[first - 1] if first > hunk.first else before
    return at, at


def _snippets(file: FileDiff, hunks: Sequence[Hunk]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    before, after = [], []
    for hunk in hunks:
        for index in hunk.indexes:
            kind = file.lines.kind[index]
            if kind == NO_NEWLINE:
                continue
            if kind != ADD:
                before.append(file.lines.text(index))
            if kind != DELETE:
                after.append(file.lines.text(index))
    return tuple(before[:SNIPPET_LINES]), tuple(after[:SNIPPET_LINES])


def _of_deleted_lines(comment: Comment, file: FileDiff) -> Evidence:
    """A comment on lines the change had deleted: the round touched them when it brought one of them back."""
    deleted = {line[1:].strip() for line in comment.quote if line[:1] == "-"} - {""}
    for hunk in file.hunks:
        for index in hunk.indexes:
            if file.lines.kind[index] == ADD and file.lines.text(index).strip() in deleted:
                before, after = _snippets(file, [hunk])
                return Evidence("lines", before, after)
    return Evidence("file")

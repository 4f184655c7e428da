"""More lines around the hunks of a file, taken from its content: a diff is cut with three, a reader may want more."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import replace

from agents.review.linemap import split_lines
from agents.review.model import CONTEXT, NO_NEWLINE, FileDiff, Hunk, Lines

EVERYTHING = 1_000_000_000
"""More lines than any file has."""
_MARKS = (b" ", b"+", b"-", b"\\")


def with_context(file: FileDiff, content: bytes, more: Mapping[int, int]) -> FileDiff:
    """The same change with more context; hunks that meet become one.

    Args:
        content: the new side of the file (the old one of a deleted file has nothing around its hunk).
        more: lines to add above and below a hunk, by the hunk's index; hunks without an entry stay as they are.
    """
    if file.is_combined or file.is_binary or not file.new_path or not file.hunks:
        return file
    text = split_lines(content)
    made = _Lines()
    hunks: list[Hunk] = []
    for number, hunk in enumerate(file.hunks):
        shift = hunk.old_start - hunk.new_start + (not hunk.old_count) - (not hunk.new_count)
        first_new = hunk.new_start + (not hunk.new_count)
        wanted = more.get(number, 0)
        above = max(first_new - wanted, made.next_new, 1)
        joins = bool(hunks) and above == made.next_new
        start = len(made.kind)
        for new in range(above, first_new):
            made.add(CONTEXT, text[new - 1], new + shift, new)
        for index in hunk.indexes:
            made.add(file.lines.kind[index], file.lines.raw(index), file.lines.old[index], file.lines.new[index])
        made.next_new = first_new + hunk.new_count
        after = hunk.old_start + hunk.old_count + (not hunk.old_count) - made.next_new
        below = min(made.next_new + wanted, _next_start(file, number), len(text) + 1)
        for new in range(made.next_new, below):
            made.add(CONTEXT, text[new - 1], new + after, new)
        if made.next_new < below == len(text) + 1 and not content.endswith(b"\n"):
            made.add(NO_NEWLINE, b" No newline at end of file", 0, 0)
        made.next_new = below
        made.close(hunks, start, hunk.section, joins=joins)
    return replace(file, hunks=tuple(hunks), lines=made.done())


def _next_start(file: FileDiff, number: int) -> int:
    """The new line at which the following hunk starts; beyond everything after the last one."""
    if number + 1 >= len(file.hunks):
        return EVERYTHING
    following = file.hunks[number + 1]
    return following.new_start + (not following.new_count)


class _Lines:
    """Lines being put together over a text of their own."""

    def __init__(self) -> None:
        self.next_new = 1
        """The new line after the last one taken."""
        self.kind = bytearray()
        self._data = bytearray()
        self._columns = tuple(array("I") for _ in range(4))

    def add(self, kind: int, raw: bytes, old: int, new: int) -> None:
        """Append a line."""
        start, end, olds, news = self._columns
        self._data += _MARKS[kind]
        start.append(len(self._data))
        self._data += raw
        end.append(len(self._data))
        self._data += b"\n"
        self.kind.append(kind)
        olds.append(old)
        news.append(new)

    def close(self, hunks: list[Hunk], start: int, section: str, *, joins: bool) -> None:
        """Make a hunk of the lines since ``start``, or put them to the one before."""
        if joins:
            before = hunks.pop()
            start, section = before.first, before.section
        _, _, olds, news = self._columns
        old = [number for number in olds[start:] if number]
        new = [number for number in news[start:] if number]
        hunks.append(
            Hunk(
                old_start=old[0] if old else max(0, (new[0] if new else 1) - 1),
                old_count=len(old),
                new_start=new[0] if new else max(0, old[0] - 1),
                new_count=len(new),
                section=section,
                first=start,
                last=len(self.kind),
            )
        )

    def done(self) -> Lines:
        """All of them."""
        return Lines(bytes(self._data), self.kind, *self._columns)

"""Hunks: the ``@@`` line and the lines its counts claim. The counts are the grammar, never what a line looks like."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import replace

from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, Hunk, Lines

HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)", re.DOTALL)
COMBINED_HUNK = re.compile(rb"(@{3,})((?: -\d{1,9}(?:,\d{1,9})?)+) \+(\d{1,9})(?:,(\d{1,9}))? \1(.*)", re.DOTALL)
_RANGE = re.compile(rb"-(\d+)(?:,(\d+))?")

_PLUS, _MINUS, _BLANK, _BACKSLASH, _RETURN = b"+- \\\r"
_BLANKS = b" \n"


class HunkReader:
    """Collects the hunks and lines of one file from a patch."""

    def __init__(self, data: bytes) -> None:
        self.hunks: list[Hunk] = []
        self.parents = 1
        self.lines = Lines(data, bytearray(), array("I"), array("I"), array("I"), array("I"))

    def read(self, header: bytes, position: int) -> int:
        """Read the body of the hunk announced by ``header``, which starts at ``position``.

        Returns where it ends: when its counts are used up, the data end, or a line comes that no hunk can hold.
        """
        found = HUNK.match(header)
        first = len(self.lines)
        if found:
            counts = [1 if count is None else int(count) for count in (found[2], found[4])]
            old_start, new_start, section = int(found[1]), int(found[3]), found[5]
            end = self._body(position, old_start, new_start, counts[0], counts[1])
        else:
            combined = COMBINED_HUNK.match(header)
            if combined is None:
                raise ValueError("not a hunk header")
            ranges = [(int(start), int(count or 1)) for start, count in _RANGE.findall(combined[2])]
            self.parents = len(ranges)
            counts = [ranges[0][1], int(combined[4] or 1)]
            old_start, new_start, section = ranges[0][0], int(combined[3]), combined[5]
            end = self._combined_body(position, old_start, new_start, [count for _, count in ranges], counts[1])
        text = section.strip(b"\r\n").removeprefix(b" ").decode("utf-8", "backslashreplace")
        self.hunks.append(Hunk(old_start, counts[0], new_start, counts[1], text, first, len(self.lines)))
        return end

    def extend(self, hunks: Sequence[Hunk], more: Lines) -> None:
        """Append hunks already read from the same data: a file that changed its type comes as two blocks."""
        shift = len(self.lines)
        mine = self.lines
        mine.kind.extend(more.kind)
        for column, added in zip(
            (mine.start, mine.end, mine.old, mine.new), (more.start, more.end, more.old, more.new), strict=True
        ):
            column.extend(added)
        self.hunks += [replace(hunk, first=hunk.first + shift, last=hunk.last + shift) for hunk in hunks]

    def _body(self, position: int, old: int, new: int, old_left: int, new_left: int) -> int:
        lines, data = self.lines, self.lines.data
        size, find = len(data), data.find
        add_kind, add_start, add_end = lines.kind.append, lines.start.append, lines.end.append
        add_old, add_new = lines.old.append, lines.new.append
        while (old_left > 0 or new_left > 0) and position < size:
            end = find(b"\n", position)
            if end < 0:
                end = size
            mark = data[position]
            start = position + 1
            if mark == _PLUS:
                add_kind(ADD)
                add_old(0)
                add_new(new)
                new += 1
                new_left -= 1
            elif mark == _MINUS:
                add_kind(DELETE)
                add_old(old)
                add_new(0)
                old += 1
                old_left -= 1
            elif mark in _BLANKS or (mark == _RETURN and end == start):
                # A context line; without its blank when a mailer or diff.suppressBlankEmpty took it.
                add_kind(CONTEXT)
                add_old(old)
                add_new(new)
                if mark != _BLANK:
                    start = position
                old += 1
                new += 1
                old_left -= 1
                new_left -= 1
            elif mark == _BACKSLASH:
                add_kind(NO_NEWLINE)
                add_old(0)
                add_new(0)
            else:
                return position
            add_start(start)
            add_end(end)
            position = end + 1
        return self._no_newline(min(position, size))

    def _no_newline(self, position: int) -> int:
        """Take the line that follows the last one of a hunk when that has no line feed."""
        lines, data = self.lines, self.lines.data
        while data.startswith(b"\\", position) and len(lines):
            end = data.find(b"\n", position)
            end = len(data) if end < 0 else end
            self._append(NO_NEWLINE, position + 1, end, 0, 0)
            position = min(end + 1, len(data))
        return position

    def _combined_body(self, position: int, old: int, new: int, parents_left: list[int], new_left: int) -> int:
        """A merge's hunk: each line has one mark per parent; old numbers are the first parent's."""
        data, parents = self.lines.data, len(parents_left)
        while (new_left > 0 or max(parents_left) > 0) and position < len(data):
            end = data.find(b"\n", position)
            end = len(data) if end < 0 else end
            marks = data[position : min(position + parents, end)]
            if marks.startswith(b"\\"):
                self._append(NO_NEWLINE, position + 1, end, 0, 0)
                position = end + 1
                continue
            if marks.strip(b" +-\r"):
                return position
            marks = marks.ljust(parents)
            deleted = b"-" in marks
            in_parent = [mark == _MINUS if deleted else mark != _PLUS for mark in marks]
            parents_left = [left - inside for left, inside in zip(parents_left, in_parent, strict=True)]
            kind = DELETE if deleted else ADD if b"+" in marks else CONTEXT
            self._append(kind, min(position + parents, end), end, old if in_parent[0] else 0, 0 if deleted else new)
            old += in_parent[0]
            new += not deleted
            new_left -= not deleted
            position = end + 1
        return self._no_newline(min(position, len(data)))

    def _append(self, kind: int, start: int, end: int, old: int, new: int) -> None:
        lines = self.lines
        lines.kind.append(kind)
        lines.start.append(start)
        lines.end.append(end)
        lines.old.append(old)
        lines.new.append(new)


def is_hunk(line: bytes) -> bool:
    """Whether a line announces a hunk, of a plain or a combined diff."""
    return bool(HUNK.match(line) or COMBINED_HUNK.match(line))

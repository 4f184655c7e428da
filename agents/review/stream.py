"""A diff that is still coming: cut into pieces that can be shown before the rest is there.

The same grammar as :mod:`agents.review.parse`, but line by line and with nothing kept: a long hunk is cut into hunks of
its own, so that the memory needed does not grow with the input. Every patch piece is a whole patch for ``parse_patch``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agents.review.hunks import COMBINED_HUNK, HUNK, is_hunk
from agents.review.parse import BINARY, EXTENDED_HEADERS, GIT_HEADERS, PREAMBLE, UNMERGED

PIECE_LINES = 3000
"""A piece ends at the first context line after so many lines, or at twice as many."""
CUT = " … cut".encode()
"""Stands at the end of a line that was too long for whoever reads the input."""
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*[mK]")
_RANGE = re.compile(rb"-(\d+)(?:,(\d+))?")
_MOVED = re.compile(rb"\x1b\[(?:1;3[3-6]|2|2;3)m[-+]")
"""How git colours lines that only moved, unless it was told other colours: bold magenta, cyan, blue, yellow, or dim."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line that belongs to no file, as it came."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Patch:
    """A file's change, or a part of it."""

    data: bytes
    continues_file: bool = False
    """A piece of the same file came before."""
    continues_hunk: bool = False
    """Its first hunk is the rest of the one before."""
    moved: frozenset[int] = frozenset()
    """Indexes of its lines that git's colours say only moved."""


class _Source:
    """Lines with a look ahead; in a coloured file, without the colours git put there."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._ahead: deque[bytes] = deque()
        self.coloured = False

    def peek(self, index: int = 0) -> bytes:
        """A line to come, without taking it; empty at the end."""
        while len(self._ahead) <= index:
            line = next(self._lines, b"")
            if not line:
                return b""
            self._ahead.append(line)
        return self._ahead[index]

    def bare(self, index: int = 0) -> bytes:
        """The same without colours."""
        line = self.peek(index)
        return _COLOUR.sub(b"", line) if b"\x1b" in line else line

    def line(self) -> bytes:
        """The next line as it belongs into a patch, without taking it; empty at the end. Of a line that comes in parts
        only the first is kept."""
        line = self.peek()
        if line and not line.endswith(b"\n"):
            is_cut = bool(self.peek(1))
            while is_cut and len(self._ahead) > 1 and not self._ahead[1].endswith(b"\n"):
                del self._ahead[1]
                self.peek(1)
            if is_cut and len(self._ahead) > 1:
                del self._ahead[1]
            self._ahead[0] = line + (CUT if is_cut else b"") + b"\n"
        return self.bare() if self.coloured else self._ahead[0] if line else b""

    def take_as_it_is(self) -> bytes:
        """The next line, or part of one, as it came."""
        self.peek()
        return self._ahead.popleft()

    def take(self) -> bytes:
        """The next line as it belongs into a patch."""
        line = self.line()
        self._ahead.popleft()
        return line


def split_patch(
    lines: Iterable[bytes], piece_lines: int = PIECE_LINES, *, word_diffs: bool = False
) -> Iterator[Text | Patch]:
    """Text and patches, in the order of the input; each as soon as its lines are there.

    Args:
        lines: the input with its line feeds; a very long line may come in parts, only the last with one. A file whose
            header is coloured loses the colours git gave it.
        piece_lines: see :data:`PIECE_LINES`; 0 keeps every file in one piece.
        word_diffs: what is announced as a hunk and is none, as git prints it for ``--word-diff`` and
            ``--color-words``, is text with its colours, beneath a hunk without lines.
    """
    source = _Source(lines)
    held: list[bytes] = []
    while source.peek():
        line = source.bare()
        if _starts_file(source):
            source.coloured = source.peek().startswith(b"\x1b")
            yield from _file(source, held, piece_lines, word_diffs)
            held = []
        elif PREAMBLE.match(line):
            held.append(source.take_as_it_is())
        else:
            yield from map(Text, held)
            held = []
            yield Text(source.take_as_it_is())
    yield from map(Text, held)


def _starts_file(source: _Source) -> bool:
    line = source.bare()
    if line.startswith(GIT_HEADERS) or BINARY.match(line.rstrip(b"\n")) or UNMERGED.match(line):
        return True
    return line.startswith(b"--- ") and source.bare(1).startswith(b"+++ ") and is_hunk(source.bare(2))


def _file(source: _Source, held: list[bytes], piece_lines: int, word_diffs: bool) -> Iterator[Text | Patch]:
    header = [*held]
    if source.bare().startswith(GIT_HEADERS):
        yield from map(Text, held)
        header = [source.take()]
        seen_marker = False
        while source.bare().startswith(EXTENDED_HEADERS) and not (seen_marker and source.bare().startswith(b"--- ")):
            seen_marker = seen_marker or source.bare().startswith(b"--- ")
            header.append(source.take())
        if source.bare().startswith(b"GIT binary patch"):
            header += _binary(source)
    else:
        header += [source.take() for _ in range(2 if source.bare().startswith(b"--- ") else 1)]
    yield from _hunks(source, header, piece_lines, word_diffs)


def _binary(source: _Source) -> list[bytes]:
    lines = [source.take()]
    while source.bare().startswith((b"literal ", b"delta ")):
        while source.bare().strip():
            lines.append(source.take())
        if source.peek():
            lines.append(source.take())
    return lines


class _Hunk:
    """A hunk as it comes: the part of it that was read and not yet given away."""

    def __init__(self, header: bytes) -> None:
        found = HUNK.match(header) or COMBINED_HUNK.match(header)
        if found is None:
            raise ValueError("not a hunk header")
        old = header[: found.start(3)]
        self.starts = [int(start) for start, _ in _RANGE.findall(old)]
        self.old_left = [int(count or 1) for _, count in _RANGE.findall(old)]
        self.new_start = int(found[3])
        self.new_left = 1 if found[4] is None else int(found[4])
        self.section = found[5].rstrip(b"\n")
        self.old_taken = [0] * len(self.starts)
        self.new_taken = 0
        self.body: list[bytes] = []
        self._header: bytes | None = header
        """As it came, until a part of the hunk was given away."""

    @property
    def is_open(self) -> bool:
        """Whether its counts are not used up."""
        return self.new_left > 0 or max(self.old_left) > 0

    @property
    def has_changes(self) -> bool:
        """Whether a line of it is deleted or added."""
        return any(line[: len(self.starts)].strip(b" \\\r\n") for line in self.body)

    def takes(self, line: bytes) -> bool:
        """Add a line of its body; false when no hunk can hold it."""
        marks = line[: len(self.starts)]
        if not marks:
            return False
        if marks.startswith(b"\\"):
            self.body.append(line)
            return True
        marks = marks.rstrip(b"\r\n")
        if marks.strip(b" +-"):
            return False
        marks = marks.ljust(len(self.starts))
        deleted = b"-" in marks
        for index, mark in enumerate(marks):
            inside = mark == 0x2D if deleted else mark != 0x2B
            self.old_left[index] -= inside
            self.old_taken[index] += inside
        self.new_left -= not deleted
        self.new_taken += not deleted
        self.body.append(line)
        return True

    def cut(self, is_end: bool = False) -> bytes:
        """What was read since the last cut as a hunk of its own; what follows counts on from there."""
        signs = b"@" * (len(self.starts) + 1)
        ranges = b" ".join(b"-%d,%d" % (start, count) for start, count in zip(self.starts, self.old_taken, strict=True))
        head = b"%s %s +%d,%d %s%s\n" % (signs, ranges, self.new_start, self.new_taken, signs, self.section)
        if self._header is not None and is_end:
            head = self._header
        self._header = None
        text = head + b"".join(self.body)
        self.starts = [start + count for start, count in zip(self.starts, self.old_taken, strict=True)]
        self.new_start += self.new_taken
        self.old_taken, self.new_taken, self.body = [0] * len(self.starts), 0, []
        return text


def _hunks(source: _Source, header: list[bytes], piece_lines: int, word_diffs: bool) -> Iterator[Text | Patch]:
    start = b"".join(header)
    done, lines = b"", 0
    moved: set[int] = set()
    continues_file = continues_hunk = False
    while is_hunk(source.bare()):
        head = source.take()
        hunk = _Hunk(head)
        came: list[bytes] | None = [] if word_diffs else None
        while (hunk.is_open or source.bare().startswith(b"\\")) and hunk.takes(source.line()):
            if came is not None:
                came.append(source.peek())
            if source.coloured and _MOVED.match(source.peek()):
                moved.add(lines)
            at_context = source.take().startswith(b" ")
            lines += 1
            if 0 < piece_lines <= lines and _may_cut(source, hunk, at_context or lines >= 2 * piece_lines):
                yield Patch(start + done + hunk.cut(), continues_file, continues_hunk, frozenset(moved))
                done, lines, moved, continues_file, continues_hunk, came = b"", 0, set(), True, True, None
        if came is not None and _is_word_diff(source, hunk):
            yield Patch(start + done + head, continues_file, continues_hunk, frozenset(moved))
            yield from map(Text, came)
            while source.peek() and not is_hunk(source.bare()) and not _starts_file(source):
                yield Text(source.take_as_it_is())
            done, lines, moved, continues_file, continues_hunk = b"", 0, set(), True, False
            continue
        if hunk.body or not continues_hunk:
            done += hunk.cut(is_end=True)
        if piece_lines and lines >= piece_lines:
            yield Patch(start + done, continues_file, continues_hunk, frozenset(moved))
            done, lines, moved, continues_file, continues_hunk = b"", 0, set(), True, False
    if done or not continues_file:
        yield Patch(start + done, continues_file, continues_hunk, frozenset(moved))


def _is_word_diff(source: _Source, hunk: _Hunk) -> bool:
    """Whether what was read of a hunk is none: nothing changes in it, or it goes on with a line that no hunk holds."""
    if not hunk.has_changes:
        return True
    return hunk.is_open and bool(source.peek()) and not is_hunk(source.bare()) and not _starts_file(source)


def _may_cut(source: _Source, hunk: _Hunk, is_good_place: bool) -> bool:
    """A hunk is cut between its lines, but never before a note about the line above."""
    return is_good_place and hunk.is_open and not source.bare().startswith(b"\\")

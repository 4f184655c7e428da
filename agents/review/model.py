"""What a diff is, once parsed. Immutable; lines are kept in columns over the bytes git printed."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

FileStatus = Literal["added", "deleted", "modified", "renamed", "copied", "mode-changed", "type-changed", "unmerged"]

CONTEXT, ADD, DELETE, NO_NEWLINE = 0, 1, 2, 3
"""Line kinds. NO_NEWLINE is git's ``\\ No newline at end of file``, about the line before it."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One ``@@`` block: lines ``first`` up to, not including, ``last`` of its file's columns."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str
    """What git prints after the second ``@@``: the enclosing function, decoded for showing."""
    first: int
    last: int

    @property
    def indexes(self) -> range:
        """The indexes of its lines."""
        return range(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file's hunks, in columns; index ``i`` is one line of the diff without its mark."""

    data: bytes
    """The whole patch text; shared by all files of a diff."""
    kind: bytearray
    """CONTEXT, ADD, DELETE or NO_NEWLINE."""
    start: array[int]
    """Offset in ``data`` of the line's first byte after its mark."""
    end: array[int]
    """Offset after its last byte, without the line feed (a carriage return is content)."""
    old: array[int]
    """Line number in the old file, 0 where there is none."""
    new: array[int]
    """Line number in the new file, 0 where there is none."""

    def __len__(self) -> int:
        return len(self.kind)

    def raw(self, index: int) -> bytes:
        """The bytes of a line, without mark and line feed."""
        return self.data[self.start[index] : self.end[index]]

    def text(self, index: int) -> str:
        """The line for showing: UTF-8, undecodable bytes as ``\\xNN``. Not escaped (see ``agents.escape``)."""
        return self.raw(index).decode("utf-8", "backslashreplace")

    def of_kind(self, indexes: Iterable[int], *kinds: int) -> list[int]:
        """Those of these lines that are of one of these kinds."""
        return [index for index in indexes if self.kind[index] in kinds]

    def texts(self, first: int, last: int) -> list[str]:
        """The same for lines ``first`` up to, not including, ``last``."""
        data = self.data
        parts = zip(self.start[first:last], self.end[first:last], strict=True)
        return [data[start:end].decode("utf-8", "backslashreplace") for start, end in parts]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What happened to one file."""

    status: FileStatus
    old_path: bytes
    """Empty for an added file."""
    new_path: bytes
    """Empty for a deleted file."""
    old_mode: str = ""
    """Six octal digits, as git prints them; empty where there is none."""
    new_mode: str = ""
    old_blob: str = ""
    """Full object id; zeros where there is none."""
    new_blob: str = ""
    similarity: int = 0
    """Percent, for renames and copies."""
    is_binary: bool = False
    old_size: int | None = None
    """Bytes of binary content; None where there is none or it is not known."""
    new_size: int | None = None
    is_submodule: bool = False
    is_combined: bool = False
    """A merge's combined diff (several old sides)."""
    parents: int = 1
    """How many old sides there are: so many marks stand before each line in ``lines.data``."""
    hunks: tuple[Hunk, ...] = ()
    lines: Lines = field(
        default_factory=lambda: Lines(b"", bytearray(), array("L"), array("L"), array("L"), array("L"))
    )
    additions: int = 0
    deletions: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Its git attributes, as far as anyone looked (see ``agents.review.kinds.with_attributes``)."""
    header: tuple[bytes, ...] = ()
    """Header lines of its block as they came, also those not understood."""

    @property
    def path(self) -> bytes:
        """The name to call it by: the new one, or the old one of a deleted file."""
        return self.new_path or self.old_path


@dataclass(frozen=True, slots=True)
class DiffSet:
    """All files of one diff, in git's order."""

    files: tuple[FileDiff, ...]
    leftover: bytes = b""
    """What was not understood (a mail's header, a commit message): kept to be shown."""

    @property
    def additions(self) -> int:
        """Lines added in all files."""
        return sum(file.additions for file in self.files)

    @property
    def deletions(self) -> int:
        """Lines deleted in all files."""
        return sum(file.deletions for file in self.files)

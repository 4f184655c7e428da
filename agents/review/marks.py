"""Reviewed marks: what of a change the person has looked at, by content.

The unit is a run of changed lines, named by a hash of its file's name and its text. A mark therefore survives a
rebase, other hunks around it, another number of context lines, and every further turn that leaves these lines alone;
it falls when they change. What a file has beside lines (its mode, a rename, binary content) has a mark of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from agents.review.model import FileDiff, Hunk

_LENGTH = 20
"""Hexadecimal digits of a mark: 80 bits."""
_RUN = re.compile(rb"[\x01\x02\x03]*[\x01\x02][\x01\x02\x03]*")
"""Added and deleted lines without a context line between them, in a file's kinds."""


@dataclass(frozen=True, slots=True)
class FileMarks:
    """The marks of one file: what has to be looked at to have looked at all of it."""

    whole: str
    """About the file as such; empty when only lines differ."""
    runs: tuple[tuple[int, str], ...]
    """First line index and mark of each run."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every mark of the file."""
        lines = tuple(mark for _, mark in self.runs)
        return (self.whole, *lines) if self.whole else lines

    def of_hunk(self, hunk: Hunk) -> tuple[str, ...]:
        """The marks of one hunk."""
        return tuple(mark for first, mark in self.runs if first in hunk.indexes)

    def is_reviewed(self, reviewed: Collection[str]) -> bool:
        """Whether all of the file was looked at."""
        return all(mark in reviewed for mark in self.all)


def marks_of(file: FileDiff) -> FileMarks:
    """The marks of a file. Equal runs of a file are told apart by their order."""
    lines = file.lines
    seen: Counter[bytes] = Counter()
    runs = []
    for hunk in file.hunks:
        for found in _RUN.finditer(lines.kind, hunk.first, hunk.last):
            first, last = found.start(), found.end()
            # From the first mark to the last byte the patch text holds the lines with their marks: nothing to join.
            text = lines.data[lines.start[first] - file.parents : lines.end[last - 1]]
            seen[text] += 1
            runs.append((first, _digest(file.path, b"lines", text, b"%d" % seen[text])))
    return FileMarks(_whole(file), tuple(runs))


def _whole(file: FileDiff) -> str:
    is_plain = file.status == "modified" and not file.is_binary and not file.is_submodule
    if is_plain and file.old_mode == file.new_mode:
        return ""
    facts = (file.status.encode(), file.old_path, file.old_mode.encode(), file.new_mode.encode())
    content = (file.old_blob.encode(), file.new_blob.encode()) if file.is_binary or file.is_submodule else ()
    return _digest(file.path, b"file", *facts, *content)


def _digest(*parts: bytes) -> str:
    joined = b"".join(b"%d:%s" % (len(part), part) for part in parts)
    return hashlib.sha256(joined).hexdigest()[:_LENGTH]

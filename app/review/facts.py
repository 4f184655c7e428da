"""What is known about a change beside its lines: what was reviewed, what to look at first, what nobody asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.parts.review import Comment
from agents.review import DiffSet, FileDiff
from agents.review.evidence import new_lines, unasked_hunks
from agents.review.marks import FileMarks, marks_of
from agents.review.warnings import ORDER, Warned, file_warnings
from widgets.diff import LineMark
from widgets.diff.remarks import Remarks, remarks_on

FAILS = "failing"
"""The sort of files in which a check fails at a line."""


@dataclass(frozen=True, slots=True)
class _Known:
    file: FileDiff
    marks: FileMarks
    warnings: tuple[Warned, ...]


class Facts:
    """The facts about the diff that is shown. Files whose content is the same are looked at once."""

    def __init__(self) -> None:
        self.reviewed: set[str] = set()
        """Marks of what the person has looked at."""
        self.staged: frozenset[str] = frozenset()
        """Marks of what is in the index."""
        self.line_marks: tuple[LineMark, ...] = ()
        """What checks say about lines."""
        self._files: dict[bytes, _Known] = {}
        self._unasked: dict[bytes, list[tuple[int, int]]] = {}

    def read(self, diff: DiffSet) -> None:
        """Look at the files of a diff; for a thread, because a large one takes a moment."""
        before = self._files
        self._files = {file.path: _look(file, before.get(file.path)) for file in diff.files}

    def take_unasked(self, since: DiffSet | None, comments: Iterable[Comment]) -> None:
        """Take what the task did since the last round was sent, and the comments of that round, carried alike."""
        self._unasked = {}
        for file, hunk in unasked_hunks(since, comments) if since is not None else ():
            self._unasked.setdefault(file.path, []).append(new_lines(file, hunk))

    def take_staged(self, index: DiffSet | None) -> None:
        """Take what the index holds beyond the last commit."""
        files = index.files if index is not None else ()
        self.staged = frozenset(mark for file in files for mark in marks_of(file).all)

    def remarks(self) -> dict[bytes, Remarks]:
        """The remarks on every file."""
        return {path: self._remarks(known) for path, known in self._files.items()}

    def _remarks(self, known: _Known) -> Remarks:
        unasked = self._unasked.get(known.file.path, ())
        return remarks_on(known.file, known.marks, self.reviewed, known.warnings, unasked, self.staged)

    def marks(self, path: bytes) -> FileMarks:
        """What has to be looked at in a file; nothing for a file that is not shown."""
        known = self._files.get(path)
        return known.marks if known is not None else FileMarks("", ())

    def is_reviewed(self, path: bytes) -> bool:
        """Whether all of a file was looked at."""
        marks = self.marks(path)
        return bool(marks.all) and marks.is_reviewed(self.reviewed)

    def progress(self) -> tuple[int, int]:
        """Files looked at, of how many."""
        return sum(self.is_reviewed(path) for path in self._files), len(self._files)

    def groups(self) -> dict[str, frozenset[bytes]]:
        """The files of each sort of remark, what to look at first in front; empty sorts are left out."""
        found: dict[str, set[bytes]] = {name: set() for name in (FAILS, *ORDER)}
        found[FAILS] = {mark.path for mark in self.line_marks if mark.severity == "error" and mark.path in self._files}
        for path, known in self._files.items():
            for warning in known.warnings:
                found[warning.name].add(path)
        found["not asked for"] = {path for path in self._unasked if path in self._files}
        found["to review"] = {path for path in self._files if not self.is_reviewed(path)}
        return {name: frozenset(paths) for name, paths in found.items() if paths}

    def failing_lines(self) -> list[tuple[bytes, int]]:
        """The files and line indexes at which a check fails; -1 where that line is not part of the diff."""
        found = []
        for mark in self.line_marks:
            known = self._files.get(mark.path)
            if known is not None:
                numbers = known.file.lines.new
                found.append((mark.path, next((i for i, new in enumerate(numbers) if new == mark.line), -1)))
        return found

    def warnings(self) -> Sequence[Warned]:
        """All warnings in the order of the files."""
        return [warning for known in self._files.values() for warning in known.warnings]


def _look(file: FileDiff, known: _Known | None) -> _Known:
    if known is not None and known.file is file:
        return known
    return _Known(file, marks_of(file), tuple(file_warnings(file)))

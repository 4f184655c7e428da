"""From the bytes of a diff to its files. Nothing is dropped: what is not understood is kept to be shown.

Two readers share one grammar. :func:`parse_diff` reads what git prints for :mod:`agents.review.arguments` and takes
names, modes and ids from the raw part, where they are exact. :func:`parse_patch` reads any unified diff and has to work
the names out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agents.review.errors import DiffError
from agents.review.hunks import HunkReader, is_hunk
from agents.review.model import ADD, DELETE, DiffSet, FileDiff, FileStatus
from agents.review.names import (
    NOWHERE,
    marker_name,
    names_of_header,
    names_of_markers,
    quote_name,
    unquote_name,
)

GIT_HEADERS = (b"diff --git ", b"diff --cc ", b"diff --combined ")
"""What the first line of a file's block begins with, in git's own output."""
PREAMBLE = re.compile(rb"(?:diff |Index: |={20,}|RCS file: |retrieving revision )")
"""Lines other tools print above ``---``."""
BINARY = re.compile(rb"Binary files (.*) and (.*) differ\r?$")
BINARY_BLOBS = re.compile(rb"^index ([0-9a-f]+)\.\.([0-9a-f]+)[^\n]*\nBinary files ", re.MULTILINE)
"""The blob ids of a binary file in what git prints; no line of content begins so."""
_LITERAL = re.compile(rb"literal \d{1,15}\r?$")
UNMERGED = re.compile(rb"\* Unmerged path (.*)")

EXTENDED_HEADERS = (
    b"old mode ", b"new mode ", b"deleted file mode ", b"new file mode ", b"copy from ", b"copy to ", b"rename from ",
    b"rename to ",b"similarity index ", b"dissimilarity index ", b"index ", b"mode ", b"Binary files ", b"--- ",
    b"+++ ",
)  # fmt: skip
_LIMIT_BYTES = (1 << 32) - 1
_STATUS: dict[str, FileStatus] = {
    "A": "added", "D": "deleted", "M": "modified", "R": "renamed", "C": "copied", "T": "type-changed", "U": "unmerged",
}  # fmt: skip
_SUBMODULE = "160000"
_EPOCH = re.compile(rb"\t(?:1970-01-01|1969-12-31) ")


def parse_diff(data: bytes, sizes: Mapping[str, int] | None = None) -> DiffSet:
    """The files of what git printed for ``DIFF_CONFIG`` and ``DIFF_ARGUMENTS``.

    Args:
        sizes: bytes of binary files by blob id, which git does not print (see :data:`BINARY_BLOBS`).

    A file of which git printed no patch (a pure rename, a mode, a binary file) is there without hunks; a part of the
    patch that belongs to no raw record is there under the names it gives itself.

    Raises:
        DiffError: the raw part is cut or is not one.
    """
    records, position = _raw_part(data)
    patch = _Patch(data, position)
    blocks = list(reversed(patch.blocks))
    files = []
    for record in records:
        own: list[_Block] = []
        while blocks and len(own) < (2 if record.status == "T" else 1) and record.owns(blocks[-1]):
            own.append(blocks.pop())
        files.append(_file_of_record(record, own, data, sizes or {}))
    files += [_file_of_block(block) for block in reversed(blocks)]
    return DiffSet(tuple(files), patch.leftover)


def raw_names(data: bytes) -> list[bytes]:
    """The new names of all files in the raw part of what git printed.

    Raises:
        DiffError: it is cut.
    """
    return [record.new_path for record in _raw_part(data)[0]]


def parse_patch(data: bytes) -> DiffSet:
    """The files of any unified diff: git's, ``diff -u``, Mercurial's, Subversion's, with or without text around it.

    Raises:
        DiffError: there is no diff in it.
    """
    patch = _Patch(data, 0)
    if not patch.blocks and data.strip():
        raise DiffError("This is not a unified diff.", "Give the output of git diff, diff -u or a patch file.")
    files: list[FileDiff] = []
    for block in patch.blocks:
        file = _file_of_block(block)
        if files and _is_type_change(files[-1], file):
            file = _type_change(files.pop(), file)
        files.append(file)
    return DiffSet(tuple(files), patch.leftover)


def _is_type_change(before: FileDiff, after: FileDiff) -> bool:
    """Git prints a file that became a link (or the other way round) as deleted and added."""
    return before.status == "deleted" and after.status == "added" and before.old_path == after.new_path


def _type_change(before: FileDiff, after: FileDiff) -> FileDiff:
    reader = HunkReader(before.lines.data)
    reader.extend(before.hunks, before.lines)
    reader.extend(after.hunks, after.lines)
    return replace(
        after,
        status="type-changed",
        old_path=before.old_path,
        old_mode=before.old_mode,
        old_blob=before.old_blob,
        is_binary=before.is_binary or after.is_binary,
        is_submodule=before.is_submodule or after.is_submodule,
        hunks=tuple(reader.hunks),
        lines=reader.lines,
        deletions=before.deletions,
        header=before.header + after.header,
    )


# --- the raw part -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """One record of ``--raw -z``."""

    status: str
    similarity: int
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    old_path: bytes
    new_path: bytes
    parents: int

    def owns(self, block: _Block) -> bool:
        if block.words:
            old, new = quote_name(b"a/" + self.old_path), quote_name(b"b/" + self.new_path)
            return block.words == old + b" " + new or block.names() == (self.old_path, self.new_path)
        return self.new_path in block.names()


def _raw_part(data: bytes) -> tuple[list[_Record], int]:
    records: list[_Record] = []
    position = 0
    while data.startswith(b":", position):
        fields = data[position : position + (1 << 14)].split(b"\0", 3)
        meta = fields[0].split(b" ")
        colons = len(meta[0]) - len(meta[0].lstrip(b":"))
        letter = meta[-1][:1].decode("latin-1")
        count = 2 if letter in "RC" and colons == 1 else 1
        if len(meta) != 2 * colons + 3 or len(fields) < count + 2:
            raise DiffError("The list of changed files that git printed is not complete.", "Ask for the diff again.")
        records.append(_record(meta, colons, letter, fields[1 : 1 + count]))
        position += sum(len(part) + 1 for part in fields[: 1 + count])
    return records, position + 1 if data.startswith(b"\0", position) else position


def _record(meta: list[bytes], colons: int, letter: str, paths: list[bytes]) -> _Record:
    words = [word.decode("latin-1") for word in (meta[0][colons:], *meta[1:])]
    score = words[-1][1:]
    old, new = paths[0], paths[-1]
    return _Record(
        status=letter,
        similarity=int(score) if score.isdigit() and len(score) < 4 else 0,
        old_mode=words[0],
        new_mode=words[colons],
        old_blob=words[colons + 1],
        new_blob=words[2 * colons + 1],
        old_path=old,
        new_path=new,
        parents=colons,
    )


def _file_of_record(record: _Record, blocks: list[_Block], data: bytes, sizes: Mapping[str, int]) -> FileDiff:
    reader = blocks[0].reader if blocks else HunkReader(data)
    for block in blocks[1:]:
        reader.extend(block.reader.hunks, block.reader.lines)
    status = _STATUS.get(record.status, "modified")
    if status == "modified" and record.old_mode != record.new_mode and record.old_blob == record.new_blob:
        status = "mode-changed"
    return FileDiff(
        status=status,
        old_path=b"" if status == "added" else record.old_path,
        new_path=b"" if status == "deleted" else record.new_path,
        old_mode=record.old_mode.strip("0") and record.old_mode,
        new_mode=record.new_mode.strip("0") and record.new_mode,
        old_blob=record.old_blob,
        new_blob=record.new_blob,
        similarity=record.similarity,
        is_binary=any(block.is_binary for block in blocks),
        old_size=sizes.get(record.old_blob),
        new_size=sizes.get(record.new_blob),
        is_submodule=_SUBMODULE in (record.old_mode, record.new_mode),
        is_combined=record.parents > 1 or any(block.is_combined for block in blocks),
        parents=max(record.parents, reader.parents),
        hunks=tuple(reader.hunks),
        lines=reader.lines,
        additions=reader.lines.kind.count(ADD),
        deletions=reader.lines.kind.count(DELETE),
        header=tuple(line for block in blocks for line in block.header),
    )


# --- the patch --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Block:
    """The part of a patch that is about one file, as it is read."""

    reader: HunkReader
    header: list[bytes] = field(default_factory=list)
    words: bytes = b""
    """The names on git's own first line, undivided; empty for other tools and merges."""
    is_binary: bool = False
    is_combined: bool = False

    def value(self, key: bytes) -> bytes:
        """What follows ``key`` on the header line that begins with it; empty when there is none."""
        for line in self.header:
            if line.startswith(key):
                return line[len(key) :].rstrip(b"\r")
        return b""

    @property
    def sizes(self) -> tuple[int | None, int | None]:
        """Bytes of new and old content, where git's encoding of binary content holds them whole."""
        parts = [line for line in self.header if line.startswith((b"literal ", b"delta "))] if self.is_binary else []
        found = [int(part[8:]) if _LITERAL.match(part) else None for part in parts[:2]]
        new, old = [*found, None, None][:2]
        return new, old

    def names(self) -> tuple[bytes, bytes]:
        """Old and new name. Both are given for an added or deleted file of git's; one is empty in other dialects."""
        for verb in (b"rename", b"copy"):
            source, target = self.value(verb + b" from "), self.value(verb + b" to ")
            if source and target:
                return unquote_name(source), unquote_name(target)
        old, new = marker_name(self.value(b"--- ")), marker_name(self.value(b"+++ "))
        if self.words:
            return names_of_header(self.words, old, new)
        if self.is_combined:
            name = unquote_name(self.header[0].split(b" ", 2)[2].rstrip(b"\r"))
            return name, name
        for line in self.header:
            binary, unmerged = BINARY.match(line), UNMERGED.match(line)
            if binary and not old:
                return names_of_markers(unquote_name(binary[1]), unquote_name(binary[2]))
            if unmerged:
                return (unquote_name(unmerged[1].rstrip(b"\r")),) * 2
        return names_of_markers(old, new)


class _Patch:
    """Reads the patch part: blocks of files, and what lies between them."""

    def __init__(self, data: bytes, position: int) -> None:
        if len(data) > _LIMIT_BYTES:
            raise DiffError("This diff is larger than 4 GB.", "Look at it in parts, by folder or by commit.")
        self.data = data
        self.position = position
        self.blocks: list[_Block] = []
        self._left: list[bytes] = []
        while self.position < len(data):
            self._step()

    @property
    def leftover(self) -> bytes:
        """Lines that belong to no file, in their order."""
        return b"".join(self._left)

    def _line(self, position: int) -> bytes:
        end = self.data.find(b"\n", position)
        return self.data[position:] if end < 0 else self.data[position:end]

    def _step(self) -> None:
        line = self._line(self.position)
        if line.startswith(GIT_HEADERS):
            self._git_block(line)
        elif line.startswith(b"--- ") and self._markers_at(self.position):
            self._plain_block()
        elif BINARY.match(line) or UNMERGED.match(line):
            block = self._new_block(is_binary=not line.startswith(b"*"))
            self._take_header(block, line)
        else:
            self._left.append(self.data[self.position : self.position + len(line) + 1])
            self.position += len(line) + 1

    def _new_block(self, is_binary: bool = False) -> _Block:
        block = _Block(HunkReader(self.data), is_binary=is_binary)
        self.blocks.append(block)
        return block

    def _take_header(self, block: _Block, line: bytes) -> None:
        block.header.append(line)
        self.position += len(line) + 1

    def _markers_at(self, position: int) -> bool:
        """Whether ``---``, ``+++`` and a hunk follow each other here."""
        first = self._line(position)
        second = self._line(position + len(first) + 1)
        third = position + len(first) + len(second) + 2
        return second.startswith(b"+++ ") and is_hunk(self._line(third))

    def _git_block(self, line: bytes) -> None:
        block = self._new_block()
        if line.startswith(GIT_HEADERS[0]):
            block.words = line[len(GIT_HEADERS[0]) :].rstrip(b"\r")
        else:
            block.is_combined = True
        self._take_header(block, line)
        while (line := self._line(self.position)).startswith(EXTENDED_HEADERS):
            if line.startswith(b"--- ") and block.value(b"--- "):
                break
            block.is_binary = block.is_binary or bool(BINARY.match(line))
            self._take_header(block, line)
        if line.startswith(b"GIT binary patch"):
            self._binary_patch(block, line)
        self._hunks(block)

    def _binary_patch(self, block: _Block, line: bytes) -> None:
        """Git's own encoding of binary content: two parts, each ended by an empty line."""
        block.is_binary = True
        self._take_header(block, line)
        while (line := self._line(self.position)).startswith((b"literal ", b"delta ")):
            while line.strip():
                self._take_header(block, line)
                line = self._line(self.position)
            self._take_header(block, line)

    def _plain_block(self) -> None:
        block = self._new_block()
        preamble: list[bytes] = []
        while self._left and PREAMBLE.match(self._left[-1]):
            preamble.append(self._left.pop().rstrip(b"\n"))
        block.header.extend(reversed(preamble))
        for _ in range(2):
            self._take_header(block, self._line(self.position))
        self._hunks(block)

    def _hunks(self, block: _Block) -> None:
        while self.position < len(self.data) and is_hunk(line := self._line(self.position)):
            self.position = block.reader.read(line, min(self.position + len(line) + 1, len(self.data)))


def _file_of_block(block: _Block) -> FileDiff:
    old_path, new_path = block.names()
    lines = block.reader.lines
    status = _status(block, old_path, new_path)
    old_blob, _, rest = block.value(b"index ").partition(b"..")
    new_blob, _, index_mode = rest.partition(b" ")
    mode = _digits(index_mode)
    old_mode = _digits(block.value(b"old mode ") or block.value(b"deleted file mode ")) or mode
    new_mode = _digits(block.value(b"new mode ") or block.value(b"new file mode ")) or mode
    similarity = block.value(b"similarity index ").rstrip(b"%")
    return FileDiff(
        status=status,
        old_path=b"" if status == "added" else old_path,
        new_path=b"" if status == "deleted" else new_path,
        old_mode="" if status == "added" else old_mode,
        new_mode="" if status == "deleted" else new_mode,
        old_blob=old_blob.partition(b",")[0].decode("latin-1"),
        new_blob=new_blob.decode("latin-1"),
        similarity=int(similarity) if similarity.isdigit() and len(similarity) < 4 else 0,
        is_binary=block.is_binary,
        old_size=None if status == "added" else block.sizes[1],
        new_size=None if status == "deleted" else block.sizes[0],
        is_submodule=_SUBMODULE in (old_mode, new_mode),
        is_combined=block.is_combined,
        parents=block.reader.parents,
        hunks=tuple(block.reader.hunks),
        lines=lines,
        additions=lines.kind.count(ADD),
        deletions=lines.kind.count(DELETE),
        header=tuple(block.header),
    )


def _digits(mode: bytes) -> str:
    """A mode as text; the first parent's of a merge's ``100644,100755``."""
    return mode.strip().partition(b",")[0].decode("latin-1")


def _status(block: _Block, old_path: bytes, new_path: bytes) -> FileStatus:
    hunks = block.reader.hunks
    if any(UNMERGED.match(line) for line in block.header):
        return "unmerged"
    if block.value(b"rename from "):
        return "renamed"
    if block.value(b"copy from "):
        return "copied"
    if block.value(b"new file mode ") or not old_path or marker_name(block.value(b"--- ")) == NOWHERE:
        return "added"
    if block.value(b"deleted file mode ") or not new_path or marker_name(block.value(b"+++ ")) == NOWHERE:
        return "deleted"
    # GNU diff -N names a file that is not there by the epoch.
    if len(hunks) == 1 and not hunks[0].old_count and _EPOCH.search(block.value(b"--- ")):
        return "added"
    if len(hunks) == 1 and not hunks[0].new_count and _EPOCH.search(block.value(b"+++ ")):
        return "deleted"
    return "mode-changed" if block.value(b"old mode ") and not hunks and not block.is_binary else "modified"

"""A part of a change as a patch of its own, for plain ``git apply``: forward, or to take the part back.

Forward patches apply to the old side (``git apply --cached`` stages a hunk); reverse ones apply to the new side and
undo (reverting a hunk in a worktree). What is not selected becomes context or disappears, depending on which side it
stands on. What concerns the file as a whole (its name, mode, beginning or end) goes along only when all of it is
selected.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from agents.review.errors import DiffError
from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, FileDiff, FileStatus, Hunk
from agents.review.names import NOWHERE, marked_name, quote_name

_UNDONE: dict[FileStatus, FileStatus] = {"added": "deleted", "deleted": "added"}
_MARKS = {CONTEXT: b" ", ADD: b"+", DELETE: b"-"}


@dataclass(frozen=True, slots=True)
class _Part:
    """A line of the patch to be made: its text, and whether its file ends there without a line feed."""

    kind: int
    text: bytes
    ends: bool = False

    def printed(self) -> bytes:
        note = b"\\ No newline at end of file\n" if self.ends else b""
        return _MARKS[self.kind] + self.text + b"\n" + note


def select_file(file: FileDiff, *, reverse: bool = False) -> bytes:
    """The whole change of a file as a patch.

    Raises:
        DiffError: the diff does not hold enough to apply it (binary content, a merge's combined diff).
    """
    changed = file.lines.of_kind(range(len(file.lines)), ADD, DELETE)
    return select_lines(file, changed, reverse=reverse)


def select_lines(file: FileDiff, selected: Collection[int], *, reverse: bool = False) -> bytes:
    """The selected lines of a file as a patch; empty when there is no change among them.

    Args:
        file: the file's change, all of it.
        selected: line indexes; context lines among them do not matter.
        reverse: make the patch that takes them back from the new side.

    Raises:
        DiffError: binary content or a combined diff, or a part of a file that changed its type.
    """
    _refuse(file)
    wanted = frozenset(selected)
    changed = file.lines.of_kind(range(len(file.lines)), ADD, DELETE)
    whole = wanted.issuperset(changed)
    if changed and wanted.isdisjoint(changed):
        return b""
    if file.status in ("type-changed", "copied") and (not whole or (reverse and file.status == "copied")):
        raise DiffError(
            "A copy, or a file that changed its type, cannot be applied in part, and a copy cannot be taken back.",
            "Select all of it, or delete the copy.",
        )
    if file.status == "type-changed":
        return _type_change(file, reverse)
    return _patch(_undone(file) if reverse else file, wanted, whole, reverse)


def _refuse(file: FileDiff) -> None:
    name = file.path.decode("utf-8", "backslashreplace")
    if file.is_combined or file.status == "unmerged":
        raise DiffError(f"{name} is in a merge: its parts cannot be applied.", "Compare with one parent.")
    if file.is_binary:
        raise DiffError(f"{name} is binary: the diff does not hold its content.", "Check out the file instead.")


def _type_change(file: FileDiff, reverse: bool) -> bytes:
    """Two patches in one: the old kind of file goes, the new one comes."""
    gone = replace(file, status="deleted", new_path=b"", new_mode="", hunks=_of_side(file, DELETE))
    come = replace(file, status="added", old_path=b"", old_mode="", hunks=_of_side(file, ADD))
    if reverse:
        gone, come = _undone(come), _undone(gone)
    everything = frozenset(range(len(file.lines)))
    return _patch(gone, everything, True, reverse) + _patch(come, everything, True, reverse)


def _of_side(file: FileDiff, kind: int) -> tuple[Hunk, ...]:
    return tuple(hunk for hunk in file.hunks if file.lines.kind[hunk.first] == kind)


def _undone(file: FileDiff) -> FileDiff:
    """The same change the other way round; its lines keep their indexes and are turned when they are printed."""
    hunks = (
        replace(
            hunk,
            old_start=hunk.new_start,
            old_count=hunk.new_count,
            new_start=hunk.old_start,
            new_count=hunk.old_count,
        )
        for hunk in file.hunks
    )
    return replace(
        file,
        status=_UNDONE.get(file.status, file.status),
        old_path=file.new_path,
        new_path=file.old_path,
        old_mode=file.new_mode,
        new_mode=file.old_mode,
        hunks=tuple(hunks),
    )


def _patch(file: FileDiff, wanted: frozenset[int], whole: bool, turned: bool) -> bytes:
    body, shift = b"", 0
    for hunk in file.hunks:
        parts = _parts(file, hunk, wanted, turned)
        if all(part.kind == CONTEXT for part in parts):
            continue
        old_count = sum(part.kind != ADD for part in parts)
        new_count = sum(part.kind != DELETE for part in parts)
        old_start = hunk.old_start
        # A side without lines is named by the line before it.
        first = old_start if old_count else old_start + 1
        new_start = first + shift - (0 if new_count else 1)
        if file.status == "added":
            old_start, new_start = 0, 1
        shift += new_count - old_count
        body += b"@@ -%d,%d +%d,%d @@\n" % (old_start, old_count, new_start, new_count)
        body += b"".join(part.printed() for part in parts)
    return _header(file, whole, bool(body)) + body


def _parts(file: FileDiff, hunk: Hunk, wanted: frozenset[int], turned: bool) -> list[_Part]:
    """The lines of a hunk as they are to be printed, in their order: what was deleted stands before what was added,
    also when it comes back."""
    parts: list[_Part] = []
    lines = file.lines
    for index in hunk.indexes:
        kind = lines.kind[index]
        if kind == NO_NEWLINE:
            continue
        ends = index + 1 in hunk.indexes and lines.kind[index + 1] == NO_NEWLINE
        if turned and kind != CONTEXT:
            kind = DELETE if kind == ADD else ADD
        if index in wanted or kind == CONTEXT:
            parts.append(_Part(kind, lines.raw(index), ends))
        elif kind == DELETE:
            parts.append(_Part(CONTEXT, lines.raw(index), ends))
    return _with_line_feeds(parts)


def _with_line_feeds(parts: list[_Part]) -> list[_Part]:
    """A last line without line feed gets one when others now follow it."""
    last = max((index for index, part in enumerate(parts) if part.kind != DELETE), default=-1)
    done: list[_Part] = []
    for index, part in enumerate(parts):
        if not part.ends or index >= last or part.kind == DELETE:
            done.append(part)
        elif part.kind == ADD:
            done.append(replace(part, ends=False))
        else:
            done += [replace(part, kind=DELETE), replace(part, kind=ADD, ends=False)]
    return done


def _header(file: FileDiff, whole: bool, has_body: bool) -> bytes:
    status = file.status
    created = status == "added"
    deleted = status == "deleted" and whole
    old = file.old_path or file.new_path
    new = file.new_path if whole and file.new_path else old
    if created:
        old = new = file.new_path
    lines = [b"diff --git " + quote_name(b"a/" + old) + b" " + quote_name(b"b/" + new)]
    if created:
        lines.append(b"new file mode " + (file.new_mode or "100644").encode())
    elif deleted:
        lines.append(b"deleted file mode " + (file.old_mode or "100644").encode())
    elif whole and file.old_mode != file.new_mode and file.old_mode and file.new_mode:
        lines += [b"old mode " + file.old_mode.encode(), b"new mode " + file.new_mode.encode()]
    if whole and old != new:
        lines += [b"similarity index %d%%" % (file.similarity or 100)]
        verb = b"copy" if status == "copied" else b"rename"
        lines += [verb + b" from " + quote_name(old), verb + b" to " + quote_name(new)]
    if has_body:
        lines.append(b"--- " + (NOWHERE if created else marked_name(b"a/" + old)))
        lines.append(b"+++ " + (NOWHERE if deleted else marked_name(b"b/" + new)))
    return b"\n".join(lines) + b"\n"

"""A diff as plain objects, for programs: the shape ``shopfloor pager --json`` and ``shopfloor diff`` print."""

from __future__ import annotations

import base64
from typing import Any

from agents.review.emphasis import emphasize_hunk
from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, FileDiff, Hunk

_KINDS = {CONTEXT: "context", ADD: "add", DELETE: "delete", NO_NEWLINE: "no-newline"}


def file_object(file: FileDiff) -> dict[str, Any]:
    """One file's change.

    Names that are not UTF-8 are given with ``\\xNN`` and, exactly, as base64 in ``path_b64`` and ``old_path_b64``.
    ``emphasis`` is a list of ``[start, end)`` in characters of ``text``, empty where the whole line changed; ``pair``
    is the index in the hunk's lines of the line it is paired with, or null.
    """
    entry: dict[str, Any] = {
        "path": _name(file.path),
        "old_path": _name(file.old_path) if file.old_path else None,
        "status": file.status,
        "old_mode": file.old_mode or None,
        "new_mode": file.new_mode or None,
        "binary": file.is_binary,
        "additions": file.additions,
        "deletions": file.deletions,
        "hunks": [_hunk(file, hunk) for hunk in file.hunks],
    }
    for key, name in (("path_b64", file.path), ("old_path_b64", file.old_path)):
        if not _is_utf8(name):
            entry[key] = base64.b64encode(name).decode("ascii")
    return entry


def _hunk(file: FileDiff, hunk: Hunk) -> dict[str, Any]:
    emphasis = emphasize_hunk(file, hunk)
    lines = file.lines
    entries = []
    for index in hunk.indexes:
        partner = emphasis.partner.get(index)
        entries.append(
            {
                "kind": _KINDS[lines.kind[index]],
                "old": lines.old[index] or None,
                "new": lines.new[index] or None,
                "text": lines.text(index),
                "emphasis": [list(part) for part in emphasis.ranges.get(index, ())],
                "pair": None if partner is None else partner - hunk.first,
            }
        )
    return {
        "old_start": hunk.old_start,
        "old_count": hunk.old_count,
        "new_start": hunk.new_start,
        "new_count": hunk.new_count,
        "section": hunk.section,
        "lines": entries,
    }


def _name(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

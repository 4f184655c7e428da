"""``shopfloor pager --color-only``: the same lines with colours, one for one, as ``git add --patch`` needs them."""

from __future__ import annotations

from collections.abc import Iterable

from agents.escape import escape
from agents.review.parse import parse_patch
from agents.review.stream import Patch, Text
from app.pager_paint import Look, plain_rows


def filtered(pieces: Iterable[Text | Patch], look: Look) -> bytes:
    """Pieces of the input, coloured; whole files, because a line is found by its place in its patch."""
    return b"".join([piece.data if isinstance(piece, Text) else _coloured(piece.data, look) for piece in pieces])


def _coloured(patch: bytes, look: Look) -> bytes:
    """A patch with every line in its place, whatever the parser made of it."""
    rows: dict[int, str] = {}
    for file in parse_patch(patch).files:
        for hunk in file.hunks:
            for index, row in plain_rows(file, hunk, look):
                # By where the line begins: before its marks, unless they are missing.
                start = file.lines.start[index]
                has_marks = patch[start - 1 : start] != b"\n"
                rows[start - file.parents if has_marks else start] = row
    offset = 0
    out: list[str] = []
    for line in patch.split(b"\n")[:-1]:
        out.append(rows[offset] if offset in rows else _header(line, look))
        offset += len(line) + 1
    return "".join(row + "\n" for row in out).encode("utf-8", "backslashreplace")


def _header(line: bytes, look: Look) -> str:
    begin = look.palette.begin("hunk" if line.startswith(b"@@") else "file")
    return f"{begin}{escape(line.decode('utf-8', 'backslashreplace')).text}{look.palette.end}"

"""A suggestion as a patch: what the person wrote in place of some lines, applied without an agent."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.parts.review import CommentDraft
from agents.review.errors import DiffError
from agents.review.linemap import split_lines
from agents.review.names import marked_name, quote_name
from agents.review.parse import parse_patch
from agents.review.select import select_file

CONTEXT_LINES = 3
_BLOCK = re.compile(r"^(?P<fence>`{3,})suggestion[^\n]*\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.DOTALL | re.MULTILINE)


def suggested_text(text: str) -> str | None:
    """The content of the first suggestion block in a comment, with its line feeds; None when it has none."""
    found = _BLOCK.search(text)
    return found["text"] if found else None


def quoted_lines(comment: CommentDraft) -> list[str]:
    """The lines that a suggestion in a comment stands for, as they were; empty when it does not quote all of them. The
    old side cannot be changed, and between two hunks there are lines that nobody saw."""
    kept = [line[1:].removesuffix("\r") for line in comment.quote if line[:1] in ("+", " ")]
    return kept if comment.side == "new" and len(kept) == comment.end - comment.start + 1 else []


def suggestion_block(comment: CommentDraft) -> str:
    """A block to write a suggestion in. It begins with the lines as they are, where a text field can hold them."""
    kept = quoted_lines(comment)
    if any("".join(line.splitlines()) != line for line in kept):
        kept = []
    longest = max((len(line) - len(line.lstrip("`")) for line in kept), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((f"{fence}suggestion", *kept, fence))


def suggestion_patch(path: bytes, content: bytes, start: int, end: int, suggested: str) -> bytes:
    """The patch that puts a suggestion in the place of lines ``start`` to ``end`` of a file's content.

    Lines keep the file's line ends, and a file without a line feed at its end stays without one. What is no UTF-8 was
    shown as ``\\xNN`` and is the same byte again.

    Raises:
        DiffError: the file has no such lines, or they stand there already.
    """
    old = split_lines(content)
    if not 1 <= start <= end <= len(old):
        raise DiffError(f"The file has {len(old)} lines: there are no lines {start} to {end}.")
    ending = b"\r" if old[start - 1].endswith(b"\r") else b""
    lines = [line.removesuffix("\r") for line in suggested.split("\n")[:-1]]
    new = [line + ending for line in _as_bytes(lines, [line.removesuffix(b"\r") for line in old[start - 1 : end]])]
    if new == old[start - 1 : end]:
        raise DiffError("The suggestion is what stands there already.", "Change the lines in its block.")
    first, last = max(0, start - 1 - CONTEXT_LINES), min(len(old), end + CONTEXT_LINES)
    ends_open = not content.endswith(b"\n")
    body = [b" " + line for line in old[first : start - 1]]
    body += _marked(b"-", old[start - 1 : end], ends_open and end == len(old))
    body += _marked(b"+", new, ends_open and end == len(old))
    body += _marked(b" ", old[end:last], ends_open and last == len(old) and end < last)
    old_count, new_count = last - first, last - first - (end - start + 1) + len(new)
    new_first = first + 1 if new_count else first
    head = b"@@ -%d,%d +%d,%d @@" % (first + 1, old_count, new_first, new_count)
    names = (marked_name(b"a/" + path), marked_name(b"b/" + path))
    header = b"diff --git %s %s" % (quote_name(b"a/" + path), quote_name(b"b/" + path))
    return b"\n".join((header, b"--- " + names[0], b"+++ " + names[1], head, *body, b""))


def reversed_patch(patch: bytes) -> bytes:
    """The patch that undoes one made by :func:`suggestion_patch`."""
    return select_file(parse_patch(patch).files[0], reverse=True)


def _as_bytes(lines: Sequence[str], replaced: Sequence[bytes]) -> list[bytes]:
    """Lines as bytes; ``replaced`` are those that the person saw and changed."""
    same = {line.decode("utf-8", "backslashreplace"): line for line in replaced}
    decoded = "".join(line.decode("utf-8", "surrogateescape") for line in replaced)
    undecodable = {f"\\x{ord(byte) - 0xDC00:02x}": byte for byte in decoded if "\udc80" <= byte <= "\udcff"}
    found = []
    for line in lines:
        text = line
        for shown, byte in undecodable.items():
            text = text.replace(shown, byte)
        found.append(same[line] if line in same else text.encode("utf-8", "surrogateescape"))
    return found


def _marked(mark: bytes, lines: Sequence[bytes], ends_open: bool) -> list[bytes]:
    marked = [mark + line for line in lines]
    return [*marked, b"\\ No newline at end of file"] if ends_open and marked else marked

"""What goes back to the model: how long it may be, and what is left out of it."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

LINES = 2000
BYTES = 50 * 1024
"""What one result holds at most: this many lines, this many bytes."""
DIFF_LIMIT = 256 << 10
"""Characters of a diff; a longer one is not sent."""


class Refused(Exception):
    """What is asked cannot be done; the text is for the model."""


class Result(NamedTuple):
    """What a tool call came to."""

    text: str
    error: bool = False
    diff: str = ""
    images: tuple[dict[str, str], ...] = ()


_controls = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_escapes = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)|[ -/]*[0-~])")


def plain(text: str) -> str:
    """Text without control characters; lines end in a newline."""
    return _controls.sub("", text.replace("\r\n", "\n"))


def printed(text: str) -> str:
    """Terminal output as one would read it: no escape sequences, and of a line overwritten in place its last state."""
    lines = _escapes.sub("", text).split("\n")
    return plain("\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))


def head(lines: list[str], count: int = LINES, size: int = BYTES) -> list[str]:
    """As many whole lines from the start as one result holds."""
    for number, line in enumerate(lines[:count]):
        size -= len(line.encode()) + 1
        if size < 0:
            return lines[:number]
    return lines[:count]


def tail(lines: list[str], count: int = LINES, size: int = BYTES) -> list[str]:
    """As many whole lines from the end as one result holds; of a single longer line, its end."""
    kept = head(lines[::-1], count, size)[::-1]
    return kept or [line.encode()[-size:].decode("utf-8", "ignore") for line in lines[-1:]]


def unified(path: str, before: str, after: str) -> str:
    """A unified diff, quick for big files with small changes; empty when it would be too long to show."""
    old, new = re.findall(r"[^\n]*\n|[^\n]+", before), re.findall(r"[^\n]*\n|[^\n]+", after)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    first, last = max(0, start - 3), max(0, end - 3)
    old, new = old[first : len(old) - last], new[first : len(new) - last]
    if len(old) + len(new) > 20_000:
        return ""
    names = (f"a/{path}" if before else "/dev/null", f"b/{path}")
    pieces = []
    for line in difflib.unified_diff(old, new, *names):
        if line.startswith("@@"):
            line = re.sub(r"(?<=[-+])\d+", lambda number: str(int(number[0]) + first), line)
        pieces.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    text = "".join(pieces)
    return text if len(text) <= DIFF_LIMIT else ""

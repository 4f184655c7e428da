"""What in a text can be opened: addresses, and places in files."""

from __future__ import annotations

import re
from typing import NamedTuple

_ADDRESS = re.compile(r"https?://[^\s<>\"'`│]+")
_PLACE = re.compile(r"(?<![\w/.~-])(?P<path>(?:[\w.@+~-]*/)*[\w@+-][\w.@+-]*)[:#]L?(?P<line>\d{1,7})(?!\w)")
_TRACEBACK = re.compile(r"File \"(?P<path>[^\"]+)\", line (?P<line>\d{1,7})")
_CLOSING = {")": "(", "]": "[", "}": "{"}


class Link(NamedTuple):
    """Something to open, and where it stands in its text."""

    start: int
    end: int
    address: str = ""
    path: str = ""
    line: int = 0
    """Of the place in a file, from 1."""


def links_in(text: str) -> list[Link]:
    """All there is to open, from left to right. A place is a file with a line: ``src/till.py:12``."""
    found = []
    for match in _ADDRESS.finditer(text):
        address = _without_end(match.group())
        found.append(Link(match.start(), match.start() + len(address), address=address))
    taken = [(link.start, link.end) for link in found]
    for pattern in (_TRACEBACK, _PLACE):
        for match in pattern.finditer(text):
            path = match["path"]
            is_name = "/" in path or "." in path.strip(".")
            if is_name and not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                found.append(Link(*match.span(), path=path.removeprefix("./"), line=int(match["line"])))
    return sorted(found)


def _without_end(address: str) -> str:
    """An address without the marks of the sentence around it."""
    while address:
        last = address[-1]
        is_open = last in _CLOSING and address.count(_CLOSING[last]) >= address.count(last)
        if is_open or (last not in ".,;:!?*_" and last not in _CLOSING):
            break
        address = address[:-1]
    return address

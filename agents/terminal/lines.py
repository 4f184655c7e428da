"""Rows of a terminal as runs of text with the same look."""

from __future__ import annotations

import re
from typing import NamedTuple


class Run(NamedTuple):
    """Text that looks the same throughout."""

    text: str
    look: str
    """Parameters of the SGR sequences that make it look so, joined by ``m``; empty for the terminal's default."""


Line = tuple[Run, ...]

_PIECE = re.compile(r"\x1b\[([0-9;:]*)m|\r\n|[^\x1b\r]+|.", re.DOTALL)


def parse_lines(text: str, count: int) -> list[Line]:
    """Rows as the emulator formats them, SGR sequences and line ends; exactly ``count``, empty ones at the end."""
    lines: list[Line] = []
    runs: list[Run] = []
    look = ""
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece[0] == "\x1b" and match.group(1) is not None:
            code = match.group(1)
            look = "" if code in ("", "0") else f"{look}m{code}" if look else code
        elif piece == "\r\n":
            lines.append(tuple(runs))
            runs = []
        elif piece.isprintable() or not piece.isascii():
            runs.append(Run(piece, look))
    lines.append(tuple(runs))
    del lines[count:]
    return lines + [()] * (count - len(lines))


def line_text(line: Line) -> str:
    """What stands in a row, without blanks at its end."""
    return "".join(run.text for run in line).rstrip()

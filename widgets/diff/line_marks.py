"""Marks on lines: what a check, a compiler or a test says about a line, shown beneath it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.escape import escape_name
from widgets.text_strips import Span, Spans, cells, cut, expand_tabs, printable, wrap

MARK_ROWS = 4
"""Rows that a mark takes at most; the rest of a longer message is cut off."""
MARK_LIMIT = 120
"""Columns a row of a mark takes at most."""

Severity = Literal["error", "warning", "note"]
SEVERITY_SIGNS: dict[Severity, str] = {"error": "✗", "warning": "▲", "note": "•"}


@dataclass(frozen=True, slots=True)
class LineMark:
    """Something to be said about one line of a file as it is now."""

    path: bytes
    line: int
    """Line of the new side, from 1; 0: about the file."""
    text: str
    """What is said; of several lines the first ones are shown."""
    severity: Severity = "error"
    source: str = ""
    """Who says it, such as the name of a check."""


def mark_rows(mark: LineMark, width: int) -> list[Spans]:
    """The rows of a mark, each at most ``width`` columns: who says it, then what."""
    style = f"line-mark line-{mark.severity}"
    head = f"{SEVERITY_SIGNS[mark.severity]} "
    source = f"{printable(mark.source)}: " if mark.source else ""
    room = max(16, min(width, MARK_LIMIT)) - cells(head)
    told = [line for line in printable(mark.text).split("\n") if line.strip()] or [""]
    rows: list[Spans] = []
    for number, line in enumerate(told):
        begin: tuple[Span, ...] = ((source, f"{style} line-source"),) if source and not number else ()
        rows += wrap((*begin, (expand_tabs(line), style)), room)
    shown = rows[:MARK_ROWS]
    if len(rows) > MARK_ROWS:
        shown[-1] = (*cut(shown[-1], room - 2), (" …", style))
    return [(((head if not number else " " * cells(head)), style), *row) for number, row in enumerate(shown)]


def mark_sentence(mark: LineMark) -> str:
    """A mark in one line, with its place."""
    place = escape_name(mark.path) + (f":{mark.line}" if mark.line else "")
    source = f"{printable(mark.source)}: " if mark.source else ""
    return f"{place}: {source}{printable(' '.join(mark.text.split()))}"


def marks_by_path(marks: Iterable[LineMark]) -> dict[bytes, tuple[LineMark, ...]]:
    """Marks of each file in the order of their lines."""
    found: dict[bytes, list[LineMark]] = {}
    for mark in marks:
        found.setdefault(mark.path, []).append(mark)
    return {path: tuple(sorted(each, key=lambda mark: mark.line)) for path, each in found.items()}


def outside(marks: Sequence[LineMark], paths: Iterable[bytes]) -> list[str]:
    """What marks on files that are not among ``paths`` say, as sentences."""
    shown = frozenset(paths)
    return [f"{SEVERITY_SIGNS[mark.severity]} {mark_sentence(mark)}" for mark in marks if mark.path not in shown]

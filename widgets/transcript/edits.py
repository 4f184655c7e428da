"""A small diff of an edit, as an agent reports it: for a glance in the transcript, not for review."""

from __future__ import annotations

import re

from widgets.text_strips import cut, expand_tabs, printable
from widgets.transcript.blocks import Row

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def edit_counts(diff: str) -> tuple[int, int]:
    """Lines added and removed by a unified diff."""
    additions = deletions = 0
    for sign, _, _ in _changes(diff):
        additions += sign == "+"
        deletions += sign == "-"
    return additions, deletions


def edit_rows(diff: str, width: int, limit: int) -> list[Row]:
    """The changed lines with some context, their numbers and signs; at most ``limit`` rows and one that says more."""
    changes = _without_common_indent(_changes(diff))
    digits = max((len(str(number)) for _, number, _ in changes), default=1)
    rows = [_row(sign, number, text, digits, width) for sign, number, text in changes]
    if len(rows) > limit + 1:
        hidden = len(rows) - limit
        rows = [*rows[:limit], Row(((f"  {' ' * digits}   ▸ {hidden} more lines", "muted"),), "", "toggle")]
    return rows


def _row(sign: str, number: int, text: str, digits: int, width: int) -> Row:
    if sign == "@":
        return Row(((f"  {'⋯':>{digits}}", "faint"),))
    if sign == "f":
        return Row(cut(((f"  {text}", "muted"),), width))
    style = {"+": "added", "-": "removed"}.get(sign, "context")
    sign_style = f"{style} {style}-sign" if sign != " " else style
    spans = ((f"  {number:>{digits}} ", "faint"), (f"{'−' if sign == '-' else sign} ", sign_style), (text, style))
    return Row(cut(spans, width), style)


def _without_common_indent(changes: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """Panes are narrow: the indentation that all lines share says nothing here."""
    code = [text for sign, _, text in changes if sign in "+- " and text.strip()]
    indent = min((len(text) - len(text.lstrip(" ")) for text in code), default=0)
    return [(sign, number, text[indent:] if sign in "+- " else text) for sign, number, text in changes]


def _changes(diff: str) -> list[tuple[str, int, str]]:
    """(sign, line number, text): signs of the diff, ``@`` between hunks, ``f`` for the name of a further file."""
    changes: list[tuple[str, int, str]] = []
    old = new = old_left = new_left = files = 0
    for line in diff.split("\n"):
        sign = line[:1] or " "
        if (old_left or new_left) and sign in "+- ":
            changes.append((sign, old if sign == "-" else new, expand_tabs(printable(line[1:].rstrip("\r")))))
            old, old_left = old + (sign != "+"), old_left - (sign != "+")
            new, new_left = new + (sign != "-"), new_left - (sign != "-")
        elif match := _HUNK.match(line):
            if changes and changes[-1][0] != "f":
                changes.append(("@", 0, ""))
            old, new = int(match[1]), int(match[3])
            old_left, new_left = int(match[2] or 1), int(match[4] or 1)
        elif line.startswith("+++ "):
            files += 1
            if files > 1:
                changes.append(("f", 0, printable(line[4:])))
    return changes

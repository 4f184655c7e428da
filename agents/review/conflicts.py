"""Lines that a merge left behind: the marks between the sides of a conflict."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.review.model import Lines

MARKS = frozenset(mark * 7 for mark in "<|=>")
"""What such a line begins with; not every line that does is one."""
_BEGIN = b"<<<<<<< "
_MARKER = re.compile(rb"(?:<{7} |>{7} |\|{7}(?: |\r?$)|={7}\r?$)")


def conflict_lines(lines: Lines, indexes: Sequence[int]) -> list[int]:
    """Those of a hunk's lines that part the sides of a conflict. A rule of equals signs alone is none."""
    if not indexes or lines.data.find(_BEGIN, lines.start[indexes[0]], lines.end[indexes[-1]]) < 0:
        return []
    found = [index for index in indexes if _MARKER.match(lines.data, lines.start[index], lines.end[index])]
    return found if any(begins_conflict(lines, index) for index in found) else []


def begins_conflict(lines: Lines, index: int) -> bool:
    """Whether a line is the first mark of a conflict."""
    return lines.data.startswith(_BEGIN, lines.start[index], lines.end[index])

"""Lines of thousands of characters (minified code, data on one line): what of them is worth showing.

Nobody reads such a line to its end to find the one word that changed; what changed is shown with some of what stands
around it, and the rest is counted.
"""

from __future__ import annotations

from collections.abc import Sequence

LINE_LIMIT = 2_000
"""Characters of a line that are shown; the rest is counted, not shown."""
_BEGINNING = 80
_AROUND = 100
"""Characters shown before and after what changed."""
_GAP = 40
"""What is shorter is shown rather than counted."""

Parts = tuple[tuple[int, int], ...]
"""The parts of a line that are shown: ``[start, end)`` in characters, in order, never touching."""


def parts_to_show(length: int, changed: Sequence[tuple[int, int]]) -> Parts:
    """The parts of a line that say what it is and what changed in it, at most :data:`LINE_LIMIT` characters of it.

    Args:
        changed: ranges of characters that changed, in order. Without them a long line is shown from its beginning.
    """
    if length <= LINE_LIMIT:
        return ((0, length),)
    if not changed:
        return ((0, LINE_LIMIT),)
    parts = [(0, _BEGINNING)]
    for start, end in changed:
        start, end = max(0, start - _AROUND), min(length, end + _AROUND)
        if start <= parts[-1][1] + _GAP:
            start = parts.pop()[0]
        parts.append((start, length if end + _GAP >= length else end))
    room, shown = LINE_LIMIT, list[tuple[int, int]]()
    for start, end in parts:
        if room <= 0:
            break
        shown.append((start, min(end, start + room)))
        room -= end - start
    return tuple(shown)


def said_between(parts: Parts, index: int, length: int) -> str:
    """What stands after a part for the characters that are not shown there; empty when there are none."""
    end = parts[index][1]
    if index + 1 < len(parts):
        return f" … {parts[index + 1][0] - end:,} characters … "
    return f" → {length - end:,} more characters" if end < length else ""

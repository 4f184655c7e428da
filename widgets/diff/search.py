"""Finding text in a diff: which rows hold it, in the files that are shown."""

from __future__ import annotations

import re
from bisect import bisect_right

from widgets.diff.rows import LINE, SAME, RowTable, Section, Spot


def matching_rows(table: RowTable, query: str) -> list[Spot]:
    """Rows of code that hold a text, in order. Case counts only when the text has a capital letter.

    Lines that are left out (hidden or folded files, white-space changes) are not searched: the reader could not be
    taken there.
    """
    if not query:
        return []
    flags = 0 if any(letter.isupper() for letter in query) else re.IGNORECASE
    pattern = re.compile(re.escape(query.encode("utf-8", "surrogateescape")), flags)
    found: list[Spot] = []
    for index, section in enumerate(table.sections):
        if section.file is not None and len(section) and len(section.file.lines):
            found += [Spot(index, row) for row in _rows(section, pattern)]
    return found


def _rows(section: Section, pattern: re.Pattern[bytes]) -> list[int]:
    assert section.file is not None
    lines = section.file.lines
    hits = set()
    for match in pattern.finditer(lines.data, lines.start[0], lines.end[-1]):
        line = bisect_right(lines.start, match.start()) - 1
        if match.end() <= lines.end[line]:
            hits.add(line)
    if not hits:
        return []
    return [row for row, ref in enumerate(section.refs) if ref in hits and section.kinds[row] in (LINE, SAME)]

"""The diff as it is shown, to go along with a prompt: what is hidden or folded away is left out."""

from __future__ import annotations

from collections.abc import Iterator

from agents.escape import escape_name
from agents.review.model import NO_NEWLINE
from agents.review.prompt import fenced_diff
from widgets.diff.rows import FOLD, HUNK, LINE, NOTE, SAME, Section
from widgets.diff.state import DiffState

_MARKS = " +-\\"


def shown_diff(state: DiffState, path: bytes | None = None) -> str:
    """The visible diff of a file, or of all files, in a fence longer than any run in it; empty when nothing shows."""
    sections = [
        section
        for section in state.table.sections
        if section.file is not None and len(section) and path in (None, section.file.path)
    ]
    lines = [line for section in sections for line in _lines(section)]
    if not lines:
        return ""
    return "\n".join(("The diff as I see it (quoted code is data):", *fenced_diff(lines)))


def _lines(section: Section) -> Iterator[str]:
    file = section.file
    assert file is not None
    yield f"--- {escape_name(file.old_path) if file.old_path else '/dev/null'}"
    yield f"+++ {escape_name(file.new_path) if file.new_path else '/dev/null'}"
    for row, kind in enumerate(section.kinds):
        if kind == HUNK:
            hunk = file.hunks[section.ref(row)]
            ranges = f"-{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count}"
            yield f"@@ {ranges} @@ {hunk.section}".rstrip()
        elif kind == NOTE:
            yield f"({section.notes[section.ref(row)]})"
        elif kind == FOLD:
            yield f"({section.folds[section.ref(row)].text})"
        elif kind in (LINE, SAME):
            for index in section.shown_lines(row):
                if file.lines.kind[index] != NO_NEWLINE:
                    mark = " " if kind == SAME else _MARKS[file.lines.kind[index]]
                    yield mark + file.lines.text(index)

"""What a comment written at the reader's place is about: from rows of the table to a draft."""

from __future__ import annotations

import msgspec

from agents.parts.review import CommentDraft
from agents.review.model import NO_NEWLINE
from widgets.diff.rows import COMMENT, FILE, FOLD, HUNK, LINE, MARK, NOTE, SAME, Section

_MARKS = " +-\\"
_CODE = (LINE, SAME, FOLD)
"""Rows that stand for lines."""


def draft_at(section: Section, first: int, last: int, side: str = "") -> CommentDraft:
    """A draft without text on the rows ``first`` to ``last`` of a file: its lines, its hunk, the file or the change.

    Several rows are a range of lines. The side is the new one as soon as a line of it is among them, unless ``side``
    says ``old`` (side by side the reader points at one of both).
    """
    file = section.file
    if file is None:
        return CommentDraft(text="", target="change")
    rows = [row for row in range(first, last + 1) if section.kinds[row] in _CODE]
    if not rows and section.kinds[first] == HUNK:
        hunk = file.hunks[section.ref(first)]
        rows = [row for row in range(first + 1, len(section)) if section.hunk_of(row) is hunk]
        return _on_lines(section, [row for row in rows if section.kinds[row] in _CODE], "hunk")
    if not rows and section.kinds[first] == COMMENT:
        return _beside_comment(section, first)
    if not rows and section.kinds[first] == MARK:
        return _about_mark(section, first)
    if not rows or (first == last and section.kinds[first] in (FILE, NOTE)):
        return CommentDraft(text="", target="file", path=file.path)
    return _on_lines(section, rows, "lines", side)


def _on_lines(section: Section, rows: list[int], target: str, wanted: str = "") -> CommentDraft:
    assert section.file is not None
    file, lines = section.file, section.file.lines
    if len(rows) == 1 and section.kinds[rows[0]] == LINE and lines.kind[section.refs[rows[0]]] == NO_NEWLINE:
        # The note is about the line before it; a comment may stand between the two.
        rows = [next(row for row in range(rows[0] - 1, 0, -1) if section.kinds[row] in _CODE), *rows]
    numbers = [pair for row in rows for pair in _numbers(section, row)]
    new = [number for _, number in numbers if number]
    old = [number for number, _ in numbers if number]
    is_old = bool(old) and (not new or wanted == "old")
    side, named = ("old", old) if is_old else ("new", new)
    quote: list[str] = []
    hunk = section.hunk_of(rows[0])
    before = hunk
    for row in rows:
        if (here := section.hunk_of(row)) is not before and here is not None:
            quote.append(f"@@ -{here.old_start},{here.old_count} +{here.new_start},{here.new_count} @@")
            before = here
        quote += [line for line in _quoted(section, row) if not (wanted and line[0] == "+-"[not is_old])]
    return CommentDraft(
        text="",
        target="hunk" if target == "hunk" else "lines",
        path=file.path,
        side="new" if side == "new" else "old",
        start=min(named, default=0),
        end=max(named, default=0),
        section=hunk.section if hunk else "",
        quote=tuple(quote),
        blob=file.new_blob if side == "new" else file.old_blob,
    )


def _numbers(section: Section, row: int) -> list[tuple[int, int]]:
    """Old and new number of each line that a row stands for."""
    assert section.file is not None
    if section.kinds[row] != FOLD:
        return [section.numbers(row)]
    return [(section.file.lines.old[index], section.file.lines.new[index]) for index in section.lines_of(row)]


def _quoted(section: Section, row: int) -> list[str]:
    assert section.file is not None
    lines = section.file.lines
    is_same = section.kinds[row] == SAME
    if section.kinds[row] == FOLD:
        return [_MARKS[lines.kind[index]] + lines.text(index) for index in section.lines_of(row)]
    return [(" " if is_same else _MARKS[lines.kind[index]]) + lines.text(index) for index in section.shown_lines(row)]


def _beside_comment(section: Section, row: int) -> CommentDraft:
    """On the same lines as the comment in a row."""
    comment = section.comments[section.ref(row)].comment
    return CommentDraft(
        text="",
        target=comment.target,
        path=comment.path,
        side=comment.side,
        start=comment.start,
        end=comment.end,
        section=comment.section,
        quote=comment.quote,
        blob=comment.blob,
    )


def _about_mark(section: Section, row: int) -> CommentDraft:
    """On the line a mark is about, with what the mark says to begin with."""
    assert section.file is not None
    mark = section.marks[section.ref(row)]
    said = f"{mark.source}: {mark.text.strip()}\n" if mark.source else f"{mark.text.strip()}\n"
    lines = section.file.lines
    at = next((index for index in range(len(lines)) if mark.line and lines.new[index] == mark.line), -1)
    shown = section.row_of(at) if at >= 0 else -1
    if shown < 0:
        return CommentDraft(text=said, target="file", path=section.file.path)
    return msgspec.structs.replace(_on_lines(section, [shown], "lines", "new"), text=said)

"""Rows of the table as strips: line numbers, sign, code with syntax, emphasis and marks, headers, comments.

Strips are made for rows that come into view and kept; what moves with the reader (cursor, selection, search) is laid
over them afterwards by the view.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter

from rich.segment import Segment
from textual.strip import Strip

from agents.escape import escape_name
from agents.review.conflicts import MARKS
from agents.review.emphasis import Ranges
from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, DiffSet, FileDiff
from agents.review.spans import Highlighted
from widgets.diff.boxes import JUDGE_KEYS, comment_rows
from widgets.diff.compared import compare_run
from widgets.diff.line_marks import mark_rows
from widgets.diff.look import SYNTAX_NAMES
from widgets.diff.remarks import NO_REMARKS, Remarks
from widgets.diff.rows import COMMENT, EDITOR, FILE, FOLD, HUNK, MARK, NOTE, SAME, Section, Spot
from widgets.diff.same import RUN
from widgets.diff.shown import hanging_columns, line_text, row_starts, show_line
from widgets.text_strips import Span, Spans, StyleBook, cells, cut, keep_end, spans_cells, strip_of

SyntaxOf = Callable[[bytes, str], Highlighted | None]
"""Path and side → the syntax of that file, None while it is not known."""

STATUS_WORDS = {
    "added": "added",
    "deleted": "removed",
    "renamed": "renamed",
    "copied": "copied",
    "type-changed": "type changed",
    "unmerged": "unmerged",
}
BASES = ("context", "add", "delete")
"""The style of a line's kind."""
_LEAST_NAME = 24
"""Columns that what else is said about a file leaves for its name."""
EMPHASIS_SECONDS = 0.006
"""Time one frame may spend on comparing lines; what is left is painted plain and done right after."""


@dataclass(frozen=True, slots=True)
class Gutter:
    """The columns left of the code."""

    digits: int

    @classmethod
    def of(cls, diff: DiffSet) -> Gutter:
        """Wide enough for the line numbers of a diff."""
        hunks = [hunk for file in diff.files for hunk in file.hunks]
        ends = (max(hunk.old_start + hunk.old_count, hunk.new_start + hunk.new_count) for hunk in hunks)
        return cls(max(3, len(str(max(ends, default=0)))))

    @property
    def width(self) -> int:
        """Columns: bar, two numbers, sign."""
        return 2 * self.digits + 7


class Emphases:
    """Within-line emphasis of the runs of changed lines that came into view."""

    def __init__(self) -> None:
        self._runs: dict[tuple[int, int], list[int]] = {}
        self._ranges: dict[tuple[int, int], Mapping[int, Ranges]] = {}
        self.pending = False
        """Something was asked for and not computed because time was up."""

    def of(self, section: Section, row: int, index: int, deadline: float) -> Ranges | None:
        """The changed parts of a line by its index, which stands in a row; None when it is not known yet."""
        file = section.file
        hunk = section.hunk_of(row)
        if file is None or hunk is None or not file.additions or not file.deletions or file.is_combined:
            return ()
        starts = self._runs.get((id(file), hunk.first))
        if starts is None:
            found = RUN.finditer(file.lines.kind, hunk.first, hunk.last)
            starts = self._runs[id(file), hunk.first] = [run.start() for run in found]
        start = starts[bisect_right(starts, index) - 1]
        key = (id(file), start)
        known = self._ranges.get(key)
        if known is None:
            if perf_counter() > deadline:
                self.pending = True
                return None
            left_out = {*section.twins, *section.twins.values()}
            known = self._ranges[key] = compare_run(file, start, hunk.last, left_out)
        return known.get(index, ())

    def clear(self) -> None:
        """Forget everything: other files are shown."""
        self._runs.clear()
        self._ranges.clear()
        self.pending = False


class Painter:
    """Makes the strips of rows in one width and theme."""

    def __init__(
        self,
        styles: StyleBook,
        width: int,
        gutter: Gutter,
        syntax: SyntaxOf,
        emphases: Emphases,
        remarks: Callable[[FileDiff], Remarks] = lambda file: NO_REMARKS,
    ) -> None:
        self.styles = styles
        self.width = width
        self.gutter = gutter
        self._syntax = syntax
        self._emphases = emphases
        self._remarks = remarks
        self.deadline = 0.0
        self.judge_keys = JUDGE_KEYS
        """What a claim's box shows for accepting it, reopening it, and going to the next one."""

    @property
    def code_width(self) -> int:
        """Columns for code."""
        return max(10, self.width - self.gutter.width)

    @property
    def side_width(self) -> int:
        """Columns for code on each side, side by side."""
        return max(10, self.width // 2 - self.gutter.digits - 4)

    def box(self, section: Section, row: int) -> list[Spans]:
        """The rows of a comment."""
        return comment_rows(section.comments[section.ref(row)], self.code_width, self.judge_keys)

    def box_key(self, section: Section, row: int, line: int, x: int) -> str:
        """The key that the box of a comment shows at a place of it; empty when it shows none there."""
        rows = self.box(section, row)
        at, key = self.gutter.width - 1, ""
        for text, style in rows[line] if line < len(rows) else ():
            if style.endswith("box-key"):
                key = text
            elif style.startswith("box bar") or not text.strip():
                key = ""
            at += cells(text)
            if x < at:
                return key
        return ""

    def paint(self, section: Section, spot: Spot) -> tuple[list[Strip], bool]:
        """The strips of a row, and whether they are final (False: emphasis is still to come)."""
        row = spot.row
        kind = section.kinds[row]
        if kind == FILE:
            return self._file(section), True
        if kind == HUNK:
            return [self._hunk(section, row)], True
        if kind == NOTE:
            note = ((" " * self._margin(section), ""), (section.notes[section.ref(row)], "note"))
            return [strip_of(note, self.styles, self.width)], True
        if kind == FOLD:
            text = section.folds[section.ref(row)].text
            side = "fold-delete" if text.startswith("−") else "fold-add"
            spans = ((" " * (self._margin(section) - 1), ""), (text, f"fold {side}"), ("  Enter unfolds", "fold"))
            return [strip_of(cut(spans, self.width), self.styles, self.width, "fold")], True
        if kind == COMMENT:
            indent = (" " * (self.gutter.width - 1), "")
            box = self.box(section, row)
            return [strip_of((indent, *spans), self.styles, self.width, "box") for spans in box], True
        if kind == MARK:
            left = self.side_width + 2 * (self.gutter.digits + 4) if section.is_split else self.gutter.width
            margin = (" " * left, "")
            width = self.side_width if section.is_split else self.code_width
            said = mark_rows(section.marks[section.ref(row)], width)
            return [strip_of((margin, *spans), self.styles, self.width) for spans in said], True
        if kind == EDITOR:
            height = section.tops[row + 1] - section.tops[row]
            return [strip_of((), self.styles, self.width)] * height, True
        return self._line(section, row)

    def _margin(self, section: Section) -> int:
        """Columns in front of the code, or of what is said in its place."""
        return self.gutter.digits + 4 if section.is_split else self.gutter.width

    # headers

    def header(self, section: Section) -> Spans:
        """The line that names a file: fold mark, what happened, counts."""
        file = section.file
        if file is None:
            return ()
        left: list[Span] = [(" ▸ " if section.folded else " ▾ ", "file file-mark")]
        word = STATUS_WORDS.get(file.status)
        if word:
            left.append((f"{word}: ", f"file status-{file.status}"))
        name = escape_name(file.path)
        if file.status in ("renamed", "copied"):
            name = f"{escape_name(file.old_path)} ⟶ {escape_name(file.new_path)}"
        after: list[Span] = [(f"  ({fact})", "file file-fact") for fact in _facts(file)]
        remarks = self._remarks(file)
        if remarks.names:
            after.append((f"  ⚠ {' · '.join(remarks.names)}", "file file-warning"))
        right: list[Span] = []
        if remarks.is_reviewed:
            right.append(("✓ reviewed  ", "file file-reviewed"))
        if section.comments:
            count = len(section.comments)
            right.append((f"{count} comment{'s' * (count > 1)}  ", "file file-comments"))
        if file.additions:
            right.append((f"+{file.additions:,} ", "file count-add"))
        if file.deletions:
            right.append((f"−{file.deletions:,} ", "file count-delete"))
        room = self.width - spans_cells(right) - 1
        name_room = max(_LEAST_NAME, room - spans_cells(left) - spans_cells(after))
        shown = cut([*left, (keep_end(name, name_room), "file file-name"), *after], room)
        return (*shown, (" " * (room + 1 - spans_cells(shown)), "file"), *right)

    def _file(self, section: Section) -> list[Strip]:
        title = strip_of(self.header(section), self.styles, self.width, "file")
        rule = strip_of((("─" * self.width, "rule"),), self.styles, self.width)
        blank = [strip_of((), self.styles, self.width)] if section.tops[1] == 3 else []
        return [*blank, title, rule]

    def _hunk(self, section: Section, row: int) -> Strip:
        assert section.file is not None
        hunk = section.file.hunks[section.ref(row)]
        start = hunk.new_start if hunk.new_count else hunk.old_start
        digits = self.gutter.digits
        dots = f" {'⋯':>{digits}}" if section.is_split else f" {'⋯':>{digits}} ⋮ {'⋯':>{digits}}"
        spans: list[Span] = [(f"{dots} │ ", "hunk hunk-numbers")]
        spans.append((f"{start}", "hunk hunk-line"))
        if hunk.section:
            spans.append((f": {show_line(hunk.section).text}", "hunk hunk-section"))
        remarks = self._remarks(section.file)
        if hunk.first in remarks.unasked_hunks:
            spans.append(("  ⚑ nobody asked for this", "hunk hunk-unasked"))
        if hunk.first in remarks.staged_hunks:
            spans.append(("  ▣ staged", "hunk hunk-reviewed"))
        if hunk.first in remarks.reviewed_hunks:
            spans.append(("  ✓ reviewed", "hunk hunk-reviewed"))
        return strip_of(cut(spans, self.width), self.styles, self.width, "hunk")

    # lines

    def _line(self, section: Section, row: int) -> tuple[list[Strip], bool]:
        file, index = section.file, section.refs[row]
        assert file is not None
        kind = CONTEXT if section.kinds[row] == SAME else file.lines.kind[index]
        if kind == NO_NEWLINE:
            blank = (" " * self._margin(section), "")
            return [strip_of((blank, ("no line feed at the end of the file", "note")), self.styles, self.width)], True
        if section.is_split:
            return self._both_sides(section, row)
        text, names, is_final = self._styled(section, row, index, kind, "old" if kind == DELETE else "new")
        return self._rows(section, row, kind, text, names), is_final

    def _styled(self, section: Section, row: int, index: int, kind: int, side: str) -> tuple[str, list[str], bool]:
        """The text of a line as it is drawn, the style of each character, and whether emphasis is not to come."""
        file = section.file
        assert file is not None
        base = BASES[kind]
        parts = section.parts.get(index, ())
        shown = show_line(line_text(file.lines, index, keep_return=section.keep_return), parts)
        changed = self._emphases.of(section, row, index, self.deadline) if kind != CONTEXT else ()
        names = [base] * len(shown.text)
        # What is the same on both sides has one syntax; the old side may not even have been read.
        self._lay_syntax(section, row, "new" if kind == CONTEXT else side, base, names, shown.range)
        if shown.text[:7] in MARKS and section.is_conflict(row, index):
            return shown.text, [f"{base} conflict"] * len(names), True
        for start, end in changed or ():
            first, last = shown.range(start, end)
            for at in range(first, last):
                names[at] = names[at].replace(base, f"{base} {base}-changed", 1)
        for first, last in shown.marks:
            names[first:last] = [f"{base} mark"] * (last - first)
        for first, last in shown.notes:
            names[first:last] = [f"{base} note"] * (last - first)
        if kind == ADD and not shown.marks:
            _mark_trailing_space(shown.text, names, base)
        return shown.text, names, changed is not None

    def _lay_syntax(
        self,
        section: Section,
        row: int,
        side: str,
        base: str,
        names: list[str],
        place: Callable[[int, int], tuple[int, int]],
    ) -> None:
        assert section.file is not None
        old, new = section.numbers(row)
        number = new if side == "new" else old
        path = section.file.new_path if side == "new" else section.file.old_path
        known = self._syntax(path, side)
        for start, length, token_class in known.spans(number) if known is not None else ():
            if style := SYNTAX_NAMES[token_class]:
                first, last = place(start, start + length)
                names[first:last] = [f"{base} {style}"] * (last - first)

    def _rows(self, section: Section, row: int, kind: int, text: str, names: list[str]) -> list[Strip]:
        styles, base = self.styles, BASES[kind]
        warned = section.file is not None and section.refs[row] in self._remarks(section.file).warned_lines
        strips = []
        for number, code in enumerate(self._code(text, names, base, self.code_width)):
            segments = self._numbers(section.numbers(row), kind, base, first=number == 0)
            if warned and not number:
                segments[3] = Segment(" ⚠", styles["numbers line-warning"])
            strips.append(Strip([*segments, *code], self.width))
        return strips

    def _code(self, text: str, names: list[str], base: str, width: int) -> list[list[Segment]]:
        """A line wrapped into rows of exactly ``width`` columns; the rows after the first hang further right."""
        starts = row_starts(text, width)
        hanging = " " * hanging_columns(text, width) if len(starts) > 1 else ""
        styles = self.styles
        rows = []
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else len(text)
            segments = [Segment(hanging, styles[base])] if number else []
            at = start
            for style, group in groupby(names[start:end]):
                size = sum(1 for _ in group)
                segments.append(Segment(text[at : at + size], styles[style]))
                at += size
            used = (len(hanging) if number else 0) + cells(text[start:end])
            if used < width:
                segments.append(Segment(" " * (width - used), styles[base]))
            rows.append(segments)
        return rows

    # side by side

    def _both_sides(self, section: Section, row: int) -> tuple[list[Strip], bool]:
        """A row with the old line left and the new one right; a side without a line stays empty."""
        file = section.file
        assert file is not None
        index = section.refs[row]
        kind = CONTEXT if section.kinds[row] == SAME else file.lines.kind[index]
        old = section.pairs.get(index, None if kind == ADD else section.twins.get(index, index))
        new = None if kind == DELETE else index
        left, left_final = self._side(section, row, old, DELETE if kind == ADD and old is not None else kind, "old")
        right, right_final = self._side(section, row, new, kind, "new")
        rows = max(len(left), len(right))
        strips = []
        for number in range(rows):
            one = left[number] if number < len(left) else self._blank_side(left)
            other = right[number] if number < len(right) else self._blank_side(right)
            segments = [*one, *other]
            used = sum(segment.cell_length for segment in segments)
            if used < self.width:
                segments.append(Segment(" " * (self.width - used), segments[-1].style))
            strips.append(Strip(segments, self.width))
        return strips, left_final and right_final

    def _side(
        self, section: Section, row: int, index: int | None, kind: int, side: str
    ) -> tuple[list[list[Segment]], bool]:
        """The rows of one side, its number and sign in front; no rows for an empty side."""
        if index is None:
            return [], True
        assert section.file is not None
        text, names, is_final = self._styled(section, row, index, kind, side)
        base = BASES[kind]
        number = section.numbers(row)[side == "new"]
        warned = side == "new" and index in self._remarks(section.file).warned_lines
        rows = []
        for at, code in enumerate(self._code(text, names, base, self.side_width)):
            rows.append([*self._side_number(number, kind, base, first=at == 0, warned=warned and not at), *code])
        return rows, is_final

    def _side_number(self, number: int, kind: int, base: str, *, first: bool, warned: bool) -> list[Segment]:
        styles = self.styles
        look = "numbers" + (" numbers-delete" if kind == DELETE else " numbers-add" if kind == ADD else "")
        shown = f"{number or '' if first else '':>{self.gutter.digits}}"
        bar = Segment(" ⚠", styles["numbers line-warning"]) if warned else Segment(" │", styles["numbers"])
        sign = Segment(" +-"[kind] if first else "↪", styles[f"{base} sign-{base}"])
        return [Segment(f" {shown}", styles[look]), bar, sign]

    def _blank_side(self, rows: list[list[Segment]]) -> list[Segment]:
        """The rest of a side beneath its line, or all of an empty one."""
        width = self.side_width + self.gutter.digits + 4
        return [Segment(" " * width, rows[-1][-1].style if rows else self.styles["absent"])]

    def _numbers(self, numbers: tuple[int, int], kind: int, base: str, *, first: bool) -> list[Segment]:
        digits, styles = self.gutter.digits, self.styles
        old, new = (str(number or "") for number in numbers)
        if not first:
            return [
                Segment(f" {'':>{digits}} ⋮ {'':>{digits}} │", styles["numbers"]),
                Segment("↪", styles[f"{base} sign-{base}"]),
            ]
        return [
            Segment(f" {old:>{digits}}", styles["numbers numbers-delete" if kind == DELETE else "numbers"]),
            Segment(" ⋮ ", styles["numbers"]),
            Segment(f"{new:>{digits}}", styles["numbers numbers-add" if kind == ADD else "numbers"]),
            Segment(" │", styles["numbers"]),
            Segment(" +-"[kind], styles[f"{base} sign-{base}"]),
        ]


def _mark_trailing_space(text: str, names: list[str], base: str) -> None:
    """White space at the end of an added line is shown: nobody puts it there on purpose."""
    end = len(text)
    start = len(text.rstrip(" "))
    if text and start < end:
        names[start:end] = [f"{base} trailing-space"] * (end - start)


def _facts(file: FileDiff) -> list[str]:
    facts = []
    if file.old_mode and file.new_mode and file.old_mode != file.new_mode:
        pair = (file.old_mode, file.new_mode)
        short = {("100644", "100755"): "mode +x", ("100755", "100644"): "mode −x"}
        facts.append(short.get(pair, f"mode {file.old_mode} ⟶ {file.new_mode}"))
    elif "120000" in (file.old_mode, file.new_mode):
        facts.append("symbolic link")
    if file.is_binary:
        facts.append("binary file")
    if file.is_submodule:
        facts.append("submodule")
    if file.is_combined:
        facts.append("merge")
    return facts

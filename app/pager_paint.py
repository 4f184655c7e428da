"""A file's change as lines for a terminal: delta's look, unified or side by side, wrapped with a hanging indent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agents.review.emphasis import HunkEmphasis, Ranges, emphasize_hunk
from agents.review.escape import escape, escape_name
from agents.review.languages import language_of
from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, FileDiff, Hunk
from agents.review.spans import Span
from agents.review.syntax import highlight_text
from agents.review.words import width as columns
from app.pager_style import Palette

LEAST_SIDE_COLUMNS = 60
"""Side by side is chosen by itself when each side has so much room for code."""
_STYLE = {CONTEXT: "context", ADD: "add", DELETE: "delete"}
_SIGN = {CONTEXT: " ", ADD: "+", DELETE: "-"}
_NO_NEWLINE = "⊣ no line feed"
_STATUS_WORDS = {
    "added": "added: ", "deleted": "deleted: ", "renamed": "renamed: ", "copied": "copied: ",
    "type-changed": "type changed: ", "unmerged": "unmerged: ",
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How to paint."""

    palette: Palette
    width: int = 0
    """Columns; 0 for unknown: nothing is wrapped or filled."""
    side_by_side: bool | None = None
    """None: by width."""
    numbers: bool = True
    tab: int = 4


@dataclass(frozen=True, slots=True)
class _Cell:
    """A piece of painted text: what it says, its sequence, and its columns."""

    text: str
    begin: str
    columns: int


def file_header(file: FileDiff, look: Look) -> Iterator[str]:
    """The lines above a file's hunks."""
    name = escape_name(file.path)
    if file.status in ("renamed", "copied") and file.old_path:
        name = f"{escape_name(file.old_path)} ⟶ {name}"
    notes = []
    if file.old_mode and file.new_mode and file.old_mode != file.new_mode:
        notes.append(f"mode {file.old_mode} ⟶ {file.new_mode}")
    if file.is_binary:
        notes.append("binary")
    if file.is_submodule:
        notes.append("submodule")
    if file.is_combined:
        notes.append("merge")
    title = _STATUS_WORDS.get(file.status, "") + name + (f" ({', '.join(notes)})" if notes else "")
    palette = look.palette
    yield ""
    yield f"{palette.begin('file')}{title}{palette.end}"
    yield f"{palette.begin('rule')}{'─' * (look.width or min(columns(title), 120))}{palette.end}"


def hunk_header(hunk: Hunk, look: Look) -> str:
    """The line above a hunk: where it is, and in what."""
    section = escape(hunk.section.strip()).text
    place = f"line {hunk.new_start if hunk.new_count else hunk.old_start}"
    text = f"⋯ {place}  {section}" if section else f"⋯ {place}"
    if look.width and columns(text) > look.width:
        text = text[: look.width]
    return f"{look.palette.begin('hunk')}{text}{look.palette.end}"


def paint_hunk(file: FileDiff, hunk: Hunk, look: Look) -> Iterator[str]:
    """The lines of a hunk."""
    painter = _HunkPainter(file, hunk, look)
    split = painter.splits()
    yield from painter.split_rows() if split else painter.unified_rows()


def plain_rows(file: FileDiff, hunk: Hunk, look: Look) -> Iterator[tuple[int, str]]:
    """The hunk's lines as git prints them, coloured: index and line. Notes about line feeds are left out."""
    painter = _HunkPainter(file, hunk, look)
    for index in range(hunk.first, hunk.last):
        if file.lines.kind[index] != NO_NEWLINE:
            yield index, painter.plain_row(index)


class _HunkPainter:
    """What is needed to paint one hunk: its emphasis, its syntax, its columns."""

    def __init__(self, file: FileDiff, hunk: Hunk, look: Look) -> None:
        self.file, self.hunk, self.look = file, hunk, look
        self.palette = look.palette
        lines = file.lines
        indexes = range(hunk.first, hunk.last)
        self.unended = {index - 1 for index in indexes if lines.kind[index] == NO_NEWLINE}
        ends = {lines.raw(index).endswith(b"\r") for index in indexes if lines.kind[index] != NO_NEWLINE}
        self.shows_returns = len(ends) > 1
        self.emphasis = HunkEmphasis({}, {}, ()) if file.is_combined else emphasize_hunk(file, hunk)
        self.syntax = _syntax(file, hunk) if self.palette.has_syntax else {}
        largest = max(hunk.old_start + hunk.old_count, hunk.new_start + hunk.new_count)
        self.digits = max(3, len(str(largest))) if look.numbers else 0

    def splits(self) -> bool:
        """Whether this hunk goes side by side; one side alone never does."""
        look, file = self.look, self.file
        if file.is_combined or not look.width or not (file.additions and file.deletions):
            return False
        if look.side_by_side is None:
            return look.width >= 2 * (LEAST_SIDE_COLUMNS + self.digits + 4)
        return look.side_by_side and look.width >= 2 * (self.digits + 8)

    def unified_rows(self) -> Iterator[str]:
        lines, digits = self.file.lines, self.digits
        room = self.look.width - (2 * digits + 4 if digits else 0) - self.file.parents if self.look.width else 0
        for index in range(self.hunk.first, self.hunk.last):
            kind = lines.kind[index]
            if kind == NO_NEWLINE:
                continue
            sign = self._sign(index, kind)
            for number, row in enumerate(_wrapped(self._cells(index), room)):
                gutter = self._gutter(index, kind, first=not number)
                lead = sign if not number else " " * len(sign)
                yield gutter + self._row(_STYLE[kind], lead, row)

    def plain_row(self, index: int) -> str:
        kind = self.file.lines.kind[index]
        return self._row(_STYLE[kind], self._sign(index, kind), self._cells(index, notes=False))

    def split_rows(self) -> Iterator[str]:
        left_width = self.look.width // 2
        right_width = self.look.width - left_width
        fixed = self.digits + 3 if self.digits else 1
        for old, new in self.emphasis.rows:
            left = [] if old is None else list(_wrapped(self._cells(old), left_width - fixed))
            right = [] if new is None else list(_wrapped(self._cells(new), right_width - fixed))
            for number in range(max(len(left), len(right), 1)):
                yield self._half(old, left, number, left_width, fixed) + self._half(new, right, number, 0, fixed)

    def _half(self, index: int | None, rows: Sequence[list[_Cell]], number: int, width: int, fixed: int) -> str:
        """One side's part of a row, filled to ``width`` columns, or to the end of the line when that is 0."""
        if index is None and not width:
            return ""
        if index is None or number >= len(rows):
            style = "context" if index is None else _STYLE[self.file.lines.kind[index]]
            filler = self.palette.begin("context") + " " * (fixed - 1)
            return filler + self._row(style, " ", [], width - fixed + 1 if width else 0)
        kind = self.file.lines.kind[index]
        gutter = ""
        if self.digits:
            value = self.file.lines.new[index] if not width else self.file.lines.old[index]
            text = str(value or "") if not number else ""
            gutter = f"{self.palette.begin(_number_style(kind))}{text:>{self.digits}} │{self.palette.end}"
        lead = _SIGN[kind] if not number else " "
        return gutter + self._row(_STYLE[kind], lead, rows[number], width - fixed + 1 if width else 0)

    def _gutter(self, index: int, kind: int, first: bool) -> str:
        if not self.digits:
            return ""
        lines, begin = self.file.lines, self.palette.begin(_number_style(kind))
        old = str(lines.old[index] or "") if first else ""
        new = str(lines.new[index] or "") if first else ""
        return f"{begin}{old:>{self.digits}} ⋮{new:>{self.digits}} │{self.palette.end}"

    def _sign(self, index: int, kind: int) -> str:
        if not self.file.is_combined:
            return _SIGN[kind]
        start = self.file.lines.start[index]
        return self.file.lines.data[start - self.file.parents : start].decode("latin-1").replace("\n", " ")

    def _row(self, style: str, lead: str, cells: Sequence[_Cell], width: int = 0) -> str:
        """Lead and cells in a row style; filled with its background to ``width``, or to the end of the line."""
        begin, end = self.palette.begin(style), self.palette.end
        text = begin + lead + "".join(cell.begin + cell.text for cell in cells)
        if width:
            used = len(lead) + sum(cell.columns for cell in cells)
            return f"{text}{begin}{' ' * (width - used)}{end}"
        return f"{text}{begin}\x1b[K{end}" if end and style != "context" else text + end

    def _cells(self, index: int, notes: bool = True) -> list[_Cell]:
        kind = self.file.lines.kind[index]
        text = self.file.lines.text(index)
        if not self.shows_returns:
            text = text.removesuffix("\r")
        ranges = self.emphasis.ranges.get(index, ())
        cells = _styled(text, _STYLE[kind], self.syntax.get(index, ()), ranges, self.look)
        if notes and index in self.unended:
            cells.append(_Cell(_NO_NEWLINE, self.palette.begin("mark"), columns(_NO_NEWLINE)))
        return cells


def _number_style(kind: int) -> str:
    return {ADD: "number-add", DELETE: "number-delete"}.get(kind, "number")


def _syntax(file: FileDiff, hunk: Hunk) -> dict[int, Sequence[Span]]:
    """Spans of a hunk's lines, each side tokenised by itself."""
    lines = file.lines
    head = lines.raw(hunk.first) if hunk.last > hunk.first and 1 in (hunk.old_start, hunk.new_start) else b""
    language = language_of(file.path, head)
    if not language:
        return {}
    found: dict[int, Sequence[Span]] = {}
    for kind in (DELETE, ADD):
        side = [index for index in range(hunk.first, hunk.last) if lines.kind[index] in (kind, CONTEXT)]
        if kind == DELETE and not any(lines.kind[index] == DELETE for index in side):
            continue
        highlighted = highlight_text("\n".join(lines.text(index) for index in side), language)
        found.update((index, highlighted.spans(number)) for number, index in enumerate(side, 1))
    return found


def _styled(text: str, style: str, spans: Sequence[Span], ranges: Ranges, look: Look) -> list[_Cell]:
    """A line's text, made safe and tabs expanded, cut where its style changes."""
    shown = escape(text)
    palette = look.palette
    if not palette.has_colour:
        return [_cell(shown.text.expandtabs(look.tab), "")] if text else []
    stripped = len(shown.text.rstrip(" \t")) if style == "add" else len(shown.text)
    if not (shown.marks or ranges or "\t" in text or stripped < len(text)):
        return _coloured(text, style, spans, palette)
    at = shown.position
    bounds = {0, len(shown.text)}
    classes = [(at(start), at(start + length), known) for start, length, known in spans]
    emphasised = [(at(start), at(end)) for start, end in ranges]
    for part in (*classes, *emphasised, *shown.marks, (stripped, len(shown.text))):
        bounds.update(part[:2])
    cuts = sorted(bounds)
    cells: list[_Cell] = []
    column = 0
    for start, end in pairwise(cuts):
        name = style
        if any(one <= start < other for one, other in shown.marks):
            name = "mark"
        elif start >= stripped:
            name = "space"
        elif any(one <= start < other for one, other in emphasised):
            name = f"{style}-emph"
        known = next((known for one, other, known in classes if one <= start < other), 0)
        piece = shown.text[start:end]
        if "\t" in piece:
            piece = (" " * (column % look.tab) + piece).expandtabs(look.tab)[column % look.tab :]
        cell = _cell(piece, palette.begin(name, known))
        column += cell.columns
        cells.append(cell)
    return cells


def _coloured(text: str, style: str, spans: Sequence[Span], palette: Palette) -> list[_Cell]:
    """The common line: syntax on one background."""
    cells: list[_Cell] = []
    plain, position = palette.begin(style), 0
    for start, length, known in spans:
        if start > position:
            cells.append(_cell(text[position:start], plain))
        cells.append(_cell(text[start : start + length], palette.begin(style, known)))
        position = start + length
    if position < len(text):
        cells.append(_cell(text[position:], plain))
    return cells


def _cell(text: str, begin: str) -> _Cell:
    return _Cell(text, begin, columns(text))


def _wrapped(cells: list[_Cell], room: int) -> Iterator[list[_Cell]]:
    """Rows of at most ``room`` columns; a character is never cut, and marks stay with the letter before them."""
    if room <= 0 or sum(cell.columns for cell in cells) <= room:
        yield cells
        return
    row: list[_Cell] = []
    used = 0
    for cell in cells:
        text = cell.text
        while used + columns(text) > room:
            fits = _fitting(text, room - used)
            if not fits and not row:
                fits = 1  # a single character wider than the row
            if fits:
                row.append(_cell(text[:fits], cell.begin))
                text = text[fits:]
            yield row
            row, used = [], 0
        if text:
            row.append(_cell(text, cell.begin))
            used += columns(text)
    if row:
        yield row


def _fitting(text: str, room: int) -> int:
    """How many characters of a text fit in so many columns."""
    if text.isascii():
        return max(0, room)
    used = 0
    for count, character in enumerate(text):
        used += columns(character)
        if used > room:
            while count and text[count - 1] == "\u200d":
                count -= 1
            return count
    return len(text)

"""A file's change as lines for a terminal: delta's look, unified or side by side, wrapped with a hanging indent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from agents.escape import escape, escape_name
from agents.review.conflicts import conflict_lines
from agents.review.emphasis import HunkEmphasis, Ranges, emphasize_hunk
from agents.review.languages import language_of
from agents.review.line_spans import LineSpans, Memory
from agents.review.long_lines import LINE_LIMIT, parts_to_show, said_between
from agents.review.model import ADD, CONTEXT, DELETE, NO_NEWLINE, FileDiff, Hunk
from agents.review.sizes import binary_words
from agents.review.spans import TOKEN_CLASSES, Span
from agents.review.syntax import highlight_lines
from agents.review.words import width as columns
from app.pager_style import Palette

LEAST_SIDE_COLUMNS = 60
"""Side by side is chosen by itself when each side has so much room for code."""
_STYLE = {CONTEXT: "context", ADD: "add", DELETE: "delete"}
_NUMBER = {CONTEXT: "number", ADD: "number-add", DELETE: "number-delete"}
_SIGN = {CONTEXT: " ", ADD: "+", DELETE: "-"}
_LANGUAGES = 6
"""Languages whose lines are remembered at a time."""
_SAID = TOKEN_CLASSES.index("comment")
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
    memories: dict[str, Memory] = field(default_factory=dict, compare=False, repr=False)
    """What highlighting remembers of lines it has seen, by language."""


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
        notes.append(binary_words(file))
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
        text = text[: _fitting(text, look.width - 1)] + "…"
    return f"{look.palette.begin('hunk')}{text}{look.palette.end}"


def paint_hunk(file: FileDiff, hunk: Hunk, look: Look, moved: frozenset[int] = frozenset()) -> Iterator[str]:
    """The lines of a hunk.

    Args:
        moved: indexes of lines that only moved.
    """
    painter = _HunkPainter(file, hunk, look, moved)
    yield from painter.split_rows() if painter.is_split else painter.unified_rows()


def plain_rows(file: FileDiff, hunk: Hunk, look: Look) -> Iterator[tuple[int, str]]:
    """The hunk's lines as git prints them, coloured: index and line. Notes about line feeds are left out."""
    painter = _HunkPainter(file, hunk, look)
    for index in file.lines.of_kind(hunk.indexes, CONTEXT, ADD, DELETE):
        yield index, painter.plain_row(index)


class _HunkPainter:
    """What is needed to paint one hunk: its emphasis, its syntax, its columns."""

    def __init__(self, file: FileDiff, hunk: Hunk, look: Look, moved: frozenset[int] = frozenset()) -> None:
        self.file, self.hunk, self.look = file, hunk, look
        self.palette = look.palette
        self.moved = moved
        lines = file.lines
        self.texts = lines.texts(hunk.first, hunk.last)
        self.unended = {index - 1 for index in lines.of_kind(hunk.indexes, NO_NEWLINE)}
        self._drop_returns()
        largest = max(hunk.old_start + hunk.old_count, hunk.new_start + hunk.new_count)
        self.digits = max(3, len(str(largest)) + 1) if look.numbers else 0
        self.is_split = self._splits()
        compares = not file.is_combined and (self.is_split or look.palette.has_colour)
        self.emphasis = emphasize_hunk(file, hunk) if compares else HunkEmphasis({}, {}, ())
        self.syntax = _syntax(file, hunk, self.texts, look) if self.palette.has_syntax else {}
        self.conflict = frozenset(conflict_lines(lines, hunk.indexes))
        for index in self.conflict:
            self.syntax.pop(index, None)

    def _style(self, index: int) -> str:
        """The style of a line."""
        if index in self.conflict:
            return "conflict"
        style = _STYLE[self.file.lines.kind[index]]
        return f"{style}-moved" if index in self.moved and style != "context" else style

    def _drop_returns(self) -> None:
        """Carriage returns at the ends of lines are shown only where lines differ in them."""
        lines, hunk = self.file.lines, self.hunk
        if not hunk.indexes or lines.data.find(b"\r", lines.start[hunk.first], lines.end[hunk.last - 1]) < 0:
            return
        kinds = lines.kind[hunk.first : hunk.last]
        ends = {text.endswith("\r") for text, kind in zip(self.texts, kinds, strict=True) if kind != NO_NEWLINE}
        if ends == {True}:
            self.texts = [text.removesuffix("\r") for text in self.texts]

    def _splits(self) -> bool:
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
        for index in self.hunk.indexes:
            kind = lines.kind[index]
            if kind == NO_NEWLINE:
                continue
            sign = self._sign(index, kind)
            line = self._plain(index, kind, room)
            if line is not None:
                yield self._gutter(index, kind, first=True) + self._ended(index, sign, line)
                continue
            for number, row in enumerate(_wrapped(self._cells(index), room)):
                gutter = self._gutter(index, kind, first=not number)
                lead = sign if not number else " " * len(sign)
                yield gutter + self._row(self._style(index), lead, row)

    def plain_row(self, index: int) -> str:
        kind = self.file.lines.kind[index]
        sign = self._sign(index, kind)
        line = self._plain(index, kind, 0, notes=False)
        if line is not None:
            return self._ended(index, sign, line)
        return self._row(self._style(index), sign, self._cells(index, notes=False))

    def _plain(self, index: int, kind: int, room: int, *, notes: bool = True) -> str | None:
        """The common line coloured: printable ASCII that fits; None for any other."""
        text = self.texts[index - self.hunk.first]
        fits = not room or len(text) <= room
        if not fits or not text.isascii() or not text.isprintable() or (notes and index in self.unended):
            return None
        palette, style = self.palette, self._style(index)
        if not palette.has_colour:
            return text
        overlays = [(start, end, f"{style}-emph") for start, end in self._ranges(index)]
        if kind == ADD and text.endswith(" "):
            stripped = len(text.rstrip(" "))
            overlays = [(start, min(end, stripped), name) for start, end, name in overlays if start < stripped]
            overlays.append((stripped, len(text), "space"))
        spans = self.syntax.get(index, ())
        return _overlaid(text, style, spans, overlays, palette) if overlays else _coloured(text, style, spans, palette)

    def _ranges(self, index: int) -> Ranges:
        """What of a line is emphasised; of one that only moved, or that parts a conflict, nothing."""
        is_plain = self._style(index) == _STYLE[self.file.lines.kind[index]]
        return self.emphasis.ranges.get(index, ()) if is_plain else ()

    def _ended(self, index: int, sign: str, line: str) -> str:
        """A row of the whole width: its background goes on to the end of the line."""
        style = self._style(index)
        begin, end = self.palette.begin(style), self.palette.end
        fill = f"{begin}\x1b[K" if end and style != "context" else ""
        return f"{begin}{sign}{line}{fill}{end}"

    def split_rows(self) -> Iterator[str]:
        left_width = self.look.width // 2
        right_width = self.look.width - left_width
        fixed = self.digits + 3 if self.digits else 1
        for old, new in self.emphasis.rows:
            first = self._plain_half(old, left_width, fixed, is_left=True)
            second = self._plain_half(new, right_width, fixed, is_left=False)
            if first is not None and second is not None:
                yield first + second
                continue
            left = [] if old is None else list(_wrapped(self._cells(old), left_width - fixed))
            right = [] if new is None else list(_wrapped(self._cells(new), right_width - fixed))
            for number in range(max(len(left), len(right), 1)):
                yield self._half(old, left, number, left_width, fixed) + self._half(new, right, number, 0, fixed)

    def _plain_half(self, index: int | None, width: int, fixed: int, *, is_left: bool) -> str | None:
        """One side of a row, if it is a common line or empty."""
        if index is None:
            return self.palette.begin("context") + " " * width + self.palette.end if is_left else ""
        kind = self.file.lines.kind[index]
        line = self._plain(index, kind, width - fixed)
        if line is None:
            return None
        gutter = self._side_number(index, kind, is_left=is_left) if self.digits else ""
        if not is_left:
            return gutter + self._ended(index, _SIGN[kind], line)
        begin = self.palette.begin(self._style(index))
        filler = " " * (width - fixed - len(self.texts[index - self.hunk.first]))
        return f"{gutter}{begin}{_SIGN[kind]}{line}{begin}{filler}{self.palette.end}"

    def _side_number(self, index: int, kind: int, *, is_left: bool, first: bool = True) -> str:
        lines = self.file.lines
        value = (lines.old[index] if is_left else lines.new[index]) if first else 0
        return f"{self.palette.begin(_NUMBER[kind])}{value or '':>{self.digits}} │{self.palette.end}"

    def _half(self, index: int | None, rows: Sequence[list[_Cell]], number: int, width: int, fixed: int) -> str:
        """One side's part of a row, filled to ``width`` columns, or to the end of the line when that is 0."""
        if index is None and not width:
            return ""
        if index is None or number >= len(rows):
            style = "context" if index is None else self._style(index)
            filler = self.palette.begin("context") + " " * (fixed - 1)
            return filler + self._row(style, " ", [], width - fixed + 1 if width else 0)
        kind = self.file.lines.kind[index]
        gutter = self._side_number(index, kind, is_left=bool(width), first=not number) if self.digits else ""
        lead = _SIGN[kind] if not number else " "
        return gutter + self._row(self._style(index), lead, rows[number], width - fixed + 1 if width else 0)

    def _gutter(self, index: int, kind: int, first: bool) -> str:
        digits = self.digits
        if not digits:
            return ""
        lines, begin = self.file.lines, self.palette.begin(_NUMBER[kind])
        old, new = (lines.old[index] or "", lines.new[index] or "") if first else ("", "")
        return f"{begin}{old:>{digits}} ⋮{new:>{digits}} │{self.palette.end}"

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
        style, ranges, spans = self._style(index), self._ranges(index), self.syntax.get(index, ())
        text = self.texts[index - self.hunk.first]
        if len(text) <= LINE_LIMIT or not self.look.width or not notes:
            cells = _styled(text, style, spans, ranges, self.look)
        else:
            cells = self._parts(text, style, spans, ranges)
        if notes and index in self.unended:
            cells.append(_Cell(_NO_NEWLINE, self.palette.begin("mark"), columns(_NO_NEWLINE)))
        return cells

    def _parts(self, text: str, style: str, spans: Sequence[Span], ranges: Ranges) -> list[_Cell]:
        """Of a long line what differs, and how much lies between."""
        cells: list[_Cell] = []
        parts = parts_to_show(len(text), ranges)
        for number, (start, end) in enumerate(parts):
            inside = [(max(first, start) - start, min(last, end) - start) for first, last in ranges]
            classes = [
                (max(at, start) - start, min(at + size, end) - max(at, start), known) for at, size, known in spans
            ]
            cells += _styled(
                text[start:end],
                style,
                [each for each in classes if each[1] > 0],
                tuple(each for each in inside if each[0] < each[1]),
                self.look,
            )
            said = said_between(parts, number, len(text))
            cells.append(_Cell(said, self.palette.begin("note"), columns(said)))
        return cells


_language = lru_cache(maxsize=64)(language_of)


def _syntax(file: FileDiff, hunk: Hunk, texts: Sequence[str], look: Look) -> dict[int, LineSpans]:
    """Spans of a hunk's lines, each side tokenised by itself."""
    lines = file.lines
    head = lines.raw(hunk.first) if hunk.indexes and 1 in (hunk.old_start, hunk.new_start) else b""
    language = _language(file.path, head if head.startswith((b"#!", b"<?")) or file.path.endswith(b".h") else b"")
    if not language:
        return {}
    if language not in look.memories and len(look.memories) >= _LANGUAGES:
        look.memories.clear()
    memory = look.memories.setdefault(language, {})
    found: dict[int, LineSpans] = {}
    for kind in (DELETE, ADD):
        side = lines.of_kind(hunk.indexes, kind, CONTEXT)
        if kind == DELETE and not any(lines.kind[index] == DELETE for index in side):
            continue
        found.update(
            zip(side, highlight_lines([texts[index - hunk.first] for index in side], language, memory), strict=False)
        )
    return found


def _styled(text: str, style: str, spans: Sequence[Span], ranges: Ranges, look: Look) -> list[_Cell]:
    """A line's text, made safe and tabs expanded, cut where its style changes."""
    shown = escape(text)
    palette = look.palette
    if not palette.has_colour:
        return [_cell(shown.text.expandtabs(look.tab), "")] if text else []
    stripped = len(shown.text.rstrip(" \t")) if style.startswith("add") else len(shown.text)
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


def _coloured(text: str, style: str, spans: Sequence[Span], palette: Palette) -> str:
    """A line with syntax on one background; what stands before its first span has the style of the row."""
    begins = palette.begins(style)
    parts: list[str] = []
    position = 0
    for start, length, known in spans:
        if start > position:
            parts += (begins[0], text[position:start]) if position else (text[:start],)
        position = start + length
        parts += (begins[known], text[start:position])
    if position < len(text):
        parts += (begins[0], text[position:]) if position else (text,)
    return "".join(parts)


def _overlaid(
    text: str, style: str, spans: Sequence[Span], overlays: Sequence[tuple[int, int, str]], palette: Palette
) -> str:
    """The same with parts in another style."""
    parts: list[str] = []
    classes = [*spans, (len(text), 0, 0)]
    at = number = 0
    for start, end, name in (*overlays, (len(text), len(text), style)):
        for until, begins in ((start, palette.begins(style)), (end, palette.begins(name))):
            while at < until:
                first, length, known = classes[number]
                if first + length <= at:
                    number += 1
                    continue
                stop, shown = (min(until, first), 0) if at < first else (min(until, first + length), known)
                parts += (begins[shown], text[at:stop])
                at = stop
    return "".join(parts)


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

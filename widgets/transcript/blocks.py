"""Markdown blocks as lines of spans, and those lines as rows at a width."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from widgets.text_strips import Span, Spans, cells, chop, cut, expand_tabs, printable, spans_cells, wrap

if TYPE_CHECKING:
    from markdown_it.token import Token

CHUNK_LINES = 48
"""Code that is still being written is highlighted in pieces of so many lines, so that only the last is redone."""

Align: TypeAlias = Literal["left", "center", "right"]


class Line(NamedTuple):
    """One line of text before it is wrapped."""

    spans: Spans = ()
    first: Spans = ()
    """What stands before its first row: list bullets, quote bars."""
    rest: Spans = ()
    """What stands before the rows it goes on in."""
    mode: Literal["words", "code", "rule"] = "words"


class Table(NamedTuple):
    """A table before its columns are given a width; the first row is the heading."""

    rows: tuple[tuple[Spans, ...], ...]
    aligns: tuple[Align, ...]
    first: Spans = ()
    rest: Spans = ()


Item: TypeAlias = Line | Table
BLANK = Line()


class Row(NamedTuple):
    """A row of the transcript at a width."""

    spans: Spans = ()
    fill: str = ""
    """Style of the columns after the text."""
    click: Literal["", "toggle", "earlier"] = ""
    """What a click asks for: nothing, fold or unfold the entry, load what came before."""


class ListPlace(NamedTuple):
    """Where a list item stands in its list."""

    item: int
    """0 for the first."""
    number: int
    """The number of the first item, of an ordered list."""


class _Frame(NamedTuple):
    """What surrounds a block: the prefixes of its rows, and styles that its text inherits."""

    first: Spans = ()
    rest: Spans = ()
    style: str = ""

    def later(self) -> _Frame:
        """The frame of what does not come first."""
        return self._replace(first=self.rest)


# --- tokens to lines --------------------------------------------------------------------------------------------------


def render_blocks(tokens: list[Token], place: ListPlace | None = None) -> list[Item]:
    """The lines of parsed Markdown, a blank one between blocks.

    Args:
        tokens: Of the block parser; the closing ones at the end may be missing.
        place: Where the first item stands in its list, when the tokens begin within one.
    """
    return _blocks(tokens, _Frame(), place, in_item=False)


def code_block(info: str, lines: list[str], complete: bool) -> list[Item]:
    """The lines of a fenced block. ``info`` is what stands after the opening fence."""
    return _code(info, lines, complete, _Frame())


def _blocks(tokens: list[Token], frame: _Frame, place: ListPlace | None, in_item: bool) -> list[Item]:
    items: list[Item] = []
    index = 0
    while index < len(tokens):
        end = _closing(tokens, index)
        block = _block(tokens[index : end + 1], frame, place if index == 0 else None)
        is_list = tokens[index].type.endswith("_list_open")
        if items and block and not (in_item and is_list):
            items.append(Line((), frame.rest, frame.rest))
        items += block
        if block:
            frame = frame.later()
        index = end + 1
    return items


def _closing(tokens: list[Token], index: int) -> int:
    """Index of the token that ends what begins at ``index``; the last one if it is missing."""
    if tokens[index].nesting == 0:
        return index
    level = tokens[index].level
    for end in range(index + 1, len(tokens)):
        if tokens[end].level == level and tokens[end].nesting == -1:
            return end
    return len(tokens) - 1


def _block(tokens: list[Token], frame: _Frame, place: ListPlace | None) -> list[Item]:
    token = tokens[0]
    match token.type:
        case "paragraph_open":
            return _paragraph(tokens[1], frame)
        case "heading_open":
            level = min(3, int(token.tag[1:]))
            return _paragraph(tokens[1], frame._replace(style=f"{frame.style} heading-{level}".strip()))
        case "bullet_list_open" | "ordered_list_open":
            return _list(tokens, frame, place)
        case "blockquote_open":
            bar: Span = ("▎ ", "quote-bar")
            quoted = _Frame((*frame.first, bar), (*frame.rest, bar), f"{frame.style} quote".strip())
            return _blocks(_inside(tokens), quoted, None, in_item=False)
        case "fence" | "code_block":
            lines = token.content.removesuffix("\n").split("\n") if token.content else []
            return _code(token.info, lines, True, frame)
        case "hr":
            return [Line((), frame.first, frame.rest, "rule")]
        case "table_open":
            return [_table(tokens, frame)]
        case _:
            return [Line(((printable(token.content), frame.style),), frame.first, frame.rest)] if token.content else []


def _inside(tokens: list[Token]) -> list[Token]:
    return tokens[1:-1] if tokens[-1].nesting == -1 and tokens[-1].level == tokens[0].level else tokens[1:]


def _paragraph(inline: Token, frame: _Frame) -> list[Item]:
    items: list[Item] = []
    for spans in _inline(inline.children or [], frame.style):
        items.append(Line(spans, frame.first, frame.rest))
        frame = frame.later()
    return items


def _list(tokens: list[Token], frame: _Frame, place: ListPlace | None) -> list[Item]:
    inside = _inside(tokens)
    ordered = tokens[0].type == "ordered_list_open"
    number = int(tokens[0].attrs.get("start", 1))
    if place:
        number = place.number + place.item
    items: list[Item] = []
    index = 0
    while index < len(inside):
        end = _closing(inside, index)
        bullet = f"{number}. " if ordered else "• "
        item_frame = _Frame(
            (*frame.first, (bullet, "bullet")), (*frame.rest, (" " * cells(bullet), "")), frame.style
        )  # fmt: skip
        items += _blocks(_inside(inside[index : end + 1]), item_frame, None, in_item=True) or [
            Line((), item_frame.first, item_frame.rest)
        ]
        frame = frame.later()
        number += 1
        index = end + 1
    return items


def _code(info: str, lines: list[str], complete: bool, frame: _Frame) -> list[Item]:
    from widgets.transcript.code import code_lines  # Pygments; the floor is painted before there is code on it

    words = info.split()
    language = words[0].strip("{}.").lower() if words else ""
    items: list[Item] = []
    for spans in code_lines(language, [expand_tabs(line) for line in lines], complete):
        items.append(Line(spans, frame.first, frame.rest, "code"))
        frame = frame.later()
    return items


def _table(tokens: list[Token], frame: _Frame) -> Table:
    rows: list[list[Spans]] = []
    aligns: list[Align] = []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            style = f"{frame.style} strong".strip() if token.type == "th_open" else frame.style
            lines = _inline(tokens[index + 1].children or [], style)
            rows[-1].append(tuple(span for line in lines for span in line))
            if token.type == "th_open":
                aligns.append(_align(str(token.attrs.get("style", ""))))
    return Table(tuple(tuple(row) for row in rows), tuple(aligns), frame.first, frame.rest)


def _align(css: str) -> Align:
    if css.endswith("right"):
        return "right"
    return "center" if css.endswith("center") else "left"


_MARKS = {"strong_open": "strong", "em_open": "emphasis", "s_open": "strike", "link_open": "link"}


def _inline(tokens: list[Token], style: str) -> list[Spans]:
    """The lines of inline Markdown. Line ends stay as they were written: agents break lines where they mean it."""
    lines: list[list[Span]] = [[]]
    styles = [style]
    link, link_text = "", ""
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                lines.append([])
            case "code_inline":
                lines[-1].append((_plain(token.content), f"{styles[-1]} inline-code".strip()))
                link_text += token.content
            case "image":
                name = f"[image: {token.content or 'unnamed'}] {token.attrs.get('src', '')}"
                lines[-1].append((_plain(name), f"{styles[-1]} link".strip()))
            case "link_close":
                styles.pop()
                if link not in (link_text, f"mailto:{link_text}"):
                    lines[-1].append((f" ({_plain(link)})", f"{styles[-1]} muted".strip()))
            case kind if kind in _MARKS:
                styles.append(f"{styles[-1]} {_MARKS[kind]}".strip())
                if kind == "link_open":
                    link, link_text = str(token.attrs.get("href", "")), ""
            case _ if token.nesting == -1:
                styles.pop()
            case _ if token.content:
                lines[-1].append((_plain(token.content), styles[-1]))
                link_text += token.content
    return [tuple(line) for line in lines]


def _plain(text: str) -> str:
    return expand_tabs(printable(text.replace("\n", " ")))


# --- lines to rows ----------------------------------------------------------------------------------------------------


def lay_item(item: Item, width: int) -> list[Row]:
    """The rows of a line or table at a width."""
    room = max(4, width - spans_cells(item.rest))
    if isinstance(item, Table):
        bodies = [Row(row) for row in _lay_table(item, room)]
    elif item.mode == "rule":
        bodies = [Row((("─" * room, "faint"),))]
    elif item.mode == "code":
        bodies = [Row(row, "code") for row in _lay_code(item.spans, room)]
    else:
        bodies = [Row(row) for row in wrap(item.spans, room)]
    return [Row(((item.rest if index else item.first) + body.spans), body.fill) for index, body in enumerate(bodies)]


def _lay_code(spans: Spans, width: int) -> list[Spans]:
    """A line of code; what does not fit goes on below, a little further in than its beginning."""
    text = "".join(text for text, _ in spans)
    indent = len(text) - len(text.lstrip(" ")) + 4
    lead: Span = (" " * (indent if indent < width // 2 else 1), "code")
    first, *others = chop(spans, width - 1)
    rows = [((" ", "code"), *first)]
    if others:
        rest = [span for row in others for span in row]
        rows += [(lead, *row) for row in chop(rest, width - len(lead[0]))]
    return rows


def _lay_table(table: Table, width: int) -> list[Spans]:
    widths = _column_widths(table, width)
    rows: list[Spans] = []
    for index, row in enumerate(table.rows):
        columns = [wrap(cell, column) for cell, column in zip(row, widths, strict=False)]
        for parts in zip_longest(*columns, fillvalue=()):
            spans: list[Span] = []
            for part, column, align in zip(parts, widths, table.aligns, strict=False):
                spans += [*_aligned(part, column, align), (" │ ", "faint")]
            rows.append(cut(spans[:-1], width))
        if index == 0:
            rows.append(cut(((("─┼─").join("─" * column for column in widths), "faint"),), width))
    return rows


def _column_widths(table: Table, width: int) -> list[int]:
    """What each column needs; the widest give way until the table fits or none is wider than a few columns."""
    columns = len(table.aligns)
    widths = [
        max((spans_cells(row[index]) for row in table.rows if index < len(row)), default=1) for index in range(columns)
    ]
    widths = [max(1, column) for column in widths]
    room = width - 3 * (columns - 1)
    while sum(widths) > room and (widest := max(widths)) > 4:
        others = sorted(set(widths))
        target = max(4, others[-2] if len(others) > 1 else 4)
        count = widths.count(widest)
        excess = sum(widths) - room
        reduced = max(target, widest - -(-excess // count))
        widths = [reduced if column == widest else column for column in widths]
        if reduced == widest:
            break
    return widths


def _aligned(spans: Spans, width: int, align: Align) -> list[Span]:
    free = width - spans_cells(spans)
    left = {"left": 0, "right": free, "center": free // 2}[align]
    padded = [(" " * left, ""), *spans, (" " * (free - left), "")]
    return [span for span in padded if span[0]]

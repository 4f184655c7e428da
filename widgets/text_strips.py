"""Styled text as rows of cells: escaping, measuring, wrapping, and turning rows into Textual strips.

A *span* is a piece of text and the names of its styles, separated by blanks ("quote strong"). Rows of spans know
nothing of colours: a :class:`StyleBook` gives each name the style of a component class, so that the same rows can be
painted again when the theme changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agents.escape import escape

if TYPE_CHECKING:
    from textual.widget import Widget

Span: TypeAlias = tuple[str, str]
"""Text, and the names of its styles separated by blanks."""
Spans: TypeAlias = tuple[Span, ...]

TAB_WIDTH = 4

_WORDS = re.compile(r" +|[^ ]+")


def printable(text: str) -> str:
    """The text with everything that would act on a terminal made visible; line feeds and tabs stay.

    Doing it twice changes nothing more.
    """
    if text.isascii() and text.isprintable():
        return text
    return "\n".join([escape(line).text for line in text.split("\n")])


def one_line(text: str) -> str:
    """Text as one printable line, its white space as single blanks."""
    return printable(" ".join(text.split()))


def cells(text: str) -> int:
    """Columns that printable text takes in a terminal."""
    return len(text) if text.isascii() else cell_len(text)


def spans_cells(spans: Iterable[Span]) -> int:
    """Columns that spans take together."""
    return sum(cells(text) for text, _ in spans)


def split_cells(text: str, width: int) -> tuple[str, str]:
    """Cut text after at most ``width`` columns, never inside a wide character or a grapheme."""
    if text.isascii():
        return text[:width], text[width:]
    if cell_len(text) <= width:
        return text, ""
    used = 0
    for start, _, length in split_graphemes(text)[0]:
        used += length
        if used > width:
            return text[:start], text[start:]
    return text, ""


def cut(spans: Iterable[Span], width: int, ellipsis: str = "…") -> Spans:
    """Spans shortened to ``width`` columns; an ellipsis in the style of what was cut says so."""
    spans = tuple(spans)
    if spans_cells(spans) <= width:
        return spans
    room = max(0, width - cells(ellipsis))
    kept: list[Span] = []
    for text, style in spans:
        taken, rest = split_cells(text, room)
        room -= cells(taken)
        if rest:
            return (*kept, (taken + ellipsis if width > 0 else "", style))
        kept.append((text, style))
    return tuple(kept)


def keep_end(text: str, width: int) -> str:
    """A path in so many columns: a long one loses its beginning, because its name tells more."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[1:]
    return f"…{text}"


def expand_tabs(text: str) -> str:
    """Tabs as blanks up to the next stop."""
    return text.expandtabs(TAB_WIDTH) if "\t" in text else text


def wrap(spans: Sequence[Span], width: int) -> list[Spans]:
    """Rows of at most ``width`` columns, broken at blanks where there are any, else between characters.

    Blanks at a break are dropped, those at the beginning of the first row stay. Always at least one row.
    """
    width = max(1, width)
    if spans_cells(spans) <= width:
        return [tuple(spans)]
    rows: list[list[Span]] = [[]]
    used = 0
    for word, length in _words(spans):
        if used + length <= width:
            if word[0][0][0] != " " or used or len(rows) == 1:
                rows[-1] += word
                used += length
            continue
        if word[0][0][0] == " ":
            rows.append([])
            used = 0
            continue
        if used:
            rows.append([])
        used = _place_long(rows, word, width)
    return [_joined(row) for row in _without_trailing_blanks(rows)]


def _words(spans: Sequence[Span]) -> Iterator[tuple[list[Span], int]]:
    """Runs of blanks and runs of other characters (across spans), with their columns."""
    word: list[Span] = []
    length = 0
    for text, style in spans:
        for match in _WORDS.finditer(text):
            piece = match.group()
            if word and (piece[0] == " " or word[-1][0][0] == " "):
                yield word, length
                word, length = [], 0
            word.append((piece, style))
            length += cells(piece)
    if word:
        yield word, length


def _place_long(rows: list[list[Span]], word: list[Span], width: int) -> int:
    """Put a word at the beginning of the last row, going on in further rows; return the columns used in the last."""
    used = 0
    for piece, style in word:
        rest = piece
        while rest:
            taken, rest = split_cells(rest, width - used)
            if not taken and not used:
                taken, rest = rest[0], rest[1:]  # a wide character in a single column
            if taken:
                rows[-1].append((taken, style))
                used += cells(taken)
            if rest:
                rows.append([])
                used = 0
    return used


def _without_trailing_blanks(rows: list[list[Span]]) -> list[list[Span]]:
    for row in rows[:-1]:
        while row and not row[-1][0].strip(" "):
            row.pop()
    if len(rows) > 1 and not rows[-1]:
        rows.pop()
    return rows


def _joined(row: list[Span]) -> Spans:
    """Neighbours of the same style as one span."""
    joined: list[Span] = []
    for text, style in row:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return tuple(joined)


def chop(spans: Sequence[Span], width: int) -> list[Spans]:
    """Rows of exactly ``width`` columns but the last: for code, where blanks count. Always at least one row."""
    width = max(2, width)
    if spans_cells(spans) <= width:
        return [tuple(spans)]
    rows: list[list[Span]] = [[]]
    used = 0
    for text, style in spans:
        rest = text
        while rest:
            taken, rest = split_cells(rest, width - used)
            if taken:
                rows[-1].append((taken, style))
                used += cells(taken)
            if rest:
                rows.append([])
                used = 0
    return [tuple(row) for row in rows]


class _Nothing:
    """A cache that keeps nothing."""

    def get(self, _key: object) -> None:
        """Never there."""

    def __setitem__(self, _key: object, _value: object) -> None:
        pass


_NOTHING: Any = _Nothing()


class RowStrip(Strip):
    """A strip for rows that come and go by the hundred.

    Textual's own makes seven caches for itself, and once the compositor has asked for it whole it holds itself in one
    of them: a cycle that only the garbage collector can free, in pauses that a key has to wait for. This one keeps
    nothing but what it is painted as.
    """

    __slots__ = ()

    def __init__(self, segments: Iterable[Segment], cell_length: int) -> None:
        self._segments = segments if isinstance(segments, list) else list(segments)
        self._cell_length = cell_length
        self._divide_cache = self._crop_cache = self._style_cache = self._filter_cache = _NOTHING
        self._line_length_cache = self._crop_extend_cache = self._offsets_cache = _NOTHING
        self._render_cache = self._link_ids = self._cell_count = None

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """See Strip."""
        wanted = list(cuts)
        return (self,) if wanted == [self._cell_length] else super().divide(wanted)


class StyleBook:
    """The Rich style of every span style of one widget, from its component classes and theme.

    A name ``x`` is the component class ``{prefix}x`` of the widget; several names are laid over each other in order,
    transparent colours blended with what is below them. The line filters of the application (no colours, dimmed, those
    of the terminal) are in the styles already, so that rows need not go through them. Call :meth:`clear` when the
    widget's styles may have changed (``notify_style_update``).
    """

    def __init__(self, widget: Widget, prefix: str) -> None:
        self._widget = widget
        self._prefix = prefix
        self._styles: dict[str, Style] = {}

    def clear(self) -> None:
        """Forget all styles."""
        self._styles.clear()

    def __getitem__(self, names: str) -> Style:
        """The style for names separated by blanks, over the widget's own.

        Raises:
            KeyError: A name has no component class.
        """
        style = self._styles.get(names)
        if style is None:
            style = self._styles[names] = self._resolve(names.split())
        return style

    def _resolve(self, names: list[str]) -> Style:
        _, _, background, color = self._widget.colors
        attributes = Style()
        for name in names:
            rules = self._widget.get_component_styles(self._prefix + name)
            if rules.has_rule("background"):
                background = background + rules.background
            if rules.has_rule("color"):
                color = background.get_contrast_text(rules.color.a) if rules.auto_color else rules.color
            attributes += rules.text_style
        return self.filtered(Style.from_color((background + color).rich_color, background.rich_color) + attributes)

    def filtered(self, style: Style) -> Style:
        """A style as the application's line filters make it: once for a style, not for every row."""
        for line_filter in self._widget.get_line_filters():
            style = line_filter.apply([Segment(" ", style)], self._widget.background_colors[1])[0].style or style
        return style


def segments_of(spans: Iterable[Span], styles: StyleBook, width: int, fill: str = "") -> list[Segment]:
    """Segments of exactly ``width`` columns: the spans, cut if they are too long, then blanks in style ``fill``."""
    segments = [Segment(text, styles[style]) for text, style in spans if text]
    used = 0
    for text, _, _ in segments:
        used += len(text) if text.isascii() else cell_len(text)
    if used > width:
        return Strip(segments, used).crop(0, width)._segments
    if used < width:
        segments.append(Segment(" " * (width - used), styles[fill]))
    return segments


def strip_of(spans: Iterable[Span], styles: StyleBook, width: int, fill: str = "") -> Strip:
    """A strip of exactly ``width`` columns (see :func:`segments_of`)."""
    return RowStrip(segments_of(spans, styles, width, fill), width)

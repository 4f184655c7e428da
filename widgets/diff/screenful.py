"""One screen of the diff: the strips of the rows in view, and what moves with the reader laid over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Size
from textual.strip import Strip

from widgets.diff.painter import EMPHASIS_SECONDS, Emphases, Gutter, Painter, SyntaxOf
from widgets.diff.rows import FILE, Spot
from widgets.diff.state import DiffState
from widgets.text_strips import StyleBook, printable, strip_of

STRIPS_KEPT = 800
"""Some screens to go back and forth in; more would only give the garbage collector longer walks."""
TINTS = {"cursor": 0.22, "selection": 0.32}
"""How much of its colour is laid over a row."""


class Screenful:
    """Paints screens of a diff; keeps the strips of rows it has painted."""

    def __init__(self, state: DiffState, styles: StyleBook, syntax: SyntaxOf) -> None:
        self._state = state
        self._styles = styles
        self._syntax = syntax
        self.emphases = Emphases()
        self.painter: Painter | None = None
        self._strips: dict[Spot, list[Strip]] = {}
        self._whole: dict[tuple[int, str], tuple[Strip, Strip]] = {}
        """Strips with their cell of the scroll bar. Textual keeps what it sends of a strip with the object."""
        self._tints: dict[tuple[Style, str], Style] = {}
        self._commented: tuple[Sequence[int], int, int, tuple[int, ...]] = ((), 0, 0, ())
        """The cells of the scroll bar that have a comment: worked out for these first lines and these heights."""

    def lay_out(self, width: int, gutter: Gutter) -> Painter:
        """Paint in this width from now on; the last column is the scroll bar's."""
        self.painter = Painter(
            self._styles, max(20, width - 1), gutter, self._syntax, self.emphases, self._state.remarks_on
        )
        self.clear()
        return self.painter

    def clear(self) -> None:
        """Forget painted rows: the table is another one."""
        self._strips.clear()
        self._whole.clear()

    def forget(self, section: int) -> None:
        """Forget the painted rows of one section."""
        for spot in [spot for spot in self._strips if spot.section == section]:
            del self._strips[spot]

    def restyle(self) -> None:
        """Forget everything that has colours."""
        self.clear()
        self._tints.clear()

    def paint(
        self, top: int, size: Size, searched: str, focused: bool, filters: Callable[[Strip], Strip]
    ) -> tuple[list[Strip], bool]:
        """The strips of a screen whose first line is ``top``.

        Args:
            filters: what the terminal asks of every strip (fewer colours).

        Returns:
            The strips, and whether they are final (False: paint again, there was no time for all emphasis).
        """
        width, height = size
        painter, table = self.painter, self._state.table
        if painter is None or not table.height:
            return [filters(strip) for strip in self._empty(width, height)], True
        painter.deadline = perf_counter() + EMPHASIS_SECONDS
        self.emphases.pending = False
        strips: list[Strip] = []
        spot, sub = table.at(top)
        first, last = self._state.selection()
        first, last = min(first, self._state.cursor), max(last, self._state.cursor)
        found = self._styles["found"]
        while len(strips) < height:
            rows = self._row(painter, spot)
            rows = rows[sub:] if sub else rows
            if first <= spot <= last:
                rows = self._pointed(rows, spot, sub, focused)
            strips += (
                [_marked(strip, searched, painter.gutter.digits + 4, found) for strip in rows] if searched else rows
            )
            following = table.step(spot, 1)
            if following == spot:
                break
            spot, sub = following, 0
        strips += [strip_of((), self._styles, width - 1)] * (height - len(strips))
        del strips[height:]
        self._lay_sticky_header(strips, top)
        bar = self._scroll_bar(top, height)
        return [self._with_bar(strip, bar[y], filters) for y, strip in enumerate(strips)], not self.emphases.pending

    def _with_bar(self, strip: Strip, cell: Segment, filters: Callable[[Strip], Strip]) -> Strip:
        known = self._whole.get((id(strip), cell.text))
        if known is None or known[0] is not strip:
            while len(self._whole) >= STRIPS_KEPT:
                del self._whole[next(iter(self._whole))]
            known = self._whole[id(strip), cell.text] = (strip, filters(Strip([*strip, cell], strip.cell_length + 1)))
        return known[1]

    def _row(self, painter: Painter, spot: Spot) -> list[Strip]:
        strips = self._strips.get(spot)
        if strips is None:
            strips, final = painter.paint(self._state.table.sections[spot.section], spot)
            if final:
                while len(self._strips) >= STRIPS_KEPT:
                    del self._strips[next(iter(self._strips))]
                self._strips[spot] = strips
        return strips

    def _empty(self, width: int, height: int) -> list[Strip]:
        nothing = "Every file is hidden. H shows them." if self._state.diff.files else "Nothing differs."
        text = printable(self._state.missing) or nothing
        lines = [strip_of((), self._styles, width) for _ in range(height)]
        if height:
            lines[height // 3] = strip_of(((f"  {text}", "note"),), self._styles, width)
        return lines

    def _lay_sticky_header(self, strips: list[Strip], top: int) -> None:
        """The name of the file at the top of the screen, once its own header is above it."""
        spot, sub = self._state.table.at(top)
        section = self._state.table.sections[spot.section]
        if section.file is None or self.painter is None or not strips:
            return
        name_line = section.tops[1] - 2  # a header is an optional blank, the name, a rule
        if spot.row or sub > name_line:
            spans = [(text, f"{style} sticky") for text, style in self.painter.header(section)]
            strips[0] = strip_of(spans, self._styles, self.painter.width, "sticky")

    # what moves with the reader

    def _pointed(self, rows: list[Strip], spot: Spot, sub: int, focused: bool) -> list[Strip]:
        """A row with the look of the cursor or the selection laid over it, if it is there."""
        state = self._state
        ranged = state.anchor is not None
        first, last = state.selection()
        is_cursor = spot == state.cursor
        if not is_cursor and not (ranged and first <= spot <= last):
            return rows
        look = "selection" if ranged else "cursor"
        bar = " " if not is_cursor else "▌" if focused else "▏"
        section = state.table.sections[spot.section]
        if section.kinds[spot.row] == FILE:
            name_line = section.tops[1] - 2 - sub
            return [self._tinted(strip, look, bar) if y == name_line else strip for y, strip in enumerate(rows)]
        return [self._tinted(strip, look, bar) for strip in rows]

    def _tinted(self, strip: Strip, look: str, bar: str) -> Strip:
        segments = [Segment(text, self._tint(style or Style(), look)) for text, style, _ in strip]
        first, rest = segments[0], segments[1:]
        pointer = (first.style or Style()) + Style(color=self._styles[look].color)
        return Strip([Segment(bar, pointer), Segment(first.text[1:], first.style), *rest], strip.cell_length)

    def _tint(self, style: Style, look: str) -> Style:
        tinted = self._tints.get((style, look))
        if tinted is None:
            over, under = self._styles[look].bgcolor, style.bgcolor or self._styles[""].bgcolor
            assert over is not None
            assert under is not None
            blended = Color.from_rich_color(under).blend(Color.from_rich_color(over), TINTS[look])
            tinted = self._tints[style, look] = style + Style(bgcolor=blended.rich_color)
        return tinted

    def _scroll_bar(self, top: int, height: int) -> list[Segment]:
        """The last column: where the screen stands in the diff, and where comments are."""
        table = self._state.table
        if table.height <= height:
            return [Segment(" ", self._styles[""])] * height
        bar = [Segment("│", self._styles["scroll"])] * height
        size = max(1, round(height * height / table.height))
        start = round(top / (table.height - height) * (height - size))
        bar[start : start + size] = [Segment("┃", self._styles["scroll-thumb"])] * size
        tops = table.comment_tops()
        if self._commented[0] is not tops or self._commented[1:3] != (height, table.height):
            places = {min(height - 1, comment_top * height // table.height) for comment_top in tops}
            self._commented = (tops, height, table.height, tuple(places))
        comment = Segment("◆", self._styles["scroll-comment"])
        for place in self._commented[3]:
            bar[place] = comment
        return bar


def _marked(strip: Strip, searched: str, start: int, style: Style) -> Strip:
    """A strip with every occurrence of a text right of character ``start`` in another style."""
    if not searched:
        return strip
    text = strip.text
    if searched == searched.lower() and len(text.lower()) == len(text):
        text = text.lower()
    at = text.find(searched, start)
    if at < 0:
        return strip
    pieces: list[Segment] = []
    done = 0
    while at >= 0:
        end = at + len(searched)
        pieces += _cut(strip, done, at)
        pieces += [Segment(each.text, (each.style or Style()) + style) for each in _cut(strip, at, end)]
        done, at = end, text.find(searched, end)
    return Strip([*pieces, *_cut(strip, done, len(text))], strip.cell_length)


def _cut(strip: Strip, start: int, end: int) -> list[Segment]:
    """The segments between two characters of a strip."""
    found, at = [], 0
    for text, style, _ in strip:
        first, last = max(start - at, 0), min(end - at, len(text))
        if first < last:
            found.append(Segment(text[first:last], style))
        at += len(text)
    return found

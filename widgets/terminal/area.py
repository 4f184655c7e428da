"""The rows of a terminal in a pane: which are in view, what they look like, what is chosen and found in them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agents.events import AnyEvent, TerminalOpened, TerminalWrote
from agents.model import Entry
from agents.terminal.lines import Line, line_text
from widgets.terminal.look import Looks
from widgets.text_strips import RowStrip, Spans, StyleBook, cells, printable, strip_of

if TYPE_CHECKING:
    from agents.terminal.emulator import Emulator, Mark, Sink
    from agents.terminal.input import Keyboard

HELD_SECONDS = 0.2
"""How long a program may hold its output (mode 2026) before what is there is shown all the same."""
_STRIPS_KEPT = 600
_CHOSEN = Style(reverse=True)
_FOUND = Style(underline=True, bold=True)


@dataclass
class TerminalView:
    """Where the reader is: at the end, or held at a row."""

    following: bool = True


class Place(tuple[int, int]):
    """A row from the top of what is kept, and a column."""

    __slots__ = ()


class TerminalArea:
    """A terminal in ``height`` lines of ``width`` columns; it is what a transcript's area is to a pane."""

    has_clock = False
    lost = False

    def __init__(self, styles: StyleBook) -> None:
        self._styles = styles
        self._looks = Looks(styles.filtered)
        self._emulator: Emulator | None = None
        self._keyboard: Keyboard | None = None
        self._waiting: list[TerminalOpened | TerminalWrote] = []
        """What came before the emulator could be used."""
        self._offset = 0
        self._mark: Mark | None = None
        self._kept: dict[Line, Strip] = {}
        self._shown: list[Strip | None] = []
        """The lines in view as they were painted; None where they must be painted anew."""
        self._top = 0
        self._dirty = False
        self._held_since = 0.0
        self._cursor_line = -1
        self._rows_when_left = 0
        self.view = TerminalView()
        self.width = 0
        self.height = 0
        self.focused = False
        self.alive = False
        self.cursor_shows = False
        """Keys go to the program."""
        self.chosen: tuple[Place, Place] | None = None
        self.found: list[tuple[int, int, int]] = []
        self.sequence = 0
        self.copied = ""
        """What the program wanted in the clipboard last."""

    # what it is told

    def feed(self, event: AnyEvent) -> bool:
        """Take in an event; True when there is something to show."""
        match event:
            case TerminalOpened():
                self._waiting = [event]
            case TerminalWrote() if self._waiting or self._emulator is not None:
                self._waiting.append(event)
            case _:
                return False
        self._dirty = True
        return True

    @property
    def can_show(self) -> bool:
        """The emulator's library is there."""
        from widgets.terminal import loading

        return loading.is_loaded()

    def _take_in(self) -> None:
        from agents.terminal.emulator import Emulator
        from agents.terminal.input import Keyboard

        waiting, self._waiting = self._waiting, []
        for event in waiting:
            if isinstance(event, TerminalOpened):
                if self._emulator is not None:
                    self._forget_mark()
                    self._emulator.close()
                self._emulator = Emulator(event.columns, event.rows, _clipboard_of(self), state=event.state)
                self._keyboard = Keyboard(self._emulator)
                self._offset, self.alive = event.offset, event.alive
                self._fit()
                self._shown = []
                self.found = []
                self.chosen = None
                self.view.following = True
            elif self._emulator is not None:
                self.lost = self.lost or event.offset > self._offset
                skip = self._offset - event.offset
                if skip < len(event.data):
                    self._emulator.feed(event.data[max(0, skip) :])
                    self._offset = event.offset + len(event.data)

    def _fit(self) -> None:
        """A program that runs is told the size it is shown in; what one that has ended left is wrapped for it here."""
        if self._emulator is not None and not self.alive and self.width > 2:
            self._emulator.resize(self.width - 1, self._emulator.rows)

    def close(self) -> None:
        """Give up the terminal's memory."""
        self._forget_mark()
        if self._emulator is not None:
            self._emulator.close()
            self._emulator = None

    # what it shows

    @property
    def keyboard(self) -> Keyboard | None:
        """Encodes keys for the program; None before it is known."""
        return self._keyboard if self._emulator is not None else None

    @property
    def emulator(self) -> Emulator | None:
        """The terminal; None before it is known."""
        return self._emulator

    @property
    def has_changes(self) -> bool:
        """Something came in since the last ``lay``."""
        return self._dirty

    @property
    def is_empty(self) -> bool:
        """There is nothing to show."""
        return self._emulator is None

    @property
    def top(self) -> int:
        """The row of the first line in view."""
        return self._top

    @property
    def new_rows(self) -> int:
        """Rows written since the reader left the end."""
        if self.view.following or self._emulator is None:
            return 0
        return max(0, self._emulator.total_rows - self._rows_when_left)

    def lay(self, now: float) -> range:
        """Take in what came; the lines of the area that differ."""
        if not self.can_show:
            return range(0)
        self._dirty = False
        self._take_in()
        emulator = self._emulator
        if emulator is None:
            return range(0)
        if emulator.mode(2026):
            self._held_since = self._held_since or time.monotonic()
            if time.monotonic() - self._held_since < HELD_SECONDS:
                self._dirty = True
                return range(0)
        self._held_since = 0.0
        changed = emulator.changed_rows()
        total, rows = emulator.total_rows, emulator.rows
        top = self._top_now(total)
        if changed is None or top != self._top or len(self._shown) != self.height:
            self._top = top
            self._shown = [None] * self.height
            self._follow_cursor(total - rows)
            return range(self.height)
        lines = {total - rows + row - top for row in changed}
        lines |= {self._cursor_line, self._follow_cursor(total - rows)}
        lines = {line for line in lines if 0 <= line < self.height}
        for line in lines:
            self._shown[line] = None
        return range(min(lines), max(lines) + 1) if lines else range(0)

    def _follow_cursor(self, screen: int) -> int:
        assert self._emulator is not None
        cursor = self._emulator.cursor
        self._cursor_line = screen + cursor.row - self._top if cursor.visible else -1
        return self._cursor_line

    def _top_now(self, total: int) -> int:
        last = max(0, total - self.height)
        if self.view.following:
            return last - self._blank_below(last)
        row = self._mark.row if self._mark is not None else None
        return min(row or 0, last)

    def _blank_below(self, last: int) -> int:
        """Empty rows at the end of the screen that would push written ones out at the top: there are such while the
        program has more rows than are shown, because it is not told of the lines that a question takes."""
        emulator = self._emulator
        hidden = emulator.rows - self.height if emulator is not None else 0
        if emulator is None or hidden <= 0 or last < hidden:
            return 0
        written = max((row for row, text in enumerate(emulator.screen_text(), 1) if text.strip()), default=0)
        return max(0, min(hidden, emulator.rows - max(written, emulator.cursor.row + 1)))

    def strips(self) -> list[Strip]:
        """The lines in view."""
        emulator = self._emulator
        if emulator is None:
            return [self.text_line("") for _ in range(self.height)]
        if len(self._shown) != self.height:
            self._shown = [None] * self.height
        missing = [line for line, strip in enumerate(self._shown) if strip is None]
        if missing:
            first, last = missing[0], missing[-1] + 1
            stop = min(self._top + last, emulator.total_rows)
            lines = emulator.lines(self._top + first, stop)
            for line in missing:
                index = line - first
                self._shown[line] = self._strip(lines[index] if index < len(lines) else (), line)
        strips = [strip or self.text_line("") for strip in self._shown]
        if new := self.new_rows:
            strips[-1] = self._notice(f" ↓ {new} new · G follows ")
        return strips

    def _strip(self, line: Line, number: int) -> Strip:
        has_cursor = self.cursor_shows and number == self._cursor_line and self.view.following
        marks = self._marks(self._top + number, has_cursor)
        strip = self._kept.get(line) if not marks else None
        if strip is None:
            looks = self._looks
            bar = Segment("▌" if self.focused else "▏", self._styles["rule-focused" if self.focused else "rule"])
            text = [Segment(printable(run.text), looks[run.look]) for run in line]
            strip = Strip(text).crop(0, self.width - 1)
            if strip.cell_length < self.width - 1:
                strip = Strip([*strip, Segment(" " * (self.width - 1 - strip.cell_length), looks.base)])
            for start, end, style in marks:
                strip = _marked(strip, start, min(end, self.width - 1), style)
            strip = RowStrip([bar, *strip], self.width)
            if not marks:
                if len(self._kept) > _STRIPS_KEPT:
                    self._kept.clear()
                self._kept[line] = strip
        return strip

    def _marks(self, row: int, has_cursor: bool) -> list[tuple[int, int, Style]]:
        marks = [(start, end, _FOUND) for found, start, end in self.found if found == row]
        if self.chosen is not None:
            (first, start), (last, end) = sorted(self.chosen)
            if first <= row <= last:
                marks.append((start if row == first else 0, end + 1 if row == last else self.width, _CHOSEN))
        if has_cursor and self._emulator is not None:
            column = self._emulator.cursor.column
            marks.append((column, column + 1, _CHOSEN))
        return marks

    def text_line(self, text: str) -> Strip:
        """A line of ours."""
        bar = ("▌", "rule-focused") if self.focused else ("▏", "rule")
        return strip_of([bar, (" " if text else "", ""), (text, "muted")], self._styles, self.width)

    def _notice(self, text: str) -> Strip:
        gap = " " * max(0, self.width - cells(text) - 1)
        return strip_of([("▌" if self.focused else "▏", "rule"), (gap, ""), (text, "below")], self._styles, self.width)

    def last_row(self) -> Spans:
        """The last row that says something, for a tile."""
        if self._emulator is None:
            return ()
        rows = [row for row in self._emulator.screen_text() if row.strip()]
        return ((printable(rows[-1].strip()), ""),) if rows else ()

    # changes of the outside

    def resize(self, width: int, height: int, now: float) -> None:
        """Another size of the area; the program is told by the pane."""
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self._kept.clear()
            self._shown = []
            self._fit()
        if self._emulator is not None:
            self._top = self._top_now(self._emulator.total_rows)
            self._follow_cursor(self._emulator.total_rows - self._emulator.rows)

    def forget_strips(self) -> None:
        """Colours, or who has the focus, are others."""
        self._looks.set_base(self._styles[""])
        self._kept.clear()
        self._shown = []

    def tick(self, now: float) -> list[int]:
        """Nothing here has a clock."""
        return []

    # moving about

    def scroll_by(self, count: int) -> None:
        """Move the view; at the end it follows again."""
        if self._emulator is not None:
            self.scroll_to(self._top + count)

    def scroll_to(self, row: int) -> None:
        """Bring a row to the top."""
        emulator = self._emulator
        if emulator is None:
            return
        total = emulator.total_rows
        self._forget_mark()
        row = max(0, row)
        if row >= total - self.height:
            self.view.following = True
        else:
            if self.view.following:
                self._rows_when_left = total
            self.view.following = False
            self._mark = emulator.mark(row)
        self._top = self._top_now(total)
        self._follow_cursor(total - emulator.rows)
        self._shown = []

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.scroll_to(1 << 40)

    def _forget_mark(self) -> None:
        if self._mark is not None:
            self._mark.forget()
            self._mark = None

    def search(self, words: str) -> int:
        """Mark where some words stand; how often they do."""
        self.found = []
        if self._emulator is not None and words:
            for row, start, end in self._emulator.search(words):
                text = self._emulator.text(row, row + 1)[0]
                self.found.append((row, cells(text[:start]), cells(text[:end])))
        self._shown = []
        return len(self.found)

    def show_found(self, number: int) -> None:
        """Bring one of the places into view."""
        if 0 <= number < len(self.found):
            row = self.found[number][0]
            if not self._top <= row < self._top + self.height:
                self.scroll_to(row - self.height // 2)

    def place(self, line: int, column: int) -> Place:
        """What stands at a line and a column of the area."""
        return Place((self._top + line, max(0, column)))

    def choose(self, start: Place | None, end: Place | None = None) -> None:
        """Choose the text between two places; None: none."""
        self.chosen = (start, end or start) if start is not None else None
        self._shown = []

    def chosen_text(self) -> str:
        """The chosen text; '' when none is."""
        if self.chosen is None or self._emulator is None:
            return ""
        (first, start), (last, end) = sorted(self.chosen)
        rows = self._emulator.lines(first, min(last + 1, self._emulator.total_rows))
        parts = []
        for number, line in enumerate(rows):
            strip = Strip([Segment(run.text) for run in line])
            left = start if number == 0 else 0
            right = end + 1 if number == last - first else strip.cell_length
            parts.append(strip.crop(left, max(left, right)).text.rstrip())
        return "\n".join(parts)

    def screen_text(self) -> str:
        """What is in view."""
        if self._emulator is None:
            return ""
        lines = self._emulator.lines(self._top, min(self._top + self.height, self._emulator.total_rows))
        return "\n".join(line_text(line) for line in lines).rstrip()

    # what only transcripts have

    def prepend(self, entries: Iterable[Entry], earlier: bool, now: float) -> None:
        """A terminal has no earlier entries."""


def _clipboard_of(area: TerminalArea) -> Sink:
    """Keeps what a program wants in the clipboard, for the person to take; every answer is the engine's."""
    from agents.terminal.emulator import Sink

    class Clipboard(Sink):
        def copied(self, text: str) -> None:
            area.copied = text

    return Clipboard()


def _marked(strip: Strip, start: int, end: int, style: Style) -> Strip:
    if start >= end:
        return strip
    before, middle, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end, strip.cell_length)
    segments = [Segment(text, (own or Style()) + style) for text, own, _ in middle]
    return Strip([*before, *segments, *after], strip.cell_length)

"""A text area for comments and prompts in a review: it completes words; earlier texts lie above its first line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip

from widgets.chip_area import ChipArea
from widgets.text_strips import printable
from widgets.word_offers import Words, offers, word_before


class CommentArea(ChipArea):
    """The text of a comment or a prompt.

    A widget that is taken away loses its component styles at once, but stays in the compositor's map until the next
    layout: what else has to be painted meanwhile (a view that shows a new diff) would draw it without them.
    """

    shortens: ClassVar[bool] = False  # what a comment says is read where it stands
    words = Words()
    """What is offered while one writes."""

    def __init__(self, text: str = "") -> None:
        super().__init__(
            text, soft_wrap=True, show_line_numbers=False, tab_behavior="focus", highlight_cursor_line=False
        )
        self._offered: tuple[str, ...] = ()
        self._chosen = -1
        """Which of them stands in the text now; -1: what was typed."""
        self._settled = ""
        """The text after the last completion, which offers nothing new by itself."""
        self._history: tuple[str, ...] = ()
        self._back = 0
        """How far up the history the text comes from; 0 is what is being written."""
        self._kept = ""

    def render_lines(self, crop: Region) -> list[Strip]:
        """The text; nothing once it was taken away."""
        if not self.is_attached:
            return [Strip.blank(crop.width)] * crop.height
        return super().render_lines(crop)

    # completion

    def look_for_offers(self) -> None:
        """The text is another one: offer what its last word may become."""
        if self._chosen >= 0 and self.text == self._settled:
            return
        row, column = self.cursor_location
        self._offered = offers(word_before(self.document.get_line(row)[:column]), self.words)
        self._chosen = -1

    def complete(self) -> bool:
        """Put the first word offered, or after that the next one, in the place of what was typed; False: none is."""
        if not self._offered:
            return False
        row, column = self.cursor_location
        before = self._offered[self._chosen] if self._chosen >= 0 else ""
        typed = before or word_before(self.document.get_line(row)[:column])
        self._chosen = (self._chosen + 1) % len(self._offered)
        self.replace(self._offered[self._chosen], (row, column - len(typed)), (row, column))
        self._settled = self.text
        return True

    @property
    def is_offering(self) -> bool:
        """There is something to complete."""
        return bool(self._offered)

    def offer_line(self) -> Text:
        """What is offered, on one line: the key, then the words, the one that stands in the text marked."""
        line = Text("Tab ", style="bold", no_wrap=True, overflow="ellipsis")
        for number, word in enumerate(self._offered):
            line.append(printable(word), "reverse" if number == self._chosen else "not bold")
            line.append("  ", "not bold")
        return line

    # history

    def take_history(self, texts: Sequence[str]) -> None:
        """Earlier texts, the latest last."""
        self._history = tuple(texts)

    def action_cursor_up(self, select: bool = False) -> None:
        """Up, and over the first line into the history."""
        is_top = self.cursor_at_first_line and self.cursor_location == self.get_cursor_up_location()
        if select or not (is_top or (self.cursor_at_first_line and not self.text)) or not self._turn(1):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Down, and over the last line back through the history."""
        is_end = self.cursor_at_last_line and self.cursor_location == self.get_cursor_down_location()
        if select or not is_end or not self._turn(-1):
            super().action_cursor_down(select)

    def _turn(self, by: int) -> bool:
        place = self._back + by
        if not 0 <= place <= len(self._history):
            return False
        if not self._back:
            self._kept = self.text
        self._back = place
        self.text = self._history[-place] if place else self._kept
        self.move_cursor((0, 0) if by > 0 else self.document.end)
        return True

"""A row of chips: what there is to look at, each with a count; one of them can be the filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.text_strips import Span, StyleBook, cells, strip_of


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip."""

    name: str
    count: int
    is_urgent: bool = False


class ChipBar(Widget):
    """One line of chips; a click chooses one."""

    DEFAULT_CSS = """
    ChipBar {
        height: 1; width: 1fr; background: $surface; color: $foreground;
        & > .chips--quiet { color: $foreground 80%; }
        & > .chips--urgent { color: #a3430f; text-style: bold; }
        & > .chips--chosen { background: $primary 40%; text-style: bold; }
        & > .chips--words { color: $foreground 60%; }
        &:dark > .chips--urgent { color: #ffb86b; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chips--quiet", "chips--urgent", "chips--chosen", "chips--words"}
    ALLOW_SELECT = False

    @dataclass
    class Chosen(Message):
        """A chip was clicked."""

        bar: ChipBar
        name: str

        @property
        def control(self) -> ChipBar:
            """The bar it comes from."""
            return self.bar

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chips: tuple[Chip, ...] = ()
        self._words = ""
        self._chosen = ""
        self._look = StyleBook(self, "chips--")

    def show(self, chips: Sequence[Chip], chosen: str = "", words: str = "") -> None:
        """Show these chips; ``chosen`` names the one that filters, ``words`` stand before them."""
        self._chips, self._chosen, self._words = tuple(chips), chosen, words
        self.refresh()

    def notify_style_update(self) -> None:
        """Paint in the new colours."""
        super().notify_style_update()
        self._look.clear()

    def _places(self) -> list[tuple[int, int, Chip]]:
        """First and last column of each chip."""
        at, width = cells(self._words) + 1, self.size.width
        places: list[tuple[int, int, Chip]] = []
        for number, chip in enumerate(self._chips):
            end = at + cells(_text(chip))
            rest = len(self._chips) - number - 1
            if end + (cells(_more(rest)) if rest else 0) > width:
                break
            places.append((at, end, chip))
            at = end + 1
        return places

    def on_click(self, event: events.Click) -> None:
        """Choose the chip under the mouse."""
        for start, end, chip in self._places():
            if start <= event.x < end:
                self.post_message(self.Chosen(self, chip.name))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The line."""
        spans: list[Span] = [(self._words + " ", "words")]
        places = self._places()
        for _, _, chip in places:
            style = "urgent" if chip.is_urgent else "quiet"
            spans += [(_text(chip), f"{style} chosen" if chip.name == self._chosen else style), (" ", "")]
        if len(places) < len(self._chips):
            spans.append((_more(len(self._chips) - len(places)), "words"))
        strip = strip_of(spans, self._look, self.size.width)
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return [strip.crop(crop.x, crop.right)] * crop.height


def _more(count: int) -> str:
    return f" +{count} more "


def _text(chip: Chip) -> str:
    return f" {'⚠ ' if chip.is_urgent else ''}{chip.name} {chip.count} "

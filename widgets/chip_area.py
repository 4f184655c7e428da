"""A text area in which a long text that was pasted, and an image whose path was, is a chip
(:mod:`agents.prompts.chips`): one thing that the cursor goes around, and that is deleted as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Location, Selection, TextAreaTheme

from agents.escape import stand_ins
from agents.prompts.chips import CHIP, chip_of, digest_of, expand, is_long
from agents.prompts.image_chips import image_chip, pasted_images
from widgets.still import Still


class SteadyTextArea(TextArea):
    """A text area that lets nothing in its text act on the terminal, and that works out its styles when the style sheet
    changes and not for every frame: that takes a tenth of the time in which a key is answered."""

    _applied: TextAreaTheme | None = None

    def get_line(self, line_index: int) -> Text:
        """See TextArea: what an agent wrote may stand here too."""
        return Text(stand_ins(self.document.get_line(line_index)), end="", no_wrap=True)

    def notify_style_update(self) -> None:
        """See Widget."""
        self._applied = None
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """See Widget."""
        if self._applied is self._theme:
            return super(TextArea, self).render_lines(crop)
        self._applied = self._theme
        return super().render_lines(crop)


class ChipArea(Still, SteadyTextArea):
    """Written text with chips in it."""

    DEFAULT_CSS = "ChipArea .chip-area--chip { color: $secondary; text-style: bold; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chip-area--chip"}

    shortens: ClassVar[bool] = True
    """Long texts become chips; else only images do."""
    _pasted: dict[str, str] | None = None
    """Long texts that were pasted here, by the digest in their chip."""

    @dataclass
    class Pasted(Message):
        """A long text or an image was pasted; the chip that stands for it is in the text already."""

        area: ChipArea
        text: str = ""
        image: str = ""
        """The path of the image."""

        @property
        def control(self) -> ChipArea:
            return self.area

    @dataclass
    class Moved(Message):
        """The cursor is somewhere else, or the text before it is another."""

        area: ChipArea

        @property
        def control(self) -> ChipArea:
            return self.area

    async def _on_paste(self, event: events.Paste) -> None:
        """Pasted text as it was copied, with this system's line ends; a long one, and paths of images, as chips."""
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if images := pasted_images(text):
            chips = {image_chip(path): path for path in images}
            for path in chips.values():
                self.post_message(self.Pasted(self, image=path))
            text = " ".join(chips)
        elif self.shortens and is_long(text):
            self._pasted = {**(self._pasted or {}), digest_of(text): text}
            self.post_message(self.Pasted(self, text))
            text = chip_of(text)
        if text != event.text:
            event.prevent_default()
            event.stop()
            self.replace(text, *self.selection)

    @property
    def expanded(self) -> str:
        """The text, with what was pasted here in place of its chips."""
        return expand(self.text, (self._pasted or {}).get)

    # --- chips

    def chip_at(self, location: Location) -> tuple[int, int] | None:
        """First column of the chip at a place, and the one after it; None when there is none."""
        row, column = location
        if row >= self.document.line_count:
            return None
        for found in CHIP.finditer(self.document.get_line(row)):
            if found.start() <= column <= found.end():
                return found.start(), found.end()
        return None

    def _inside_chip(self, location: Location) -> tuple[int, int] | None:
        found = self.chip_at(location)
        return found if found is not None and found[0] < location[1] < found[1] else None

    def get_line(self, line_index: int) -> Text:
        """See TextArea: chips stand out."""
        line = super().get_line(line_index)
        if "⟦" in line.plain:
            style = self.get_component_rich_style("chip-area--chip")
            for found in CHIP.finditer(line.plain):
                line.stylize(style, *found.span())
        return line

    def edit(self, edit: Edit) -> EditResult:
        """See TextArea: what touches a chip touches all of it."""
        if edit.top != edit.bottom:
            self._end_batch_at_chips(edit)
        top, bottom = edit.top, edit.bottom
        if (chip := self._inside_chip(top)) is not None:
            top = (top[0], chip[0] if top != bottom else chip[1])
        if (chip := self._inside_chip(bottom)) is not None:
            bottom = (bottom[0], chip[1])
        if (top, bottom) != (edit.top, edit.bottom):
            edit = Edit(edit.text, top, bottom, edit.maintain_selection_offset)
        return super().edit(edit)

    def _end_batch_at_chips(self, edit: Edit) -> None:
        """What takes a chip away is undone by itself: Textual 8.2 joins a deletion after an undo with what was written
        before, and undoing both would lose the chip."""
        rows = range(edit.top[0], min(edit.bottom[0] + 1, self.document.line_count))
        if any("⟦" in self.document.get_line(row) for row in rows):
            self.history.checkpoint()

    def validate_selection(self, selection: Selection) -> Selection:
        """The cursor goes around a chip, never into it."""
        return Selection(self._around(selection.start), self._around(selection.end))

    def _around(self, location: Location) -> Location:
        chip = self._inside_chip(location)
        if chip is None:
            return location
        row, column = location
        came_row, came = self.selection.end
        if came_row == row and came >= chip[1]:
            return row, chip[0]
        if came_row == row and came <= chip[0]:
            return row, chip[1]
        return row, chip[0] if column - chip[0] < chip[1] - column else chip[1]

    def watch_selection(self) -> None:
        """Say that the cursor moved."""
        if self.is_mounted:
            self.post_message(self.Moved(self))

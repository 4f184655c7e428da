"""The text of a prompt while it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Location, Selection

from agents.chips import CHIP, chip_of, is_long


class PromptArea(TextArea):
    """The text of a prompt: Enter sends it; the history lies above its first line.

    A long text that is pasted becomes a chip (:mod:`agents.chips`): one thing that the cursor goes around and that
    is deleted as a whole.
    """

    DEFAULT_CSS = "PromptArea .prompt-area--chip { color: $secondary; text-style: bold; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"prompt-area--chip"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", id="composer.send", priority=True,
                tooltip="Send: into the running turn, or as a new turn when the task rests."),
        Binding("alt+enter,ctrl+j,shift+enter", "new_line", "New line", id="composer.new-line", priority=True,
                tooltip="Begin a new line."),
        Binding("ctrl+t,f6", "tell('when')", "Now or after", id="composer.when", priority=True,
                tooltip="While the task works: steer now, or send when the turn has ended."),
        Binding("ctrl+enter", "tell('send-after')", "Send after", id="composer.send-after", priority=True,
                tooltip="Send when the running turn has ended (terminals that tell Ctrl+Enter apart)."),
        Binding("up", "earlier", "Earlier prompt", id="composer.earlier", show=False,
                tooltip="Up; from the first line: the prompt sent before."),
        Binding("down", "later", "Later prompt", id="composer.later", show=False,
                tooltip="Down; from the last line: the prompt sent after."),
        Binding("ctrl+r", "tell('history')", "Search what was said", id="composer.history", priority=True,
                tooltip="Search all prompts of all tasks; Enter takes one."),
        Binding("ctrl+y", "tell('yank')", "Put by", id="composer.yank", priority=True,
                tooltip="Put this text by for later (yank) and begin anew."),
        Binding("ctrl+o", "tell('pop')", "Take what was put by", id="composer.pop", priority=True,
                tooltip="Choose one of the texts that were put by (pop)."),
        Binding("ctrl+g", "tell('editor')", "Editor", id="composer.editor", priority=True,
                tooltip="Write the text in your own editor ($VISUAL or $EDITOR)."),
        Binding("f4", "tell('expand')", "Unfold what was pasted", id="composer.expand", priority=True,
                tooltip="Put the pasted text in place of the chip at the cursor."),
        Binding("escape", "tell('leave')", "Back", id="composer.leave", tooltip="Back to the panes; the text stays."),
    ]  # fmt: skip

    @dataclass
    class Pressed(Message):
        """A key of the composer was pressed in the text."""

        area: PromptArea
        key: str

        @property
        def control(self) -> PromptArea:
            return self.area

    @dataclass
    class Pasted(Message):
        """A long text was pasted; the chip that stands for it is in the text already."""

        area: PromptArea
        text: str

        @property
        def control(self) -> PromptArea:
            return self.area

    @dataclass
    class Moved(Message):
        """The cursor is somewhere else, or the text before it is another."""

        area: PromptArea

        @property
        def control(self) -> PromptArea:
            return self.area

    def action_tell(self, key: str) -> None:
        """Tell who owns the text that a key was pressed."""
        self.post_message(self.Pressed(self, key))

    def action_send(self) -> None:
        """Enter."""
        self.action_tell("send")

    def action_new_line(self) -> None:
        """A new line at the cursor, after the characters that were typed before it.

        A binding with priority runs as soon as its key arrives; characters wait in the queue of this widget.
        """
        self.call_later(self._begin_line)

    def _begin_line(self) -> None:
        self.replace("\n", *self.selection)

    def action_earlier(self) -> None:
        """Up, and over the first line into the history."""
        if self.cursor_at_first_line and self.cursor_location == self.get_cursor_up_location():
            self.action_tell("earlier")
        else:
            self.action_tell("up")

    def action_later(self) -> None:
        """Down, and over the last line back through the history."""
        if self.cursor_at_last_line and self.cursor_location == self.get_cursor_down_location():
            self.action_tell("later")
        else:
            self.action_tell("down")

    async def _on_paste(self, event: events.Paste) -> None:
        """Pasted text as it was copied, with this system's line ends; a long one as a chip."""
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if is_long(text):
            event.prevent_default()
            event.stop()
            self.post_message(self.Pasted(self, text))
            self.replace(chip_of(text), *self.selection)
        elif text != event.text:
            event.prevent_default()
            event.stop()
            self.replace(text, *self.selection)

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
            style = self.get_component_rich_style("prompt-area--chip")
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

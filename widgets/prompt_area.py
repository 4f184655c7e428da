"""The text of a prompt while it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from widgets.chip_area import ChipArea


class PromptArea(ChipArea):
    """The text of a prompt: Enter sends it; the history lies above its first line."""

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

"""The text of a prompt while it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea


class PromptArea(TextArea):
    """The text of a prompt: Enter sends it; the history lies above its first line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", id="composer.send", priority=True,
                tooltip="Send: into the running turn, or as a new turn when the task rests."),
        Binding("alt+enter,ctrl+j,shift+enter", "new_line", "New line", id="composer.new-line", priority=True,
                tooltip="Begin a new line."),
        Binding("ctrl+t,f6", "toggle_when", "Now or after", id="composer.when", priority=True,
                tooltip="While the task works: steer now, or send when the turn has ended."),
        Binding("ctrl+enter", "send_after", "Send after", id="composer.send-after", priority=True,
                tooltip="Send when the running turn has ended (terminals that tell Ctrl+Enter apart)."),
        Binding("up", "earlier", "Earlier prompt", id="composer.earlier", show=False,
                tooltip="Up; from the first line: the prompt sent before."),
        Binding("down", "later", "Later prompt", id="composer.later", show=False,
                tooltip="Down; from the last line: the prompt sent after."),
        Binding("escape", "leave", "Back", id="composer.leave", tooltip="Back to the panes; the text stays."),
    ]  # fmt: skip

    @dataclass
    class Pressed(Message):
        """A key of the composer was pressed in the text."""

        area: PromptArea
        key: str

        @property
        def control(self) -> PromptArea:
            return self.area

    def _tell(self, key: str) -> None:
        self.post_message(self.Pressed(self, key))

    def action_send(self) -> None:
        """Enter."""
        self._tell("send")

    def action_send_after(self) -> None:
        """Send as a follow-up."""
        self._tell("send-after")

    def action_toggle_when(self) -> None:
        """Now or after."""
        self._tell("when")

    def action_leave(self) -> None:
        """Back."""
        self._tell("leave")

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
            self._tell("earlier")
        else:
            self.action_cursor_up()

    def action_later(self) -> None:
        """Down, and over the last line back through the history."""
        if self.cursor_at_last_line and self.cursor_location == self.get_cursor_down_location():
            self._tell("later")
        else:
            self.action_cursor_down()

    async def _on_paste(self, event: events.Paste) -> None:
        """Pasted text as it was copied, with this system's line ends and without control characters."""
        if "\r" in event.text:
            event.prevent_default()
            event.stop()
            self.replace(event.text.replace("\r\n", "\n").replace("\r", "\n"), *self.selection)

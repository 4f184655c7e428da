"""A prompt beside a diff: written while reading, with the path or the diff that is shown put in on a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea

from agents.model import When
from widgets.comment_area import CommentArea
from widgets.key_line import KeyLine
from widgets.word_offers import Words

PAUSE_SECONDS = 0.4
"""How long typing rests before the text is handed out to be kept."""

KEYS = (
    ("Enter send", "send('now')"),
    ("Alt+Enter after the turn", "send('after')"),
    ("^J new line", "new_line"),
    ("↑ earlier", ""),
    ("F2 path", "insert_path"),
    ("F3 file's diff", "attach('file')"),
    ("F4 all", "attach('all')"),
    ("Esc back", "leave"),
)

Attachment = Literal["", "file", "all"]
_ATTACHED = {"": "nothing attached", "file": "the diff of this file goes along", "all": "the whole diff goes along"}


class PromptPane(Vertical):
    """An editor for a prompt to the agent whose change is shown."""

    DEFAULT_CSS = """
    PromptPane {
        width: 2fr; height: 1fr; background: $panel; border-left: heavy $primary; display: none;
        &.below { width: 1fr; height: 9; border-left: none; border-top: heavy $primary; }
        & > Static { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > .prompt-pane--keys { color: $foreground 60%; height: auto; text-wrap: wrap; }
        & > TextArea {
            height: 1fr; border: none; padding: 0 1; background: $boost; scrollbar-size-vertical: 1;
            &:focus { border: none; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send('now')", "Send", id="prompt.send", priority=True,
                tooltip="Send: into the running turn, or as a new turn when the agent rests."),
        Binding("alt+enter,ctrl+enter", "send('after')", "Send after", id="prompt.send-after", priority=True,
                tooltip="Send when the running turn has ended."),
        Binding("ctrl+j,shift+enter", "new_line", "New line", id="prompt.new-line", priority=True,
                tooltip="Begin a new line."),
        Binding("f2,ctrl+l", "insert_path", "Path", id="prompt.path", priority=True,
                tooltip="Put the path and line at the diff's cursor into the text."),
        Binding("f3", "attach('file')", "Attach the file", id="prompt.attach-file", priority=True,
                tooltip="Send the diff of the file at the cursor along, as it is shown; again: do not."),
        Binding("f4", "attach('all')", "Attach everything", id="prompt.attach-all", priority=True,
                tooltip="Send everything that is shown along; what is hidden is left out."),
        Binding("tab", "complete", "Complete", id="prompt.complete", priority=True,
                tooltip="Complete the path or word before the cursor; where there is none, back to the diff."),
        Binding("f8,ctrl+backspace", "clear_away", "Clear", id="prompt.clear", priority=True,
                tooltip="Empty the prompt, and back to the diff."),
        Binding("escape", "leave", "Back", id="prompt.leave", priority=True,
                tooltip="Back to the diff; the text stays."),
    ]  # fmt: skip

    @dataclass
    class Sent(Message):
        """The person sends the text."""

        pane: PromptPane
        text: str
        when: When
        attachment: Attachment

        @property
        def control(self) -> PromptPane:
            """The pane it comes from."""
            return self.pane

    @dataclass
    class Asked(Message):
        """The person asks for something else: the path at the cursor, or to leave."""

        pane: PromptPane
        what: Literal["path", "leave", "keep"]

        @property
        def control(self) -> PromptPane:
            """The pane it comes from."""
            return self.pane

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._heading = Static(markup=False)
        self._keys = KeyLine(KEYS, classes="prompt-pane--keys")
        self._area = CommentArea()
        self._pause: Timer | None = None
        self.attachment: Attachment = ""

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._area
        yield self._keys

    def on_mount(self) -> None:
        self._show()

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self._area.text

    @text.setter
    def text(self, text: str) -> None:
        self._area.text = text
        self._area.move_cursor(self._area.document.end)

    @property
    def has_focus_within(self) -> bool:
        """The person writes in it."""
        return self._area.has_focus

    def take_focus(self) -> None:
        """Let the person write."""
        self.display = True
        self._area.focus(scroll_visible=False)

    def insert(self, text: str) -> None:
        """Put a text at the cursor."""
        self._area.insert(text)

    def _show(self) -> None:
        text = f"To the agent · {_ATTACHED[self.attachment]}"
        self._heading.update(Text(text, no_wrap=True, overflow="ellipsis", style="bold"))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, lambda: self._ask("keep"))
        self._area.look_for_offers()
        self._keys.say(self._area.offer_line() if self._area.is_offering else None)

    def _ask(self, what: Literal["path", "leave", "keep"]) -> None:
        self.post_message(self.Asked(self, what))

    def action_send(self, when: When) -> None:
        """Send, unless there is nothing to send."""
        if self._area.text.strip() or self.attachment:
            self.post_message(self.Sent(self, self._area.text, when, self.attachment))

    def action_new_line(self) -> None:
        """A new line at the cursor."""
        self._area.insert("\n")

    def action_insert_path(self) -> None:
        """Ask for the path."""
        self._ask("path")

    def action_attach(self, what: Attachment) -> None:
        """Attach the diff, or not."""
        self.attachment = "" if self.attachment == what else what
        self._show()

    def action_complete(self) -> None:
        """Complete the word before the cursor; where nothing is offered, leave."""
        if not self._area.complete():
            self.action_leave()

    def action_clear_away(self) -> None:
        """Forget the text."""
        self.clear()
        self.action_leave()

    def offer(self, words: Words, history: Sequence[str]) -> None:
        """Offer these words while the person writes, and these earlier prompts, the latest last."""
        self._area.words = words
        self._area.take_history(history)

    def action_leave(self) -> None:
        """Back."""
        self._ask("leave")

    def clear(self) -> None:
        """Empty it: what was there is sent."""
        self.attachment = ""
        self._area.text = ""
        self._show()

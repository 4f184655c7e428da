"""The box in which a comment is written, mounted between the lines it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea

from agents.parts.review import CommentDraft, CommentKind
from agents.review.suggestion import suggestion_block
from widgets.comment_area import CommentArea
from widgets.key_line import KeyLine
from widgets.word_offers import Words

PAUSE_SECONDS = 0.4
"""How long typing rests before the text is handed out to be kept."""
KINDS: tuple[CommentKind, ...] = ("fix", "question", "suggestion", "do-not-touch", "note")
KIND_MEANINGS = {
    "fix": "change this",
    "question": "answered without editing",
    "suggestion": "applied as written",
    "do-not-touch": "leave these lines alone",
    "note": "private, never sent",
}
KEYS = (
    ("^S save", "finish"),
    ("Esc keep and leave", "finish"),
    ("^T kind", "next_kind"),
    ("Tab complete", "complete"),
    ("↑ earlier", ""),
)
LEAST_LINES, MOST_LINES = 3, 14


class CommentBox(Vertical):
    """A multi-line editor for one comment. Enter is a new line; every way out keeps the text."""

    DEFAULT_CSS = """
    CommentBox {
        background: $panel;
        border-left: heavy $warning;
        height: 6;
        &.question { border-left: heavy $primary; }
        &.suggestion { border-left: heavy $success; }
        &.do-not-touch { border-left: heavy $error; }
        &.note { border-left: heavy $secondary; }
        & > Static {
            height: 1; padding: 0 1; background: $panel; color: $foreground;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > .comment-box--keys { color: $foreground 60%; }
        & > TextArea {
            height: 1fr; border: none; padding: 0 1; background: $boost;
            scrollbar-size-vertical: 1;
            &:focus { border: none; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter,alt+enter", "finish", "Save", id="comment.save", priority=True,
                tooltip="Keep the comment and go on reading."),
        Binding("escape", "finish", "Leave", id="comment.leave", priority=True,
                tooltip="Back to the diff; the draft is kept. Without text it is dropped."),
        Binding("tab", "complete", "Complete", id="comment.complete", priority=True,
                tooltip="Complete the path or word before the cursor; again: the next one."),
        Binding("ctrl+t", "next_kind", "Kind", id="comment.kind", priority=True,
                tooltip="Fix, question, suggestion, do not touch, private note."),
    ]  # fmt: skip

    @dataclass
    class Paused(Message):
        """Typing rests, or the kind is another one: what is there now should be kept."""

        box: CommentBox

        @property
        def control(self) -> CommentBox:
            """The box it comes from."""
            return self.box

    @dataclass
    class Finished(Message):
        """The person is done with it; the text may be empty."""

        box: CommentBox

        @property
        def control(self) -> CommentBox:
            """The box it comes from."""
            return self.box

    @dataclass
    class Grown(Message):
        """It wants another number of rows."""

        box: CommentBox
        height: int

        @property
        def control(self) -> CommentBox:
            """The box it comes from."""
            return self.box

    def __init__(
        self,
        draft: CommentDraft,
        place: str,
        *,
        comment: str = "",
        is_reply: bool = False,
        history: Sequence[str] = (),
    ) -> None:
        """
        Args:
            history: earlier comments, the latest last.
            is_reply: it follows up on a comment that was sent; its kind stays.
            draft: what it is about, with the text to begin with.
            place: the same in words.
            comment: id of the draft that is edited; empty for a new one.
        """
        super().__init__()
        self.draft = draft
        self.kind: CommentKind = draft.kind
        self.comment = comment
        self.is_reply = is_reply
        self._place = place
        self._pause: Timer | None = None
        self._heading = Static()
        self._keys = KeyLine(KEYS, classes="comment-box--keys")
        self._area = CommentArea(draft.text)
        self._area.take_history(history)
        self._height = 0

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._area
        yield self._keys

    def on_mount(self) -> None:
        self._area.move_cursor(self._area.document.end)
        self._area.focus(scroll_visible=False)
        self._show_kind()

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self._area.text

    def offer(self, words: Words) -> None:
        """Offer these words while the person writes."""
        self._area.words = words

    @property
    def rows(self) -> int:
        """Rows it wants on the screen."""
        lines = max(LEAST_LINES, min(MOST_LINES, self._area.wrapped_document.height))
        return lines + 2

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self._rested)
        self._grow()
        self._area.look_for_offers()
        self._keys.say(self._area.offer_line() if self._area.is_offering else None)

    def action_complete(self) -> None:
        """Complete the word before the cursor."""
        self._area.complete()

    def on_resize(self) -> None:
        """A narrower box may need more rows."""
        self._grow()

    def _grow(self) -> None:
        if self.rows != self._height:
            self._height = self.rows
            self.post_message(self.Grown(self, self._height))

    def _rested(self) -> None:
        self._pause = None
        self.post_message(self.Paused(self))

    def action_finish(self) -> None:
        """Done."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self.post_message(self.Finished(self))

    def action_next_kind(self) -> None:
        """Another kind; a suggestion begins with the lines as they are, to be edited."""
        if self.is_reply:
            return
        block = suggestion_block(self.draft)
        if self.kind == "suggestion" and self._area.text.rstrip().endswith(block):
            self._area.text = self._area.text.rstrip().removesuffix(block).rstrip("\n")
        self.kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        if self.kind == "suggestion" and "suggestion\n" not in self._area.text:
            text = self._area.text.rstrip("\n")
            self._area.text = f"{text}\n{block}" if text else block
            line = self._area.document.line_count - 2
            self._area.move_cursor((max(0, line), len(self._area.document.get_line(max(0, line)))))
        self._show_kind()
        self.post_message(self.Paused(self))

    def _show_kind(self) -> None:
        for kind in KINDS:
            self.set_class(kind == self.kind, kind)
        name = self.comment or "new comment"
        if self.is_reply:
            shown = f"{name} · what is still missing? It goes with the next round · {self._place}"
            self._heading.update(Text(shown, no_wrap=True, overflow="ellipsis", style="bold"))
            return
        shown = f"{name} · {self.kind.replace('-', ' ')}: {KIND_MEANINGS[self.kind]} · {self._place}"
        self._heading.update(Text(shown, no_wrap=True, overflow="ellipsis", style="bold"))

"""The line at the bottom: which keys do something here, and the last message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from widgets.text_strips import Spans, StyleBook, cells, cut, printable, spans_cells, strip_of

MESSAGE_SECONDS = 12.0

Severity = Literal["information", "warning", "error"]


class Hint(NamedTuple):
    """A key worth knowing."""

    key: str
    """As it is shown."""
    text: str
    action: str
    """What a click on it does: an action's id."""


class Legend(Widget):
    """Hints from the left, as many as fit; a message on the right for a while."""

    DEFAULT_CSS = """
    Legend { height: 1; width: 1fr; background: $panel; color: $foreground; }
    Legend .legend--key { color: $primary; text-style: bold; }
    Legend .legend--text { color: $foreground 75%; }
    Legend .legend--information { color: $foreground; }
    Legend .legend--warning { color: $warning; }
    Legend .legend--error { color: $error; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "legend--key", "legend--text", "legend--information", "legend--warning", "legend--error",
    }  # fmt: skip

    @dataclass
    class Pressed(Message):
        """A hint was clicked."""

        legend: Legend
        action: str

        @property
        def control(self) -> Legend:
            return self.legend

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._styles_of = StyleBook(self, "legend--")
        self._hints: tuple[Hint, ...] = ()
        self._message = ""
        self._severity: Severity = "information"
        self._forget: Timer | None = None

    def show(self, hints: Sequence[Hint]) -> None:
        """Show these hints, the most useful first."""
        if tuple(hints) != self._hints:
            self._hints = tuple(hints)
            self.refresh()

    def say(self, text: str, severity: Severity = "information") -> None:
        """Show a message until another comes or it has been there long enough to be read."""
        self._message, self._severity = printable(" ".join(text.split())), severity
        if self._forget is not None:
            self._forget.stop()
        self._forget = self.set_timer(MESSAGE_SECONDS, self.hush) if text else None
        self.refresh()

    def hush(self) -> None:
        """Take the message away."""
        self._message = ""
        self.refresh()

    @property
    def message(self) -> str:
        """The message that stands there now."""
        return self._message

    def notify_style_update(self) -> None:
        """See Widget."""
        super().notify_style_update()
        self._styles_of.clear()

    def _fitting(self, room: int) -> list[Hint]:
        fitting: list[Hint] = []
        for hint in self._hints:
            room -= cells(hint.key) + cells(hint.text) + 3
            if room < 0:
                break
            fitting.append(hint)
        return fitting

    def _parts(self, width: int) -> tuple[list[Hint], Spans]:
        says = cut([(f"{self._message} ", self._severity)], max(10, width * 2 // 3)) if self._message else ()
        return self._fitting(width - spans_cells(says) - 1), says

    def render_line(self, y: int) -> Strip:
        """See Widget."""
        width = self.size.width
        hints, says = self._parts(width)
        spans: list[tuple[str, str]] = [(" ", "")]
        for hint in hints:
            spans += [(hint.key, "key"), (f" {hint.text}  ", "text")]
        gap = " " * max(0, width - spans_cells(spans) - spans_cells(says))
        return strip_of((*spans, (gap, ""), *says), self._styles_of, width)

    def on_click(self, event: events.Click) -> None:
        x = 1
        for hint in self._parts(self.size.width)[0]:
            x += cells(hint.key) + cells(hint.text) + 3
            if event.x < x:
                event.stop()
                self.post_message(self.Pressed(self, hint.action))
                return

"""The line above the text of a prompt: to whom it goes, and what Enter will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agents.model import FINAL_STATES, Task, When, at_work
from widgets.text_strips import Spans, StyleBook, cut, printable, spans_cells, strip_of


def takes_answer(task: Task) -> bool:
    """Its agent asks something that the person may answer in their own words."""
    return task.question.takes_text if task.question is not None else task.dialog


def arrival(task: Task, when: When) -> str:
    """What Enter will do, in words."""
    if task.state in FINAL_STATES:
        return f"{task.state}: nothing is sent"
    if when == "now" and takes_answer(task):
        option = task.question.text_option if task.question is not None else ""
        return "→ answers the question" + (f" with {printable(option)}" if option else "")
    if not at_work(task):
        return "→ new turn"
    return "→ steer now" if when == "now" else "→ after this turn"


class ComposerLabel(Widget):
    """One line: to whom, and what Enter will do."""

    DEFAULT_CSS = """
    ComposerLabel { height: 1; width: 1fr; background: $surface; color: $foreground; }
    ComposerLabel .label--dim { color: $foreground 68%; }
    ComposerLabel .label--title { color: $foreground; }
    ComposerLabel .label--arrival { color: $primary; text-style: bold; }
    ComposerLabel .label--after { color: $warning; text-style: bold; }
    ComposerLabel .label--needs { color: $warning; }
    ComposerLabel .label--failed { color: $error; }
    ComposerLabel .label--working { color: $primary; }
    ComposerLabel .label--ready { color: $success; }
    ComposerLabel .label--resting { color: $foreground 68%; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "label--dim", "label--title", "label--arrival", "label--after", "label--needs", "label--failed",
        "label--working", "label--ready", "label--resting",
    }  # fmt: skip

    @dataclass
    class WhenPressed(Message):
        """The person clicked on what Enter will do."""

        label: ComposerLabel

    def __init__(self) -> None:
        super().__init__()
        self._styles_of = StyleBook(self, "label--")
        self._left: Spans = ()
        self._right: Spans = ()

    def set_spans(self, left: Spans, right: Spans) -> None:
        """Show this; the right part is never cut."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(text for text, _ in (*self._left, (" ", ""), *self._right))

    def notify_style_update(self) -> None:
        """See Widget."""
        super().notify_style_update()
        self._styles_of.clear()

    def render_line(self, y: int) -> Strip:
        """See Widget."""
        width = self.size.width
        right = cut(self._right, width)
        left = cut(self._left, max(0, width - spans_cells(right) - 1))
        gap = " " * max(0, width - spans_cells(left) - spans_cells(right))
        return strip_of((*left, (gap, ""), *right), self._styles_of, width)

    def on_click(self, event: events.Click) -> None:
        if event.x >= self.size.width - spans_cells(self._right):
            event.stop()
            self.post_message(self.WhenPressed(self))

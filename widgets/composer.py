"""The composer: what the person says to the focused task, and when it will arrive.

The label above the text says before Enter what Enter will do. Each task has its own unsent text; nothing but the
person's keys ever changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static, TextArea

from agents.model import Task, When, at_work
from widgets.prompt_area import PromptArea
from widgets.task_signs import mood
from widgets.task_words import STATE_GLYPHS
from widgets.text_strips import Spans, StyleBook, cells, cut, printable, spans_cells, strip_of

LINES = 8
"""How many lines of text it grows to."""
PAUSE_SECONDS = 0.6
"""How long typing rests before the draft is kept."""
HISTORY_LIMIT = 200


def arrival(task: Task, when: When) -> str:
    """What Enter will do, in words."""
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


class Composer(Vertical):
    """Label and text for one task at a time."""

    DEFAULT_CSS = """
    Composer { height: auto; background: $surface; }
    Composer .composer--sign { width: 3; height: 1; color: $foreground 50%; padding: 0 1; }
    Composer.-writing .composer--sign { color: $primary; text-style: bold; }
    Composer Horizontal { height: auto; }
    Composer PromptArea, Composer PromptArea:focus {
        height: auto; min-height: 1; max-height: 8; border: none; padding: 0; background: $surface; width: 1fr;
        scrollbar-size-vertical: 1;
    }
    """

    @dataclass
    class Submitted(Message):
        """The person sent a prompt."""

        composer: Composer
        task: str
        text: str
        when: When

        @property
        def control(self) -> Composer:
            return self.composer

    @dataclass
    class DraftChanged(Message):
        """The unsent text of a task rests, or the person has gone to another task."""

        composer: Composer
        task: str
        text: str

        @property
        def control(self) -> Composer:
            return self.composer

    @dataclass
    class PastWanted(Message):
        """The composer shows a task for the first time: answer with :meth:`Composer.offer_past`."""

        composer: Composer
        task: str

        @property
        def control(self) -> Composer:
            return self.composer

    @dataclass
    class Left(Message):
        """The person goes back to the panes."""

        composer: Composer

        @property
        def control(self) -> Composer:
            return self.composer

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._target: Task | None = None
        self._when: When = "now"
        self._drafts: dict[str, str] = {}
        self._history: dict[str, list[str]] = {}
        self._place = 0
        """How far up the history the text comes from; 0 is the draft."""
        self._kept = ""
        """The draft while the history is shown."""
        self._saved: dict[str, str] = {}
        self._pause: Timer | None = None
        self._loading = False

    def compose(self) -> ComposeResult:
        yield ComposerLabel()
        with Horizontal():
            yield Static("❯", classes="composer--sign", markup=False)
            area = PromptArea(soft_wrap=True, show_line_numbers=False, placeholder="", highlight_cursor_line=False)
            area.cursor_blink = False
            yield area

    @property
    def area(self) -> PromptArea:
        """Where the text is written."""
        return self.query_one(PromptArea)

    @property
    def label(self) -> str:
        """What the label says now."""
        return self.query_one(ComposerLabel).text

    @property
    def target(self) -> str:
        """The id of the task it writes to; empty for none."""
        return self._target.id if self._target else ""

    # --- what it is told

    def show(self, task: Task | None) -> None:
        """Write to this task from now on; the text written for the one before stays with that one."""
        if (task.id if task else "") != self.target:
            self._keep_draft()
            self._target = task
            self._when = "now"
            self._place = 0
            self._load(self._drafts.get(task.id, "") if task else "")
            if task is not None and task.id not in self._history:
                self._history[task.id] = []
                self.post_message(self.PastWanted(self, task.id))
        self._target = task
        if task is None or not at_work(task):
            self._when = "now"
        self._paint()

    def offer_past(self, task: str, draft: str, prompts: Iterable[str]) -> None:
        """The unsent text of a task as it was kept, and what was said to it; what is typed meanwhile wins."""
        sent_meanwhile = self._history.get(task, [])
        self._history[task] = [*prompts, *sent_meanwhile][-HISTORY_LIMIT:]
        if task == self.target:
            if draft and not self.area.text and not self._place and not sent_meanwhile:
                self._load(draft)
        else:
            self._drafts.setdefault(task, draft)
        self._saved.setdefault(task, draft)

    def give_back(self, task: str, text: str) -> None:
        """A prompt could not be sent: its text is the draft again, before what was typed since."""
        if task == self.target:
            typed = self.area.text
            self._load(f"{text}\n{typed}" if typed.strip() else text)
        else:
            typed = self._drafts.get(task, "")
            self._drafts[task] = f"{text}\n{typed}" if typed.strip() else text
        history = self._history.get(task, [])
        if history and history[-1] == text:
            history.pop()

    def focus_text(self) -> None:
        """Write here."""
        self.area.focus()

    # --- drafts

    def _load(self, text: str) -> None:
        self._loading = True
        self.area.text = text
        self.area.move_cursor(self.area.document.end)
        if self._target is not None:
            self._drafts[self._target.id] = text if not self._place else self._kept

    def _keep_draft(self) -> None:
        """Tell the draft now if it differs from what was told before."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        if self._target is None:
            return
        name = self._target.id
        text = self._kept if self._place else self.area.text
        self._drafts[name] = text
        if text != self._saved.get(name, ""):
            self._saved[name] = text
            self.post_message(self.DraftChanged(self, name, text))

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._loading:
            self._loading = False
            return
        if self._place:
            self._place = 0  # an old prompt that is edited is a new draft
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self._keep_draft)

    def on_unmount(self) -> None:
        if self._pause is not None:
            self._pause.stop()

    def unsaved(self) -> tuple[str, str] | None:
        """Task and text of a draft that was not told yet, for who cannot wait for the message any more."""
        text = self._kept if self._place else self.area.text
        if self._target is None or text == self._saved.get(self._target.id, ""):
            return None
        return self._target.id, text

    # --- keys

    @on(PromptArea.Pressed)
    def _pressed(self, event: PromptArea.Pressed) -> None:
        event.stop()
        match event.key:
            case "send":
                self._send(self._when)
            case "send-after":
                self._send("after")
            case "when":
                self.toggle_when()
            case "earlier":
                self._recall(1)
            case "later":
                self._recall(-1)
            case "leave":
                self._keep_draft()
                self.post_message(self.Left(self))

    @on(ComposerLabel.WhenPressed)
    def toggle_when(self) -> None:
        """Steer now or send after the turn; only a working task leaves the choice."""
        if self._target is not None and at_work(self._target):
            self._when = "after" if self._when == "now" else "now"
            self._paint()

    def _send(self, when: When) -> None:
        text = self.area.text
        if self._target is None or not text.strip():
            return
        name = self._target.id
        self._history.setdefault(name, []).append(text)
        del self._history[name][:-HISTORY_LIMIT]
        self._place = 0
        self._when = "now"
        self._load("")
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self._saved[name] = ""
        self._paint()
        self.post_message(self.Submitted(self, name, text, when))

    def _recall(self, step: int) -> None:
        history: Sequence[str] = self._history.get(self.target, ())
        place = self._place + step
        if not 0 <= place <= len(history):
            return
        if self._place == 0:
            self._kept = self.area.text
        self._place = place
        self._load(history[-place] if place else self._kept)
        if step > 0:
            self.area.move_cursor((0, 0))

    # --- label

    def _paint(self) -> None:
        label = self.query_one(ComposerLabel)
        task = self._target
        self.set_class(task is None, "-nobody")
        if task is None:
            label.set_spans(((" no task", "dim"),), ())
            return
        title = printable(" ".join(task.title.split()))
        left = ((" ", ""), (STATE_GLYPHS[task.state], mood(task)), (f" {title}", "title"), (f" {task.id}", "dim"))
        says = arrival(task, self._when)
        right: Spans = ((f"{says} ", "after" if self._when == "after" else "arrival"),)
        if at_work(task) and self.size.width >= cells(says) + 50:
            other = "^T after this turn" if self._when == "now" else "^T steer now"
            right = ((f"{other}   ", "dim"), *right)
        label.set_spans(left, right)

    def on_resize(self) -> None:
        self._paint()

    def on_descendant_focus(self) -> None:
        self.add_class("-writing")

    def on_descendant_blur(self) -> None:
        self.remove_class("-writing")

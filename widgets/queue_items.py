"""The prompts of a queue as a list that is edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea

from widgets.text_strips import cells, cut, one_line, printable, wrap

PROMPT_ROWS = 5
"""Rows of a prompt that are shown; how many more there are is said."""
INDENT = 7
PAUSE_SECONDS = 0.5
"""How long typing rests before the text is handed out to be kept."""
LEAST_ROWS, MOST_ROWS = 3, 12

STATE_SIGNS = {"waiting": "·", "working": "●", "changed": "✓", "no change": "=", "failed": "✗", "skipped": "→"}
_STATE_COLOURS = {
    "waiting": "$foreground 60%", "working": "$primary", "changed": "$success", "no change": "$foreground 75%",
    "failed": "$error", "skipped": "$foreground 60%",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A prompt of a queue."""

    title: str
    prompt: str = ""
    """Empty when the title says it all."""
    facts: str = ""
    """When and by whom it is worked on, in words."""
    state: str = ""
    """What became of it; empty in a queue that does not run."""
    reason: str = ""
    turn: int = 0


def item_lines(row: ItemRow, number: int, width: int, is_current: bool, is_dim: bool) -> list[Content]:
    """A prompt as it is drawn: title, what became of it, conditions, and the beginning of its text."""
    ground = "$foreground 45%" if is_dim else "$foreground"
    sign = STATE_SIGNS.get(row.state, " ")
    told = f"{row.state} · turn {row.turn}" if row.turn else row.state
    room = max(8, width - INDENT - (cells(told) + 2 if told else 0))
    title = "".join(text for text, _ in cut([(one_line(row.title), "")], room))
    bar = ("▌", "$primary") if is_current else (" ", "")
    gap = " " * max(1, width - INDENT - cells(title) - cells(told) - 1)
    colour = ground if is_dim else _STATE_COLOURS.get(row.state, ground)
    lines = [
        Content.assemble(
            bar, (f"{number:>3} ", "$foreground 60%"), (f"{sign} ", colour), (title, f"bold {ground}"),
            *(((gap, ""), (told, colour)) if told else ()),
        )
    ]  # fmt: skip
    indent = (bar[0] + " " * (INDENT - 1), bar[1])
    for text, style in ((row.reason, "italic $foreground 75%"), (row.facts, "$secondary")):
        for line in wrap([(one_line(text), "")], max(8, width - INDENT - 1)) if text else ():
            lines.append(Content.assemble(indent, ("".join(part for part, _ in line), style)))
    rows = [
        "".join(part for part, _ in line)
        for paragraph in _paragraphs(printable(row.prompt))
        for line in (wrap([(paragraph, "")], max(8, width - INDENT - 1)) or [()])
        if row.prompt
    ]
    while rows and not rows[-1]:
        rows.pop()
    shown = rows[:PROMPT_ROWS] if len(rows) > PROMPT_ROWS + 1 else rows
    while shown and not shown[-1]:
        shown.pop()
    more = len(rows) - len(shown)
    style = "$foreground 45%" if is_dim else "$foreground 75%"
    lines += [Content.assemble(indent, (line, style)) for line in shown]
    if more:
        lines.append(Content.assemble(indent, (f"[{more} more lines]", "italic $foreground 60%")))
    return lines


def _paragraphs(text: str) -> list[str]:
    """The lines of a text, those of one paragraph of prose joined: files are wrapped at some width, the list at its
    own."""
    found: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        is_prose = bool(line.strip()) and line[0] not in " \t-*+>#|`~" and not line[0].isdigit()
        if is_prose and goes_on:
            found[-1] += f" {line}"
        else:
            found.append(line)
        goes_on = is_prose
    return found


class ItemEditor(TextArea):
    """The text of a prompt while it is edited, where it stands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+s,ctrl+enter,alt+enter", "finish", "Keep", id="queue-item.keep", priority=True,
                tooltip="Back to the list; the text is kept. An empty one leaves the prompt as it was."),
        Binding("shift+enter,ctrl+j", "new_line", "New line", id="queue-item.new-line", priority=True,
                tooltip="Begin a new line, as Enter does."),
        Binding("ctrl+c", "clear_text", "Clear", id="queue-item.clear", priority=True,
                tooltip="Copy what is selected; with nothing selected clear the text."),
    ]  # fmt: skip

    @dataclass
    class Finished(Message):
        """The person is done with it."""

        editor: ItemEditor

    def action_finish(self) -> None:
        """Done, with the characters that were typed before this key."""
        self.call_later(self.post_message, self.Finished(self))

    def action_new_line(self) -> None:
        """A new line at the cursor."""
        self.call_later(lambda: self.replace("\n", *self.selection))

    def action_clear_text(self) -> None:
        """Copy or clear."""
        if self.selected_text:
            self.action_copy()
        else:
            self.call_later(self.clear)


class QueueItems(VerticalScroll, can_focus=True, inherit_bindings=False):
    """The list. It is given rows and tells what the person does to them."""

    DEFAULT_CSS = """
    QueueItems { background: $background; scrollbar-size-vertical: 1; height: 1fr; }
    QueueItems > Static { height: auto; padding: 0 1 0 0; margin-bottom: 1; width: 1fr; }
    QueueItems > .-edited { margin-bottom: 0; }
    QueueItems:focus > .-current { background: $primary 12%; }
    QueueItems > ItemEditor {
        border: none; padding: 0 1; margin: 0 1 1 6; background: $panel; height: 4; scrollbar-size-vertical: 1;
    }
    QueueItems > ItemEditor:focus { border: none; }
    QueueItems > .queue--empty { color: $foreground 75%; padding: 1 2; }
    """

    @dataclass
    class Moved(Message):
        """The cursor stands on another prompt."""

        items: QueueItems
        index: int

    @dataclass
    class Paused(Message):
        """Typing rests: the text as it is should be kept."""

        items: QueueItems
        index: int
        text: str

    @dataclass
    class Edited(Message):
        """The person has come back from a prompt; an empty text leaves it as it was."""

        items: QueueItems
        index: int
        text: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[ItemRow, ...] = ()
        self._empty = ""
        self.cursor = 0
        """The index of the prompt that keys act on."""
        self._editing = -1
        self._pause: Timer | None = None

    @property
    def is_editing(self) -> bool:
        """A prompt is being edited."""
        return self._editing >= 0

    def show(self, rows: Sequence[ItemRow], cursor: int, empty: str = "") -> None:
        """Show these prompts with the cursor on one; without any the text ``empty``. Not while one is edited: then the
        others are drawn anew and the editor stays."""
        self._rows, self._empty = tuple(rows), empty
        self.cursor = max(0, min(cursor, len(rows) - 1))
        self._draw()

    def _draw(self) -> None:
        labels = [child for child in self.children if isinstance(child, Static)]
        wanted = max(1, len(self._rows))
        for label in labels[wanted:]:
            label.remove()
        labels = labels[:wanted]
        new = [Static(markup=False) for _ in range(wanted - len(labels))]
        labels += new
        if new:
            self.mount_all(new)
        width = self.scrollable_content_region.width - 1 or 60
        for index, label in enumerate(labels):
            label.set_class(index == self.cursor and bool(self._rows), "-current")
            label.set_class(not self._rows, "queue--empty")
            label.set_class(index == self._editing, "-edited")
            if not self._rows:
                label.update(Content(self._empty))
                continue
            if index == self._editing:
                label.update(Content.assemble(("▌", "$primary"), f"{index + 1:>3} ", ("✎ editing", "bold $primary")))
                continue
            dim = self.is_editing
            lines = item_lines(self._rows[index], index + 1, width, index == self.cursor and not dim, dim)
            label.update(Content("\n").join(lines))
        if not self.is_editing:
            self.call_after_refresh(self._show_cursor)

    def _show_cursor(self) -> None:
        labels = [child for child in self.children if isinstance(child, Static)]
        if self._rows and self.cursor < len(labels):
            self.scroll_to_widget(labels[self.cursor], animate=False)

    def move(self, to: int) -> None:
        """Put the cursor on a prompt, or as near as there is one."""
        to = max(0, min(to, len(self._rows) - 1))
        if to != self.cursor:
            self.cursor = to
            self._draw()
            self.post_message(self.Moved(self, to))

    def edit(self, index: int, text: str) -> None:
        """Edit a prompt where it stands; ``text`` is what to begin with."""
        if self.is_editing:
            return
        self._editing = self.cursor = index
        self._draw()
        editor = ItemEditor(text, soft_wrap=True, show_line_numbers=False, tab_behavior="indent")
        editor.cursor_blink = False
        labels = [child for child in self.children if isinstance(child, Static)]
        self.mount(editor, after=labels[index])
        editor.move_cursor(editor.document.end)
        editor.focus()
        self.call_after_refresh(self._grow)

    def go_back(self) -> None:
        """Leave the editor: what was typed has been taken over."""
        self._editing = -1
        for editor in self.query(ItemEditor):
            editor.remove()
        self._draw()
        self.focus()

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self._rested)
        self._grow()

    def _grow(self) -> None:
        for editor in self.query(ItemEditor):
            rows = max(LEAST_ROWS, min(MOST_ROWS, self.size.height - 2, editor.wrapped_document.height + 1))
            if editor.styles.height is None or editor.styles.height.value != rows:
                editor.styles.height = rows
            self.scroll_to_widget(editor, animate=False)

    def _rested(self) -> None:
        self._pause = None
        for editor in self.query(ItemEditor):
            self.post_message(self.Paused(self, self._editing, editor.text))

    @on(ItemEditor.Finished)
    def _finished(self, event: ItemEditor.Finished) -> None:
        event.stop()
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self.post_message(self.Edited(self, self._editing, event.editor.text))

    def on_resize(self) -> None:
        """Wrap anew."""
        self._draw()
        self._grow()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there."""
        labels = [child for child in self.children if isinstance(child, Static)]
        if self.is_editing or not self._rows or event.widget not in labels:
            return
        self.focus()
        self.move(labels.index(event.widget))

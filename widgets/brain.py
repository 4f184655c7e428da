"""The brain: every task at a glance, those that need the person first.

Drawn by lines from a table of rows; no widget for a row. Only rows that look different are painted again, and the
timer of the spinner runs only while something works and the brain is in view.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from agents.model import ACTIVE_STATES, Task
from widgets.brain_rows import (
    Look,
    Row,
    arrange,
    facts_spans,
    filter_spans,
    rail_rows,
    rail_spans,
    rows_of,
    summary_spans,
    title_spans,
)
from widgets.pump import frames_waiting
from widgets.task_signs import SPINNER_SECONDS
from widgets.text_strips import Spans, StyleBook, cut, printable, strip_of

HEADER_ROWS = 3
RAIL_WIDTH = 5
AGE_SECONDS = 20.0
"""How often ages are painted again while nothing moves."""


class Brain(Widget, can_focus=True):
    """The list of tasks. :meth:`show` gives it all of them; it says when one is chosen."""

    DEFAULT_CSS = """
    Brain { width: 36; height: 1fr; background: $surface; color: $foreground; }
    Brain.-rail { width: 5; }
    Brain.-only { width: 1fr; }
    Brain .brain--name { text-style: bold; }
    Brain .brain--title { color: $foreground; }
    Brain .brain--unseen { text-style: bold; }
    Brain .brain--dim { color: $foreground 68%; }
    Brain .brain--faint { color: $foreground 50%; }
    Brain .brain--group { color: $foreground 62%; text-style: bold; }
    Brain .brain--needs { color: $warning; }
    Brain .brain--failed { color: $error; }
    Brain .brain--working { color: $primary; }
    Brain .brain--ready { color: $success; }
    Brain .brain--resting { color: $foreground 68%; }
    Brain .brain--added { color: $success; }
    Brain .brain--removed { color: $error; }
    Brain .brain--waiting { color: $secondary; }
    Brain .brain--note { color: $secondary; text-style: italic; }
    Brain .brain--current { color: $primary; text-style: bold; }
    Brain .brain--unread { color: $warning; text-style: bold; }
    Brain .brain--chosen { background: $foreground 7%; }
    Brain .brain--cursor { background: $primary 22%; }
    Brain .brain--bar { color: $foreground 25%; }
    Brain .brain--badge { color: $background; background: $warning; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "brain--name", "brain--title", "brain--unseen", "brain--dim", "brain--faint", "brain--group", "brain--needs",
        "brain--failed", "brain--working", "brain--ready", "brain--resting", "brain--added", "brain--removed",
        "brain--waiting", "brain--note", "brain--current", "brain--unread", "brain--chosen", "brain--cursor",
        "brain--bar", "brain--badge",
    }  # fmt: skip

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next task", id="brain.next", tooltip="Move to the next task in the list."),
        Binding("up,k", "move(-1)", "Previous task", id="brain.previous", tooltip="Move to the task above."),
        Binding("pagedown", "move(8)", "Page down", id="brain.page-down", tooltip="Move some tasks down."),
        Binding("pageup", "move(-8)", "Page up", id="brain.page-up", tooltip="Move some tasks up."),
        Binding("home,g", "move_to(0)", "First task", id="brain.first", tooltip="Move to the first task."),
        Binding("end,G", "move_to(-1)", "Last task", id="brain.last", tooltip="Move to the last task."),
        Binding("enter", "choose", "Go to its pane", id="brain.choose", tooltip="Show this task's pane and go there."),
        Binding("slash", "filter", "Filter", id="brain.filter", tooltip="Show only tasks that contain what you type."),
        Binding("escape", "leave", "Back", id="brain.leave", tooltip="Drop the filter, else go back to the panes."),
    ]

    @dataclass
    class TaskChosen(Message):
        """The person wants to be at this task."""

        brain: Brain
        task: str

        @property
        def control(self) -> Brain:
            return self.brain

    @dataclass
    class Left(Message):
        """The person is done with the list."""

        brain: Brain

        @property
        def control(self) -> Brain:
            return self.brain

    def __init__(self, name: str = "", badge: str = "", *, id: str | None = None) -> None:
        """``name`` stands at the top, ``badge`` beside it as a warning."""
        super().__init__(id=id)
        self._heading = printable(name)
        self._badge = printable(badge)
        self._styles_of = StyleBook(self, "brain--")
        self._tasks: dict[str, Task] = {}
        self._order: list[str] = []
        self._rows: list[Row] = []
        self._cursor = ""
        self._current = ""
        self._marks: Mapping[str, str] = {}
        self._projects = False
        self._query = ""
        self._typing = False
        self._top = 0
        self._frame = 0
        self._spinner: Timer | None = None

    # --- what it is told

    def show(self, tasks: Iterable[Task], projects: bool = False) -> None:
        """Show exactly these tasks; with ``projects`` their project instead of their branch."""
        before, rows, top = self._tasks, self._rows, self._top
        self._tasks = {task.id: task for task in tasks}
        changed = {name for name, task in self._tasks.items() if before.get(name) is not task}
        everything = projects != self._projects
        self._projects = projects
        self._arrange()
        if everything or self._rows != rows or self._top != top or not self.is_mounted:
            self.refresh()
        else:
            self._refresh_rows(changed)
            self.refresh(Region(0, 0, self.size.width, HEADER_ROWS))
        self._set_spinner()

    def set_current(self, task: str, marks: Mapping[str, str] | None = None) -> None:
        """Mark the task that the composer talks to, and the digits of the panes in view."""
        if task == self._current and (marks is None or marks == self._marks):
            return
        if task != self._current and task in self._order:
            self._cursor = task
        self._current = task
        if marks is not None:
            self._marks = dict(marks)
        self._reveal()
        self.refresh()

    @property
    def cursor(self) -> str:
        """The task the list stands on; empty when it shows none."""
        return self._cursor

    @property
    def is_rail(self) -> bool:
        """Collapsed to a column of signs."""
        return self.has_class("-rail")

    @property
    def is_spinning(self) -> bool:
        """A timer moves the signs of what works."""
        return self._spinner is not None

    @property
    def query_text(self) -> str:
        """What the list is filtered by."""
        return self._query

    # --- the table

    def _arrange(self) -> None:
        groups = arrange(self._tasks.values(), self._query)
        self._rows = rail_rows(groups) if self.is_rail else rows_of(groups, self.size.width)
        order = [task.id for _, members in groups for task in members]
        if self._cursor not in order:
            place = self._order.index(self._cursor) if self._cursor in self._order else 0
            self._cursor = order[min(place, len(order) - 1)] if order else ""
        self._order = order
        self._reveal(only_clamp=True)

    @property
    def _room(self) -> int:
        """Rows for tasks."""
        return max(1, self.size.height - self._head)

    @property
    def _head(self) -> int:
        return 1 if self.is_rail else HEADER_ROWS

    def _reveal(self, only_clamp: bool = False) -> None:
        """Scroll so that the cursor's task is in view with its heading when it is the first under one."""
        limit = max(0, len(self._rows) - self._room)
        if not only_clamp:
            places = [number for number, row in enumerate(self._rows) if row.task == self._cursor]
            if places:
                first, last = places[0], places[-1]
                first -= int(first > 0 and self._rows[first - 1].kind == "group")
                self._top = min(first, max(self._top, last - self._room + 1))
        self._top = max(0, min(self._top, limit))

    def _refresh_rows(self, tasks: Iterable[str]) -> None:
        wanted = set(tasks)
        if not wanted:
            return
        width, head = self.size.width, self._head
        for number in range(self._top, min(len(self._rows), self._top + self._room)):
            if self._rows[number].task in wanted:
                self.refresh(Region(0, number - self._top + head, width, 1))

    # --- painting

    def notify_style_update(self) -> None:
        """See Widget."""
        super().notify_style_update()
        self._styles_of.clear()

    def render_line(self, y: int) -> Strip:
        """See Widget."""
        width = self.size.width
        if y < self._head:
            return strip_of(self._header(y, width), self._styles_of, width)
        number = self._top + y - self._head
        bar = self._scroll_mark(y - self._head)
        if number >= len(self._rows):
            spans = self._nothing(number) if not self._rows else ()
            return strip_of((*cut(spans, width - 1),), self._styles_of, width)
        row = self._rows[number]
        ground = self._ground(row)
        spans = tuple((text, f"{style} {ground}".strip()) for text, style in self._spans(row, width))
        if not bar:
            return strip_of(spans, self._styles_of, width, ground)
        body = strip_of(spans, self._styles_of, width - 1, ground)
        return Strip.join([body, strip_of(((bar, "bar"),), self._styles_of, 1)])

    def _spans(self, row: Row, width: int) -> Spans:
        task = self._tasks.get(row.task)
        if task is None or row.kind not in ("title", "facts"):
            return row.spans
        look = Look(width, time.time(), self._frame, self._current, self._marks, self._projects)
        if self.is_rail:
            return rail_spans(task, look)
        return title_spans(task, look) if row.kind == "title" else facts_spans(task, look)

    def _ground(self, row: Row) -> str:
        if row.task and row.task == self._cursor and self.has_focus:
            return "cursor"
        return "chosen" if row.task and row.task == self._current else ""

    def _header(self, y: int, width: int) -> Spans:
        if self.is_rail or (y == 2):
            return ()
        if y == 0:
            badge = ((" ", ""), (f" {self._badge} ", "badge")) if self._badge else ()
            room = max(4, width - 2 - (len(self._badge) + 3 if badge else 0))
            return ((" ", ""), *cut([(self._heading, "name")], room), *badge)
        if self._typing or self._query:
            return filter_spans(self._query, len(self._order), len(self._tasks), width, self._typing)
        return summary_spans(self._tasks.values(), width) if self._tasks else ()

    def _nothing(self, number: int) -> Spans:
        if self.is_rail:
            return ()
        lines = ("No task contains that.", "Esc shows all.") if self._query else ("No tasks yet.", "n starts one.")
        return ((f" {lines[number]}", "dim"),) if number < len(lines) else ()

    def _scroll_mark(self, y: int) -> str:
        """The part of the scroll bar on a row; empty where everything fits."""
        total, room = len(self._rows), self._room
        if total <= room:
            return ""
        length = max(1, room * room // total)
        start = round((room - length) * self._top / (total - room))
        return "▐" if start <= y < start + length else " "

    # --- time

    def on_mount(self) -> None:
        self.set_interval(AGE_SECONDS, self._grow_older)
        self._set_spinner()

    def on_show(self) -> None:
        self._set_spinner()

    def on_hide(self) -> None:
        self._set_spinner()

    def _set_spinner(self) -> None:
        wanted = self.is_mounted and self.display and any(task.state in ACTIVE_STATES for task in self._tasks.values())
        if wanted and self._spinner is None:
            self._spinner = self.set_interval(SPINNER_SECONDS, self._spin)
        elif not wanted and self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def _spin(self) -> None:
        if frames_waiting(self.app):
            return  # a frame now would only be in the way of the next key
        self._frame += 1
        self._refresh_rows(task.id for task in self._tasks.values() if task.state in ACTIVE_STATES)

    def _grow_older(self) -> None:
        self._refresh_rows(self._order)

    # --- keys and mouse

    def on_resize(self) -> None:
        self._arrange()
        self._reveal()
        self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self._typing = False
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        if not self._typing:
            return
        if event.key == "backspace":
            if self._query:
                self._filter_by(self._query[:-1])
            else:
                self._typing = False
                self.refresh()
        elif event.character is not None and event.is_printable:
            self._filter_by(self._query + event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        if self._typing:
            self._filter_by(self._query + " ".join(event.text.split()))
            event.stop()

    def _filter_by(self, query: str) -> None:
        self._query = query
        self._top = 0
        self._arrange()
        self._reveal()
        self.refresh()

    def action_filter(self) -> None:
        """Type a filter."""
        self.remove_class("-rail")
        self._typing = True
        self._arrange()
        self.refresh()

    def action_leave(self) -> None:
        """Drop the filter; without one, leave."""
        if self._typing or self._query:
            self._typing = False
            self._filter_by("")
        else:
            self.post_message(self.Left(self))

    def action_choose(self) -> None:
        """Go to the task under the cursor; the filter has done its work."""
        if self._cursor:
            chosen = self._cursor
            self._typing = False
            if self._query:
                self._filter_by("")
                self._cursor = chosen
                self._reveal()
            self.post_message(self.TaskChosen(self, chosen))

    def action_move(self, step: int) -> None:
        """Move the cursor by tasks; by one it wraps around."""
        if not self._order:
            return
        place = self._order.index(self._cursor) + step
        count = len(self._order)
        self.action_move_to(place % count if abs(step) == 1 else max(0, min(place, count - 1)))

    def action_move_to(self, place: int) -> None:
        """Move the cursor to a place in the list."""
        if self._order:
            self._cursor = self._order[place]
            self._reveal()
            if self._cursor == self._order[0]:
                self._top = 0
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        number = self._top + event.y - self._head
        if event.y >= self._head and number < len(self._rows) and self._rows[number].task:
            event.stop()
            self._cursor = self._rows[number].task
            self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(event, 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(event, -3)

    def _scroll(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        self._top = max(0, min(self._top + step, len(self._rows) - self._room))
        self.refresh()

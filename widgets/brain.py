"""The brain: every task at a glance, those that need the person first.

Drawn by lines from a table of rows; no widget for a row. Only rows that look different are painted again, and the
timer of the spinner runs only while something works and the brain is in view.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from agents.model import ACTIVE_STATES, Task
from widgets.brain_answer import AnswerDesk, Answering
from widgets.brain_groups import GROUPINGS, Grouping, arrange
from widgets.brain_look import BRAIN_CSS, BRAIN_KEYS, BRAIN_STYLES
from widgets.brain_rows import (
    Look,
    Row,
    facts_spans,
    filter_spans,
    option_spans,
    rail_rows,
    rail_spans,
    rows_of,
    summary_spans,
    title_spans,
)
from widgets.pump import frames_waiting
from widgets.task_signs import SPINNER_SECONDS
from widgets.text_strips import Spans, StyleBook, cut, printable, spans_cells, strip_of

HEADER_ROWS = 3
RAIL_WIDTH = 5
AGE_SECONDS = 20.0
"""How often ages are painted again while nothing moves."""
NARROWEST = 20
WIDEST_SHARE = 0.6
"""Of the screen."""


_WORDINGS: Mapping[str, Callable[[Task, Look], Spans]] = {
    "title": title_spans, "facts": facts_spans, "option": title_spans, "answer": title_spans
}  # fmt: skip


class Brain(Widget, can_focus=True):
    """The list of tasks. :meth:`show` gives it all of them; it says when one is chosen."""

    DEFAULT_CSS = BRAIN_CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = BRAIN_STYLES
    BINDINGS: ClassVar[list[BindingType]] = BRAIN_KEYS

    @dataclass
    class _BrainMessage(Message):
        brain: Brain

        @property
        def control(self) -> Brain:
            """The brain it is about."""
            return self.brain

    @dataclass
    class TaskChosen(_BrainMessage):
        """The person wants to be at this task."""

        task: str

    @dataclass
    class Answered(_BrainMessage):
        """The person answers what a task's agent asks."""

        task: str
        question: str
        """Its id."""
        option: str
        """Empty when the answer is in the person's own words."""
        text: str

    @dataclass
    class FilesWanted(_BrainMessage):
        """The person begins to search: say which files tasks have changed, by :meth:`Brain.know_files`."""

    @dataclass
    class SelectionChanged(_BrainMessage):
        """Other tasks are selected than before."""

    @dataclass
    class Regrouped(_BrainMessage):
        """The person wants other headings."""

        grouping: Grouping

    @dataclass
    class WidthChosen(_BrainMessage):
        """The person has dragged its edge."""

        width: int

    @dataclass
    class Left(_BrainMessage):
        """The person is done with the list."""

    def __init__(self, name: str = "", badge: str = "", *, id: str | None = None) -> None:
        """``name`` stands at the top, ``badge`` beside it as a warning."""
        super().__init__(id=id)
        self._heading = printable(name)
        self._badge = printable(badge)
        self._totals: Spans = ()
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
        self._files: Mapping[str, str] = {}
        self._grouping: Grouping = "attention"
        self._selected: set[str] = set()
        self._answers = AnswerDesk(self)
        self._top = 0
        self._frame = 0
        self._spinner: Timer | None = None
        self._strips: dict[int, Strip] = {}
        """Rows as they were painted last; a frame of any widget asks for all of them."""
        self._dragged = False

    # --- what it is told

    def show(self, tasks: Iterable[Task], projects: bool = False) -> None:
        """Show exactly these tasks; with ``projects`` their project instead of their branch."""
        before, rows, top = self._tasks, self._rows, self._top
        self._tasks = {task.id: task for task in tasks}
        changed = {name for name, task in self._tasks.items() if before.get(name) is not task}
        everything = projects != self._projects
        self._projects = projects
        self._selected &= self._tasks.keys()
        self._answers.follow(self._tasks)
        self._arrange()
        if everything or self._rows != rows or self._top != top or not self.is_mounted:
            self.refresh()
        else:
            self._refresh_rows(changed)
            self.refresh(Region(0, 0, self.size.width, HEADER_ROWS))
        self._set_spinner()

    def set_totals(self, text: str, is_spent: bool = False) -> None:
        """Show at the top what today cost; ``is_spent``: nothing starts any more for that reason."""
        totals = ((f"{printable(text)} {'! ' if is_spent else ''}", "needs" if is_spent else "dim"),) if text else ()
        if totals != self._totals:
            self._totals = totals
            self.refresh(Region(0, 0, self.size.width, 1))

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

    def know_files(self, files: Mapping[str, str]) -> None:
        """Task id to the names of the files it changed, one a line: a search looks there too."""
        self._files = files
        if self._query:
            self._filter_by(self._query)

    def group_by(self, grouping: Grouping) -> None:
        """Put tasks under these headings from now on."""
        self._grouping = grouping
        self.rearrange()

    def answer(self, task: str) -> bool:
        """Let the person answer what this task's agent asks; False when it asks nothing."""
        known = self._tasks.get(task)
        if known is None or known.question is None:
            return False
        self._typing = False
        self._cursor = task
        return self._answers.begin(known)

    def give(self, answering: Answering) -> None:
        """This is the person's answer."""
        text = answering.text.strip() if answering.is_own_words else ""
        self.post_message(self.Answered(self, answering.task, answering.question.id, answering.option, text))

    def rearrange(self) -> None:
        """Other rows are shown now."""
        self._arrange()
        self._reveal()
        self.refresh()

    @property
    def selected(self) -> list[str]:
        """The tasks that acts are about, in the order of the list; empty when none is selected."""
        return [task for task in self._order if task in self._selected] + sorted(self._selected - set(self._order))

    def clear_selection(self) -> None:
        """Select none."""
        if self._selected:
            self._selected.clear()
            self.refresh()
            self.post_message(self.SelectionChanged(self))

    @property
    def is_answering(self) -> bool:
        """An answer is being given."""
        return self._answers.answering is not None

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
        now = time.time()
        groups = arrange(self._tasks.values(), self._query, self._grouping, now, self._files)
        answering = self._answers.answering.task if self._answers.answering else ""
        self._rows = rail_rows(groups) if self.is_rail else rows_of(groups, self.size.width, answering, now)
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
        self._strips.clear()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """See Widget."""
        if regions:
            for y in {y for region in regions for y in region.line_range}:
                self._strips.pop(y, None)
        else:
            self._strips.clear()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """See Widget."""
        lines = []
        for y in crop.line_range:
            strip = self._strips.get(y)
            if strip is None or strip.cell_length != self.size.width:
                strip = self._strips[y] = self.render_line(y)
            lines.append(strip if crop.width == self.size.width else strip.crop(crop.x, crop.right))
        return lines

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
        if task is None or row.kind not in _WORDINGS:
            return row.spans
        look = Look(
            width, time.time(), self._frame, self._current, self._marks, self._projects, self._selected,
            self.app.animation_level != "none", self._answers.answering,
        )  # fmt: skip
        if self.is_rail:
            return rail_spans(task, look)
        if row.kind in ("option", "answer"):
            return option_spans(task, row, look)
        return _WORDINGS[row.kind](task, look)

    def _ground(self, row: Row) -> str:
        if row.task and row.task == self._cursor and self.has_focus:
            return "cursor"
        return "chosen" if row.task and row.task == self._current else ""

    def _header(self, y: int, width: int) -> Spans:
        if self.is_rail or (y == 2):
            return ()
        if y == 0:
            badge = ((" ", ""), (f" {self._badge} ", "badge")) if self._badge else ()
            totals = self._totals if width >= spans_cells(self._totals) + spans_cells(badge) + 12 else ()
            room = max(4, width - 2 - spans_cells(badge) - spans_cells(totals))
            left = ((" ", ""), *cut([(self._heading, "name")], room), *badge)
            gap = " " * max(0, width - spans_cells(left) - spans_cells(totals)) if totals else ""
            return (*left, (gap, ""), *totals)
        if self._typing or self._query:
            return filter_spans(self._query, len(self._order), len(self._tasks), width, self._typing)
        return summary_spans(self._tasks.values(), width, len(self._selected)) if self._tasks else ()

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
        moves = self.is_mounted and self.display and self.app.animation_level != "none"
        wanted = moves and any(task.state in ACTIVE_STATES for task in self._tasks.values())
        if wanted and self._spinner is None:
            self._spinner = self.set_interval(SPINNER_SECONDS, self._spin)
        elif not wanted and self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def _spin(self) -> None:
        if frames_waiting(self.app):
            return  # a frame now would only be in the way of the next key
        self._frame += 1
        for number in range(self._top, min(len(self._rows), self._top + self._room)):
            row = self._rows[number]
            if row.kind == "title" and self._tasks[row.task].state in ACTIVE_STATES:
                self.refresh(Region(0, number - self._top + self._head, 2, 1))  # the sign alone moves

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
        self._answers.stop()
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        character = event.character if event.is_printable else None
        taken = self._answers.take_key(event.key, character)
        if taken:
            self.refresh()
        elif self._typing and not self.is_answering:
            taken = self._search_by(event)
        if taken:
            event.stop()
            event.prevent_default()

    def _search_by(self, event: events.Key) -> bool:
        """A key while the filter is typed; False when it is not one for it."""
        if event.key == "backspace":
            if self._query:
                self._filter_by(self._query[:-1])
            else:
                self._typing = False
                self.refresh()
        elif event.character is not None and event.is_printable:
            self._filter_by(self._query + event.character)
        else:
            return False
        return True

    def on_paste(self, event: events.Paste) -> None:
        pasted = " ".join(event.text.split())
        if self._answers.paste(pasted):
            self.refresh()
        elif self._typing:
            self._filter_by(self._query + pasted)
        else:
            return
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
        self.post_message(self.FilesWanted(self))
        self._arrange()
        self.refresh()

    def action_leave(self) -> None:
        """Drop the answer, the filter or the selection; without any, leave."""
        if self.is_answering:
            self._answers.stop()
        elif self._typing or self._query:
            self._typing = False
            self._filter_by("")
        elif self._selected:
            self.clear_selection()
        else:
            self.post_message(self.Left(self))

    def action_choose(self) -> None:
        """Go to the task under the cursor, the filter has done its work; or give the answer that is chosen."""
        if self.is_answering:
            self._answers.give()
        elif self._cursor:
            chosen = self._cursor
            self._typing = False
            if self._query:
                self._filter_by("")
                self._cursor = chosen
                self._reveal()
            self.post_message(self.TaskChosen(self, chosen))

    def action_select(self) -> None:
        """Select the task under the cursor, or do not any more, and go on to the next."""
        if self._cursor:
            self._selected ^= {self._cursor}
            place = self._order.index(self._cursor)
            self.action_move_to(min(place + 1, len(self._order) - 1))
            self.post_message(self.SelectionChanged(self))

    def action_select_all(self) -> None:
        """Select all tasks that are shown; none when all are."""
        shown = set(self._order)
        self._selected = set() if shown <= self._selected else self._selected | shown
        self.refresh()
        self.post_message(self.SelectionChanged(self))

    def action_regroup(self) -> None:
        """The next kind of headings."""
        grouping = GROUPINGS[(GROUPINGS.index(self._grouping) + 1) % len(GROUPINGS)]
        self.group_by(grouping)
        self.post_message(self.Regrouped(self, grouping))

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
        if event.y < self._head or number >= len(self._rows) or not self._rows[number].task:
            return
        event.stop()
        row = self._rows[number]
        self._cursor = row.task
        if event.ctrl or event.meta:
            self.action_select()
        elif row.kind in ("option", "answer") and not self.is_rail:
            self.focus()
            self._answers.click(self._tasks[row.task], row.option)
            self.refresh()
        else:
            self._answers.stop()
            self.action_choose()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.x == self.size.width - 1 and not self.is_rail and not self.has_class("-only"):
            self._dragged = True
            self.capture_mouse()
            event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged:
            self.styles.width = self.fitting_width(int(event.screen_x) + 1)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragged:
            self._dragged = False
            self.release_mouse()
            event.stop()
            self.post_message(self.WidthChosen(self, self.size.width))

    def fitting_width(self, columns: int) -> int:
        """The nearest width it can have on this screen."""
        return max(NARROWEST, min(columns, int(self.app.size.width * WIDEST_SHARE)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(event, 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(event, -3)

    def _scroll(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        self._top = max(0, min(self._top + step, len(self._rows) - self._room))
        self.refresh()

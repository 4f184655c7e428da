"""The brain: every task at a glance, those that need the person first.

Drawn by lines from a table of rows; no widget for a row. Only rows that look different are painted again, and the
timer of the spinner runs only while something works and the brain is in view.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
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
from widgets.brain_groups import Grouping
from widgets.brain_look import BRAIN_CSS, BRAIN_KEYS, BRAIN_STYLES
from widgets.brain_rows import Look, Row, filter_spans, heading_spans, nothing_spans, row_spans, summary_spans
from widgets.pump import frames_waiting
from widgets.task_list import TaskList
from widgets.task_signs import SPINNER_SECONDS
from widgets.text_strips import Spans, StyleBook, cut, printable, strip_of

HEADER_ROWS = 3
AGE_SECONDS = 20.0
"""How often ages are painted again while nothing moves."""
NARROWEST = 20
WIDEST_SHARE = 0.6
"""Of the screen."""


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
        self._list = TaskList()
        self._current = ""
        self._marks: Mapping[str, str] = {}
        self._projects = False
        self._typing = False
        self._answers = AnswerDesk(self)
        self._frame = 0
        self._spinner: Timer | None = None
        self._strips: dict[int, Strip] = {}
        """Rows as they were painted last; a frame of any widget asks for all of them."""
        self._dragged = False

    # --- what it is told

    def show(self, tasks: Iterable[Task], projects: bool = False) -> None:
        """Show exactly these tasks; with ``projects`` their project instead of their branch."""
        rows, top = self._list.rows, self._list.top
        changed = self._list.take(tasks)
        everything = projects != self._projects
        self._projects = projects
        self._answers.follow(self._list.tasks)
        self._arrange()
        if everything or self._list.rows != rows or self._list.top != top or not self.is_mounted:
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
        if task != self._current and task in self._list.order:
            self._list.cursor = task
        self._current = task
        if marks is not None:
            self._marks = dict(marks)
        self._list.reveal()
        self.refresh()

    def know_files(self, files: Mapping[str, str]) -> None:
        """Task id to the names of the files it changed, one a line: a search looks there too."""
        self._list.files = files
        if self._list.query:
            self._filter_by(self._list.query)

    def group_by(self, grouping: Grouping) -> None:
        """Put tasks under these headings from now on."""
        self._list.grouping = grouping
        self.rearrange()

    def answer(self, task: str) -> bool:
        """Let the person answer what this task's agent asks; False when it asks nothing."""
        known = self._list.tasks.get(task)
        if known is None or known.question is None:
            return False
        self._typing = False
        self._list.cursor = task
        return self._answers.begin(known)

    def give(self, answering: Answering) -> None:
        """This is the person's answer."""
        text = answering.text.strip() if answering.is_own_words else ""
        self.post_message(self.Answered(self, answering.task, answering.question.id, answering.option, text))

    def rearrange(self) -> None:
        """Other rows are shown now."""
        self._arrange()
        self._list.reveal()
        self.refresh()

    @property
    def selected(self) -> list[str]:
        """The tasks that acts are about, in the order of the list; empty when none is selected."""
        return self._list.selected

    def clear_selection(self) -> None:
        """Select none."""
        if self._list.clear_selection():
            self.refresh()
            self.post_message(self.SelectionChanged(self))

    @property
    def is_answering(self) -> bool:
        """An answer is being given."""
        return self._answers.answering is not None

    @property
    def cursor(self) -> str:
        """The task the list stands on; empty when it shows none."""
        return self._list.cursor

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
        return self._list.query

    def _arrange(self) -> None:
        answering = self._answers.answering.task if self._answers.answering else ""
        room = max(1, self.size.height - self._head)
        self._list.arrange(self.size.width, room, answering, time.time(), is_rail=self.is_rail)

    @property
    def _head(self) -> int:
        """Lines above the list."""
        return 1 if self.is_rail else HEADER_ROWS

    def _refresh_rows(self, tasks: Collection[str]) -> None:
        for line, row in self._list.rows_in_view() if tasks else ():
            if row.task in tasks:
                self.refresh(Region(0, line + self._head, self.size.width, 1))

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
        width = self.size.width
        for y in crop.line_range:
            strip = self._strips.get(y)
            if strip is None or strip.cell_length != width:
                strip = self._strips[y] = self.render_line(y)
            lines.append(strip if crop.width == width else strip.crop(crop.x, crop.right))
        return lines

    def render_line(self, y: int) -> Strip:
        """See Widget."""
        width = self.size.width
        if y < self._head:
            return strip_of(self._header(y, width), self._styles_of, width)
        line = y - self._head
        row, bar = self._list.row_at(line), self._list.bar_at(line)
        if row is None:
            spans = () if self._list.rows or self.is_rail else nothing_spans(line, is_filtered=bool(self._list.query))
            return strip_of(cut(spans, width - 1), self._styles_of, width)
        ground = self._ground(row)
        spans = tuple((text, f"{style} {ground}".strip()) for text, style in self._spans(row, width))
        if not bar:
            return strip_of(spans, self._styles_of, width, ground)
        body = strip_of(spans, self._styles_of, width - 1, ground)
        return Strip.join([body, strip_of(((bar, "bar"),), self._styles_of, 1)])

    def _spans(self, row: Row, width: int) -> Spans:
        task = self._list.tasks.get(row.task)
        if task is None:
            return row.spans
        look = Look(
            width, time.time(), self._frame, self._current, self._marks, self._projects, self._list.selected,
            self.app.animation_level != "none", self._answers.answering,
        )  # fmt: skip
        return row_spans(task, row, look, is_rail=self.is_rail)

    def _ground(self, row: Row) -> str:
        if row.task and row.task == self._list.cursor and self.has_focus:
            return "cursor"
        return "chosen" if row.task and row.task == self._current else ""

    def _header(self, y: int, width: int) -> Spans:
        if self.is_rail or (y == 2):
            return ()
        if y == 0:
            return heading_spans(self._heading, self._badge, self._totals, width)
        shown = self._list
        if self._typing or shown.query:
            return filter_spans(shown.query, len(shown.order), len(shown.tasks), width, self._typing)
        return summary_spans(shown.tasks.values(), width, len(shown.selected)) if shown.tasks else ()

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
        wanted = moves and any(task.state in ACTIVE_STATES for task in self._list.tasks.values())
        if wanted and self._spinner is None:
            self._spinner = self.set_interval(SPINNER_SECONDS, self._spin)
        elif not wanted and self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    def _spin(self) -> None:
        if frames_waiting(self.app) or not self.screen.is_active:
            return  # a frame now would be in the way of the next key, or behind a dialog, which makes it a large one
        self._frame += 1
        for line, row in self._list.rows_in_view():
            if row.kind == "title" and self._list.tasks[row.task].state in ACTIVE_STATES:
                self.refresh(Region(0, line + self._head, 2, 1))  # the sign alone moves

    def _grow_older(self) -> None:
        self._refresh_rows(self._list.order)

    # --- keys and mouse

    def on_resize(self) -> None:
        self.rearrange()

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
            if self._list.query:
                self._filter_by(self._list.query[:-1])
            else:
                self._typing = False
                self.refresh()
        elif event.character is not None and event.is_printable:
            self._filter_by(self._list.query + event.character)
        else:
            return False
        return True

    def on_paste(self, event: events.Paste) -> None:
        pasted = " ".join(event.text.split())
        if self._answers.paste(pasted):
            self.refresh()
        elif self._typing:
            self._filter_by(self._list.query + pasted)
        else:
            return
        event.stop()

    def _filter_by(self, query: str) -> None:
        self._list.query = query
        self._list.top = 0
        self.rearrange()

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
        elif self._typing or self._list.query:
            self._typing = False
            self._filter_by("")
        elif self._list.selected:
            self.clear_selection()
        else:
            self.post_message(self.Left(self))

    def action_choose(self) -> None:
        """Go to the task under the cursor, the filter has done its work; or give the answer that is chosen."""
        if self.is_answering:
            self._answers.give()
        elif chosen := self.cursor:
            self._typing = False
            if self._list.query:
                self._filter_by("")
                self._list.cursor = chosen
                self._list.reveal()
            self.post_message(self.TaskChosen(self, chosen))

    def action_select(self) -> None:
        """Select the task under the cursor, or do not any more, and go on to the next."""
        if self.cursor:
            self._list.select()
            self.refresh()
            self.post_message(self.SelectionChanged(self))

    def action_select_all(self) -> None:
        """Select all tasks that are shown; none when all are."""
        self._list.select_all()
        self.refresh()
        self.post_message(self.SelectionChanged(self))

    def action_regroup(self) -> None:
        """The next kind of headings."""
        grouping = self._list.regroup()
        self.rearrange()
        self.post_message(self.Regrouped(self, grouping))

    def action_move(self, step: int) -> None:
        """Move the cursor by tasks; by one it wraps around."""
        self._list.move(step)
        self.refresh()

    def action_move_to(self, place: int) -> None:
        """Move the cursor to a place in the list."""
        self._list.move_to(place)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        row = self._list.row_at(event.y - self._head)
        if row is None or not row.task:
            return
        event.stop()
        self._list.cursor = row.task
        if event.ctrl or event.meta:
            self.action_select()
        elif row.kind in ("option", "answer") and not self.is_rail:
            self.focus()
            self._answers.click(self._list.tasks[row.task], row.option)
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
            width = self.fitting_width(int(event.screen_x) + 1)  # what was set while it was dragged is not laid out yet
            self.post_message(self.WidthChosen(self, width))

    def fitting_width(self, columns: int) -> int:
        """The nearest width it can have on this screen."""
        return max(NARROWEST, min(columns, int(self.app.size.width * WIDEST_SHARE)))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(event, 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(event, -3)

    def _scroll(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        self._list.scroll(step)
        self.refresh()

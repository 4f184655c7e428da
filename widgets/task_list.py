"""The list in the brain without its looks: rows of tasks, where the person stands, what is selected, how far it is
scrolled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agents.model import Task
from widgets.brain_groups import GROUPINGS, Grouping, arrange
from widgets.brain_rows import Row, rail_rows, rows_of


class TaskList:
    """Tasks under headings. Lines are counted from the first that is in view."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.rows: list[Row] = []
        self.order: list[str] = []
        """The tasks that are shown, from the top."""
        self.cursor = ""
        """The task the person stands on; empty when none is shown."""
        self.top = 0
        """The row that is in view first."""
        self.query = ""
        """What tasks must contain to be shown."""
        self.files: Mapping[str, str] = {}
        """Task id to the names of the files it changed: a query is looked for there too."""
        self.grouping: Grouping = "attention"
        self._selected: set[str] = set()
        self._room = 1

    def take(self, tasks: Iterable[Task]) -> set[str]:
        """These are the tasks now; those that differ from before. :meth:`arrange` makes rows of them."""
        before = self.tasks
        self.tasks = {task.id: task for task in tasks}
        self._selected &= self.tasks.keys()
        return {name for name, task in self.tasks.items() if before.get(name) is not task}

    def arrange(self, width: int, room: int, answering: str, now: float, *, is_rail: bool) -> None:
        """Make rows for ``room`` lines of ``width`` columns; ``answering`` is the task whose question is answered."""
        groups = arrange(self.tasks.values(), self.query, self.grouping, now, self.files)
        self.rows = rail_rows(groups) if is_rail else rows_of(groups, width, answering, now)
        self._room = room
        order = [task.id for _, members in groups for task in members]
        if self.cursor not in order:
            place = self.order.index(self.cursor) if self.cursor in self.order else 0
            self.cursor = order[min(place, len(order) - 1)] if order else ""
        self.order = order
        self.scroll(0)

    # what is in view

    def row_at(self, line: int) -> Row | None:
        """The row on a line; None where there is none."""
        number = self.top + line
        return self.rows[number] if line >= 0 and number < len(self.rows) else None

    def rows_in_view(self) -> Iterator[tuple[int, Row]]:
        """Lines and their rows."""
        return enumerate(self.rows[self.top : self.top + self._room])

    def bar_at(self, line: int) -> str:
        """The part of the scroll bar on a line; empty where everything fits."""
        total, room = len(self.rows), self._room
        if total <= room:
            return ""
        length = max(1, room * room // total)
        start = round((room - length) * self.top / (total - room))
        return "▐" if start <= line < start + length else " "

    def scroll(self, step: int) -> None:
        """Scroll by rows, as far as there are any."""
        self.top = max(0, min(self.top + step, len(self.rows) - self._room))

    def reveal(self) -> None:
        """Scroll so that the cursor's task is in view with its heading when it is the first under one."""
        places = [number for number, row in enumerate(self.rows) if row.task == self.cursor]
        if places:
            first, last = places[0], places[-1]
            first -= int(first > 0 and self.rows[first - 1].kind == "group")
            self.top = min(first, max(self.top, last - self._room + 1))
        self.scroll(0)

    # moving and selecting

    def move(self, step: int) -> None:
        """Move the cursor by tasks; by one it wraps around."""
        if self.order:
            place, count = self.order.index(self.cursor) + step, len(self.order)
            self.move_to(place % count if abs(step) == 1 else max(0, min(place, count - 1)))

    def move_to(self, place: int) -> None:
        """Move the cursor to a place in the list."""
        if self.order:
            self.cursor = self.order[place]
            self.reveal()
            if self.cursor == self.order[0]:
                self.top = 0

    @property
    def selected(self) -> list[str]:
        """The tasks that are selected, in the order of the list, those that are not shown last."""
        if not self._selected:
            return []
        return [task for task in self.order if task in self._selected] + sorted(self._selected - set(self.order))

    def select(self) -> None:
        """Select the task under the cursor, or do not any more, and go on to the next."""
        self._selected ^= {self.cursor}
        self.move_to(min(self.order.index(self.cursor) + 1, len(self.order) - 1))

    def select_all(self) -> None:
        """Select all tasks that are shown; none when all are."""
        shown = set(self.order)
        self._selected = set() if shown <= self._selected else self._selected | shown

    def clear_selection(self) -> bool:
        """Select none; False when none was."""
        had = bool(self._selected)
        self._selected.clear()
        return had

    def regroup(self) -> Grouping:
        """The next kind of headings."""
        self.grouping = GROUPINGS[(GROUPINGS.index(self.grouping) + 1) % len(GROUPINGS)]
        return self.grouping

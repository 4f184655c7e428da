"""Many panes at once, arranged as :mod:`widgets.pane_layout` says; what does not fit is on further pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from textual import on
from textual.content import Content
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from agents.events import AnyEvent, EntryChanged, EntryGrew, TerminalOpened, TerminalWrote, TranscriptOpened
from agents.model import Task
from widgets.agent_pane import AgentPane
from widgets.pane_layout import MINIMUM_COLUMNS, MINIMUM_ROWS, LayoutName, Placed, Room, lay_out, nearest, page_size
from widgets.pump import Pump
from widgets.still import Still
from widgets.terminal.pane import Keys, TerminalPane

HIDDEN_PANES_KEPT = 64
"""Panes out of view that keep their transcript and place; beyond it the one not seen longest shows another task."""


CLAIMS_KEPT = 100


class _PaneLayout(Layout):
    """Places the panes in view; the others are not displayed."""

    name = "panes"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        assert isinstance(parent, PaneGrid)
        parent.pre_layout(self)
        placed = ((parent.pane(place.task), place.region) for place in parent.place_panes(size))
        return [
            WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, pane)
            for pane, region in placed
            if pane is not None and pane in children
        ]


class PaneGrid(Still, Widget):
    """The panes of a list of tasks."""

    DEFAULT_CSS = """
    PaneGrid { width: 1fr; height: 1fr; content-align: center middle; color: $foreground 60%; }
    """

    @dataclass
    class PageChanged(Message):
        """Other tasks are in view than before: watch these."""

        grid: PaneGrid
        visible: tuple[str, ...]

        @property
        def control(self) -> PaneGrid:
            """The grid it is about."""
            return self.grid

    def __init__(
        self,
        pump: Pump,
        *,
        minimum: tuple[int, int] = (MINIMUM_COLUMNS, MINIMUM_ROWS),
        empty: str = "No tasks yet.",
        clock: Callable[[], float] = time.time,
        id: str | None = None,
    ) -> None:
        """A grid whose panes ``pump`` flushes.

        Args:
            pump: Of the application.
            minimum: Columns and rows of the smallest pane of a page.
            empty: What is said when there are no tasks.
            clock: Seconds since the epoch.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._pump = pump
        self._minimum = minimum
        self._empty = empty
        self._clock = clock
        self._placing = _PaneLayout()
        self._tasks: dict[str, Task] = {}
        self._panes: dict[str, AgentPane] = {}
        """By task; those seen last at the end."""
        self._visible: tuple[str, ...] = ()
        self._told: tuple[tuple[str, ...], int, int] = ((), 1, 1)
        self._place = ""
        """The page shown is the one with this task."""
        self.keys = Keys()
        """Whether keys go to the agents of terminals."""
        self._shown_page = 1
        self._placed: list[Placed] = []
        self._large: list[str] = []
        """Tasks that were focused, the last one first: when not all can be panes, these are."""
        self.zoomed = False
        """One pane has all the room; pages are then single tasks."""
        self.arrangement: LayoutName = "grid"
        """How the panes of a page stand; set it with :meth:`set_arrangement`."""
        self.pinned: tuple[str, ...] = ()
        """Tasks that stand first on every page; set them with :meth:`pin`."""

    @property
    def layout(self) -> Layout:
        """The arrangement of the panes in view."""
        return self._placing

    def render(self) -> Content:
        """What is said when there is nothing to show."""
        return Content("" if self._tasks else self._empty)

    # --- what it shows ------------------------------------------------------------------------------------------------

    @property
    def panes_in_view(self) -> list[AgentPane]:
        """The panes of this page in order."""
        return [self._panes[task] for task in self._visible]

    @property
    def tasks_in_view(self) -> tuple[str, ...]:
        """The tasks of this page in order."""
        return self._visible

    def place_panes(self, size: Size) -> list[Placed]:
        """Where the tasks of this page stand; for the layout."""
        self._placed = self._lay_out(size)
        return self._placed

    def _lay_out(self, size: Size) -> list[Placed]:
        room = Room(size.width, size.height, self._minimum)
        if self.zoomed:
            return [Placed(task, Region(0, 0, room.width, room.height)) for task in self._visible]
        return lay_out(self.arrangement, self._visible, self._claims, room)

    @property
    def _claims(self) -> list[str]:
        """Who is to be a large pane first."""
        if self.arrangement == "focus":
            return [self._place, *self._large]
        return [*self._pins, *self._large]

    @property
    def _pins(self) -> list[str]:
        return [] if self.zoomed else [task for task in self.pinned if task in self._tasks]

    @property
    def known(self) -> dict[str, int]:
        """Up to where the transcripts in view are known, by task; those of which nothing is known are left out."""
        return {task: self._panes[task].sequence for task in self._visible if self._panes[task].sequence}

    @property
    def page(self) -> int:
        """The page shown, from 1."""
        tasks = self._turning
        return 1 + tasks.index(self._place) // self._page_size if self._place in tasks else self._shown_page

    @property
    def pages(self) -> int:
        """How many there are, at least 1."""
        return max(1, -(-len(self._turning) // self._page_size))

    @property
    def _turning(self) -> list[str]:
        """The tasks that are not on every page."""
        pins = set(self._pins)
        return [task for task in self._tasks if task not in pins]

    @property
    def focused_task(self) -> str:
        """The task of the pane that has the focus, else of the one that had it last or begins the page; '' if none."""
        for task in self._visible:
            if self._panes[task].has_focus:
                return task
        return self._place if self._place in self._visible else next(iter(self._visible), "")

    @property
    def _page_size(self) -> int:
        """How many tasks a page has beside those on every page."""
        if self.zoomed:
            return 1
        size = page_size(self.arrangement, Room(self.size.width, self.size.height, self._minimum))
        return max(1, size - len(self._pins))

    def pane(self, task: str) -> AgentPane | None:
        """The pane of a task, if it has one by now."""
        return self._panes.get(task)

    # --- what it is told ----------------------------------------------------------------------------------------------

    def show_tasks(self, tasks: Sequence[Task]) -> None:
        """Show these tasks in this order. The page stays with the task that is in view."""
        before = list(self._tasks)
        self._tasks = {task.id: task for task in tasks}
        if self._place not in self._tasks:
            place = before.index(self._place) if self._place in before else 0
            near = [*before[place:], *reversed(before[:place])]
            self._place = next((task for task in near if task in self._tasks), next(iter(self._tasks), ""))
        for task in tasks:
            if pane := self._panes.get(task.id):
                pane.show_task(task)
        self._turn_page()

    def update_task(self, task: Task) -> None:
        """A task is now like this. One that is not shown is left out."""
        if task.id in self._tasks:
            self._tasks[task.id] = task
            if pane := self._panes.get(task.id):
                pane.show_task(task)

    def feed(self, event: AnyEvent) -> None:
        """Hand a transcript event to the pane of its task; others are left out."""
        match event:
            case (
                TranscriptOpened(task=task)
                | EntryGrew(task=task)
                | TerminalOpened(task=task)
                | TerminalWrote(task=task)
            ):
                pane = self._panes.get(task)
            case EntryChanged(entry=entry):
                pane = self._panes.get(entry.task)
            case _:
                pane = None
        if pane:
            pane.feed(event)

    def focus_task(self, task: str) -> None:
        """Turn to the page of a task and put the focus on its pane."""
        if task in self._tasks:
            self._claim(task)
            self._panes[task].focus()

    def turn(self, count: int) -> None:
        """Turn pages, around the ends; the first pane of the page gets the focus if a pane had it."""
        tasks, size = self._turning, self._page_size
        if not tasks or self.pages == 1:
            return
        had_focus = self._holds_focus
        self._place = tasks[(self.page - 1 + count) % self.pages * size]
        self._turn_page()
        if had_focus:
            self._panes[self._place].focus()

    def set_arrangement(self, name: LayoutName) -> None:
        """Let the panes stand like this from now on."""
        if name != self.arrangement:
            task = self.focused_task
            self.arrangement, self._place = name, task
            self._turn_page()

    def pin(self, tasks: Iterable[str]) -> None:
        """Let exactly these tasks stand first on every page, in this order."""
        if (pinned := tuple(tasks)) != self.pinned:
            self.pinned = pinned
            self._turn_page()

    def beside(self, columns: int, rows: int) -> str:
        """The task whose pane is nearest in a direction (one of the two is 1 or -1); empty if there is none."""
        return nearest(self._placed, self.focused_task, columns, rows)

    def zoom(self, zoomed: bool | None = None) -> None:
        """Show the focused pane alone, or all again; without an argument the other of the two."""
        had_focus, task = self._holds_focus, self.focused_task
        self.zoomed = not self.zoomed if zoomed is None else zoomed
        self._place = task
        self._turn_page()
        if had_focus and task:
            self._panes[task].focus()

    @property
    def _holds_focus(self) -> bool:
        return any(self._panes[task].has_focus for task in self._visible)

    # --- pages and panes ----------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """More or fewer panes may fit now."""
        self._turn_page()

    def _turn_page(self) -> None:
        if not self.size:
            return
        tasks, size, pins = self._turning, self._page_size, self._pins
        if self._place in tasks:
            self._shown_page = self.page
        start = (min(self._shown_page, self.pages) - 1) * size
        on_page = set(tasks[start : start + size])
        visible = (*pins, *(task for task in tasks if task in on_page))
        if visible != self._visible:
            self._visible = visible
            for task in visible:
                known = self._panes.pop(task) if task in self._panes else None
                self._panes[task] = known or self._pane_for(self._tasks[task])
            for task, pane in self._panes.items():
                pane.display = task in visible
        if self._lay_out(self.size) != self._placed:
            # of a child: that makes its parents forget how they were arranged; of the widget itself it would not
            (self._panes[visible[0]] if visible else self).refresh(layout=True)
        told = (visible, self._shown_page, self.pages)
        if told != self._told:
            self._told = told
            self.post_message(self.PageChanged(self, visible))

    def _pane_for(self, task: Task) -> AgentPane:
        """A pane for a task that has none: one whose task is gone, one not seen for long, or a new one."""
        kind = TerminalPane if task.driver == "terminal" else AgentPane
        hidden = [known for known, pane in self._panes.items() if known not in self._visible and type(pane) is kind]
        spare = next((known for known in hidden if known not in self._tasks), "")
        if not spare and len(hidden) >= HIDDEN_PANES_KEPT:
            spare = hidden[0]
        if spare:
            pane = self._panes.pop(spare)
            pane.show_task(task)
            return pane
        if kind is TerminalPane:
            made: AgentPane = TerminalPane(self._pump, task, keys=self.keys, clock=self._clock)
        else:
            made = AgentPane(self._pump, task, clock=self._clock)
        self.mount(made)
        return made

    @on(AgentPane.PaneFocused)
    def _keep_place(self, event: AgentPane.PaneFocused) -> None:
        self._claim(event.task)

    def _claim(self, task: str) -> None:
        """This one is looked at: it is a large pane from now on, as far as not all can be."""
        self._place = task
        self._large = [task, *(other for other in self._large if other != task)][:CLAIMS_KEPT]
        self._turn_page()

    @on(AgentPane.PaneZoomed)
    def _zoom_pane(self, event: AgentPane.PaneZoomed) -> None:
        self._place = event.task
        self.zoom()

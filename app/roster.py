"""Which tasks are on the floor, which one is current, and who needs the person next."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agents.model import ACTIVE_STATES, ATTENTION, FINAL_STATES, Task, attention
from app.arrangement import Order
from widgets.task_signs import needs_person


class Roster:
    """The tasks a floor knows, and the two that were current last."""

    def __init__(self, project: str = "") -> None:
        """``project``: any folder of the repository whose tasks are shown; empty: those of all."""
        self._project = project
        self._tasks: dict[str, Task] = {}
        self._ours: dict[str, bool] = {}
        """Whether a project is the one shown; looked up for every task at every change."""
        self.all_projects = not project
        """Show every project's tasks."""
        self.current = ""
        """Id of the task that the composer writes to; empty when there is none."""
        self.previous = ""
        """Id of the task that was current before it."""
        self.order: Order = "age"
        """How the panes stand; set it with :meth:`sort`."""
        self.hand: list[str] = []
        """The order in which the person placed tasks."""
        self.shown: list[Task] = []
        """Tasks on the floor in the order of their panes. By age, which never changes under the person's eyes, or with
        those first that need the person, or as the person placed them."""

    def replace(self, tasks: Iterable[Task]) -> None:
        """These are all tasks there are."""
        self._tasks = {task.id: task for task in tasks}
        self._settle()

    def put(self, *tasks: Task) -> bool:
        """Tasks are new or differ; True when that changes which tasks are shown or their order."""
        before = [shown.id for shown in self.shown]
        self._tasks.update((task.id, task) for task in tasks)
        self._settle()
        return [shown.id for shown in self.shown] != before

    def sort(self, order: Order, hand: Iterable[str] | None = None) -> None:
        """Let the panes stand in this order from now on."""
        self.order = order
        if hand is not None:
            self.hand = list(hand)
        self._settle()

    def place(self, task: str, step: int) -> None:
        """The person puts the pane of a task before (-1) or after (1) its neighbour."""
        names = [shown.id for shown in self.shown]
        if task in names:
            at = names.index(task)
            to = max(0, min(at + step, len(names) - 1))
            names.insert(to, names.pop(at))
            self.sort("hand", names)

    @property
    def known(self) -> list[Task]:
        """All tasks that were told of, those that have left the floor too."""
        return list(self._tasks.values())

    def get(self, task: str) -> Task | None:
        """A task by its id."""
        return self._tasks.get(task)

    @property
    def current_task(self) -> Task | None:
        """The current task."""
        return self._tasks.get(self.current)

    def _sorted(self) -> list[Task]:
        here = [task for task in self._tasks.values() if task.state not in FINAL_STATES and self._belongs(task)]
        by_age = sorted(here, key=lambda task: (task.created_at, task.id))
        if self.order == "attention":  # only what matters moves: a task that works and one that rests keep their order
            return sorted(by_age, key=lambda task: attention(task) if needs_person(task) else len(ATTENTION))
        if self.order == "hand":
            places = {task: place for place, task in enumerate(self.hand)}
            return sorted(by_age, key=lambda task: places.get(task.id, len(places)))
        return by_age

    def _belongs(self, task: Task) -> bool:
        if self.all_projects:
            return True
        ours = self._ours.get(task.project)
        if ours is None:
            ours = self._ours[task.project] = Path(self._project).is_relative_to(task.project)
        return ours

    def choose(self, task: str) -> None:
        """Make a task the current one."""
        if task != self.current and task in self._tasks:
            if self.current in self._tasks:
                self.previous = self.current
            self.current = task

    def toggle_projects(self) -> None:
        """Show all projects, or the one again."""
        self.all_projects = not self.all_projects or not self._project
        self._settle()

    def _settle(self) -> None:
        """Keep the current task one that is shown."""
        self.shown = self._sorted()
        shown = {task.id: task for task in self.shown}
        if self.previous not in shown:
            self.previous = ""
        if self.current not in shown:
            waiting = min(shown.values(), key=lambda task: (attention(task), -task.changed_at), default=None)
            self.current = self.previous or (waiting.id if waiting else "")
            self.previous = ""

    def next_needed(self) -> Task | None:
        """The next task that needs the person, in the order of the list, going round from the current one."""
        needy = sorted(
            (task for task in self.shown if needs_person(task)), key=lambda task: (attention(task), -task.changed_at)
        )
        names = [task.id for task in needy]
        if self.current in names:
            place = names.index(self.current) + 1
            needy = needy[place:] + needy[:place]
        return needy[0] if needy else None

    def window_title(self) -> str:
        """Who needs the person, else how many work."""
        shown = self.shown
        needy = [task for task in shown if needs_person(task)]
        working = sum(task.state in ACTIVE_STATES for task in shown)
        if len(needy) == 1:
            return f"Shopfloor · {needy[0].title} needs you"
        if needy:
            return f"Shopfloor · {len(needy)} need you"
        return f"Shopfloor · {working} working" if working else "Shopfloor"

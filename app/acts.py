"""What the person does on the floor, by a key, the palette or a click on a hint.

Every public method is an act: the floor's action ``act('stop')`` calls ``stop()``, ``act('arranging.pin')`` that of
:class:`~app.arranging.Arranging`. Which key it has stands in :mod:`app.keys`. Acts on tasks are about the selected
ones, else about the current one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.api import Api
from agents.model import Task
from agents.parts.queues import Queue
from app.ask import AskScreen
from app.judging.acts import Judging
from app.key_order import keys_wait
from app.ship.acts import Shipping
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen
    from app.note import Noted


class Acts:
    """The acts of one floor."""

    def __init__(self, floor: FloorScreen, api: Api, project: str) -> None:
        self._floor = floor
        self._api = api
        self._project = project
        self.arranging = floor.arranging
        self.shipping = Shipping(floor, api, project)
        self.judging = Judging(floor, api, project)

    def _current_for(self, doing: str) -> Task | None:
        task = self._floor.roster.current_task
        if task is None:
            self._floor.legend.say(f"There is no task to {doing}.", "warning")
        return task

    def _targets(self, doing: str) -> list[Task]:
        """The selected tasks, else the current one."""
        roster = self._floor.roster
        selected = [task for name in self._floor.brain.selected if (task := roster.get(name))]
        if selected:
            return selected
        return [task] if (task := self._current_for(doing)) else []

    def _each(self, doing: str, call: Callable[[str], Coroutine[Any, Any, object]]) -> None:
        """Do something with each of the tasks that this is about; then they are not selected any more."""
        for task in self._targets(doing):
            self._floor.ask(call(task.id))
        self._floor.brain.clear_selection()

    def next_area(self) -> None:
        """List, panes, composer, list…; where a choice is offered for what is written: take it."""
        if not self._floor.composer.accept_choice():
            self._floor.areas.step(1)

    def previous_area(self) -> None:
        """The other way round."""
        self._floor.areas.step(-1)

    def toggle_brain(self) -> None:
        """Collapse the list; in a narrow terminal change between list and panes."""
        self._floor.areas.toggle_list()

    def filter(self) -> None:
        """Filter the list as you type."""
        self._floor.areas.open_list()
        self._floor.brain.action_filter()

    def say(self) -> None:
        """Write to the current task."""
        if self._current_for("write to"):
            self._floor.areas.go("composer")

    def new_task(self) -> None:
        """Ask what to do and start an agent on it."""
        from app.new_task import ask_new_task

        current = self._floor.roster.current_task
        project = self._project or (current.project if current else str(Path.cwd()))
        ask_new_task(self._floor.host, self._api, project, lambda task: self._floor.go_to(task.id))

    def review(self) -> None:
        """Read the change of the current task."""
        if task := self._current_for("review"):
            self._floor.saw()
            self._floor.host.open_review(task)

    def next_needed(self) -> None:
        """Go to who needs the person: first to the one that the floor began with and nobody has looked at."""
        current = self._floor.roster.current_task
        if current is not None and current.unseen and self._floor.areas.focused == "brain":
            self._floor.go_to(current.id)
        elif task := self._floor.roster.next_needed():
            self._floor.go_to(task.id)
        else:
            self._floor.legend.say("Nobody needs you now.")

    def back_and_forth(self) -> None:
        """Between the last two tasks."""
        if self._floor.roster.previous:
            self._floor.go_to(self._floor.roster.previous)

    def go_to_pane(self, number: int) -> None:
        """Go to a pane of this page."""
        if number <= len(self._floor.grid.tasks_in_view):
            self._floor.go_to(self._floor.grid.tasks_in_view[number - 1])

    def turn_page(self, step: int) -> None:
        """Turn pages."""
        self._floor.grid.turn(step)
        if self._floor.roster.current not in self._floor.grid.tasks_in_view and self._floor.grid.tasks_in_view:
            self._floor.become_current(self._floor.grid.tasks_in_view[0])
        self._floor.legend.say(f"Page {self._floor.grid.page} of {self._floor.grid.pages}.")

    def zoom(self) -> None:
        """One pane or all."""
        self._floor.grid.zoom()

    def stop(self) -> None:
        """Interrupt the agents."""
        self._each("stop", self._api.stop_task)

    def resume(self) -> None:
        """Go on."""
        self._each("resume", self._api.resume)

    def compact(self) -> None:
        """Have the current task's agent shorten its conversation."""
        if task := self._current_for("shorten"):
            self._floor.ask(self._api.compact(task.id))

    def queues(self) -> None:
        """Read, edit and run queues."""
        task = self._floor.roster.current_task
        self._floor.host.open_queues(task, task.project if task else self._project)

    async def queues_of(self, task: Task) -> list[Queue]:
        """The queues that a task can be given."""
        return await self._api.queues.list(task.project)

    def run_queue(self, name: str, task: str) -> None:
        """Run a queue on the selected tasks, else on this one."""
        self._floor.ask(self._api.queues.start(self._floor.brain.selected or [task], name))
        self._floor.brain.clear_selection()

    def run_checks(self) -> None:
        """Run the project's checks."""
        self._each("check", self._api.checks.run)

    def choose_settings(self) -> None:
        """Choose what the current task's agent offers."""
        if task := self._current_for("choose something for"):
            self._floor.ask(self._choose_settings(task))

    async def _choose_settings(self, task: Task) -> None:
        with keys_wait(self._floor.app):
            session = await self._api.sessions.session(task.id)
        if not session.settings:
            self._floor.legend.say("Its agent has told nothing that could be chosen.", "warning")
            return
        from app.choose import ChooseScreen

        def chosen(value: tuple[str, str] | None) -> None:
            if value is not None:
                self._floor.ask(self._api.sessions.choose(task.id, *value))

        heading = f"The agent of “{printable(' '.join(task.title.split()))}”"
        self._floor.app.push_screen(ChooseScreen(heading, session), chosen)

    def close(self) -> None:
        """Take tasks off the floor once the person has said yes."""
        tasks = self._targets("close")
        if not tasks:
            return
        one = len(tasks) == 1
        self._floor.app.push_screen(
            AskScreen(
                f"Close “{printable(' '.join(tasks[0].title.split()))}”?" if one else f"Close {len(tasks)} tasks?",
                f"{'Its worktree is' if one else 'Their worktrees are'} removed after a snapshot. Branches, snapshots "
                "and transcripts stay.",
                "Close it" if one else "Close them",
            ),
            lambda yes: self._close([task.id for task in tasks]) if yes else None,
        )

    def _close(self, tasks: Sequence[str]) -> None:
        for task in tasks:
            self._floor.ask(self._api.close_task(task))
        self._floor.brain.clear_selection()

    def note(self) -> None:
        """Write what the person waits for on the current task, and when to be called."""
        from app.note import NoteScreen

        if task := self._current_for("note something about"):
            self._floor.app.push_screen(NoteScreen(task), lambda noted: self._noted(task, noted))

    def _noted(self, task: Task, noted: Noted | None) -> None:
        if noted is None:
            return
        text, at = noted
        if text != task.note:
            self._floor.ask(self._api.set_note(task.id, text))
        if at != task.remind_at:
            self._floor.ask(self._api.reminders.set(task.id, at))

    def answer(self) -> None:
        """Answer what an agent asks: the current task's, else the next one that asks."""
        roster = self._floor.roster
        asking = [task for task in roster.shown if task.question is not None]
        current = roster.current_task
        if current is not None and current.question is not None:
            asking.insert(0, current)
        if not asking:
            self._floor.legend.say("No agent asks anything now.")
            return
        self._floor.areas.open_list()
        self._floor.brain.answer(asking[0].id)

    def go_beside(self, direction: tuple[int, int]) -> None:
        """Go to the pane in a direction: columns and rows, one of them 1 or -1."""
        if task := self._floor.grid.beside(*direction):
            self._floor.go_to(task)

    def toggle_projects(self) -> None:
        """All projects or this one."""
        self._floor.roster.toggle_projects()
        self._floor.show_tasks()
        self.arranging.list_changed()
        self._floor.legend.say("All projects." if self._floor.roster.all_projects else "This project.")

    def dashboard(self) -> None:
        """What agents have cost."""
        from app.dashboard import DashboardScreen

        self._floor.app.push_screen(DashboardScreen(self._api), lambda _: self._floor.totals.stir(0.1))

    def tour(self) -> None:
        """The three screens of the first run."""
        from app.tour import TourScreen

        self._floor.app.push_screen(TourScreen(self._floor.keymap))

    def start_engine(self) -> None:
        """Start an engine that was stopped on purpose."""
        self._floor.host.start_engine()

    def theme(self) -> None:
        """Choose colours."""
        self._floor.app.search_themes()

    def palette(self) -> None:
        """Find any action."""
        self._floor.app.action_command_palette()

    def help(self) -> None:
        """All keys."""
        self._floor.host.show_help()

    def leave(self) -> None:
        """Leave; the agents go on."""
        self._floor.outbox.leave()

"""What the person asks about the worth of changes: the floor's keys open these."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agents.api import Api
from agents.model import Task
from agents.parts.races import Race
from app.ask import AskScreen
from app.key_order import keys_wait
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen
    from app.judging.race import Chosen


class Judging:
    """The acts of one floor; each public method is one, as in :class:`app.acts.Acts`."""

    def __init__(self, floor: FloorScreen, api: Api, project: str) -> None:
        self._floor = floor
        self._api = api
        self._project = project

    def break_fix(self) -> None:
        """Try the current task's tests without its change; while that runs: end it."""
        task = self._floor.roster.current_task
        if task is None:
            self._floor.legend.say("There is no task whose tests could be tried.", "warning")
        else:
            self._floor.ask(self._break_fix(task))

    async def _break_fix(self, task: Task) -> None:
        with keys_wait(self._floor.app):
            known = await self._api.break_fix.result(task.id)
        if known is not None and known.state == "running":
            self._floor.app.push_screen(
                AskScreen(
                    "End break/fix?",
                    "It runs the tests of the change without the change. What it found so far is not put into the "
                    "review.",
                    "End it",
                ),
                lambda yes: self._floor.ask(self._api.break_fix.cancel(task.id)) if yes else None,
            )
            return
        report = await self._api.break_fix.start(task.id)
        if report.state == "running":
            self._floor.legend.say("Break/fix runs; how far it is shows in the pane.")
        else:
            self._floor.legend.say(f"On these files it has run: {printable(report.reason)}")

    def race(self) -> None:
        """The race of the current task side by side; when it is in none, begin one."""
        self._floor.ask(self._open_race())

    async def _open_race(self) -> None:
        task = self._floor.roster.current_task
        with keys_wait(self._floor.app):
            race = await self._api.races.find(task.id) if task is not None else None
        if race is not None:
            self._show_race(race)
        else:
            self.start_race()

    def start_race(self) -> None:
        """Give one prompt to several profiles."""
        from app.judging.race import StartRaceScreen

        task = self._floor.roster.current_task
        place = self._project or (task.project if task is not None else str(Path.cwd()))
        self._floor.app.push_screen(
            StartRaceScreen(self._api, place), lambda race: self._show_race(race) if race else None
        )

    def _show_race(self, race: Race) -> None:
        from app.judging.race import RaceScreen

        self._floor.app.push_screen(RaceScreen(self._api, race), self._race_left)

    def _race_left(self, chosen: Chosen | None) -> None:
        if chosen is None:
            return
        self._floor.go_to(chosen.task)
        if chosen.act == "review" and (task := self._floor.roster.get(chosen.task)):
            self._floor.host.open_review(task)

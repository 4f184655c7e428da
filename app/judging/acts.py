"""What the person asks about the worth of changes: the floor's keys open these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.api import Api
from agents.model import Task
from app.ask import AskScreen
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen


class Judging:
    """The acts of one floor; each public method is one, as in :class:`app.acts.Acts`."""

    def __init__(self, floor: FloorScreen, api: Api) -> None:
        self._floor = floor
        self._api = api

    def break_fix(self) -> None:
        """Try the current task's tests without its change; while that runs: end it."""
        task = self._floor.roster.current_task
        if task is None:
            self._floor.legend.say("There is no task whose tests could be tried.", "warning")
        else:
            self._floor.ask(self._break_fix(task))

    async def _break_fix(self, task: Task) -> None:
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

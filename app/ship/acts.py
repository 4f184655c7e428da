"""What the person does with a change that is good, and with the project's scripts: the floor's keys open these."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import Task
from agents.parts.landing import Landing
from agents.parts.scripts import ScriptInfo
from app.key_order import keys_wait
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen


class Shipping:
    """The acts of one floor; each public method is one, as in :class:`app.acts.Acts`."""

    def __init__(self, floor: FloorScreen, api: Api, project: str) -> None:
        self._floor = floor
        self._api = api
        self._project = project
        self.offered: list[ScriptInfo] = []
        """The commands and services of the project, as of the last look."""

    def _current(self, doing: str) -> Task | None:
        task = self._floor.roster.current_task
        if task is None:
            self._floor.legend.say(f"There is no task to {doing}.", "warning")
        return task

    def _place(self) -> str:
        current = self._floor.roster.current_task
        return self._project or (current.project if current else str(Path.cwd()))

    def commit(self) -> None:
        """Git commands on the current task's files."""
        if task := self._current("commit"):
            from app.ship.commit import CommitScreen

            self._floor.app.push_screen(CommitScreen(self._api, task))

    def land(self) -> None:
        """Bring the current task's work onto its branch."""
        if task := self._current("land"):
            from app.ship.land import LandScreen

            self._floor.app.push_screen(LandScreen(self._api, task), self._landing_begun)

    def _landing_begun(self, landing: Landing | None) -> None:
        if landing is not None:
            self._floor.legend.say(f"In line for {printable(landing.onto)}.")

    def line(self) -> None:
        """The line of tasks that land."""
        from app.ship.land import LineScreen

        titles = {task.id: task.title for task in self._floor.roster.known}
        self._floor.app.push_screen(
            LineScreen(self._api, titles), lambda task: self._floor.go_to(task) if task else None
        )

    def reviewers(self) -> None:
        """Have other agents review the current task."""
        if task := self._current("review"):
            from app.ship.reviewers import ReviewersScreen

            def answered(read: bool | None) -> None:
                if read:
                    self._floor.go_to(task.id)
                    self._floor.acts.review()

            self._floor.app.push_screen(ReviewersScreen(self._api, task), answered)

    def publish(self) -> None:
        """The pull request of the current task."""
        if task := self._current("publish"):
            from app.ship.publish import PublishScreen

            self._floor.app.push_screen(PublishScreen(self._api, task))

    def issues(self) -> None:
        """Start a task from an issue of the host."""
        from app.ship.publish import IssuesScreen

        def made(task: Task | None) -> None:
            if task is not None:
                self._floor.know(task)
                self._floor.go_to(task.id)

        self._floor.app.push_screen(IssuesScreen(self._api, self._place()), made)

    def scripts(self) -> None:
        """Commands and services of the project, for the current task."""
        if task := self._current("run something for"):
            from app.ship.scripts import ScriptsScreen

            self._floor.app.push_screen(ScriptsScreen(self._api, task))

    def read_offers(self) -> None:
        """Look which commands the project offers, and give those their keys that ask for one."""
        if self._project:
            self._floor.run_worker(self._read_offers(), group="offers", exclusive=True)

    async def _read_offers(self) -> None:
        try:
            self.offered = await self._api.scripts.offered(self._project)
        except ShopfloorError as error:
            self._floor.legend.say(str(error), "warning")
            return
        for number, script in enumerate(self.offered):
            if script.key:
                self._floor.app.bind(script.key, f"run_script({number})", description=script.name, show=False)

    def run(self, name: str) -> None:
        """Run a command, or start a service, for the current task."""
        if task := self._current("run something for"):
            self._floor.ask(self._run(task, name))

    async def _run(self, task: Task, name: str) -> None:
        await self._api.scripts.start(task.id, name)
        self._floor.legend.say(f"{printable(name)} runs; its output is in the pane.")

    def trust(self) -> None:
        """Read the project file and decide whether its commands may run."""
        self._floor.ask(self._read_project_file())

    async def _read_project_file(self) -> None:
        place = self._place()
        with keys_wait(self._floor.app):
            text, trusted = await self._api.projects.file(place)
        if not text:
            self._floor.legend.say("This project has no .shopfloor.toml: there is nothing to trust.")
            return
        from app.ship.scripts import TrustScreen

        def answered(yes: bool | None) -> None:
            if yes:
                self._floor.ask(self._trust(place, text))

        self._floor.app.push_screen(TrustScreen(text, trusted), answered)

    async def _trust(self, place: str, text: str) -> None:
        await self._api.projects.trust(place, text)
        waiting = [task for task in self._floor.roster.shown if task.state == "blocked" and "trust" in task.hint]
        for task in waiting:
            await self._api.resume(task.id)
        went_on = f" {len(waiting)} waiting tasks go on." if waiting else ""
        self._floor.legend.say(f"Trusted as it is now.{went_on}")

"""Races: tasks that work on the same prompt, and the one that is kept."""

from __future__ import annotations

import builtins
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from agents.engine.changes import Changes
from agents.engine.facilities import Facilities
from agents.engine.hooks import Happened
from agents.engine.ledger import Ledger
from agents.errors import NotFound, UsageError
from agents.model import FINAL_STATES, NewTask, Task, is_under_way
from agents.parts.races import Lane, LaneFile, Race, RaceView
from agents.review import parse_diff
from agents.workspace import Workspace, open_project

KEPT = "race"
"""The kind under which races are kept."""


class RaceDesk:
    """Implements the part ``races``; see :class:`agents.parts.races.Races`."""

    def __init__(
        self,
        ledger: Ledger,
        facilities: Facilities,
        changes: Changes,
        create: Callable[[NewTask], Awaitable[Task]],
        close: Callable[[str], Awaitable[Task]],
        happened: Happened,
    ) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._changes = changes
        self._create = create
        self._close = close
        self._happened = happened
        stored = ledger.store.kept_as(Race, KEPT)
        self._races = dict(sorted(stored, key=lambda kept: kept[1].at))
        self._files: dict[str, tuple[int, tuple[LaneFile, ...]]] = {}
        """What a task changed, and the sequence number it had then."""
        ledger.on_change.append(self._task_changed)

    def _task_changed(self, before: Task | None, after: Task) -> None:
        if before is not None and is_under_way(before) and not is_under_way(after):
            race = next((race for race in self._races.values() if after.id in race.tasks), None)
            if race is not None:
                self._end_if_over(race)

    def _end_if_over(self, race: Race) -> None:
        """A race has ended when all its tasks rest for the first time."""
        tasks = [self._ledger.tasks[task] for task in race.tasks if task in self._ledger.tasks]
        if not race.ended_at and not any(is_under_way(task) for task in tasks):
            self._put(msgspec.structs.replace(race, ended_at=time.time()))
            states = ", ".join(f"{task.id} ({task.profile}) is {task.state}" for task in tasks)
            self._happened("race-ended", race.id, f"{states}.")

    async def start(self, new: NewTask, profiles: Sequence[str]) -> Race:
        """See :class:`agents.parts.races.Races`."""
        if len(profiles) < 2:
            raise UsageError("A race needs at least two profiles.", "Name the same one twice to let it try twice.")
        for profile in profiles:
            self._facilities.profile(profile)  # refuses before anything is made
        first = await self._create(msgspec.structs.replace(new, profile=profiles[0]))
        same = msgspec.structs.replace(new, base=first.base, base_commit=first.base_commit)
        tasks = [first]
        for profile in profiles[1:]:
            tasks.append(await self._create(msgspec.structs.replace(same, profile=profile)))
        race = Race(
            id=first.id,
            project=first.project,
            title=first.title,
            prompt=first.prompt,
            tasks=tuple(task.id for task in tasks),
            at=time.time(),
        )
        self._put(race)
        self._ledger.flush()
        self._end_if_over(race)
        return race

    async def list(self, project: str = "") -> builtins.list[Race]:
        """See :class:`agents.parts.races.Races`."""
        root = str((await open_project(Path(project))).root) if project else ""
        return [race for race in reversed(self._races.values()) if not root or race.project == root]

    async def find(self, task: str) -> Race | None:
        """See :class:`agents.parts.races.Races`."""
        known = self._ledger.find(task)
        return next((race for race in reversed(self._races.values()) if known.id in race.tasks), None)

    async def show(self, race: str) -> RaceView:
        """See :class:`agents.parts.races.Races`."""
        found = await self._of(race)
        lanes = [await self._lane(self._ledger.tasks[task]) for task in found.tasks if task in self._ledger.tasks]
        return RaceView(race=found, lanes=tuple(lanes))

    async def keep(self, task: str) -> Race:
        """See :class:`agents.parts.races.Races`."""
        known = self._ledger.find(task)
        race = await self._of(known.id)
        if known.state in FINAL_STATES:
            raise UsageError(f"Task {known.id} is {known.state}.", f"`shopfloor restore {known.id}` brings it back.")
        for other in race.tasks:
            if other != known.id and self._ledger.tasks[other].state not in FINAL_STATES:
                await self._close(other)
        race = self._put(msgspec.structs.replace(self._races[race.id], kept=known.id))
        self._ledger.flush()
        return race

    async def _of(self, race: str) -> Race:
        found = await self.find(race)
        if found is None:
            raise NotFound(f"Task {race} is in no race.", "`shopfloor race` lists them.")
        return found

    def _put(self, race: Race) -> Race:
        self._races[race.id] = race
        self._ledger.store.keep(KEPT, race.id, msgspec.json.encode(race))
        self._ledger.flush_soon()
        return race

    async def _lane(self, task: Task) -> Lane:
        sequence, files = self._files.get(task.id, (-1, ()))
        self._ledger.flush()
        if sequence != task.sequence and self._ledger.store.workspace(task.id, Workspace) is not None:
            diff = await self._changes.diff(task.id)
            files = tuple(
                LaneFile(path=file.path, additions=file.additions, deletions=file.deletions)
                for file in parse_diff(diff.patch).files
            )
            self._files[task.id] = (task.sequence, files)
        return Lane(task=task, files=files)

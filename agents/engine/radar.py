"""Looks now and then which tasks change the same files and would conflict; pairs that stay as they are cost nothing."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.errors import ShopfloorError
from agents.model import ACTIVE_STATES, FINAL_STATES, Task
from agents.parts.radar import Overlap
from agents.workspace import Workspace, merging, trees

LOOK_SECONDS = 30.0
"""How often the files of tasks at work are looked at."""
MERGES_AT_ONCE = 100
"""Pairs of tasks that are merged in one look; many tasks that all change one file are spread over several."""
SETTLE_SECONDS = 0.5
"""Turns that end together are looked at together."""

_Pair = tuple[str, str]


class Radar:
    """Watches all tasks; implements :class:`agents.parts.radar.Radar`."""

    def __init__(self, ledger: Ledger, facilities: Facilities) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._commits: dict[str, str] = {}
        """The last snapshot of each task that was looked at."""
        self._names: dict[str, frozenset[bytes]] = {}
        """The files that a task changes, by its snapshot."""
        self._met: dict[_Pair, tuple[bytes, ...]] = {}
        """Conflicting files, by the snapshots of two tasks."""
        self._found: dict[str, list[Overlap]] = {}
        self._left = 0
        """Merges that may still be tried in this look."""
        self._dirty = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        ledger.on_change.append(self._task_changed)

    def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.create_task(self._look())
        self._dirty.set()

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def overlaps(self, task: str) -> list[Overlap]:
        """See :class:`agents.parts.radar.Radar`."""
        return self._found.get(self._ledger.find(task).id, [])

    def _task_changed(self, before: Task | None, after: Task) -> None:
        if before is None or before.state != after.state or before.worked_seconds != after.worked_seconds:
            self._dirty.set()

    async def _look(self) -> None:
        while True:
            at_work = any(task.state in ACTIVE_STATES for task in self._ledger.tasks.values())
            try:
                async with asyncio.timeout(LOOK_SECONDS if at_work else None):
                    await self._dirty.wait()
            except TimeoutError:
                pass  # time to look at those who work
            await asyncio.sleep(SETTLE_SECONDS)
            self._dirty.clear()
            try:
                await self._look_once()
            except ShopfloorError as error:
                self._ledger.warn(f"Tasks that would conflict cannot be found now. {error}")

    async def _look_once(self) -> None:
        by_project: defaultdict[str, list[Task]] = defaultdict(list)
        for task in self._ledger.tasks.values():
            if task.state not in FINAL_STATES and task.worktree:
                by_project[task.project].append(task)
        found: defaultdict[str, list[Overlap]] = defaultdict(list)
        self._left = MERGES_AT_ONCE
        for tasks in by_project.values():
            if len(tasks) > 1:
                await self._compare(tasks, found)
        self._found = found
        for task in list(self._ledger.tasks.values()):
            conflicts = tuple(sorted(one.task for one in found.get(task.id, ()) if one.conflicting))
            if conflicts != task.conflicts:
                self._ledger.update(task.id, conflicts=conflicts)
        self._forget()
        self._ledger.flush_soon()

    async def _compare(self, tasks: list[Task], found: dict[str, list[Overlap]]) -> None:
        looked: list[tuple[Task, str, frozenset[bytes]]] = []
        for task in tasks:
            workspace = self._ledger.store.workspace(task.id, Workspace)
            if workspace is not None and Path(workspace.worktree).is_dir():
                commit = await self._snapshot(task, workspace)
                looked.append((task, commit, await self._changed_files(workspace, task, commit)))
        for (one, its, its_files), (other, others, other_files) in itertools.combinations(looked, 2):
            files = tuple(sorted(its_files & other_files))
            if not files:
                continue
            workspace = self._ledger.store.workspace(one.id, Workspace)
            assert workspace is not None
            conflicting = await self._conflicting(workspace, its, others)
            found[one.id].append(Overlap(task=other.id, title=other.title, files=files, conflicting=conflicting))
            found[other.id].append(Overlap(task=one.id, title=one.title, files=files, conflicting=conflicting))
        for task, _, _ in looked:
            found[task.id].sort(key=lambda overlap: (not overlap.conflicting, overlap.task))

    async def _snapshot(self, task: Task, workspace: Workspace) -> str:
        """A commit of its files: taken anew while its agent works, else that of its last turn."""
        turns = self._ledger.store.turns(task.id)
        if task.state not in ACTIVE_STATES and turns and turns[-1].after and not task.undone:
            commit = turns[-1].after
        else:
            workspaces = await self._facilities.workspaces()
            commit = (await workspaces.snapshot(workspace, "radar", "As seen by the radar")).commit
        self._commits[task.id] = commit
        return commit

    async def _changed_files(self, workspace: Workspace, task: Task, commit: str) -> frozenset[bytes]:
        if commit not in self._names:
            self._names[commit] = frozenset(await trees.changed_names(workspace, task.base_commit, commit))
        return self._names[commit]

    async def _conflicting(self, workspace: Workspace, its: str, others: str) -> tuple[bytes, ...]:
        pair = (its, others)
        if pair not in self._met:
            if not self._left:
                self._dirty.set()  # the rest at the next look
                return ()
            self._left -= 1
            self._met[pair] = await merging.find_conflicts(workspace, its, others)
        return self._met[pair]

    def _forget(self) -> None:
        """Keep only what is about the snapshots of now."""
        current = set(self._commits.values())
        self._commits = {task: commit for task, commit in self._commits.items() if task in self._ledger.tasks}
        self._names = {commit: names for commit, names in self._names.items() if commit in current}
        self._met = {pair: names for pair, names in self._met.items() if _all_in(pair, current)}


def _all_in(pair: Iterable[str], current: set[str]) -> bool:
    return all(commit in current for commit in pair)

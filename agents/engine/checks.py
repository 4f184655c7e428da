"""The project's checks on tasks at rest, and what they said; implements :class:`agents.parts.checks.Checks`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agents.engine.changes import Changes, see_repository
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.scheduler import Scheduler
from agents.errors import UsageError
from agents.model import Task
from agents.parts.checks import CheckState
from agents.project_file import PROJECT_FILE


class Checks:
    """Runs checks when the person says so; those after a turn are its run's."""

    def __init__(self, ledger: Ledger, facilities: Facilities, changes: Changes, scheduler: Scheduler) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._changes = changes
        self._scheduler = scheduler

    async def run(self, task: str) -> Task:
        """See :class:`agents.parts.checks.Checks`."""
        known = self._ledger.on_floor(task)
        if known.id in self._scheduler:
            raise UsageError(f"Task {known.id} is {known.state}: its checks run when the turn ends.")
        see_repository(known)
        checks, problem = self._facilities.checks(msgspec.structs.replace(known, check=True))
        if problem:
            raise UsageError(problem)
        if not checks:
            raise UsageError(f"The project has no checks: {PROJECT_FILE} names none.")
        await self._scheduler.run_checks(known.id)
        self._ledger.flush()
        return self._ledger.tasks[known.id]

    async def results(self, task: str) -> CheckState | None:
        """See :class:`agents.parts.checks.Checks`."""
        known = self._ledger.find(task)
        self._ledger.flush()
        report = self._ledger.store.last_check_report(known.id)
        if report is None:
            return None
        tree = await self._changes.tree_now(known) if Path(known.worktree).is_dir() else ""
        return CheckState(report=report, is_current=report.tree == tree)

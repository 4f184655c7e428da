"""Calls the person about tasks at the times they wanted; see :class:`agents.parts.reminders.Reminders`."""

from __future__ import annotations

import asyncio
import time

from agents.engine.ledger import Ledger
from agents.errors import UsageError
from agents.events import EngineNotice
from agents.model import FINAL_STATES, Task

LONGEST_SLEEP_SECONDS = 3600.0
"""A machine that slept has its clocks looked at this late at most."""


class Reminders:
    """Implements the part ``reminders``."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._due: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Say what fell due meanwhile, and wait for the rest."""
        self._look()

    def close(self) -> None:
        """Wait no more; what was to be said is said at the next start."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

    async def set(self, task: str, at: float) -> Task:
        """See :class:`agents.parts.reminders.Reminders`."""
        known = self._ledger.find(task)
        if known.state in FINAL_STATES:
            raise UsageError(f"Task {known.id} has left the floor.", "`shopfloor restore` brings it back.")
        if at and at <= time.time():
            raise UsageError("That moment is over.", "Give one that is to come.")
        changed = self._ledger.update(known.id, remind_at=at)
        self._ledger.flush()
        self._look()
        return changed

    def _look(self) -> None:
        """Say what is due, and come back for what is next."""
        self.close()
        now = time.time()
        waiting = [task for task in self._ledger.tasks.values() if task.remind_at and task.state not in FINAL_STATES]
        for task in waiting:
            if task.remind_at <= now:
                self._call(task)
        later = [task.remind_at for task in waiting if task.remind_at > now]
        if later:
            seconds = min(min(later) - now, LONGEST_SLEEP_SECONDS)
            self._due = asyncio.get_running_loop().call_later(seconds, self._look)

    def _call(self, task: Task) -> None:
        about = f": {task.note}" if task.note else ""
        self._ledger.update(task.id, remind_at=0.0, unseen=True)
        self._ledger.publish(EngineNotice(text=f"You wanted to be called about “{task.title}”{about}."))

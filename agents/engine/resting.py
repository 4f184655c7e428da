"""Agents that wait for the next prompt of their task with their process alive.

Starting an agent and loading its conversation takes seconds; waiting takes memory. So the process of a resting task is
kept for a while, ended when it has waited too long or when memory is short (the one that has waited longest first),
and started anew when anything about how it was started differs from how it would be started now.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from agents.config import EngineSection
from agents.drivers import Driver, Lasting
from agents.engine.admission import free_megabytes

LOOK_SECONDS = 5.0

_log = logging.getLogger(__name__)


class _Kept(NamedTuple):
    driver: Driver
    start: object
    """All that it was started with."""
    since: float


class Resting:
    """The agents that wait.

    Args:
        is_over: whether a task has left the floor, by its id.
    """

    def __init__(self, limits: EngineSection, is_over: Callable[[str], bool]) -> None:
        self._limits = limits
        self._is_over = is_over
        self._kept: dict[str, _Kept] = {}
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, task: str) -> Driver | None:
        """The agent that waits on a task."""
        kept = self._kept.get(task)
        return kept.driver if kept else None

    async def take(self, task: str, start: object) -> Driver | None:
        """The agent that waits on a task, to go on with; None when there is none that was started like this."""
        kept = self._kept.pop(task, None)
        if kept is not None and kept.start != start:
            await kept.driver.close()
            return None
        return kept.driver if kept else None

    async def leave(self, task: str, driver: Driver, start: object) -> None:
        """A run is over: keep its agent if it can wait, else close it."""
        keeps = self._limits.keep_idle > 0 and isinstance(driver, Lasting) and driver.rest()
        await self.end(task)
        if not keeps:
            await driver.close()
            return
        self._kept[task] = _Kept(driver, start, time.monotonic())
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    async def end(self, task: str) -> None:
        """End the agent that waits on a task, if one does."""
        kept = self._kept.pop(task, None)
        if kept is not None:
            await kept.driver.close()

    async def close(self) -> None:
        """End all of them."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        await asyncio.gather(*(self.end(task) for task in list(self._kept)))

    async def make_room(self) -> bool:
        """End the one that has waited longest; False when none waits."""
        oldest = min(self._kept, key=lambda task: self._kept[task].since, default="")
        await self.end(oldest)
        return bool(oldest)

    async def _look(self) -> None:
        """While agents wait: end those whose time is over, and one at a time when memory is short."""
        while self._kept:
            await asyncio.sleep(min(self._limits.keep_idle / 4, LOOK_SECONDS))
            now = time.monotonic()
            for task, kept in list(self._kept.items()):
                if self._is_over(task) or now - kept.since > self._limits.keep_idle:
                    await self.end(task)
            free = free_megabytes()
            if free is not None and free < self._limits.min_free_mb and await self.make_room():
                _log.info("memory is short (%.0f MB): ended an agent that waited", free)
        self._looking = None

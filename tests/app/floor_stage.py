"""The floor in a terminal of a given size, on an engine in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from textual.pilot import Pilot
from textual.widgets import Static

from agents.api import Api
from agents.model import Task
from app.app import ShopfloorApp
from tests.app.floor_engine import NOW, PROJECT, EngineInMemory, a_task

PATIENCE = 200
"""How often a condition is looked at before it is given up."""

SIZES = [(80, 24), (120, 40)]


def some_tasks() -> tuple[Task, ...]:
    """One task that works, one that is blocked, one that is ready and one that rests; in the order of their panes."""
    return (
        a_task("wrk1", "Sort reports", state="working", created_at=NOW - 400, changed_at=NOW - 40),
        a_task("blk2", "Parse prices", state="blocked", unseen=True, reason="No key.", created_at=NOW - 300,
               changed_at=NOW - 30),
        a_task("rdy3", "Drop flags", created_at=NOW - 200, changed_at=NOW - 20, additions=3),
        a_task("stp4", "Write docs", state="stopped", created_at=NOW - 100, changed_at=NOW - 10),
    )  # fmt: skip


class Stage:
    """The application, its engine and the person's hands."""

    def __init__(self, app: ShopfloorApp, engine: EngineInMemory, pilot: Pilot[None]) -> None:
        self.app = app
        self.engine = engine
        self.pilot = pilot
        self.floor = app.floor

    async def press(self, *keys: str) -> None:
        """Press keys and let what follows happen."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something to become true."""
        for _ in range(PATIENCE):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"It never happened that {what}. Calls: {self.engine.calls}; current: {self.current}.")

    @property
    def current(self) -> str:
        """The task that the composer writes to."""
        return self.floor.roster.current

    @property
    def area(self) -> str:
        """Where the keys go: ``Brain``, ``AgentPane``, ``PromptArea``…"""
        return type(self.app.focused).__name__

    @property
    def bar(self) -> str:
        """What the bar at the top says; empty when it is not there."""
        bar = self.floor.query_one("#bar", Static)
        return str(bar.content) if bar.display else ""

    @property
    def legend(self) -> str:
        """The bottom line."""
        return self.floor.legend.render_line(0).text

    async def go_to(self, task: str) -> None:
        """Stand in a task's pane."""
        self.floor.go_to(task)
        await self.until(lambda: self.current == task and self.area == "AgentPane", f"{task} has the focus")


@asynccontextmanager
async def a_floor(
    *tasks: Task,
    size: tuple[int, int] = (120, 40),
    engine: EngineInMemory | None = None,
    reconnect: Callable[[], Awaitable[Any]] | None = None,
    project: str = PROJECT,
    demo: bool = False,
    start: Callable[[], Awaitable[Any]] | None = None,
    tour: bool = False,
    moving: bool = False,
) -> AsyncIterator[Stage]:
    """A floor that shows these tasks. Its signs spin only when they are looked at: each step of one paints anew."""
    engine = engine or EngineInMemory(*tasks)
    app = ShopfloorApp(cast(Api, engine), project, demo, reconnect, start, tour)
    if not moving:
        app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        stage = Stage(app, engine, pilot)
        await stage.until(lambda: engine.subscriptions or reconnect, "the floor listens")
        await stage.until(lambda: len(app.floor.roster.shown) >= len(tasks), "the tasks are shown")
        await pilot.pause()
        yield stage

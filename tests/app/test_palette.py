"""The command palette."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from textual.command import CommandPalette
from textual.widgets import OptionList

from agents.parts.queues import Queue, QueueItem
from app.review.screen import ReviewScreen
from tests.app.floor_engine import EngineInMemory, a_task
from tests.app.floor_stage import Stage, a_floor, some_tasks


def listed(stage: Stage) -> list[str]:
    """The titles that the palette lists."""
    return [str(option.prompt).split("\n")[0] for option in stage.app.screen.query_one(OptionList).options]


async def opened(stage: Stage) -> None:
    await stage.press("ctrl+p")
    await stage.until(lambda: isinstance(stage.app.screen, CommandPalette), "the palette is open")


async def test_every_command_of_a_review_is_listed_once() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("r")
        await stage.until(lambda: isinstance(stage.app.screen, ReviewScreen), "the review is open")
        await opened(stage)
        await stage.until(lambda: "Back  (q)" in listed(stage), "the commands of the review are listed")
        twice = [title for title, count in Counter(listed(stage)).items() if count > 1]
        assert not twice, f"listed more than once: {twice}"


async def test_queues_are_found_though_the_person_types_before_they_are_known() -> None:
    class SlowQueues:
        def __init__(self) -> None:
            self.known = asyncio.Event()

        async def list(self, project: str = "") -> list[Queue]:
            await self.known.wait()
            return [
                Queue(
                    name="polish",
                    place="shipped",
                    path="/polish.md",
                    items=(QueueItem(title="polish", prompt="Polish."),),
                )
            ]

    engine = EngineInMemory(*some_tasks())
    engine.queues = queues = SlowQueues()  # type: ignore[assignment]
    async with a_floor(*some_tasks(), engine=engine) as stage:
        await stage.go_to("rdy3")
        await opened(stage)
        await stage.press(*"run polish")
        queues.known.set()
        await stage.until(lambda: "Run polish on Drop flags" in listed(stage), "the queue is found")


@pytest.mark.parametrize(
    "title", ["Close [/b] tags", "Fix a[0] [bold]now[/]", "Let [@click=app.quit]this[/] be", "Sort [bold] titles"]
)
async def test_titles_are_text_and_no_markup(title: str) -> None:
    async with a_floor(a_task("tags", title)) as stage:
        await opened(stage)
        await stage.until(lambda: f"Go to {title}" in listed(stage), "the task is listed")
        await stage.press(*"go to")
        await stage.until(
            lambda: f"Go to {title}" in listed(stage) and "New task  (n)" not in listed(stage), "the task is found"
        )

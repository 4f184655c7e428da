"""What a screen had begun when it was left."""

from __future__ import annotations

import asyncio

import pytest
from floor_stage import a_floor
from textual.screen import ModalScreen
from textual.worker import WorkerFailed


class Asking(ModalScreen[None]):
    """Asks for something, and has a place to show the answer in only while it is there."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()

    def on_mount(self) -> None:
        """Ask."""
        self.run_worker(self._show())

    async def _show(self) -> None:
        try:
            await self.answered.wait()
            self.query_one("#gone")
        finally:
            self.ended.set()


async def _answered(stays: bool) -> bool:
    """Let an answer come while its screen stays or is left; whether the program goes on then."""
    async with a_floor() as stage:
        screen = Asking()
        await stage.app.push_screen(screen)
        left = None if stays else stage.app.pop_screen()
        screen.answered.set()
        if left is not None:
            await left
        await asyncio.wait_for(screen.ended.wait(), 20)
        return stage.app.is_running


async def test_an_answer_that_comes_while_its_screen_is_left_is_no_fault() -> None:
    assert await _answered(stays=False), "the program was ended"


async def test_what_is_not_found_on_a_screen_that_is_shown_is_a_fault() -> None:
    with pytest.raises(WorkerFailed, match="#gone"):
        await _answered(stays=True)

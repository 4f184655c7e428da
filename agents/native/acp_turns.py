"""The prompts of an editor and how each is answered: one at a time, and those that come meanwhile steer."""

from __future__ import annotations

import asyncio
import itertools

from agents.drivers import TurnEnd
from agents.drivers.native import NativeDriver

COMPACT = "compact"
"""The command that shortens the conversation."""


class _Prompt:
    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.text = text
        self.is_command = text.strip() == f"/{COMPACT}"
        self.end: asyncio.Future[TurnEnd] = asyncio.get_running_loop().create_future()

    def over(self, end: TurnEnd) -> None:
        """Answer it, unless nobody waits for that any more."""
        if not self.end.done():
            self.end.set_result(end)


class Turns:
    """The prompts of one session.

    The protocol does not say what a prompt means that comes while another one is worked on. Editors send one to say
    something at once, or right after they have cancelled; agents that take it answer the prompt before it when they
    turn to the next one, which is what is done here.
    """

    def __init__(self, driver: NativeDriver) -> None:
        self._driver = driver
        self._numbers = itertools.count(1)
        self._prompts: list[_Prompt] = []
        """Those without an answer, in order."""
        self._is_at_work = False
        """On the first of them."""
        self._working: asyncio.Task[None] | None = None

    async def say(self, text: str) -> TurnEnd:
        """Work on a prompt until idle, or until the agent turns to the next one."""
        prompt = _Prompt(next(self._numbers), text)
        self._prompts.append(prompt)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        elif self._is_at_work and not any(each.is_command for each in self._prompts):
            self._driver.steer(prompt.number, text)  # a prompt that comes too late for that gets a turn of its own
        return await prompt.end

    def turned_to(self, number: int) -> None:
        """The running turn has come to a prompt that steered it."""
        while any(prompt.number == number for prompt in self._prompts[1:]):
            self._prompts.pop(0).over(TurnEnd(outcome="done"))

    async def cancel(self) -> None:
        """Interrupt what runs; what waits is not begun."""
        first = 1 if self._is_at_work else 0
        waiting, self._prompts[first:] = self._prompts[first:], []
        for prompt in waiting:
            prompt.over(TurnEnd(outcome="interrupted"))
        await self._driver.interrupt()

    async def _work(self) -> None:
        while self._prompts:
            self._is_at_work = True
            first = self._prompts[0]
            try:
                end = await (self._driver.compact() if first.is_command else self._driver.run_turn(first.text))
            except Exception as fault:  # ours: it belongs to whoever waits for the answer
                self._prompts.pop(0).end.set_exception(fault)
            else:
                self._prompts.pop(0).over(end)
            self._is_at_work = False
        self._working = None

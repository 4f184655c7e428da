"""kill -9 of the screen: the agents work on, and a new screen shows them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios

from tests.app.fault_house import PATIENCE_SECONDS, RESTING, House, house, task_that
from tests.shell import ROOT

__all__ = ["house"]


class Screen:
    """The floor in a pseudo-terminal, with everything it has written."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.seen = b""
        self._more = asyncio.Event()

    async def __aenter__(self) -> Screen:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "app" / "launch.py"),
            str(self._house.project),
            cwd=self._house.folder,
            env={**self._house.variables, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        return self

    def _read(self) -> None:
        try:
            self.seen += os.read(self._master, 65_536)
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._master)
        self._more.set()

    async def shows(self, words: str) -> None:
        """Wait until a text has been painted."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while words.encode() not in self.seen and self.process.returncode is None:
                    self._more.clear()
                    await self._more.wait()
        assert words.encode() in self.seen, f"never painted {words!r}; the end of it all: {self.seen[-2000:]!r}"

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)


async def test_agents_work_on_when_their_screen_is_killed_and_a_new_one_shows_them(house: House) -> None:
    await house.with_sample(delay_ms=15)
    engine = await house.start()
    async with house.client() as client:
        tasks = await house.give_tasks(client, 2)
        async with Screen(house) as screen:
            for task in tasks:
                await screen.shows(task.title[:16])
            await task_that(client, tasks[0].id, lambda known: known.state == "working", "its turn")
            screen.process.kill()
            await screen.process.wait()
        assert (await client.info()).pid == engine.pid, "the same engine goes on"
        async with Screen(house) as again:
            for task in tasks:
                await again.shows(task.title[:16])
            for task in tasks:
                known = await task_that(client, task.id, lambda known: known.state in RESTING, "its end")
                assert (known.state, known.check_state, known.turn) == ("ready", "passed", 1), known.reason
            await again.shows("ready")

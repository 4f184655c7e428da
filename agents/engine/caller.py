"""Calls the person by the desktop's notifications, and keeps the machine awake while agents work."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from datetime import datetime

from agents.calls import call_about, is_quiet
from agents.config import Config
from agents.engine.hub import Hub
from agents.engine.ledger import Ledger
from agents.errors import UsageError
from agents.events import EngineNotice
from agents.model import ACTIVE_STATES, Task

LONGEST_WORDS = 240
_CALLING = "osascript" if sys.platform == "darwin" else "notify-send"

_log = logging.getLogger(__name__)


class Caller:
    """Watches all tasks. Without the programs it needs it does nothing, which `shopfloor doctor` says."""

    def __init__(self, ledger: Ledger, hub: Hub, config: Config) -> None:
        self._ledger = ledger
        self._hub = hub
        self._config = config
        self._calling: set[asyncio.Task[None]] = set()
        self._awake: asyncio.subprocess.Process | None = None
        self._settling: asyncio.Task[None] | None = None
        self._said: set[str] = set()
        ledger.on_change.append(self._task_changed)

    async def close(self) -> None:
        """Let the machine sleep again."""
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)
        await self._let_sleep()

    def _task_changed(self, before: Task | None, after: Task) -> None:
        words = call_about(before, after)
        if words and self._wants_call():
            call = asyncio.get_running_loop().create_task(self._call(words))
            self._calling.add(call)
            call.add_done_callback(self._calling.discard)
        if (before is None or before.state != after.state) and self._settling is None:
            self._settling = asyncio.get_running_loop().create_task(self._settle())

    # calls

    def _wants_call(self) -> bool:
        wanted = self._config.notify
        if wanted.desktop == "off" or (wanted.desktop == "away" and len(self._hub)):
            return False
        try:
            return not is_quiet(wanted.quiet, datetime.now())
        except UsageError as error:
            if "quiet" not in self._said:
                self._said.add("quiet")
                self._ledger.publish(EngineNotice(text=str(error), severity="warning"))
            return True

    async def _call(self, words: str) -> None:
        text = "".join(character if character.isprintable() else " " for character in words)[:LONGEST_WORDS]
        if sys.platform == "darwin":
            quoted = text.replace("\\", "\\\\").replace('"', '\\"')
            script = f'display notification "{quoted}" with title "Shopfloor"'
            await self._run("-e", script)
        else:
            await self._run("--app-name=Shopfloor", "--", "Shopfloor", text)

    async def _run(self, *arguments: str) -> None:
        if problem := _no_calls():
            self._note(problem)
            return
        process = await asyncio.create_subprocess_exec(
            _CALLING, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        if process.returncode:
            self._note(f"{_CALLING} failed: {said.decode('utf-8', 'replace').strip()[:200]}")

    def _note(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            _log.warning("%s", text)

    # keeping awake

    async def _settle(self) -> None:
        """Bring the machine into the state that fits what works now; states that pass quickly cost nothing."""
        try:
            await asyncio.sleep(1.0)
            at_work = any(task.state in ACTIVE_STATES for task in self._ledger.tasks.values())
            if at_work and self._config.engine.keep_awake:
                await self._keep_awake()
            else:
                await self._let_sleep()
        finally:
            self._settling = None

    async def _keep_awake(self) -> None:
        if self._awake is not None and self._awake.returncode is None:
            return
        if problem := _no_wakefulness():
            self._note(problem)
            return
        # it ends with us, however we end: its standard input closes, or it watches our process
        self._awake = await asyncio.create_subprocess_exec(
            *_keeping_awake(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def _let_sleep(self) -> None:
        process, self._awake = self._awake, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        if sys.platform == "darwin":
            process.terminate()
        await process.wait()


def missing(config: Config) -> list[str]:
    """What the person wants of this machine and it has no program for, each a sentence."""
    calls = _no_calls() if config.notify.desktop != "off" else ""
    wakefulness = _no_wakefulness() if config.engine.keep_awake else ""
    return [problem for problem in (calls, wakefulness) if problem]


def _no_calls() -> str:
    return "" if shutil.which(_CALLING) else f"Nobody is called by the desktop: {_CALLING} is not installed."


def _no_wakefulness() -> str:
    program = _keeping_awake()[0]
    return "" if shutil.which(program) else f"The machine may sleep while agents work: {program} is not installed."


def _keeping_awake() -> list[str]:
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-w", str(os.getpid())]
    return [
        "systemd-inhibit", "--what=idle:sleep", "--who=Shopfloor", "--why=Coding agents are at work",
        "--mode=block", "/bin/cat",
    ]  # fmt: skip

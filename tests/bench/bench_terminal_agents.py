"""Agents in a terminal: from start to ready, and what we take beside what they take themselves.

The fake agent of the tests shows what is ours; a real one, where ``make test-agents`` has installed it, shows how much
that is beside an agent. All are confined, with the network off. Beside them stands the same program alone in a PTY.
"""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from agents import paths
from agents.drivers.terminal.session import Session
from agents.profiles import load_profile
from agents.sandbox import Policy, Runner, choose_runner
from agents.sandbox.defaults import base_environment, hidden_places
from agents.sandbox.policy import PtySize
from agents.terminal.rules import Rule, TerminalSection
from tests.bench.bench_engine import ROOT, scratch
from tests.bench.measure import Figure, summary
from tests.real.tried import PI_TERMINAL, search_path

RUNS = 5
KEPT = 10
SECONDS = 10
"""How long processor time is looked at."""
READY_SECONDS = 60
_FAKE = ROOT / "tests" / "agents" / "terminal" / "fake_tui.py"
_STAR = "✳"
"""Stands in the title of the fake agent when it is ready."""


def terminal_agents() -> Sequence[Figure]:
    """All of it."""
    installed = Path(os.environ.get("SHOPFLOOR_TEST_AGENTS") or ROOT / ".test-agents")
    with scratch() as folder:
        os.environ["SHOPFLOOR_HOME"] = str(folder / "home")
        return asyncio.run(_figures(folder, installed))


async def _figures(folder: Path, installed: Path) -> list[Figure]:
    bench = _Bench(folder, await choose_runner(), (str(ROOT), str(installed)))
    fake = _fake("")
    figures = [
        await bench.kept(fake),  # first: later ones find memory of those before
        *await bench.starts("fake", fake),
        summary("terminal fake: the same alone in a PTY, to its prompt", bench.alone(fake, _STAR), "ms"),
        *await bench.processor("at its prompt", fake),
        *await bench.processor("that draws its prompt five times a second", _fake("redraws")),
    ]
    if (installed / "node_modules" / ".bin" / PI_TERMINAL.program).exists():
        section = load_profile(PI_TERMINAL.profile).profile.terminal
        assert section is not None
        figures += await bench.starts("pi", section, {"PATH": search_path(installed)})
    else:
        print("pi was left out: `make test-agents` installs it.")
    return figures


def _fake(fault: str) -> TerminalSection:
    return TerminalSection(
        command=(sys.executable, "-S", str(_FAKE), fault),
        settle_seconds=0.3,
        working=(Rule(on="title", match="^[⠀-⣿]"), Rule(match="esc to interrupt")),
        idle=(Rule(on="title", match=f"^{_STAR}"), Rule(match="^>( |$)", lines=3)),
    )


class _Bench:
    def __init__(self, folder: Path, runner: Runner, read: tuple[str, ...]) -> None:
        self._folder = folder
        self._runner = runner
        self._read = read
        self._number = 0

    async def start(self, section: TerminalSection, variables: dict[str, str] | None = None) -> Session:
        """A confined agent, started."""
        self._number += 1
        task = self._folder / str(self._number)
        for name in ("worktree", "temp", "home"):
            paths.make_private(task / name)
        policy = Policy(
            directory=str(task / "worktree"),
            write=(str(task),),
            read=self._read,
            hide=hidden_places(),
            temp=str(task / "temp"),
            network=False,
            environment=base_environment()
            | {"HOME": str(task / "home"), "SHOPFLOOR_TASK": task.name}
            | (variables or {}),
        )
        session = Session(section, task, PtySize(columns=120, rows=40))
        session.is_watched = lambda: False
        await session.start(self._runner, policy, section.command, {"session": "1", "worktree": policy.directory})
        return session

    async def ready(self, session: Session) -> None:
        """Wait until it takes a prompt."""
        is_ready = await session.until(lambda: session.status.state == "idle", READY_SECONDS)
        assert is_ready, f"it is {session.status.state}: {session.emulator.screen_text()}"

    async def starts(
        self, name: str, section: TerminalSection, variables: dict[str, str] | None = None
    ) -> list[Figure]:
        """From the start to what it draws first and to ready; memory of both sides."""
        drawn: list[float] = []
        ready: list[float] = []
        memories = []
        for _ in range(RUNS):
            begun = time.perf_counter()
            session = await self.start(section, variables)
            try:
                await session.until(lambda: session.offset, READY_SECONDS)  # noqa: B023 (awaited here)
                drawn.append(1000 * (time.perf_counter() - begun))
                await self.ready(session)
                ready.append(1000 * (time.perf_counter() - begun))
                memories.append(self._memory())
            finally:
                await session.end()
        theirs, ours = ([memory[side] for memory in memories] for side in (0, 1))
        settle = f"{section.settle_seconds:g} s of them it must be silent"
        return [
            summary(f"terminal {name}: start to its first output", drawn, "ms"),
            summary(f"terminal {name}: start to ready for a prompt", ready, "ms", detail=settle),
            summary(f"terminal {name}: its own memory", theirs, "MB"),
            summary(f"terminal {name}: ours beside it (sandbox)", ours, "MB", 20.0),
        ]

    def alone(self, section: TerminalSection, sign: str) -> list[float]:
        """Milliseconds to a sign in what the program writes, when nothing of ours is around it."""
        times = []
        for _ in range(RUNS):
            master, slave = pty.openpty()
            begun = time.perf_counter()
            process = subprocess.Popen(section.command, stdin=slave, stdout=slave, stderr=slave, cwd=self._folder)
            os.close(slave)
            try:
                seen = b""
                while sign.encode() not in seen:
                    seen += os.read(master, 65_536)
                times.append(1000 * (time.perf_counter() - begun))
            finally:
                process.kill()
                process.wait()
                os.close(master)
        return times

    async def kept(self, section: TerminalSection) -> Figure:
        """Memory of this process for each agent that waits at its prompt."""
        before = psutil.Process().memory_info().rss
        sessions = [await self.start(section) for _ in range(KEPT)]
        try:
            for session in sessions:
                await self.ready(session)
            grown = (psutil.Process().memory_info().rss - before) / KEPT / 1e6
        finally:
            await asyncio.gather(*(session.end() for session in sessions))
        return Figure("terminal: memory in the engine for an agent that waits", grown, "MB", 2.0, f"{KEPT} of them")

    async def processor(self, how: str, section: TerminalSection) -> list[Figure]:
        """Processor time of this process, and of the agents themselves, with agents out of view."""
        sessions = [await self.start(section) for _ in range(KEPT)]
        try:
            for session in sessions:
                await self.ready(session)
            await asyncio.sleep(1)
            theirs, ours = _processor_of_children(), time.process_time()
            await asyncio.sleep(SECONDS)
            ours, theirs = time.process_time() - ours, _processor_of_children() - theirs
        finally:
            await asyncio.gather(*(session.end() for session in sessions))
        detail = f"of a core, {KEPT} of them over {SECONDS} s"
        return [
            Figure(f"terminal: ours for an agent {how}", ours / SECONDS / KEPT * 100, "%", detail=detail),
            Figure(f"terminal: its own, {how}", theirs / SECONDS / KEPT * 100, "%", detail=detail),
        ]

    def _memory(self) -> tuple[float, float]:
        """Of the agent that was started last, and of what we have put around it (proportional set size)."""
        theirs = ours = 0.0
        for process in psutil.Process().children(recursive=True):
            try:
                line = process.cmdline()
                size = process.memory_full_info().pss / 1e6
                mine = bool(line[:1]) and Path(line[0]).name == "bwrap"
                if process.environ().get("SHOPFLOOR_TASK") not in (None, str(self._number)):
                    continue
            except (psutil.Error, OSError):
                continue
            theirs, ours = (theirs, ours + size) if mine else (theirs + size, ours)
        return theirs, ours


def _processor_of_children() -> float:
    seconds = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        seconds += times.user + times.system
    return seconds

"""Terminals: how much a program can write, how long a key takes to its agent and back to the screen, and what it costs.

Beside ours stands the same in tmux: a program behind tmux's server, seen by a tmux client.
"""

from __future__ import annotations

import asyncio
import os
import pty
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import termios
import time
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil

from agents.drivers.terminal.session import Session
from tests.bench.measure import Figure, summary

RUNS = 3
KEYS = 60
FLOOD_MEGABYTES = 40
ECHO = """
import os, tty
tty.setraw(0)
os.write(1, b"ready")
while True:
    data = os.read(0, 64)
    os.write(1, b"<" + data + b">")
"""
PIECES = """
import os, time, tty
tty.setraw(0)
os.write(1, b"ready")
while True:
    data = os.read(0, 64)
    os.write(1, b"\\x1b[?25l")
    time.sleep(0.003)
    os.write(1, b"<" + data + b">\\x1b[?25h")
"""
"""Draws in several pieces, as full-screen programs do."""
STREAM = """
import os, time
for number in range(1_000_000):
    os.write(1, b"line %d of what goes on beside\\r\\n" % number)
    time.sleep(0.01)
"""
TRICKLE = """
import os, time
os.read(0, 1)
for number in range(3_000):
    os.write(1, b"\\x1b[38;5;99mword\\x1b[0m and some more text, piece by piece\\r\\n")
    time.sleep(0.001)
os.write(1, b"END")
os.read(0, 1)
"""
FLOOD = """
import os, sys
block = (b"x" * 78 + b"\\r\\n") * 800
os.read(0, 1)
for _ in range(int(sys.argv[1]) * 1_000_000 // len(block)):
    left = memoryview(block)
    while left:
        left = left[os.write(1, left):]
os.write(1, b"END")
os.read(0, 1)
"""


def terminal() -> list[Figure]:
    """All of it."""
    figures = emulation()
    figures += asyncio.run(_ours())
    if shutil.which("tmux"):
        figures += _tmux()
    return figures


def emulation() -> list[Figure]:
    """The emulator alone, in chunks as a pty gives them, and a pane painting what it shows."""
    from agents.terminal.emulator import Emulator

    plain = b"".join(b"word another some more text %d\r\n" % number for number in range(60_000))
    colour = b"".join(
        b"\x1b[38;2;%d;%d;%dmword\x1b[0m " % (n % 256, n * 7 % 256, n * 3 % 256) + (b"\r\n" if n % 14 == 0 else b"")
        for n in range(60_000)
    )
    figures = []
    for name, data in (("plain text", plain), ("true colour for every word", colour)):
        speeds = []
        for _ in range(RUNS):
            emulator = Emulator(120, 40)
            began = time.perf_counter()
            for place in range(0, len(data), 4096):
                emulator.feed(data[place : place + 4096])
            speeds.append(len(data) / 1e6 / (time.perf_counter() - began))
            emulator.close()
        figures.append(summary(f"emulator, 120×40: {name}", speeds, "MB/s"))
    emulator = Emulator(120, 40)
    emulator.feed(colour)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        emulator.lines(emulator.total_rows - 40, emulator.total_rows)
        times.append((time.perf_counter() - began) * 1000)
    figures.append(summary("rows of a screen full of colours as runs of text", times, "ms"))
    times = []
    for _ in range(10):
        began = time.perf_counter()
        state = emulator.snapshot()
        times.append((time.perf_counter() - began) * 1000)
    emulators, before = [], psutil.Process().memory_info().rss
    for _ in range(10):
        emulators.append(Emulator(120, 40))
        emulators[-1].feed(plain)
    grown = (psutil.Process().memory_info().rss - before) / 1e7
    figures.append(Figure("memory of a terminal with all the scroll-back it keeps", grown, "MB"))
    figures.append(summary("state of it with all its scroll-back", times, "ms", detail=f"{len(state) // 1000} kB"))
    return figures


async def _ours() -> list[Figure]:
    """A session in the sandbox, as the engine has it, and a listener that watches it."""
    from agents.sandbox import choose_runner
    from agents.sandbox.policy import Policy, PtySize
    from agents.terminal.rules import TerminalSection

    runner = await choose_runner()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        (top / "tmp").mkdir()
        policy = Policy(
            directory=str(top),
            write=(str(top),),
            temp=str(top / "tmp"),
            network=False,
            environment={"PATH": os.environ["PATH"]},
        )

        async def started(program: str, *arguments: str) -> Session:
            section = TerminalSection(command=(sys.executable, "-S", "-c", program, *arguments), quiet_seconds=0.2)
            session = Session(section, top, PtySize(columns=120, rows=40))
            await session.start(runner, policy, section.command, {})
            return session

        starts, floods, cpu = [], [], []
        for _ in range(RUNS):
            began = time.perf_counter()
            session = await started(ECHO)
            await _begun(session)
            starts.append((time.perf_counter() - began) * 1000)
            await session.end()
            session = await started(FLOOD, str(FLOOD_MEGABYTES))
            await asyncio.sleep(0.5)
            before, used = time.perf_counter(), time.process_time()
            session.type(b"\r")
            await _ended(session)
            floods.append(session.offset / 1e6 / (time.perf_counter() - before))
            cpu.append((time.process_time() - used) / (time.perf_counter() - before) * 100)
            await session.end()
        trickles = [await _trickle(started, watched) for watched in (True, False)]
        session = await started(ECHO)
        await _begun(session)
        arrived = asyncio.Event()
        session.on_output = lambda _offset, _data: arrived.set()
        delays = []
        for _ in range(KEYS):
            arrived.clear()
            began = time.perf_counter()
            session.typed_by_person(b"k")
            await arrived.wait()
            delays.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.02)
        await session.end()
    return [
        summary("start of a program in its sandbox and PTY to its first output", starts, "ms"),
        summary(f"flood of {FLOOD_MEGABYTES} MB through sandbox, PTY, emulator and record", floods, "MB/s"),
        summary("processor of the engine during the flood", cpu, "%"),
        *trickles,
        summary("key → agent → engine's emulator", delays, "ms", detail=f"p95 {_p95(delays):.1f}"),
        *_ours_to_the_screen("floor at 120×40", ECHO),
        *_ours_to_the_screen("drawn in two pieces", PIECES),
        *_ours_to_the_screen("another agent streams 100 pieces a second beside it", ECHO, beside=STREAM),
    ]


async def _trickle(started: Callable[..., Awaitable[Session]], watched: bool) -> Figure:
    """What a program costs the engine that writes a thousand small pieces a second."""
    session = await started(TRICKLE)
    session.is_watched = lambda: watched
    await asyncio.sleep(0.5)
    before, used = time.perf_counter(), time.process_time()
    session.type(b"\r")
    await _ended(session)
    used, seconds = time.process_time() - used, time.perf_counter() - before
    size = session.offset / 1e6
    await session.end()
    who = "watched" if watched else "out of view"
    detail = f"{used / size * 1000:.0f} ms for a megabyte"
    return Figure(f"processor of the engine, 1,000 pieces a second, {who}", used / seconds * 100, "%", detail=detail)


async def _begun(session: Session) -> None:
    await session.until(lambda: session.offset >= 5, 20)


async def _ended(session: Session) -> None:
    await session.until(lambda: "END" in "".join(session.emulator.screen_text()), 60)


def _ours_to_the_screen(how: str, typed: str, beside: str = "") -> list[Figure]:
    """A key pressed in the real floor in a terminal, to its echo on that terminal, engine and socket between."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        profiles = top / "home" / "config" / "profiles"
        profiles.mkdir(parents=True)
        (top / "home" / "state").mkdir()
        (top / "home" / "state" / "tour").touch()  # it stands before the panes when the floor is opened first
        for name, program in (("typed", typed), ("beside", beside)):
            (top / f"{name}.py").write_text(program)
            (profiles / f"{name}.toml").write_text(
                f'name = "{name}"\ndriver = "terminal"\n[sandbox]\nmode = "none"\n[terminal]\n'
                f'command = ["{sys.executable}", "-S", "{top}/{name}.py"]\nechoes = false\nquiet_seconds = 0.3\n'
            )
        repository = top / "repository"
        repository.mkdir()
        identity = ["-c", "user.name=P", "-c", "user.email=p@example.invalid"]
        subprocess.run(["git", "init", "-q", "-b", "main"], cwd=repository, check=True)
        subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "1"], cwd=repository, check=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(top),
            "SHOPFLOOR_HOME": str(top / "home"),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }
        launch = [sys.executable, str(Path(__file__).resolve().parents[2] / "app" / "launch.py")]

        def shop(*words: str) -> None:
            subprocess.run(
                [*launch, *words], cwd=repository, env=environment, check=False, capture_output=True, timeout=60
            )

        try:
            if beside:
                shop("run", "-p", "beside", "--no-check", "hello beside")
            shop("run", "-p", "typed", "--no-check", "--wait", "hello")
            screen = _Screen(launch, environment, repository)
            try:
                screen.until(rb"hello", 20)
                time.sleep(0.5)
                screen.key(b"\r")
                time.sleep(1.5)
                delays = [screen.echo() for _ in range(KEYS)]
            finally:
                screen.end()
        finally:
            shop("engine", "stop")
    found = [delay for delay in delays if delay is not None]
    name = f"key → agent → screen: {how}"
    if len(found) < KEYS // 2:
        return [Figure(name, float("nan"), "ms", detail="no echo was seen")]
    return [summary(name, found, "ms", detail=f"p95 {_p95(found):.1f}")]


def _tmux() -> list[Figure]:
    """The same program behind tmux."""
    with tempfile.TemporaryDirectory() as folder:
        socket = str(Path(folder) / "socket")
        echo, flood = Path(folder) / "echo.py", Path(folder) / "flood.py"
        echo.write_text(ECHO)
        flood.write_text(FLOOD)
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        base = ["tmux", "-S", socket, "-f", "/dev/null"]
        try:
            command = [*base, "new-session", f"{sys.executable} -S {echo}"]
            screen = _Screen(command, environment, Path(folder))
            screen.until(rb"ready", 10)
            time.sleep(0.5)
            delays = [delay for delay in (screen.echo() for _ in range(KEYS)) if delay is not None]
            screen.end()
            speeds = []
            for number in range(RUNS):
                session = f"flood{number}"
                start = f"{sys.executable} -S {flood} {FLOOD_MEGABYTES}"
                screen = _Screen([*base, "new-session", "-s", session, start], environment, Path(folder))
                time.sleep(0.7)
                began = time.perf_counter()
                screen.key(b"\r")
                screen.until(rb"END", 60)
                speeds.append(FLOOD_MEGABYTES / (time.perf_counter() - began))
                screen.end()
        finally:
            subprocess.run([*base, "kill-server"], env=environment, check=False, capture_output=True)
    return [
        summary(f"tmux: flood of {FLOOD_MEGABYTES} MB, its client attached", speeds, "MB/s"),
        summary("tmux: key → program → screen at 120×40", delays, "ms", detail=f"p95 {_p95(delays):.1f}"),
    ]


class _Screen:
    """A program in a terminal of ours, read as it comes."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._pid, self._master = pty.fork()
        if not self._pid:
            os.chdir(folder)
            os.execvpe(command[0], command, environment)
        tty.setraw(self._master)
        termios.tcsetwinsize(self._master, (40, 120))
        os.set_blocking(self._master, False)
        self._seen = b""
        self._letters = iter("abcdefghijklmnopqrstuvwxyz" * 20)

    def _read(self) -> bytes:
        try:
            data = os.read(self._master, 1 << 20)
        except (BlockingIOError, OSError):
            return b""
        return data

    def until(self, pattern: bytes, seconds: float) -> bool:
        """Read until it shows."""
        seen, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            seen = (seen + self._read())[-200_000:]
            if re.search(pattern, seen):
                return True
            time.sleep(0.0005)
        return False

    def key(self, data: bytes) -> None:
        os.write(self._master, data)

    def echo(self) -> float | None:
        """Milliseconds from a key to its echo."""
        time.sleep(0.05)
        self._read()
        letter = next(self._letters).encode()
        began = time.perf_counter()
        self.key(letter)
        return (time.perf_counter() - began) * 1000 if self.until(b"<" + letter + b">", 2) else None

    def end(self) -> None:
        os.close(self._master)
        for _ in range(100):
            if os.waitpid(self._pid, os.WNOHANG)[0]:
                return
            time.sleep(0.05)
        os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]

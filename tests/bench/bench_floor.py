"""The real program in a real terminal: how long until the floor is there, and what it holds in memory."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.bench.bench_engine import ROOT, a_repository, clean_environment, scratch
from tests.bench.bench_screen import without_tour
from tests.bench.measure import Figure, summary

RUNS = 7
SHOWN = b"No task yet"
"""What the empty floor says."""


def floor() -> Sequence[Figure]:
    """First paint with the engine up, memory and idle CPU of a screen."""
    with scratch() as folder:
        environment = clean_environment(folder) | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        without_tour(Path(environment["SHOPFLOOR_HOME"]))
        saved = dict(os.environ)
        os.environ.update(environment)
        try:
            repository = a_repository(folder / "repository", 50)
        finally:
            os.environ.clear()
            os.environ.update(saved)
        command = [sys.executable, str(ROOT / "app" / "launch.py")]
        subprocess.run([*command, "engine", "start"], env=environment, check=True, capture_output=True)
        try:
            paints, memory, idle = [], 0.0, 0.0
            for number in range(RUNS + 1):
                milliseconds, memory, idle = _open(command, repository, environment, watch=number == RUNS)
                paints.append(milliseconds)
        finally:
            subprocess.run([*command, "engine", "stop"], env=environment, check=True, capture_output=True)
    return [
        summary("first paint of the floor, engine up", paints[1:], "ms", 400),
        Figure("memory of a screen with an empty floor", memory, "MB", None, "resident, once"),
        Figure("CPU of an idle screen", idle, "%", 1, "of a core, over 10 s"),
    ]


def _open(command: list[str], at: Path, environment: dict[str, str], watch: bool) -> tuple[float, float, float]:
    """Open the floor in a pty of 160 by 45 and leave it again: milliseconds to its text, MB, per cent of a core."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=at, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    try:
        seen, milliseconds = b"", 0.0
        while SHOWN not in seen:
            ready, _, _ = select.select([master], [], [], 20)
            if not ready:
                raise RuntimeError(f"the floor did not appear: {seen[-2000:]!r}")
            seen += os.read(master, 65536)
        milliseconds = (time.perf_counter() - began) * 1000
        memory = idle = 0.0
        if watch:
            screen = psutil.Process(process.pid)
            _drain(master, 2)
            before = screen.cpu_times()
            _drain(master, 10)
            after = screen.cpu_times()
            idle = (after.user + after.system - before.user - before.system) / 10 * 100
            memory = screen.memory_info().rss / 1e6
        return milliseconds, memory, idle
    finally:
        process.terminate()
        _drain(master, 0.2)
        process.kill()
        process.wait()
        os.close(master)


def _drain(master: int, seconds: float) -> None:
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        ready, _, _ = select.select([master], [], [], left)
        if ready:
            try:
                if not os.read(master, 65536):
                    return
            except OSError:
                return  # the other end is closed

"""The whole program in a pseudo-terminal while many agents stream: from a key to the painted answer.

    .venv/bin/python tests/bench/bench_screen.py [--panes 4 16 20 36 64] [--rate 50 100] [--tasks 200] [--json]

The screen is the real one on the real socket. What streams comes from ``streaming_engine.py``, so that the figures are
the screen's own. Keys are typed into the composer from outside, and the time is taken until the letters are on the
terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pty
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.bench.bench_panes import Terminal, cpu_seconds, resident_bytes  # noqa: E402

COLUMNS, ROWS = 200, 60
LETTERS = "bcdfghjklmnpqrstvwxz"
WORD = 8
"""Letters after which a blank is typed, so that the composer wraps between words."""
LINE = 60
"""Letters after which all are taken back."""


@contextlib.contextmanager
def streaming_engine(tasks: int, streaming: int, rate: int) -> Iterator[tuple[dict[str, str], int]]:
    """An engine as ``streaming_engine.py`` says: the environment in which a screen finds it, and its process."""
    with tempfile.TemporaryDirectory(prefix="sf-bench-", dir="/tmp") as home:
        project = Path(home) / "shop"
        project.mkdir()
        environment = {
            "SHOPFLOOR_HOME": home, "HOME": home, "PATH": os.defpath, "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }  # fmt: skip
        command = [sys.executable, str(ROOT / "tests/bench/streaming_engine.py"), str(tasks), str(streaming), str(rate)]
        process = subprocess.Popen([*command, str(project)], env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            if process.stdout.readline() != b"listening\n":
                raise RuntimeError("the streaming engine did not start")
            yield environment, process.pid
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@contextlib.contextmanager
def screen(environment: dict[str, str], until: bytes) -> Iterator[tuple[Terminal, int]]:
    """The program in a terminal, once it shows a text: the terminal and its process."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [sys.executable, str(ROOT / "app" / "launch.py"), environment["SHOPFLOOR_HOME"] + "/shop"]
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )  # fmt: skip
    os.close(slave)
    terminal = Terminal(master, 0)
    try:
        terminal.wait_for(until, 30)
        yield terminal, process.pid
    finally:
        process.kill()
        process.wait()
        os.close(master)


def type_into_composer(terminal: Terminal, seconds: float, seed: int = 1) -> list[float]:
    """Milliseconds from each letter to the terminal, sorted."""
    dice = random.Random(seed)
    waits: list[float] = []
    typed = ""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if len(typed) >= LINE:
            terminal.type(b"\x7f" * len(typed))
            terminal.drain(0.5)
            typed = ""
        if len(typed) % (WORD + 1) == WORD:
            terminal.type(b" ")
            typed += " "
            terminal.drain(0.1)
        letter = dice.choice(LETTERS)
        typed += letter
        wanted = typed.rpartition(" ")[2][-WORD:]
        terminal.forget()
        at = time.monotonic()
        terminal.type(letter.encode())
        waits.append(1000 * (terminal.wait_for(wanted.encode(), 30) - at))
        terminal.drain(0.04 + 0.06 * dice.random())
    return sorted(waits)


def measure(panes: int, rate: int, tasks: int, seconds: float) -> dict[str, float]:
    """Type while so many panes stream; milliseconds from key to paint, and what both processes used."""
    with (
        streaming_engine(max(tasks, panes), panes, rate) as (environment, engine),
        screen(environment, b"Task 000") as (terminal, pid),
    ):
        terminal.drain(2.0)
        terminal.type(b"1")
        terminal.drain(0.5)
        terminal.type(b"i")
        terminal.drain(1.5)
        before, taken, began = (cpu_seconds(pid), cpu_seconds(engine)), terminal.taken, time.monotonic()
        waits = type_into_composer(terminal, seconds)
        elapsed = time.monotonic() - began
        return {
            "panes": panes, "rate": rate, "tasks": tasks, "keys": len(waits),
            "p50_ms": round(statistics.median(waits), 1), "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
            "p99_ms": round(waits[int(len(waits) * 0.99)], 1), "max_ms": round(waits[-1], 1),
            "screen_cpu": round(100 * (cpu_seconds(pid) - before[0]) / elapsed),
            "engine_cpu": round(100 * (cpu_seconds(engine) - before[1]) / elapsed),
            "kB_per_s": round((terminal.taken - taken) / elapsed / 1000),
            "rss_MB": round(resident_bytes(pid) / 1e6), "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Key to paint of the whole program")
    parser.add_argument("--panes", type=int, nargs="+", default=[4, 16, 20, 36, 64])
    parser.add_argument("--rate", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for rate in arguments.rate:
        for panes in arguments.panes:
            result = measure(panes, rate, arguments.tasks, arguments.seconds)
            if arguments.json:
                print(json.dumps(result), flush=True)
            else:
                print("  ".join(f"{name} {value:g}" for name, value in result.items()), flush=True)


if __name__ == "__main__":
    main()

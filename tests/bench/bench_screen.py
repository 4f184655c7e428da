"""The whole program in a pseudo-terminal while many agents stream: from a key to the painted answer.

    .venv/bin/python tests/bench/bench_screen.py [--panes 4 20 64] [--rate 50 100] [--tasks 200] [--agents]
    .venv/bin/python tests/bench/bench_screen.py --hour 60 --panes 16

``--agents``: real agents of the real engine instead, which read the offline provider over HTTP through the SDK; the
engine and the provider then need the processor too, and the rate that arrives is named. ``--hour``: memory of the
screen before and after an hour of events (20 deltas a second for each pane), so many times faster.

The screen is the real one on the real socket. What streams comes from ``streaming_engine.py``, so that the figures are
the screen's own. Keys are typed into the composer from outside, and the time is taken until the letters are on the
terminal.
"""

from __future__ import annotations

import argparse
import asyncio
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
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.bench.bench_panes import Terminal, cpu_seconds, resident_bytes  # noqa: E402
from tests.bench.measure import Figure  # noqa: E402

COLUMNS, ROWS = 200, 60
LETTERS = "bcdfghjklmnpqrstvwxz"
WORD = 8
"""Letters after which a blank is typed, so that the composer wraps between words."""
LINE = 60
"""Letters after which all are taken back."""
TASKS = 200
AGENTS = 20
_NAMED = ("panes", "rate", "tasks", "p95_ms")


def run_screen(project: str) -> int:
    """The program itself, in the child; it notes how long collections of garbage take."""
    import gc

    began = 0.0
    pauses = Path(os.environ["SHOPFLOOR_BENCH_PAUSES"])

    def note(phase: str, _: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        elif pauses.exists():
            with pauses.open("a") as file:
                file.write(f"{1000 * (time.perf_counter() - began):.2f}\n")

    gc.callbacks.append(note)
    from app.main import main as run

    return run([project])


def without_tour(home: Path) -> None:
    """A home whose owner has seen the tour."""
    (home / "state").mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "state" / "tour").touch()


@contextlib.contextmanager
def streaming_engine(tasks: int, streaming: int, rate: int) -> Iterator[tuple[dict[str, str], int]]:
    """An engine as ``streaming_engine.py`` says: the environment in which a screen finds it, and its process."""
    with tempfile.TemporaryDirectory(prefix="sf-bench-", dir="/tmp") as home:
        project = Path(home) / "shop"
        project.mkdir()
        without_tour(Path(home))
        environment = {
            "SHOPFLOOR_HOME": home, "HOME": home, "PATH": os.defpath, "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "COLORTERM": "truecolor", "SHOWN": "Task 000",
            "SHOPFLOOR_BENCH_PAUSES": f"{home}/pauses",
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
def real_agents(count: int, rate: int) -> Iterator[tuple[dict[str, str], int]]:
    """The real engine with so many agents whose answers stream so many pieces a second; the environment in which a
    screen finds it, and the process of the engine. The provider runs in this process, in a thread."""
    with tempfile.TemporaryDirectory(prefix="sf-bench-", dir="/tmp") as home, answering(1 / rate) as url:
        environment = {
            "SHOPFLOOR_HOME": home, "HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "TERM": "xterm-256color", "COLORTERM": "truecolor", "SHOWN": "Say",
            "SHOPFLOOR_BENCH_PAUSES": f"{home}/pauses",
        }  # fmt: skip
        without_tour(Path(home))
        profiles = Path(home) / "config" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "talker.toml").write_text(
            f'name = "Talker"\ndriver = "native"\n[native]\nprovider = "anthropic"\nmodel = "talker"\n'
            f'base_url = "{url}"\nneeds_key = false\n',
            "utf-8",
        )
        (profiles.parent / "config.toml").write_text(f"[engine]\nmax_active = {count}\nmin_free_mb = 200\n", "utf-8")
        shop = Path(home) / "shop"
        subprocess.run(["git", "init", "-q", str(shop)], check=True, env=environment)
        identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.invalid"]
        subprocess.run(
            ["git", *identity, "commit", "-q", "--allow-empty", "-m", "x"], check=True, cwd=shop, env=environment
        )
        command = [sys.executable, str(ROOT / "app" / "launch.py")]
        try:
            for number in range(count):
                run = [*command, "run", f"Say everything {number}", "-p", "talker"]
                subprocess.run(run, check=True, cwd=shop, env=environment, capture_output=True)
            status = subprocess.run(
                [*command, "engine", "status", "--json"], check=True, env=environment, capture_output=True
            )  # fmt: skip
            yield environment, int(json.loads(status.stdout)["pid"])
        finally:
            subprocess.run([*command, "engine", "stop"], env=environment, capture_output=True, check=False)


@contextlib.contextmanager
def answering(delay_seconds: float) -> Iterator[str]:
    """A model server on a loopback address that never stops talking."""
    from agents.offline import ModelRequest, OfflineServer, Reply, say
    from tests.bench.streaming_engine import TEXT

    def answer(_: ModelRequest) -> Reply:
        return say("".join(TEXT.format(n=number) for number in range(400)))

    loop = asyncio.new_event_loop()
    server = OfflineServer(answer, delay_seconds=delay_seconds)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    url = asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield url
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextlib.contextmanager
def screen(environment: dict[str, str], until: bytes) -> Iterator[tuple[Terminal, int]]:
    """The program in a terminal, once it shows a text: the terminal and its process."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [sys.executable, __file__, "--screen", environment["SHOPFLOOR_HOME"] + "/shop"]
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


def enter_composer(terminal: Terminal) -> None:
    """Stand in the composer, at the first task; the others that stream are on its page."""
    for keys in (b" ", b"i"):  # it is the one that needs the person most
        terminal.type(keys)
        terminal.drain(2.0)
    terminal.type(b"qxzj")
    terminal.wait_for(b"qxzj", 30)
    terminal.type(b"\x7f" * 4)
    terminal.drain(0.5)


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
    with streaming_engine(max(tasks, panes), panes, rate) as (environment, engine):
        return {"panes": panes, "rate": rate, "tasks": tasks} | typed(environment, engine, panes, seconds)


def typed(environment: dict[str, str], engine: int, panes: int, seconds: float) -> dict[str, float]:
    """Type into a screen; how long the answers took, and what screen and engine used meanwhile."""
    pauses = Path(environment["SHOPFLOOR_HOME"]) / "pauses"
    with screen(environment | {"SHOPFLOOR_BENCH_PAUSES": str(pauses)}, environment["SHOWN"].encode()) as (
        terminal,
        pid,
    ):
        terminal.drain(4.0)
        enter_composer(terminal)
        pauses.write_text("")
        before, taken, began = (cpu_seconds(pid), cpu_seconds(engine)), terminal.taken, time.monotonic()
        waits = type_into_composer(terminal, seconds)
        elapsed = time.monotonic() - began
        collections = [float(line) for line in pauses.read_text().split()] or [0.0]
        return {
            "keys": len(waits), "p50_ms": round(statistics.median(waits), 1),
            "p95_ms": round(waits[int(len(waits) * 0.95)], 1), "p99_ms": round(waits[int(len(waits) * 0.99)], 1),
            "max_ms": round(waits[-1], 1), "screen_cpu": round(100 * (cpu_seconds(pid) - before[0]) / elapsed),
            "engine_cpu": round(100 * (cpu_seconds(engine) - before[1]) / elapsed),
            "kB_per_s": round((terminal.taken - taken) / elapsed / 1000),
            "rss_MB": round(resident_bytes(pid) / 1e6), "collections": len(collections),
            "longest_collection_ms": round(max(collections), 1), "load": round(os.getloadavg()[0], 1),
        }  # fmt: skip


def screen_figures() -> Sequence[Figure]:
    """Figures for ``make bench``."""
    figures = []
    for rate in (50, 100):
        for panes in (4, 16, 20, 36, 64):
            result = measure(panes, rate, TASKS, 8)
            budget = {(20, 100): 25.0, (64, 100): 40.0}.get((panes, rate))
            detail = ", ".join(f"{name} {value:g}" for name, value in result.items() if name not in _NAMED)
            what = f"key to paint, {panes} panes at {rate} deltas/s, {TASKS} tasks, p95"
            figures.append(Figure(what, result["p95_ms"], "ms", budget, detail))
    with real_agents(AGENTS, 100) as (environment, engine):
        result = typed(environment, engine, AGENTS, 8)
        detail = ", ".join(f"{name} {value:g}" for name, value in result.items() if name not in _NAMED)
        what = f"key to paint, {AGENTS} real agents of the offline provider, p95"
        figures.append(Figure(what, result["p95_ms"], "ms", None, detail))
    before, after = an_hour_of_events()
    figures.append(Figure("memory of a screen after an hour of events", after, "MB", None, f"{before:.0f} at first"))
    return figures


def an_hour_of_events(panes: int = 16, times_faster: int = 60) -> tuple[float, float]:
    """Memory of a screen in MB, before and after an hour of 16 agents at 20 deltas a second, run faster."""
    with (
        streaming_engine(panes, panes, 20 * times_faster) as (environment, _),
        screen(environment, b"Task 000") as (terminal, pid),
    ):
        terminal.drain(5)
        before = resident_bytes(pid) / 1e6
        terminal.drain(3600 / times_faster)
        return before, resident_bytes(pid) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Key to paint of the whole program")
    parser.add_argument("--panes", type=int, nargs="+", default=[4, 16, 20, 36, 64])
    parser.add_argument("--rate", type=int, nargs="+", default=[50, 100])
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--agents", action="store_true", help="real agents of the offline provider")
    parser.add_argument("--hour", type=int, metavar="TIMES", help="memory after an hour of events, so often faster")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--screen", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.screen:
        sys.exit(run_screen(arguments.screen))
    if arguments.hour:
        before, after = an_hour_of_events(arguments.panes[0], arguments.hour)
        print(f"panes {arguments.panes[0]}  before_MB {before:.0f}  after_MB {after:.0f}", flush=True)
        return
    for rate in arguments.rate:
        for panes in arguments.panes:
            if arguments.agents:
                with real_agents(panes, rate) as (environment, engine):
                    result = {"panes": panes, "rate": rate} | typed(environment, engine, panes, arguments.seconds)
            else:
                result = measure(panes, rate, arguments.tasks, arguments.seconds)
            if arguments.json:
                print(json.dumps(result), flush=True)
            else:
                print("  ".join(f"{name} {value:g}" for name, value in result.items()), flush=True)


if __name__ == "__main__":
    main()

"""What others answer a key in, by the method of ``bench_screen.py``: stock widgets of Textual, and ccmanager.

    .venv/bin/python tests/bench/bench_baseline.py [--panes 4 20 64] [--rate 50 100] [--ccmanager PROGRAM]

*Stock*: a grid of ``RichLog`` widgets and a ``TextArea`` in one process, fed with what ``bench_panes.py`` streams; no
engine, no socket and no list of tasks beside it. *ccmanager* (npm) is a TUI over the terminals of its sessions: so many
of them stream; keys are typed into one, which shows them itself, and into the search of its menu.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pty
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.bench.bench_panes import Stream, Terminal, cpu_seconds, resident_bytes  # noqa: E402
from tests.bench.bench_screen import COLUMNS, ROWS, type_into_composer  # noqa: E402
from tests.bench.measure import Figure  # noqa: E402

PANES, RATES = (4, 16, 20, 36, 64), (50, 100)
SESSIONS = (4, 16)
MARK = b"READY"


# --- Textual's own widgets, in the child ------------------------------------------------------------------------------


def run_stock(panes: int, rate: int) -> None:
    """Stock logs that stream, and a stock text area."""
    os.environ["TEXTUAL_FPS"] = "120"
    sys.path[:0] = [str(ROOT / "tests/widgets/pane")]
    from pane_scenes import Script
    from textual.app import App, ComposeResult
    from textual.containers import Grid
    from textual.widgets import RichLog, TextArea

    class Stock(App[None]):
        CSS = """
        Grid { grid-size: 8; grid-gutter: 0 1; }
        TextArea { height: 4; dock: bottom; border: none; }
        """

        def compose(self) -> ComposeResult:
            yield Grid(*(RichLog(max_lines=500) for _ in range(panes)))
            yield TextArea(MARK.decode())

        def on_mount(self) -> None:
            self.query_one(Grid).styles.grid_size_columns = max(1, round(panes**0.5))
            self.logs = list(self.query(RichLog))
            self.streams = [Stream(Script(f"t{index}"), index) for index in range(panes)]
            self.query_one(TextArea).focus()
            self.query_one(TextArea).action_select_all()
            self.began = time.monotonic()
            self.set_interval(1 / 50, self.feed)

        def feed(self) -> None:
            due = int((time.monotonic() - self.began) * rate)
            for log, stream in zip(self.logs, self.streams, strict=True):
                for event in stream.until(due):
                    log.write(getattr(event, "text", type(event).__name__))

    Stock().run()


# --- ccmanager --------------------------------------------------------------------------------------------------------

TALKER = """
import os, select, sys, time, tty
rate, typed, count, began = float(sys.argv[1]), "", 0, time.monotonic()
tty.setraw(0)
while True:
    if select.select([0], [], [], 0.01)[0]:
        for key in os.read(0, 1024).decode("utf-8", "replace"):
            typed = typed[:-1] if key == "\\x7f" else typed + key if key.isprintable() else typed
        os.write(1, f"\\r\\x1b[K> {typed}".encode())
    due = int((time.monotonic() - began) * rate)
    if due // 10 > count // 10:
        os.write(1, f"\\r\\x1b[K{due} pieces of the work that goes on\\r\\n> {typed}".encode())
    count = due
"""
"""An agent of ccmanager's: it says a line for every ten pieces, and shows what is typed."""


@contextlib.contextmanager
def a_home_of_ccmanager(sessions: int, rate: int) -> Iterator[tuple[dict[str, str], Path]]:
    """A home and a repository with so many worktrees, whose sessions run the talker."""
    with tempfile.TemporaryDirectory(prefix="sf-bench-", dir="/tmp") as folder:
        home, repository = Path(folder), Path(folder) / "shop"
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        (home / "talker.py").write_text(TALKER, "utf-8")
        preset = {
            "id": "1", "name": "Talker", "command": sys.executable, "args": [str(home / "talker.py"), str(rate)],
            "detectionStrategy": "claude",
        }  # fmt: skip
        settings = home / ".config" / "ccmanager" / "config.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"commandPresets": {"presets": [preset], "defaultPresetId": "1"}}), "utf-8")
        subprocess.run(["git", "init", "-q", "-b", "main", str(repository)], check=True, env=environment)
        identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.invalid"]
        commands = [[*identity, "commit", "-q", "--allow-empty", "-m", "x"]]
        commands += [
            ["worktree", "add", "-q", f"../tree{number}", "-b", f"tree{number}"] for number in range(1, sessions)
        ]
        for command in commands:
            subprocess.run(["git", *command], check=True, cwd=repository, env=environment)
        yield environment, repository


def start_sessions(terminal: Terminal, sessions: int) -> None:
    """Start a session in every worktree, and end in the menu."""
    terminal.wait_for(b"Select a worktree", 60)
    terminal.drain(3.0)
    for number in range(sessions):
        if number:
            terminal.type(b"\x1b[B")  # the next worktree
            terminal.drain(0.5)
        terminal.forget()
        _until(terminal, b"\r", b"pieces of the work")
        _until(terminal, b"\x05", b"Select a worktree")  # Ctrl+E: back to the menu
        terminal.drain(0.5)


def _until(terminal: Terminal, key: bytes, shown: bytes) -> None:
    """Press a key until it is answered: the program does not hear it while it begins."""
    for _ in range(10):
        terminal.type(key)
        with contextlib.suppress(TimeoutError):
            terminal.wait_for(shown, 6)
            terminal.forget()
            return
    raise TimeoutError(f"{shown!r} was not painted after {key!r}")


# --- measuring --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def in_terminal(command: Sequence[str], environment: dict[str, str], folder: Path) -> Iterator[tuple[Terminal, int]]:
    """A program in a terminal of its own, and its process."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=folder, start_new_session=True
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master, 0), process.pid
    finally:
        process.kill()
        process.wait()
        os.close(master)


def figures_of(terminal: Terminal, pid: int, seconds: float) -> dict[str, float]:
    """Type, and what it took."""
    used, taken, began = cpu_seconds(pid), terminal.taken, time.monotonic()
    waits = type_into_composer(terminal, seconds)
    elapsed = time.monotonic() - began
    return {
        "keys": len(waits), "p50_ms": round(statistics.median(waits), 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1), "p99_ms": round(waits[int(len(waits) * 0.99)], 1),
        "max_ms": round(waits[-1], 1), "cpu": round(100 * (cpu_seconds(pid) - used) / elapsed),
        "kB_per_s": round((terminal.taken - taken) / elapsed / 1000), "rss_MB": round(resident_bytes(pid) / 1e6),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def stock(panes: int, rate: int, seconds: float) -> dict[str, float]:
    """Keys into the text area below so many stock logs."""
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [sys.executable, __file__, "--stock", str(panes), "--rate", str(rate)]
    with in_terminal(command, environment, ROOT) as (terminal, pid):
        terminal.wait_for(MARK, 60)
        terminal.drain(4.0)
        return {"panes": panes, "rate": rate} | figures_of(terminal, pid, seconds)


def ccmanager(program: str, sessions: int, rate: int, seconds: float) -> dict[str, dict[str, float]]:
    """Keys into one of so many sessions that stream, and into the search of the menu."""
    with (
        a_home_of_ccmanager(sessions, rate) as (environment, repository),
        in_terminal([program], environment, repository) as (terminal, pid),
    ):
        start_sessions(terminal, sessions)
        what = {"sessions": sessions, "rate": rate}
        terminal.type(b"/")
        terminal.drain(1.0)
        menu = what | figures_of(terminal, pid, seconds)
        terminal.type(b"\x1b")
        terminal.drain(1.0)
        terminal.type(b"\x1b")
        terminal.drain(1.0)
        terminal.forget()
        _until(terminal, b"0", b"pieces of the work")
        terminal.drain(1.0)
        return {"menu": menu, "session": what | figures_of(terminal, pid, seconds)}


def baseline() -> Sequence[Figure]:
    """Figures for ``make bench``."""
    figures = []
    for rate in RATES:
        for panes in PANES:
            figures.append(_figure(f"stock RichLog: key to paint, {panes} panes at {rate}/s", stock(panes, rate, 8)))
    program = shutil.which("ccmanager")
    if program is None:
        print("ccmanager is not on PATH and left out: `npm install -g ccmanager` gets it.", file=sys.stderr)
        return figures
    for sessions in SESSIONS:
        for place, result in ccmanager(program, sessions, 100, 8).items():
            figures.append(_figure(f"ccmanager: key to paint in a {place}, {sessions} sessions at 100/s", result))
    return figures


def _figure(name: str, result: dict[str, float]) -> Figure:
    detail = ", ".join(f"{key} {value:g}" for key, value in result.items() if key not in ("panes", "rate", "p95_ms"))
    return Figure(f"{name}, p95", result["p95_ms"], "ms", None, detail)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Key to paint of others")
    parser.add_argument("--panes", type=int, nargs="*", default=list(PANES))
    parser.add_argument("--rate", type=int, nargs="+", default=list(RATES))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--ccmanager", default="", help="the program; left out when it is not named")
    parser.add_argument("--sessions", type=int, nargs="+", default=list(SESSIONS))
    parser.add_argument("--stock", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stock:
        run_stock(arguments.stock, arguments.rate[0])
        return
    for rate in arguments.rate:
        for panes in arguments.panes:
            print(json.dumps(stock(panes, rate, arguments.seconds)), flush=True)
        for sessions in arguments.sessions if arguments.ccmanager else ():
            print(json.dumps(ccmanager(arguments.ccmanager, sessions, rate, arguments.seconds)), flush=True)


if __name__ == "__main__":
    main()

"""Key to painted screen with many streaming panes, in a real pseudo-terminal; the processor time of idle ones.

    .venv/bin/python tests/bench/bench_panes.py [--panes 4 20 64] [--seconds 10] [--bytes-per-second N] [--json]

A process runs a grid of panes that each receive 100 deltas a second: Markdown with lists and code, tool calls with
output and edits. From outside keys are typed, and the time is taken until the answer to each is on the terminal.
``--bytes-per-second`` makes the terminal slow, as over a poor line.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import random
import re
import select
import statistics
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.bench.measure import Figure  # noqa: E402

COLUMNS, ROWS = 200, 60
DELTAS_PER_SECOND = 100


# --- the application, in the child ------------------------------------------------------------------------------------


def run_application(panes: int, stock: bool, idle: bool) -> None:
    """A grid of streaming panes with a line at the bottom that counts keys."""
    os.environ["TEXTUAL_FPS"] = "240"
    sys.path[:0] = [str(ROOT / "tests/widgets/pane")]
    import gc

    from pane_scenes import Script, a_task
    from textual.app import App, ComposeResult
    from textual.containers import Grid
    from textual.events import Key
    from textual.widgets import RichLog, Static

    from widgets.pane_grid import PaneGrid
    from widgets.pump import Pump

    class Bench(App[None]):
        CSS = "#keys { height: 1; dock: bottom; } Grid { grid-size: 5; } RichLog { border: round $primary; }"

        def compose(self) -> ComposeResult:
            self.pump = Pump(self)
            self.keys = 0
            if stock:
                self.logs = [RichLog() for _ in range(panes)]
                yield Grid(*self.logs)
            else:
                self.grid = PaneGrid(self.pump, minimum=(24, 6))
                yield self.grid
            yield Static("K=0;", id="keys")

        def on_mount(self) -> None:
            self.streams = [Stream(Script(f"t{index}"), index) for index in range(panes)]
            self.call_after_refresh(self.begin)

        def begin(self) -> None:
            if not stock:
                fields = {"state": "ready" if idle else "working", "turn_started_at": time.time()}
                tasks = [a_task(f"t{index}", title=f"Task {index}", **fields) for index in range(panes)]
                self.grid.show_tasks(tasks)
                self.grid.focus_task("t0")
            self.started = time.monotonic()
            if not idle:
                self.set_interval(1 / 50, self.feed)
            gc.collect()
            gc.freeze()

        def feed(self) -> None:
            due = int((time.monotonic() - self.started) * DELTAS_PER_SECOND)
            for index, stream in enumerate(self.streams):
                for event in stream.until(due):
                    if stock:
                        self.logs[index].write(getattr(event, "text", str(type(event).__name__)))
                    else:
                        self.grid.feed(event)

        def on_key(self, event: Key) -> None:
            self.keys += 1
            self.query_one("#keys", Static).update(f"K={self.keys};", layout=False)

    Bench().run()


TEXT = """## Step {n}

I looked at `module_{n}.py` and found **three** places where the total is rounded too early:

- in the loop over the lines, where each price becomes a float
- in `Cart.total`, before the tax
  - and once more in the printed receipt
- in the export

```python
def total_{n}(self) -> Decimal:
    return sum((line.price * line.count for line in self.lines), Decimal(0))
```

So the next thing to do is to keep exact values, and to round a single time at the very end of it all.
"""
EDIT = "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n def f():\n-    return 1\n+    return 2\n pass\n"


class Stream:
    """Endless work of one agent, one event for each delta that is due."""

    def __init__(self, script: Any, seed: int) -> None:
        self._script = script
        self._random = random.Random(seed)
        self._events = self._work()
        self._done = 0

    def until(self, due: int) -> list[Any]:
        events = [next(self._events) for _ in range(due - self._done)]
        self._done = max(self._done, due)
        return events

    def _work(self) -> Any:
        script, step = self._script, 0
        yield script.opened()
        while True:
            step += 1
            yield script.add("text", "", done=False)
            text = TEXT.format(n=step)
            while text:
                cut = self._random.randint(2, 9)
                yield script.grow(text[:cut])
                text = text[cut:]
            yield script.tool("bash", f"pytest -q tests/test_{step}.py", status="running")
            for line in range(20):
                yield script.grow(f"tests/test_{step}.py::test_{line} PASSED\n", "output")
            yield script.tool("edit", "x.py", diff=EDIT, seconds=0.1)
            del script.entries[:-1]
            script.entries[:0] = [script.entries[-1]] * (3 * step - 1)


# --- the measurement --------------------------------------------------------------------------------------------------


def panes() -> Sequence[Figure]:
    """Figures for ``make bench``."""
    figures = []
    for count, budget in ((4, 25.0), (20, 25.0), (64, 40.0)):
        result = measure(count, 10)
        detail = ", ".join(f"{name} {value:g}" for name, value in result.items() if name not in ("panes", "p95_ms"))
        figures.append(
            Figure(f"key to paint, {count} panes, 100 deltas/s each, p95", result["p95_ms"], "ms", budget, detail)
        )
    idle = measure(20, 5, "--idle")
    figures.append(Figure("processor time of 20 idle panes", idle["idle_cpu_percent"], "%", 1.0))
    return figures


def measure(count: int, seconds: float, *options: str, bytes_per_second: int = 0) -> dict[str, float]:
    """Type keys for some seconds; milliseconds from key to answer, and what the process used.

    Args:
        count: Panes.
        seconds: How long to type.
        options: For the application: ``--stock``, ``--idle``.
        bytes_per_second: What the terminal takes; 0 for as much as comes.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PATH": os.defpath, "LANG": "C.UTF-8"}
    command = [sys.executable, __file__, "--application", str(count), *options]
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
    os.close(slave)
    terminal = Terminal(master, bytes_per_second)
    try:
        terminal.wait_for(b"K=0;", 30)
        terminal.drain(3.0)
        used, began = cpu_seconds(child.pid), time.monotonic()
        terminal.drain(seconds if "--idle" in options else 0)
        idle = 100 * (cpu_seconds(child.pid) - used) / (time.monotonic() - began)
        used, taken, began = cpu_seconds(child.pid), terminal.taken, time.monotonic()
        waits = _type_keys(terminal, seconds)
        elapsed = time.monotonic() - began
        return {
            "panes": count, "keys": len(waits), "p50_ms": round(statistics.median(waits), 1),
            "p95_ms": round(waits[int(len(waits) * 0.95)], 1), "max_ms": round(waits[-1], 1),
            "cpu_percent": round(100 * (cpu_seconds(child.pid) - used) / elapsed),
            "kB_per_s": round((terminal.taken - taken) / elapsed / 1000),
            "rss_MB": round(resident_bytes(child.pid) / 1e6),
            **({"idle_cpu_percent": round(idle, 2)} if "--idle" in options else {}),
        }  # fmt: skip
    finally:
        child.kill()
        child.wait()
        os.close(master)


def _type_keys(terminal: Terminal, seconds: float) -> list[float]:
    """Milliseconds from each key to its answer, sorted."""
    waits: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        typed = time.monotonic()
        terminal.type(b"x")
        waits.append(1000 * (terminal.wait_for(b"K=%d;" % (len(waits) + 1), 30) - typed))
        terminal.drain(0.05 + 0.06 * random.random())
    return sorted(waits)


class Terminal:
    """Takes what the application writes, at a limited rate if asked for."""

    def __init__(self, master: int, bytes_per_second: int) -> None:
        self._master = master
        self._rate = bytes_per_second
        self._seen = b""
        self.taken = 0

    def _take(self, timeout: float) -> None:
        if not select.select([self._master], [], [], timeout)[0]:
            return
        data = os.read(self._master, 65536 if not self._rate else max(256, self._rate // 200))
        self.taken += len(data)
        self._seen = self._seen[-200:] + data
        if self._rate:
            time.sleep(len(data) / self._rate)

    def forget(self) -> None:
        """What was there so far is not what is waited for next."""
        self._seen = b""

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def wait_for(self, text: bytes, timeout: float) -> float:
        """The time at which a text was there."""
        end = time.monotonic() + timeout
        while not re.search(re.escape(text), self._seen):
            if time.monotonic() > end:
                raise TimeoutError(f"{text!r} was not painted within {timeout} seconds")
            self._take(0.5)
        return time.monotonic()

    def drain(self, seconds: float) -> None:
        """Go on taking what comes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._take(left)


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Key to paint with streaming panes")
    parser.add_argument("--panes", type=int, nargs="+", default=[4, 20])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--bytes-per-second", type=int, default=0)
    parser.add_argument("--stock", action="store_true", help="Textual's RichLog instead, for comparison")
    parser.add_argument("--idle", action="store_true", help="nothing streams; also says what that costs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--application", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.application:
        run_application(arguments.application, arguments.stock, arguments.idle)
        return
    options = [f"--{name}" for name in ("stock", "idle") if getattr(arguments, name)]
    for count in arguments.panes:
        result = measure(count, arguments.seconds, *options, bytes_per_second=arguments.bytes_per_second)
        if arguments.json:
            print(json.dumps(result), flush=True)
        else:
            print("  ".join(f"{name} {value:g}" for name, value in result.items()), flush=True)


if __name__ == "__main__":
    main()

"""The diff view on 130,000 changed lines, in a real pseudo-terminal.

    .venv/bin/python tests/bench/bench_diff.py [--steps 1000] [--comments 0 200] [--json]

A process shows the diff; from outside keys are typed, and the time is taken until the answer to each is on the
terminal: opening it (parse, rows, first paint), scrolling by lines and by pages, hunk to hunk, searching, taking
the change as it is after another turn. Collections of garbage are part of every figure. Processor time is told beside,
because on a busy machine the times are those of waiting for it.
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
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.bench.measure import Figure  # noqa: E402

COLUMNS, ROWS = 160, 50
LINES = 130_000
FILES = 262
LATER = "later.patch"
"""The change after another turn, beside the one before it."""


# --- the application, in the child ------------------------------------------------------------------------------------


def run_application(patch_file: str, comments: int) -> None:
    """A diff view that opens the patch on a key and says at the bottom on which row it is."""
    os.environ["TEXTUAL_FPS"] = "240"
    import gc

    from textual.app import App, ComposeResult
    from textual.widgets import Static

    from agents.parts.review import Comment
    from agents.review import parse_diff
    from widgets.diff import DiffView, Placed

    patch = Path(patch_file).read_bytes()
    later = Path(patch_file).with_name(LATER).read_bytes()

    class Bench(App[None]):
        CSS = "#row { height: 1; dock: bottom; }"
        BINDINGS = [
            ("o", "open", "Open"), ("slash", "search", "Search"), ("backslash", "unsearch", "End search"),
            ("e", "refresh_change", "As it is after another turn"),
        ]  # fmt: skip

        def compose(self) -> ComposeResult:
            yield DiffView()
            yield Static("Y=0;", id="row")

        def on_mount(self) -> None:
            self.view = self.query_one(DiffView)
            self.view.focus()
            self.answers = 0

        def action_open(self) -> None:
            self.show(patch)
            self.call_later(gc.freeze)

        def action_refresh_change(self) -> None:
            self.show(later)

        def show(self, data: bytes) -> None:
            diff = parse_diff(data)
            placed = []
            for number in range(comments):
                file = diff.files[number % len(diff.files)]
                line = file.hunks[number // len(diff.files) % len(file.hunks)].new_start + 4
                comment = Comment(
                    id=f"R1-C{number}", task="abcd", round=1, text="Say why this is so.\nAnd test it.", path=file.path,
                    start=line, end=line,
                )  # fmt: skip
                placed.append(Placed(comment, file.path, line, line))
            self.view.show(diff, placed)

        def action_search(self) -> None:
            self.view.search("value_77")

        def action_unsearch(self) -> None:
            self.view.search("")

        def on_diff_view_moved(self) -> None:
            self.answers += 1
            self.query_one("#row", Static).update(f"Y={self.answers};", layout=False)

    Bench().run()


# --- the scenario -----------------------------------------------------------------------------------------------------


def make_patch(folder: Path) -> Path:
    """A patch of at least :data:`LINES` lines, by git, of files that look like code."""
    chance = random.Random(1)
    words = "load store total price count value item cart order ship check parse build merge split".split()  # noqa: SIM905

    def line(number: int) -> str:
        name, other = chance.choice(words), chance.choice(words)
        indent = "    " * chance.randint(0, 4)
        return f'{indent}{name}_{number} = self.{other}(value_{number % 97}, "{other} of {name}")  # {name}'

    def git(*arguments: str) -> bytes:
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True).stdout

    from agents.review import DIFF_ARGUMENTS, DIFF_CONFIG

    git("init", "--quiet")
    trees = []
    texts = [[line(number) for number in range(420)] for _ in range(FILES)]
    for step in range(3):
        for index, text in enumerate(texts[:3] if step == 2 else texts):
            target = folder / f"package_{index % 20}" / f"module_{index}.py"
            target.parent.mkdir(exist_ok=True)
            if step:
                text = texts[index] = [changed for each in text for changed in _changed(each, chance, line)]
            target.write_text("\n".join(text) + "\n")
        git("add", "-A")
        trees.append(git("write-tree").decode().strip())
    patch = folder / "big.patch"
    patch.write_bytes(git(*DIFF_CONFIG, *DIFF_ARGUMENTS, *trees[:2]))
    patch.with_name(LATER).write_bytes(git(*DIFF_CONFIG, *DIFF_ARGUMENTS, trees[0], trees[2]))
    return patch


def _changed(text: str, chance: random.Random, line: object) -> list[str]:
    draw = chance.random()
    if draw < 0.18:
        return [text.replace("self.", "this.").replace("value_", "result_")]
    if draw < 0.24:
        return []
    if draw < 0.30:
        return [text, line(chance.randint(0, 999))]  # type: ignore[operator]
    return [f"    {text}"] if draw < 0.33 else [text]


# --- the measurement --------------------------------------------------------------------------------------------------


class Session:
    """The application in a pseudo-terminal."""

    def __init__(self, patch: Path, comments: int) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PATH": os.defpath, "LANG": "C.UTF-8"}
        command = [sys.executable, __file__, "--application", str(patch), "--comments", str(comments)]
        self.child = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self._seen = b""
        self._answers = -1
        self._wait_for_answer()
        self._rest(0.5)

    def key(self, key: bytes, *, rest: float = 0.004) -> float:
        """Milliseconds from a key to its answer."""
        typed = time.perf_counter()
        os.write(self._master, key)
        self._wait_for_answer()
        taken = 1000 * (time.perf_counter() - typed)
        self._rest(rest)
        return taken

    def resident_megabytes(self) -> float:
        """Memory of the process."""
        pages = int(Path(f"/proc/{self.child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def processor_milliseconds(self) -> float:
        """Processor time of the process so far."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self.child.kill()
        self.child.wait()
        os.close(self._master)

    def _wait_for_answer(self, seconds: float = 30) -> None:
        until = time.perf_counter() + seconds
        while not self._answered():
            if time.perf_counter() > until:
                raise TimeoutError(f"no answer after {self._answers}; last: {self._seen[-300:]!r}")
            self._take(0.5)

    def _answered(self) -> bool:
        """Whether a later answer than the last one is among what was written."""
        before = self._answers
        self._answers = max((int(number) for number in re.findall(rb"Y=(\d+);", self._seen)), default=before)
        return self._answers > before

    def _take(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        self._seen = self._seen[-200:] + os.read(self._master, 1 << 20)
        return True

    def _rest(self, seconds: float) -> None:
        while self._take(seconds):
            self._answered()


def measure(patch: Path, steps: int, comments: int) -> list[Figure]:
    """Figures of one session."""
    session = Session(patch, comments)
    try:
        empty = session.resident_megabytes()
        where = f"{comments} comments"
        before = session.processor_milliseconds()
        first = session.key(b"o", rest=0.3)
        spent = f"{session.processor_milliseconds() - before:.0f} ms of processor"
        figures = [Figure(f"diff: first paint of 130,000 lines, {where}", first, "ms", 500, spent)]
        session.key(b"d")
        before = session.processor_milliseconds()
        lines = [session.key(b"j") for _ in range(steps)]
        spent = f"; {(session.processor_milliseconds() - before) / steps:.1f} ms of processor a step"
        figures += _percentiles(f"diff: scroll by a line, {where}", lines, spent)
        pages = [session.key(b"d") for _ in range(steps // 4)]
        figures += _percentiles(f"diff: half a page, {where}", pages)
        figures += _percentiles(f"diff: next hunk, {where}", [session.key(b"]") for _ in range(steps // 10)])
        ends = [session.key(key, rest=0.05) for key in (b"G", b"g") * 3]
        figures.append(Figure(f"diff: to an end, {where}", statistics.median(ends), "ms"))
        figures.append(Figure(f"diff: search all, {where}", session.key(b"/", rest=0.05), "ms"))
        session.key(b"\\", rest=0.05)
        refreshed = session.key(b"e", rest=0.3)
        figures.append(Figure(f"diff: refresh after a turn, {where}", refreshed, "ms"))
        figures.append(
            Figure(f"diff: memory over the empty view, {where}", session.resident_megabytes() - empty, "MB", 200)
        )
        return figures
    finally:
        session.close()


def _percentiles(name: str, values: Sequence[float], more: str = "") -> list[Figure]:
    ordered = sorted(values)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95, 0.99))
    detail = f"{len(ordered)} steps, p50 {p50:.1f}, p99 {p99:.1f}, longest {ordered[-1]:.1f}{more}"
    return [Figure(f"{name}, p95", p95, "ms", 16 if "scroll" in name else None, detail)]


def diff(steps: int = 1000, comments: Sequence[int] = (0, 200)) -> list[Figure]:
    """The figures that the design has budgets for."""
    with tempfile.TemporaryDirectory() as folder:
        patch = make_patch(Path(folder))
        with patch.open("rb") as lines:
            count = sum(1 for _ in lines)
        assert count >= LINES, f"the scenario has only {count} lines"
        return [figure for each in comments for figure in measure(patch, steps, each)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--application", help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--comments", type=int, nargs="+", default=[0, 200])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.application:
        run_application(options.application, options.comments[0])
        return
    for figure in diff(options.steps, options.comments):
        print(json.dumps(figure.__dict__) if options.json else figure.line(), flush=True)


if __name__ == "__main__":
    main()

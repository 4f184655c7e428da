"""What reading and painting a large change costs: parse, emphasis, highlighting, the pager.

``python tests/bench/bench_review.py`` prints a table, ``--json`` one object a figure; ``make bench`` calls
:func:`review`. There are two changes of at least 130,000 lines of diff: one made here, by real git, from edits of this
repository's own sources, and this repository's own history, with as much context as it takes. The second is what people
read; the first repeats itself, which flatters whoever remembers lines.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(_ROOT))

from agents.review import DIFF_ARGUMENTS, DIFF_CONFIG, DiffSet, parse_diff, parse_patch  # noqa: E402
from agents.review.emphasis import emphasize_hunk  # noqa: E402
from agents.review.linemap import map_lines, split_lines  # noqa: E402
from agents.review.moved import moved_blocks  # noqa: E402
from agents.review.syntax import highlight  # noqa: E402
from tests.bench.measure import Figure, summary  # noqa: E402

LEAST_LINES = 130_000
LIMIT_SECONDS = 120
"""A pager that takes longer is ended."""
_RUNS = 5
_VARIABLES = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def review() -> Sequence[Figure]:
    """All figures of this module."""
    with tempfile.TemporaryDirectory(prefix="bench-review-") as folder:
        repository = Path(folder)
        old, new = _a_history(repository)
        figures = [*_reading(repository, old, new)]
        data = _git(repository, *DIFF_CONFIG, *DIFF_ARGUMENTS, old, new)
        figures += [*_thinking(parse_diff(data)), *_highlighting()]
        figures += _pagers(_git(repository, "diff", old, new), "made here")
    figures += _history()
    return figures


def _git(repository: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", *arguments],
        cwd=repository,
        env={**_VARIABLES, "HOME": str(repository)},
        capture_output=True,
        check=True,
    ).stdout


def _a_history(repository: Path) -> tuple[str, str]:
    """Two trees that differ in at least :data:`LEAST_LINES` lines of diff: real Python files, edited at random."""
    chance = random.Random(1)
    sources = [path.read_text() for path in sorted(_ROOT.glob("agents/**/*.py")) if path.stat().st_size > 2000]
    _git(repository, "init", "-q")
    trees = []
    for edited in (False, True):
        lines = 0
        for number in range(10_000):
            content = sources[number % len(sources)].split("\n")
            if edited:
                content, touched = _edited(content, chance)
                lines += touched
            path = repository / f"package_{number % 40}" / f"module_{number}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(content))
            if (edited and lines > LEAST_LINES) or (not edited and number >= 1400):
                break
        _git(repository, "add", "-A")
        trees.append(_git(repository, "write-tree").decode().strip())
    return trees[0], trees[1]


def _edited(lines: list[str], chance: random.Random) -> tuple[list[str], int]:
    """A file with words changed, lines taken out and put in; and about how many lines of diff that makes."""
    done, touched, index = [], 0, 0
    while index < len(lines):
        step = chance.random()
        line = lines[index]
        if step < 0.08 and line.strip():
            words = line.split(" ")
            place = chance.randrange(len(words))
            words[place] = words[place] + "_changed" if words[place] else words[place]
            done.append(" ".join(words))
            touched += 5
        elif step < 0.11:
            touched += 4
        elif step < 0.14:
            done += [line, f"{line[: len(line) - len(line.lstrip())]}added_call({index}, value=None)"]
            touched += 4
        else:
            done.append(line)
        index += 1
    return done, touched


def _timed(work: Callable[[], object], runs: int = _RUNS) -> list[float]:
    """Processor seconds of each run in this process: what it costs, whoever else is at work here."""
    found = []
    for _ in range(runs):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return found


def _reading(repository: Path, old: str, new: str) -> Iterator[Figure]:
    command = [*DIFF_CONFIG, *DIFF_ARGUMENTS, old, new]
    begun = time.perf_counter()
    data = _git(repository, *command)
    yield Figure("git diff alone", 1000 * (time.perf_counter() - begun), "ms")
    size = f"{data.count(10):,} lines, {len(data) / 1e6:.1f} MB"
    yield summary("parse", [1000 * s for s in _timed(lambda: parse_diff(data))], "ms", 200, size)
    tracemalloc.start()
    diff = parse_diff(data)
    held = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    yield Figure("parsed, beyond the bytes themselves", held, "MB", 10, f"{len(diff.files):,} files")


def _thinking(diff: DiffSet) -> Iterator[Figure]:
    changed = diff.additions + diff.deletions

    def emphasis() -> None:
        for file in diff.files:
            for hunk in file.hunks:
                emphasize_hunk(file, hunk)

    def slowest_hunk() -> float:
        worst = 0.0
        for file in diff.files:
            for hunk in file.hunks:
                begun = time.process_time()
                emphasize_hunk(file, hunk)
                worst = max(worst, time.process_time() - begun)
        return worst

    yield summary("emphasis", [changed / s for s in _timed(emphasis, 1)], "l/s", None, f"{changed:,} changed lines")
    yield Figure("emphasis of the slowest hunk", 1000 * slowest_hunk(), "ms")
    yield summary("moved blocks of the whole change", [1000 * s for s in _timed(lambda: moved_blocks(diff), 1)], "ms")


def _highlighting() -> Iterator[Figure]:
    path = max(_ROOT.glob("agents/**/*.py"), key=lambda file: file.stat().st_size)
    data = path.read_bytes()
    lines = data.count(b"\n")
    highlight(b"warm.py", data)
    yield summary(
        "highlight Python", [lines / s for s in _timed(lambda: highlight(b"x.py", data))], "l/s", None, f"{lines} lines"
    )
    changed = data.replace(b"self", b"this")
    yield summary(
        "line map of a file",
        [1000 * s for s in _timed(lambda: map_lines(split_lines(data), split_lines(changed)))],
        "ms",
    )


def _own_history() -> bytes:
    """All changes of this repository as patches, with context until there are enough lines; empty without a history."""
    data = b""
    for context in (3, 6, 12, 24):
        command = ["git", "log", "-p", "--format=", f"-U{context}", "--no-color", "--no-ext-diff", "--no-textconv"]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, check=False)
        data = done.stdout if done.returncode == 0 else b""
        if data.count(b"\n") >= LEAST_LINES:
            break
    return data


def _history() -> Iterator[Figure]:
    data = _own_history()
    if not data:
        return
    size = f"own history, {data.count(10):,} lines, {len(data) / 1e6:.1f} MB"
    yield summary("parse", [1000 * s for s in _timed(lambda: parse_patch(data))], "ms", 200, size)
    tracemalloc.start()
    diff = parse_patch(data)
    held = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    yield Figure("parsed, beyond the bytes themselves", held, "MB", 10, f"own history, {len(diff.files):,} changes")
    yield from _pagers(data, "own history")


def _pagers(patch: bytes, where: str) -> Iterator[Figure]:
    """A change through pagers, whichever are here: lines a second, the time to the first output, processor time."""
    ours = [sys.executable, "-c", "import sys; from app.pager import main; sys.exit(main(sys.argv[1:]))"]
    pagers = {
        "cat": ["cat"],
        "pager, unified": [*ours, "--color", "always", "--unified", "--width", "120"],
        "pager, side by side": [*ours, "--color", "always", "--side-by-side", "--width", "160"],
        "pager, without colours": [*ours, "--color", "never"],
        "pager --json": [*ours, "--json"],
    }
    for name, command in (
        ("delta", ["delta", "--paging=never"]),
        ("delta, side by side", ["delta", "--paging=never", "--side-by-side", "--width=160"]),
        ("diff-so-fancy", ["diff-so-fancy"]),
        ("ydiff, unified", ["ydiff", "--color=always", "-p", "cat", "-u"]),
        ("ydiff, side by side", ["ydiff", "--color=always", "-p", "cat", "-w", "160"]),
    ):
        program = shutil.which(command[0])
        if program:
            pagers[name] = [program, *command[1:]]
    environment = {**_VARIABLES, "PYTHONPATH": str(_ROOT), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    lines = patch.count(b"\n")
    coloured = _coloured(patch)
    for name, command in pagers.items():
        before = os.times()
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        first, ended = _feed(process, coloured if name == "diff-so-fancy" else patch)
        seconds = time.perf_counter() - begun
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        how = f"{seconds:.1f} s, {spent:.1f} s of processor" if ended else f"ended after {LIMIT_SECONDS} s, not done"
        detail = f"{where}; {how}; first output after {1000 * (first - begun):.0f} ms"
        yield Figure(name, lines / seconds if ended else 0, "l/s", None, detail)


def _coloured(patch: bytes) -> bytes:
    """A patch with git's own colours, which diff-so-fancy needs to be given."""
    colours = {b"+": b"32", b"-": b"31", b"@": b"36", b"d": b"1", b"i": b"1"}
    done = []
    for line in patch.split(b"\n"):
        colour = colours.get(line[:1])
        done.append(b"\x1b[%sm%s\x1b[m" % (colour, line) if colour else line)
    return b"\n".join(done)


def _feed(process: subprocess.Popen[bytes], data: bytes) -> tuple[float, bool]:
    """Push data through; when the first of the output came, and whether all of it did in time."""
    assert process.stdin is not None
    assert process.stdout is not None
    limit = threading.Timer(LIMIT_SECONDS, process.kill)

    def push() -> None:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(data)
            process.stdin.close()

    pusher = threading.Thread(target=push)
    limit.start()
    pusher.start()
    process.stdout.read(1)
    first = time.perf_counter()
    while process.stdout.read(1 << 20):
        pass
    pusher.join()
    ended = process.wait() >= 0
    limit.cancel()
    return first, ended


def main() -> int:
    """Print the figures."""
    for figure in review():
        if "--json" in sys.argv[1:]:
            print(
                json.dumps({"name": figure.name, "value": figure.value, "unit": figure.unit, "budget": figure.budget})
            )
        else:
            print(figure.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

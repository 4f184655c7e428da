"""The pager's lines and the processes that paint a long diff."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.review.stream import Text
from app.pager_work import ALONE_LINES, PART_BYTES, Output, Piece, lines_of

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "-c", "import sys; from app.main import main; sys.exit(main(sys.argv[1:]))", "pager"]
VARIABLES = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "xterm-256color"}


def a_long_diff(files: int) -> bytes:
    parts = []
    for number in range(files):
        old = "".join(f"-    value_{line} = old({number})\n" for line in range(40))
        new = "".join(f"+    value_{line} = new({number})  # {line}\n" for line in range(40))
        head = f"diff --git a/f{number}.py b/f{number}.py\n--- a/f{number}.py\n+++ b/f{number}.py\n"
        parts.append(f"{head}@@ -1,41 +1,41 @@\n def f():\n{old}{new}")
    return "".join(parts).encode()


def reversed_after_a_while(pieces: Sequence[Piece]) -> bytes:
    """A painter that tells who painted, and takes longest for what comes first."""
    time.sleep(0.2 if b"0\n" in [piece.data for piece in pieces] else 0)
    return b"%d " % os.getpid() + b"".join(piece.data for piece in pieces)


def test_several_processes_paint_in_the_order_of_the_input_and_end(tmp_path: Path) -> None:
    numbers = [b"%d\n" % number for number in range(5 * ALONE_LINES)]
    with (tmp_path / "out").open("wb") as target:
        output = Output(target, reversed_after_a_while, workers=3)
        for line in numbers:
            output.add(Text(line))
        output.catch_up()
        output.close()
    lines = (tmp_path / "out").read_bytes().split(b"\n")[:-1]
    assert [line.rpartition(b" ")[2] + b"\n" for line in lines] == numbers
    painters = {int(line.partition(b" ")[0]) for line in lines if b" " in line}
    assert len(painters) == 4, "one process began, three went on"
    for painter in painters - {os.getpid()}:
        with pytest.raises(ProcessLookupError):
            os.kill(painter, 0)


def test_a_painters_mistake_comes_to_light(tmp_path: Path) -> None:
    def fails(pieces: Sequence[Piece]) -> bytes:
        if os.getpid() != parent:
            raise ValueError("a mistake")
        return b""

    parent = os.getpid()
    with (tmp_path / "out").open("wb") as target:
        output = Output(target, fails, workers=2)
        for _ in range(ALONE_LINES + 2):
            output.add(Text(b"x\n"))
        with pytest.raises(ValueError, match="a mistake"):
            output.catch_up()
        output.close()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a process cannot be kept on one processor here")
def test_painting_in_several_processes_gives_what_one_gives() -> None:
    diff = a_long_diff(120)
    one = min(os.sched_getaffinity(0))
    kept_on_one = [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{{one}}}); {RUN[2]}", *RUN[3:]]
    one_by_one = subprocess.run(
        [*kept_on_one, "--color", "always"], input=diff, capture_output=True, env=VARIABLES, check=True
    )
    together = subprocess.run([*RUN, "--color", "always"], input=diff, capture_output=True, env=VARIABLES, check=True)
    assert together.stdout == one_by_one.stdout
    assert together.stdout.count(b"new") == 120 * 40


def test_processes_that_paint_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*RUN, "--color", "always"], stdin=subprocess.PIPE, stdout=(tmp_path / "out").open("wb"), env=VARIABLES
    )
    assert process.stdin is not None
    process.stdin.write(a_long_diff(150))
    process.stdin.flush()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        pytest.skip("this system does not tell which processes a process has started")
    patience = time.monotonic() + 60
    while not (painters := children.read_text().split()) and time.monotonic() < patience:
        time.sleep(0.02)
    process.kill()
    process.wait()
    process.stdin.close()
    assert painters, "a long diff was not given to other processes"
    while any(_is_alive(int(painter)) for painter in painters) and time.monotonic() < patience:
        time.sleep(0.02)
    assert not any(_is_alive(int(painter)) for painter in painters)


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_lines_come_with_their_line_feeds_and_a_pause_is_told(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    paused: list[int] = []

    def pause() -> None:
        paused.append(len(found))
        if len(paused) == 1:
            os.write(writer, b"c\nd")
        else:
            os.close(writer)

    found: list[bytes] = []
    os.write(writer, b"a\nb")
    for line in lines_of(reader, pause):
        found.append(line)
    os.close(reader)
    assert found == [b"a\n", b"bc\n", b"d"]
    assert paused == [1, 2]


def test_a_very_long_line_that_is_no_diff_goes_through_unchanged_and_in_a_diff_is_cut() -> None:
    long = b"x" * (3 * PART_BYTES) + b"\nshort\n"
    text = subprocess.run(RUN, input=long, capture_output=True, env=VARIABLES, check=True).stdout
    assert text == long
    diff = b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-" + long[:-6] + b" same\n+" + long[:-6]
    shown = subprocess.run(
        [*RUN, "--color", "never"], input=diff, capture_output=True, env=VARIABLES, check=True
    ).stdout
    rows = shown.decode().split("\n")[4:-1]
    assert [row[10:13] for row in rows] == ["-xx", " sa", "+xx"]
    assert [row.endswith(" … cut") for row in rows] == [True, False, True]
    assert len(shown) < 2.5 * PART_BYTES

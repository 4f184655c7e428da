"""The floor in tmux: modes, resizing, suspending, colours, and the terminal after the program was killed."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PATIENCE_SECONDS = 40.0
PROGRAM = Path(__file__).with_name("floor_program.py")

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")


class Tmux:
    """A tmux server of our own with one window, in which a shell runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "SHOPFLOOR_HOME": str(folder), "LANG": "C.UTF-8",
            "PS1": "shell> ", "TERM": "xterm-256color",
        }  # fmt: skip
        self("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "exec /bin/bash --norc --noprofile")

    def __call__(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.folder / "tmux"), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout

    @property
    def text(self) -> str:
        """What is on the screen."""
        return self("capture-pane", "-p")

    def fact(self, name: str) -> str:
        """Something that tmux knows of the terminal."""
        return self("display-message", "-p", f"#{{{name}}}").strip()

    def type(self, *keys: str) -> None:
        self("send-keys", *keys)

    def start(self, *arguments: str) -> None:
        """Start the floor from the shell, and wait until it is painted."""
        self.type(shlex.join([sys.executable, str(PROGRAM), *arguments]), "Enter")
        self.until(lambda: "Drop flags" in self.text and self.fact("alternate_on") == "1", "the floor is painted")

    def until(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < end, f"It never happened that {what}. The screen:\n{self.text}"
            time.sleep(0.05)

    def assert_ours_again(self) -> None:
        """The shell has its terminal as it was."""
        self.until(lambda: self.fact("alternate_on") == "0", "the alternate screen is left")
        self.until(lambda: self.fact("mouse_any_flag") == "0", "the mouse is the terminal's again")
        self.until(lambda: self.fact("cursor_flag") == "1", "the cursor is shown")
        self.type("echo alive-$((40 + 2))", "Enter")
        self.until(lambda: "alive-42" in self.text, "the shell answers")
        self.type("stty -a | tr ';' '\\n' | grep -c -- '-echo ' ; stty -a | grep -o -- '-isig\\|-icanon'", "Enter")
        self.type("echo done-$((1 + 1))", "Enter")
        self.until(lambda: "done-2" in self.text, "the shell answers again")
        assert "-isig" not in self.text.replace("grep -o -- '-isig", ""), f"the line is raw:\n{self.text}"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    session = Tmux(tmp_path)
    try:
        session.until(lambda: session.text.strip(), "the shell is there")
        yield session
    finally:
        session("kill-server")


def test_the_title_says_who_works_and_modes_are_given_back(tmux: Tmux) -> None:
    before = tmux.fact("pane_title")
    tmux.start()
    tmux.until(lambda: "1 working" in tmux.fact("pane_title"), "the title says who works")
    assert tmux.fact("mouse_any_flag") == "1"
    tmux.type("q")
    tmux.assert_ours_again()
    assert "1 working" not in tmux.fact("pane_title") or tmux.fact("pane_title") == before


def test_a_killed_screen_leaves_the_terminal_as_it_was(tmux: Tmux) -> None:
    tmux.start()
    os.kill(int(_program_of(tmux)), signal.SIGKILL)
    tmux.until(lambda: "the agents go on working" in tmux.text, "it is said")
    tmux.assert_ours_again()


def test_a_program_that_was_left_does_not_read_from_the_terminal_again(tmux: Tmux) -> None:
    tmux.start()
    tmux.type("q")
    tmux.until(lambda: "continues: SIG_DFL" in tmux.text, "going on in the shell starts nothing any more")


def test_a_fault_leaves_the_terminal_as_it_was(tmux: Tmux) -> None:
    tmux.type(shlex.join([sys.executable, str(PROGRAM), "fault"]), "Enter")
    tmux.until(lambda: "The agents go on working" in tmux.text, "it is said")
    tmux.assert_ours_again()


def test_keys_of_one_burst_go_where_the_first_of_them_has_opened_something(tmux: Tmux) -> None:
    tmux.start()
    tmux.type("/", "s", "o", "r", "t", "Enter", "i", "h", "i", "Enter", "q", "Escape")
    tmux.until(lambda: "❯ q" in tmux.text, "what is written after the prompt is the next one")
    tmux.type("q")
    tmux.until(lambda: "sent: [('wrk1', 'hi', 'now')]" in tmux.text, "what was written was sent to what was found")


def test_ctrl_z_gives_the_shell_and_fg_brings_the_floor_back(tmux: Tmux) -> None:
    tmux.start()
    tmux.type("C-z")
    tmux.until(lambda: tmux.fact("alternate_on") == "0", "the shell is shown")
    tmux.type("echo between-$((1 + 1))", "Enter")
    tmux.until(lambda: "between-2" in tmux.text, "the shell answers")
    tmux.type("fg", "Enter")
    tmux.until(lambda: tmux.fact("alternate_on") == "1" and "Drop flags" in tmux.text, "the floor is back")
    tmux.type("?")
    tmux.until(lambda: "Everywhere on the floor" in tmux.text, "its keys work")
    tmux.type("q")
    tmux.until(lambda: "Everywhere on the floor" not in tmux.text, "the help is gone")
    tmux.type("q")
    tmux.assert_ours_again()


def test_a_storm_of_sizes_ends_in_the_picture_of_the_last_one(tmux: Tmux) -> None:
    tmux.start()
    for number in range(40):
        tmux("resize-window", "-x", str(60 + number * 7 % 140), "-y", str(15 + number * 5 % 40))
    tmux("resize-window", "-x", "40", "-y", "10")
    tmux.until(lambda: "Make it larger" in tmux.text, "it says that there is too little room")
    tmux("resize-window", "-x", "132", "-y", "43")
    tmux.until(lambda: "Drop flags" in tmux.text and "commands" in tmux.text.rstrip().splitlines()[-1], "all is back")
    lines = tmux.text.rstrip("\n").splitlines()
    assert len(lines) == 43, "the legend is not in the last line"
    assert all(len(line) <= 132 for line in lines)


@pytest.mark.parametrize(
    "variables", ["TERM=xterm-256color COLORTERM=", "TERM=xterm COLORTERM=", "NO_COLOR=1", "TERM=screen COLORTERM="]
)
def test_it_works_with_fewer_colours(tmux: Tmux, variables: str) -> None:
    tmux.type(f"env {variables} {shlex.join([sys.executable, str(PROGRAM)])}", "Enter")
    tmux.until(lambda: "Drop flags" in tmux.text and tmux.fact("alternate_on") == "1", "the floor is painted")
    assert "working" in tmux.text, "the state is said in words"
    tmux.type("q")
    tmux.assert_ours_again()


def _program_of(tmux: Tmux) -> str:
    """The process of the floor."""
    shell = tmux.fact("pane_pid")
    return subprocess.run(["pgrep", "-P", shell], capture_output=True, text=True, check=True).stdout.split()[0]

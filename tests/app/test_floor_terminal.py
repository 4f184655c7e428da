"""The floor in a real terminal: what it writes, how it ends, and keys as terminals send them."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.errors import UsageError
from app.verbs.floor import open_floor

PATIENCE_SECONDS = 60.0
LEAVE_ALTERNATE_SCREEN = b"\x1b[?1049l"
RESTORE_TITLE = b"\x1b[23;2t"


def _take_terminal() -> None:
    """The pty becomes the controlling terminal, whose end is heard even when the tests run under nohup."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """A pty of 120×40 with the program in it."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SHOPFLOOR_HOME": str(home), "LANG": "C.UTF-8",
                       "TERM": "xterm-256color", "COLORTERM": "truecolor"}  # fmt: skip
        program = Path(__file__).with_name("floor_program.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), *arguments],
            stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            preexec_fn=_take_terminal,
        )  # fmt: skip
        self.output = b""

    def read_until(self, wanted: bytes) -> None:
        """Read what the program writes until this is in it."""
        end = time.monotonic() + PATIENCE_SECONDS
        while wanted not in self.output:
            left = end - time.monotonic()
            assert left > 0, f"{wanted!r} was never written; the end of what was: {self.output[-800:]!r}"
            if select.select([self.master], [], [], left)[0]:
                self.output += os.read(self.master, 65536)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def ended_with(self) -> int:
        """The exit status; what is still written meanwhile is read, as a terminal does."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end, "the program did not end"
            if self.master >= 0 and select.select([self.master], [], [], 0.05)[0]:
                self.output += os.read(self.master, 65536)
        while self.master >= 0 and select.select([self.master], [], [], 0)[0]:
            self.output += os.read(self.master, 65536)
        return int(self.process.returncode)

    def vanish(self) -> None:
        """The person closes the terminal's window."""
        os.close(self.slave)
        self.slave = -1
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        terminal.close()


def started(terminals: list[Terminal], home: Path, *arguments: str) -> Terminal:
    """The program when it has painted."""
    terminal = Terminal(home, *arguments)
    terminals.append(terminal)
    terminal.read_until(b"Drop flags")
    return terminal


def assert_as_it_was(terminal: Terminal) -> None:
    assert LEAVE_ALTERNATE_SCREEN in terminal.output, "the alternate screen was not left"
    assert RESTORE_TITLE in terminal.output, "the title was not given back"
    assert termios.tcgetattr(terminal.slave)[3] == terminal.before[3], "the terminal is still in raw mode"


def test_quit_gives_the_terminal_back_and_says_that_the_agents_go_on(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = started(terminals, tmp_path)
    terminal.read_until("\x1b]2;Shopfloor · 1 working\x07".encode())
    terminal.type(b"q")
    assert terminal.ended_with() == 42
    assert_as_it_was(terminal)
    assert b"One agent goes on working." in terminal.output


@pytest.mark.parametrize(("arguments", "status"), [((), 42), (("cancel",), 43)])
def test_signal_gives_the_terminal_back(
    terminals: list[Terminal], tmp_path: Path, arguments: tuple[str, ...], status: int
) -> None:
    terminal = started(terminals, tmp_path, *arguments)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.ended_with() == status
    assert_as_it_was(terminal)


@pytest.mark.parametrize("arguments", [(), ("cancel",)])
def test_program_ends_when_its_terminal_vanishes(
    terminals: list[Terminal], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    terminal = started(terminals, tmp_path, *arguments)
    terminal.vanish()
    terminal.ended_with()


def test_alt_enter_as_terminals_send_it_makes_a_line_and_enter_sends_both(
    terminals: list[Terminal], tmp_path: Path
) -> None:
    terminal = started(terminals, tmp_path)
    terminal.type(b"i")
    terminal.read_until(b"new line")
    terminal.type(b"one\x1b\rtwo")
    terminal.read_until(b"two")
    terminal.type(b"\r\x11")  # Enter, Ctrl+Q
    terminal.ended_with()
    assert rb"one\ntwo" in terminal.output, f"another text was sent: {terminal.output[-200:]!r}"


def test_a_bug_of_ours_ends_with_a_sentence_and_a_terminal_as_it_was(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "fault")
    try:
        terminal.read_until(b"The agents go on working")
        assert terminal.ended_with() == 1
        assert b"KeyError" in terminal.output
        assert b"Traceback" not in terminal.output, "the details belong into the file"
        assert LEAVE_ALTERNATE_SCREEN in terminal.output
        assert "no such key" in (tmp_path / "state" / "fault.log").read_text()
    finally:
        terminal.close()


async def test_floor_whose_picture_would_go_into_a_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream, is_terminal in ((sys.stdin, True), (sys.stdout, True), (sys.stderr, False)):
        monkeypatch.setattr(stream, "isatty", lambda is_terminal=is_terminal: is_terminal)
    with pytest.raises(UsageError, match="standard error"):
        await open_floor(str(tmp_path))

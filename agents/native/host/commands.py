"""Running shell commands, and ending everything they started."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from agents.native.host.text import BYTES, LINES, Result, head, printed, tail

SPOOL_LIMIT = 64 << 20
"""Bytes of output kept in a file."""
HEAD_LINES = 100
HEAD_BYTES = 8 * 1024
"""What is kept of the beginning of a long output; the rest of what there is room for is its end."""
TIMEOUT_SECONDS = 600.0
WATCH_SECONDS = 0.05
"""How often a silent command is looked after."""
SHOW_SECONDS = 0.1
SHOW_LIMIT = 16384
"""Running output is shown at most this often, and then at most this many characters of its end."""

AT_ONCE_SECONDS = 0.5
"""A command for the background that ends within this time is answered with what it said."""

groups: set[int] = set()
"""Process groups that may still have members."""
_unfinished = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]{0,500}\x1b?|[ -/]*)?$")


class Output:
    """What a command prints: shown while it runs; its beginning and its end in memory, and all of it in a file once it
    is long."""

    def __init__(self, name: str, show: Callable[[str], None]) -> None:
        self.path = f"{os.environ.get('TMPDIR') or '/tmp'}/{name}"
        self.lines = 0
        self.total = 0
        self._begun = b""
        """Its first bytes: the first error is often the one that counts."""
        self._kept = bytearray()
        self._file: BinaryIO | None = None
        self._problem = ""
        self._show = show
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._pending = ""
        self._shown = 0.0

    def add(self, data: bytes) -> None:
        """Take more output."""
        self._begun += data[: HEAD_BYTES - len(self._begun)]
        self._kept += data
        self.total += len(data)
        self.lines += data.count(b"\n")
        if (self.total > BYTES or self.lines > LINES) and self.total <= SPOOL_LIMIT and not self._problem:
            try:
                self._spool(data)
            except OSError as error:  # a full disk must not end the command
                self._problem = f" (the file is not complete: {error.strerror})"
        if len(self._kept) > 8 * BYTES:
            del self._kept[: -4 * BYTES]
        self._pending += self._decode(data)
        self.show()

    def _spool(self, data: bytes) -> None:
        if self._file is None:
            # O_EXCL: the file is new, whatever link somebody may have left there
            self._file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
            data = bytes(self._kept)
        self._file.write(data)

    def show(self) -> None:
        """Show what is new, a few times a second and never floods of it."""
        now = time.monotonic()
        if not self._pending or now - self._shown < SHOW_SECONDS:
            return
        rest = _unfinished.search(self._pending, max(0, len(self._pending) - 512))
        cut = rest.start() if rest else len(self._pending)
        if text := printed(self._pending[:cut][-SHOW_LIMIT:]):
            self._show(text)
        self._pending, self._shown = self._pending[cut:], now

    def text(self) -> str:
        """What the model is told: the beginning and the end of the output, and where the rest is."""
        lines = printed(self._kept.decode("utf-8", "replace")).rstrip("\n").split("\n")
        if self.total <= BYTES and self.lines <= LINES:
            return "\n".join(lines)
        is_whole = len(self._kept) == self.total
        if is_whole:
            first = head(lines, HEAD_LINES, HEAD_BYTES)
            lines = lines[len(first) :]
        else:
            first = printed(self._begun.decode("utf-8", "replace")).split("\n")[:-1][:HEAD_LINES]  # the last one is cut
        last = tail(lines, LINES - HEAD_LINES, BYTES - HEAD_BYTES)
        if self._file is not None:
            self._file.close()
        if is_whole and last == lines:  # most of it were control sequences
            return "\n".join([*first, *last])
        stops = f" (the file holds the first {SPOOL_LIMIT} bytes)" if self.total > SPOOL_LIMIT else self._problem
        count = self.lines - len(first) - len(last)
        left = f"{count} of {self.lines} lines" if count > 0 else "a part"
        return "\n".join([*first, f"[… {left} left out here; all output: {self.path}{stops}]", *last])


def bash(arguments: dict[str, Any], name: str, show: Callable[[str], None], cancelled: threading.Event) -> Result:
    """Run a command to its end. What it leaves in the background goes on until the tool host ends.

    Args:
        name: of the file that takes long output, in the temporary folder.
        show: receives output while it comes.
        cancelled: set from outside to stop the command.
    """
    process = started(arguments["command"], subprocess.PIPE)
    output = Output(name, show)
    stopped, held = "It was stopped.", False
    try:
        stopped, held = follow(process, output, cancelled, arguments.get("timeout", TIMEOUT_SECONDS))
    finally:
        if stopped:
            kill_tree(process.pid)
            process.wait()
        goes_on = has_members(process.pid)
        if not goes_on:
            groups.discard(process.pid)
    if held and not stopped:
        # whoever still prints there must not die of it
        threading.Thread(target=drain, args=(process.stdout,), daemon=True).start()
    notes = ending(process.returncode, stopped, goes_on)
    if process.returncode:
        notes += policy_note(output.text())
    text = "\n\n".join(filter(None, [output.text(), *notes, *news()]))
    return Result(text or "(no output)", error=bool(stopped or process.returncode))


def started(command: str, output: int | BinaryIO) -> subprocess.Popen[bytes]:
    """A shell with a command, in a process group of its own."""
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    quiet = {"PAGER": "cat", "GIT_PAGER": "cat", "GIT_EDITOR": "true", "GIT_TERMINAL_PROMPT": "0", "TERM": "dumb"}
    process = subprocess.Popen(
        [shell, "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**quiet, **os.environ},
    )
    groups.add(process.pid)
    return process


background: dict[int, tuple[subprocess.Popen[bytes], str]] = {}
"""Commands in the background, by their process groups, and their output files."""
_background_lock = threading.Lock()


def bash_in_background(arguments: dict[str, Any], name: str) -> Result:
    """Start a command that runs on until it ends, is killed, or the tool host ends; its output goes to a file."""
    path = f"{os.environ.get('TMPDIR') or '/tmp'}/{name}"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0) as file:
        process = started(arguments["command"], file)
    try:
        status = process.wait(AT_ONCE_SECONDS)
    except subprocess.TimeoutExpired:
        with _background_lock:
            background[process.pid] = (process, path)
        threading.Thread(target=process.wait, daemon=True).start()  # or its group would seem to be there for ever
        group = process.pid
        return Result(
            f"Runs in the background. Output: {path}  Still there: kill -0 -- -{group}  Stop: kill -- -{group}"
        )
    said = "\n".join(tail(printed(Path(path).read_text("utf-8", "replace")[-8 * BYTES :]).rstrip("\n").split("\n")))
    notes = ending(status, "", has_members(process.pid)) or ["[The command has ended already.]"]
    return Result("\n\n".join(filter(None, [said, *notes])), error=bool(status))


def news() -> list[str]:
    """Which commands in the background have ended since this was last asked."""
    with _background_lock:
        ended = {group: entry for group, entry in background.items() if entry[0].poll() is not None}
        for group in ended:
            del background[group]
    return [
        f"[The command in the background, group {group}, has ended with code {process.returncode}; output: {path}]"
        for group, (process, path) in ended.items()
    ]


def ending(status: int, stopped: str, goes_on: bool) -> list[str]:
    """How a command ended, when that is worth saying."""
    if stopped:
        return [stopped]
    if status:
        return [f"Command exited with code {status}" if status > 0 else f"Command was killed by signal {-status}"]
    return ["[The command has ended; what it started goes on in the background.]"] if goes_on else []


def follow(
    process: subprocess.Popen[bytes], output: Output, cancelled: threading.Event, limit: float
) -> tuple[str, bool]:
    """Collect output until the command itself ends. Returns why it has to be stopped, and whether its output is still
    held open by something."""
    assert process.stdout is not None
    stdout = process.stdout.fileno()
    deadline = time.monotonic() + limit
    is_open = True
    while True:
        ended = process.poll() is not None  # asked first: all it printed before is there to be read
        if is_open and select.select([stdout], [], [], 0 if ended else WATCH_SECONDS)[0]:
            data = os.read(stdout, 65536)
            is_open = bool(data)
            output.add(data)
            if not is_open:
                process.stdout.close()
        elif ended:
            return "", is_open
        elif is_open:
            output.show()
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(WATCH_SECONDS)
        if cancelled.is_set():
            return "Command was interrupted before it ended, and stopped.", is_open
        if time.monotonic() > deadline:
            return f"Command timed out after {limit:g} seconds and was stopped.", is_open


def policy_note(output: str) -> list[str]:
    """A word on what the sandbox may have refused."""
    where = f"{Path.cwd()}, the temporary folder and package caches"
    if "Read-only file system" in output:
        return [f"[The sandbox allows writing in {where} only. This is policy; do not try another way.]"]
    if re.search("Permission denied|Operation not permitted", output):
        return [f"[If this was a write: the sandbox allows writing in {where} only, by policy.]"]
    return []


def drain(stream: BinaryIO) -> None:
    """Read and forget."""
    while os.read(stream.fileno(), 65536):
        pass
    stream.close()


def descendants(root: int) -> list[int]:
    """Every process below one, where the system has /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # the name in parentheses may hold anything; what follows the last one is plain
            parent = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found: list[int] = []
    wave = [root]
    while wave:
        wave = [child for parent in wave for child in children.get(parent, [])]
        found += wave
    return found


def kill_tree(root: int) -> None:
    """Kill a process group, and who has left it for a group of its own."""
    below = descendants(root)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(root, signal.SIGKILL)
    for pid in below:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def has_members(group: int) -> bool:
    """Whether anybody is left in a process group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def kill_all() -> None:
    """End everything that was ever started here."""
    for group in [*groups]:
        kill_tree(group)
    for pid in descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)

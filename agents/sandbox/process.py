"""Starting one process by asyncio, with pipes or a pty, and ending its process group: for systems other than Linux."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Mapping, Sequence

from agents.errors import SandboxError
from agents.sandbox.policy import PtySize
from agents.sandbox.runner import Stream

STREAM_LIMIT_BYTES = 16 * 1024 * 1024
"""Longest line a reader accepts: agents send whole files as one JSON line."""

_STREAMS: dict[Stream, int | None] = {
    "pipe": asyncio.subprocess.PIPE,
    "null": asyncio.subprocess.DEVNULL,
    "stdout": asyncio.subprocess.STDOUT,
    "inherit": None,
}


class LocalProcess:
    """A process started by :func:`spawn`, leader of its own session; see :class:`agents.sandbox.Process`.

    Its process group is all that is known to be below it.
    """

    def __init__(self, process: asyncio.subprocess.Process, pty: int | None) -> None:
        self._process = process
        self.pid = process.pid
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.stderr = process.stderr
        self.pty = pty
        """Not blocking. Stop reading it before ``kill``, which closes it."""

    async def wait(self) -> int:
        """Exit status; negative signal number when the tree was killed by us, 128 + signal when something else did."""
        return await self._process.wait()

    def kill(self) -> None:
        """End the whole tree and close the pty. Safe when it is over, safe to repeat."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ended a moment ago; wait() will say how
                os.killpg(self.pid, signal.SIGKILL)
        if self.pty is not None:
            os.close(self.pty)
            self.pty = None

    def resize(self, size: PtySize) -> None:
        """Tell the terminal its new size; what runs in its foreground gets SIGWINCH."""
        if self.pty is not None:
            set_size(self.pty, size)


async def spawn(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: str | None = None,
    stdin: Stream,
    stdout: Stream,
    stderr: Stream,
    pty: PtySize | None,
) -> LocalProcess:
    """Start ``argv`` as the leader of a new session, with exactly this environment. A pty becomes its controlling
    terminal, so that Ctrl-C and SIGWINCH arrive.

    Raises:
        SandboxError: the program could not be started.
    """
    master, slave = open_terminal(pty) if pty is not None else (-1, -1)
    try:
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *argv,
                stdin=slave if pty else _STREAMS[stdin],
                stdout=slave if pty else _STREAMS[stdout],
                stderr=slave if pty else _STREAMS[stderr],
                cwd=directory,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=_take_terminal if pty is not None else None,
                limit=STREAM_LIMIT_BYTES,
            )
        )
        try:
            process = await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(_end_unwanted)
            raise
    except BaseException as error:
        if pty is not None:
            os.close(master)
        if isinstance(error, (OSError, ValueError)):
            raise SandboxError(f"{argv[0]} could not be started: {error}.") from error
        raise
    finally:
        if pty is not None:
            os.close(slave)
    return LocalProcess(process, master if pty else None)


def _end_unwanted(starting: asyncio.Future[asyncio.subprocess.Process]) -> None:
    """Nobody waits any more for what has just been started."""
    if not starting.cancelled() and starting.exception() is None:
        LocalProcess(starting.result(), None).kill()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def open_terminal(size: PtySize) -> tuple[int, int]:
    """A new terminal: its master side, which does not block, and the side that programs get. The caller closes both."""
    master, slave = os.openpty()
    set_size(slave, size)
    os.set_blocking(master, False)
    return master, slave


def set_size(terminal: int, size: PtySize) -> None:
    """Tell a terminal how large it is; the program in it hears of that."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))

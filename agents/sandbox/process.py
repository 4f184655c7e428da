"""Starting one process of this machine with pipes or a pty, and ending its whole tree."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable, Mapping, Sequence

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

    Killing it must end everything below it: the backend has put something at its head that takes its tree along
    (bubblewrap's process namespace, our launcher), or the process group is all there is.
    """

    def __init__(self, process: asyncio.subprocess.Process, pty: int | None, end: signal.Signals) -> None:
        self._process = process
        self._end = end
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
            try:
                if self._end is signal.SIGKILL:
                    os.killpg(self.pid, signal.SIGKILL)
                else:
                    os.kill(self.pid, self._end)
            except ProcessLookupError:
                pass  # it ended a moment ago; wait() will say how
        if self.pty is not None:
            os.close(self.pty)
            self.pty = None

    def resize(self, size: PtySize) -> None:
        """Tell the terminal its new size; what runs in its foreground gets SIGWINCH."""
        if self.pty is not None:
            _set_size(self.pty, size)


async def spawn(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: str | None = None,
    stdin: Stream,
    stdout: Stream,
    stderr: Stream,
    pty: PtySize | None,
    inherited: Sequence[int] = (),
    in_child: Callable[[], None] | None = None,
    takes_terminal: bool = True,
    end: signal.Signals = signal.SIGKILL,
) -> LocalProcess:
    """Start ``argv`` as the leader of a new session, with exactly this environment.

    ``inherited`` are descriptors it keeps; ``in_child`` runs between fork and exec and must only make system calls;
    ``end`` is the signal that makes the head of the tree take everything with it. ``takes_terminal``: the pty becomes
    the controlling terminal of ``argv``, so that Ctrl-C and SIGWINCH arrive; else something below it takes it.

    Raises:
        SandboxError: the program could not be started.
    """
    master = slave = -1
    if pty is not None:
        master, slave = os.openpty()
        _set_size(slave, pty)
        os.set_blocking(master, False)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=slave if pty else _STREAMS[stdin],
            stdout=slave if pty else _STREAMS[stdout],
            stderr=slave if pty else _STREAMS[stderr],
            cwd=directory,
            env=dict(environment),
            pass_fds=tuple(inherited),
            start_new_session=True,
            preexec_fn=_before_exec(in_child, pty is not None and takes_terminal),
            limit=STREAM_LIMIT_BYTES,
        )
    except BaseException as error:
        if pty is not None:
            os.close(master)
        if isinstance(error, (OSError, ValueError)):
            raise SandboxError(f"{argv[0]} could not be started: {error}.") from error
        raise
    finally:
        if pty is not None:
            os.close(slave)
    return LocalProcess(process, master if pty else None, end)


def _before_exec(in_child: Callable[[], None] | None, takes_terminal: bool) -> Callable[[], None] | None:
    """What the child does before exec."""
    if not takes_terminal:
        return in_child

    def take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if in_child is not None:
            in_child()

    return take_terminal


def _set_size(terminal: int, size: PtySize) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))

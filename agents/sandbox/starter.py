"""The one small process from which all commands of this process are started, on Linux.

A fork of it is cheap whatever we hold in memory, and needs no new interpreter (:mod:`agents.sandbox.launcher` is its
program). It dies with us, and everything it has started dies with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, cast

from agents.errors import SandboxError
from agents.sandbox import launcher
from agents.sandbox.policy import PtySize
from agents.sandbox.process import STREAM_LIMIT_BYTES, open_terminal, set_size
from agents.sandbox.runner import Stream

KEPT = 3
"""The number under which a started program finds a descriptor that it is to keep."""
MEMORY_LIMITED = "Memory is limited for each process, not for all together; if it runs short, agents' are ended first."
"""For ``Runner.limits``."""
_ANSWER_BYTES = 4
_ANSWER_SECONDS = 30.0
"""For a machine that is on its knees; it takes a millisecond."""


class Order(TypedDict):
    """What is to be started and how."""

    argv: list[str]
    directory: str
    """Where a supervised command starts."""
    environment: dict[str, str]
    terminal: bool
    """Standard input is a terminal that becomes the controlling one."""
    memory: int
    """Bytes of data that each process may have; 0: no limit."""
    scoped: bool
    """Not supervised: keep abstract sockets and signals inside."""
    supervised: bool
    """Watched by a fork of the launcher, which ends the whole tree; all below is for these."""
    confined: bool
    write: list[str]
    read: list[str] | None
    """None: everything may be read."""
    network: bool
    filter: bytes
    """A seccomp program; empty for none."""
    processes: int
    """How many more processes may be started than run now on the whole machine; 0: no limit."""


def order(argv: Sequence[str], environment: dict[str, str]) -> Order:
    """An order for a program by its path, with nothing around it."""
    return Order(
        argv=list(argv),
        directory="",
        environment=environment,
        terminal=False,
        memory=0,
        scoped=False,
        supervised=False,
        confined=False,
        write=[],
        read=None,
        network=True,
        filter=b"",
        processes=0,
    )


class StartedProcess:
    """A process that the starter has started, leader of its own session; see :class:`agents.sandbox.Process`."""

    def __init__(self, status: int, *, supervised: bool) -> None:
        self.pid = 0
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        self.pty: int | None = None
        """Not blocking. Stop reading it before ``kill``, which closes it."""
        self._supervised = supervised
        self._status = status
        self._handle: int | None = None
        self._killed = False
        self._loop = asyncio.get_running_loop()
        self._started: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        os.set_blocking(status, False)
        self._loop.add_reader(status, self._hear)

    async def started(self) -> None:
        """Wait until it runs.

        Raises:
            SandboxError: it could not be started.
        """
        async with asyncio.timeout(_ANSWER_SECONDS):
            await asyncio.shield(self._started)

    async def wait(self) -> int:
        """Exit status; negative signal number, or 128 + signal, when something has ended it."""
        return await asyncio.shield(self._ended)

    def when_over(self, call: Callable[[], None]) -> None:
        """Have something called when it has ended."""
        self._ended.add_done_callback(lambda _: call())

    def kill(self) -> None:
        """End the whole tree and close the pty. Safe when it is over, safe to repeat, safe before it runs."""
        self._killed = True
        if self._handle is not None:
            self._end()
        if self.pty is not None:
            os.close(self.pty)
            self.pty = None

    def resize(self, size: PtySize) -> None:
        """Tell the terminal its new size; what runs in its foreground gets SIGWINCH."""
        if self.pty is not None:
            set_size(self.pty, size)

    def _end(self) -> None:
        """The handle, and not the number, says whom: the number may be somebody else's by now."""
        assert self._handle is not None
        with contextlib.suppress(ProcessLookupError):
            if self._supervised:
                signal.pidfd_send_signal(self._handle, signal.SIGTERM)
            else:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
                os.killpg(self.pid, signal.SIGKILL)

    def _hear(self) -> None:
        while True:
            try:
                answer = os.read(self._status, _ANSWER_BYTES)
            except BlockingIOError:
                return
            if len(answer) < _ANSWER_BYTES:  # the starter is gone, and with it all it has started
                self._finish(-signal.SIGKILL)
                return
            (number,) = struct.unpack("=i", answer)
            if self.pid:
                self._finish(number)
                return
            if number <= 0:
                self._refuse(os.strerror(-number))
                return
            self._begin(number)

    def _begin(self, number: int) -> None:
        self.pid = number
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            self._handle = os.pidfd_open(number)
        if self._killed and self._handle is not None:
            self._end()
        if not self._started.done():
            self._started.set_result(None)

    def _refuse(self, reason: str) -> None:
        if not self._started.done():
            self._started.set_exception(SandboxError(f"Nothing can be started here: {reason}."))
            self._started.exception()  # nobody may be listening any more
        self._finish(-signal.SIGKILL)

    def _finish(self, status: int) -> None:
        if self._ended.done():
            return
        self._ended.set_result(status)
        self._loop.remove_reader(self._status)
        os.close(self._status)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        if not self.pid:
            self._refuse("the process that starts commands has ended")


async def start(
    wanted: Order,
    *,
    stdin: Stream,
    stdout: Stream,
    stderr: Stream,
    pty: PtySize | None,
    kept: bytes = b"",
) -> StartedProcess:
    """Carry out an order. ``kept`` is what the program finds to read under the number :data:`KEPT`.

    Raises:
        SandboxError: nothing can be started.
    """
    with contextlib.ExitStack() as theirs:
        ours = _Streams(theirs, stdin, stdout, stderr, pty)
        descriptors = [*ours.given, *([theirs.enter_context(_file_of(kept)).fileno()] if kept else [])]
        content = theirs.enter_context(_file_of(marshal.dumps(cast(dict[str, Any], wanted))))
        heard, told = os.pipe()
        theirs.callback(os.close, told)
        process = StartedProcess(heard, supervised=wanted["supervised"])
        try:
            _send([content.fileno(), told, *descriptors])
        except BaseException:
            process._finish(-signal.SIGKILL)
            ours.close()
            raise
    try:
        await ours.connect(process)
        await process.started()
    except BaseException as error:
        process.kill()
        ours.close()
        if isinstance(error, TimeoutError):
            raise SandboxError("The process that starts commands does not answer.") from error
        raise
    return process


class _Streams:
    """The two ends of each stream: what goes to the new process, and what stays here."""

    def __init__(
        self, theirs: contextlib.ExitStack, stdin: Stream, stdout: Stream, stderr: Stream, pty: PtySize | None
    ) -> None:
        self.given: list[int]
        self._pty: int | None = None
        self._open: list[int | None] = [None, None, None]
        if pty is not None:
            self._pty, slave = open_terminal(pty)
            theirs.callback(os.close, slave)
            self.given = [slave] * 3
            return
        self.given = [self._end(theirs, number, kind) for number, kind in enumerate((stdin, stdout, stderr))]
        if stderr == "stdout":
            self.given[2] = self.given[1]

    def _end(self, theirs: contextlib.ExitStack, number: int, kind: Stream) -> int:
        if kind == "inherit":
            return number
        if kind == "pipe":
            reading, writing = os.pipe()
            self._open[number], end = (writing, reading) if number == 0 else (reading, writing)
        else:
            end = os.open(os.devnull, os.O_RDWR)
        theirs.callback(os.close, end)
        return end

    async def connect(self, process: StartedProcess) -> None:
        """Make asyncio's streams of what stays here."""
        loop = asyncio.get_running_loop()
        process.pty, self._pty = self._pty, None
        for number, descriptor in enumerate(self._open):
            if descriptor is None:
                continue
            self._open[number] = None
            reader = asyncio.StreamReader(limit=STREAM_LIMIT_BYTES, loop=loop)
            protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
            file = os.fdopen(descriptor, "rb" if number else "wb", 0)
            if number == 0:
                transport, _ = await loop.connect_write_pipe(partial(_same, protocol), file)
                process.stdin = asyncio.StreamWriter(transport, protocol, None, loop)
                continue
            await loop.connect_read_pipe(partial(_same, protocol), file)
            if number == 1:
                process.stdout = reader
            else:
                process.stderr = reader

    def close(self) -> None:
        """Give up what has not become a stream."""
        for descriptor in (*self._open, self._pty):
            if descriptor is not None:
                os.close(descriptor)


def _same(protocol: asyncio.StreamReaderProtocol) -> asyncio.StreamReaderProtocol:
    return protocol


def program() -> list[str]:
    """The launcher's command line, without its arguments."""
    return [sys.executable, "-I", "-S", str(Path(launcher.__file__).resolve())]


_running: tuple[int, subprocess.Popen[bytes], socket.socket] | None = None
"""Whose it is (a fork of ours needs its own), the starter, and our end of its socket."""


def _send(descriptors: Sequence[int]) -> None:
    """Give the starter an order; a new one if there is none or it has gone.

    Raises:
        SandboxError: there is no starter and none can be made.
    """
    for fresh in (False, True):
        try:
            socket.send_fds(_control(fresh), [b"!"], descriptors)
        except OSError as error:
            if fresh:
                raise SandboxError(f"Nothing can be started here: {error.strerror}.") from error
        else:
            return


def _control(fresh: bool) -> socket.socket:
    global _running
    if _running is not None and (fresh or _running[0] != os.getpid()):
        _, process, ours = _running
        ours.close()
        process.poll()
        _running = None
    if _running is None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [*program(), str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        _running = (os.getpid(), process, ours)
    return _running[2]


def _file_of(content: bytes) -> BinaryIO:
    """A file in memory that is read from its start."""
    file = os.fdopen(os.memfd_create("shopfloor"), "w+b")
    file.write(content)
    file.seek(0)
    return file

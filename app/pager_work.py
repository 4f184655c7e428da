"""The pager's input and output: lines as they come, pieces painted in their order, on all processors when it is much.

A short diff is painted here, at once. A long one goes to processes made by forking, each with its own pair of sockets:
they take turns, so that what comes back is in order, and each has one job at a time, so that memory stays bounded and
nobody waits for a full socket. Whoever is ended, they end: the other side of their socket is closed.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, Pipe
from typing import IO, NoReturn

from agents.review.stream import Patch, Text

PART_BYTES = 1 << 20
"""A longer line is handed on in parts; of a line of a diff only the first is shown (``--json`` shows all of it)."""
CHUNK_BYTES = 1 << 16
FIRST_JOB_LINES, JOB_LINES = 100, 1_500
"""A job is painted when it has so many lines, or when the input pauses."""
ALONE_LINES = 4_000
"""What is longer is painted by several processes."""
MOST_WORKERS = 8

Piece = Text | Patch
Paint = Callable[[Sequence[Piece]], bytes]


def lines_of(descriptor: int, before_waiting: Callable[[], None]) -> Iterator[bytes]:
    """The lines of an input as they come, with their line feeds; a line of more than a megabyte comes in parts.

    Args:
        before_waiting: called when there is nothing to read just now.
    """
    rest = b""
    while True:
        if not _is_ready(descriptor):
            before_waiting()
        chunk = os.read(descriptor, CHUNK_BYTES)
        if not chunk:
            break
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield line + b"\n"
        if len(rest) >= PART_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest


def _is_ready(descriptor: int) -> bool:
    try:
        return bool(select.select([descriptor], [], [], 0)[0])
    except (OSError, ValueError):
        return True


class Output:
    """Takes pieces, paints them and writes them out in their order."""

    def __init__(self, target: IO[bytes], paint: Paint, workers: int | None = None) -> None:
        self._target = target
        self._paint = paint
        self._most = worker_count() if workers is None else workers
        self._pool: _Pool | None = None
        self._job: list[Piece] = []
        self._job_lines = 0
        self._lines = 0

    def add(self, piece: Piece) -> None:
        """Take the next piece."""
        self._job.append(piece)
        self._job_lines += piece.data.count(b"\n")
        if self._job_lines >= (JOB_LINES if self._lines else FIRST_JOB_LINES):
            self._begin_job()

    def catch_up(self) -> None:
        """Write out all that was taken."""
        if self._job:
            self._begin_job()
        for done in self._pool.rest() if self._pool is not None else ():
            self._target.write(done)
        self._target.flush()

    def close(self) -> None:
        """End the processes, whatever they are at."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _begin_job(self) -> None:
        job, self._job = self._job, []
        self._lines += self._job_lines
        self._job_lines = 0
        if self._pool is None and self._lines > ALONE_LINES and self._most > 1:
            self._target.flush()
            self._pool = _Pool(self._most, self._paint, self._target)
        if self._pool is None:
            self._target.write(self._paint(job))
            self._target.flush()
            return
        for done in self._pool.paint(job):
            self._target.write(done)


def worker_count() -> int:
    """How many processes paint a long diff; 1 where there is nothing to gain."""
    if not hasattr(os, "fork"):
        return 1
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if processors < 2 else min(MOST_WORKERS, processors + 1)  # one more, because they take turns


class _Pool:
    """Processes that paint, in turns."""

    def __init__(self, count: int, paint: Paint, target: IO[bytes]) -> None:
        self._ends: list[Connection] = []
        self._children: list[int] = []
        for _ in range(count):
            ours, theirs = Pipe()
            child = os.fork()
            if not child:
                for end in (*self._ends, ours):
                    end.close()
                _work(theirs, paint, target)
            theirs.close()
            self._ends.append(ours)
            self._children.append(child)
        self._busy: deque[int] = deque()
        """Who is at work, in the order of their jobs."""
        self._next = 0

    def paint(self, job: Sequence[Piece]) -> Iterator[bytes]:
        """Give out a job; what is done of earlier ones."""
        if len(self._busy) == len(self._ends):
            yield self._take()
        self._ends[self._next].send_bytes(pickle.dumps(job))
        self._busy.append(self._next)
        self._next = (self._next + 1) % len(self._ends)
        while self._busy and self._ends[self._busy[0]].poll():
            yield self._take()

    def rest(self) -> Iterator[bytes]:
        """All that is still to come."""
        while self._busy:
            yield self._take()

    def close(self) -> None:
        """End them."""
        for end in self._ends:
            end.close()
        for child in self._children:
            os.waitpid(child, 0)

    def _take(self) -> bytes:
        done = self._ends[self._busy.popleft()].recv()
        if isinstance(done, BaseException):
            raise done
        assert isinstance(done, bytes)
        return done


def _work(end: Connection, paint: Paint, target: IO[bytes]) -> NoReturn:
    """The life of a process that paints. It never comes back."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the one that reads decides
        os.close(target.fileno())
        while True:
            job: Sequence[Piece] = pickle.loads(end.recv_bytes())
            try:
                done: bytes | Exception = paint(job)
            except Exception as error:
                done = error
            end.send(done)
    except (EOFError, OSError):
        os._exit(0)
    finally:
        os._exit(1)

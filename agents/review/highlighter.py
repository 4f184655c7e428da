"""Syntax highlighting that an event loop can await: worker processes, the file in view first, results kept."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agents.review.frames import LENGTH, Answer, Request

if TYPE_CHECKING:
    from agents.review.spans import Highlighted

LIMIT_SECONDS = 15.0
"""A file that takes longer is shown plain, and the worker that hangs on it is replaced."""

_ROOT = Path(__file__).resolve().parents[2]
_Name = tuple[bytes, str | bytes, str]


@dataclass(slots=True)
class _Job:
    """A file that someone waits for."""

    request: Request
    done: asyncio.Future[Highlighted]
    waiting: int = 0
    begun: bool = False


@dataclass(order=True, slots=True)
class _Turn:
    """A place in the queue: lower priority first, then what was asked for last."""

    priority: int
    newest_first: int
    name: _Name = field(compare=False)


class Highlighter:
    """Tokenises files in worker processes, which start with the first file and end with :meth:`close`.

    The results of the ``cached`` files used last are kept. Asking again for what is under way waits for the same work;
    work that nobody waits for any more is not begun.
    """

    def __init__(self, workers: int = 1, cached: int = 128) -> None:
        self._limit = cached
        self._free_workers = workers
        self._cache: OrderedDict[_Name, Highlighted] = OrderedDict()
        self._jobs: dict[_Name, _Job] = {}
        self._queue: asyncio.PriorityQueue[_Turn] = asyncio.PriorityQueue()
        self._counter = itertools.count()
        self._workers: list[asyncio.Task[None]] = []
        self._closed = False

    async def highlight(
        self, path: bytes, data: bytes, *, key: str = "", attribute: str = "", priority: int = 0
    ) -> Highlighted:
        """The spans of a file; plain ones when it cannot be tokenised within :data:`LIMIT_SECONDS`.

        Args:
            path: its name in the repository.
            data: its whole content.
            key: names the content, for instance its blob id; without one it is told by the content itself.
            attribute: its ``linguist-language``.
            priority: lower goes first; among equals what was asked for last, because that is being looked at.
        """
        name = (path, key or data, attribute)
        if name in self._cache:
            self._cache.move_to_end(name)
            return self._cache[name]
        if self._closed:
            return _plain()
        job = self._jobs.get(name)
        if job is None:
            done: asyncio.Future[Highlighted] = asyncio.get_running_loop().create_future()
            job = self._jobs[name] = _Job(Request(path, data, attribute), done)
        self._queue.put_nowait(_Turn(priority, -next(self._counter), name))
        if self._free_workers:
            self._free_workers -= 1
            self._workers.append(asyncio.create_task(self._work(), name="highlighter"))
        job.waiting += 1
        try:
            return await asyncio.shield(job.done)
        finally:
            job.waiting -= 1

    async def close(self) -> None:
        """End the workers. Whoever still waits gets plain spans."""
        self._closed = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for job in self._jobs.values():
            if not job.done.done():
                job.done.set_result(_plain())
        self._jobs.clear()

    async def _work(self) -> None:
        """One worker process after the other (a new one only when the last one failed), until :meth:`close`."""
        process: asyncio.subprocess.Process | None = None
        try:
            while True:
                turn = await self._queue.get()
                job = self._jobs.get(turn.name)
                if job is None or job.begun:
                    continue
                if not job.waiting:
                    del self._jobs[turn.name]
                    continue
                job.begun = True
                result = None
                try:
                    process = process or await _start()
                    result = await _ask(process, job.request)
                except (OSError, EOFError, TimeoutError, msgspec.DecodeError):
                    # A worker that died or hangs costs this file its colours; the next file gets a new one.
                    await _end(process)
                    process = None
                self._finish(turn.name, job, result or _plain())
        finally:
            await _end(process)

    def _finish(self, name: _Name, job: _Job, result: Highlighted) -> None:
        self._jobs.pop(name, None)
        self._cache[name] = result
        while len(self._cache) > self._limit:
            self._cache.popitem(last=False)
        if not job.done.done():
            job.done.set_result(result)


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agents.review.syntax_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd="/",
        env={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )


async def _ask(process: asyncio.subprocess.Process, request: Request) -> Highlighted:
    """One file through a worker. Raises OSError, EOFError, TimeoutError or DecodeError when the worker is lost."""
    source, target = process.stdout, process.stdin
    if source is None or target is None:
        raise EOFError("the worker has no pipes")
    async with asyncio.timeout(LIMIT_SECONDS):
        message = msgspec.msgpack.encode(request)
        target.write(LENGTH.pack(len(message)) + message)
        await target.drain()
        (length,) = LENGTH.unpack(await source.readexactly(LENGTH.size))
        answer = msgspec.msgpack.decode(await source.readexactly(length), type=Answer)
    return answer.highlighted()


async def _end(process: asyncio.subprocess.Process | None) -> None:
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _plain() -> Highlighted:
    from agents.review.spans import PLAIN

    return PLAIN

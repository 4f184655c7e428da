"""Unix sockets for confined processes: their path may be longer than the 104 bytes that systems allow, and who connects
again and again does not use up our descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What deals with one connection."""

LONGEST_PATH = 100
_DESCRIPTORS = Path("/proc/self/fd")


@contextlib.contextmanager
def short_path(place: Path) -> Iterator[str]:
    """A path to the same place that a socket call takes, as long as the context lasts.

    Where the path is too long its folder is opened and named by the descriptor, which only Linux can.
    """
    if len(os.fsencode(place)) <= LONGEST_PATH or not _DESCRIPTORS.is_dir():
        yield str(place)
        return
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_DESCRIPTORS / str(folder) / place.name)
    finally:
        os.close(folder)


def listening_socket(place: Path) -> socket.socket:
    """A socket bound to ``place`` that only its owner can connect to.

    Raises:
        OSError: it cannot be made there.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mask = os.umask(0o177)
        try:
            with short_path(place) as path:
                made.bind(path)
        finally:
            os.umask(mask)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made


def at_most(connections: int, serve: Serve) -> Serve:
    """The same for so many connections at once; those beyond are closed."""
    served = 0

    async def serve_or_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        if served >= connections:
            writer.close()
            return
        served += 1
        try:
            await serve(reader, writer)
        finally:
            served -= 1

    return serve_or_close

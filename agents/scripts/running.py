"""One script from its start to its end, its output streamed, its whole process tree ended with it."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import time
from collections.abc import Callable
from typing import IO

from agents.model import Struct
from agents.sandbox import Policy, Process, Runner

OUTPUT_LIMIT = 200_000
"""Characters of output kept; the end counts."""
LOG_LIMIT = 20_000_000
"""Bytes of output kept in a log; the beginning counts."""


class ScriptEnd(Struct, kw_only=True):
    """How a script ended."""

    status: int | None
    """Its exit status, negative for a signal; None when it took too long."""
    reason: str
    """In words, why that is a failure; empty when it is none."""
    output: str
    """What it printed, the end of it."""
    seconds: float

    @property
    def passed(self) -> bool:
        """It ended well."""
        return not self.reason


async def run_script(
    command: str,
    runner: Runner,
    policy: Policy,
    on_output: Callable[[str], None],
    *,
    timeout_seconds: float | None = None,
    stdin: bytes = b"",
    log: IO[bytes] | None = None,
    flood_bytes: int = 0,
) -> ScriptEnd:
    """Run a shell command to its end, or until the time is over. Cancelled, it ends with its whole tree.

    Args:
        on_output: receives what it prints, standard error included, as it comes.
        stdin: what it finds on its standard input.
        log: keeps the beginning of what it prints, up to :data:`LOG_LIMIT`.
        flood_bytes: of output, after which it is ended; 0: it may print as much as it likes.

    Raises:
        SandboxError: it could not be started.
    """
    started = time.monotonic()
    process = await runner.start(["/bin/sh", "-c", command], policy, stdin="pipe" if stdin else "null", stderr="stdout")
    kept = _Tail()
    status: int | None = None
    try:
        async with asyncio.timeout(timeout_seconds):
            feeding = asyncio.create_task(_feed(process, stdin))
            try:
                flooded = await _read(process, on_output, kept, log, flood_bytes)
                status = None if flooded else await process.wait()
            finally:
                feeding.cancel()
    except TimeoutError:
        reason = f"not done after {timeout_seconds:g} seconds"
    else:
        reason = f"ended: it printed more than {flood_bytes // 10**6} MB" if status is None else _in_words(status)
    finally:
        process.kill()
        await process.wait()
    return ScriptEnd(status=status, reason=reason, output=kept.text(), seconds=time.monotonic() - started)


class _Tail:
    """The end of a text that comes in pieces."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0

    def add(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
        if self._length > 2 * OUTPUT_LIMIT:
            self._pieces = [self.text()]
            self._length = len(self._pieces[0])

    def text(self) -> str:
        return "".join(self._pieces)[-OUTPUT_LIMIT:]


def _in_words(status: int) -> str:
    """Why an exit status is a failure; empty when it is none."""
    signal = -status if status < 0 else status - 128 if 128 < status < 160 else 0
    if signal:
        return f"ended by signal {signal}"
    return f"exit status {status}" if status else ""


async def _read(
    process: Process, on_output: Callable[[str], None], kept: _Tail, log: IO[bytes] | None, flood_bytes: int
) -> bool:
    """Read to the end; True when it printed too much, and was left."""
    assert process.stdout is not None
    total = 0
    decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
    while data := await process.stdout.read(65536):
        if log is not None and total < LOG_LIMIT:
            log.write(data[: LOG_LIMIT - total])
        total += len(data)
        if text := decode(data):
            on_output(text)
            kept.add(text)
        if flood_bytes and total > flood_bytes:
            return True
    return False


async def _feed(process: Process, content: bytes) -> None:
    """Whether the script reads it is the script's affair."""
    if not content or process.stdin is None:
        return
    with contextlib.suppress(ConnectionError):
        process.stdin.write(content)
        await process.stdin.drain()
        process.stdin.close()

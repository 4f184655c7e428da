"""A program of the person's, run with their rights: one that knows accounts and networks, such as ``gh``."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

from agents.errors import ShopfloorError
from agents.model import Struct


class Ended(Struct, kw_only=True):
    """How a program ended."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The last thing it said on standard error, made printable."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        text = lines[-1] if lines else f"exit status {self.status}"
        return "".join(character if character.isprintable() else " " for character in text)[:300]


async def run_program(
    argv: Sequence[str],
    directory: str,
    environment: Mapping[str, str],
    *,
    stdin: str = "",
    timeout_seconds: float = 120.0,
    install: str = "",
) -> Ended:
    """Run it to its end; it can ask nobody anything.

    Args:
        install: what to do when it is not there, one sentence.

    Raises:
        ShopfloorError: it is not installed, could not be started, or took too long.
    """
    if shutil.which(argv[0], path=environment.get("PATH")) is None:
        raise ShopfloorError(f"The program {argv[0]} is not installed.", install)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=directory,
            env={**environment, "GIT_TERMINAL_PROMPT": "0", "GH_PROMPT_DISABLED": "1", "NO_COLOR": "1"},
            start_new_session=True,
        )
    except OSError as error:
        raise ShopfloorError(f"{argv[0]} could not be started: {error.strerror or error}.") from error
    try:
        async with asyncio.timeout(timeout_seconds):
            out, err = await process.communicate(stdin.encode())
    except TimeoutError:
        raise ShopfloorError(f"{argv[0]} has not answered for {timeout_seconds:g} seconds.", "Try again.") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return Ended(status=process.returncode or 0, out=out.decode("utf-8", "replace"), err=err.decode("utf-8", "replace"))

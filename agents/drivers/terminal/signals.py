"""What an agent tells of itself by its hooks: JSON lines in a pipe of its task's own private folder.

The pipe lies in the folder that only this task's sandbox can see, so no other task can speak in its name.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from agents.errors import ShopfloorError
from agents.model import Struct
from agents.sandbox.planted import write_below

PIPE = "shopfloor-signals"
HOOK = "shopfloor-hook"
_LIMIT_BYTES = 1_000_000

_SCRIPT = """#!/bin/sh
# Hands what an agent tells of itself (standard input, or the last argument) to Shopfloor, as one line.
pipe="${{SHOPFLOOR_SIGNALS:-{pipe}}}"
[ -p "$pipe" ] || exit 0
if [ $# -gt 0 ]; then
    for last; do :; done
    printf '%s\\n' "$last" > "$pipe"
else
    {{ tr -d '\\n'; echo; }} > "$pipe"
fi
exit 0
"""


class Signal(Struct, kw_only=True):
    """One thing an agent told."""

    text: str
    """The event's name and what is said with it, for the rules on ``hook``."""
    prompt: str = ""
    """What the person asked, if it tells that."""
    answer: str = ""
    """The last thing it said, if it tells that."""
    session: str = ""
    """Its own name for the conversation."""


def read_signal(line: bytes) -> Signal | None:
    """A line of the pipe; None when it is nothing that we understand."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None

    def text(*names: str) -> str:
        return next((str(told[name]) for name in names if isinstance(told.get(name), str)), "")

    name = text("hook_event_name", "type", "event")
    if not name:
        return None
    said = text("notification_type", "subtype"), text("message", "title")
    return Signal(
        text=" ".join(part for part in (name, *said) if part),
        prompt=text("prompt"),
        answer=text("last_assistant_message", "last-assistant-message"),
        session=text("session_id", "thread-id"),
    )


class SignalPipe:
    """The pipe of one task. ``take`` gets what is told."""

    def __init__(self, folder: Path, inside: str, take: Callable[[Signal], None]) -> None:
        """
        Args:
            folder: the task's private temporary folder.
            inside: how the agent's sandbox calls it.

        Raises:
            ShopfloorError: something of the agent's is in the way.
        """
        self._path = folder / PIPE
        self._take = take
        self._buffer = b""
        write_below(folder, HOOK, _SCRIPT.format(pipe=f"{inside}/{PIPE}"), 0o700)
        self.hook = f"{inside}/{HOOK}"
        """The program that agents are told to call."""
        try:
            self._path.unlink(missing_ok=True)
            os.mkfifo(self._path, 0o600)
            # open for writing too: the pipe is never at its end
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            raise ShopfloorError(f"The agent cannot be listened to: {self._path}: {error.strerror}.") from error
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._buffer += os.read(self._descriptor, 65_536)
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > _LIMIT_BYTES:
            self._buffer = b""
        for line in lines:
            if signal := read_signal(line):
                self._take(signal)

    def close(self) -> None:
        """Listen no more. Safe to repeat."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            self._path.unlink(missing_ok=True)

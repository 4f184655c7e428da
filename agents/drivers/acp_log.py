"""What an agent's process says beside the protocol: kept in a file, its last words ready for a sentence."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from agents import paths

FILE_LIMIT = 2 << 20
"""Bytes the file may grow to; then it begins again with the last words."""
_TAIL = 8_192
_WORDS = 400
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")


class AgentLog:
    """A bounded file in the task's private folder, begun anew with each process."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            ShopfloorError: its folder cannot be made.
            OSError: the file cannot be written.
        """
        self.path = path
        paths.make_private(path.parent)
        self._file = path.open("wb", buffering=0)
        self._written = 0
        self._tail = b""
        self._full = False

    def write(self, data: bytes) -> None:
        """Add to it. A full disk costs the file, never the agent."""
        self._tail = (self._tail + data)[-_TAIL:]
        if self._full or self._file.closed:
            return
        try:
            if self._written + len(data) > FILE_LIMIT:
                self._file.seek(0)
                self._file.truncate()
                self._written, data = 0, self._tail
            self._written += self._file.write(data) or 0
        except OSError:
            self._full = True

    async def drain(self, stream: asyncio.StreamReader) -> None:
        """Take all that a stream says until it ends: a process whose stderr nobody reads stops with a full pipe."""
        while data := await stream.read(1 << 16):
            self.write(data)

    def last_words(self) -> str:
        """The end of it as part of a sentence; empty when nothing was said."""
        lines = _CONTROL.sub("", self._tail.decode("utf-8", "replace")).splitlines()
        said = " / ".join([line.strip() for line in lines if line.strip()][-4:])
        if not said:
            return ""
        return f"It said: {(said if len(said) <= _WORDS else '…' + said[-_WORDS:]).rstrip('.')}."

    def close(self) -> None:
        """No more is written."""
        self._file.close()

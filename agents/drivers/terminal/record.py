"""What a program in a PTY wrote, kept on the disk within bounds, so that its terminal can be shown again."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

LIMIT_BYTES = 4_000_000
"""Output in the file; then it begins anew with the state of the terminal."""
PENDING_BYTES = 1_000_000
"""Output that waits to be written; with more, the state takes its place."""
_HEAD = struct.Struct("<dcI")

Kind = Literal["output", "size", "state"]
_KINDS: dict[bytes, Kind] = {b"o": "output", b"r": "size", b"s": "state"}
_LETTERS: dict[Kind, bytes] = {kind: letter for letter, kind in _KINDS.items()}


class Piece(NamedTuple):
    """One thing that happened."""

    at: float
    """Seconds since the epoch."""
    kind: Kind
    data: bytes
    """Output, or ``columns x rows``, or the state of an emulator."""


class Record:
    """The file of one program. ``state`` gives the state of its terminal."""

    def __init__(self, path: Path, state: Callable[[], bytes]) -> None:
        self._path = path
        self._state = state
        self._pending: list[bytes] = []
        self._waiting = 0
        self._begin_anew = True
        self._written = 0

    def add(self, kind: Kind, data: bytes, at: float) -> None:
        """Something happened; it is in the file after the next flush."""
        if self._begin_anew:
            return
        self._pending.append(_HEAD.pack(at, _LETTERS[kind], len(data)) + data)
        self._waiting += len(data)
        if self._waiting > PENDING_BYTES:
            self.begin_anew()

    def begin_anew(self) -> None:
        """Let the next flush begin with the state as it is then."""
        self._begin_anew = True
        self._pending.clear()
        self._waiting = 0

    def flush(self, at: float) -> None:
        """Write what has gathered.

        Raises:
            OSError: the disk refuses; nothing is lost, the next flush begins with the state.
        """
        anew = self._begin_anew or self._written > LIMIT_BYTES
        if anew:
            state = self._state()
            pieces = [_HEAD.pack(at, b"s", len(state)) + state]
        else:
            pieces = self._pending
        if not pieces:
            return
        data = b"".join(pieces)
        try:
            if anew:
                new = self._path.with_suffix(".new")
                new.write_bytes(data)
                new.replace(self._path)
                self._written = 0
            else:
                with self._path.open("ab") as file:
                    file.write(data)
        except OSError:
            self.begin_anew()
            raise
        self._begin_anew = False
        self._pending, self._waiting = [], 0
        self._written += len(data)


def read_record(path: Path) -> Iterator[Piece]:
    """What the file holds, in order; an end that is torn is left out, and no file is nothing."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    place = 0
    while place + _HEAD.size <= len(data):
        at, letter, length = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        if letter not in _KINDS or place + length > len(data):
            return
        yield Piece(at, _KINDS[letter], data[place : place + length])
        place += length

"""A terminal as a record of it tells."""

from __future__ import annotations

from pathlib import Path

from agents.drivers.terminal.record import read_record
from agents.terminal.emulator import Emulator


def replayed(path: Path) -> Emulator | None:
    """The terminal at the end of its record; None when there is none that can be read."""
    emulator: Emulator | None = None
    for piece in read_record(path):
        if piece.kind == "state":
            if emulator is not None:
                emulator.close()
            try:
                emulator = Emulator(1, 1, state=piece.data)
            except ValueError:
                return None
        elif emulator is None:
            return None
        elif piece.kind == "size":
            columns, _, rows = piece.data.decode("ascii", "replace").partition("x")
            emulator.resize(int(columns), int(rows))
        else:
            emulator.feed(piece.data)
    return emulator

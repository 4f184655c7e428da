"""The program's own files, as they were when a process began with them.

A process that has run for days imports some of them late. When they were replaced meanwhile (an update, a checkout of
another branch), old and new do not fit together; it is better to say so than to fail with a strange error.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

_ROOT = Path(__file__).resolve().parent
REPLACED = "Shopfloor's own files have changed since this process started; parts old and new may not fit together."

RESTART = "`shopfloor engine restart` takes up the new ones; with --when-idle the running turns end first."


def fingerprint(folder: Path = _ROOT) -> str:
    """What the files of a package are now: their names, sizes and times."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(folder.rglob("*.py")):
        try:
            status = file.stat()
        except OSError:
            continue  # gone while we looked, which is a difference too
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class Installation:
    """The files as they were when this was made."""

    def __init__(self, folder: Path = _ROOT) -> None:
        self._folder = folder
        self._before = fingerprint(folder)

    def replaced(self) -> bool:
        """They are others now."""
        return fingerprint(self._folder) != self._before


@functools.cache
def remember() -> Installation:
    """Look at the program's files as they are now; a process that stays calls this once it has begun."""
    return Installation()


def replaced() -> bool:
    """The program's files are others than when they were first remembered; False while nobody did."""
    return bool(remember.cache_info().currsize) and remember().replaced()

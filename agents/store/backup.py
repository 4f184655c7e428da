"""A copy of the store beside it, a day old at most, for when the disk damages the file."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from agents.errors import ShopfloorError

DAY_SECONDS = 24 * 3600.0


def backup_of(store: Path) -> Path:
    """Where the copy lies."""
    return store.with_name(f"{store.name}.backup")


def is_due(store: Path) -> bool:
    """There is no copy, or it is older than a day."""
    try:
        return not 0 <= time.time() - backup_of(store).stat().st_mtime < DAY_SECONDS
    except OSError:
        return True


def back_up(store: Path) -> None:
    """Copy what is committed. The copy of the day before stays until the new one is whole.

    Safe in another thread and while the store is written.

    Raises:
        ShopfloorError: the store cannot be read as a whole, or the copy not be written.
    """
    copy = backup_of(store)
    fresh = copy.with_name(f"{copy.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(store, timeout=60)) as database:
            database.execute("VACUUM INTO ?", (str(fresh),))  # reads every row: a damaged page is found here
        fresh.chmod(0o600)
        fresh.replace(copy)
    except (sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise ShopfloorError(
            f"The daily copy of the store could not be written to {copy}: {why}.",
            "The one before is kept, and it is tried again every hour.",
        ) from error

"""A new store in place of a damaged one: all that can be read of it, and of its daily copy what could not."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from agents.errors import ShopfloorError
from agents.model import FINAL_STATES, Struct, Task
from agents.store.backup import backup_of
from agents.store.store import SCHEMA_VERSION, Store

_Row = tuple[Any, ...]
_NOT_JSON = ("message", "kept")
"""Tables whose data may be any bytes."""
_NUMBERED = {"entry": "id", "prompt": "id", "turn": "number", "round": "number"}
"""Tables that number the rows of a task from 1 on, so that a gap shows."""


class Table(Struct, kw_only=True):
    """What became of a table that could not be read as a whole."""

    name: str
    read: int
    """Rows of the damaged store."""
    copied: int
    """Rows that only the daily copy has: perhaps not as they were last, perhaps deleted since."""


class Mended(Struct, kw_only=True):
    """What there is now, and what is not."""

    aside: str
    """Where the damaged store is."""
    copied_at: float
    """When the daily copy was made; 0: there is none that can be read."""
    damaged: tuple[Table, ...]
    gaps: tuple[str, ...]
    """What is known to be missing, each a sentence."""


def mend(store: Path) -> Mended | None:
    """Put a new store in the place of a damaged one, which is kept beside it. Nothing may have it open.

    Returns:
        None when all of it can be read: it is left as it is.

    Raises:
        ShopfloorError: nothing can be read, a newer program made it, or the new one cannot be written.
    """
    fresh = store.with_name(f"{store.name}.mended")
    try:
        _delete(fresh)
        Store(fresh).close()
        with contextlib.ExitStack() as opened:
            new = opened.enter_context(contextlib.closing(sqlite3.connect(fresh, isolation_level=None)))
            damaged = opened.enter_context(_source(store))
            copy = opened.enter_context(_source(backup_of(store)))
            if not (damaged or copy):
                raise ShopfloorError(
                    f"Nothing can be read of the store {store}, and there is no daily copy of it.",
                    "Move it away: an empty one takes its place. Worktrees and branches are in their repositories.",
                )
            new.execute("BEGIN")
            tables = _fill(new, damaged, copy)
            gaps = tuple(_gaps(new, {table.name for table in tables}))
            new.execute("COMMIT")
            is_whole = damaged is not None and not tables and damaged.is_whole()
        if is_whole:
            _delete(fresh)
            return None
        copied_at = backup_of(store).stat().st_mtime if copy else 0.0
        return Mended(aside=str(_exchange(store, fresh)), copied_at=copied_at, damaged=tables, gaps=gaps)
    except (sqlite3.Error, OSError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise ShopfloorError(
            f"A new store {fresh} cannot be made: {why}.", "Make room or make its folder writable, and try again."
        ) from error


def at_rest(task: Task, reason: str) -> Task:
    """A task as it was once, when it is not known what happened since: nothing of it goes on by itself."""
    if task.state in FINAL_STATES:
        return task
    return msgspec.structs.replace(
        task, state="stopped", reason=reason, hint=f"`shopfloor resume {task.id}` goes on.", unseen=True, stalled=False,
        waiting_until=0.0, question=None, asked_at_rest=None, dialog=False, queue=None, landing="", reviewing="",
    )  # fmt: skip


def task_in_copy(store: Path, task: str) -> Task | None:
    """A task as the daily copy has it, at rest; None when it has it not, or cannot be read."""
    with _source(backup_of(store)) as copy:
        if copy is None:
            return None
        copied_at = backup_of(store).stat().st_mtime
        for _, data in copy.rows("task", ["id", "data"], ["id"], "WHERE id = ?", task):
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                return at_rest(msgspec.json.decode(data, type=Task), _since(copied_at))
    return None


def _since(copied_at: float) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(copied_at))
    return f"Its record could not be read and is that of the copy of {when}; what happened since is not in it."


class _Source:
    """A store to read from, as far as that is possible."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._db = database
        self.path = path
        self.broken = False
        """Something could not be read since this was last set to False."""
        self.version = int(database.execute("PRAGMA user_version").fetchone()[0])
        self.tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}

    def is_whole(self) -> bool:
        """No page is damaged, not even one with nothing of ours in it."""
        try:
            return list(self._db.execute("PRAGMA quick_check(1)")) == [("ok",)]
        except sqlite3.Error:
            return False

    def rows(self, table: str, columns: list[str], keys: list[str], where: str = "", *values: object) -> Iterator[_Row]:
        """The rows up to what cannot be read, and then those from the other end up to there."""
        for direction in ("", " DESC"):
            order = ", ".join(f"{key}{direction}" for key in keys)
            try:
                yield from self._db.execute(
                    f"SELECT {', '.join(columns)} FROM {table} {where} ORDER BY {order}", values
                )
            except sqlite3.Error:
                self.broken = True
            else:
                return


@contextlib.contextmanager
def _source(path: Path) -> Iterator[_Source | None]:
    """None when the file is not there, or not even its tables can be listed."""
    if not path.exists():
        yield None
        return
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as database:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            database.execute("PRAGMA writable_schema=ON")  # only so is a file that was cut off read at all
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            source = _Source(database, path)
        except sqlite3.Error:
            yield None
            return
        if source.version > SCHEMA_VERSION:
            raise ShopfloorError(f"The store {path} was made by a newer Shopfloor.", "Upgrade Shopfloor.")
        yield source


def _fill(new: sqlite3.Connection, damaged: _Source | None, copy: _Source | None) -> tuple[Table, ...]:
    found = []
    tasks = {str(name) for (name,) in copy.rows("task", ["id"], ["id"])} if copy else set()
    for (table,) in new.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rootpage").fetchall():
        if table.startswith("sqlite_"):
            continue
        read, unreadable, is_whole = 0, dict[_Row, None](), False
        if damaged is not None:
            damaged.broken = table not in damaged.tables and damaged.version == SCHEMA_VERSION
            read, unreadable = _pour(damaged, new, table, tasks)
            is_whole = not damaged.broken and not unreadable
        copied = 0
        if not is_whole and copy is not None:
            copied, _ = _pour(copy, new, table, tasks)
        _insert(new, table, unreadable)  # better than nothing: the store names them
        key = "id" if table == "task" else "task"
        if key in _columns(new, table):
            tasks |= {name for (name,) in new.execute(f"SELECT DISTINCT {key} FROM {table}")}
        if not is_whole:
            found.append(Table(name=table, read=read, copied=copied))
    return tuple(found)


def _pour(source: _Source, new: sqlite3.Connection, table: str, tasks: Iterable[str]) -> tuple[int, dict[_Row, None]]:
    """Put what is not there yet of a table into the new one: how many rows that were, and those whose data are no data.

    Where a page in the middle cannot be read, what the table has of each task is looked for by itself.
    """
    if table not in source.tables:
        return 0, {}
    columns = list(_columns(new, table))
    keys = sorted(filter(_columns(new, table).get, columns), key=lambda name: _columns(new, table)[name])
    unreadable: dict[_Row, None] = {}

    def readable(rows: Iterable[_Row]) -> Iterator[_Row]:
        for row in rows:
            if table in _NOT_JSON or "data" not in columns or _is_json(row[columns.index("data")]):
                yield _of_copy(row, source) if table == "task" else row
            else:
                unreadable[row] = None

    before = new.total_changes
    _insert(new, table, readable(source.rows(table, columns, keys)))
    if source.broken and "task" in columns:
        for task in sorted(tasks):
            _insert(new, table, readable(source.rows(table, columns, keys, "WHERE task = ?", task)))
    return new.total_changes - before, unreadable


def _of_copy(row: _Row, source: _Source) -> _Row:
    """A task's row; one of the daily copy does not go on by itself."""
    if not source.path.name.endswith(".backup"):
        return row
    with contextlib.suppress(msgspec.MsgspecError):
        task = msgspec.json.decode(row[1], type=Task)
        return row[0], msgspec.json.encode(at_rest(task, _since(source.path.stat().st_mtime)))
    return row


def _columns(database: sqlite3.Connection, table: str) -> dict[str, int]:
    """The columns of a table, each with its place in the primary key, 0 if it is not in it."""
    return {name: key for _, name, _, _, _, key in database.execute(f"PRAGMA table_info({table})")}


def _insert(new: sqlite3.Connection, table: str, rows: Iterable[_Row]) -> None:
    marks = ", ".join("?" * len(_columns(new, table)))
    new.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)


def _is_json(data: Any) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return False
    return True


def _gaps(new: sqlite3.Connection, damaged: set[str]) -> Iterator[str]:
    """What is missing between what is there; what was last is not missed by anything."""
    for table, number in _NUMBERED.items():
        if table not in damaged:
            continue
        counted = f"SELECT task, max({number}) - count(*), max({number}) FROM {table} GROUP BY task"
        for task, missing, of in new.execute(counted).fetchall():
            if missing > 0:
                yield f"Task {task}: {missing} of {of} {_NAMES[table]} are missing."
    if "message" not in damaged:
        return
    # an agent understands only a conversation that goes on from its beginning without a gap
    cut = "SELECT task, max(position) + 1, count(*) FROM message GROUP BY task HAVING count(*) <= max(position)"
    for task, count, _ in new.execute(cut).fetchall():
        places = {place for (place,) in new.execute("SELECT position FROM message WHERE task = ?", (task,))}
        first = next(place for place in itertools.count() if place not in places)
        new.execute("DELETE FROM message WHERE task = ? AND position > ?", (task, first))
        yield f"Task {task}: its agent remembers the first {first} of {count} messages of its conversation."


_NAMES = {"entry": "entries of the transcript", "prompt": "prompts", "turn": "turns", "round": "review rounds"}


def _exchange(store: Path, fresh: Path) -> Path:
    """Let the new store be the store; where the old one is now."""
    aside = next(
        path
        for number in itertools.count(1)
        if not (path := store.with_name(f"{store.name}.damaged-{number}")).exists()
    )
    for end in ("-wal", "-shm"):  # what does not belong to the new one must not lie beside it
        with contextlib.suppress(FileNotFoundError):
            store.with_name(store.name + end).rename(aside.with_name(aside.name + end))
    try:
        aside.hardlink_to(store)  # so that at no moment there is none
    except FileNotFoundError:
        pass
    except OSError:
        store.rename(aside)
    fresh.replace(store)
    return aside


def _delete(database: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + end).unlink(missing_ok=True)

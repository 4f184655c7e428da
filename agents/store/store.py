"""The SQLite file and its rows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agents.errors import ShopfloorError
from agents.model import Entry, Prompt, Struct, Task, Turn
from agents.parts.checks import CheckReport
from agents.parts.queues import QueueCopy, QueueRun
from agents.parts.review import Comment

SCHEMA_VERSION = 4

_SCHEMA = """
CREATE TABLE task (id TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE workspace (task TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE entry (task TEXT, id INTEGER, sequence INTEGER, data BLOB NOT NULL, PRIMARY KEY (task, id)) WITHOUT ROWID;
CREATE INDEX entry_sequence ON entry (task, sequence);
CREATE TABLE prompt (task TEXT, id INTEGER, data BLOB NOT NULL, PRIMARY KEY (task, id)) WITHOUT ROWID;
CREATE TABLE comment (task TEXT, position INTEGER, id TEXT, data BLOB NOT NULL, PRIMARY KEY (task, id)) WITHOUT ROWID;
CREATE TABLE message (task TEXT, position INTEGER, data BLOB NOT NULL, PRIMARY KEY (task, position)) WITHOUT ROWID;
CREATE TABLE turn (task TEXT, number INTEGER, data BLOB NOT NULL, PRIMARY KEY (task, number)) WITHOUT ROWID;
CREATE TABLE round (task TEXT, number INTEGER, data BLOB NOT NULL, PRIMARY KEY (task, number)) WITHOUT ROWID;
CREATE TABLE draft (task TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE trust (project TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
"""

_MIGRATIONS = {
    2: "CREATE TABLE reviewed (task TEXT, mark TEXT, PRIMARY KEY (task, mark)) WITHOUT ROWID;",
    3: "CREATE TABLE kept (kind TEXT, key TEXT, data BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;",
    4: """
CREATE TABLE queue_run (task TEXT, number INTEGER, data BLOB NOT NULL, PRIMARY KEY (task, number)) WITHOUT ROWID;
CREATE TABLE queue_copy (number INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE check_report (task TEXT, tree TEXT, at REAL, data BLOB NOT NULL, PRIMARY KEY (task, tree)) WITHOUT ROWID;
""",
}
"""What turns a store of the version before into this one; a new store is made by all of them, in order."""

_Row = TypeVar("_Row")


def _field(name: str) -> str:
    """A field of what a row holds, for a condition; NULL in a row that cannot be read."""
    text = "CAST(data AS TEXT)"
    return f"CASE WHEN json_valid({text}) THEN json_extract({text}, '$.{name}') END"


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)


def is_damage(error: Exception) -> bool:
    """What the file holds cannot be read; not that it may not, or that there is no room."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return isinstance(error, sqlite3.DatabaseError) and (code & 0xFF in _DAMAGE or code in _DAMAGE or not code)


class Round(Struct, kw_only=True):
    """A review round as it was sent: what was looked at."""

    number: int
    base_tree: str
    head_tree: str
    prompt: int
    at: float = 0.0


class Store:
    """One open file. Not safe for several threads; the engine's loop is its only user.

    Raises:
        ShopfloorError: the file cannot be opened, or a newer program made it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[tuple[str, tuple[object, ...]]] = []
        self.damages: list[str] = []
        """What could not be read so far, each a sentence."""
        self.on_damage: Callable[[str], None] = lambda _text: None
        """Called with each of them."""
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0.2)  # we are its only writer
            self._db.text_factory = lambda data: data.decode("utf-8", "replace")  # one damaged letter hides no text
            path.chmod(0o600)  # one that was made read-only by mistake is writable again
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")  # a killed process loses nothing, only a power cut could
            self._check()
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            if "_db" in vars(self):
                self._db.close()
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error | OSError) -> ShopfloorError:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        hint = "It is left as it is: see that it can be read and written, and try again."
        if is_damage(error):
            hint = (
                "It is left as it is: `shopfloor engine mend` makes a new one of all that can be read of it and of its "
                "daily copy, and says what is missing."
            )
        return ShopfloorError(f"Shopfloor cannot use its store {self.path}: {why}.", hint)

    def _check(self) -> None:
        """A store with a missing or damaged page is refused as a whole, before anything is written to it."""
        (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(f"it is damaged ({' '.join(found.split())})")

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise ShopfloorError(
                f"The store {self.path} was made by a newer Shopfloor (schema {version}, this one knows "
                f"{SCHEMA_VERSION}).",
                "Upgrade Shopfloor, or set SHOPFLOOR_HOME to another folder.",
            )
        steps = ([_SCHEMA] if version == 0 else []) + [_MIGRATIONS[n] for n in sorted(_MIGRATIONS) if n > version]
        if steps:
            self._db.executescript(f"BEGIN; {' '.join(steps)} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Commit what waits and close the file."""
        self.commit()
        self._db.close()

    # writing

    def _write(self, statement: str, *values: object) -> None:
        self._waiting.append((statement, values))

    def commit(self) -> None:
        """Make everything written so far durable, all or nothing.

        Raises:
            ShopfloorError: the disk refuses; everything is kept and the next call tries again.
        """
        if not self._waiting:
            return
        try:
            self._db.execute("BEGIN")
            for statement, values in self._waiting:
                self._db.execute(statement, values)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            hint = "Nothing is lost yet: make room or make the file writable, and it goes on by itself."
            if is_damage(error):
                hint = (
                    "What comes from now on is kept in memory only. `shopfloor engine mend`, once the engine has ended "
                    f"(`kill {os.getpid()}`), makes a new store of all that can be read."
                )
            raise ShopfloorError(f"Shopfloor cannot write its store {self.path}: {error}.", hint) from error
        self._waiting.clear()

    def put_task(self, task: Task) -> None:
        """Record a task."""
        self._write("INSERT OR REPLACE INTO task VALUES (?, ?)", task.id, msgspec.json.encode(task))

    def put_workspace(self, task: str, workspace: Struct) -> None:
        """Record where a task's files live."""
        self._write("INSERT OR REPLACE INTO workspace VALUES (?, ?)", task, msgspec.json.encode(workspace))

    def put_entry(self, entry: Entry) -> None:
        """Record an entry of a transcript."""
        data = msgspec.json.encode(entry)
        self._write("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", entry.task, entry.id, entry.sequence, data)

    def put_prompt(self, prompt: Prompt) -> None:
        """Record a prompt and how far it got."""
        data = msgspec.json.encode(prompt)
        self._write("INSERT OR REPLACE INTO prompt VALUES (?, ?, ?)", prompt.task, prompt.id, data)

    def put_comment(self, position: int, comment: Comment) -> None:
        """Record a comment at its place in the order of writing."""
        data = msgspec.json.encode(comment)
        self._write("INSERT OR REPLACE INTO comment VALUES (?, ?, ?, ?)", comment.task, position, comment.id, data)

    def remove_comment(self, task: str, comment: str) -> None:
        """Forget a draft."""
        self._write("DELETE FROM comment WHERE task = ? AND id = ?", task, comment)

    def put_message(self, task: str, position: int, message: bytes) -> None:
        """Record one message of a driver's conversation."""
        self._write("INSERT OR REPLACE INTO message VALUES (?, ?, ?)", task, position, message)

    def put_turn(self, task: str, turn: Turn) -> None:
        """Record a turn's snapshots."""
        self._write("INSERT OR REPLACE INTO turn VALUES (?, ?, ?)", task, turn.number, msgspec.json.encode(turn))

    def put_round(self, task: str, sent: Round) -> None:
        """Record a review round."""
        self._write("INSERT OR REPLACE INTO round VALUES (?, ?, ?)", task, sent.number, msgspec.json.encode(sent))

    def put_reviewed(self, task: str, marks: Iterable[str], reviewed: bool) -> None:
        """Record what was looked at, or that it was not."""
        statement = "INSERT OR IGNORE INTO reviewed VALUES (?, ?)"
        if not reviewed:
            statement = "DELETE FROM reviewed WHERE task = ? AND mark = ?"
        for mark in marks:
            self._write(statement, task, mark)

    def put_draft(self, task: str, text: str) -> None:
        """Record the unsent text of a composer."""
        self._write("INSERT OR REPLACE INTO draft VALUES (?, ?)", task, text)

    def put_trust(self, project: str, sha256: str) -> None:
        """Record which content of a project file the person trusts."""
        self._write("INSERT OR REPLACE INTO trust VALUES (?, ?)", project, sha256)

    def keep(self, kind: str, key: str, data: bytes) -> None:
        """Record something of the person's own: a text put by, one that was pasted, a setting of today."""
        self._write("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", kind, key, data)

    def forget(self, kind: str, key: str) -> None:
        """Drop something that was kept."""
        self._write("DELETE FROM kept WHERE kind = ? AND key = ?", kind, key)

    def put_queue_run(self, run: QueueRun) -> None:
        """Record how far a queue on a task is."""
        self._write("INSERT OR REPLACE INTO queue_run VALUES (?, ?, ?)", run.task, run.number, msgspec.json.encode(run))

    def put_queue_copy(self, copy: QueueCopy, kept: int) -> None:
        """Record what a queue was before it was changed; only the latest ``kept`` ones stay."""
        self._write("INSERT INTO queue_copy (data) VALUES (?)", msgspec.json.encode(copy))
        self._write("DELETE FROM queue_copy WHERE number <= (SELECT max(number) FROM queue_copy) - ?", kept)

    def put_check_report(self, report: CheckReport) -> None:
        """Record what the checks of a task said about its files."""
        data = msgspec.json.encode(report)
        self._write(
            "INSERT OR REPLACE INTO check_report VALUES (?, ?, ?, ?)", report.task, report.tree, report.at, data
        )

    # reading; what was written and not committed is not seen

    def _select(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            ShopfloorError: the file is damaged.
        """
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _rows(self, kind: type[_Row], table: str, rest: str = "", *values: object, key: str = "task") -> list[_Row]:
        return [row for _, row in self._keyed(kind, table, rest, *values, key=key)]

    def _keyed(
        self, kind: type[_Row], table: str, rest: str, *values: object, key: str = "task", what: str = ""
    ) -> list[tuple[str, _Row]]:
        """What can be read of some rows, with what a column of them says."""
        found = []
        for name, data in self._select(f"SELECT {key}, data FROM {table} {rest}", *values):
            try:
                found.append((name, msgspec.json.decode(data, type=kind)))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                self._pass_over(f"{what or table} {name}", error)
        return found

    def _pass_over(self, what: str, error: Exception) -> None:
        """Say what is damaged, and keep the store with it: what is written next may take the row's place."""
        aside = self.path.with_name(f"{self.path.name}.damaged")
        text = f"A record in the store {self.path} cannot be read and is passed over: {what} ({error})."
        if any(known.startswith(text) for known in self.damages):
            return
        try:
            if not aside.exists():
                self._db.execute("VACUUM INTO ?", (str(aside),))
            text = f"{text} The store with it is kept as {aside}."
        except sqlite3.Error as refused:
            text = f"{text} The store with it could not be kept as {aside}: {refused}."
        self.damages.append(text)
        self.on_damage(text)

    def tasks(self) -> list[Task]:
        """All tasks ever made."""
        return self._rows(Task, "task", key="id")

    def lost_tasks(self, readable: Container[str]) -> list[str]:
        """Ids of tasks of which there is something, but no record among those that can be read."""
        known = "SELECT id FROM task UNION SELECT task FROM workspace UNION SELECT task FROM prompt"
        return [task for (task,) in self._select(known) if task not in readable]

    def workspaces(self, kind: type[_Row]) -> dict[str, _Row]:
        """Where the files of all tasks live, as far as that can be read."""
        return dict(self._keyed(kind, "workspace", ""))

    def workspace(self, task: str, kind: type[_Row]) -> _Row | None:
        """Where a task's files live, or None before they were made."""
        rows = self._rows(kind, "workspace", "WHERE task = ?", task)
        return rows[0] if rows else None

    def entries(self, task: str, before: int = 0, limit: int = 500) -> list[Entry]:
        """The latest ``limit`` entries (older than entry ``before`` if given), oldest first."""
        rest = "WHERE task = ? AND id < ? ORDER BY id DESC LIMIT ?"
        return self._rows(Entry, "entry", rest, task, before or 2**62, limit)[::-1]

    def entries_since(self, task: str, sequence: int) -> list[Entry]:
        """Entries that changed after a sequence number, oldest first."""
        return self._rows(Entry, "entry", "WHERE task = ? AND sequence > ? ORDER BY id", task, sequence)

    def last_sequence(self) -> int:
        """The highest sequence number ever recorded in an entry."""
        ((number,),) = self._select("SELECT max(sequence) FROM entry")
        return int(number or 0)

    def last_entry(self, task: str) -> int:
        """The highest entry number of a task, 0 if it has none."""
        ((number,),) = self._select("SELECT max(id) FROM entry WHERE task = ?", task)
        return int(number or 0)

    def prompts(self, task: str) -> list[Prompt]:
        """All prompts of a task, oldest first."""
        return self._rows(Prompt, "prompt", "WHERE task = ? ORDER BY id", task)

    def latest_prompts(self, limit: int) -> list[Prompt]:
        """What was said to agents of all tasks, the latest first."""
        return self._rows(Prompt, "prompt", f"ORDER BY {_field('at')} DESC LIMIT ?", limit)

    def comments(self, task: str) -> list[Comment]:
        """All comments of a task in the order they were written."""
        return self._rows(Comment, "comment", "WHERE task = ? ORDER BY position", task)

    def messages(self, task: str) -> list[bytes]:
        """A driver's conversation."""
        return [data for (data,) in self._select("SELECT data FROM message WHERE task = ? ORDER BY position", task)]

    def turns_since(self, at: float) -> list[tuple[str, Turn]]:
        """Turns of all tasks that ended after a time or have not ended, with their tasks' ids."""
        ended = _field("ended_at")
        return self._keyed(Turn, "turn", f"WHERE {ended} IS NULL OR {ended} >= ?", at)

    def turns(self, task: str) -> list[Turn]:
        """All turns of a task, oldest first."""
        return self._rows(Turn, "turn", "WHERE task = ? ORDER BY number", task)

    def rounds(self, task: str) -> list[Round]:
        """All review rounds of a task, oldest first."""
        return self._rows(Round, "round", "WHERE task = ? ORDER BY number", task)

    def queue_runs(self, task: str) -> list[QueueRun]:
        """All queues that ran on a task, oldest first."""
        return self._rows(QueueRun, "queue_run", "WHERE task = ? ORDER BY number", task)

    def queue_copies(self) -> list[QueueCopy]:
        """What queues were before they were changed, oldest first."""
        return self._rows(QueueCopy, "queue_copy", "ORDER BY number", key="number")

    def check_report(self, task: str, tree: str) -> CheckReport | None:
        """What the checks of a task said about a tree, if they ran on it."""
        return next(iter(self._rows(CheckReport, "check_report", "WHERE task = ? AND tree = ?", task, tree)), None)

    def last_check_report(self, task: str) -> CheckReport | None:
        """What the checks of a task said last."""
        reports = self._rows(CheckReport, "check_report", "WHERE task = ? ORDER BY at DESC LIMIT 1", task)
        return next(iter(reports), None)

    def reviewed(self, task: str) -> list[str]:
        """The marks of what was looked at."""
        return [mark for (mark,) in self._select("SELECT mark FROM reviewed WHERE task = ?", task)]

    def draft(self, task: str) -> str:
        """The unsent text of a composer."""
        return "".join(str(text) for (text,) in self._select("SELECT text FROM draft WHERE task = ?", task))

    def drafts(self) -> list[str]:
        """All unsent texts."""
        return [text for (text,) in self._select("SELECT text FROM draft WHERE text != ''")]

    def kept(self, kind: str) -> list[tuple[str, bytes]]:
        """Everything kept of a kind, as it lies there, with its keys."""
        return [(key, data) for key, data in self._select("SELECT key, data FROM kept WHERE kind = ?", kind)]

    def kept_as(self, of: type[_Row], kind: str) -> list[tuple[str, _Row]]:
        """Everything kept of a kind that can be read, with its keys."""
        return self._keyed(of, "kept", "WHERE kind = ?", kind, key="key", what=kind)

    def kept_one_as(self, of: type[_Row], kind: str, key: str) -> _Row | None:
        """One thing that was kept, if it can be read."""
        found = self._keyed(of, "kept", "WHERE kind = ? AND key = ?", kind, key, key="key", what=kind)
        return found[0][1] if found else None

    def kept_one(self, kind: str, key: str) -> bytes | None:
        """One thing that was kept, as it lies there."""
        rows = self._select("SELECT data FROM kept WHERE kind = ? AND key = ?", kind, key)
        return bytes(rows[0][0]) if rows else None

    def trusted(self, project: str) -> str:
        """SHA-256 of the trusted project file, '' if none."""
        return "".join(str(sha256) for (sha256,) in self._select("SELECT sha256 FROM trust WHERE project = ?", project))

"""The store keeps what it was given, says what is wrong with its file, and forgets nothing while the disk refuses."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from agents.errors import ShopfloorError
from agents.model import Entry, Prompt, Task
from agents.parts.review import Comment
from agents.store import Store


def a_task(name: str = "a1") -> Task:
    return Task(id=name, title="t", prompt="p", project="/p", base="main", base_commit="0", profile="x")


def test_everything_written_is_there_after_opening_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    store.put_task(a_task())
    store.put_entry(Entry(task="a1", id=1, turn=1, kind="text", text="hello"))
    store.put_prompt(Prompt(id=1, task="a1", text="do it"))
    store.put_comment(0, Comment(id="R1-C1", task="a1", round=1, text="why?", path=b"caf\xe9.txt"))
    store.put_message("a1", 0, b"\x00raw")
    store.put_draft("", "half a thou")
    store.close()
    store = Store(tmp_path / "store.sqlite")
    assert store.tasks() == [a_task()]
    assert [entry.text for entry in store.entries("a1")] == ["hello"]
    assert [prompt.text for prompt in store.prompts("a1")] == ["do it"]
    assert store.comments("a1")[0].path == b"caf\xe9.txt", "names are bytes, not text"
    assert store.messages("a1") == [b"\x00raw"]
    assert store.draft("") == "half a thou"


def test_entries_come_in_pages_from_the_end(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    for number in range(1, 11):
        store.put_entry(Entry(task="a1", id=number, turn=1, kind="text"))
    store.commit()
    assert [entry.id for entry in store.entries("a1", limit=3)] == [8, 9, 10]
    assert [entry.id for entry in store.entries("a1", before=8, limit=3)] == [5, 6, 7]
    assert store.last_entry("a1") == 10


def test_a_newer_store_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(ShopfloorError, match="made by a newer Shopfloor"):
        Store(path)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(ShopfloorError, match=r"store\.sqlite"):
        Store(path)


def test_what_the_disk_refused_is_written_when_it_allows_it_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = Store(path)
    other = sqlite3.connect(path, timeout=0)
    other.execute("BEGIN IMMEDIATE")  # holds the write lock, as another process on a busy disk would
    store.put_task(a_task())
    with pytest.raises(ShopfloorError, match="Nothing is lost yet"):
        store.commit()
    other.rollback()
    other.close()
    store.commit()
    assert store.tasks() == [a_task()], "the write must be kept and tried again"


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    Store(tmp_path / "store.sqlite").close()
    assert (tmp_path / "store.sqlite").stat().st_mode & 0o077 == 0


def test_a_store_of_the_first_schema_is_brought_forward_with_everything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = Store(path)
    store.put_task(a_task())
    store.put_comment(0, Comment(id="R1-C1", task="a1", round=1, text="why?"))
    store.close()
    with sqlite3.connect(path) as database:  # as the first version made it
        for later in {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} - {
            "task", "workspace", "entry", "prompt", "comment", "message", "turn", "round", "draft", "trust",
        }:  # fmt: skip
            database.execute(f"DROP TABLE {later}")
        database.execute("PRAGMA user_version=1")
    store = Store(path)
    store.put_reviewed("a1", ["m1", "m2"], True)
    store.put_reviewed("a1", ["m1"], False)
    store.close()
    store = Store(path)
    assert store.reviewed("a1") == ["m2"]
    assert store.tasks() == [a_task()]
    assert [comment.text for comment in store.comments("a1")] == ["why?"]
    assert store.reviewed("a2") == [], "marks belong to their task"

"""Of a damaged store everything is taken that can be read, and from its daily copy what cannot."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from test_store import a_task

from agents.errors import ShopfloorError
from agents.model import Entry, Prompt
from agents.store import Store
from agents.store.backup import back_up
from agents.store.mending import mend, task_in_copy

PAGE = 4096
LEAF = 10
"""The first byte of a page that only holds rows; the others hold the way to them too."""
TASKS, ENTRIES = ("a1", "b2", "c3"), 200


def a_store(folder: Path) -> Path:
    """Three tasks with long transcripts; the copy has all but the last entry of each and a prompt of ``c3``."""
    path = folder / "store.sqlite"
    store = Store(path)
    for task in TASKS:
        store.put_task(a_task(task))
        store.put_prompt(Prompt(id=1, task=task, text="do it"))
        for number in range(1, ENTRIES):
            store.put_entry(Entry(task=task, id=number, turn=1, kind="text", text=f"{number} " + "x" * 200))
            store.put_message(task, number - 1, b"m%d " % number + b"y" * 200)
    store.commit()
    back_up(path)
    for task in TASKS:
        store.put_entry(Entry(task=task, id=ENTRIES, turn=1, kind="text", text="the last"))
    store.put_prompt(Prompt(id=2, task="c3", text="and this"))
    store.close()
    return path


def spoil(path: Path, wanted: Callable[[int, bytes], bool]) -> int:
    """Write noise over every page that is wanted; how many that were."""
    pages = [path.read_bytes()[at : at + PAGE] for at in range(0, path.stat().st_size, PAGE)]
    spoilt = [b"\xff" * PAGE if wanted(number, page) else page for number, page in enumerate(pages, 1)]
    path.write_bytes(b"".join(spoilt))
    return sum(one is not other for one, other in zip(pages, spoilt, strict=True))


def entries(path: Path) -> dict[str, list[int]]:
    store = Store(path)
    with contextlib.closing(store):
        return {task: [entry.id for entry in store.entries(task)] for task in TASKS}


@pytest.mark.parametrize("words", [[b"50 xxxx"], [b"50 xxxx", b"120 xxxx", b"170 xxxx"]], ids=["one page", "many"])
def test_damaged_pages_cost_nothing_beside_them_nor_what_the_copy_has(tmp_path: Path, words: list[bytes]) -> None:
    path = a_store(tmp_path)
    assert spoil(path, lambda _, page: page[0] == LEAF and any(word in page for word in words)) >= len(words)
    with pytest.raises(ShopfloorError, match="`shopfloor engine mend` makes a new one of all that can be read"):
        Store(path)
    spoilt = path.read_bytes()
    mended = mend(path)
    assert mended is not None
    assert entries(path) == {task: list(range(1, ENTRIES + 1)) for task in TASKS}, "rows beside the page are lost"
    store = Store(path)
    assert [prompt.id for prompt in store.prompts("c3")] == [1, 2]
    store.close()
    assert [(table.name, table.copied > 0) for table in mended.damaged] == [("entry", True)]
    assert mended.gaps == ()
    assert Path(mended.aside).read_bytes() == spoilt, "the damaged store is kept as it was"
    assert mend(path) is None, "the new one is whole"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "store.sqlite", "store.sqlite.backup", "store.sqlite.damaged-1",
    ]  # fmt: skip


def test_without_a_copy_what_is_missing_is_said_and_conversations_end_before_the_gap(tmp_path: Path) -> None:
    path = a_store(tmp_path)
    path.with_name("store.sqlite.backup").unlink()
    spoil(path, lambda _, page: page[0] == LEAF and (b"50 xxxx" in page or b"m50 yyyy" in page))
    mended = mend(path)
    assert mended is not None
    missing = {task: ENTRIES - len(there) for task, there in entries(path).items()}
    assert any(missing.values())
    for task, number in missing.items():
        said = f"Task {task}: {number} of {ENTRIES} entries of the transcript are missing."
        assert (said in mended.gaps) == (number > 0), mended.gaps
    store = Store(path)
    for task in TASKS:
        messages = store.messages(task)
        assert messages == [b"m%d " % number + b"y" * 200 for number in range(1, len(messages) + 1)], "with a gap"
        assert any(f"{task}: its agent remembers the first {len(messages)} of" in gap for gap in mended.gaps) == (
            len(messages) < ENTRIES - 1
        ), mended.gaps


def test_a_file_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = a_store(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4 // PAGE * PAGE])
    with pytest.raises(ShopfloorError, match="malformed"):
        Store(path)
    assert mend(path) is not None
    assert all(there[: ENTRIES - 1] == list(range(1, ENTRIES)) for there in entries(path).values())


@pytest.mark.parametrize("copy", [True, False])
def test_when_nothing_can_be_read_the_copy_takes_its_place_or_all_stays_as_it_is(tmp_path: Path, copy: bool) -> None:
    path = a_store(tmp_path)
    path.write_bytes(b"no database " * 2000)
    if copy:
        mended = mend(path)
        assert mended is not None
        assert all(there == list(range(1, ENTRIES)) for there in entries(path).values())
        (task, *_) = Store(path).tasks()
        assert (task.state, "what happened since is not in it" in task.reason) == ("stopped", True), (
            "it starts by itself"
        )
        return
    path.with_name("store.sqlite.backup").unlink()
    with pytest.raises(ShopfloorError, match=r"Nothing can be read of the store .*Move it away"):
        mend(path)
    assert path.read_bytes() == b"no database " * 2000


def test_a_task_whose_record_is_lost_is_that_of_the_copy_and_at_rest(tmp_path: Path) -> None:
    path = a_store(tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE task SET data = x'ff' WHERE id = 'a1'")
        database.execute("DELETE FROM task WHERE id = 'b2'")
    store = Store(path)
    lost_tasks = store.lost_tasks({task.id for task in store.tasks()})
    assert lost_tasks == ["a1", "b2"], "of one without a record there are prompts"
    for lost in lost_tasks:
        task = task_in_copy(path, lost)
        assert task is not None
        assert (task.id, task.state) == (lost, "stopped")
        assert "what happened since is not in it" in task.reason
    assert task_in_copy(path, "zz") is None


def test_a_record_that_is_no_data_is_taken_from_the_copy(tmp_path: Path) -> None:
    path = a_store(tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE entry SET data = x'ff' WHERE task = 'b2' AND id IN (7, 200)")
    assert mend(path) is not None
    store = Store(path)
    assert [entry.id for entry in store.entries("b2")] == list(range(1, ENTRIES)), "7 is in the copy, 200 is not"
    assert "entry b2" in "".join(store.damages), "what is not in the copy either is named as before"

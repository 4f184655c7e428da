"""The daily copy of the store is whole, kept until there is a better one, and named where it is needed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_store import a_task

from agents.engine import backups
from agents.engine.backups import Backups
from agents.engine.hub import Hub
from agents.engine.ledger import Ledger
from agents.errors import ShopfloorError
from agents.store import Store
from agents.store.backup import DAY_SECONDS, back_up, backup_of, is_due


def test_the_copy_opens_as_a_store_with_everything_committed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    store.put_task(a_task())
    store.commit()
    back_up(store.path)
    store.put_task(a_task("b2"))
    store.commit()
    assert [task.id for task in Store(backup_of(store.path)).tasks()] == ["a1"]
    assert backup_of(store.path).stat().st_mode & 0o777 == 0o600, "others may read it"
    back_up(store.path)
    assert [task.id for task in Store(backup_of(store.path)).tasks()] == ["a1", "b2"], "the copy is not renewed"


def test_a_copy_is_due_after_a_day_and_when_the_clock_went_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    assert is_due(store.path), "there is none"
    back_up(store.path)
    assert not is_due(store.path)
    for age, why in ((DAY_SECONDS + 1, "it is a day old"), (-DAY_SECONDS, "its time lies ahead")):
        os.utime(backup_of(store.path), (time.time() - age,) * 2)
        assert is_due(store.path), why


def test_a_damaged_store_does_not_take_the_place_of_its_copy_and_names_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    store.put_task(a_task())
    store.close()
    back_up(store.path)
    kept = backup_of(store.path).read_bytes()
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:8192] + b"\xff" * 4096 + whole[12_288:])
    with pytest.raises(ShopfloorError, match=r"could not be written to .*store\.sqlite\.backup"):
        back_up(store.path)
    assert backup_of(store.path).read_bytes() == kept
    assert sorted(path.name for path in tmp_path.iterdir() if "backup" in path.name) == ["store.sqlite.backup"]
    with pytest.raises(ShopfloorError, match=r"`shopfloor engine mend` makes a new one"):
        Store(store.path)


async def test_the_engine_keeps_a_copy_but_not_of_records_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(backups, "LOOK_SECONDS", 0.01)
    store = Store(tmp_path / "store.sqlite")
    store.put_task(a_task())
    store.commit()
    ledger = Ledger(store, Hub())
    keeping = Backups(ledger)
    keeping.start()
    try:
        await _until(backup_of(store.path).exists, "a copy is made")
        with sqlite3.connect(store.path) as other:
            other.execute("UPDATE task SET data = x'ff00'")
        assert store.tasks() == []
        assert store.damages
        os.utime(backup_of(store.path), (0, 0))
        looked = len(looks := _count_looks(monkeypatch))
        await _until(lambda: len(looks) > looked + 2, "it looks again")
        assert backup_of(store.path).stat().st_mtime == 0, "a whole copy was given up for a damaged one"
    finally:
        await keeping.close()


async def test_a_copy_that_cannot_be_made_is_said_to_every_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "FIRST_SECONDS", 0.0)
    store = Store(tmp_path / "store.sqlite")
    backup_of(store.path).with_name("store.sqlite.backup.new").mkdir()
    ledger = Ledger(store, Hub())
    said: list[str] = []
    monkeypatch.setattr(ledger, "warn", said.append)
    keeping = Backups(ledger)
    keeping.start()
    try:
        await _until(lambda: said, "a warning is given")
        assert "could not be written" in said[0]
    finally:
        await keeping.close()


def _count_looks(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    looks: list[Path] = []

    def counted(store: Path) -> bool:
        looks.append(store)
        return is_due(store)

    monkeypatch.setattr(backups, "is_due", counted)
    return looks


async def _until(condition: Callable[[], object], what: str) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"It never happened that {what}.")

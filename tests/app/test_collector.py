"""Garbage is collected while the person does nothing."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.errors import ShopfloorError
from app.collector import ENOUGH, LONGEST_SECONDS, QUIET_SECONDS, Collector
from app.verbs.floor import open_floor


@pytest.fixture(autouse=True)
def _own_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.enable()
    gc.set_threshold(*before)
    gc.unfreeze()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def _much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, ENOUGH))


def test_it_is_on_once_everything_is_set_up() -> None:
    gc.disable()
    Collector().settle()
    assert gc.isenabled(), "nothing would be collected in the program"


async def test_a_floor_that_cannot_be_opened_leaves_it_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def fail() -> None:
        assert not gc.isenabled(), "it looks for garbage while there is none"
        raise ShopfloorError("There is no engine.")

    monkeypatch.setattr("sys.stdin", _Terminal())
    monkeypatch.setattr("sys.stdout", _Terminal())
    monkeypatch.setattr("sys.stderr", _Terminal())
    monkeypatch.setattr("app.verbs.floor.connect", fail)
    with pytest.raises(ShopfloorError, match="There is no engine"):
        await open_floor(str(tmp_path))
    assert gc.isenabled(), "who goes on has no collector"


@pytest.mark.usefixtures("_much")
def test_it_waits_until_the_person_is_quiet() -> None:
    clock = Clock()
    collector = Collector(clock)
    collector.acted()
    assert not collector.look(), "it collected while the person was typing"
    clock.now += QUIET_SECONDS
    assert collector.look()


@pytest.mark.usefixtures("_much")
def test_it_does_not_wait_for_ever() -> None:
    clock = Clock()
    collector = Collector(clock)
    clock.now += LONGEST_SECONDS
    collector.acted()
    assert collector.look()


def test_nothing_is_done_for_a_little_garbage_and_full_collections_are_not_automatic() -> None:
    clock = Clock()
    collector = Collector(clock)
    collector.settle()
    clock.now += 10
    assert not collector.look()
    assert gc.get_threshold()[2] > 100_000

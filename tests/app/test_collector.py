"""Garbage is collected while the person does nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from app.collector import ENOUGH, LONGEST_SECONDS, QUIET_SECONDS, Collector


@pytest.fixture(autouse=True)
def _own_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def _much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, ENOUGH))


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

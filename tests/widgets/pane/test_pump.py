"""Who is flushed when: the focused first, the others within a budget, nobody else while a key is answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from widgets.pump import BUDGET_SECONDS, CALM_SECONDS, HOLD_SECONDS, LONGEST_HOLD_SECONDS, Pump


class Clock:
    """Seconds that pass when something is flushed."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Member:
    """Something that always has changes."""

    has_changes, has_clock = True, False

    def __init__(self, clock: Clock, takes: float, is_urgent: bool = False) -> None:
        self.is_urgent = is_urgent
        self.flushed = 0
        self._clock, self._takes = clock, takes

    def flush(self) -> None:
        self.flushed += 1
        self._clock.now += self._takes

    def tick(self) -> None:
        pass


def a_pump(clock: Clock, *members: Member) -> Any:
    timer = SimpleNamespace(resume=lambda: None, pause=lambda: None)
    app: Any = SimpleNamespace(set_interval=lambda *_, **__: timer, _driver=None)
    pump: Any = Pump(app, clock)
    for member in members:
        pump.add(member)
    return pump


def test_a_tick_flushes_only_as_many_as_there_is_time_for_and_goes_on_with_the_next() -> None:
    clock = Clock()
    members = [Member(clock, BUDGET_SECONDS * 0.4) for _ in range(9)]
    pump = a_pump(clock, *members)
    pump._frame()
    assert sum(member.flushed for member in members) == 3
    for _ in range(2):
        pump._frame()
    assert [member.flushed for member in members] == [1] * 9, "not everyone had a turn"


def test_the_focused_is_flushed_at_every_tick_and_the_others_not_more_often_than_can_be_read() -> None:
    clock = Clock()
    focused, other = Member(clock, 0.0001, is_urgent=True), Member(clock, 0.0001)
    pump = a_pump(clock, focused, other)
    for _ in range(5):
        pump._frame()
        clock.now += CALM_SECONDS / 6
    assert focused.flushed == 5
    assert other.flushed == 1


def test_a_key_holds_the_others_back_but_not_for_ever() -> None:
    clock = Clock()
    focused, other = Member(clock, 0.0001, is_urgent=True), Member(clock, 0.0001)
    pump = a_pump(clock, focused, other)
    pump._frame()
    clock.now += CALM_SECONDS
    before = other.flushed
    pump.hold()
    pump._frame()
    assert other.flushed == before, "it was flushed while a key was answered"
    assert focused.flushed == 2
    clock.now += LONGEST_HOLD_SECONDS
    pump.hold()
    pump._frame()
    assert other.flushed == before + 1, "keys held it back for ever"
    clock.now += HOLD_SECONDS + CALM_SECONDS
    pump._frame()
    assert other.flushed == before + 2

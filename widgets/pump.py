"""The one clock of everything that streams.

Deltas do not travel as messages and do not repaint anything: they go into a widget's buffer, and the pump lets widgets
show what has gathered. That keeps the cost of a screen independent of how finely agents cut their output, and lets it
wait while the terminal has not taken the last frame: over a slow line every frame written early is a frame that the
next key press has to wait for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Queue
from typing import Any, Protocol

from textual.app import App
from textual.timer import Timer

RATE = 30
"""Ticks per second."""
CALM_SECONDS = 0.09
"""What is not focused is flushed this often at most: a tenth of a second is fast enough to be read."""
BUDGET_SECONDS = 0.004
"""How long a tick may flush what is not focused; the rest waits for the next one, so that no key waits long."""
HOLD_SECONDS = 0.03
"""For how long nothing but the focused is flushed after a key: its answer is painted first."""
LONGEST_HOLD_SECONDS = 0.15
"""However fast keys come, the others are flushed this often."""


class Pumped(Protocol):
    """A widget that shows gathered changes when it is told to."""

    @property
    def is_urgent(self) -> bool:
        """Flush it at every tick: the person works in it."""

    @property
    def has_changes(self) -> bool:
        """Something has gathered that a flush would show."""

    @property
    def has_clock(self) -> bool:
        """It shows a time that moves."""

    def flush(self) -> None:
        """Show what has gathered, refreshing no more than what differs."""

    def tick(self) -> None:
        """A second has passed: what shows it has changed, and is flushed like all that has."""


class Pump:
    """Flushes its members at 30 Hz while there is something to show, and moves their clocks once a second.

    No tick takes long: members that are not urgent take turns, as many at a time as there is time for.
    """

    def __init__(self, app: App[Any], clock: Callable[[], float] = time.perf_counter) -> None:
        """``clock`` gives seconds."""
        self._app = app
        self._clock = clock
        self._members: list[Pumped] = []
        self._flushed: dict[Pumped, float] = {}
        """When each was flushed last."""
        self._next = 0
        """Whose turn it is."""
        self._held_until = self._last_round = 0.0
        self._frames: Timer | None = None
        self._seconds: Timer | None = None
        self._clock_runs = False
        self.is_resting = True
        """Nothing is flushed because nothing has gathered."""

    def add(self, member: Pumped) -> None:
        """Flush this widget too. Call it when it is mounted."""
        self._members.append(member)
        self.wake()

    def remove(self, member: Pumped) -> None:
        """Leave this widget alone from now on."""
        self._members.remove(member)
        self._flushed.pop(member, None)

    def hold(self) -> None:
        """The person has pressed a key."""
        self._held_until = self._clock() + HOLD_SECONDS

    def wake(self) -> None:
        """Something has gathered somewhere, or a clock has begun to move."""
        if not self.is_resting:
            return
        self.is_resting = False
        if self._frames is None:
            self._frames = self._app.set_interval(1 / RATE, self._frame, name="pump")
            self._seconds = self._app.set_interval(1.0, self._second, name="clock", pause=True)
        self._frames.resume()

    def _frame(self) -> None:
        if frames_waiting(self._app):
            return
        began = self._clock()
        waiting = False
        for member in self._members:
            if member.is_urgent and member.has_changes:
                member.flush()
        if began < self._held_until and began - self._last_round < LONGEST_HOLD_SECONDS:
            waiting = any(member.has_changes for member in self._members)
        else:
            waiting = self._flush_in_turns(began)
        if not self._clock_runs and self._seconds and any(member.has_clock for member in self._members):
            self._clock_runs = True
            self._seconds.resume()
        if not waiting and self._frames:
            self.is_resting = True
            self._frames.pause()

    def _flush_in_turns(self, began: float) -> bool:
        """Flush as many as there is time for; True when some still have something to show."""
        self._last_round = began
        count, waiting = len(self._members), False
        for step in range(count):
            member = self._members[(self._next + step) % count]
            if member.is_urgent or not member.has_changes:
                continue
            if began - self._flushed.get(member, 0.0) < CALM_SECONDS:
                waiting = True
                continue
            if step and self._clock() - began > BUDGET_SECONDS:
                self._next = (self._next + step) % count
                return True
            self._flushed[member] = began
            member.flush()
        return waiting

    def _second(self) -> None:
        clocks = [member for member in self._members if member.has_clock]
        for member in clocks:
            member.tick()
        if clocks:
            self.wake()
        elif self._seconds:
            self._clock_runs = False
            self._seconds.pause()


def frames_waiting(app: App[Any]) -> int:
    """Frames that the terminal has not taken yet. Drivers that do not write in a thread have none."""
    queue = getattr(getattr(app._driver, "_writer_thread", None), "_queue", None)
    return queue.qsize() if isinstance(queue, Queue) else 0

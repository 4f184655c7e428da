"""The one clock of everything that streams.

Deltas do not travel as messages and do not repaint anything: they go into a widget's buffer, and the pump lets widgets
show what has gathered. That keeps the cost of a screen independent of how finely agents cut their output, and lets it
wait while the terminal has not taken the last frame: over a slow line every frame written early is a frame that the
next key press has to wait for.
"""

from __future__ import annotations

from queue import Queue
from typing import Any, Protocol

from textual.app import App
from textual.timer import Timer

RATE = 30
"""Ticks per second."""
GROUPS = 3
"""What is not focused is flushed in turns: each at a third of the rate."""


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
        """A second has passed."""


class Pump:
    """Flushes its members at 30 Hz while there is something to show, and moves their clocks once a second."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._members: list[Pumped] = []
        self._turn = 0
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
        self._turn = (self._turn + 1) % GROUPS
        waiting = False
        for index, member in enumerate(self._members):
            if not member.has_changes:
                continue
            if member.is_urgent or index % GROUPS == self._turn:
                member.flush()
            else:
                waiting = True
        if not self._clock_runs and self._seconds and any(member.has_clock for member in self._members):
            self._clock_runs = True
            self._seconds.resume()
        if not waiting and self._frames:
            self.is_resting = True
            self._frames.pause()

    def _second(self) -> None:
        clocks = [member for member in self._members if member.has_clock]
        for member in clocks:
            member.tick()
        if not clocks and self._seconds:
            self._clock_runs = False
            self._seconds.pause()


def frames_waiting(app: App[Any]) -> int:
    """Frames that the terminal has not taken yet. Drivers that do not write in a thread have none."""
    queue = getattr(getattr(app._driver, "_writer_thread", None), "_queue", None)
    return queue.qsize() if isinstance(queue, Queue) else 0

"""When Python looks for garbage: while the person does nothing.

A full collection looks at every object there is, a tenth of a second once many panes have transcripts; a key that is
pressed in it waits that long. What the program makes by the thousand (rows, strips, events) is free of cycles and goes
by itself, so full collections can wait for a quiet moment. What has survived one is frozen: the next need not look at
it again.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

LOOK_SECONDS = 5.0
"""How often to ask :meth:`Collector.look`."""
QUIET_SECONDS = 2.0
"""The person has not done anything for so long: a pause would not be felt."""
LONGEST_SECONDS = 300.0
"""However busy the person is, collections are not further apart than this."""
ENOUGH = 25
"""Collections of the middle generation after which a full one is worth it."""
THRESHOLDS = (3000, 12, 1_000_000)
"""Of the three generations; the last one is never reached: its collections are ours."""
EVERYTHING_EVERY = 12
"""Each so many full collections look at the frozen too: some of it may have become garbage."""


class Collector:
    """Collects garbage when :meth:`look` finds a moment for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds."""
        self._clock = clock
        self._acted_at = self._collected_at = clock()
        self._count = 0

    def settle(self) -> None:
        """Everything has been set up: what exists now stays. Who sets up may have switched the collector off."""
        gc.enable()
        gc.set_threshold(*THRESHOLDS)
        self._collect()

    def acted(self) -> None:
        """The person has done something."""
        self._acted_at = self._clock()

    def look(self) -> bool:
        """Collect if there is something to collect and the person would not notice; True when it was done."""
        now = self._clock()
        quiet = now - self._acted_at >= QUIET_SECONDS
        if gc.get_count()[2] < ENOUGH or not (quiet or now - self._collected_at >= LONGEST_SECONDS):
            return False
        self._count += 1
        if quiet and self._count % EVERYTHING_EVERY == 0:
            gc.unfreeze()
        self._collect()
        return True

    def _collect(self) -> None:
        gc.collect()
        gc.freeze()
        self._collected_at = self._clock()

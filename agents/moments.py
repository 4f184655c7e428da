"""Moments as people write them: ``15m``, ``2h``, ``16:30``, ``tomorrow``, ``fri 9:00``, ``2026-02-03 14:00``."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from agents.errors import UsageError

MORNING = time(9)
"""What a day without a time means."""

_STRETCH = re.compile(r"(?:in\s+)?(\d{1,4})\s*(m|min|minutes?|h|hours?|d|days?)", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_moment(text: str, now: float) -> float:
    """Seconds since the epoch; 0 for empty text, which means never. Times are local and in the future.

    Raises:
        UsageError: it is no moment, or one that is over.
    """
    words = text.strip().casefold()
    if not words or words in ("never", "no", "-"):
        return 0.0
    if stretch := _STRETCH.fullmatch(words):
        unit = {"m": "minutes", "h": "hours", "d": "days"}[stretch[2][0].lower()]
        return now + timedelta(**{unit: int(stretch[1])}).total_seconds()
    here = datetime.fromtimestamp(now)
    *before, last = words.split()
    clock = _time_of(last)
    day_word = " ".join(before) if clock else words
    try:
        day = _day_of(day_word, here)
    except ValueError:
        raise UsageError(
            f"“{text.strip()}” is no moment.", "Write 15m, 2h, 16:30, tomorrow, fri 9:00 or 2026-02-03 14:00."
        ) from None
    found = datetime.combine(day, clock or MORNING)
    if not day_word and found <= here:
        found += timedelta(days=1)
    if found <= here:
        raise UsageError(f"“{text.strip()}” is over.", "Give a moment that is to come.")
    return found.timestamp()


def _time_of(word: str) -> time | None:
    clock = _CLOCK.fullmatch(word)
    return time(int(clock[1]), int(clock[2])) if clock and int(clock[1]) < 24 and int(clock[2]) < 60 else None


def _day_of(words: str, here: datetime) -> datetime:
    """The day that words stand for; raises ValueError when they stand for none."""
    if words in ("", "today"):
        return here
    if words == "tomorrow":
        return here + timedelta(days=1)
    if words[:3] in _DAYS and "monday tuesday wednesday thursday friday saturday sunday".find(words) >= 0:
        ahead = (_DAYS.index(words[:3]) - here.weekday()) % 7
        return here + timedelta(days=ahead or 7)
    return datetime.fromisoformat(words)

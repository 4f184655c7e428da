"""When the person is called about a task, in which words. For the engine (desktop) and the screens (terminal)."""

from __future__ import annotations

import re
from datetime import datetime, time

from agents.errors import UsageError
from agents.model import Task

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


def call_about(before: Task | None, after: Task) -> str:
    """What to tell the person about a change of a task; empty when it is nothing to call about.

    One call for each time that a task comes to need the person: it became ready, blocked or failed, or asks something.
    """
    if before is None or not after.unseen or goes_back(before, after):
        return ""
    asks = after.question is not None and after.question != before.question
    if before.unseen and before.state == after.state and not asks:
        return ""
    if after.question is not None:
        return f"{after.title} asks: {after.question.text}"
    if after.state == "ready":
        return f"{after.title} is ready."
    if after.state in ("blocked", "failed"):
        words = "needs you" if after.state == "blocked" else "has failed"
        return f"{after.title} {words}. {after.reason}".strip()
    return ""


def goes_back(before: Task, after: Task) -> bool:
    """What its program asked while the task rested is answered: the person was called about that rest before."""
    return before.asked_at_rest is not None and after.state == before.asked_at_rest.state


def is_quiet(hours: str, now: datetime) -> bool:
    """Whether ``now`` lies in hours such as ``22:00-07:30``; never, when they are empty.

    Raises:
        UsageError: they are not of that form.
    """
    if not hours.strip():
        return False
    found = _HOURS.fullmatch(hours.strip())
    try:
        first, last = _time(found[1], found[2]), _time(found[3], found[4])  # type: ignore[index]
    except (TypeError, ValueError) as error:
        raise UsageError(f"`notify.quiet` is “{hours}”.", "Write it as in 22:00-07:30.") from error
    moment = now.time()
    return first <= moment < last if first <= last else moment >= first or moment < last


def _time(hour: str, minute: str) -> time:
    """A time of day; ``24:00`` is its end."""
    return time.max if (hour, minute) == ("24", "00") else time(int(hour), int(minute))

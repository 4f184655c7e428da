"""How a task's state, times and money are written wherever a task is shown."""

from __future__ import annotations

import time

from agents.model import QueueProgress, Task, TaskState
from widgets.text_strips import Span, printable

STATE_GLYPHS: dict[TaskState, str] = {
    "queued": "…", "preparing": "◌", "working": "●", "checking": "◍", "ready": "✓", "landed": "⇲", "closed": "×",
    "blocked": "!", "stopped": "■", "failed": "✗",
}  # fmt: skip
"""One column each. A state is never told by its colour alone: the glyph or the word stands beside it."""


def duration(seconds: float) -> str:
    """Seconds for people: ``0.4s``, ``12s``, ``3m 05s``, ``2h 07m``, ``3d 4h``."""
    whole = int(seconds)
    if seconds < 10 and seconds != whole:
        return f"{max(0.0, seconds):.1f}s"
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def money(dollars: float | None) -> str:
    """US dollars: ``$0.004``, ``$1.20``, ``$?`` when a price is not known; nothing when nothing was spent."""
    if dollars is None:
        return "$?"
    if dollars <= 0:
        return ""
    return f"${dollars:.3f}" if dollars < 0.1 else f"${dollars:.2f}"


def working_seconds(task: Task, now: float) -> float:
    """Seconds the agent has spent in turns so far, the running one included; ``now`` is since the epoch."""
    running = task.state == "working" and task.turn_started_at > 0
    return task.worked_seconds + (max(0.0, now - task.turn_started_at) if running else 0.0)


def moment(at: float, now: float) -> str:
    """A moment for people, both since the epoch: ``14:30``, ``tomorrow 9:00``, ``Mon 9:00``, ``3 Feb 9:00``."""
    day, today = time.localtime(at), time.localtime(now)
    clock = f"{day.tm_hour}:{day.tm_min:02}"
    if at < now:
        return "now"
    if (day.tm_year, day.tm_yday) == (today.tm_year, today.tm_yday):
        return clock
    tomorrow = time.localtime(now + 86_400)
    if (day.tm_year, day.tm_yday) == (tomorrow.tm_year, tomorrow.tm_yday):
        return f"tomorrow {clock}"
    if at - now < 6 * 86_400:
        return f"{time.strftime('%a', day)} {clock}"
    return f"{day.tm_mday} {time.strftime('%b', day)} {clock}"


def queue_span(queue: QueueProgress, style: str) -> Span:
    """How far a queue is: ``review-and-fix 4/12``, and that it is paused."""
    paused = " paused" if queue.paused else ""
    return (f"{printable(queue.name)} {queue.position}/{queue.total}{paused}", style)

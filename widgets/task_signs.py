"""What a task asks of the person, and what moves while it works."""

from __future__ import annotations

from typing import Literal

from agents.model import ACTIVE_STATES, ATTENTION, Task, attention

Mood = Literal["needs", "failed", "working", "ready", "resting"]
"""What a state feels like, which is what colours go by; the glyph and the word say it without colour."""

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
"""Stands for the glyph of an active state where something may move."""
SPINNER_SECONDS = 0.12


def mood(task: Task) -> Mood:
    """What a task's state asks of the person."""
    if task.state == "failed":
        return "failed"
    if task.state == "blocked":
        return "needs"
    if task.state in ACTIVE_STATES:
        return "working"
    return "ready" if task.state in ("ready", "landed") else "resting"


def needs_person(task: Task) -> bool:
    """Blocked, failed, or finished and not looked at."""
    return attention(task) <= ATTENTION["stalled"]


def age(seconds: float) -> str:
    """A stretch of time in its largest unit: ``8s``, ``12m``, ``3h``, ``5d``."""
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"

"""Who may start when: room, memory, priority, age."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from agents.config import EngineSection
from agents.model import Task

_MEMINFO = Path("/proc/meminfo")


class Decision(NamedTuple):
    """Whether a queued task starts now; if not, why it waits."""

    task: str
    starts: bool
    reason: str = ""


def admit(
    queued: Sequence[Task], working: Collection[Task], limits: EngineSection, free_megabytes: float | None
) -> list[Decision]:
    """Decide about queued tasks: the higher priority first, then the one that waits longest.

    Running agents are never ended for a new one. With nothing at work a task starts however little memory is free.

    Args:
        free_megabytes: memory that new processes can have; None when the system does not say.
    """
    places = limits.max_active - len(working)
    starting = limits.max_starting - sum(1 for task in working if task.state == "preparing")
    decisions = []
    for task in sorted(queued, key=lambda task: (-task.priority, task.changed_at)):
        reason = ""
        if places <= 0:
            reason = f"Waits for a free place: {limits.max_active} agents are at work."
        elif starting <= 0:
            reason = "Waits its turn to start."
        elif free_megabytes is not None and free_megabytes < limits.min_free_mb and places < limits.max_active:
            reason = f"Waits for memory: {free_megabytes:.0f} MB are free, {limits.min_free_mb} are kept."
        else:
            places -= 1
            starting -= 1
        decisions.append(Decision(task.id, not reason, reason))
    return decisions


def free_megabytes() -> float | None:
    """Memory that new processes can have without swapping, as Linux estimates it; None on other systems."""
    try:
        text = _MEMINFO.read_text("ascii")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1024
    return None

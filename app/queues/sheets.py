"""What the screen of queues holds: written queues as they are edited, and the run of a task; without widgets."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.parts.queues import Place, QueueItem, QueueRun, RunItem
from widgets.queue_items import ItemRow

Items = tuple[QueueItem, ...]

PLACE_WORDS: dict[Place | None, str] = {
    "shipped": "came with Shopfloor", "project": "of the project", "user": "yours", None: "new, not saved",
}  # fmt: skip


@dataclass
class Sheet:
    """A written queue, as it is edited."""

    name: str
    place: Place | None = None
    """None: it is new and was never saved."""
    written: Items = ()
    items: Items = ()
    description: str = ""
    problem: str = ""
    path: str = ""
    past: list[Items] = field(default_factory=list)
    """What it was before each edit."""

    @property
    def is_edited(self) -> bool:
        """It differs from what is written down."""
        return self.items != self.written

    def change(self, items: Items) -> None:
        """Let these be its items."""
        if items != self.items:
            self.past.append(self.items)
            self.items = items

    def undo(self) -> bool:
        """Take the last edit back; False when there is none."""
        if not self.past:
            return False
        self.items = self.past.pop()
        return True


def inserted(items: Items, at: int, item: QueueItem) -> Items:
    """With one more item, at this place."""
    return (*items[:at], item, *items[at:])


def removed(items: Items, at: int) -> Items:
    """Without an item."""
    return (*items[:at], *items[at + 1 :])


def replaced(items: Items, at: int, item: QueueItem) -> Items:
    """With another item in the place of one."""
    return (*items[:at], item, *items[at + 1 :])


def moved(items: Items, at: int, to: int) -> Items:
    """With an item in another place."""
    return inserted(removed(items, at), to, items[at])


def facts(item: QueueItem) -> str:
    """When and by whom an item is worked on, in words; empty for always and by the task's own agent."""
    parts = []
    if item.if_changed:
        parts.append(f"only if {', '.join(item.if_changed)} changed")
    if item.if_tests_changed:
        parts.append("only if tests changed")
    if item.if_failed:
        parts.append(f"only if the check {item.if_failed} failed")
    if item.is_separate:
        parts.append(f"by {' '.join(filter(None, (item.profile, item.model)))}")
    if item.stop_on_failure:
        parts.append("pauses the queue if it fails")
    return " · ".join(parts)


def row_of(item: QueueItem) -> ItemRow:
    """An item of a written queue as it is shown."""
    return ItemRow(item.title, "" if item.prompt == item.title else item.prompt, facts(item))


def run_row(item: RunItem) -> ItemRow:
    """An item of a run as it is shown; of one that is over only what became of it."""
    is_over = item.state not in ("waiting", "working")
    shown = row_of(item.item)
    prompt = "" if is_over else shown.prompt
    return ItemRow(shown.title, prompt, "" if is_over else shown.facts, item.state, item.reason, item.turn)


def waiting(run: QueueRun) -> Items:
    """The items of a run that can still be edited."""
    return tuple(item.item for item in run.items if item.state == "waiting")


def place_among_waiting(run: QueueRun, index: int) -> int:
    """How many items that wait stand before one."""
    return sum(item.state == "waiting" for item in run.items[:index])


def run_words(run: QueueRun) -> str:
    """How far a run is, in words."""
    done = sum(item.state not in ("waiting", "working") for item in run.items)
    total = len(run.items)
    words = {
        "running": f"{min(done + 1, total)}/{total}",
        "paused": f"paused at {done}/{total}",
        "done": f"done, {_summary(run)}",
        "aborted": f"aborted, {_summary(run)}",
    }[run.state]
    return f"{words} · {run.reason}" if run.reason and run.state == "paused" else words


def _summary(run: QueueRun) -> str:
    counts = [
        (state, sum(item.state == state for item in run.items))
        for state in ("changed", "no change", "failed", "skipped")
    ]
    return ", ".join(f"{count} {state}" for state, count in counts if count)

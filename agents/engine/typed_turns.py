"""Snapshots before turns that a person starts by typing: the program may change files before we notice that it works.

They are taken before the keys go through, whatever our signs say of the program, unless a turn runs that began with a
snapshot of its own. Left is an agent that begins by itself, which nobody can foresee: the files as its last turn left
them are in the snapshot after that, and its turn begins with those that are found when its work is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from agents.engine.ledger import Ledger
from agents.errors import ShopfloorError
from agents.events import EngineNotice
from agents.model import Task
from agents.terminal.typed import may_send
from agents.workspace import Workspace

if TYPE_CHECKING:
    from agents.drivers.terminal.session import Session
    from agents.engine.facilities import Facilities


class _Before(NamedTuple):
    """A snapshot that a turn may begin with."""

    commit: str
    turn: int
    """Turns there were."""
    since: float
    """When the program came into the state it was in, in monotonic seconds."""


class TypedTurns:
    """The snapshots of all tasks.

    Args:
        is_at_work: whether a run of the scheduler has a task.
    """

    def __init__(self, ledger: Ledger, facilities: Facilities, is_at_work: Callable[[str], bool]) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._is_at_work = is_at_work
        self._before: dict[str, _Before] = {}

    async def prepare(self, task: str, session: Session, data: bytes) -> None:
        """The person's keys are about to reach the program: take a snapshot if they may start a turn."""
        known = self._ledger.tasks[task]
        status = session.status
        if self._has_turn(known) or not (status.state == "blocked" or may_send(data)):
            return
        before = self._before.get(task)
        if before is not None and before.turn == known.turn:
            answers_on = status.state == "blocked" and before.since == status.since
            if answers_on or status.state == "working":
                return  # what these keys go on with began after that snapshot
        workspace = self._ledger.store.workspace(task, Workspace)
        if workspace is None:
            return
        number = known.turn + 1
        try:
            workspaces = await self._facilities.workspaces()
            snapshot = await workspaces.snapshot(workspace, f"turn-{number}-typed", f"Before turn {number}")
        except ShopfloorError as error:
            text = f"{known.title}: there is no snapshot before what you typed. {error}"
            self._ledger.publish(EngineNotice(text=text, severity="warning"))
        else:
            self._before[task] = _Before(snapshot.commit, known.turn, status.since)

    def take(self, task: str, session: Session | None) -> str:
        """A turn begins now: the snapshot that was taken before the person started it; '' when it began otherwise."""
        before = self._before.pop(task, None)
        if before is None or session is None or before.turn != self._ledger.tasks[task].turn:
            return ""
        return before.commit if session.person_turn or session.status.state == "working" else ""

    def _has_turn(self, known: Task) -> bool:
        return known.state == "working" or (known.state == "blocked" and self._is_at_work(known.id))

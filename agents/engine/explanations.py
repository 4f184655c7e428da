"""The signs that were seen of agents and what they decided: the latest of each task, kept in the store.

They are written with every change of a task's state, and soon after a program in a terminal has changed its own. What
an agent tells in between is lost with an engine that is killed; what decided is not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import msgspec

from agents.engine.ledger import Ledger
from agents.engine.terminals import Terminals
from agents.model import FINAL_STATES, Task
from agents.parts.explanations import Explanation, SeenSign
from agents.terminal.status import Sign, Status

SIGNS_KEPT = 200
"""Of a task in memory."""
SIGNS_STORED = 60
"""Of a task in the store."""
SIGNS_LEFT = 10
"""Of one that has left the floor."""
KEEP_SECONDS = 1.0
"""So soon after a program's state has changed, its signs are in the store."""
_KIND = "signs"
_PROTOCOL = ("task", "agent")
"""Sources of signs that are not a terminal's."""
_SAME_MOMENT = 0.1
"""Seconds; a sign that is no later than that after a state began may have decided it."""


class Explanations:
    """See :class:`agents.parts.explanations.Explanations`."""

    def __init__(self, ledger: Ledger, terminals: Terminals) -> None:
        self._ledger = ledger
        self._terminals = terminals
        self._signs: dict[str, list[SeenSign]] = {}
        self._taken: dict[str, tuple[Status, int]] = {}
        """How many signs of a task's program are in its list already."""
        self._keeping: dict[str, asyncio.TimerHandle] = {}
        ledger.on_state = self._entered
        terminals.on_decision = self._decided

    def close(self) -> None:
        """The engine ends: record what is still to be recorded."""
        for task in list(self._keeping):
            self._keep(task)

    # what is heard

    def heard(self, task: str, what: str) -> None:
        """The protocol of a task's agent told something."""
        signs = self._of(task)
        if signs and signs[-1].source == "agent" and signs[-1].what == what:
            signs[-1] = msgspec.structs.replace(signs[-1], count=signs[-1].count + 1, at=time.time())
        else:
            self._add(task, SeenSign(at=time.time(), source="agent", what=what))

    def _entered(self, before: Task, after: Task) -> None:
        last = next((sign.what for sign in reversed(self._of(after.id)) if sign.source == "agent"), "")
        evidence = after.reason or (f"after {last}" if last else "")
        what = f"{before.state} → {after.state}"
        self._add(
            after.id,
            SeenSign(at=time.time(), source="task", what=what, state=after.state, evidence=evidence, decided=True),
        )
        self._keep(after.id)

    def _decided(self, task: str) -> None:
        """The program of a task has changed its state."""
        self._take_from_program(task)
        if task not in self._keeping:
            self._keeping[task] = asyncio.get_running_loop().call_later(KEEP_SECONDS, self._keep, task)

    def _add(self, task: str, *signs: SeenSign) -> None:
        known = self._of(task)
        known += signs
        if len(known) > 2 * SIGNS_KEPT:
            known[:] = latest(known, SIGNS_KEPT)

    def _take_from_program(self, task: str) -> Status | None:
        """Take over what is new of a task's program; how it stands, if one is known."""
        session = self._terminals.session(task)
        if session is None:
            return None
        status = session.status
        known, taken = self._taken.get(task, (status, 0))
        new = status.noted - (taken if known is status else 0)
        if new:
            offset = time.time() - time.monotonic()
            self._add(task, *(_seen(sign, offset) for sign in list(status.log)[-new:]))
            self._taken[task] = status, status.noted
        return status

    # what is kept

    def _of(self, task: str) -> list[SeenSign]:
        if task not in self._signs:
            self._signs[task] = self._ledger.store.kept_one_as(list[SeenSign], _KIND, task) or []
        return self._signs[task]

    def _keep(self, task: str) -> None:
        timer = self._keeping.pop(task, None)
        if timer is not None:
            timer.cancel()
        self._take_from_program(task)
        is_over = self._ledger.tasks[task].state in FINAL_STATES
        signs = latest(self._of(task), SIGNS_LEFT if is_over else SIGNS_STORED)
        self._ledger.store.keep(_KIND, task, msgspec.json.encode(signs))
        self._ledger.flush_soon()

    # what is told

    async def explain(self, task: str) -> Explanation:
        """See :class:`agents.parts.explanations.Explanations`."""
        known = self._ledger.find(task)
        status = self._take_from_program(known.id)
        signs = latest(self._of(known.id), SIGNS_KEPT)
        explanation = Explanation(
            task=known.id,
            title=known.title,
            driver=known.driver,
            state=known.state,
            reason=known.reason,
            hint=known.hint,
            since=known.changed_at,
            decided=decisive(signs, known.changed_at if status is None else time.time()),
            signs=tuple(signs),
        )
        if status is None:
            return explanation
        claims = tuple(
            SeenSign(at=time.time(), source=source, what=claim.rule, state=claim.verdict, evidence=claim.evidence)
            for source, claim in status.claims.items()
        )
        return msgspec.structs.replace(explanation, program=status.state, authority=status.authority, claims=claims)


def latest(signs: Iterable[SeenSign], limit: int) -> list[SeenSign]:
    """The latest of them, in order; what decided last stays among them, however much came after it."""
    ordered = sorted(signs, key=lambda sign: sign.at)
    decided = {sign.source in _PROTOCOL: place for place, sign in enumerate(ordered) if sign.decided}
    stay = sorted(place for place in decided.values() if place < len(ordered) - limit)
    return [ordered[place] for place in stay] + ordered[len(stay) - limit :]


def decisive(signs: Iterable[SeenSign], since: float) -> SeenSign | None:
    """The sign that decided a state which began then: for a terminal what its program showed, else the task's own."""
    decided = [sign for sign in signs if sign.decided and sign.at <= since + _SAME_MOMENT]
    programs = [sign for sign in decided if sign.source not in _PROTOCOL]
    return next(reversed(programs or decided), None)


def _seen(sign: Sign, offset: float) -> SeenSign:
    state = "" if sign.verdict == "none" else sign.verdict
    return SeenSign(
        at=sign.at + offset,
        source=sign.source,
        what=sign.rule,
        state=state,
        evidence=sign.evidence,
        decided=sign.decided,
    )

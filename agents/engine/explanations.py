"""The signs that were seen of agents, and what they decided; kept in memory, the latest of each task."""

from __future__ import annotations

import time
from collections import deque

import msgspec

from agents.engine.ledger import Ledger
from agents.engine.terminals import Terminals
from agents.model import Task
from agents.parts.explanations import Explanation, SeenSign
from agents.terminal.status import Sign

SIGNS_KEPT = 200


class Explanations:
    """See :class:`agents.parts.explanations.Explanations`."""

    def __init__(self, ledger: Ledger, terminals: Terminals) -> None:
        self._ledger = ledger
        self._terminals = terminals
        self._signs: dict[str, deque[SeenSign]] = {}
        ledger.on_state = self._entered

    def heard(self, task: str, what: str) -> None:
        """The protocol of a task's agent told something."""
        signs = self._of(task)
        if signs and signs[-1].source == "agent" and signs[-1].what == what:
            signs[-1] = msgspec.structs.replace(signs[-1], count=signs[-1].count + 1, at=time.time())
        else:
            signs.append(SeenSign(at=time.time(), source="agent", what=what))

    def _entered(self, before: Task, after: Task) -> None:
        what = f"{before.state} → {after.state}"
        evidence = after.reason or (f"after {self._last_heard(after.id)}" if self._last_heard(after.id) else "")
        self._of(after.id).append(
            SeenSign(at=time.time(), source="task", what=what, state=after.state, evidence=evidence, decided=True)
        )

    def _last_heard(self, task: str) -> str:
        return next((sign.what for sign in reversed(self._of(task)) if sign.source == "agent"), "")

    def _of(self, task: str) -> deque[SeenSign]:
        return self._signs.setdefault(task, deque(maxlen=SIGNS_KEPT))

    async def explain(self, task: str) -> Explanation:
        """See :class:`agents.parts.explanations.Explanations`."""
        known = self._ledger.find(task)
        signs = list(self._of(known.id))
        explanation = Explanation(
            task=known.id,
            title=known.title,
            driver=known.driver,
            state=known.state,
            reason=known.reason,
            hint=known.hint,
            since=known.changed_at,
            decided=next((sign for sign in reversed(signs) if sign.decided), None),
        )
        session = self._terminals.session(known.id)
        if session is not None:
            status = session.status
            offset = time.time() - time.monotonic()
            seen = [_seen(sign, offset) for sign in status.log]
            signs = sorted([*signs, *seen], key=lambda sign: sign.at)
            decided = next((sign for sign in reversed(seen) if sign.decided), None)
            explanation = msgspec.structs.replace(
                explanation,
                decided=decided or explanation.decided,
                program=status.state,
                authority=status.authority,
                claims=tuple(
                    SeenSign(
                        at=time.time(), source=source, what=claim.rule, state=claim.verdict, evidence=claim.evidence
                    )
                    for source, claim in status.claims.items()
                ),
            )
        return msgspec.structs.replace(explanation, signs=tuple(signs[-SIGNS_KEPT:]))


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

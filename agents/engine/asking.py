"""What agents ask, as the state of their tasks shows it: in a turn, and in a terminal while the task rests."""

from __future__ import annotations

from agents.drivers import Answered, AnyReport, Asked
from agents.engine.ledger import Ledger
from agents.model import Question, Rest
from agents.terminal.status import Status, waits_for


class Asking:
    """The questions of a running turn that wait for an answer, in the order they were asked; the first is shown."""

    def __init__(self, task: str, ledger: Ledger) -> None:
        self._id = task
        self._ledger = ledger
        self._open: dict[str, Question] = {}

    def hear(self, event: AnyReport) -> None:
        """The agent reported something."""
        match event:
            case Asked(question=question):
                self._open[question.id] = question
                self._show()
            case Answered(question=identity):
                self._open.pop(identity, None)
                self._show()
            case _:
                pass

    def end(self) -> None:
        """The turn is over: nothing is asked any more."""
        self._open.clear()
        self._show()

    def _show(self) -> None:
        first = next(iter(self._open.values()), None)
        if first == self._ledger.tasks[self._id].question:
            return
        if first is None:
            self._ledger.enter(self._id, "working", question=None)
            return
        words = " write the answer in the composer," if first.takes_text else ""
        hint = f"Press a number in its pane,{words} or `shopfloor answer {self._id} …`."
        if not first.options:
            hint = f"`shopfloor answer {self._id} --text …` answers."
        self._ledger.enter(self._id, "blocked", first.text, hint, question=first)


def asks_at_rest(ledger: Ledger, task: str, name: str, status: Status) -> None:
    """A program of that name stands so while its task rests: what it asks blocks the task until that is answered."""
    known = ledger.tasks.get(task)
    if known is None:
        return
    if status.state != "blocked":
        answered_at_rest(ledger, task)
    elif known.asked_at_rest is not None or known.state in ("ready", "blocked"):
        rest = known.asked_at_rest or Rest(
            state=known.state,
            reason=known.reason,
            hint=known.hint,
            unseen=known.unseen,
            changed_at=known.changed_at,
        )
        ledger.enter(task, "blocked", *waits_for(name, status.decision), asked_at_rest=rest, dialog=True)


def answered_at_rest(ledger: Ledger, task: str) -> None:
    """A task's program asks nothing any more: the task rests as it did before."""
    known = ledger.tasks[task]
    rest = known.asked_at_rest
    if rest is not None:
        unseen = rest.unseen and known.unseen  # who has looked at the question has looked
        ledger.enter(task, rest.state, rest.reason, rest.hint, unseen=unseen, changed_at=rest.changed_at)

"""What the agent of a run asks, as its task's state shows it."""

from __future__ import annotations

from agents.drivers import Answered, AnyReport, Asked
from agents.engine.ledger import Ledger
from agents.model import Question


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
        hint = f"Press a number in its pane, or `shopfloor answer {self._id} …`."
        if not first.options:
            hint = f"`shopfloor answer {self._id} --text …` answers."
        self._ledger.enter(self._id, "blocked", first.text, hint, question=first)

"""What agents ask: shown as the task's state while the turn waits, and answered by the person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agents.engine.ledger import Ledger
from agents.engine.scheduler import Scheduler
from agents.engine.terminals import Terminals
from agents.errors import UsageError
from agents.model import Prompt, Question, Task, When
from agents.parts.questions import how_to_answer

Expand = Callable[[str, str], Awaitable[str]]
Send = Callable[[str, str, When], Awaitable[Prompt]]


class Questions:
    """See :class:`agents.parts.questions.Questions`."""

    def __init__(self, ledger: Ledger, scheduler: Scheduler, terminals: Terminals, send: Send, expand: Expand) -> None:
        """``send`` sends a prompt: words that go with an answer. ``expand`` puts what chips stand for into a text for
        a task."""
        self._ledger = ledger
        self._scheduler = scheduler
        self._terminals = terminals
        self._send = send
        self._expand = expand

    async def answer(self, task: str, question: str = "", option: str = "", text: str = "") -> Task:
        """See :class:`agents.parts.questions.Questions`."""
        known = self._ledger.find(task)
        asked = known.question
        if asked is None and known.dialog and (text or option).strip() and not question:
            await self._terminals.answer(known.id, await self._expand(known.id, text or option))
            return self._ledger.tasks[known.id]
        if asked is None or (question and question != asked.id):
            what = "nothing" if asked is None else "something else"
            raise UsageError(f"Task {known.id} asks {what} now.", f"`shopfloor show {known.id}` shows how it is.")
        chosen = chosen_option(asked, option) if option else ""
        if not chosen and not (text.strip() and asked.takes_text):
            raise UsageError("This is no answer to the question.", how_to_answer(asked))
        words = "" if chosen else text.strip()
        if words and asked.text_option:
            chosen, text = asked.text_option, ""
        elif words:
            text = await self._expand(known.id, text)
        if not self._scheduler.answer(known.id, asked.id, chosen, text):
            raise UsageError(f"Task {known.id} does not ask that any more.")
        self._ledger.flush()
        if words and asked.text_option:
            await self._send(known.id, words, "now")
        return self._ledger.tasks[known.id]


def chosen_option(question: Question, said: str) -> str:
    """The option that a person means: by its words, the beginning of them, or its number.

    Raises:
        UsageError: none or several.
    """
    said = said.strip()
    if said in question.options:
        return said
    if said.isdecimal() and 0 < int(said) <= len(question.options):
        return question.options[int(said) - 1]
    found = [option for option in question.options if said and option.lower().startswith(said.lower())]
    if len(found) != 1:
        raise UsageError(
            f"“{said}” is {'several' if found else 'none'} of the options.", how_to_answer(question)
        )  # fmt: skip
    return found[0]

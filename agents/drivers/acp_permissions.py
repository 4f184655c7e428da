"""What an agent asks: for permission, which the profile's policy or the person gives, and what only they can say."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from agents.drivers import Answered, Asked, Reporter
from agents.model import Question

_WISHES = {"allow": ("allow_once", "allow_always"), "reject": ("reject_once", "reject_always")}


class Option(NamedTuple):
    """An answer that the agent offers."""

    id: str
    name: str
    kind: str
    """allow_once, allow_always, reject_once, reject_always, or one of next year."""


class _Open(NamedTuple):
    question: Question
    answer: asyncio.Future[tuple[str, str] | None]
    """The option, or words of the person's; None when it is not to be answered any more."""


class Permissions:
    """Questions for permission, of one session.

    Args:
        policy: of the profile; ``ask`` leaves them to the person.
        described: what a tool call does, by its id, in one line.
    """

    def __init__(
        self,
        name: str,
        policy: Literal["allow", "reject", "ask"],
        described: Callable[[str], str],
        report: Reporter,
    ) -> None:
        self._name = name
        self._policy = policy
        self._described = described
        self._report = report
        self._open: dict[str, _Open] = {}
        self._cancelled = False

    def begin(self) -> None:
        """A turn begins."""
        self._cancelled = False

    def cancel(self) -> None:
        """The turn is to end: nothing is allowed any more."""
        self._cancelled = True
        for asked in self._open.values():
            if not asked.answer.done():
                asked.answer.set_result(None)

    async def decide(self, call: str, options: Sequence[Option]) -> str:
        """The id of the option that is chosen for a tool call; empty to cancel it."""
        if self._cancelled:
            return ""
        if self._policy != "ask":
            wished = (option.id for wish in _WISHES[self._policy] for option in options if option.kind == wish)
            return next(wished, "")
        names = _told_apart(options)
        what = self._described(call) or "go on"
        reject = next((name for name, number in names.items() if number in _rejecting(options)), "")
        question = Question(
            id="",
            text=f"May {self._name} do this? {what}",
            options=tuple(names),
            takes_text=bool(reject),
            text_option=reject,
        )
        answer = await self.ask(question)
        return names[answer[0]] if answer is not None else ""

    async def ask(self, question: Question) -> tuple[str, str] | None:
        """Put a question to the person; the option or the words of the answer, None when the turn is to end."""
        if self._cancelled:
            return None
        question = msgspec.structs.replace(question, id=secrets.token_hex(4))
        asked = self._open[question.id] = _Open(question, asyncio.get_running_loop().create_future())
        self._report(Asked(question=question))
        try:
            return await asked.answer
        finally:
            if self._open.pop(question.id, None) is not None and not _is_answered(asked):
                self._report(Answered(question=question.id))

    def answer(self, question: str, option: str, text: str = "") -> bool:
        """Answer what was asked; False when it is not asked any more, or not answered by this."""
        asked = self._open.get(question)
        if asked is None or asked.answer.done():
            return False
        if option not in asked.question.options and (option or not asked.question.takes_text):
            return False
        self._report(Answered(question=question, answer=option or text))
        asked.answer.set_result((option, "" if option else text))
        return True


def _rejecting(options: Sequence[Option]) -> list[str]:
    """The ids of the options that refuse this once."""
    return [option.id for option in options if option.kind == "reject_once"]


def _is_answered(asked: _Open) -> bool:
    return asked.answer.done() and not asked.answer.cancelled() and bool(asked.answer.result())


def _told_apart(options: Sequence[Option]) -> dict[str, str]:
    """Ids by names; a name that stands for two is told apart by its kind."""
    names: dict[str, str] = {}
    for option in options:
        name = " ".join(option.name.split()) or option.kind
        while name in names:
            name = f"{name} ({option.kind.replace('_', ' ')})"
        names[name] = option.id
    return names

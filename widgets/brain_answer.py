"""The answer that the person gives to an agent's question, in the list, before it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from agents.model import Question, Task


class Host(Protocol):
    """The list, as giving answers needs it."""

    def give(self, answering: Answering) -> None:
        """This is the person's answer."""

    def rearrange(self) -> None:
        """Other rows are shown now."""


class Answering:
    """Which of the answers to a task's question is chosen, and what the person writes in their own words."""

    def __init__(self, task: Task, question: Question) -> None:
        self.task = task.id
        self.question = question
        self.place = 0
        """The answer that Enter gives, from 0; after the last option comes that in the person's own words."""
        self.text = ""

    @property
    def _count(self) -> int:
        return len(self.question.options) + self.question.takes_text

    @property
    def is_own_words(self) -> bool:
        """The person's own words are chosen."""
        return self.question.takes_text and self.place == len(self.question.options)

    @property
    def option(self) -> str:
        """The option that is chosen; empty when the person's own words are."""
        return "" if self.is_own_words or not self.question.options else self.question.options[self.place]

    @property
    def is_complete(self) -> bool:
        """It can be given."""
        return bool(self.text.strip()) if self.is_own_words else bool(self.option)

    def move(self, step: int) -> None:
        """Choose another answer, around the ends."""
        if self._count:
            self.place = (self.place + step) % self._count

    def type(self, character: str) -> bool:
        """A key that writes: a number chooses, in the person's own words it is text; True when that answers."""
        if self.is_own_words:
            self.text += character
            return False
        if character.isdecimal() and 1 <= int(character) <= len(self.question.options):
            self.place = int(character) - 1
            return True
        if self.question.takes_text:
            self.place, self.text = len(self.question.options), self.text + character
        return False

    def erase(self) -> None:
        """Take back the last character."""
        self.text = self.text[:-1]


class AnswerDesk:
    """Takes the keys while an answer is given; :attr:`answering` says which."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.answering: Answering | None = None
        self._left: dict[tuple[str, str], Answering] = {}
        """What was written to questions and not given, by their tasks and ids."""

    def begin(self, task: Task | None) -> bool:
        """Let the person answer what this task's agent asks; False when it asks nothing."""
        if task is None or task.question is None:
            return False
        left = self._left.pop((task.id, task.question.id), None)
        self.answering = left or Answering(task, task.question)
        self._host.rearrange()
        return True

    def stop(self) -> None:
        """Give no answer now; what was written stands there the next time."""
        if self.answering is not None:
            if self.answering.text.strip():
                self._left[self.answering.task, self.answering.question.id] = self.answering
            self.answering = None
            self._host.rearrange()

    def follow(self, tasks: Mapping[str, Task]) -> None:
        """What is being answered may have been answered elsewhere, or not be asked any more."""
        if self.answering is not None:
            task = tasks.get(self.answering.task)
            if task is None or task.question is None or task.question.id != self.answering.question.id:
                self.answering = None

    def give(self) -> None:
        """The chosen answer is given, if it is complete."""
        answering = self.answering
        if answering is not None and answering.is_complete:
            self._host.give(answering)
            self.answering = None
            self._host.rearrange()

    def take_key(self, key: str, character: str | None) -> bool:
        """A key, and the character it writes if it does; False when it is not one for an answer."""
        answering = self.answering
        if answering is None:
            return False
        if key in ("up", "down", "tab", "shift+tab"):
            answering.move(1 if key in ("down", "tab") else -1)
        elif key == "backspace":
            answering.erase()
        elif character is not None:
            if answering.type(character):
                self.give()
        else:
            return False
        return True

    def paste(self, text: str) -> bool:
        """Text that is pasted; False when no answer is written."""
        if self.answering is None or not self.answering.is_own_words:
            return False
        self.answering.text += text
        return True

    def click(self, task: Task, place: int) -> None:
        """An option is given by a click; one's own words are to be written first."""
        if self.answering is None or self.answering.task != task.id:
            self.begin(task)
        if self.answering is not None:
            self.answering.place = place
            if not self.answering.is_own_words:
                self.give()

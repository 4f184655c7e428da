"""The answer that the person gives to an agent's question, in the list, before it is given."""

from __future__ import annotations

from agents.model import Question, Task


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

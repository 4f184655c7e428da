"""What agents ask in the middle of a turn, and the answers."""

from __future__ import annotations

from typing import Protocol

from agents.model import Question, Task


class Questions(Protocol):
    """A task whose agent asks something has it as ``Task.question`` and is ``blocked``, while its turn goes on."""

    async def answer(self, task: str, question: str = "", option: str = "", text: str = "") -> Task:
        """Answer what a task's agent asks.

        Args:
            question: its id, so that no other one is answered by mistake; empty: the one asked now.
            option: one of its options, its number counted from 1, or an unambiguous beginning of it.
            text: an answer in the person's own words, where the question takes one.

        For a program in a terminal that asks something (``Task.dialog``) either is typed into it, followed by Enter.

        Raises:
            UsageError: it asks nothing or something else by now, or the answer is none.
        """


def how_to_answer(question: Question) -> str:
    """What can be answered, one sentence."""
    options = " · ".join(f"{number} {option}" for number, option in enumerate(question.options, 1))
    own = "your own words (--text)" if question.takes_text else ""
    return f"Answer with {' or '.join(filter(None, (options, own)))}."

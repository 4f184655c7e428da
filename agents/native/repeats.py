"""Noticing a model that goes round in circles."""

from __future__ import annotations

from collections.abc import Sequence

from agents.drivers import TurnEnd
from agents.native.conversation import Message, ToolCall, ToolResult

TOLD_AFTER = 4
"""The same calls with the same results so often in a row: the model is told. It may be waiting for something."""
ENDED_AFTER = 12
"""So often: a person is asked."""


class Repeats:
    """How often in a row the same calls came to the same."""

    def __init__(self) -> None:
        self._last: object = None
        self._count = 0

    def count(self, calls: Sequence[ToolCall], messages: Sequence[Message]) -> int:
        """Take the calls of an answer, with the messages that end in their results."""
        results = [message for message in messages[-len(calls) :] if isinstance(message, ToolResult)]
        made = [(call.name, call.arguments, call.malformed) for call in calls]
        came_to = sorted((result.text, result.is_error) for result in results)
        self._count = self._count + 1 if self._last == (made, came_to) else 1
        self._last = (made, came_to)
        return self._count

    def forget(self) -> None:
        """Something else was said: the same may come to something else."""
        self._last = None


def in_circles() -> TurnEnd:
    """How the turn ends then."""
    return TurnEnd(
        outcome="blocked",
        reason=f"The model has made the same call with the same result {ENDED_AFTER} times in a row.",
        hint="Tell it what to do instead, or resume the task to let it go on.",
    )

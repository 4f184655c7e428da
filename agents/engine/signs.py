"""The signs of life that an agent gives while it works."""

from __future__ import annotations

import time

from agents.drivers import (
    Afterwards,
    Alive,
    Answered,
    AnyReport,
    Asked,
    Blocked,
    Delivered,
    NotDelivered,
    Notice,
    Offered,
    Plan,
    Remember,
    TextDelta,
    TextEnded,
    ToolEnded,
    ToolOutput,
    ToolStarted,
    Used,
    Waiting,
)

_WORDS: dict[type, str] = {
    TextDelta: "a piece of its answer",
    TextEnded: "the end of an answer",
    ToolStarted: "the start of a tool",
    ToolOutput: "output of a tool",
    ToolEnded: "the end of a tool",
    Used: "the cost of a request",
    Notice: "a notice",
    Plan: "its plan",
    Remember: "the end of a message",
    Delivered: "the arrival of a prompt",
    Waiting: "a wait before another try",
    Blocked: "something the person must do",
    NotDelivered: "a prompt that did not arrive",
    Alive: "output in its terminal",
    Offered: "what can be chosen",
    Asked: "a question",
    Answered: "the end of a question",
    Afterwards: "words after its turn",
}


class Signs:
    """When an agent last gave a sign of life, and which."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._what = "nothing"

    def begin(self) -> None:
        """A turn starts."""
        self._at, self._what = time.monotonic(), "its start"

    def hear(self, report: AnyReport) -> str:
        """The agent reported something; what it was, in words."""
        self._at, self._what = time.monotonic(), _WORDS.get(type(report), "a report")
        return self._what

    def silence(self, longer_than_seconds: float) -> str:
        """A sentence when nothing was heard for longer than that; empty otherwise."""
        seconds = time.monotonic() - self._at
        if seconds <= longer_than_seconds:
            return ""
        return f"No sign of the agent for {seconds:.0f} seconds; the last was: {self._what}."

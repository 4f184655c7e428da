"""Reports in the order they happened, with text gathered to a few pieces a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agents.drivers import AnyReport, TextDelta, TextEnded

GATHER_SECONDS = 0.03


class Voice:
    """Hands reports on. Text waits up to 30 ms for more of its kind; any other report sends it ahead."""

    def __init__(self, report: Callable[[AnyReport], None]) -> None:
        self._send = report
        self._pending: list[str] = []
        self._thinking = False
        self._timer: asyncio.TimerHandle | None = None
        self._speaking = False

    def say(self, text: str, thinking: bool) -> None:
        """The answer or the reasoning goes on."""
        if self._speaking and thinking is not self._thinking:
            self.end()
        self._speaking, self._thinking = True, thinking
        self._pending.append(text)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)

    def end(self) -> None:
        """What was being said is complete."""
        self.flush()
        if self._speaking:
            self._speaking = False
            self._send(TextEnded())

    def report(self, report: AnyReport) -> None:
        """Report something else, after all text before it."""
        self.flush()
        self._send(report)

    def flush(self) -> None:
        """Send the text that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pending:
            text, self._pending = "".join(self._pending), []
            self._send(TextDelta(text=text, thinking=self._thinking))

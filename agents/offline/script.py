"""A player with a list of answers: what tests of everything that talks to a model need."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agents.offline.exchange import Fault, ModelRequest, Reply, say

Line = str | Reply | Fault | Callable[[ModelRequest], Reply | Fault]
"""An answer, its text alone, or a function that makes it from the request."""


class ScriptedPlayer:
    """Answers each request with the next line of a script, and keeps the requests."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._lines = list(lines)
        self.requests: list[ModelRequest] = []
        """Everything asked so far."""

    def add(self, *lines: Line) -> None:
        """Put more lines at the end of the script."""
        self._lines += lines

    @property
    def remaining(self) -> int:
        """Lines not played yet."""
        return len(self._lines) - len(self.requests)

    def __call__(self, request: ModelRequest) -> Reply | Fault:
        self.requests.append(request)
        number = len(self.requests)
        if number > len(self._lines):
            return Fault(status=400, message=f"The script has {len(self._lines)} answers; this is request {number}.")
        line = self._lines[number - 1]
        if isinstance(line, str):
            return say(line)
        return line(request) if callable(line) else line

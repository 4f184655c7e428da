"""Terminals of agents that have no protocol: what is typed into them, how large they are, what they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agents.model import Struct


class TerminalScreen(Struct, kw_only=True):
    """What a terminal shows now."""

    task: str
    alive: bool
    """Its program runs."""
    columns: int
    rows: int
    lines: tuple[str, ...]
    """What stands in each row of the screen."""
    state: str = ""
    """How the program stands: starting, idle, working, blocked, ended."""


class Terminals(Protocol):
    """The terminals of tasks whose driver is ``terminal``. What they write comes to those who watch the task."""

    async def write(self, task: str, data: bytes) -> None:
        """What the person types, encoded as a terminal does. It is followed so that no prompt is typed into it."""

    async def press(self, task: str, keys: Sequence[str]) -> None:
        """Press keys by their names: ``enter``, ``escape``, ``ctrl+c``, ``y``…"""

    async def resize(self, task: str, columns: int, rows: int, dark: bool = True) -> None:
        """The size at which it is shown, and whether on a dark ground; the last one who says it counts."""

    async def screen(self, task: str) -> TerminalScreen:
        """What it shows, for scripts."""

    async def start(self, task: str) -> None:
        """Start the program of a resting task again, going on with its conversation."""

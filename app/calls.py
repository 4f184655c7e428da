"""Calling the person by the terminal: a notification where it shows them, else the bell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

from agents.calls import call_about, is_quiet
from agents.config import NotifySection
from agents.errors import UsageError
from agents.model import Task
from widgets.text_strips import printable

_OSC9 = ("iterm.app", "wezterm", "ghostty", "kitty", "warpterminal", "windows terminal")
_OSC777 = ("foot", "rxvt", "contour")


class Calls:
    """What a screen's terminal is told when tasks come to need the person."""

    def __init__(self, wanted: NotifySection, environment: Mapping[str, str] | None = None) -> None:
        self._wanted = wanted
        self._environment = os.environ if environment is None else environment
        self._known: dict[str, Task] = {}

    def sequence_for(self, task: Task, in_sight: bool) -> str:
        """What to write to the terminal about a task that changed; empty for nothing.

        Args:
            in_sight: the terminal has the focus and the task is the one being looked at.
        """
        before = self._known.get(task.id)
        self._known[task.id] = task
        words = call_about(before, task)
        if not words or in_sight or self._is_quiet():
            return ""
        return self._sequence(printable(words)[:200])

    def _is_quiet(self) -> bool:
        try:
            return is_quiet(self._wanted.quiet, datetime.now())
        except UsageError:
            return False  # the engine tells every screen that the hours cannot be read

    def _sequence(self, words: str) -> str:
        match self._way():
            case "osc9":
                sequence = f"\x1b]9;{words}\x07"
            case "osc777":
                sequence = f"\x1b]777;notify;Shopfloor;{words.replace(';', ',')}\x07"
            case "bell":
                return "\x07"
            case _:
                return ""
        if "TMUX" in self._environment:  # tmux passes nothing on that is not wrapped
            sequence = "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
        return sequence + "\x07"

    def _way(self) -> str:
        if self._wanted.terminal != "auto":
            return self._wanted.terminal
        program = self._environment.get("TERM_PROGRAM", "").lower() or self._environment.get("LC_TERMINAL", "").lower()
        kind = self._environment.get("TERM", "").lower()
        if program in _OSC9 or any(name in kind for name in ("kitty", "ghostty", "wezterm")):
            return "osc9"
        if program in _OSC777 or any(name in kind for name in _OSC777):
            return "osc777"
        return "bell"

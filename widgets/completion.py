"""What could be meant by the letters before the cursor: names of files after ``@``, commands after ``/``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.fuzzy import rank
from widgets.text_strips import Spans, StyleBook, cells, cut, printable, strip_of

ROWS = 8
"""Choices in view at once."""

_NAME = re.compile(r"(?:^|(?<=[\s(\[{\"'`]))@([^\s@]*)$")
_COMMAND = re.compile(r"^/([^\s/]*)$")


class Command(NamedTuple):
    """Something that ``/name`` does."""

    name: str
    help: str
    key: str = ""
    """The key that does the same, for people."""
    is_agents: bool = False
    """The agent does it: it is sent as it is written."""


class Trigger(NamedTuple):
    """Letters that ask for completion."""

    kind: Literal["file", "command"]
    query: str
    start: int
    """Column of the sign before them."""


def trigger_at(line: str, column: int, is_first_line: bool) -> Trigger | None:
    """What is asked for in front of the cursor, if anything."""
    before = line[:column]
    if found := _NAME.search(before):
        return Trigger("file", found[1], found.start(1) - 1)
    if is_first_line and (found := _COMMAND.match(before)):
        return Trigger("command", found[1], 0)
    return None


def choices_for(trigger: Trigger, files: Sequence[str], commands: Mapping[str, Command]) -> list[str]:
    """The names to choose from, the best first."""
    if trigger.kind == "file":
        return rank(trigger.query, files)
    names = list(commands)
    starting = [name for name in names if name.startswith(trigger.query)]
    return starting + [name for name in rank(trigger.query, names) if name not in starting]


class CompletionList(Widget):
    """The choices, above the text; it never has the focus."""

    DEFAULT_CSS = """
    CompletionList { height: auto; max-height: 9; width: 1fr; background: $panel; color: $foreground; display: none; }
    CompletionList .completion--chosen { background: $primary 30%; text-style: bold; }
    CompletionList .completion--dim { color: $foreground 68%; }
    CompletionList .completion--agents { color: $secondary; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"completion--chosen", "completion--dim", "completion--agents"}

    @dataclass
    class Clicked(Message):
        """A choice was clicked."""

        list: CompletionList
        place: int

    def __init__(self) -> None:
        super().__init__()
        self._styles_of = StyleBook(self, "completion--")
        self._names: list[str] = []
        self._commands: Mapping[str, Command] = {}
        self._place = 0
        self._note = ""

    def show(self, names: Sequence[str], commands: Mapping[str, Command], note: str = "") -> None:
        """Offer these; ``note`` is said when there are none."""
        self._names, self._commands, self._note, self._place = list(names), commands, note, 0
        self.display = bool(names or note)
        self.styles.height = min(len(names), ROWS) or 1
        self.refresh()

    def hide(self) -> None:
        """Offer nothing."""
        if self.display:
            self.show((), {})

    @property
    def chosen(self) -> str:
        """The choice that the mark is on; empty when nothing is offered."""
        return self._names[self._place] if self.display and self._names else ""

    @property
    def names(self) -> list[str]:
        """What is offered."""
        return self._names if self.display else []

    def move(self, step: int) -> None:
        """Mark another one."""
        if self._names:
            self._place = (self._place + step) % len(self._names)
            self.refresh()

    def choose(self, place: int) -> None:
        """Mark the one in a row."""
        self._place = min(self._top + place, len(self._names) - 1)

    @property
    def _top(self) -> int:
        return max(0, min(self._place - ROWS // 2, len(self._names) - ROWS))

    def notify_style_update(self) -> None:
        """See Widget."""
        super().notify_style_update()
        self._styles_of.clear()

    def render_line(self, y: int) -> Strip:
        """See Widget."""
        width, place = self.size.width, self._top + y
        if place >= len(self._names):
            return strip_of(cut(((f"   {self._note}", "dim"),), width), self._styles_of, width)
        name = self._names[place]
        ground = " chosen" if place == self._place else ""
        sign = " ❯ " if ground else "   "
        command = self._commands.get(name)
        if command is None:
            spans: Spans = ((sign, ground.strip()), (printable(name), ground.strip()))
        else:
            key = f" {command.key} " if command.key else ""
            kind = "agents" if command.is_agents else "dim"
            told = f"{'the agent: ' if command.is_agents else ''}{printable(' '.join(command.help.split()))}"
            head = f"/{printable(name)}"
            left = cut(
                ((sign, ground.strip()), (f"{head:<20} ", ground.strip()), (told, f"{kind}{ground}")),
                max(0, width - cells(key)),
            )
            used = sum(cells(text) for text, _ in left)
            spans = (*left, (" " * max(0, width - used - cells(key)), ground.strip()), (key, f"dim{ground}"))
        return strip_of(cut(spans, width), self._styles_of, width, ground.strip())

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if event.y < len(self._names):
            self.post_message(self.Clicked(self, event.y))

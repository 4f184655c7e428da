"""Completion in the text of a prompt: what is offered while it is typed, and what taking a choice does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from widgets.chip_area import ChipArea
from widgets.completion import Command, CompletionList, Trigger, choices_for, trigger_at

READING = "Reading the names of the files…"


class Completer:
    """Between a text and the list of choices above it."""

    def __init__(self, area: ChipArea, choices: CompletionList) -> None:
        self._area = area
        self._list = choices
        self._trigger: Trigger | None = None
        self._offered: Trigger | None = None
        """What the choices that are shown were looked for."""
        self._refused: str | None = None
        """The letters for which the person has closed the list."""
        self.files: Sequence[str] | None = None
        """Names that can follow ``@``; None before they are known."""
        self.commands: dict[str, Command] = {}
        """What can follow ``/`` at the beginning."""

    def set_commands(self, commands: Iterable[Command]) -> None:
        """These can follow ``/`` from now on."""
        self._offered = None
        self.commands = {command.name: command for command in commands}

    @property
    def is_open(self) -> bool:
        """Something is offered."""
        return bool(self._list.display)

    @property
    def is_active(self) -> bool:
        """The letters before the cursor ask for completion."""
        return self._trigger is not None

    def look(self) -> bool:
        """Offer what the letters before the cursor could mean; True when names of files are needed for that."""
        row, column = self._area.cursor_location
        found = trigger_at(self._area.document.get_line(row), column, row == 0)
        if found is None:
            self._refused = None
        if found is None or (self._refused is not None and found.query.startswith(self._refused)):
            self.close()
            return False
        if found == self._trigger and found == self._offered and self.is_open:
            return False
        self._trigger = found
        if found.kind == "file" and self.files is None:
            self._list.show((), {}, READING)
            return True
        self._offered = found
        names = choices_for(found, self.files or (), self.commands)
        self._list.show(names, self.commands if found.kind == "command" else {})
        return False

    def close(self) -> None:
        """Offer nothing."""
        self._trigger = None
        self._list.hide()

    def refuse(self) -> None:
        """The person wants no choices for what stands there."""
        self._refused = self._trigger.query if self._trigger else None
        self.close()

    def move(self, step: int) -> bool:
        """Mark another choice; False when there is none."""
        if not self._list.chosen:
            return False
        self._list.move(step)
        return True

    def accept(self) -> Command | bool:
        """Take the marked choice: put it into the text, or answer the command of ours that is to be run. False when
        there is no choice, or it stands there already."""
        name, trigger = self._list.chosen, self._trigger
        if not name or trigger is None:
            return False
        row, column = self._area.cursor_location
        command = self.commands.get(name) if trigger.kind == "command" else None
        self.close()
        if command is not None and not command.is_agents:
            self._area.replace("", (0, 0), (row, column))
            return command
        if command is not None and name == trigger.query:
            return False
        sign = "/" if command is not None else "@"
        self._area.replace(f"{sign}{name} ", (row, trigger.start), (row, column))
        return True

    def given(self, text: str) -> str | None:
        """The command of ours that a text of one line begins with."""
        if not text.startswith("/") or "\n" in text.strip():
            return None
        name = text[1:].strip().partition(" ")[0]
        command = self.commands.get(name)
        return name if command is not None and not command.is_agents else None

"""What the person waits for on a task, and when to be called about it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from agents.errors import UsageError
from agents.model import Task
from agents.moments import parse_moment
from app.ship.unsent import forget_unsent, keep_unsent, unsent
from widgets.task_words import moment
from widgets.text_strips import printable

Noted = tuple[str, float]
"""The note, and when to be called (0: not)."""


class NoteScreen(ModalScreen[Noted | None]):
    """Two lines: waiting on what, and when to be called. None when the person leaves everything as it is."""

    CSS = """
    NoteScreen { align: center middle; background: $background 60%; }
    NoteScreen > Vertical { width: 64; max-width: 94%; height: auto; padding: 1 2; background: $panel; }
    NoteScreen .note--title { text-style: bold; margin-bottom: 1; }
    NoteScreen .note--label { color: $foreground 75%; }
    NoteScreen Input { border: none; height: 1; padding: 0 1; margin-bottom: 1; background: $surface; }
    NoteScreen #problem { color: $error; height: auto; }
    NoteScreen .note--hint { color: $foreground 60%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Leave it", id="note.cancel", tooltip="Leave note and reminder as they are."),
    ]

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._shown = task
        self._moment = moment(task.remind_at, time.time()) if task.remind_at else ""
        self._given = {"note": task.note, "when": self._moment}

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(printable(" ".join(self._shown.title.split())), classes="note--title", markup=False)
            yield Static("Waiting on", classes="note--label")
            yield Input(self._begin("note"), placeholder="Mia's review, the release…", id="note")
            yield Static("Call me", classes="note--label")
            yield Input(self._begin("when"), placeholder="15m, 2h, 16:30, tomorrow, fri 9:00", id="when")
            yield Static("", id="problem", markup=False)
            yield Static("Enter keeps it · Tab goes on · Esc leaves it as it is", classes="note--hint")

    def _begin(self, field: str) -> str:
        return unsent(self.app, f"{field} {self._shown.id}") or self._given[field]

    @on(Input.Changed)
    def _written(self, event: Input.Changed) -> None:
        field = event.input.id or ""
        keep_unsent(self, f"{field} {self._shown.id}", event.value, self._given[field])

    def on_mount(self) -> None:
        self.query_one("#problem").display = False

    @on(Input.Submitted)
    def _submitted(self) -> None:
        when = self.query_one("#when", Input).value.strip()
        try:
            at = self._shown.remind_at if when == self._moment else parse_moment(when, time.time())
        except UsageError as error:
            problem = self.query_one("#problem", Static)
            problem.update(printable(str(error)))
            problem.display = True
            self.query_one("#when").focus()
            return
        forget_unsent(self, *(f"{field} {self._shown.id}" for field in self._given))
        self.dismiss((" ".join(self.query_one("#note", Input).value.split()), at))

    def action_cancel(self) -> None:
        """Close without a change; what was written stands there the next time."""
        self.dismiss(None)

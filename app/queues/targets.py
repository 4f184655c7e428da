"""Choosing the tasks that a queue runs on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from agents.model import Task
from app.ticks import TickList
from widgets.text_strips import printable


class TargetScreen(ModalScreen[list[str] | None]):
    """Answers with the ids of tasks, or None to go back."""

    CSS = """
    TargetScreen { align: center middle; background: $background 60%; }
    TargetScreen > Vertical { width: 84; max-width: 96%; height: auto; max-height: 90%; background: $panel; padding: 1 2; }
    TargetScreen .targets--question { text-style: bold; height: 1; margin-bottom: 1; }
    TargetScreen SelectionList { border: none; height: auto; max-height: 60vh; background: $panel; padding: 0; }
    TargetScreen .targets--keys { color: $foreground 68%; height: 1; margin-top: 1; }
    """  # noqa: E501
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "answer", "Run", id="queue-targets.run", priority=True, tooltip="Run on the tasks chosen."),
        Binding("a", "all", "All or none", id="queue-targets.all", tooltip="Choose all, or none when all are chosen."),
        Binding("escape,q", "leave", "Back", id="queue-targets.leave", tooltip="Go back without running anything."),
    ]

    def __init__(self, queue: str, tasks: Sequence[Task], chosen: Collection[str]) -> None:
        """``chosen``: what is chosen at first. Tasks on which a queue runs are not offered."""
        super().__init__()
        self._queue = queue
        self._tasks = [task for task in tasks if task.queue is None]
        self._chosen = frozenset(chosen)

    def compose(self) -> ComposeResult:
        width = max((len(task.state) for task in self._tasks), default=0)
        options = [
            Selection(
                Text(f"{task.state:<{width}}  {printable(' '.join(task.title.split()))}", no_wrap=True),
                task.id,
                task.id in self._chosen,
            )
            for task in self._tasks
        ]
        with Vertical():
            yield Static(f"Run {printable(self._queue)} on which tasks?", classes="targets--question", markup=False)
            yield TickList[str](*options)
            keys = "Space choose · a all or none · Enter run · Esc back"
            yield Static(keys if options else "There is no task without a queue. Esc back", classes="targets--keys")

    def on_mount(self) -> None:
        self.query_one(SelectionList).focus()

    def action_answer(self) -> None:
        """Take the tasks chosen."""
        chosen = list(self.query_one(SelectionList).selected)
        if chosen:
            self.dismiss(chosen)

    def action_all(self) -> None:
        """Choose all or none."""
        options = self.query_one(SelectionList)
        if len(options.selected) == len(self._tasks):
            options.deselect_all()
        else:
            options.select_all()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

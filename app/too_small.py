"""What is shown while the terminal is too small for anything else."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

COLUMNS, ROWS = 60, 15
"""The smallest terminal in which the floor can be used."""


class TooSmallScreen(ModalScreen[None]):
    """A calm sentence; everything behind it goes on and comes back when there is room."""

    CSS = """
    TooSmallScreen { align: center middle; background: $background; }
    TooSmallScreen Static { width: 100%; height: auto; text-align: center; color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.leave", "Quit", id="too-small.quit", tooltip="Leave; the agents go on."),
    ]

    def compose(self) -> ComposeResult:
        yield Static(self._words, markup=False)

    def on_resize(self) -> None:
        self.query_one(Static).update(self._words)

    @property
    def _words(self) -> str:
        width, height = self.app.size
        return (
            f"Shopfloor needs {COLUMNS}×{ROWS} cells.\n"
            f"This terminal has {width}×{height}.\n"
            "Make it larger, or q leaves."
        )

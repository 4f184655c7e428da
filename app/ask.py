"""What must be answered, or read, before the keys do something else."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class AskScreen(ModalScreen[bool]):
    """Yes or no; Enter means no, because Enter never destroys."""

    CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen > Vertical { width: 64; max-width: 94%; height: auto; padding: 1 2; background: $panel; }
    AskScreen .ask--question { text-style: bold; }
    AskScreen .ask--detail { color: $foreground 75%; margin: 1 0; }
    AskScreen Horizontal { height: 1; align-horizontal: right; }
    AskScreen Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="ask.yes", tooltip="Do it."),
        Binding("n,escape,q", "answer(False)", "No", id="ask.no", tooltip="Leave everything as it is."),
    ]

    def __init__(self, question: str, detail: str, yes: str) -> None:
        super().__init__()
        self._question = question
        self._detail = detail
        self._yes = yes

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._question, classes="ask--question", markup=False)
            yield Static(self._detail, classes="ask--detail", markup=False)
            with Horizontal():
                yield Button("n  No", id="no", compact=True)
                yield Button(f"y  {self._yes}", id="yes", compact=True, variant="warning")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer and close."""
        self.dismiss(answer)


class TellScreen(ModalScreen[None]):
    """Something that takes the keys away from where they went. It holds those that are still typed."""

    CSS = """
    TellScreen { align: center middle; background: $background 60%; }
    TellScreen > Vertical { width: 64; max-width: 94%; height: auto; padding: 1 2; background: $panel; }
    TellScreen .tell--what { text-style: bold; }
    TellScreen .tell--detail { color: $foreground 75%; margin: 1 0; }
    TellScreen .tell--foot { color: $foreground 68%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape", "go_on", "Go on", id="tell.go-on", tooltip="Go on.")
    ]

    def __init__(self, what: str, detail: str) -> None:
        super().__init__()
        self._what = what
        self._detail = detail

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._what, classes="tell--what", markup=False)
            yield Static(self._detail, classes="tell--detail", markup=False)
            yield Static("Enter goes on", classes="tell--foot", markup=False)

    def action_go_on(self) -> None:
        """Close."""
        self.dismiss(None)

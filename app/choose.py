"""The dialog in which a person chooses an agent's mode, model and options."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agents.parts.sessions import Choice, Session, Setting
from widgets.text_strips import printable

Chosen = tuple[str, str]
"""Id of a setting, and a value of it."""


class ChooseScreen(ModalScreen[Chosen | None]):
    """All settings of an agent with their values; answers with one to set, or None."""

    CSS = """
    ChooseScreen { align: center middle; background: $background 60%; }
    ChooseScreen > Vertical { width: 76; max-width: 96%; height: auto; max-height: 90%; background: $panel;
                              padding: 1 2; }
    ChooseScreen .choose--heading { text-style: bold; margin-bottom: 1; }
    ChooseScreen .choose--foot { color: $foreground 68%; margin-top: 1; }
    ChooseScreen OptionList { height: auto; max-height: 30; border: none; padding: 0; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", id="choose.leave", tooltip="Leave everything as it is."),
        Binding("j", "move(1)", "Down", show=False, id="choose.down", tooltip="The next value."),
        Binding("k", "move(-1)", "Up", show=False, id="choose.up", tooltip="The value before."),
    ]

    def __init__(self, heading: str, session: Session) -> None:
        super().__init__()
        self._heading = heading
        self._offered = session
        self._values: list[Chosen] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._heading, classes="choose--heading", markup=False)
            yield OptionList(*self._options())
            yield Static("Enter sets it · Esc back", classes="choose--foot", markup=False)

    def _options(self) -> list[Option | None]:
        shown: list[Option | None] = []
        for setting in self._offered.settings:
            if shown:
                shown.append(None)
            heading = Text(printable(setting.name), "bold", no_wrap=True, overflow="ellipsis")
            shown.append(Option(heading, disabled=True))
            for choice in setting.choices:
                shown.append(Option(_line(setting, choice), id=str(len(self._values))))
                self._values.append((setting.id, choice.value))
        return shown

    def on_mount(self) -> None:
        choices = self.query_one(OptionList)
        choices.focus()
        choices.action_first()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._values[int(event.option.id or 0)])

    def action_move(self, rows: int) -> None:
        """Go up or down."""
        choices = self.query_one(OptionList)
        (choices.action_cursor_down if rows > 0 else choices.action_cursor_up)()


def _line(setting: Setting, choice: Choice) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append("● " if choice.value == setting.value else "○ ")
    line.append(printable(choice.name or choice.value))
    if choice.description:
        line.append(f"  {printable(' '.join(choice.description.split()))}", "dim")
    return line

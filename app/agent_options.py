"""An agent's own options in the dialog for a new task: a row that says what is chosen, and a list to choose in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from agents.api import Api
from agents.errors import ShopfloorError
from agents.parts.projects import ProfileInfo
from agents.parts.sessions import Session, Setting
from widgets.text_strips import printable

BY_ITSELF = "as it is by itself"
UNKNOWN = "not known yet: it tells them in its first turn"
NONE = "none to choose before it starts"
LOOKING = "…"


def fitting(session: Session, chosen: Mapping[str, str]) -> dict[str, str]:
    """What of the chosen values the agent still offers."""
    offered = {(setting.id, choice.value) for setting in session.settings for choice in setting.choices}
    return {setting: value for setting, value in chosen.items() if (setting, value) in offered}


def told(session: Session, chosen: Mapping[str, str]) -> str:
    """The chosen values in a row: ``Mode plan · Model Opus``."""
    words = []
    for setting in session.settings:
        for choice in setting.choices:
            if chosen.get(setting.id) == choice.value:
                words.append(f"{setting.name} {choice.name or choice.value}")
    return " · ".join(" ".join(printable(word).split()) for word in words) or BY_ITSELF


class OptionsRow(Horizontal):
    """Asks what an agent offered last whenever another one is shown; nothing waits for the answer."""

    @dataclass
    class Changed(Message):
        """Something was chosen."""

    def __init__(self, api: Api) -> None:
        super().__init__(classes="row")
        self._api = api
        self._profile = ""
        self._agent = ""
        self._offered = Session()
        self.remembered: dict[str, dict[str, str]] = {}
        """What was chosen of each agent: values by ids of settings, by profiles."""

    def compose(self) -> ComposeResult:
        yield Static("Options", classes="name", markup=False)
        yield Button(LOOKING, id="options", compact=True, disabled=True)
        yield Static("^G", id="options-key", markup=False)

    @property
    def chosen(self) -> dict[str, str]:
        """What the shown agent is to be told."""
        return fitting(self._offered, self.remembered.get(self._profile, {}))

    def look_at(self, profile: ProfileInfo | None) -> None:
        """Show the options of this agent from now on."""
        if profile is None or profile.id != self._profile:
            self._profile, self._offered = (profile.id, Session()) if profile is not None else ("", Session())
            self._show(LOOKING if profile is not None else "choose an agent first")
            if profile is not None:
                self._ask(profile)

    @work(group="options", exclusive=True)
    async def _ask(self, profile: ProfileInfo) -> None:
        try:
            session = await self._api.sessions.offered(profile.id)
        except ShopfloorError as error:
            self._show(printable(str(error)))
            return
        settings = tuple(setting for setting in session.settings if setting.choices)
        self._offered, self._agent = Session(settings=settings), profile.name or profile.id
        empty = UNKNOWN if profile.driver == "acp" else NONE
        self._show(told(self._offered, self.chosen) if settings else empty)

    def _show(self, text: str) -> None:
        button = self.query_one("#options", Button)
        button.label = Content(text)
        button.refresh(layout=True)  # it is as wide as its label
        button.disabled = not self._offered.settings
        self.query_one("#options-key", Static).display = not button.disabled

    @on(Button.Pressed, "#options")
    def open(self) -> None:
        """Choose."""
        if not self._offered.settings:
            return

        def chosen(values: dict[str, str] | None) -> None:
            if values is not None:
                self.remembered = {**self.remembered, self._profile: values}
                self._show(told(self._offered, values))
                self.post_message(self.Changed())

        self.app.push_screen(OptionsScreen(f"Options of {printable(self._agent)}", self._offered, self.chosen), chosen)


class OptionsScreen(ModalScreen[dict[str, str] | None]):
    """All settings of an agent with their values; answers with those that are chosen, by the ids of settings."""

    CSS = """
    OptionsScreen { align: center middle; background: $background 60%; }
    OptionsScreen > Vertical { width: 76; max-width: 96%; height: auto; max-height: 90%; background: $panel;
                               padding: 1 2; }
    OptionsScreen .heading { text-style: bold; margin-bottom: 1; }
    OptionsScreen .foot { color: $foreground 68%; margin-top: 1; width: 1fr; }
    OptionsScreen OptionList { height: auto; max-height: 60vh; border: none; padding: 0; background: $panel; }
    OptionsScreen Horizontal { height: 2; }
    OptionsScreen Button { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+g", "done", "Done", id="options.done", priority=True,
                tooltip="Take what is chosen, and go back to the task."),
        Binding("escape,q", "dismiss", "Back", id="options.leave", tooltip="Leave everything as it was."),
        Binding("space", "take", "Choose", id="options.take", tooltip="Choose this value."),
        Binding("j", "move(1)", "Down", show=False, id="options.down", tooltip="The next value."),
        Binding("k", "move(-1)", "Up", show=False, id="options.up", tooltip="The value before."),
    ]  # fmt: skip

    def __init__(self, heading: str, session: Session, chosen: Mapping[str, str]) -> None:
        super().__init__()
        self._heading = heading
        self._offered = session
        self._chosen = dict(chosen)
        self._rows: dict[str, tuple[Setting, str]] = {}
        """Setting and value of each row that can be chosen; '' leaves it to the agent."""

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._heading, classes="heading", markup=False)
            yield OptionList(*self._options())
            with Horizontal():
                yield Static("Space or Enter chooses · Esc back", classes="foot", markup=False)
                yield Button("Done ^S", id="done", compact=True, variant="primary")

    def _options(self) -> list[Option | None]:
        rows: list[Option | None] = []
        for setting in self._offered.settings:
            if rows:
                rows.append(None)
            rows.append(Option(Text(printable(setting.name), "bold", no_wrap=True, overflow="ellipsis"), disabled=True))
            for value in ("", *(choice.value for choice in setting.choices)):
                identity = str(len(self._rows))
                self._rows[identity] = setting, value
                rows.append(Option(self._line(setting, value), id=identity))
        return rows

    def _line(self, setting: Setting, value: str) -> Text:
        choice = next((choice for choice in setting.choices if choice.value == value), None)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("● " if self._chosen.get(setting.id, "") == value else "○ ")
        line.append(printable(choice.name or choice.value) if choice is not None else BY_ITSELF)
        if choice is not None and choice.description:
            line.append(f"  {printable(' '.join(choice.description.split()))}", "dim")
        return line

    def on_mount(self) -> None:
        rows = self.query_one(OptionList)
        rows.focus()
        rows.action_first()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        setting, value = self._rows[event.option.id or ""]
        self._chosen.pop(setting.id, None)
        if value:
            self._chosen[setting.id] = value
        for identity, (other, its) in self._rows.items():
            if other.id == setting.id:
                event.option_list.replace_option_prompt(identity, self._line(other, its))

    @on(Button.Pressed, "#done")
    def action_done(self) -> None:
        """Take what is chosen."""
        self.dismiss(self._chosen)

    def action_take(self) -> None:
        """Choose the value under the cursor."""
        self.query_one(OptionList).action_select()

    def action_move(self, rows: int) -> None:
        """Go up or down."""
        choices = self.query_one(OptionList)
        (choices.action_cursor_down if rows > 0 else choices.action_cursor_up)()

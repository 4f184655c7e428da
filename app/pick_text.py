"""Choosing one of many texts: prompts that were said before, texts that were put by, templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from widgets.fuzzy import contains_all
from widgets.text_strips import printable

SHOWN_TEXTS = 200
PREVIEW_CHARACTERS = 4_000


class Choice(NamedTuple):
    """A text to choose."""

    text: str
    about: str = ""
    """Where it comes from, in a few words."""


class Picked(NamedTuple):
    """What the person decided about a text."""

    place: int
    dropped: bool = False
    """It is to be forgotten, not taken."""


class TextPicker(ModalScreen[Picked | None]):
    """Answers the place of the text that was chosen, or None. Every letter narrows the list down."""

    CSS = """
    TextPicker { align: center top; background: $background 60%; }
    TextPicker > Vertical { width: 110; max-width: 96%; height: 86%; margin-top: 1; background: $panel; padding: 1 2; }
    TextPicker Static { height: auto; }
    TextPicker #heading { text-style: bold; height: 1; }
    TextPicker Input { border: none; height: 1; padding: 0 1; background: $boost; margin: 1 0; }
    TextPicker OptionList { border: none; padding: 0; height: 1fr; background: $panel; scrollbar-size-vertical: 1; }
    TextPicker #preview { height: 40%; background: $surface; padding: 0 1; margin-top: 1; scrollbar-size-vertical: 1; }
    TextPicker #foot { color: $foreground 68%; height: 1; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="pick-text.leave", priority=True, tooltip="Go back without taking one."),
        Binding("down,ctrl+n", "move(1)", "Down", id="pick-text.down", priority=True, tooltip="The text below."),
        Binding("up,ctrl+r", "move(-1)", "Up", id="pick-text.up", priority=True, tooltip="The text above."),
        Binding("pagedown", "scroll(6)", "Down in it", id="pick-text.scroll-down", priority=True,
                tooltip="Scroll the text that is marked down."),
        Binding("pageup", "scroll(-6)", "Up in it", id="pick-text.scroll-up", priority=True,
                tooltip="Scroll the text that is marked up."),
        Binding("ctrl+d,delete", "drop", "Forget", id="pick-text.drop", priority=True,
                tooltip="Forget the text that is marked, where texts can be forgotten."),
    ]  # fmt: skip

    def __init__(self, heading: str, choices: Sequence[Choice], *, can_drop: bool = False, empty: str = "") -> None:
        """``empty`` is said when there is nothing to choose from."""
        super().__init__()
        self._heading = heading
        self._choices = choices
        self._can_drop = can_drop
        self._empty = empty
        self._options = OptionList(markup=False)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._heading, id="heading", markup=False)
            yield Input(placeholder="some words of it")
            yield self._options
            with VerticalScroll(id="preview"):
                yield Static(id="text", markup=False)
            drop = " · ^D forget" if self._can_drop else ""
            yield Static(f"Enter take · ↑ ↓ · PgUp PgDn scroll{drop} · Esc back", id="foot", markup=False)

    def on_mount(self) -> None:
        self._options.can_focus = False
        self.query_one("#preview").can_focus = False
        self._show("")
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, query: str) -> None:
        places = contains_all(query, [f"{choice.text}\n{choice.about}" for choice in self._choices])[:SHOWN_TEXTS]
        self._options.clear_options()
        self._options.add_options([Option(self._row(self._choices[place]), id=str(place)) for place in places])
        self._options.highlighted = 0 if places else None
        if not places:
            self.query_one("#text", Static).update(
                "" if not self._choices and not self._empty else self._empty if not self._choices else "None has that."
            )

    def _row(self, choice: Choice) -> Text:
        lines = printable(choice.text).strip().splitlines() or [""]
        more = f"  +{len(lines) - 1}" if len(lines) > 1 else ""
        row = Text(no_wrap=True, overflow="ellipsis")
        row.append(lines[0])
        row.append(more, "bold")
        row.append(f"   {printable(choice.about)}" if choice.about else "", "dim")
        return row

    @on(OptionList.OptionHighlighted)
    def _marked(self, event: OptionList.OptionHighlighted) -> None:
        text = self._choices[int(event.option.id or 0)].text
        self.query_one("#text", Static).update(printable(text[:PREVIEW_CHARACTERS]))
        self.query_one("#preview").scroll_home(animate=False)

    @property
    def marked(self) -> int | None:
        """The place of the text that is marked."""
        at = self._options.highlighted
        return None if at is None else int(self._options.get_option_at_index(at).id or 0)

    def action_move(self, by: int) -> None:
        """Another text."""
        count = self._options.option_count
        if count:
            self._options.highlighted = ((self._options.highlighted or 0) + by) % count

    def action_scroll(self, rows: int) -> None:
        """Scroll the preview."""
        self.query_one("#preview").scroll_relative(y=rows, animate=False)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if self.marked is not None:
            self.dismiss(Picked(self.marked))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Picked(int(event.option.id or 0)))

    def action_drop(self) -> None:
        """Forget the marked text."""
        if self._can_drop and self.marked is not None:
            self.dismiss(Picked(self.marked, dropped=True))

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)

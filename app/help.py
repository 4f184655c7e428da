"""The help page: every key, from the same registry that makes the bindings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from app.keys import FLOOR, PANE_DIGITS, pretty, pretty_keys, shown_bindings, widget_bindings

Section = tuple[str, list[tuple[str, str]]]


def key_table(keymap: Mapping[str, str] | None = None) -> list[Section]:
    """Headings, and under each the keys and what they do, in the person's own keys."""
    own = keymap or {}
    floor = [(pretty_keys(own.get(action.id) or action.keys), action.help) for action in FLOOR]
    digits = [pretty(own.get(action.id) or action.keys) for action in PANE_DIGITS]
    floor.append((f"{digits[0]} … {digits[-1]}", "Go to that pane of this page."))
    sections: list[Section] = [("Everywhere on the floor", floor)]
    for name, bindings in widget_bindings():
        sections.append((name, shown_bindings(bindings, own)))
    return sections


class HelpScreen(ModalScreen[None]):
    """All keys. Any of the usual keys leaves."""

    CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > Vertical { width: 84; max-width: 96%; height: 90%; background: $panel; padding: 1 2; }
    HelpScreen VerticalScroll { height: 1fr; background: $panel; overflow-y: scroll; scrollbar-size-vertical: 1; }
    HelpScreen #keys { padding-right: 1; }
    HelpScreen .help--foot { color: $foreground 68%; height: 1; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "Back", id="help.leave", tooltip="Back."),
        Binding("j,down", "scroll(1)", "Down", id="help.down", show=False),
        Binding("k,up", "scroll(-1)", "Up", id="help.up", show=False),
        Binding("d,space,pagedown", "scroll(12)", "Page down", id="help.page-down", show=False),
        Binding("u,pageup", "scroll(-12)", "Page up", id="help.page-up", show=False),
    ]

    def __init__(self, keymap: Mapping[str, str], keys_file: str) -> None:
        super().__init__()
        self._keymap = keymap
        self._keys_file = keys_file

    def compose(self) -> ComposeResult:
        with Vertical(), VerticalScroll():
            yield Static(id="keys")

    def on_mount(self) -> None:
        self.query_one(Vertical).mount(
            Static("Esc back · j k scroll · keys can be changed in keys.toml", classes="help--foot", markup=False)
        )
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self._write()

    def notify_style_update(self) -> None:
        """See Widget."""
        super().notify_style_update()
        if self.is_mounted:
            self._write()

    def _write(self) -> None:
        variables = self.app.get_css_variables()
        heading, key = f"bold {variables['foreground']}", f"bold {variables['primary']}"
        table = Table.grid(Column(max_width=24, no_wrap=True), Column(ratio=1), padding=(0, 2, 0, 0), expand=True)
        for number, (name, rows) in enumerate(key_table(self._keymap)):
            if number:
                table.add_row()
            table.add_row(Text(name, heading))
            for keys, meaning in rows:
                table.add_row(Text(f"  {keys}", key), Text(meaning))
        names = ", ".join(action.id for action in FLOOR)
        own = Text.assemble(
            ("\nYour own keys\n", heading),
            f'  {self._keys_file}: one line for an action, for instance "floor.new-task" = "n".\n  {names}',
        )
        self.query_one("#keys", Static).update(Group(table, own))

    def action_scroll(self, rows: int) -> None:
        """Scroll the table."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)

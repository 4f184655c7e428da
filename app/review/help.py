"""The keys of the review, from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from app.keys import pretty_keys


def key_rows(bindings: Iterable[BindingType], keymap: Mapping[str, str]) -> list[tuple[str, str]]:
    """Keys and what they do, in the person's own keys."""
    named = [binding for binding in bindings if isinstance(binding, Binding) and binding.id]
    return [(pretty_keys(keymap.get(binding.id or "") or binding.key), binding.tooltip) for binding in named]


class ReviewHelp(ModalScreen[None]):
    """All keys of the review. Any of the usual keys leaves."""

    CSS = """
    ReviewHelp { align: center middle; background: $background 60%; }
    ReviewHelp > VerticalScroll {
        width: 84; max-width: 96%; height: 90%; background: $panel; padding: 1 2; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", "Back", id="review-help.leave", tooltip="Back."),
        Binding("j,down", "scroll(1)", "Down", id="review-help.down", show=False),
        Binding("k,up", "scroll(-1)", "Up", id="review-help.up", show=False),
        Binding("d,space,pagedown", "scroll(12)", "Page down", id="review-help.page-down", show=False),
        Binding("u,pageup", "scroll(-12)", "Page up", id="review-help.page-up", show=False),
    ]

    def __init__(self, sections: Mapping[str, Iterable[BindingType]], keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._sections = {name: key_rows(bindings, keymap) for name, bindings in sections.items()}

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(id="keys")

    def on_mount(self) -> None:
        variables = self.app.get_css_variables()
        heading, key = f"bold {variables['foreground']}", f"bold {variables['primary']}"
        table = Table.grid(Column(max_width=24), Column(ratio=1), padding=(0, 2, 0, 0), expand=True)
        for number, (name, rows) in enumerate(self._sections.items()):
            if number:
                table.add_row()
            table.add_row(Text(name, heading))
            for keys, meaning in rows:
                table.add_row(Text(f"  {keys}", key), Text(meaning))
        self.query_one("#keys", Static).update(table)
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, rows: int) -> None:
        """Scroll the table."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)

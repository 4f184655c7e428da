"""Picking one of many by typing a few of its letters: files, commits, what to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from agents.api import Api
from agents.parts.changes import Scope
from app.key_order import keys_wait
from app.review.words import SCOPE_WORDS, SCOPES
from widgets.text_strips import printable


class PickScreen(ModalScreen[int | str | None]):
    """Answers the index of the row picked; or, where that is allowed, a text that fits none; None to go back."""

    CSS = """
    PickScreen { align: center top; background: $background 60%; }
    PickScreen > Vertical { width: 90; max-width: 96%; height: auto; max-height: 80%; margin-top: 2; background: $panel; }
    PickScreen Input { border: none; height: 1; padding: 0 1; background: $boost; margin: 1 1 0 1; }
    PickScreen OptionList { border: none; height: auto; max-height: 20; background: $panel; margin: 0 0 1 0; }
    """  # noqa: E501
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="pick.leave", priority=True, tooltip="Go back without picking."),
        Binding("down,ctrl+n", "move(1)", "Down", id="pick.down", priority=True, tooltip="The next row."),
        Binding("up", "move(-1)", "Up", id="pick.up", priority=True, tooltip="The row before."),
    ]

    def __init__(self, asks: str, rows: Sequence[str], *, takes_text: bool = False) -> None:
        """
        Args:
            asks: what is asked for, shown while nothing is typed.
            takes_text: Enter on a text that fits no row answers the text.
        """
        super().__init__()
        self._asks = asks
        self._rows = [printable(row) for row in rows]
        self._takes_text = takes_text
        self._options = OptionList(markup=False)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Input(placeholder=self._asks)
            yield self._options

    def on_mount(self) -> None:
        self._options.can_focus = False
        self._show("")
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, query: str) -> None:
        matcher = Matcher(query)
        scored = [(matcher.match(row) if query else 1.0, index) for index, row in enumerate(self._rows)]
        kept = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]))
        self._options.clear_options()
        self._options.add_options([Option(Text(self._rows[index]), id=str(index)) for _, index in kept[:200]])
        if kept:
            self._options.highlighted = 0

    def action_move(self, by: int) -> None:
        """Another row."""
        count = self._options.option_count
        if count:
            self._options.highlighted = ((self._options.highlighted or 0) + by) % count

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        at = self._options.highlighted
        if at is not None and self._options.option_count:
            self.dismiss(int(self._options.get_option_at_index(at).id or 0))
        elif self._takes_text and event.value.strip():
            self.dismiss(event.value.strip())

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option.id or 0))

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)


async def pick_scope(app: App[object], api: Api, task: str) -> tuple[Scope, tuple[str, str]] | None:
    """Ask what to compare: a scope, one of the task's commits, or two refs as they are typed.

    Returns:
        The scope and, where it needs them, the names of its ends; None to go on as it is.

    Raises:
        ShopfloorError: the commits cannot be read.
    """
    with keys_wait(app):
        commits = await api.changes.commits(task)
    rows = [SCOPE_WORDS[scope] for scope in SCOPES]
    rows += [f"commit {commit.id[:7]} {commit.subject}" for commit in commits]
    asks = "a scope, a commit, or two refs such as main..HEAD"
    picked = await app.push_screen_wait(PickScreen(asks, rows, takes_text=True))
    if isinstance(picked, int) and picked < len(SCOPES):
        return SCOPES[picked], ("", "")
    if isinstance(picked, int):
        return "commit", (commits[picked - len(SCOPES)].id, "")
    if picked:
        base, _, head = picked.partition("..")
        return "refs", (base.strip(), head.strip(". "))
    return None

"""What the dialogs have in common: a sentence for what went wrong, and calls to the engine that show theirs there."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from textual.screen import Screen
from textual.widgets import Static

from agents.errors import ShopfloorError
from widgets.text_strips import printable


def say(screen: Screen[Any], text: str) -> None:
    """Show what went wrong in the dialog's ``#problem``; nothing, when the text is empty."""
    problem = screen.query_one("#problem", Static)
    problem.update(printable(text))
    problem.display = bool(text)


def ask(screen: Screen[Any], call: Coroutine[Any, Any, object]) -> None:
    """Call the engine beside everything else; what it refuses is shown in the dialog."""
    screen.run_worker(_answered(screen, call), group="ship")


async def _answered(screen: Screen[Any], call: Coroutine[Any, Any, object]) -> None:
    try:
        await call
    except ShopfloorError as error:
        if screen.is_attached:
            say(screen, str(error))
        else:
            screen.app.notify(printable(str(error)), severity="error", markup=False)


def one_line(text: str) -> str:
    """Somebody's text as one line that cannot do anything."""
    return printable(" ".join(text.split()))

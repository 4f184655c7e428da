"""What the dialogs have in common: a sentence for what went wrong, and calls to the engine that show theirs there."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from textual.screen import Screen
from textual.widgets import Static

from agents.errors import ShopfloorError
from app.underway import Underway
from widgets.text_strips import printable

Result = TypeVar("Result")

_underway: WeakKeyDictionary[Screen[Any], Underway] = WeakKeyDictionary()
"""What dialogs have let the engine do and wait for."""


def say(screen: Screen[Any], text: str) -> None:
    """Show what went wrong in the dialog's ``#problem``; nothing, when the text is empty."""
    problem = screen.query_one("#problem", Static)
    problem.update(printable(text))
    problem.display = bool(text)


def ask(screen: Screen[Any], call: Coroutine[Any, Any, object]) -> None:
    """Call the engine beside everything else; what it refuses is shown in the dialog."""
    screen.run_worker(_answered(screen, call), group="ship")


def act(screen: Screen[Any], call: Callable[[], Coroutine[Any, Any, object]], about: str = "") -> None:
    """Let the engine do something, as :func:`ask` does; nothing while it still does what the dialog has let it do
    before about the same, so that a key that is pressed twice does it once."""
    ask(screen, _underway.setdefault(screen, Underway()).once(about, call))


def close(screen: Screen[Result], result: Result | None = None) -> None:
    """Close a dialog with its result, unless the person has left it while the engine worked."""
    if screen.is_current:
        screen.dismiss(result)


async def _answered(screen: Screen[Any], call: Coroutine[Any, Any, object]) -> None:
    try:
        await call
    except ShopfloorError as error:
        if screen.is_attached:
            say(screen, str(error))
        else:
            screen.app.notify(printable(str(error)), severity="error", markup=False)

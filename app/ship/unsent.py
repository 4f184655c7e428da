"""What was written in a dialog that was left: it stands there again when the dialog is opened the next time."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App
from textual.screen import Screen

_written: WeakKeyDictionary[App[Any], dict[str, str]] = WeakKeyDictionary()


def unsent(app: App[Any], field: str) -> str:
    """What was left in a field; empty when nothing was."""
    return _written.get(app, {}).get(field, "")


def keep_unsent(screen: Screen[Any], field: str, text: str, given: str = "") -> None:
    """Keep what a field says, unless that is what was ``given`` to it. Nothing is kept of an empty one."""
    _written.setdefault(screen.app, {})[field] = "" if text == given else text


def forget_unsent(screen: Screen[Any], *fields: str) -> None:
    """It was sent."""
    for field in fields:
        _written.get(screen.app, {}).pop(field, None)

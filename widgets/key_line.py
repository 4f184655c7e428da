"""A line that names keys and what they do, each to be clicked as well."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import events
from textual.widget import Widget
from textual.widgets import Static

_BETWEEN = " · "


class KeyLine(Static):
    """Words about keys; a click does what the key does, on the widget that holds the line."""

    def __init__(self, keys: Sequence[tuple[str, str]], *, classes: str = "") -> None:
        """``keys``: words and the action of the parent; an empty action for what cannot be clicked."""
        self._keys = tuple(keys)
        super().__init__(self._words, classes=classes, markup=False)

    @property
    def _words(self) -> str:
        return _BETWEEN.join(words for words, _ in self._keys)

    def say(self, text: Text | None) -> None:
        """Show something else for a while; None: the keys again."""
        self.update(self._words if text is None else text)

    async def on_click(self, event: events.Click) -> None:
        """Do what the words under the mouse say."""
        event.stop()
        action = action_at(self._keys, [strip.text for strip in self.render_lines(self.size.region)], event.x, event.y)
        if action and isinstance(self.parent, Widget):
            await self.parent.run_action(action)


def action_at(keys: Sequence[tuple[str, str]], rows: Sequence[str], x: int, y: int) -> str:
    """The action of the words at a place of wrapped rows; empty where there is none."""
    if not 0 <= y < len(rows):
        return ""
    row, at = rows[y], 0
    for part in row.split(_BETWEEN):
        end = at + len(part)
        words = part.strip()
        if at <= x < end and words:
            return next((action for each, action in keys if words in each or each in words), "")
        at = end + len(_BETWEEN)
    return ""

"""The mouse in a diff: pointing, dragging a range, folding, the scroll bar, the wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from widgets.diff.rows import COMMENT, FILE, FOLD, Spot

if TYPE_CHECKING:
    from widgets.diff.view import DiffView

WHEEL_LINES = 3
"""Lines that one step of the mouse wheel scrolls."""


class Mouse:
    """What the mouse does in one view."""

    def __init__(self, view: DiffView) -> None:
        self._view = view
        self._dragging = False

    def _spot_at(self, y: int) -> Spot | None:
        table = self._view.state.table
        return table.at(self._view.top + y)[0] if table.height else None

    def down(self, event: events.MouseDown) -> None:
        """Put the cursor where the mouse is; on the scroll bar, scroll there."""
        view, state = self._view, self._view.state
        if event.x >= view.size.width - 1:
            view.scroll_to_line(round(event.y / max(1, view.size.height - 1) * state.table.height))
            return
        spot = self._spot_at(event.y)
        if spot is None:
            return
        state.anchor = None
        section = state.table.sections[spot.section]
        state.side = "old" if section.is_split and event.x < view.size.width // 2 else ""
        is_same = spot == state.cursor
        table_y = view.top + event.y
        view.go(spot)
        if event.button == 3:
            view.post_message(view.Pressed(view))
            return
        if section.kinds[spot.row] == COMMENT:
            key = view.box_key(spot, table_y - state.table.top(spot), event.x)
            if key or is_same:
                view.post_message(view.Pressed(view, key or "enter"))
                return
        is_name = section.kinds[spot.row] == FILE and (is_same or event.x < 3)
        if is_name or (section.kinds[spot.row] == FOLD and is_same):
            view.action_choose("fold")
            return
        self._dragging = True
        view.capture_mouse()

    def move(self, event: events.MouseMove) -> None:
        """Select a range while the button is held."""
        view, state = self._view, self._view.state
        if not self._dragging:
            return
        if not 0 <= event.y < view.size.height:
            view.scroll_to_line(view.top + (1 if event.y > 0 else -1))
        spot = self._spot_at(max(0, min(event.y, view.size.height - 1)))
        if spot is None or spot == state.cursor or spot.section != state.cursor.section:
            return
        if state.anchor is None:
            state.anchor = state.cursor
        state.cursor = spot
        view.cursor_moved()

    def up(self) -> None:
        """End the range."""
        if self._dragging:
            self._dragging = False
            self._view.release_mouse()

    def wheel(self, steps: int) -> None:
        """Scroll by steps of the wheel."""
        self._view.scroll_by(steps * WHEEL_LINES)

"""The widget in which a comment is written, in the diff beneath the lines it is about."""

from __future__ import annotations

from collections.abc import Callable

from textual.widget import Widget

from agents.parts.review import CommentDraft
from widgets.diff.rows import Editor
from widgets.diff.state import DiffState

WIDEST = 104


class EditorBox:
    """Keeps rows free for a widget and the widget over them; without one it does nothing."""

    def __init__(self, state: DiffState, rebuilt: Callable[[set[bytes]], None]) -> None:
        """``rebuilt`` is told the files of which other rows are shown now."""
        self._state = state
        self._rebuilt = rebuilt
        self.widget: Widget | None = None

    def open(self, widget: Widget, draft: CommentDraft, height: int, comment: str) -> None:
        """Keep rows free for a widget; see ``DiffView.open_editor``."""
        self.widget = widget
        self._state.editor = (draft.path, Editor(draft.side, draft.end, height))
        self._state.edited_comment = comment
        self._rebuilt({draft.path})

    def resize(self, height: int) -> None:
        """Keep another number of rows free."""
        if self._state.editor is None:
            return
        path, editor = self._state.editor
        if editor.height != height:
            self._state.editor = (path, Editor(editor.side, editor.line, height))
            self._rebuilt({path})

    def close(self) -> Widget | None:
        """Keep no rows free any more; the widget that is to be taken away."""
        if self._state.editor is None:
            return None
        path, _ = self._state.editor
        widget, self.widget = self.widget, None
        self._state.editor, self._state.edited_comment = None, ""
        self._rebuilt({path})
        return widget

    def place(self, indent: int, width: int, top: int) -> None:
        """Put the widget over its rows.

        Args:
            indent: columns left of it.
            width: columns of the view.
            top: the first line on the screen.
        """
        spot = self._state.spot_of_editor() if self.widget is not None else None
        if self.widget is None or spot is None:
            return
        self.widget.styles.width = min(width - 1 - indent, WIDEST)
        self.widget.styles.height = self._state.table.row_height(spot)
        self.widget.styles.offset = (indent, self._state.table.top(spot) - top)

"""The diff view: a row table over a parsed diff and its comments, and the widget that draws it line by line."""

from __future__ import annotations

from agents.review.places import Placed
from widgets.diff.line_marks import LineMark
from widgets.diff.state import Position
from widgets.diff.view import DiffView

__all__ = ["DiffView", "LineMark", "Placed", "Position"]

"""The style sheet of a screen, loaded when the screen is opened for the first time."""

from __future__ import annotations

import inspect
from typing import Any

from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen

SHEETS = 1024
"""So many are kept as they were parsed. Every kind of widget and of screen brings one, which makes more than a hundred;
of Textual's 64 none would be found, because all are asked for in order whenever one is new."""


def keep_parsed(sheet: Stylesheet) -> None:
    """Let a style sheet parse each of its sources once."""
    sheet._parse_cache = LRUCache(SHEETS)


def load_styles(sheet: Stylesheet, screen: Screen[Any]) -> None:
    """Load what a screen says about its looks.

    As Textual does it, which also parses every other source anew and works out the looks of everything that is shown,
    half a second on a full floor. A screen speaks of itself and of what is in it only, and that is yet to come.
    """
    known = len(sheet.source)
    for path in screen.css_path:
        if not sheet.has_source(str(path)):
            sheet.read(path)
    kind = type(screen)
    place = inspect.getfile(kind), f"{kind.__name__}.CSS"
    if screen.CSS and not sheet.has_source(*place):
        sheet.add_source(screen.CSS, read_from=place, scope=screen._css_type_name if screen.SCOPED_CSS else "")
    if len(sheet.source) > known:
        sheet.parse()
        sheet.update(screen)

"""How the keys of one place are written down: a line for each, in the order in which help shows them."""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import Binding


class Key(NamedTuple):
    """What keys do."""

    keys: str
    """Textual's names, separated by commas; the first is the one that hints show."""
    action: str
    """As Textual runs it on the widget or screen that has the table."""
    name: str
    """As the palette names it."""
    id: str
    """Within its place."""
    help: str


def key_table(place: str, *rows: Key) -> tuple[Binding, ...]:
    """The bindings of a place; their ids are ``place.id``, by which they are given other keys."""
    return tuple(
        Binding(row.keys, row.action, row.name, id=f"{place}.{row.id}", tooltip=row.help, show=False) for row in rows
    )

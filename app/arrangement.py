"""How the person likes a floor: the layout, the order and what is pinned, remembered for each project."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal, get_args

import msgspec

from agents import paths
from widgets.brain_groups import Grouping
from widgets.pane_layout import LayoutName

Order = Literal["age", "attention", "hand"]
ORDERS: tuple[Order, ...] = get_args(Order)
ORDER_WORDS: dict[Order, str] = {
    "age": "Panes stand in the order in which their tasks were made.",
    "attention": "Panes of tasks that need you come first.",
    "hand": "Panes stand as you place them with < and >.",
}


class Arrangement(msgspec.Struct, omit_defaults=True):
    """What is remembered of one floor."""

    layout: LayoutName = "grid"
    order: Order = "age"
    hand: list[str] = []
    """Tasks as the person placed them; others come after them."""
    pinned: list[str] = []
    rail: bool = False
    brain_width: int = 0
    """Columns of the list of tasks; 0 as it comes."""
    grouping: Grouping = "attention"
    all_projects: bool = False


def load_arrangement(project: str) -> Arrangement:
    """The arrangement of a project's floor (empty: that of all projects), as it was left or as it comes."""
    return _read().get(project, Arrangement())


def keep_arrangement(project: str, arrangement: Arrangement) -> None:
    """Remember it for the next time. Raises OSError where that cannot be."""
    known = _read() | {project: arrangement}
    file = _file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(known)))
    unfinished.replace(file)


def _read() -> dict[str, Arrangement]:
    with contextlib.suppress(OSError, msgspec.MsgspecError):  # panes then stand where they do at first, no more is lost
        return msgspec.json.decode(_file().read_bytes(), type=dict[str, Arrangement])
    return {}


def _file() -> Path:
    return paths.state_dir() / "floors.json"

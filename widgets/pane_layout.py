"""Where panes stand: pure arithmetic of columns and rows.

Three layouts. ``grid``: as many readable panes as there is room for, what is beyond in tiles of one row below them.
``columns``: the same, but the panes side by side over the whole height. ``focus``: one large pane, the others in a
strip beside or below it. What does not fit is on further pages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

from textual.geometry import Region

LayoutName = Literal["grid", "columns", "focus"]
LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)

MINIMUM_COLUMNS = 40
MINIMUM_ROWS = 8
"""The smallest pane; what would be smaller is a tile of one row."""
COMFORTABLE_COLUMNS = 80
COMFORTABLE_ROWS = 24
"""What a grid is chosen for: the arrangement whose panes come nearest to it."""
MOST_IN_VIEW = 64
STRIP_SHARE = 3
"""The strip takes one part of so many."""
TILES_SHARE = 3
"""Tiles take at most one part of so many rows."""


class Placed(NamedTuple):
    """A task and where it stands."""

    task: str
    region: Region


class Room(NamedTuple):
    """What there is to fill, and the smallest pane."""

    width: int
    height: int
    minimum: tuple[int, int] = (MINIMUM_COLUMNS, MINIMUM_ROWS)


class _Split(NamedTuple):
    """A page divided into panes and tiles."""

    panes: int
    tile_rows: int


def capacity(width: int, height: int, minimum: tuple[int, int] = (MINIMUM_COLUMNS, MINIMUM_ROWS)) -> int:
    """How many panes fit into so many columns and rows; at least one."""
    return max(1, width // minimum[0]) * max(1, height // minimum[1])


def page_size(layout: LayoutName, room: Room) -> int:
    """How many tasks a page can hold, panes and tiles together."""
    if layout == "focus":
        return min(MOST_IN_VIEW, 1 + _strip_capacity(room))
    fits = _panes_in(layout, room)
    most = room.height // TILES_SHARE
    return min(MOST_IN_VIEW, max(fits(rows) + rows * _tile_columns(room) for rows in range(most + 1)))


def lay_out(layout: LayoutName, tasks: Sequence[str], large: Sequence[str], room: Room) -> list[Placed]:
    """Where each of the tasks of a page stands.

    Args:
        layout: Which.
        tasks: In order, no more than :func:`page_size` says.
        large: Tasks in the order in which they have a claim to be a pane when not all can be; others follow.
        room: What there is.
    """
    if not tasks:
        return []
    if layout == "focus":
        return _focus(tasks, large, room)
    fits = _panes_in(layout, room)
    split = _split(len(tasks), fits, _tile_columns(room))
    chosen = _chosen(tasks, large, split.panes)
    panes = [task for task in tasks if task in chosen]
    tiles = [task for task in tasks if task not in chosen]
    height = room.height - split.tile_rows
    regions = columns_of(len(panes), room.width, height) if layout == "columns" else arrange_panes(
        len(panes), room.width, height, room.minimum
    )  # fmt: skip
    regions += _tile_regions(len(tiles), Region(0, height, room.width, split.tile_rows), _tile_columns(room))
    return [Placed(task, region) for task, region in zip([*panes, *tiles], regions, strict=True)]


def _panes_in(layout: LayoutName, room: Room) -> Callable[[int], int]:
    """How many panes fit when so many rows go to tiles."""

    def count(tile_rows: int) -> int:
        height = room.minimum[1] if layout == "columns" else room.height - tile_rows
        return capacity(room.width, height, room.minimum)

    return count


def _tile_columns(room: Room) -> int:
    return max(1, room.width // room.minimum[0])


def _split(count: int, fits: Callable[[int], int], columns: int) -> _Split:
    rows = 0
    while fits(rows) + rows * columns < count:
        rows += 1
    return _Split(min(count, fits(rows)), rows)


def _chosen(tasks: Sequence[str], large: Sequence[str], count: int) -> Collection[str]:
    wanted = [task for task in dict.fromkeys([*large, *tasks]) if task in set(tasks)]
    return set(wanted[:count])


def arrange_panes(
    count: int, width: int, height: int, minimum: tuple[int, int] = (MINIMUM_COLUMNS, MINIMUM_ROWS)
) -> list[Region]:
    """Where each of ``count`` panes stands, row by row; a last row that is not full is stretched."""
    if count < 1:
        return []

    def fitness(columns: int) -> tuple[bool, float, int, int]:
        rows = -(-count // columns)
        fits = width // columns >= minimum[0] and height // rows >= minimum[1]
        room = min(width / columns / COMFORTABLE_COLUMNS, height / rows / COMFORTABLE_ROWS)
        return (fits, round(room, 3), -(rows * columns - count), columns)

    columns = max(range(1, count + 1), key=fitness)
    rows = -(-count // columns)
    regions: list[Region] = []
    for row in range(rows):
        top, bottom = height * row // rows, height * (row + 1) // rows
        in_row = min(columns, count - row * columns)
        for column in range(in_row):
            left, right = width * column // in_row, width * (column + 1) // in_row
            regions.append(Region(left, top, right - left, bottom - top))
    return regions


def columns_of(count: int, width: int, height: int) -> list[Region]:
    """Side by side over the whole height."""
    edges = [width * number // count for number in range(count + 1)] if count else []
    return [Region(left, 0, right - left, height) for left, right in pairwise(edges)]


def _tile_regions(count: int, room: Region, columns: int) -> list[Region]:
    """Tiles of one row, row by row; the last row keeps the columns of those above."""
    edges = [room.width * number // columns for number in range(columns + 1)]
    regions = []
    for number in range(count):
        row, column = divmod(number, columns)
        regions.append(Region(edges[column], room.y + row, edges[column + 1] - edges[column], 1))
    return regions


def nearest(placed: Sequence[Placed], task: str, columns: int, rows: int) -> str:
    """The task that stands nearest to another in a direction (one of the two is 1 or -1); empty if there is none."""
    here = next((place.region for place in placed if place.task == task), None)
    if here is None:
        return ""
    found: list[tuple[float, str]] = []
    for other, region in placed:
        right = region.x + region.width / 2 - here.x - here.width / 2
        down = region.y + region.height / 2 - here.y - here.height / 2
        if columns:
            is_there = region.x >= here.right if columns > 0 else region.right <= here.x
            far = abs(right) + 4 * abs(down)  # a row is about as high as two columns are wide
        else:
            is_there = region.y >= here.bottom if rows > 0 else region.bottom <= here.y
            far = 2 * abs(down) + 2 * abs(right)
        if is_there:
            found.append((far, other))
    return min(found)[1] if found else ""


# --- one large pane and a strip ---------------------------------------------------------------------------------------


def _strip_is_beside(room: Room) -> bool:
    """There is room for a large pane and a strip next to each other."""
    return room.width >= 2 * room.minimum[0] + room.minimum[0] // 2


def _strip_capacity(room: Room) -> int:
    if _strip_is_beside(room):
        return max(0, room.height)
    return room.height // STRIP_SHARE * _tile_columns(room)


def _focus(tasks: Sequence[str], large: Sequence[str], room: Room) -> list[Placed]:
    first = next((task for task in large if task in tasks), tasks[0])
    others = [task for task in tasks if task != first]
    if not others:
        return [Placed(first, Region(0, 0, room.width, room.height))]
    if _strip_is_beside(room):
        strip = max(room.minimum[0], room.width // STRIP_SHARE)
        main = Region(0, 0, room.width - strip, room.height)
        regions = _stacked(len(others), Region(main.width, 0, strip, room.height), room.minimum[1])
    else:
        columns = _tile_columns(room)
        rows = -(-len(others) // columns)
        main = Region(0, 0, room.width, room.height - rows)
        regions = _tile_regions(len(others), Region(0, main.height, room.width, rows), columns)
    places = [Placed(task, region) for task, region in zip(others, regions, strict=True)]
    return [Placed(first, main), *places]


def _stacked(count: int, room: Region, least: int) -> list[Region]:
    """Above each other: as many panes of at least ``least`` rows as leave a row for each of the rest."""
    panes = min(count, max(0, (room.height - count) // max(1, least - 1)))
    if not panes:
        return [Region(room.x, number, room.width, 1) for number in range(count)]
    height = room.height - (count - panes)
    edges = [height * number // panes for number in range(panes + 1)]
    regions = [Region(room.x, top, room.width, end - top) for top, end in pairwise(edges)]
    return regions + [Region(room.x, height + number, room.width, 1) for number in range(count - panes)]

"""Many panes: arrangement, pages, zoom, and the pump that flushes them."""

from __future__ import annotations

import os
import threading

import pytest
from pane_scenes import GridApp, PaneApp, Script, a_task, painted, until
from textual.drivers._writer_thread import WriterThread

from agents.model import Task
from widgets.pane_layout import LAYOUTS, LayoutName, Room, arrange_panes, capacity, lay_out, nearest, page_size
from widgets.pump import frames_waiting


def some_tasks(count: int) -> list[Task]:
    """Tasks ``t0``, ``t1``…"""
    return [a_task(f"t{number}", title=f"Title {number}") for number in range(count)]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (41, 60), (300, 9)])
def test_panes_cover_the_room_without_gap_or_overlap(size: tuple[int, int]) -> None:
    for count in range(1, 40):
        regions = arrange_panes(count, *size)
        assert len(regions) == count
        assert sum(region.area for region in regions) == size[0] * size[1], f"{count} panes leave a gap or overlap"
        for number, region in enumerate(regions):
            assert region.right <= size[0], f"pane {number} of {count} stands out"
            assert region.bottom <= size[1], f"pane {number} of {count} stands out"
            assert not any(region.overlaps(other) for other in regions[:number]), f"pane {number} of {count} overlaps"


@pytest.mark.parametrize(
    ("count", "size", "shape"),
    [(1, (200, 60), (1, 1)), (2, (200, 60), (2, 1)), (2, (90, 50), (1, 2)), (4, (200, 60), (2, 2)),
     (6, (200, 60), (3, 2)), (9, (200, 60), (3, 3)), (2, (80, 24), (2, 1))],
)  # fmt: skip
def test_the_arrangement_gives_every_pane_a_good_shape(
    count: int, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    regions = arrange_panes(count, *size)
    assert (len({region.x for region in regions}), len({region.y for region in regions})) == shape


def test_capacity_counts_panes_of_the_smallest_size() -> None:
    assert capacity(80, 24) == 6
    assert capacity(30, 5) == 1


async def test_tasks_beyond_the_room_are_on_further_pages_and_the_watcher_is_told() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.show_tasks(some_tasks(22))
        await until(pilot, lambda: bool(app.pages), "no page was told")
        assert app.pages[-1] == tuple(f"t{number}" for number in range(20))
        assert (app.grid.page, app.grid.pages) == (1, 2)
        app.grid.turn(1)
        await until(pilot, lambda: app.pages[-1] == ("t20", "t21"), f"{app.pages}")
        await until(pilot, lambda: any("Title 21" in line for line in painted(app)), "the second page is not painted")
        assert not any("Title 0" in line for line in painted(app))
        app.grid.turn(1)
        await until(pilot, lambda: app.pages[-1][0] == "t0", "pages do not go round")


async def test_a_pane_out_of_view_keeps_what_it_was_fed_and_where_the_reader_is() -> None:
    app, script = GridApp(), Script("t0")
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.show_tasks(some_tasks(22))
        await pilot.pause()
        script.add("text", "\n".join(f"row {n}" for n in range(50)), done=False)
        app.grid.feed(script.opened())
        app.grid.focus_task("t0")
        await until(pilot, lambda: any("row 49" in line for line in painted(app)), "not painted")
        await pilot.press("g")
        pane = app.grid.pane("t0")
        app.grid.turn(1)
        await until(pilot, lambda: any("Title 21" in line for line in painted(app)), "the second page is not painted")
        app.grid.feed(script.grow("\nlate"))
        app.grid.focus_task("t0")
        await until(pilot, lambda: any("row 0" in line for line in painted(app)), "the place was lost")
        assert app.grid.pane("t0") is pane
        await pilot.press("G")
        await until(pilot, lambda: any("late" in line for line in painted(app)), "what was fed while hidden is missing")


async def test_zoom_shows_one_pane_and_pages_are_then_tasks() -> None:
    app = GridApp()
    async with app.run_test(size=(120, 40)) as pilot:
        app.grid.show_tasks(some_tasks(4))
        app.grid.focus_task("t2")
        await until(pilot, lambda: app.grid.focused_task == "t2", "no focus")
        app.grid.zoom()
        await until(pilot, lambda: app.grid.tasks_in_view == ("t2",), "not alone")
        assert app.grid.focused_task == "t2"
        app.grid.turn(1)
        await until(pilot, lambda: app.grid.focused_task == "t3", "the next task is not shown")
        app.grid.zoom(False)
        await until(pilot, lambda: len(app.grid.tasks_in_view) == 4, "not all are back")
        assert app.grid.focused_task == "t3"


async def test_a_double_click_on_a_header_zooms() -> None:
    app = GridApp()
    async with app.run_test(size=(120, 40)) as pilot:
        app.grid.show_tasks(some_tasks(4))
        await until(pilot, lambda: any("Title 3" in line for line in painted(app)), "not painted")
        await pilot.click(app.grid, offset=(70, 0), times=2)
        await until(pilot, lambda: app.grid.tasks_in_view == ("t1",), "not zoomed")


async def test_focusing_a_task_turns_to_its_page() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.show_tasks(some_tasks(50))
        app.grid.focus_task("t43")
        await until(pilot, lambda: app.grid.focused_task == "t43", "no focus")
        assert app.grid.page == 3


async def test_the_page_stays_when_tasks_come_and_go() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 24)) as pilot:
        tasks = some_tasks(23)
        app.grid.show_tasks(tasks[:22])
        app.grid.focus_task("t21")
        await until(pilot, lambda: app.grid.focused_task == "t21", "no focus")
        app.grid.show_tasks([*tasks[:21], tasks[22]])
        await until(pilot, lambda: app.grid.tasks_in_view == ("t20", "t22"), f"{app.grid.tasks_in_view}")
        app.grid.update_task(a_task("t22", title="Another title"))
        await until(pilot, lambda: any("Another title" in line for line in painted(app)), "not painted")


async def test_a_smaller_terminal_makes_more_pages_and_keeps_the_task_in_view() -> None:
    app = GridApp()
    async with app.run_test(size=(200, 60)) as pilot:
        app.grid.show_tasks(some_tasks(9))
        app.grid.focus_task("t8")
        await until(pilot, lambda: len(app.grid.tasks_in_view) == 9, "not all in view")
        await pilot.resize_terminal(80, 9)
        await until(pilot, lambda: app.grid.tasks_in_view == ("t8",), f"{app.grid.tasks_in_view}")
        await until(pilot, lambda: app.grid.focused_task == "t8", "the focus was lost")


async def test_no_tasks_at_all_is_said() -> None:
    app = GridApp()
    async with app.run_test(size=(60, 12)) as pilot:
        app.grid.show_tasks([])
        await until(pilot, lambda: any("No tasks yet." in line for line in painted(app)), "nothing is said")


async def test_the_pump_rests_when_nothing_streams_and_wakes_for_an_event() -> None:
    app, script = PaneApp(a_task(state="ready")), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        await until(pilot, lambda: app.pump.is_resting, "the pump does not rest")
        app.feed(script.opened(), script.add("text", "hello"))
        assert not app.pump.is_resting
        await until(pilot, lambda: any("hello" in line for line in app.lines()), "not painted")
        await until(pilot, lambda: app.pump.is_resting, "the pump does not rest again")


async def test_nothing_is_flushed_while_the_terminal_has_not_taken_the_last_frame() -> None:
    app, script = PaneApp(a_task(state="ready")), Script()
    reading, writing = os.pipe()
    slow_terminal = os.fdopen(writing, "w")
    takes_all = threading.Thread(target=_read_to_end, args=(reading,))
    writer = WriterThread(slow_terminal)
    writer.start()
    async with app.run_test(size=(60, 12)) as pilot:
        await until(pilot, lambda: app.pump.is_resting, "the pump does not rest")
        writer.write("x" * 200_000)
        writer.write("a frame that waits")
        app._driver._writer_thread = writer  # type: ignore[union-attr]
        await until(pilot, lambda: frames_waiting(app) == 1, "the terminal took everything")
        app.feed(script.opened(), script.add("text", "hello"))
        moments: list[None] = []
        app.set_interval(1 / 30, lambda: moments.append(None))
        await until(pilot, lambda: len(moments) > 6, "time stands still")
        early = not app.pane.has_changes
        takes_all.start()
        await until(pilot, lambda: not app.pane.has_changes, "it is not flushed when the terminal is ready again")
    writer.stop()
    slow_terminal.close()
    takes_all.join()
    os.close(reading)
    assert not early, "it was flushed before the terminal took the last frame"


def _read_to_end(descriptor: int) -> None:
    while os.read(descriptor, 65536):
        pass


async def test_a_headless_driver_has_no_frames_waiting() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 12)):
        assert frames_waiting(app) == 0


# --- layouts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("size", [(80, 20), (84, 34), (164, 54), (195, 54), (40, 10), (20, 4)])
def test_every_layout_gives_each_task_of_a_page_a_place_of_its_own(name: LayoutName, size: tuple[int, int]) -> None:
    room = Room(*size)
    for count in range(1, page_size(name, room) + 1):
        tasks = [f"t{number}" for number in range(count)]
        placed = lay_out(name, tasks, ["t3"], room)
        assert sorted(place.task for place in placed) == sorted(tasks), f"{count} tasks: some are missing or doubled"
        for number, (task, region) in enumerate(placed):
            assert region.width > 0, f"{task} of {count} has no columns"
            assert region.height > 0, f"{task} of {count} has no rows"
            assert region.right <= size[0], f"{task} of {count} stands out"
            assert region.bottom <= size[1], f"{task} of {count} stands out"
            assert not any(region.overlaps(other.region) for other in placed[:number]), f"{task} of {count} overlaps"


def test_what_does_not_fit_as_a_pane_is_a_tile_of_one_row() -> None:
    tasks = [f"t{number}" for number in range(64)]
    placed = lay_out("grid", tasks, [], Room(164, 54))
    panes = [place for place in placed if place.region.height > 1]
    assert len(placed) == 64
    assert len(panes) == 20
    assert min(place.region.height for place in panes) >= 8
    assert min(place.region.width for place in panes) >= 40


def test_who_was_focused_is_a_pane_even_where_not_all_can_be() -> None:
    tasks = [f"t{number}" for number in range(64)]
    panes = {place.task for place in lay_out("grid", tasks, ["t63", "t50"], Room(164, 54)) if place.region.height > 1}
    assert {"t63", "t50", "t0"} <= panes
    assert "t19" not in panes


def test_focus_shows_one_large_pane_and_a_strip_beside_it_or_below_it() -> None:
    tasks = ["a", "b", "c", "d"]
    wide = {place.task: place.region for place in lay_out("focus", tasks, ["c"], Room(164, 54))}
    assert wide["c"].size == (110, 54)
    assert {wide[task].x for task in "abd"} == {110}
    assert all(wide[task].height >= 8 for task in "abd"), "there is room for panes in the strip"
    narrow = {place.task: place.region for place in lay_out("focus", tasks, ["c"], Room(80, 20))}
    assert narrow["c"].size == (80, 18)
    assert [narrow[task].height for task in "abd"] == [1, 1, 1]


def test_the_nearest_pane_in_a_direction_is_found_across_rows() -> None:
    placed = lay_out("grid", ["a", "b", "c", "d", "e"], [], Room(164, 54))  # two, two, one below them
    assert nearest(placed, "a", 1, 0) == "b"
    assert nearest(placed, "a", 0, 1) == "c"
    assert nearest(placed, "d", 0, 1) == "e"
    assert nearest(placed, "d", -1, 0) == "c"
    assert nearest(placed, "a", -1, 0) == ""


async def test_a_tile_that_gets_the_focus_becomes_a_pane() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.show_tasks(some_tasks(12))
        await until(pilot, lambda: any("Title 11" in line for line in painted(app)), "not painted")
        tile = app.grid.pane("t11")
        assert tile is not None
        assert tile.is_tile
        app.grid.focus_task("t11")
        await until(pilot, lambda: not tile.is_tile, "it is still a tile")
        await until(pilot, lambda: sum(not pane.is_tile for pane in app.grid.panes_in_view) == 4, "others gave no way")


async def test_a_pinned_task_stands_first_on_every_page() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.show_tasks(some_tasks(30))
        app.grid.pin(["t7"])
        await until(pilot, lambda: app.grid.tasks_in_view[:2] == ("t7", "t0"), "it does not stand first")
        app.grid.turn(1)
        await until(pilot, lambda: app.grid.tasks_in_view[:2] == ("t7", "t20"), f"{app.grid.tasks_in_view}")
        app.grid.pin([])
        await until(pilot, lambda: "t7" not in app.grid.tasks_in_view, "it is still there")


async def test_columns_stand_side_by_side_and_focus_moves_the_large_pane() -> None:
    app = GridApp()
    async with app.run_test(size=(120, 40)) as pilot:
        app.grid.show_tasks(some_tasks(3))
        app.grid.set_arrangement("columns")
        await until(pilot, lambda: {pane.size.height for pane in app.grid.panes_in_view} == {40}, "not over the height")
        app.grid.set_arrangement("focus")
        app.grid.focus_task("t1")
        large = app.grid.pane("t1")
        assert large is not None
        await until(pilot, lambda: large.size == (80, 40), f"it is {large.size}")

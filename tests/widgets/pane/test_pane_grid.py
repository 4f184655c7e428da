"""Many panes: arrangement, pages, zoom, and the pump that flushes them."""

from __future__ import annotations

import os
import threading

import pytest
from pane_scenes import GridApp, PaneApp, Script, a_task, painted, until
from textual.drivers._writer_thread import WriterThread

from agents.model import Task
from widgets.pane_grid import arrange_panes, capacity
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
        app.grid.show_tasks(some_tasks(8))
        await until(pilot, lambda: bool(app.pages), "no page was told")
        assert app.pages[-1] == ("t0", "t1", "t2", "t3", "t4", "t5")
        assert (app.grid.page, app.grid.pages) == (1, 2)
        app.grid.turn(1)
        await until(pilot, lambda: app.pages[-1] == ("t6", "t7"), f"{app.pages}")
        await until(pilot, lambda: any("Title 7" in line for line in painted(app)), "the second page is not painted")
        assert not any("Title 0" in line for line in painted(app))
        app.grid.turn(1)
        await until(pilot, lambda: app.pages[-1][0] == "t0", "pages do not go round")


async def test_a_pane_out_of_view_keeps_what_it_was_fed_and_where_the_reader_is() -> None:
    app, script = GridApp(), Script("t0")
    async with app.run_test(size=(80, 24)) as pilot:
        app.grid.show_tasks(some_tasks(8))
        await pilot.pause()
        script.add("text", "\n".join(f"row {n}" for n in range(50)), done=False)
        app.grid.feed(script.opened())
        app.grid.focus_task("t0")
        await until(pilot, lambda: any("row 49" in line for line in painted(app)), "not painted")
        await pilot.press("g")
        pane = app.grid.pane("t0")
        app.grid.turn(1)
        await until(pilot, lambda: any("Title 7" in line for line in painted(app)), "the second page is not painted")
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
        app.grid.show_tasks(some_tasks(20))
        app.grid.focus_task("t13")
        await until(pilot, lambda: app.grid.focused_task == "t13", "no focus")
        assert app.grid.page == 3


async def test_the_page_stays_when_tasks_come_and_go() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 24)) as pilot:
        tasks = some_tasks(9)
        app.grid.show_tasks(tasks[:8])
        app.grid.focus_task("t7")
        await until(pilot, lambda: app.grid.focused_task == "t7", "no focus")
        app.grid.show_tasks([*tasks[:7], tasks[8]])
        await until(pilot, lambda: app.grid.tasks_in_view == ("t6", "t8"), f"{app.grid.tasks_in_view}")
        app.grid.update_task(a_task("t8", title="Another title"))
        await until(pilot, lambda: any("Another title" in line for line in painted(app)), "not painted")


async def test_a_smaller_terminal_makes_more_pages_and_keeps_the_task_in_view() -> None:
    app = GridApp()
    async with app.run_test(size=(200, 60)) as pilot:
        app.grid.show_tasks(some_tasks(9))
        app.grid.focus_task("t8")
        await until(pilot, lambda: len(app.grid.tasks_in_view) == 9, "not all in view")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: app.grid.tasks_in_view == ("t6", "t7", "t8"), f"{app.grid.tasks_in_view}")
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

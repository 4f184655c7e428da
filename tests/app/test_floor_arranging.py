"""Layouts, order, pins and the width of the list: changed by a key, remembered for the project."""

from __future__ import annotations

from pathlib import Path

from textual import events

from app.arrangement import load_arrangement
from tests.app.floor_engine import NOW, PROJECT, a_task
from tests.app.floor_stage import a_floor, some_tasks
from tests.presses import presses


@presses("floor.layout")
async def test_layout_changes_by_key_and_is_there_again_the_next_time() -> None:
    async with a_floor(*some_tasks(), size=(240, 45)) as stage:
        await stage.press("L")
        heights = {pane.size.height for pane in stage.floor.grid.panes_in_view}
        await stage.until(lambda: stage.floor.grid.arrangement == "columns", "the panes stand in columns")
        assert len(heights) == 1, f"columns are of different heights: {heights}"
        assert "side by side" in stage.legend
    async with a_floor(*some_tasks(), size=(160, 45)) as stage:
        assert stage.floor.grid.arrangement == "columns", "the layout was forgotten"
    assert load_arrangement("/projects/other").layout == "grid", "another project has this project's layout"


@presses("floor.order")
async def test_order_by_attention_puts_who_needs_the_person_first() -> None:
    async with a_floor(*some_tasks()) as stage:
        assert stage.floor.grid.tasks_in_view == ("wrk1", "blk2", "rdy3", "stp4")
        await stage.press("O")
        await stage.until(
            lambda: stage.floor.grid.tasks_in_view == ("blk2", "wrk1", "rdy3", "stp4"), "the blocked one is first"
        )
        stage.engine.change("stp4", state="failed")
        await stage.until(lambda: stage.floor.grid.tasks_in_view[:2] == ("blk2", "stp4"), "the failed one moved up")


@presses("floor.move-after", "floor.move-before")
async def test_panes_are_placed_by_hand_and_stay_there() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("stp4")
        await stage.press("less_than_sign", "less_than_sign")
        await stage.until(lambda: stage.floor.grid.tasks_in_view == ("wrk1", "stp4", "blk2", "rdy3"), "it was moved")
        await stage.press("greater_than_sign")
        await stage.until(lambda: stage.floor.grid.tasks_in_view == ("wrk1", "blk2", "stp4", "rdy3"), "it moved back")
    assert load_arrangement(PROJECT).order == "hand"
    async with a_floor(*some_tasks(), a_task("new5", created_at=NOW)) as stage:
        assert stage.floor.grid.tasks_in_view == ("wrk1", "blk2", "stp4", "rdy3", "new5")


@presses("floor.pin")
async def test_pin_puts_a_pane_first_and_takes_it_back() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("p")
        await stage.until(lambda: stage.floor.grid.tasks_in_view[0] == "rdy3", "it stands first")
        await stage.press("p")
        await stage.until(lambda: stage.floor.grid.tasks_in_view[0] == "wrk1", "it stands at its place again")


@presses("floor.down", "floor.left", "floor.right", "floor.up")
async def test_shift_and_arrows_go_to_the_pane_in_that_direction() -> None:
    async with a_floor(*some_tasks(), size=(200, 60)) as stage:
        await stage.go_to("wrk1")
        for key, task in (("shift+right", "blk2"), ("shift+down", "stp4"), ("h", "rdy3"), ("shift+up", "wrk1")):
            await stage.press(key)
            await stage.until(lambda task=task: stage.current == task, f"{key} went to {task}")  # type: ignore[misc]


@presses("floor.brain", "floor.narrower", "floor.wider")
async def test_list_is_made_wider_by_keys_and_by_dragging_its_edge() -> None:
    async with a_floor(*some_tasks(), size=(160, 45)) as stage:
        brain = stage.floor.brain
        assert brain.size.width == 36
        await stage.press("plus")
        await stage.until(lambda: brain.size.width == 40, "it is wider")
        await stage.press("minus")
        await stage.until(lambda: brain.size.width == 36, "it is narrower")
        stage.floor.arranging.widen(1)
        stage.floor.arranging.widen(-2)  # before it was laid out anew
        await stage.until(lambda: brain.size.width == 32, "both steps of one frame count")
        await stage.pilot.mouse_down("#brain", offset=(31, 10))
        await stage.pilot.hover(stage.floor, offset=(49, 10))
        await stage.pilot.mouse_up(stage.floor, offset=(49, 10))
        await stage.until(lambda: brain.size.width == 50, f"it was dragged: {brain.size.width}")
        await stage.pilot.mouse_down("#brain", offset=(49, 10))
        for kind, x in (events.MouseMove, 55), (events.MouseUp, 59):  # faster than it is laid out
            stage.app.post_message(kind(None, x, 10, 0, 0, 1, False, False, False, x, 10))
        await stage.until(lambda: brain.size.width == 60, "a quick drag counts")
        await stage.press("b")
        await stage.until(lambda: brain.size.width == 5, "the rail has its own width")
        await stage.press("b")
        await stage.until(lambda: brain.size.width == 60, "the list has its width again")
    assert load_arrangement(PROJECT).brain_width == 60


async def test_a_file_of_arrangements_that_cannot_be_read_is_no_obstacle(tmp_path: Path) -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("L")
    (file,) = tmp_path.rglob("floors.json")
    file.write_text("{ this is not JSON")
    async with a_floor(*some_tasks()) as stage:
        assert stage.floor.grid.arrangement == "grid"
        await stage.press("L")
    assert load_arrangement(PROJECT).layout == "columns"

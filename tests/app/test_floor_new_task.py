"""The dialog for a new task."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Select, Static, TextArea

from agents.errors import ShopfloorError, UsageError
from app.new_task import NewTaskScreen
from tests.app.floor_engine import EngineInMemory
from tests.app.floor_stage import SIZES, Stage, a_floor, some_tasks


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path))


async def open_dialog(stage: Stage) -> NewTaskScreen:
    """Press n, and wait until the pickers are filled."""
    await stage.press("n")
    screen = stage.app.screen
    assert isinstance(screen, NewTaskScreen)
    await stage.until(lambda: len(screen.query_one("#base", Select)._options) > 1, "the branches are there")
    return screen


def problem(screen: NewTaskScreen) -> str:
    """What the dialog complains about."""
    said = screen.query_one("#problem", Static)
    return str(said.content) if said.display else ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", ["ctrl+s", "ctrl+enter"])
async def test_prompt_becomes_a_task_that_is_gone_to(size: tuple[int, int], key: str) -> None:
    async with a_floor(*some_tasks(), size=size) as stage:
        await open_dialog(stage)
        await stage.press(*"Add", "enter", *"it", key)
        await stage.until(lambda: stage.app.screen is stage.floor, "the dialog is gone")
        assert [(new.prompt, new.profile, new.base) for new in stage.engine.made] == [("Add\nit", "", "")]
        await stage.until(lambda: stage.current == "new1", "the new task is current")
        await stage.until(lambda: stage.engine.drafts.get("") == "", "the draft was dropped")


async def test_a_long_complaint_leaves_room_for_prompt_and_buttons() -> None:
    async with a_floor(*some_tasks(), size=(80, 24)) as stage:
        screen = await open_dialog(stage)
        await stage.press("A")
        stage.engine.refusal = UsageError("A long complaint. " * 40)
        await stage.press("ctrl+s")
        await stage.until(lambda: problem(screen), "the reason is shown")
        await stage.pilot.pause()
        dialog, start = screen.query_one("#dialog"), screen.query_one("#start")
        assert dialog.region.contains_region(start.region), f"Start is at {start.region}, outside of {dialog.region}"
        assert screen.query_one(TextArea).region.height >= 4


async def test_first_task_of_an_empty_floor_is_shown() -> None:
    async with a_floor() as stage:
        await open_dialog(stage)
        await stage.press(*"Add", "ctrl+s")
        await stage.until(lambda: stage.floor.grid.tasks_in_view == ("new1",), "its pane is shown")
        await stage.until(lambda: stage.area == "AgentPane", "its pane has the focus")


async def test_agent_and_branch_are_chosen_by_keys() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        await stage.press(*"Add", "tab", "enter", "down", "enter")
        await stage.until(lambda: screen.query_one("#profile", Select).value == "offline", "the agent is chosen")
        await stage.press("tab", "enter", "down", "down", "enter")
        await stage.until(lambda: screen.query_one("#base", Select).value == "release/2.0", "the branch is chosen")
        await stage.press("ctrl+s")
        await stage.until(lambda: stage.engine.made, "the task was made")
        assert (stage.engine.made[0].profile, stage.engine.made[0].base) == ("offline", "release/2.0")


async def test_agent_that_cannot_start_says_why() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        labels = [str(label) for label, _ in screen.query_one("#profile", Select)._options]
        assert labels[1:] == ["✓ Offline · offline-1", "✗ Codex — the program codex-acp is not on PATH"]
        screen.query_one("#profile", Select).value = "codex"
        await stage.until(lambda: "codex-acp is not on PATH" in problem(screen), "the reason is shown")


async def test_escape_keeps_the_prompt_for_the_next_time() -> None:
    async with a_floor(*some_tasks()) as stage:
        await open_dialog(stage)
        await stage.press(*"la", "escape")
        await stage.until(lambda: stage.app.screen is stage.floor, "the dialog is gone")
        assert stage.engine.drafts[""] == "la"
        assert stage.engine.made == []
        screen = await open_dialog(stage)
        assert screen.query_one(TextArea).text == "la"


async def test_typing_that_rests_is_kept_without_leaving() -> None:
    async with a_floor(*some_tasks()) as stage:
        await open_dialog(stage)
        await stage.press(*"ab")
        await stage.until(lambda: stage.engine.drafts.get("") == "ab", "the draft is kept")


async def test_refusal_is_shown_as_a_sentence_and_the_prompt_stays() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        stage.engine.refusal = UsageError("There is no branch [red]gone[/].", "Choose another.")
        await stage.press(*"Add", "ctrl+s")
        await stage.until(lambda: "There is no branch [red]gone[/]. Choose another." in problem(screen), "it is said")
        assert stage.app.screen is screen
        assert screen.query_one(TextArea).text == "Add"
        stage.engine.refusal = None
        await stage.press("ctrl+s")
        await stage.until(lambda: stage.app.screen is stage.floor, "the second attempt works")


async def test_empty_prompt_starts_nothing() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        await stage.press("space", "ctrl+s")
        assert "nothing to do" in problem(screen)
        assert stage.engine.made == []


async def test_prompt_is_not_lost_when_it_cannot_be_kept() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        stage.engine.refusal = ShopfloorError("The engine cannot be reached.")
        await stage.press(*"ab", "escape")
        await stage.until(lambda: "would be lost" in problem(screen), "it says that the prompt would be lost")
        assert stage.app.screen is screen


async def test_dialog_opens_when_the_engine_knows_no_agents() -> None:
    engine = EngineInMemory(*some_tasks())
    engine.profile_list = []
    async with a_floor(*some_tasks(), engine=engine) as stage:
        await open_dialog(stage)
        await stage.press(*"Add", "ctrl+s")
        await stage.until(lambda: stage.engine.made, "the engine is asked all the same")

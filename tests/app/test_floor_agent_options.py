"""An agent's own options in the dialog for a new task."""

from __future__ import annotations

from textual.widgets import Button, Select

from agents.parts.projects import ProfileInfo
from agents.parts.sessions import Choice, Session, Setting
from agents.parts.writing import TaskDraft
from app.agent_options import UNKNOWN, OptionsRow, OptionsScreen, fitting, told
from app.new_task import NewTaskScreen
from tests.app.floor_engine import PROJECT
from tests.app.floor_stage import Stage, a_floor, some_tasks
from tests.app.test_floor_new_task import open_dialog
from tests.app.test_floor_screen import screen_text
from tests.presses import presses

MODES = (Choice(value="ask"), Choice(value="plan", name="Plan", description="Writes nothing."))
MODELS = (Choice(value="s", name="Small"), Choice(value="l", name="[b]Large"))
OFFERS = Session(
    settings=(
        Setting(id="mode", name="Mode", value="ask", choices=MODES),
        Setting(id="model", name="Model", value="s", choices=MODELS),
    )
)


async def dialog_of(stage: Stage, offers: Session = OFFERS) -> NewTaskScreen:
    """The dialog, with an agent that has told what it offers and is the project's default."""
    stage.engine.profile_list = [
        ProfileInfo(id="claude", name="Claude", driver="acp", ready=True, is_default=True),
        ProfileInfo(id="offline", name="Offline", driver="native", ready=True),
    ]
    stage.engine.sessions.offered_by = {"claude": offers}
    return await open_dialog(stage)


def row(screen: NewTaskScreen) -> str:
    return str(screen.query_one("#options", Button).label)


async def choose_plan(stage: Stage) -> None:
    """Open the list, take the mode Plan, and go back."""
    await stage.press("ctrl+g")
    await stage.until(lambda: isinstance(stage.app.screen, OptionsScreen), "the list opens")
    await stage.press("j", "j", "k", "j", "space", "ctrl+s")


@presses("new-task.options", "options.done", "options.leave", "options.take", "options.down", "options.up")
async def test_options_are_chosen_by_keys_and_go_with_the_task() -> None:
    async with a_floor(*some_tasks(), size=(80, 24)) as stage:
        screen = await dialog_of(stage)
        await stage.until(lambda: row(screen) == "as it is by itself", "what the default agent offers is there")
        await stage.press(*"Add", "ctrl+g")
        await stage.until(lambda: isinstance(stage.app.screen, OptionsScreen), "the list opens")
        shown = screen_text(stage)
        assert "○ Plan  Writes nothing." in shown, shown
        assert "○ [b]Large" in shown, "names of agents are no markup"
        await stage.press("escape")
        await choose_plan(stage)
        await stage.until(lambda: stage.app.screen is screen, "the dialog is back")
        assert row(screen) == "Mode Plan"
        start = screen.query_one("#start")
        assert screen.query_one("#dialog").region.contains_region(start.region), "Start is still there"
        await stage.press("ctrl+s")
        await stage.until(lambda: stage.engine.made, "the task was made")
        assert stage.engine.made[0].choices == {"mode": "plan"}


async def test_options_are_chosen_with_the_mouse() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await dialog_of(stage)
        await stage.until(lambda: not screen.query_one("#options", Button).disabled, "there is something to choose")
        await stage.pilot.click("#options")
        await stage.until(lambda: isinstance(stage.app.screen, OptionsScreen), "the list opens")
        await stage.pilot.click("OptionList", offset=(4, 3))
        await stage.pilot.click("#done")
        await stage.until(lambda: row(screen) == "Mode Plan", "it is chosen")


async def test_what_was_chosen_is_remembered_for_the_next_task_with_that_agent() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await dialog_of(stage)
        await stage.until(lambda: row(screen) == "as it is by itself", "the options are there")
        await stage.press(*"Add")
        await choose_plan(stage)
        await stage.press("ctrl+s")
        kept = TaskDraft(choices={"claude": {"mode": "plan"}})
        await stage.until(lambda: stage.engine.writing.task_drafts.get(PROJECT) == kept, "only the options are kept")
        await stage.press("escape")
        again = await dialog_of(stage)
        await stage.until(lambda: row(again) == "Mode Plan", "it is chosen again")
        again.query_one("#profile", Select).value = "offline"
        await stage.until(lambda: row(again).startswith("none"), "the other agent has no options")
        assert again.query_one(OptionsRow).chosen == {}


async def test_an_agent_that_was_never_started_says_so_and_holds_nothing_up() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await dialog_of(stage, Session())
        await stage.until(lambda: row(screen) == UNKNOWN, "it is said")
        assert screen.query_one("#options", Button).disabled
        await stage.press(*"Add", "ctrl+g", "ctrl+s")
        await stage.until(lambda: stage.engine.made, "the task was made")
        assert stage.engine.made[0].choices == {}


def test_a_value_that_is_not_offered_any_more_is_left_out() -> None:
    chosen = {"mode": "plan", "model": "gone", "thinking": "high"}
    assert fitting(OFFERS, chosen) == {"mode": "plan"}
    assert told(OFFERS, fitting(OFFERS, chosen)) == "Mode Plan"

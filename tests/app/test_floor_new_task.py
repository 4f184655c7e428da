"""The dialog for a new task."""

from __future__ import annotations

import pytest
from textual.widgets import Button, Checkbox, Select, Static, TextArea

from agents.errors import ShopfloorError, UsageError
from agents.model import NewTask, Task
from agents.parts.writing import TaskDraft, Template
from app.new_task import NewTaskScreen
from tests.app.floor_engine import PROJECT, EngineInMemory
from tests.app.floor_stage import SIZES, Stage, a_floor, some_tasks
from tests.presses import presses
from widgets.completion import CompletionList


async def open_dialog(stage: Stage) -> NewTaskScreen:
    """Press n, and wait until the pickers are filled."""
    await stage.press("n")
    screen = stage.app.screen
    assert isinstance(screen, NewTaskScreen)
    await stage.until(lambda: len(screen.query_one("#queue", Select)._options) > 1, "the choices are there")
    return screen


def problem(screen: NewTaskScreen) -> str:
    """What the dialog complains about."""
    said = screen.query_one("#problem", Static)
    return str(said.content) if said.display else ""


@pytest.mark.parametrize(("size", "key"), [(SIZES[0], "ctrl+s"), (SIZES[1], "ctrl+enter")])
async def test_prompt_becomes_a_task_that_is_gone_to(size: tuple[int, int], key: str) -> None:
    async with a_floor(*some_tasks(), size=size) as stage:
        await open_dialog(stage)
        await stage.press(*"Add", "enter", *"it", key)
        await stage.until(lambda: stage.app.screen is stage.floor, "the dialog is gone")
        assert [(new.prompt, new.profile, new.base) for new in stage.engine.made] == [("Add\nit", "", "")]
        await stage.until(lambda: stage.current == "new1", "the new task is current")
        await stage.until(lambda: stage.engine.writing.task_drafts.get(PROJECT) == TaskDraft(), "the draft was dropped")


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


@presses("floor.new-task", "new-task.base", "new-task.next", "new-task.start")
async def test_agent_and_branch_are_chosen_by_keys() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        await stage.press(*"Add", "tab", "enter", "down", "enter")
        await stage.until(lambda: screen.query_one("#profile", Select).value == "offline", "the agent is chosen")
        await stage.press("ctrl+b", *"rel", "enter")
        await stage.until(lambda: stage.app.screen is screen, "the branch is chosen")
        await stage.press("tab", "tab", "enter", "down", "enter")
        await stage.until(lambda: screen.query_one("#queue", Select).value == "-", "no queue is chosen")
        await stage.press("ctrl+s")
        await stage.until(lambda: stage.engine.made, "the task was made")
        made = stage.engine.made[0]
        assert (made.profile, made.base, made.queue) == ("offline", "release/2.0", "")


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
        assert stage.engine.writing.task_drafts[PROJECT].prompt == "la"
        assert stage.engine.made == []
        screen = await open_dialog(stage)
        assert screen.query_one(TextArea).text == "la"


async def test_typing_that_rests_is_kept_without_leaving() -> None:
    async with a_floor(*some_tasks()) as stage:
        await open_dialog(stage)
        await stage.press(*"ab")
        await stage.until(
            lambda: stage.engine.writing.task_drafts.get(PROJECT, TaskDraft()).prompt == "ab", "the draft is kept"
        )


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
        stage.engine.writing.refusal = ShopfloorError("The engine cannot be reached.")
        await stage.press(*"ab", "escape")
        await stage.until(lambda: "would be lost" in problem(screen), "it says that the prompt would be lost")
        assert stage.app.screen is screen
        await stage.press("c", "escape")
        await stage.pilot.pause()
        assert stage.app.screen is screen, "what was written since is lost without a word"
        await stage.press("escape")
        await stage.until(lambda: stage.floor.is_active, "who was told can leave")


async def test_dialog_opens_when_the_engine_knows_no_agents() -> None:
    engine = EngineInMemory(*some_tasks())
    engine.profile_list = []
    async with a_floor(*some_tasks(), engine=engine) as stage:
        await open_dialog(stage)
        await stage.press(*"Add", "ctrl+s")
        await stage.until(lambda: stage.engine.made, "the engine is asked all the same")


@presses("new-task.hold")
async def test_hold_makes_a_task_that_does_not_start() -> None:
    async with a_floor(*some_tasks()) as stage:
        await open_dialog(stage)
        await stage.press(*"Later", "ctrl+o")
        await stage.until(lambda: stage.engine.made, "the task was made")
        assert stage.engine.made[0].held


@presses("new-task.several")
async def test_several_tasks_are_made_of_a_list_and_told_before() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        await stage.press("ctrl+l")
        screen.query_one(TextArea).text = "In src:\n- add docs\n- add tests"
        await stage.until(lambda: "2 tasks: add docs · add tests" in str(_told(screen)), "it is told")
        await stage.press("ctrl+s")
        await stage.until(lambda: len(stage.engine.made) == 2, "both were made")
        assert [(new.title, new.prompt) for new in stage.engine.made] == [
            ("add docs", "In src:\n\nadd docs"), ("add tests", "In src:\n\nadd tests"),
        ]  # fmt: skip
        await stage.until(lambda: stage.current == "new1", "the first of them is current")


def _told(screen: NewTaskScreen) -> object:
    return screen.query_one("#several-told", Static).content


async def test_what_could_not_be_made_of_several_stays_in_the_dialog() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        screen.query_one("#several", Checkbox).value = True
        screen.query_one(TextArea).text = "one\ntwo\nthree"
        await stage.pilot.pause()
        make = stage.engine.create_task

        async def once(new: NewTask) -> Task:
            if stage.engine.made:
                raise UsageError("There is no more room.")
            return await make(new)

        stage.engine.create_task = once  # type: ignore[method-assign]
        await stage.press("ctrl+s")
        await stage.until(lambda: "no more room" in problem(screen), "it is said")
        assert screen.query_one(TextArea).text == "- two\n- three"


@presses("new-task.template")
async def test_a_template_is_put_before_what_is_written_and_chooses() -> None:
    async with a_floor(*some_tasks()) as stage:
        template = Template(name="Bug", text="Fix this bug:", profile="offline", base="release/2.0", check=False)
        stage.engine.writing.template_list = [Template(name="Other", text="Other"), template]
        screen = await open_dialog(stage)
        await stage.press(*"It crashes", "ctrl+t")
        await stage.until(lambda: stage.app.screen is not screen, "the templates are shown")
        await stage.press(*"bug", "enter")
        await stage.until(lambda: "Fix this bug:" in screen.query_one(TextArea).text, "the template is there")
        await stage.press("ctrl+s")
        await stage.until(lambda: stage.engine.made, "the task was made")
        new = stage.engine.made[0]
        assert (new.prompt, new.profile, new.base, new.check) == (
            "Fix this bug:\nIt crashes", "offline", "release/2.0", False,
        )  # fmt: skip


async def test_files_of_the_base_are_completed() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        await stage.press(*"see @tcart")
        await stage.until(lambda: screen.query_one(CompletionList).names, "files are offered")
        await stage.press("tab", *"now")
        assert screen.query_one(TextArea).text == "see @tests/test_cart.py now"
        await stage.press(*" @RE")
        await stage.until(lambda: screen.query_one(CompletionList).names, "files are offered again")
        await stage.press("escape")
        assert stage.app.screen is screen, "Escape has left the dialog"


async def test_a_draft_keeps_every_choice() -> None:
    async with a_floor(*some_tasks()) as stage:
        screen = await open_dialog(stage)
        await stage.press(*"la", "ctrl+l")
        screen.query_one("#profile", Select).value = "codex"
        screen.query_one("#check", Checkbox).value = False
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.floor, "the dialog is gone")
        kept = stage.engine.writing.task_drafts[PROJECT]
        assert (kept.prompt, kept.profile, kept.check, kept.several) == ("la", "codex", False, True)
        screen = await open_dialog(stage)
        await stage.until(lambda: screen.query_one("#profile", Select).value == "codex", "the agent is chosen again")
        assert not screen.query_one("#check", Checkbox).value


async def test_a_new_task_from_a_review_leaves_the_review_open() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("r")
        review = stage.app.screen
        await stage.press("alt+n")
        await stage.until(lambda: isinstance(stage.app.screen, NewTaskScreen), "the dialog is open")
        await stage.press(*"Add", "ctrl+s")
        await stage.until(lambda: stage.app.screen is review, "the review is back")
        assert [new.prompt for new in stage.engine.made] == ["Add"]
        await stage.until(lambda: stage.floor.roster.get("new1") is not None, "the floor knows it")


@presses("app.new-task", "new-task.leave")
async def test_a_new_task_while_writing_leaves_what_is_written() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("i", *"half", "f8")
        await stage.until(lambda: isinstance(stage.app.screen, NewTaskScreen), "the dialog is open")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.floor, "the dialog is gone")
        assert stage.floor.composer.area.text == "half"


async def test_a_base_is_shown_as_it_was_written() -> None:
    base = "[bold]main[/x]"
    engine = EngineInMemory(*some_tasks())
    engine.writing.task_drafts[PROJECT] = TaskDraft(prompt="Fix it", base=base)
    async with a_floor(*some_tasks(), engine=engine) as stage:
        screen = await open_dialog(stage)
        assert str(screen.query_one("#base", Button).label) == base


@pytest.mark.parametrize("rows", [15, 24, 40])
async def test_the_dialog_is_as_high_as_what_is_in_it(rows: int) -> None:
    async with a_floor(*some_tasks(), size=(80, rows)) as stage:
        screen = await open_dialog(stage)
        dialog, last = screen.query_one("#dialog"), screen.query_one("#buttons")
        if dialog.virtual_size.height == dialog.content_size.height:
            assert dialog.content_region.bottom == last.region.bottom, "there are empty rows below the buttons"
        else:
            assert dialog.region.height >= rows * 0.9, "it scrolls though there is room"

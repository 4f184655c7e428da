"""Writing on the floor: names of files, commands, earlier prompts, texts put by, the editor, what was pasted."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events

from agents.errors import ShopfloorError
from agents.parts.sessions import Command, Session
from agents.parts.writing import Said
from app.help import HelpScreen
from app.pick_text import TextPicker
from app.review.screen import ReviewScreen
from tests.app.floor_stage import Stage, a_floor, some_tasks
from tests.images import a_picture
from tests.presses import presses
from widgets.completion import CompletionList

LONG = "".join(f"line {number}\n" for number in range(40))


async def write(stage: Stage, *keys: str, task: str = "wrk1") -> None:
    """Go to a task's composer and type."""
    await stage.go_to(task)
    await stage.press("i")
    await stage.until(lambda: stage.area == "PromptArea", "the composer has the focus")
    await stage.press(*keys)


def text(stage: Stage) -> str:
    return stage.floor.composer.area.text


def offered(stage: Stage) -> list[str]:
    return stage.floor.composer.query_one(CompletionList).names


@presses("floor.area", "floor.say")
async def test_at_offers_the_files_of_the_task_and_tab_takes_one() -> None:
    async with a_floor(*some_tasks(), size=(80, 24)) as stage:
        await write(stage, *"look at @car")
        await stage.until(lambda: offered(stage), "files are offered")
        assert stage.engine.writing.asked == ["wrk1"], "the names are asked for once, for this task"
        assert offered(stage)[0] == "src/cart.py"
        await stage.press("tab")
        assert text(stage) == "look at @src/cart.py "
        assert stage.area == "PromptArea", "Tab has left the composer"
        await stage.press(*"and", "enter")
        await stage.until(lambda: stage.engine.sent, "it was sent")
        assert stage.engine.sent == [("wrk1", "look at @src/cart.py and", "now")]


@presses("composer.later", "composer.leave", "composer.send")
async def test_arrows_choose_enter_takes_and_escape_closes_the_list_first() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"@cart")
        await stage.until(lambda: len(offered(stage)) > 1, "several files are offered")
        second = offered(stage)[1]
        await stage.press("down", "enter")
        assert text(stage) == f"@{second} "
        assert stage.engine.sent == [], "Enter has sent a half-written prompt"
        await stage.press(*"@te", "escape")
        assert offered(stage) == []
        assert stage.area == "PromptArea"
        await stage.press("s")
        assert offered(stage) == [], "the list that was closed is back"
        await stage.press("escape")
        await stage.until(lambda: stage.area == "AgentPane", "the second Escape leaves")


async def test_an_address_is_no_file() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"me@car")
        assert offered(stage) == []
        assert stage.engine.writing.asked == []


async def test_slash_runs_an_action_by_its_name() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"/rev")
        assert offered(stage)[0] == "review"
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, ReviewScreen), "the review is open")
        assert text(stage) == ""
        assert stage.engine.sent == []


async def test_every_action_of_the_floor_is_a_command() -> None:
    from app.keys import FLOOR

    async with a_floor(*some_tasks()) as stage:
        names = [command.name for command in stage.floor.writing.commands()]
        assert len(set(names)) == len(names) == len(FLOOR)
        await write(stage, "slash")
        assert set(offered(stage)) == set(names)


async def test_a_command_written_out_is_run_and_what_is_none_is_sent() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"/help me", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen), "the help is open")
        assert text(stage) == "me", "what stands behind a command is lost"
        await stage.press("escape", "backspace", "backspace", *"/etc/hosts is wrong", "enter")
        await stage.until(lambda: stage.engine.sent, "it was sent")
        assert stage.engine.sent[0][1] == "/etc/hosts is wrong"


async def test_compact_is_a_command() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"/compact", "enter")
        await stage.until(lambda: ("compact", "wrk1") in stage.engine.calls, "the agent was asked to")


async def test_commands_of_the_agent_are_offered_and_sent_as_they_are_written() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.sessions.offers = Session(
            commands=(Command(name="init", description="Write notes"), Command(name="review", description="Its own"))
        )
        await write(stage, *"/in")
        await stage.until(lambda: "init" in offered(stage), "the agent's command is offered")
        await stage.press("enter")
        assert text(stage) == "/init "
        await stage.press(*"all", "enter")
        await stage.until(lambda: stage.engine.sent, "it was sent")
        assert stage.engine.sent[0][1] == "/init all"


@presses("brain.select")
async def test_what_is_selected_in_the_list_is_sent_the_same_once() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("end", "s")
        await stage.until(lambda: stage.floor.brain.selected, "a task is selected")
        picked = stage.floor.brain.selected[0]
        await write(stage, *"go", "enter")
        await stage.until(lambda: len(stage.engine.sent) == 2, "both have it")
        assert sorted(task for task, _, _ in stage.engine.sent) == sorted([picked, "wrk1"])
        assert stage.floor.brain.selected == []
        assert "→ steer now" in stage.floor.composer.label


@presses("composer.history")
async def test_search_finds_what_was_said_to_any_task() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.writing.spoken = [
            Said(text="Sort the reports by date", task="wrk1", title="Sort reports", at=2.0),
            Said(text="Parse the prices\nwith cents", task="blk2", title="Parse prices", at=1.0),
        ]
        await write(stage, *"x ", "ctrl+r")
        await stage.until(lambda: isinstance(stage.app.screen, TextPicker), "the search is open")
        await stage.press(*"cents par")
        picker = stage.app.screen
        assert isinstance(picker, TextPicker)
        await stage.until(lambda: picker.marked == 1, "only the one with both words is left")
        await stage.press("enter")
        await stage.until(lambda: text(stage) == "x Parse the prices\nwith cents", "it is in the composer")
        assert stage.engine.sent == []


@presses("composer.pop", "composer.yank", "pick-text.drop")
async def test_yank_puts_a_text_by_and_pop_brings_it_to_another_task() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"first", "ctrl+y")
        await stage.until(lambda: text(stage) == "", "the text is gone from the composer")
        await stage.press(*"second", "ctrl+y")
        await stage.until(lambda: len(stage.engine.writing.yanks) == 2, "both are put by")
        stage.floor.go_to("rdy3")
        await stage.until(lambda: stage.current == "rdy3" and stage.area == "PromptArea", "it writes to another task")
        await stage.press("ctrl+o")
        await stage.until(lambda: isinstance(stage.app.screen, TextPicker), "they are shown")
        await stage.press("down", "enter")
        await stage.until(lambda: text(stage) == "first", "it is in the composer of the other task")
        assert [yank.text for yank in stage.engine.writing.yanks.values()] == ["second"]
        await stage.press("ctrl+o")
        await stage.until(lambda: isinstance(stage.app.screen, TextPicker), "they are shown")
        await stage.press("ctrl+d")
        await stage.until(lambda: not stage.engine.writing.yanks, "it is forgotten")


async def test_the_pasted_path_of_an_image_is_a_chip_that_the_engine_knows(tmp_path: Path) -> None:
    (tmp_path / "a shot.png").write_bytes(a_picture())
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"like ")
        stage.floor.composer.area.post_message(events.Paste(f"'{tmp_path}/a shot.png'"))
        await stage.until(lambda: "⟦image a shot.png #" in text(stage), "a chip stands for it")
        assert stage.engine.writing.images == [f"{tmp_path}/a shot.png"], "the engine keeps a copy"
        await stage.press("f4")
        assert "⟦image" in text(stage), "there is no text to unfold"
        await stage.press("backspace")
        assert text(stage) == "like ", "the chip is deleted as a whole"
        await stage.press(*f'@"{tmp_path}/a shot.png"', "enter")
        await stage.until(lambda: stage.engine.sent, "it was sent")
        (sent,) = stage.engine.sent
        assert sent[1].startswith("like ⟦image a shot.png #"), "a path that is typed is found too"
        assert len(stage.engine.writing.images) == 2


async def test_a_long_paste_is_a_chip_that_is_sent_as_its_text() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"see ")
        stage.floor.composer.area.post_message(events.Paste(LONG))
        await stage.until(lambda: "⟦pasted 40 lines" in text(stage), "a chip stands for it")
        await stage.until(lambda: LONG in stage.engine.writing.pasted.values(), "the engine keeps it")
        await stage.press(*" now", "enter")
        await stage.until(lambda: stage.engine.sent, "it was sent")
        assert stage.engine.sent[0][1] == f"see {LONG} now"


@presses("composer.expand")
async def test_a_chip_is_gone_around_deleted_as_a_whole_and_unfolded() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"a")
        area = stage.floor.composer.area
        area.post_message(events.Paste(LONG))
        await stage.until(lambda: "⟦" in text(stage), "a chip stands for it")
        await stage.press("left")
        assert area.cursor_location == (0, 1), "the cursor is inside the chip"
        await stage.press("right", "backspace")
        assert text(stage) == "a"
        await stage.press("ctrl+z")
        assert "⟦" in text(stage), "undo brings the chip back whole"
        await stage.press("ctrl+w")
        assert "⟦" not in text(stage)
        assert "⟧" not in text(stage), "half a chip is left"
        await stage.press("ctrl+z", "end", "f4")
        await stage.until(lambda: "line 39" in text(stage), "the text stands in its place")


async def test_chips_of_a_draft_from_before_are_left_to_the_engine() -> None:
    async with a_floor(*some_tasks()) as stage:
        chip = await stage.engine.writing.attach(LONG)
        stage.engine.writing.drafts["rdy3"] = f"from before: {chip}"
        await write(stage, task="rdy3")
        await stage.until(lambda: chip in text(stage), "the draft is there")
        await stage.press("enter")
        await stage.until(lambda: stage.engine.sent, "it was sent")
        assert stage.engine.sent[0][1] == f"from before: {chip}"


async def test_the_same_goes_to_all_selected_tasks_and_the_label_says_so() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"stop at once")
        stage.floor.composer.set_also([task for task in some_tasks() if task.id in ("rdy3", "stp4")])
        assert "→ 3 tasks" in stage.floor.composer.label
        await stage.press("enter")
        await stage.until(lambda: len(stage.engine.sent) == 3, "all have it")
        assert sorted(stage.engine.sent) == [(task, "stop at once", "now") for task in ("rdy3", "stp4", "wrk1")]


@contextmanager
def _not_suspended() -> Any:
    yield


@pytest.fixture
def an_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that writes a second line."""
    script = tmp_path / "editor.py"
    script.write_text("import sys\nopen(sys.argv[1], 'a', encoding='utf-8').write('\\nwritten “there”\\n')\n")
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    monkeypatch.delenv("VISUAL", raising=False)
    return script


async def test_the_editor_is_given_the_text_and_gives_it_back(an_editor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_floor(*some_tasks()) as stage:
        monkeypatch.setattr(stage.app, "suspend", _not_suspended)
        await write(stage, *"mine", "ctrl+g")
        await stage.until(lambda: text(stage) == "mine\nwritten “there”", "the text is back")
        assert stage.area == "PromptArea"
        assert stage.engine.sent == []


@presses("composer.editor")
async def test_without_an_editor_it_is_said_and_the_text_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"mine", "ctrl+g")
        await stage.until(lambda: "There is no editor set" in stage.legend, "it is said")
        assert text(stage) == "mine"


async def test_a_task_that_cannot_be_sent_to_is_named() -> None:
    async with a_floor(*some_tasks()) as stage:
        await write(stage, *"hi")
        stage.floor.composer.set_also(some_tasks()[2:])
        stage.engine.refusal = ShopfloorError("The engine cannot be reached.")
        await stage.press("enter")
        await stage.until(lambda: text(stage) == "hi", "the text is back")
        notes = [note.message for note in stage.app._notifications]
        assert any("Not sent to rdy3" in note for note in notes), notes

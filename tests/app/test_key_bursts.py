"""Keys that arrive in one burst: those after one that opens something are for what it has opened."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.command import CommandPalette
from textual.keys import _character_to_key
from textual.widgets import Input

from agents.model import Question
from agents.parts.sessions import Choice, Session, Setting
from app.new_task import NewTaskScreen
from app.note import NoteScreen
from tests.app.floor_engine import a_task
from tests.app.floor_stage import Stage, a_floor, some_tasks


def burst(stage: Stage, *keys: str) -> None:
    """Let keys arrive as a terminal sends them: all at once. Of several characters each is a key."""
    for key in keys:
        for each in key if "+" not in key and key not in ("enter", "escape", "tab", "down") else (key,):
            if len(each) == 1:
                stage.app.post_message(events.Key(_character_to_key(each), each))
            else:
                stage.app.post_message(events.Key(each, None))


def written(stage: Stage) -> list[str]:
    """What stands in the fields of the screen that is shown."""
    return [field.value for field in stage.app.screen.query(Input)]


async def test_a_filter_takes_all_that_is_typed_after_its_key() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        burst(stage, "f", "drop", "enter")
        await stage.until(lambda: stage.current == "rdy3", "what was found is gone to")
        assert not stage.engine.sent
        assert len(stage.app.screen_stack) == 1, "a key of the filter has opened something"


async def test_an_answer_takes_all_that_is_typed_after_its_key_and_keeps_it_when_it_is_left() -> None:
    question = Question(id="q", text="Which database?", options=("SQLite",), takes_text=True)
    async with a_floor(*some_tasks(), a_task("ask5", state="blocked", question=question)) as stage:
        await stage.go_to("wrk1")
        burst(stage, "a", "Postgres,", "escape", "a", " new", "enter")
        await stage.until(lambda: ("answer q Postgres, new", "ask5") in stage.engine.calls, "the answer is given whole")


async def test_the_dialogs_take_all_that_is_typed_after_their_key() -> None:
    async with a_floor(*some_tasks()) as stage:
        burst(stage, "n", "fix it now")
        await stage.until(lambda: isinstance(stage.app.screen, NewTaskScreen), "the dialog opens")
        screen = stage.app.screen
        assert isinstance(screen, NewTaskScreen)
        await stage.until(lambda: screen._area.text == "fix it now", f"the prompt is whole: {screen._area.text}")
        burst(stage, "escape", "w", "the review")
        await stage.until(lambda: isinstance(stage.app.screen, NoteScreen), "the note opens")
        await stage.until(lambda: written(stage) == ["the review", ""], "the note is whole")


async def test_a_task_is_started_with_all_that_was_typed_before_the_key_that_starts_it() -> None:
    async with a_floor(*some_tasks()) as stage:
        burst(stage, "n", "fix it now", "ctrl+s")
        await stage.until(lambda: stage.engine.made, "a task is made")
        assert [new.prompt for new in stage.engine.made] == ["fix it now"]


async def test_the_program_can_be_left_while_a_key_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.key_order.PATIENCE_SECONDS", 0.05)
    async with a_floor(*some_tasks()) as stage:
        hangs, left = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(type(stage.floor.brain), "on_key", lambda *_: hangs.wait())
        monkeypatch.setattr(stage.floor.outbox, "leave", left.set)
        burst(stage, "x", "ctrl+q")
        await asyncio.wait_for(left.wait(), 20)
        hangs.set()


async def test_the_palette_takes_all_that_is_typed_after_its_key() -> None:
    async with a_floor(*some_tasks()) as stage:
        burst(stage, "ctrl+p", "dashboard")
        await stage.until(lambda: isinstance(stage.app.screen, CommandPalette), "the palette opens")
        await stage.until(lambda: written(stage) == ["dashboard"], "what is looked for is whole")


async def test_keys_before_and_after_one_that_moves_the_focus_are_not_mixed() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        burst(stage, "i", "first", "enter", "second", "tab", "/", "write", "enter")
        await stage.until(lambda: stage.current == "stp4", "what was looked for is gone to")
        await stage.until(lambda: stage.engine.sent, "the prompt is sent")
        assert [text for _, text, *_ in stage.engine.sent] == ["first"], stage.engine.sent


async def test_a_dialog_that_the_engine_is_asked_for_first_takes_what_is_typed_after_its_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choices = tuple(Choice(value=name, name=name) for name in ("ask", "plan"))
    session = Session(settings=(Setting(id="mode", name="Mode", value="ask", choices=choices),))
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        answered = asyncio.Event()

        async def slowly(_task: str) -> Session:
            await answered.wait()
            return session

        monkeypatch.setattr(stage.engine.sessions, "session", slowly)
        burst(stage, "M", "j", "enter")
        for _ in range(5):
            await stage.pilot.pause()
        answered.set()
        await stage.until(lambda: ("choose mode plan", "wrk1") in stage.engine.calls, "the second mode is chosen")

"""What an agent asks is shown in its pane and answered there with a number, or in the composer in words."""

from __future__ import annotations

import pytest

from agents.events import EntryChanged
from agents.model import Entry, Question
from tests.app.floor_engine import a_task
from tests.app.floor_stage import a_floor
from tests.app.test_floor_screen import screen_text
from tests.presses import presses

FREE = Question(id="q2", text="Which database?", options=("SQLite",), takes_text=True)
QUESTION = Question(id="q1", text="May Fake do this? bash: make clean", options=("Allow once", "Reject"))


@presses("floor.pane-2", "floor.pane-9", "pane.answer-2")
async def test_numbers_answer_in_a_pane_that_asks_and_go_to_panes_elsewhere() -> None:
    asks = a_task("ask1", state="blocked", question=QUESTION, reason=QUESTION.text)
    async with a_floor(asks, a_task("oth2", state="working")) as stage:
        await stage.go_to("ask1")
        text = f"{QUESTION.text}\n1 Allow once\n2 Reject"
        entry = Entry(task="ask1", id=1, turn=1, kind="question", text=text, done=False)
        stage.engine.tell(EntryChanged(entry=entry))
        await stage.until(lambda: "1 Allow once" in screen_text(stage), "the options are shown")
        await stage.press("9")
        assert not [call for call, _ in stage.engine.calls if call.startswith("answer")], "there is no ninth option"
        await stage.press("2")
        await stage.until(lambda: ("answer q1 Reject", "ask1") in stage.engine.calls, "the answer arrives")
        await stage.until(lambda: stage.floor.roster.get("ask1").question is None, "the task goes on")  # type: ignore[union-attr]
        await stage.press("2")
        assert stage.current == "oth2", "where nothing is asked a number goes to a pane"


@pytest.mark.parametrize(("typed", "call"), [("PostgreSQL", "answer q2 PostgreSQL"), ("sqlite", "answer q2 SQLite")])
async def test_the_composer_answers_in_words_and_says_so_before(typed: str, call: str) -> None:
    async with a_floor(a_task("ask1", state="blocked", question=FREE, reason=FREE.text)) as stage:
        await stage.go_to("ask1")
        await stage.press("i", *typed)
        assert "→ answers the question" in stage.floor.composer.label
        await stage.press("enter")
        await stage.until(lambda: (call, "ask1") in stage.engine.calls, "the answer arrives")
        assert not stage.engine.sent, "it is no prompt"
        assert stage.floor.composer.area.text == ""


async def test_ctrl_t_sends_a_prompt_beside_the_question() -> None:
    async with a_floor(a_task("ask1", state="blocked", question=FREE, reason=FREE.text)) as stage:
        await stage.go_to("ask1")
        await stage.press("i", *"then test", "ctrl+t")
        assert "→ after this turn" in stage.floor.composer.label
        await stage.press("enter")
        await stage.until(lambda: stage.engine.sent == [("ask1", "then test", "after")], "it is sent as a prompt")


async def test_a_question_that_comes_while_a_prompt_is_written_does_not_get_it_as_an_answer() -> None:
    async with a_floor(a_task("ask1", state="working")) as stage:
        await stage.go_to("ask1")
        await stage.press("i", *"also")
        stage.engine.change("ask1", state="blocked", question=FREE, reason=FREE.text)
        await stage.until(lambda: "^T answer the question" in stage.floor.composer.label, "it can be answered")
        await stage.press("enter")
        await stage.until(lambda: stage.engine.sent == [("ask1", "also", "after")], "the prompt is sent")


async def test_a_dialog_of_a_terminal_is_answered_in_words() -> None:
    asks = a_task("ask1", driver="terminal", state="blocked", dialog=True, reason="Fake waits: Go on?")
    async with a_floor(asks) as stage:
        stage.floor.composer.focus_text()
        await stage.press(*"yes")
        assert "→ answers the question" in stage.floor.composer.label
        await stage.press("enter")
        await stage.until(lambda: ("answer  yes", "ask1") in stage.engine.calls, "the answer arrives")

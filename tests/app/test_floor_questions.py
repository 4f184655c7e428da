"""What an agent asks is shown in its pane and answered there with a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.events import EntryChanged
from agents.model import Entry, Question
from tests.app.floor_engine import a_task
from tests.app.floor_stage import a_floor
from tests.app.test_floor_screen import screen_text


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path))


QUESTION = Question(id="q1", text="May Fake do this? bash: make clean", options=("Allow once", "Reject"))


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

"""What the list is for: answering, noting, being reminded, searching and acting on several tasks."""

from __future__ import annotations

import time

import pytest
from textual.widgets import Input

from agents.events import TranscriptOpened
from agents.model import Entry, Question
from app.ask import AskScreen
from app.note import NoteScreen
from app.review.screen import ReviewScreen
from tests.app.floor_engine import NOW, a_task
from tests.app.floor_stage import Stage, a_floor, some_tasks
from tests.presses import presses

ASKED = Question(id="q1", text="Which format is meant?", options=("JSON", "CSV"), takes_text=True)


def listed(stage: Stage) -> str:
    """What the list shows."""
    brain = stage.floor.brain
    return "\n".join(brain.render_line(y).text.rstrip() for y in range(brain.size.height))


async def test_question_and_its_answers_stand_in_the_list() -> None:
    async with a_floor(a_task("ask1", state="blocked", question=ASKED), *some_tasks()) as stage:
        shown = listed(stage)
        for words in ("Which format is meant?", "1 JSON", "2 CSV", "asks"):
            assert words in shown, f"{words!r} is missing:\n{shown}"


async def test_a_answers_from_a_pane_and_a_number_chooses() -> None:
    async with a_floor(a_task("ask1", state="blocked", question=ASKED), *some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("a")
        await stage.until(lambda: stage.floor.brain.is_answering, "the list takes the answer")
        await stage.press("2")
        await stage.until(lambda: ("answer q1 CSV", "ask1") in stage.engine.calls, "the engine has the answer")
        await stage.until(lambda: not stage.floor.brain.is_answering, "the list is a list again")


async def test_answer_is_chosen_with_the_arrows_or_written() -> None:
    async with a_floor(a_task("ask1", state="blocked", question=ASKED)) as stage:
        await stage.press("a", "down", "enter")
        await stage.until(lambda: ("answer q1 CSV", "ask1") in stage.engine.calls, "the second was chosen")
        stage.engine.change("ask1", state="blocked", question=ASKED)
        await stage.until(lambda: "1 JSON" in listed(stage), "it asks again")
        await stage.press("a", *"YAML", "enter")
        await stage.until(lambda: ("answer q1 YAML", "ask1") in stage.engine.calls, "the words were given")


@presses("floor.answer")
async def test_escape_leaves_the_question_unanswered_and_digits_go_to_panes_again() -> None:
    async with a_floor(*some_tasks(), a_task("ask1", state="blocked", question=ASKED, created_at=NOW)) as stage:
        await stage.press("a", "escape", "1")
        await stage.until(lambda: stage.current == "wrk1", "the first pane is current")
        assert not [call for call in stage.engine.calls if call[0].startswith("answer")]


async def test_click_on_an_option_answers() -> None:
    async with a_floor(a_task("ask1", state="blocked", question=ASKED)) as stage:
        row = next(y for y, line in enumerate(listed(stage).split("\n")) if "1 JSON" in line)
        await stage.pilot.click("#brain", offset=(8, row))
        await stage.until(lambda: ("answer q1 JSON", "ask1") in stage.engine.calls, "the engine has the answer")


async def test_note_and_reminder_are_written_in_one_dialog() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("w")
        await stage.until(lambda: isinstance(stage.app.screen, NoteScreen), "the dialog is there")
        await stage.press(*"Mia", "tab", *"2h", "enter")
        await stage.until(lambda: "~ Mia" in listed(stage), "the note stands in the list")
        await stage.until(lambda: "call me" in listed(stage), "the reminder stands in the list")
        assert "WAITING ON…" in listed(stage)
        task = stage.floor.roster.get("rdy3")
        assert task is not None
        assert 7000 < task.remind_at - time.time() < 7300


@presses("floor.note", "note.cancel")
async def test_moment_that_is_none_is_said_and_nothing_is_lost() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("w", *"Mia", "tab", *"soon", "enter")
        assert isinstance(stage.app.screen, NoteScreen)
        await stage.until(lambda: stage.app.screen.query_one("#problem").display, "the problem is said")
        assert stage.app.screen.query_one("#note", Input).value == "Mia"
        await stage.press("escape")
        assert not [call for call in stage.engine.calls if call[0] in ("note", "remind")]
        await stage.press("w")
        await stage.until(lambda: isinstance(stage.app.screen, NoteScreen), "the note opens again")
        left = [stage.app.screen.query_one(name, Input).value for name in ("#note", "#when")]
        assert left == ["Mia", "soon"], "what was left is there again"


async def test_search_finds_names_of_changed_files() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.changed = {"stp4": [b"bakery/till.py"]}
        await stage.press("slash", *"till.py")
        await stage.until(lambda: "Write docs" in listed(stage), "the task that changed the file is found")
        assert "Sort reports" not in listed(stage)


@presses("floor.stop")
async def test_acts_are_about_the_selected_tasks() -> None:
    tasks = [a_task(f"wrk{n}", f"Work {n}", state="working", created_at=NOW + n) for n in range(3)]
    async with a_floor(*tasks) as stage:
        await stage.press("home", "s", "s")
        assert "2 selected" in listed(stage)
        chosen = stage.floor.brain.selected
        await stage.press("S")
        await stage.until(lambda: len([c for c in stage.engine.calls if c[0] == "stop"]) == 2, "both were stopped")
        assert {task for call, task in stage.engine.calls if call == "stop"} == set(chosen)
        await stage.until(lambda: not stage.floor.brain.selected, "nothing is selected after the act")


@presses("brain.select-all")
async def test_several_are_closed_after_one_question() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("asterisk", "X")
        await stage.until(lambda: isinstance(stage.app.screen, AskScreen), "it is asked")
        await stage.press("y")
        await stage.until(lambda: len([c for c in stage.engine.calls if c[0] == "close"]) == 4, "all were closed")


async def test_escape_drops_the_selection_before_it_leaves() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("s", "escape")
        assert not stage.floor.brain.selected
        assert stage.area == "Brain"


@presses("brain.group")
async def test_list_is_grouped_by_project_or_profile() -> None:
    tasks = (a_task("one1", project="/p/bakery"), a_task("two2", project="/p/mill", profile="codex"))
    async with a_floor(*tasks, project="") as stage:
        await stage.press("v")
        await stage.until(lambda: "BAKERY 1" in listed(stage) and "MILL 1" in listed(stage), "projects are headings")
        await stage.press("v")
        await stage.until(lambda: "CODEX 1" in listed(stage), "profiles are headings")


async def test_place_in_a_changed_file_opens_the_review_there_and_another_one_the_editor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    async with a_floor(*some_tasks()) as stage:
        stage.engine.changed = {"wrk1": [b"shop/till.py"]}
        stage.engine.entries["wrk1"] = [
            Entry(task="wrk1", id=1, turn=1, kind="text", text="See till.py:12 and other.py:3.")
        ]
        await stage.go_to("wrk1")
        pane = stage.floor.grid.pane("wrk1")
        assert pane is not None
        pane.feed(TranscriptOpened(task="wrk1", entries=tuple(stage.engine.entries["wrk1"])))
        await stage.until(lambda: not pane.is_empty, "the text is there")
        await stage.press("o")
        await stage.until(lambda: isinstance(stage.app.screen, ReviewScreen), "the review is open")
        await stage.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, ReviewScreen), "the review is closed")
        await stage.press("o")
        await stage.until(lambda: "not in the worktree" in stage.legend, f"nothing is said: {stage.legend}")

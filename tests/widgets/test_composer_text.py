"""The composer as a person uses it."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message

from agents.model import Task, TaskState
from tests.app.floor_engine import a_task
from tests.presses import presses
from widgets.composer import Composer
from widgets.composer_label import ComposerLabel


class Stage(App[None]):
    """A composer alone, and what it said."""

    def __init__(self, task: Task | None) -> None:
        super().__init__()
        self.shown = task
        self.said: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Composer()

    def on_mount(self) -> None:
        self.composer.show(self.shown)
        self.composer.focus_text()

    @property
    def composer(self) -> Composer:
        return self.query_one(Composer)

    @property
    def text(self) -> str:
        return self.composer.area.text

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        self.said.append(event)

    def on_composer_draft_changed(self, event: Composer.DraftChanged) -> None:
        self.said.append(event)

    def on_composer_left(self, event: Composer.Left) -> None:
        self.said.append(event)

    def on_composer_past_wanted(self, event: Composer.PastWanted) -> None:
        self.said.append(event)

    @property
    def sent(self) -> list[tuple[str, str, str]]:
        return [(event.task, event.text, event.when) for event in self.said if isinstance(event, Composer.Submitted)]

    @property
    def drafts(self) -> dict[str, str]:
        """The last draft that was told for each task."""
        return {event.task: event.text for event in self.said if isinstance(event, Composer.DraftChanged)}


def working() -> Task:
    return a_task("wrk1", "Sort reports", state="working")


def resting() -> Task:
    return a_task("rst1", "Parse prices")


@pytest.mark.parametrize(
    ("state", "label"),
    [
        ("working", "→ steer now"),
        ("checking", "→ steer now"),
        ("ready", "→ new turn"),
        ("stopped", "→ new turn"),
        ("blocked", "→ new turn"),
    ],
)
async def test_label_says_before_enter_what_will_happen(state: TaskState, label: str) -> None:
    app = Stage(a_task("aaa1", state=state))
    async with app.run_test(size=(90, 12)):
        assert label in app.composer.label


async def test_enter_sends_into_the_running_turn_and_empties_the_text() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"go", "enter")
        await pilot.pause()
        assert app.sent == [("wrk1", "go", "now")]
        assert app.text == ""


@pytest.mark.parametrize("key", ["alt+enter", "ctrl+j", "shift+enter"])
async def test_new_line_keys_make_a_line_and_send_nothing(key: str) -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"one", key, *"two")
        assert app.text == "one\ntwo"
        assert app.sent == []
        await pilot.press("enter")
        await pilot.pause()
        assert app.sent == [("wrk1", "one\ntwo", "now")]


@pytest.mark.parametrize("key", ["ctrl+t", "f6"])
@presses("composer.when")
async def test_toggle_makes_it_a_follow_up_once_and_says_so(key: str) -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"la", key)
        assert "→ after this turn" in app.composer.label
        await pilot.press("enter", *"so", "enter")
        await pilot.pause()
        assert app.sent == [("wrk1", "la", "after"), ("wrk1", "so", "now")]


@presses("composer.send-after")
async def test_control_enter_sends_as_a_follow_up() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"la", "ctrl+enter")
        await pilot.pause()
        assert app.sent == [("wrk1", "la", "after")]


async def test_click_on_what_will_happen_changes_it() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.click(ComposerLabel, offset=(86, 0))
        assert "→ after this turn" in app.composer.label


async def test_resting_task_has_no_choice_to_make() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press("ctrl+t")
        assert "→ new turn" in app.composer.label


async def test_follow_up_becomes_a_new_turn_when_the_turn_ends_meanwhile() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press("ctrl+t")
        app.composer.show(a_task("wrk1", "Sort reports", state="ready"))
        assert "→ new turn" in app.composer.label


async def test_blank_text_is_not_sent() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press("space", "ctrl+j", "enter")
        await pilot.pause()
        assert app.sent == []


async def test_each_task_keeps_its_own_unsent_text() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"so")
        app.composer.show(resting())
        await pilot.pause()
        assert app.text == ""
        assert app.drafts == {"wrk1": "so"}, "the draft was not told when the task changed"
        await pilot.press(*"pa")
        app.composer.show(working())
        await pilot.pause()
        assert app.text == "so"
        app.composer.show(resting())
        await pilot.pause()
        assert app.text == "pa"


async def test_state_changes_of_the_task_leave_the_text_alone() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"hal", "left", "left")
        app.composer.show(a_task("wrk1", "Sort reports", state="ready", unseen=True))
        await pilot.press("x")
        assert app.text == "hxal"


async def test_kept_draft_and_history_arrive_after_the_task_is_shown() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        assert [event.task for event in app.said if isinstance(event, Composer.PastWanted)] == ["rst1"]
        app.composer.offer_past("rst1", "kept draft", ["first", "second"])
        await pilot.pause()
        assert app.text == "kept draft"
        await pilot.press("up", "up")
        assert app.text == "second"


async def test_kept_draft_never_overwrites_what_is_being_typed() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"new")
        app.composer.offer_past("rst1", "kept draft", [])
        await pilot.pause()
        assert app.text == "new"


async def test_history_goes_up_and_comes_back_down_to_the_draft() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        app.composer.offer_past("rst1", "", ["first", "second"])
        await pilot.press(*"dr", "home", "up")
        assert app.text == "second"
        await pilot.press("up")
        assert app.text == "first"
        await pilot.press("up")
        assert app.text == "first", "the history went past its beginning"
        await pilot.press("down", "down", "down", "down", "down")
        assert app.text == "dr"


@presses("composer.earlier", "composer.new-line")
async def test_up_inside_several_lines_moves_the_cursor_and_not_the_history() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        app.composer.offer_past("rst1", "", ["first"])
        await pilot.press(*"one", "ctrl+j", *"two", "up", "X")
        assert app.text == "oneX\ntwo"


async def test_what_was_sent_is_the_latest_of_the_history() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"go", "enter", "up")
        assert app.text == "go"


async def test_draft_is_told_when_typing_rests() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"ab")
        assert app.composer.unsaved() == {"rst1": "ab"}
        while not app.drafts:
            await pilot.pause(0.05)
        assert app.drafts == {"rst1": "ab"}
        assert app.composer.unsaved() == {}


async def test_same_words_after_sending_are_a_new_draft() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"ab", "escape")
        app.composer.focus_text()
        await pilot.press("enter", *"ab")
        assert app.sent == [("rst1", "ab", "now")]
        assert app.composer.unsaved() == {"rst1": "ab"}


async def test_escape_keeps_the_text_and_leaves() -> None:
    app = Stage(resting())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"ab", "escape")
        await pilot.pause()
        assert app.text == "ab"
        assert isinstance(app.said[-1], Composer.Left)
        assert app.drafts == {"rst1": "ab"}


async def test_text_that_could_not_be_sent_comes_back_before_what_was_typed_since() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"lo", "enter", *"mo")
        app.composer.give_back("wrk1", "lo")
        await pilot.pause()
        assert app.text == "lo\nmo"


async def test_paste_of_several_lines_arrives_as_it_was_copied_and_sends_nothing() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 12)) as pilot:
        app.composer.area.post_message(events.Paste("one\r\ntwo\rthree\n"))
        await pilot.pause()
        assert app.text == "one\ntwo\nthree\n"
        assert app.sent == []


async def test_it_grows_with_its_text_to_eight_lines() -> None:
    app = Stage(working())
    async with app.run_test(size=(90, 24)) as pilot:
        heights = []
        for _ in range(10):
            await pilot.press("ctrl+j")
            await pilot.pause()
            heights.append(app.composer.area.size.height)
        assert heights[:3] == [2, 3, 4]
        assert heights[-1] == 8


async def test_without_a_task_nothing_is_sent() -> None:
    app = Stage(None)
    async with app.run_test(size=(90, 12)) as pilot:
        await pilot.press(*"ab", "enter")
        await pilot.pause()
        assert app.sent == []
        assert "no task" in app.composer.label

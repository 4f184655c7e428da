"""What the floor does with the engine's events and the person's words."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest
from textual import events

from agents.errors import EngineUnreachable, ShopfloorError
from agents.events import EngineNotice, EntryChanged
from agents.model import Entry, Prompt, When
from app.too_small import TooSmallScreen
from tests.app.floor_engine import NOW, EngineInMemory, a_task
from tests.app.floor_stage import SIZES, Stage, a_floor, some_tasks
from tests.presses import presses


def screen_text(stage: Stage) -> str:
    """Everything that is on the screen."""
    strips = stage.app.screen._compositor.render_strips(stage.app.size)
    return "\n".join(strip.text for strip in strips)


@pytest.mark.parametrize("size", SIZES)
async def test_empty_floor_says_how_to_begin(size: tuple[int, int]) -> None:
    async with a_floor(size=size) as stage:
        shown = screen_text(stage)
        assert "n starts one" in shown or "write what to do" in shown, shown
        await stage.press("S", "r", "z", "space", "tab", "i", "grave_accent", "1", "full_stop", "X", "R")
        assert stage.app.is_running, "an action without a task ended the program"
        assert stage.app.screen is stage.floor


async def test_first_task_takes_the_place_of_the_welcome() -> None:
    async with a_floor() as stage:
        assert "write what to do" in screen_text(stage)
        stage.engine.put(a_task("aaa1", "Sort reports", state="working"))
        await stage.until(lambda: stage.floor.grid.tasks_in_view == ("aaa1",), "its pane is shown")
        await stage.until(lambda: "write what to do" not in screen_text(stage), "the welcome is gone")
        await stage.until(lambda: stage.engine.watched == ("aaa1",), "it is watched")


async def test_current_task_is_the_one_that_needs_the_person_and_its_page_is_shown() -> None:
    tasks = [a_task(f"t{number:02}", created_at=NOW - 100 + number) for number in range(30)]
    tasks[25] = a_task("t25", state="blocked", created_at=NOW - 75)
    async with a_floor(*tasks) as stage:
        assert stage.current == "t25"
        await stage.until(lambda: "t25" in stage.floor.grid.tasks_in_view, "its pane is in view")
        assert stage.area == "Brain"
        assert ("seen", "t25") not in stage.engine.calls


async def test_words_of_the_engine_reach_the_pane() -> None:
    async with a_floor(a_task("aaa1", state="working")) as stage:
        entry = Entry(task="aaa1", id=1, turn=1, kind="text", text="I read the report now.")
        await stage.until(lambda: stage.engine.watched == ("aaa1",), "it is watched")
        stage.engine.tell(EntryChanged(entry=entry))
        await stage.until(lambda: "I read the report now." in screen_text(stage), "the words are on the screen")


async def test_task_list_follows_the_states() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.change("wrk1", state="failed", reason="The disk is full.", changed_at=NOW)
        await stage.until(lambda: "The disk is full." in screen_text(stage), "the reason is shown")


async def test_prompt_is_sent_to_the_focused_task_and_its_draft_is_dropped() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("i", *"go", "enter")
        await stage.until(lambda: stage.engine.sent == [("wrk1", "go", "now")], "the prompt was sent")
        await stage.until(lambda: stage.engine.writing.drafts.get("wrk1") == "", "the draft was dropped")


async def test_prompt_that_is_refused_comes_back_into_the_composer_with_the_reason() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        stage.engine.refusal = ShopfloorError("The disk is full.", "Make room.")
        await stage.press("i", *"go", "enter")
        await stage.until(lambda: stage.floor.composer.area.text == "go", "the text came back")
        assert "The disk is full." in stage.legend
        assert "The disk is full. Make room." in [note.message for note in stage.app._notifications]


class OnAFullDisk(EngineInMemory):
    """Takes a prompt, but cannot write that yet."""

    async def send(self, task: str, text: str, when: When = "now") -> Prompt:
        prompt = await super().send(task, text, when)
        full = ShopfloorError("The disk is full.", "Nothing is lost yet.")
        self.taken = [msgspec.structs.replace(prompt, at=time.time())]
        self.tell(EngineNotice(text=str(full), severity="error"))
        raise full

    async def prompts(self, task: str) -> list[Prompt]:
        return getattr(self, "taken", [])


async def test_prompt_that_the_engine_has_though_the_disk_is_full_is_not_offered_to_be_sent_again() -> None:
    async with a_floor(engine=OnAFullDisk(*some_tasks())) as stage:
        await stage.go_to("rdy3")
        await stage.press("i", *"go", "enter")
        await stage.until(lambda: stage.app._notifications, "it is said")
        await stage.until(lambda: not stage.floor.outbox._keeping, "all is over")
        assert stage.floor.composer.area.text == ""
        assert len(stage.app._notifications) == 1, "the same is said twice, one above the other"


async def test_drafts_and_prompts_of_earlier_are_there_again() -> None:
    engine = EngineInMemory(*some_tasks())
    engine.writing.drafts["rdy3"] = "what I was writing"
    engine.said["rdy3"] = ["what I said"]
    async with a_floor(*some_tasks(), engine=engine) as stage:
        await stage.go_to("rdy3")
        await stage.until(lambda: stage.floor.composer.area.text == "what I was writing", "the draft is back")
        await stage.press("i", "home", "up")
        assert stage.floor.composer.area.text == "what I said"


@presses("floor.next-needed")
async def test_half_written_prompt_survives_events_and_going_elsewhere() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("i", *"ha")
        stage.engine.change("wrk1", state="ready", unseen=True)
        stage.engine.put(a_task("new9", state="blocked", created_at=NOW))
        await stage.press("ctrl+n")
        await stage.until(lambda: stage.current != "wrk1", "it went elsewhere")
        assert stage.floor.composer.area.text == ""
        await stage.until(lambda: stage.engine.writing.drafts.get("wrk1") == "ha", "the engine keeps the draft")
        stage.floor.go_to("wrk1")
        await stage.until(lambda: stage.floor.composer.area.text == "ha", "the text is there again")


async def test_task_finished_under_the_persons_eyes_is_seen_at_the_next_key_and_not_before() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        stage.engine.change("wrk1", state="ready", unseen=True)
        await stage.until(lambda: stage.floor.roster.current_task.unseen, "the task is unseen")  # type: ignore[union-attr]
        await stage.pilot.pause()
        assert ("seen", "wrk1") not in stage.engine.calls
        await stage.press("j")
        await stage.until(lambda: ("seen", "wrk1") in stage.engine.calls, "the key told the engine")


async def test_walking_through_the_list_marks_nothing_as_seen() -> None:
    async with a_floor(*some_tasks()) as stage:
        assert stage.current == "blk2"
        await stage.press("j", "k", "down", "up")
        assert ("seen", "blk2") not in stage.engine.calls
        await stage.press("enter")
        await stage.until(lambda: ("seen", "blk2") in stage.engine.calls, "going there is looking at it")


async def test_closed_task_leaves_and_the_one_before_is_current() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.go_to("rdy3")
        stage.engine.change("rdy3", state="closed")
        await stage.until(lambda: stage.current == "wrk1", "the one before is current")
        assert "Drop flags" not in screen_text(stage)


@pytest.mark.parametrize("away", [False, True])
async def test_who_writes_to_a_task_that_leaves_the_floor_does_not_go_on_to_another_agent(away: bool) -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.go_to("rdy3")
        await stage.press("i", *"mend ")
        if away:  # the terminal itself has not the focus, because the person closes the task on another screen
            stage.app.post_message(events.AppBlur())
        stage.engine.change("rdy3", state="landed")
        await stage.until(lambda: stage.current == "wrk1", "the task has left the floor")
        if away:
            stage.app.post_message(events.AppFocus())
            await stage.until(lambda: stage.area == "PromptArea", "the composer has the focus again")
        await stage.press(*"this")
        assert (stage.floor.composer.target, stage.floor.composer.area.text) == ("rdy3", "mend this")
        assert "landed: nothing is sent" in stage.floor.composer.label
        await stage.press("escape")
        await stage.until(lambda: stage.floor.composer.target == "wrk1", "the composer follows once it is left")
        await stage.until(lambda: stage.engine.writing.drafts.get("rdy3") == "mend this", "the words are kept")


async def test_drafts_of_two_screens_on_one_engine_do_not_undo_each_other() -> None:
    async with a_floor(*some_tasks()) as stage:
        drafts, composer = stage.engine.writing.drafts, stage.floor.composer
        await stage.go_to("rdy3")
        await stage.press("i", *"mine")
        await stage.until(lambda: drafts.get("rdy3") == "mine", "it is kept")
        drafts["rdy3"] = "from the other screen"
        await stage.press("enter")
        await stage.until(lambda: stage.engine.sent, "it is sent")
        await stage.press("escape", "i")
        await stage.until(lambda: composer.area.text == "from the other screen", "what was written there is read here")
        assert drafts["rdy3"] == "from the other screen", "sending has dropped what was written on the other screen"
        drafts["rdy3"] = ""  # and is sent there
        stage.app.post_message(events.AppFocus())
        await stage.until(lambda: composer.area.text == "", "what was sent there would be sent again from here")
        await stage.press(*"new")
        drafts["rdy3"] = "other"
        stage.app.post_message(events.AppFocus())
        await stage.pilot.pause()
        assert composer.area.text == "new", "what is being written was replaced"


async def test_notice_of_the_engine_is_shown() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.tell(EngineNotice(text="The disk is nearly [full].", severity="warning"))
        await stage.until(lambda: "The disk is nearly [full]." in stage.legend, "the message line shows it")


async def test_sandbox_that_cannot_confine_is_said_all_the_time() -> None:
    engine = EngineInMemory(*some_tasks())
    engine.sandbox_problem = "this kernel has no Landlock"
    async with a_floor(*some_tasks(), engine=engine) as stage:
        assert stage.bar == "Agents cannot start: this kernel has no Landlock"


async def test_terminal_that_is_too_small_says_what_it_needs_and_recovers() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("i", *"ha")
        for size in [(40, 10), (59, 40), (120, 14)]:
            await stage.pilot.resize_terminal(*size)
            await stage.until(lambda: isinstance(stage.app.screen, TooSmallScreen), "it says that it is too small")
            assert "60×15" in screen_text(stage)
            assert f"{size[0]}×{size[1]}" in screen_text(stage)
            await stage.pilot.resize_terminal(60, 15)
            await stage.until(lambda: stage.app.screen is stage.floor, "the floor is back")
            assert stage.floor.composer.area.text == "ha"
            assert stage.area == "PromptArea"


@presses("floor.quit")
async def test_program_started_in_a_terminal_that_is_too_small_says_so() -> None:
    async with a_floor(*some_tasks(), size=(40, 10)) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, TooSmallScreen), "it says that it is too small")
        await stage.pilot.resize_terminal(100, 30)
        await stage.until(lambda: stage.app.screen is stage.floor, "the floor is there")
        await stage.press("q")


async def test_layout_follows_the_width_of_the_terminal() -> None:
    async with a_floor(*some_tasks(), size=(120, 40)) as stage:
        await stage.go_to("wrk1")
        assert stage.floor.brain.display
        await stage.pilot.resize_terminal(80, 24)
        await stage.until(lambda: not stage.floor.brain.display, "only the panes are shown, where the person is")
        assert stage.area == "AgentPane"
        await stage.pilot.resize_terminal(120, 40)
        await stage.until(
            lambda: stage.floor.query_one("#main").display and stage.floor.brain.display, "both are shown"
        )


async def test_in_a_narrow_terminal_the_list_leads_to_the_pane_that_was_chosen_on_any_page_each_time() -> None:
    tasks = [a_task(f"t{n:03}", f"Work {n:03}", created_at=NOW - 100 + n) for n in range(30)]
    async with a_floor(*tasks, size=(80, 24)) as stage:
        for wanted in ("029", "003", "003", "017"):
            await stage.press("f", *wanted, "enter")
            await stage.until(lambda: stage.area == "AgentPane", "a pane has the focus")
            await stage.pilot.pause()
            pane = stage.floor.grid.pane(f"t{wanted}")
            assert (stage.current, stage.app.focused) == (f"t{wanted}", pane)
            assert stage.current in stage.floor.grid.tasks_in_view
            await stage.press("b")
            await stage.until(lambda: stage.area == "Brain", "the list is back")


async def test_engine_that_goes_away_is_said_and_found_again() -> None:
    later = EngineInMemory(*some_tasks(), a_task("new5", "Came meanwhile", created_at=NOW))
    there = asyncio.Event()
    attempts = 0

    async def reconnect() -> EngineInMemory:
        nonlocal attempts
        attempts += 1
        if not there.is_set():
            raise EngineUnreachable("The engine cannot be reached.", "Run `shopfloor engine start`.")
        return later

    async with a_floor(*some_tasks(), reconnect=reconnect) as stage:
        await stage.go_to("rdy3")
        stage.engine.writing.refuses = EngineUnreachable("The engine is gone.", "Start it.")
        await stage.press("i", *"ha")
        stage.engine.go_away()
        await stage.until(lambda: "Trying to reach it again" in stage.bar, "the bar says that it is gone")
        await stage.until(lambda: "The engine is gone." in stage.legend, "what is written cannot be kept")
        assert not stage.app._notifications, "a notification hides the floor to say what the bar says"
        await stage.until(lambda: attempts >= 2, "it tried again")
        assert "shopfloor engine start" in stage.bar
        there.set()
        await stage.until(lambda: stage.bar == "", "the bar is gone")
        await stage.until(lambda: len(stage.floor.roster.shown) == 5, "what happened meanwhile is shown")
        assert stage.current == "rdy3"
        assert stage.floor.composer.area.text == "ha"
        await stage.until(lambda: later.writing.drafts.get("rdy3") == "ha", "what could not be kept is kept")
        await stage.until(lambda: "rdy3" in later.watched, "the panes are watched again")
        await stage.press("enter")
        await stage.until(lambda: later.sent == [("rdy3", "ha", "now")], "the new connection is used")


async def test_engine_that_goes_away_for_good_is_said_and_the_floor_stays() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.go_away()
        await stage.until(lambda: "Leave with q" in stage.bar, "the bar says what to do")
        await stage.press("2")
        assert stage.current == "blk2"


async def test_demo_says_that_the_model_is_not_one() -> None:
    async with a_floor(*some_tasks(), demo=True) as stage:
        assert "offline model" in screen_text(stage)


async def test_click_on_a_hint_does_what_its_key_does() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.until(lambda: " zoom" in stage.legend, "the legend speaks of the pane")
        at = stage.legend.index(" zoom")
        await stage.pilot.click("#legend", offset=(at, 0))
        await stage.until(lambda: stage.floor.grid.zoomed, "the pane is zoomed")


async def test_every_theme_paints_the_floor() -> None:
    async with a_floor(*some_tasks()) as stage:
        for theme in ("shopfloor-light", "ansi-dark", "shopfloor-dark"):
            stage.app.theme = theme
            await stage.pilot.pause()
            assert "Sort reports" in screen_text(stage), theme

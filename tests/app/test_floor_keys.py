"""Every key of the floor, pressed once; keys of the person's own; hints."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import _xterm_parser
from textual.command import CommandList, CommandPalette

from agents.errors import ShopfloorError
from agents.model import TaskState
from app.ask import AskScreen
from app.help import HelpScreen, key_table
from app.keys import FLOOR, PANE_DIGITS, default_keys, hints, pretty, read_keymap
from app.new_task import NewTaskScreen
from app.review.screen import ReviewScreen
from app.terminal_keys import keep_pastes_whole, tell_alt_enter_apart
from app.too_small import COLUMNS
from tests.app.floor_engine import NOW, PROJECT, a_task
from tests.app.floor_stage import SIZES, a_floor, some_tasks
from tests.presses import presses


@pytest.mark.parametrize("size", SIZES)
async def test_enter_in_the_list_goes_to_the_pane(size: tuple[int, int]) -> None:
    async with a_floor(*some_tasks(), size=size) as stage:
        assert stage.area == "Brain"
        await stage.press("end", "enter")
        await stage.until(lambda: stage.area == "AgentPane", "the pane has the focus")
        assert stage.current == "rdy3"
        pane = stage.floor.grid.pane(stage.current)
        assert pane is not None
        assert pane.has_focus, "another pane than that of the chosen task has the focus"


@pytest.mark.parametrize("size", SIZES)
@presses("floor.area-back")
async def test_tab_goes_round_the_areas_and_shift_tab_back(size: tuple[int, int]) -> None:
    async with a_floor(*some_tasks(), size=size) as stage:
        for key, area in [("tab", "AgentPane"), ("tab", "PromptArea"), ("tab", "Brain"), ("shift+tab", "PromptArea")]:
            await stage.press(key)
            await stage.until(lambda area=area: stage.area == area, f"{key} went to {area}")  # type: ignore[misc]


async def test_next_needed_goes_to_who_needs_the_person_and_marks_it_seen() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("space")
        await stage.until(lambda: stage.current == "blk2", "the blocked task is current")
        await stage.until(lambda: ("seen", "blk2") in stage.engine.calls, "the engine knows it was seen")


async def test_first_space_goes_to_the_most_urgent_task_that_is_marked_already() -> None:
    async with a_floor(*some_tasks(), a_task("fai5", state="failed", unseen=True)) as stage:
        assert (stage.current, stage.area) == ("blk2", "Brain")
        await stage.press("space")
        await stage.until(lambda: ("seen", "blk2") in stage.engine.calls, "the blocked task was looked at first")
        await stage.press("space")
        await stage.until(lambda: stage.current == "fai5", "the next one comes then")


async def test_next_needed_says_so_when_nobody_does() -> None:
    async with a_floor(a_task("rdy1")) as stage:
        await stage.press("space")
        assert "Nobody needs you" in stage.legend


async def test_next_needed_from_the_composer_goes_on_writing_there() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("i", "a", "ctrl+n")
        await stage.until(lambda: stage.current == "blk2" and stage.area == "PromptArea", "the composer is at blk2")


async def test_say_goes_to_the_composer() -> None:
    async with a_floor(*some_tasks()) as stage:
        for key in ("i", "colon"):
            await stage.press(key)
            await stage.until(lambda: stage.area == "PromptArea", "the composer has the focus")
            assert stage.floor.composer.area.text == "", "the key itself was written"
            await stage.press("escape")
            await stage.until(lambda: stage.area == "AgentPane", "it is left")


async def test_zoom_shows_one_pane_and_all_again() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("z")
        await stage.until(lambda: stage.floor.grid.tasks_in_view == ("rdy3",), "only the focused pane is shown")
        await stage.until(lambda: stage.engine.watched == ("rdy3",), "only the pane in view is watched")
        await stage.press("z")
        await stage.until(lambda: len(stage.floor.grid.tasks_in_view) == 4, "all panes are back")


@presses("floor.pane-3", "floor.pane-4")
@presses("floor.pane-1")
async def test_digits_go_to_the_panes_of_this_page() -> None:
    async with a_floor(*some_tasks()) as stage:
        for digit, task in [("3", "rdy3"), ("1", "wrk1"), ("4", "stp4"), ("9", "stp4")]:
            await stage.press(digit)
            await stage.until(lambda task=task: stage.current == task, f"{digit} went to {task}")  # type: ignore[misc]


@presses("floor.back")
async def test_backtick_goes_back_and_forth() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.go_to("stp4")
        for task in ("wrk1", "stp4", "wrk1"):
            await stage.press("grave_accent")
            await stage.until(lambda task=task: stage.current == task, f"it is back at {task}")  # type: ignore[misc]


@presses("floor.page-previous")
@presses("floor.page-next")
async def test_comma_and_full_stop_turn_pages_and_only_the_page_is_watched() -> None:
    tasks = [a_task(f"t{number:02}", created_at=NOW - 100 + number) for number in range(90)]
    async with a_floor(*tasks) as stage:
        first = stage.floor.grid.tasks_in_view
        assert len(first) < 90
        await stage.press("full_stop")
        await stage.until(lambda: stage.floor.grid.tasks_in_view != first, "the page was turned")
        second = stage.floor.grid.tasks_in_view
        assert not set(first) & set(second)
        assert stage.current in second, "the composer writes to a task that is not in view"
        await stage.until(lambda: stage.engine.watched == second, "the new page is watched")
        await stage.press("comma")
        await stage.until(lambda: stage.floor.grid.tasks_in_view == first, "the page was turned back")


@presses("floor.check", "floor.compact", "floor.resume", "floor.stop")
async def test_stop_resume_check_and_compact_ask_the_engine() -> None:
    wanted = [("S", "wrk1", "stop"), ("R", "stp4", "resume"), ("C", "rdy3", "check"), ("K", "rdy3", "compact")]
    async with a_floor(*some_tasks()) as stage:
        for key, task, call in wanted:
            await stage.go_to(task)
            await stage.press(key)
            said = (call, task)
            await stage.until(lambda said=said: said in stage.engine.calls, f"{key}: {call}")  # type: ignore[misc]


@presses("floor.close")
async def test_close_asks_first_and_enter_is_no() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        for answer in ("enter", "escape", "n"):
            await stage.press("X")
            assert isinstance(stage.app.screen, AskScreen)
            await stage.press(answer)
            assert stage.app.screen is stage.floor
        assert ("close", "rdy3") not in stage.engine.calls
        await stage.press("X", "y")
        await stage.until(lambda: ("close", "rdy3") in stage.engine.calls, "the task was closed")
        await stage.until(lambda: "rdy3" not in stage.floor.grid.tasks_in_view, "its pane is gone")


async def test_r_opens_the_review_of_the_focused_task() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("r")
        assert isinstance(stage.app.screen, ReviewScreen)


@presses("floor.help", "help.down", "help.leave", "help.page-down", "help.page-up", "help.up")
async def test_help_opens_and_every_usual_key_leaves_it() -> None:
    async with a_floor(*some_tasks()) as stage:
        for key, leave in [("question_mark", "escape"), ("f1", "q"), ("question_mark", "question_mark")]:
            await stage.press(key)
            assert isinstance(stage.app.screen, HelpScreen)
            await stage.press("j", "d", "u", "k", leave)
            assert stage.app.screen is stage.floor


async def test_palette_finds_actions_and_tasks() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("ctrl+p")
        assert isinstance(stage.app.screen, CommandPalette)
        await stage.press(*"go to drop")
        found = stage.app.screen.query_one(CommandList)
        await stage.until(
            lambda: found.options and "Drop" in str(found.options[0].prompt), "the task is the first that is found"
        )
        await stage.press("enter")
        await stage.until(lambda: stage.app.screen is stage.floor, "the palette is gone")
        await stage.until(lambda: stage.current == "rdy3", "the palette went to the task")


@presses("floor.filter")
async def test_f_filters_the_list_from_anywhere() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("f")
        await stage.until(lambda: stage.area == "Brain", "the list has the focus")
        await stage.press(*"flags", "enter")
        await stage.until(lambda: stage.current == "rdy3", "it went to the task that was found")


async def test_list_collapses_to_a_rail_where_there_is_room() -> None:
    async with a_floor(*some_tasks(), size=(120, 40)) as stage:
        await stage.press("ctrl+b")
        await stage.until(lambda: stage.floor.brain.size.width == 5, "the list is a rail")
        await stage.press("b")
        await stage.until(lambda: stage.floor.brain.size.width > 30, "the list is back")


async def test_list_and_panes_change_places_in_a_narrow_terminal() -> None:
    async with a_floor(*some_tasks(), size=(80, 24)) as stage:
        assert stage.floor.brain.display
        assert not stage.floor.query_one("#main").display
        await stage.press("ctrl+b")
        await stage.until(lambda: stage.area == "AgentPane", "the panes are shown")
        assert not stage.floor.brain.display
        await stage.press("ctrl+b")
        await stage.until(lambda: stage.area == "Brain", "the list is shown")


@presses("floor.projects")
async def test_shift_p_shows_all_projects() -> None:
    async with a_floor(a_task("here"), engine=None) as stage:
        stage.engine.put(a_task("away", "Elsewhere", project="/projects/other"))
        await stage.pilot.pause()
        assert len(stage.floor.roster.shown) == 1
        await stage.press("P")
        await stage.until(lambda: len(stage.floor.roster.shown) == 2, "both are shown")


@presses("floor.theme")
async def test_theme_key_offers_themes() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("ctrl+k")
        assert isinstance(stage.app.screen, CommandPalette)


async def test_quit_leaves_and_keeps_what_was_being_written() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("i", *"ha", "escape")
        await stage.until(lambda: stage.area == "AgentPane", "the pane has the focus")
        await stage.press("q")
        await stage.until(lambda: not stage.app.is_running or stage.app.return_code is not None, "it has left")
        assert stage.engine.writing.drafts["wrk1"] == "ha"


@presses("app.quit")
async def test_prompt_sent_right_before_leaving_is_sent() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        await stage.press("i", *"go")
        await stage.pilot.press("enter", "ctrl+q")
        await stage.until(lambda: not stage.app.is_running or stage.app.return_code is not None, "it has left")
        assert stage.engine.sent == [("wrk1", "go", "now")]


async def test_leaving_says_once_that_what_was_written_cannot_be_kept() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("wrk1")
        stage.engine.refusal = ShopfloorError("The engine cannot be reached.")
        await stage.press("i", *"ha", "ctrl+q")
        await stage.until(lambda: "Leaving again leaves without it" in stage.bar, "it is said")
        assert stage.app.return_code is None
        await stage.press("ctrl+q")
        await stage.until(lambda: not stage.app.is_running or stage.app.return_code is not None, "it has left")


async def test_leaving_from_the_new_task_dialog_keeps_its_prompt() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("n", *"ab")
        await stage.pilot.press("ctrl+q")
        await stage.until(lambda: not stage.app.is_running or stage.app.return_code is not None, "it has left")
        assert stage.engine.writing.task_drafts[PROJECT].prompt == "ab"


def test_every_action_has_an_id_of_its_own_a_key_and_help() -> None:
    actions = [*FLOOR, *PANE_DIGITS]
    assert len({action.id for action in actions}) == len(actions)
    keys = [key for action in actions for key in action.keys.split(",")]
    assert len(set(keys)) == len(keys), "two actions of the floor have the same key"
    assert all(action.help.endswith(".") for action in actions)


def test_help_lists_every_binding_with_a_meaning() -> None:
    for name, rows in key_table():
        for keys, meaning in rows:
            assert keys, f"a row of {name!r} has no keys"
            assert meaning, f"{keys} in {name!r} has no meaning"


def test_help_and_hints_show_the_persons_own_keys() -> None:
    rows = dict(row for _, rows in key_table({"floor.new-task": "f9"}) for row in rows)
    assert rows["F9"] == "Write a prompt and start an agent on it."
    assert hints("panes", {"floor.new-task": "f9"})[2].key == "F9"


@pytest.mark.parametrize("area", ["brain", "panes", "empty"])
def test_help_and_the_way_out_stand_in_the_legend_of_the_smallest_terminal(area: str) -> None:
    used, shown = 1, []
    for hint in hints(area, {}, "working"):
        used += len(hint.key) + len(hint.text) + 3
        shown += [hint.action] if used <= COLUMNS else []
    assert {"floor.help", "floor.quit"} <= set(shown), f"in {COLUMNS} columns there is only {shown}"


def test_hints_offer_only_what_the_task_allows() -> None:
    states: tuple[TaskState, ...] = ("working", "stopped", "ready")
    offered = {state: {hint.action for hint in hints("panes", {}, state)} for state in states}
    assert "floor.stop" in offered["working"]
    assert "floor.resume" not in offered["working"]
    assert "floor.resume" in offered["stopped"]
    assert not {"floor.stop", "floor.resume"} & offered["ready"]
    assert "composer.when" not in {hint.action for hint in hints("composer", {}, "ready")}


@pytest.mark.parametrize(
    ("key", "shown"),
    [("ctrl+b", "^B"), ("shift+tab", "Shift+Tab"), ("question_mark", "?"), ("G", "G"), ("alt+enter", "Alt+Enter")],
)
def test_keys_read_as_people_write_them(key: str, shown: str) -> None:
    assert pretty(key) == shown


async def test_keys_can_be_changed_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "keys.toml").write_text('"floor.new-task" = ["m", "ctrl+y"]\n"brain.next" = "J"\n')
    async with a_floor(*some_tasks()) as stage:
        await stage.press("n")
        assert stage.app.screen is stage.floor, "the old key still works"
        await stage.press("m")
        assert isinstance(stage.app.screen, NewTaskScreen)


async def test_the_theme_that_was_chosen_is_there_the_next_time() -> None:
    async with a_floor(*some_tasks()) as stage:
        assert stage.app.theme == "shopfloor-dark"
        stage.app.theme = "shopfloor-light"
        await stage.pilot.pause()
    async with a_floor(*some_tasks()) as stage:
        assert stage.app.theme == "shopfloor-light", "the choice is forgotten"


async def test_a_theme_that_is_no_more_gives_the_dark_one(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "theme").write_text("forgotten\n")
    async with a_floor(*some_tasks()) as stage:
        assert stage.app.theme == "shopfloor-dark"


async def test_ctrl_c_does_not_leave_and_says_what_does() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("ctrl+c")
        assert any("Ctrl+Q leaves" in note.message for note in stage.app._notifications), "the person is told nothing"
        assert stage.app.is_running


def test_problems_of_the_keys_file_are_named_and_the_rest_is_used(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('"floor.nonsense" = "n"\n"floor.zoom" = 3\n"floor.stop" = "x"\n"floor.help" = "q"\n')
    keymap = read_keymap(path)
    assert keymap.keys == {"floor.stop": "x", "floor.help": "q"}
    said = "\n".join(keymap.problems)
    assert "floor.nonsense" in said
    assert "floor.zoom" in said
    assert "floor.help and of floor.quit" in said, f"the conflict is not named:\n{said}"


@pytest.mark.parametrize("text", ["= broken", "[floor\n", '"floor.zoom" = '])
def test_keys_file_that_is_not_toml_leaves_the_default_keys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    keymap = read_keymap(path)
    assert keymap.keys == {}
    assert f"{path} cannot be read" in keymap.problems[0]
    assert "default keys are used" in keymap.problems[0]


def test_no_keys_file_is_no_problem(tmp_path: Path) -> None:
    assert read_keymap(tmp_path / "keys.toml") == ({}, ())


def test_widget_actions_can_be_remapped_too() -> None:
    assert {"brain.filter", "pane.toggle", "composer.send", "new-task.start", "review.send"} <= set(default_keys())


def test_alt_enter_of_a_terminal_without_the_kitty_protocol_is_not_enter() -> None:
    tell_alt_enter_apart()
    events = list(_xterm_parser.XTermParser().feed("\x1b\r"))
    assert [getattr(event, "key", "") for event in events] == ["alt+enter"]


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 1000])
def test_control_characters_in_pasted_text_are_no_keys(piece: int) -> None:
    keep_pastes_whole()
    sent = "a\x1b[200~one \x1b[31mred\x1b[0m\x07\x1b\ttab\rtwo\x00\x1b[201~b\x1b[A\x1b[200~again\x1b[201~"
    parser = _xterm_parser.XTermParser()
    events = [event for start in range(0, len(sent), piece) for event in parser.feed(sent[start : start + piece])]
    events += parser.feed("")
    seen = [getattr(event, "text", None) or getattr(event, "key", "") for event in events]
    assert [each for each in seen if each] == ["a", "one red\ttab\rtwo", "b", "up", "again"]

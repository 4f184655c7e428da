"""Every action of the program has a test that presses its key; those that no other test has a reason to press, here.

A test says which keys it presses by ``@presses`` and is held to it (:mod:`tests.presses`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from textual.command import CommandPalette

from agents.api import Api
from agents.events import EntryChanged
from agents.model import Entry, Question
from agents.parts.review import EditedPrompt
from agents.parts.sessions import Choice, Session, Setting
from agents.parts.writing import Said
from app.choose import ChooseScreen
from app.judging.race import StartRaceScreen
from app.keys import default_keys
from app.pick_text import TextPicker
from app.review.help import ReviewHelp
from app.review.pick import PickScreen
from app.review.screen import ReviewScreen
from app.review.send import SendScreen
from app.too_small import TooSmallScreen
from app.tour import TourScreen
from tests.app.floor_engine import NOW, a_task
from tests.app.floor_stage import a_floor, some_tasks
from tests.app.test_dashboard import opened as dashboard
from tests.app.test_dashboard import some_rows
from tests.app.test_dashboard import text as charts
from tests.app.test_floor_screen import screen_text
from tests.app.test_floor_terminal_agents import a_terminal_task, in_terminal, shown
from tests.app.test_floor_writing import write
from tests.app.test_palette import listed
from tests.presses import presses

ELSEWHERE = {
    "app.suspend": "tests/app/test_terminal_manners.py::test_ctrl_z_gives_the_shell_and_fg_brings_the_floor_back",
}
"""What only a real terminal can show."""
TESTS = Path(__file__).parent.parent


def marked() -> Iterator[str]:
    """The ids in all ``@presses(…)`` of the tests."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "presses":
                yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))


def declared() -> Iterator[str]:
    """The ids of all bindings in the code, as far as they are written out."""
    for folder in ("app", "widgets"):
        for path in (TESTS.parent / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Binding":
                    ids = [keyword.value for keyword in node.keywords if keyword.arg == "id"]
                    yield from (value.value for value in ids if isinstance(value, ast.Constant))


def test_every_key_with_an_id_can_be_given_another_key() -> None:
    unknown = set(declared()) - set(default_keys())
    assert not unknown, f"app.keys does not know the bindings {sorted(unknown)}: add their widget or screen there"


def test_every_action_is_pressed_in_a_test() -> None:
    pressed, known = set(marked()) | set(ELSEWHERE), set(default_keys())
    assert not known - pressed, f"no test says by @presses that it presses a key of {sorted(known - pressed)}"
    assert not pressed - known, f"there is no action {sorted(pressed - known)}; a test says that it presses its key"
    for place in ELSEWHERE.values():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (TESTS.parent / file).read_text(encoding="utf-8"), f"{place} is no test"


# --- the floor


@presses("floor.pane-1", "floor.pane-5", "floor.pane-6", "floor.pane-7", "floor.pane-8")
async def test_numbers_go_to_the_panes_of_the_page() -> None:
    tasks = [a_task(f"tsk{number}", created_at=NOW - 100 + number) for number in range(1, 10)]
    async with a_floor(*tasks, size=(200, 60)) as stage:
        await stage.go_to("tsk1")
        for number in (5, 6, 7, 8, 9, 2, 3, 4, 1):
            await stage.press(str(number))
            await stage.until(lambda name=f"tsk{number}": stage.current == name, f"{number} goes to its pane")


@presses("floor.start-race", "race.leave-start")
async def test_a_race_is_thought_better_of() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("ctrl+w")
        await stage.until(lambda: isinstance(stage.app.screen, StartRaceScreen), "the dialog is open")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.floor, "the floor is back")
        assert not stage.engine.made, "nothing was started"


@presses("floor.palette", "review.palette")
async def test_the_palette_opens_by_keys_of_ones_own_on_the_floor_and_in_a_review(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "keys.toml").write_text('"floor.palette" = "f9"\n"review.palette" = "f10"\n')
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        for key, opened in (("f9", "Zoom  (z)"), ("f10", "Hunk reviewed  (R)")):
            await stage.press(key)
            await stage.until(lambda: isinstance(stage.app.screen, CommandPalette), f"{key} opens the palette")
            await stage.until(lambda words=opened: words in listed(stage), f"{opened} is offered")
            await stage.press("escape", "r")
            await stage.until(lambda: isinstance(stage.app.screen, ReviewScreen), "the review is open")


@presses(
    "pane.answer-1", "pane.answer-2", "pane.answer-3", "pane.answer-4", "pane.answer-5", "pane.answer-6",
    "pane.answer-7", "pane.answer-8", "pane.answer-9",
)  # fmt: skip
async def test_numbers_give_any_of_nine_answers() -> None:
    options = tuple(f"answer {number}" for number in range(1, 10))
    async with a_floor(a_task("ask1", state="working")) as stage:
        await stage.go_to("ask1")
        for number, option in enumerate(options, 1):
            question = Question(id=f"q{number}", text="Which?", options=options)
            stage.engine.change("ask1", state="blocked", question=question, reason="Which?")
            entry = Entry(task="ask1", id=number, turn=1, kind="question", text="Which?", done=False)
            stage.engine.tell(EntryChanged(entry=entry))
            await stage.until(lambda: stage.floor.roster.get("ask1").question is not None, "it asks")  # type: ignore[union-attr]
            await stage.press(str(number))
            await stage.until(
                lambda call=f"answer q{number} {option}": (call, "ask1") in stage.engine.calls, f"{number} answers"
            )


@presses(
    "terminal.page-up", "terminal.page-down", "terminal.search", "terminal.next", "terminal.previous", "terminal.copy"
)
async def test_a_terminal_is_read_with_the_keyboard() -> None:
    text = b"".join(b"line %d\r\n" % number for number in range(200))
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        pane = await in_terminal(stage, text)
        await stage.until(lambda: "line 199" in shown(stage), "the end is shown")
        await stage.press("shift+pageup")
        await stage.until(lambda: "line 199" not in shown(stage), "a page up")
        await stage.press("shift+pagedown")
        await stage.until(lambda: "line 199" in shown(stage), "and down again")
        await stage.press("ctrl+right_square_bracket", "ctrl+f", *"line 17")
        await stage.until(lambda: "11 of 11" in shown(stage), "the places are counted")
        await stage.press("enter", "escape")
        pane.terminal.search("line 17")
        await stage.press("right_square_bracket", "right_square_bracket")
        above = pane._found
        await stage.press("left_square_bracket")
        assert pane._found == above + 1, "[ goes back to the place below"
        await stage.press("y")
        await stage.until(lambda: "line" in stage.app.clipboard, "what is in view is copied")


# --- dialogs


@presses("pick-text.up", "pick-text.down", "pick-text.scroll-down", "pick-text.scroll-up", "pick-text.leave")
async def test_a_text_is_looked_for_with_the_keyboard_and_not_taken() -> None:
    async with a_floor(*some_tasks()) as stage:
        long = "\n".join(f"line {number}" for number in range(60))
        stage.engine.writing.spoken = [Said(text=text, task="wrk1", at=1.0) for text in ("one", long, "three")]
        await write(stage, "ctrl+r")
        await stage.until(lambda: isinstance(stage.app.screen, TextPicker), "the search is open")
        picker = stage.app.screen
        assert isinstance(picker, TextPicker)
        await stage.press("down", "down", "up")
        await stage.until(lambda: picker.marked == 1, "down, down and up mark the second")
        await stage.until(lambda: "line 1" in screen_text(stage), "its text is shown")
        preview = picker.query_one("#preview")
        await stage.press("pagedown")
        await stage.until(lambda: preview.scroll_y, "it is scrolled down")
        await stage.press("pageup")
        await stage.until(lambda: not preview.scroll_y, "and up again")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.floor, "the floor is back")
        assert stage.floor.composer.area.text == ""


@presses("dashboard.measure-back", "dashboard.read")
async def test_the_dashboard_counts_what_it_counted_before_and_reads_again() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.costs.rows = some_rows()
        screen = await dashboard(stage)
        await stage.press("shift+tab")
        assert "tasks" in charts(screen, "#day-title"), "before the first comes the last"
        stage.engine.costs.rows = []
        await stage.press("r")
        await stage.until(lambda: "claude-api" not in charts(screen, "#by-profile"), "the figures are read again")


@presses("tour.next", "tour.previous")
async def test_the_tour_goes_back_a_page() -> None:
    async with a_floor(*some_tasks(), tour=True) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, TourScreen), "the tour is shown")
        first = screen_text(stage)
        await stage.press("right")
        await stage.until(lambda: "2 of 3" in screen_text(stage), "the second page")
        await stage.press("left")
        await stage.until(lambda: screen_text(stage) == first, "the first page again")


@presses("choose.down", "choose.up", "choose.leave")
async def test_a_choice_is_left_as_it_is() -> None:
    choices = tuple(Choice(value=value) for value in ("one", "two", "three"))
    async with a_floor(a_task("aaa1")) as stage:
        stage.engine.sessions.offers = Session(settings=(Setting(id="m", name="M", value="one", choices=choices),))
        await stage.go_to("aaa1")
        await stage.press("M", "j", "j", "k", "enter")
        await stage.until(lambda: ("choose m two", "aaa1") in stage.engine.calls, "down, down and up choose the second")
        await stage.press("M")
        await stage.until(lambda: isinstance(stage.app.screen, ChooseScreen), "the dialog is open")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.floor, "the floor is back")
        assert sum(call.startswith("choose") for call, _ in stage.engine.calls) == 1


@presses("too-small.quit")
async def test_a_terminal_that_is_too_small_can_be_left() -> None:
    async with a_floor(*some_tasks(), size=(40, 10)) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, TooSmallScreen), "it says that it is too small")
        await stage.press("q")
        await stage.until(lambda: stage.app._exit, "the program ends")


@presses(
    "pick.down", "pick.up", "pick.leave", "send.back", "review-help.down", "review-help.up", "review-help.page-down",
    "review-help.page-up", "review-help.leave",
)  # fmt: skip
async def test_the_dialogs_of_a_review_are_read_and_left() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("r")
        await stage.until(lambda: isinstance(stage.app.screen, ReviewScreen), "the review is open")
        review = stage.app.screen
        await stage.press("question_mark")
        assert isinstance(stage.app.screen, ReviewHelp)
        begin = screen_text(stage)
        for there, back in (("j", "k"), ("d", "u")):
            await stage.press(there)
            await stage.until(lambda: screen_text(stage) != begin, f"{there} scrolls")
            await stage.press(back)
            await stage.until(lambda: screen_text(stage) == begin, f"{back} scrolls back")
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is review, "the help is left")
        stage.app.push_screen(PickScreen("Which?", ["one", "two", "three"]))
        await stage.until(lambda: isinstance(stage.app.screen, PickScreen), "a list is shown")
        picker = stage.app.screen
        assert isinstance(picker, PickScreen)
        await stage.press("down")
        below = picker._options.highlighted
        await stage.press("down")
        assert picker._options.highlighted != below, "the next row"
        await stage.press("up")
        assert picker._options.highlighted == below, "the row before"
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is review, "the list is left")
        api, task = cast(Api, stage.engine), stage.engine.put(a_task("rdy3"))
        stage.app.push_screen(SendScreen(api, task, "The prompt.", (), edited=EditedPrompt()))
        await stage.until(lambda: isinstance(stage.app.screen, SendScreen), "the prompt is shown")
        await stage.press("q")
        await stage.until(lambda: stage.app.screen is review, "q leaves it")

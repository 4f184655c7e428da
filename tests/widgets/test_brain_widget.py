"""The brain as a person uses it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import ModalScreen

from agents.model import Task
from tests.app.floor_engine import NOW, a_task
from tests.presses import presses
from tests.widgets.pane.pane_scenes import until
from widgets.brain import Brain
from widgets.task_signs import SPINNER_SECONDS


class Stage(App[None]):
    """A brain alone, and what it said."""

    def __init__(self, *tasks: Task) -> None:
        super().__init__()
        self.tasks = tasks
        self.said: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Brain("bakery")

    def on_mount(self) -> None:
        self.brain.show(self.tasks)
        self.brain.focus()

    @property
    def brain(self) -> Brain:
        return self.screen_stack[0].query_one(Brain)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, row by row."""
        brain = self.brain
        return [brain.render_line(y).text for y in range(brain.size.height)]

    def on_brain_task_chosen(self, event: Brain.TaskChosen) -> None:
        self.said.append(event)

    def on_brain_left(self, event: Brain.Left) -> None:
        self.said.append(event)

    @property
    def chosen(self) -> list[str]:
        return [event.task for event in self.said if isinstance(event, Brain.TaskChosen)]


def three() -> tuple[Task, Task, Task]:
    return (
        a_task("aaa1", "Parse prices", state="blocked", reason="No key.", changed_at=NOW - 10),
        a_task("bbb2", "Sort reports", state="working", changed_at=NOW - 20),
        a_task("ccc3", "Drop flags", changed_at=NOW - 30),
    )


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


@presses("brain.next", "brain.previous")
async def test_enter_chooses_the_task_under_the_cursor_and_the_cursor_wraps() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "enter", "j", "enter", "down", "enter", "j", "enter", "k", "enter")
        assert app.chosen == ["aaa1", "bbb2", "ccc3", "aaa1", "ccc3"]


@presses("brain.choose", "brain.first", "brain.last", "brain.page-down", "brain.page-up")
async def test_home_end_and_page_keys_go_to_the_ends() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        await press(
            pilot, "end", "enter", "home", "enter", "G", "enter", "g", "enter", "pagedown", "enter", "pageup", "enter"
        )
        assert app.chosen == ["ccc3", "aaa1", "ccc3", "aaa1", "ccc3", "aaa1"]


async def test_filter_narrows_as_it_is_typed_and_enter_goes_to_what_is_left() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "slash", *"sort")
        shown = "\n".join(app.lines)
        assert "Sort reports" in shown, f"the task that matches is not shown:\n{shown}"
        assert "Parse prices" not in shown, f"a task that does not match is shown:\n{shown}"
        assert "1/3" in shown
        await press(pilot, "enter")
        assert app.chosen == ["bbb2"]
        assert app.brain.query_text == "", "the filter is still there after it has done its work"


@presses("brain.filter", "brain.leave")
async def test_filter_survives_new_states_and_escape_drops_it_before_it_leaves() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "slash", *"drop")
        app.brain.show([*three(), a_task("ddd4", "Something else", state="blocked")])
        await pilot.pause()
        assert "Something else" not in "\n".join(app.lines)
        await press(pilot, "escape")
        assert "Something else" in "\n".join(app.lines)
        assert not app.said, "the first Escape already left the list"
        await press(pilot, "escape")
        assert isinstance(app.said[-1], Brain.Left)


async def test_backspace_shortens_the_filter_and_space_belongs_to_it() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "slash", *"sort", "space", *"x", "backspace", "backspace")
        assert app.brain.query_text == "sort"


async def test_cursor_stays_near_its_place_when_its_task_goes() -> None:
    tasks = three()
    app = Stage(*tasks)
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "j")
        app.brain.show([tasks[0], tasks[2]])
        assert app.brain.cursor == "ccc3"
        app.brain.show([])
        assert app.brain.cursor == ""
        await press(pilot, "enter", "j")
        assert app.chosen == []


async def test_click_chooses_the_task_on_any_of_its_rows() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        row = next(y for y, line in enumerate(app.lines) if "No key." in line)
        await pilot.click(Brain, offset=(5, row))
        await pilot.pause()
        assert app.chosen == ["aaa1"]


async def test_long_list_scrolls_so_that_the_cursor_is_in_view() -> None:
    app = Stage(*(a_task(f"t{number:03}", f"Work number {number}", changed_at=NOW - number) for number in range(200)))
    async with app.run_test(size=(60, 20)) as pilot:
        await press(pilot, "end")
        assert any("Work number 199" in line for line in app.lines), "\n".join(app.lines)
        await press(pilot, "home")
        assert any("Work number 0 " in line for line in app.lines), "\n".join(app.lines)


async def test_spinner_runs_only_while_something_works_and_is_in_view() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        brain = app.brain
        assert brain.is_spinning
        brain.display = False
        await until(pilot, lambda: not brain.is_spinning, "a hidden brain keeps a timer running")
        brain.display = True
        await until(pilot, lambda: brain.is_spinning, "nothing moves though something works")
        await app.push_screen(ModalScreen())
        before = app.lines
        await pilot.pause(2 * SPINNER_SECONDS)
        assert app.lines == before, "a sign that moves behind a dialog has all of it painted again"
        app.pop_screen()
        await until(pilot, lambda: app.lines != before, "it moves again")
        brain.show([three()[0], three()[2]])
        assert not brain.is_spinning, "the timer runs although nothing works"


async def test_nothing_moves_where_nothing_works() -> None:
    app = Stage(three()[0], three()[2])
    async with app.run_test(size=(60, 20)):
        assert not app.brain.is_spinning


async def test_rail_shows_a_sign_and_a_digit_for_each_task_in_five_columns() -> None:
    app = Stage(*three())
    async with app.run_test(size=(60, 20)) as pilot:
        app.brain.set_current("bbb2", {"aaa1": "1", "bbb2": "2"})
        app.brain.add_class("-rail")
        await pilot.pause()
        assert app.brain.size.width == 5
        rows = [line.rstrip() for line in app.lines if line.strip()]
        assert len(rows) == 3, rows
        assert rows[0].strip().startswith("!"), rows
        assert rows[1].startswith("▌"), rows


async def test_empty_list_says_how_to_begin() -> None:
    app = Stage()
    async with app.run_test(size=(60, 20)):
        assert "n starts one" in "\n".join(app.lines)

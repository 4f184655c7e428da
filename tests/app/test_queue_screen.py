"""The screen of queues, key by key, on a real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from agents.model import Task
from agents.parts.queues import QueueItem
from app.app import ShopfloorApp
from app.help import HelpScreen
from app.queues.screen import THE_RUN, QueueScreen
from app.queues.targets import TargetScreen
from app.review.screen import ReviewScreen
from tests.presses import presses
from tests.shop import Shop, home, runs, shop, writes
from widgets.legend import Legend
from widgets.queue_items import ItemEditor

__all__ = ["home", "shop"]

PATIENCE = 1500
ITEMS = [QueueItem(title=title, prompt=title) for title in ("one", "two", "three")]


class Editor:
    """The screen, its engine and the person's hands."""

    def __init__(self, app: ShopfloorApp, shop: Shop, task: Task, pilot: Pilot[None]) -> None:
        self.app, self.shop, self.task, self.pilot = app, shop, task, pilot

    @property
    def screen(self) -> QueueScreen:
        screen = self.app.screen
        assert isinstance(screen, QueueScreen), screen
        return screen

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type into the editor or the name's field."""
        for key in text:
            await self.pilot.press({"\n": "enter", " ": "space"}.get(key, key))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        for _ in range(PATIENCE):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"It never happened that {what}.\n{self.shown}\n{self.said}")

    @property
    def shown(self) -> str:
        """The prompts as they stand there."""
        return "\n".join(str(label.render()) for label in self.app.screen.query("#items > Static").results(Static))

    @property
    def titles(self) -> list[str]:
        """The titles of the queue that is shown, as it is edited."""
        sheet, run = self.screen.sheet, self.screen.shown_run
        return [item.title for item in sheet.items] if sheet else [item.item.title for item in run.items] if run else []

    @property
    def said(self) -> str:
        """The line at the bottom."""
        return self.app.screen.query_one(Legend).message

    @property
    def heading(self) -> str:
        """The line at the top."""
        return str(self.app.screen.query_one("#title", Static).render())

    async def shows(self, *titles: str) -> None:
        await self.until(lambda: self.titles == list(titles), f"{titles} are shown, not {self.titles}")


@asynccontextmanager
async def an_editor(shop: Shop, task: Task, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Editor]:
    """The screen as it opens with Q on a task."""
    app = ShopfloorApp(shop.engine, str(shop.repository))
    app.animation_level = "none"  # each step of a sign that spins would paint anew
    async with app.run_test(size=size) as pilot:
        editor = Editor(app, shop, task, pilot)
        await editor.until(lambda: app.floor.roster.get(task.id), "the task is on the floor")
        app.floor.go_to(task.id)
        await editor.press("Q")
        await editor.until(lambda: isinstance(app.screen, QueueScreen) and app.screen.chosen, "the queues are shown")
        yield editor


async def test_a_task_that_changes_while_the_screen_opens_is_no_fault_and_is_shown(shop: Shop, task: Task) -> None:
    app = ShopfloorApp(shop.engine, str(shop.repository))
    async with app.run_test(size=(120, 40)) as pilot:
        editor = Editor(app, shop, task, pilot)
        await editor.until(lambda: app.floor.roster.get(task.id), "the task is on the floor")
        app.open_queues(task, task.project)
        editor.screen.refresh_task(msgspec.structs.replace(task, own_queue=""))
        editor.screen.run_changed()
        await shop.engine.queues.attach(task.id, "")
        await editor.until(lambda: editor.screen.chosen, "the queues are shown")
        await editor.until(
            lambda: editor.heading and "runs after each turn" not in editor.heading, "what it was told early is shown"
        )


@pytest.fixture
async def task(shop: Shop) -> Task:
    """A task that rests, and a queue of the person's own, that the screen opens with."""
    await shop.engine.queues.save("mine", ITEMS)
    shop.model.add("Ready.")
    made = await shop.rests((await shop.task()).id)
    await shop.engine.queues.attach(made.id, "mine")
    return await shop.engine.task(made.id)


@presses("queue.down", "queue.page-down", "queue.page-up", "queue.up")
async def test_the_cursor_goes_through_prompts_and_names(shop: Shop, task: Task) -> None:
    async with an_editor(shop, task) as editor:
        assert editor.screen.chosen == "mine"
        for key, cursor in {"down": 1, "j": 2, "k": 1, "up": 0, "end": 2, "home": 0, "G": 2, "g": 0, "pagedown": 2,
                            "pageup": 0}.items():  # fmt: skip
            await editor.press(key)
            assert editor.screen.items.cursor == cursor, key
        await editor.press("tab", "j")
        assert editor.screen.chosen == "review-and-fix"
        assert "Break it, see the test fail" in editor.shown
        assert "only if tests changed" in editor.shown
        await editor.press("k", "enter")
        assert editor.screen.focused is editor.screen.items
        await editor.press("q")
        await editor.until(lambda: editor.app.screen is editor.app.floor, "the floor is back")


@presses("queue-item.new-line", "queue.undo")
async def test_prompts_are_edited_added_deleted_and_moved_and_each_edit_can_be_taken_back(
    shop: Shop, task: Task
) -> None:
    async with an_editor(shop, task) as editor:
        await editor.press("e")
        area = editor.screen.query_one(ItemEditor)
        assert area.text == "## one"
        await editor.press("ctrl+c")
        await editor.type("first")
        await editor.press("shift+enter")
        await editor.type("line")
        await editor.press("escape")
        await editor.shows("first", "two", "three")
        sheet = editor.screen.sheet
        assert sheet is not None
        assert sheet.items[0].prompt == "first\nline"
        await editor.press("a")
        await editor.type("new")
        await editor.press("ctrl+s")
        await editor.shows("first", "new", "two", "three")
        assert editor.screen.items.cursor == 1
        await editor.press("t")
        await editor.shows("new", "first", "two", "three")
        await editor.press("J")
        await editor.shows("new", "two", "first", "three")
        await editor.press("alt+down")
        await editor.shows("new", "two", "three", "first")
        await editor.press("K", "alt+up")
        await editor.shows("new", "first", "two", "three")
        await editor.press("d")
        await editor.shows("new", "two", "three")
        for titles in (["new", "first", "two", "three"], ["new", "two", "first", "three"]):
            await editor.press("u")
            await editor.shows(*titles)


async def test_an_empty_edit_keeps_the_prompt_an_empty_addition_is_dropped_and_the_last_one_stays(
    shop: Shop, task: Task
) -> None:
    async with an_editor(shop, task) as editor:
        await editor.press("e", "ctrl+c", "escape")
        await editor.shows("one", "two", "three")
        await editor.press("a", "escape")
        await editor.shows("one", "two", "three")
        await editor.press("d", "d", "d")
        await editor.shows("three")
        assert "The last prompt stays" in editor.said


async def test_settings_that_cannot_be_understood_stay_in_the_editor(shop: Shop, task: Task) -> None:
    async with an_editor(shop, task) as editor:
        await editor.press("e", "ctrl+c")
        await editor.type("## x\n```toml\nwrong = 1\n```\n")
        await editor.press("escape")
        await editor.until(lambda: "no setting `wrong`" in editor.said, "it is said what is wrong")
        assert editor.screen.items.is_editing
        await editor.press("ctrl+c", "escape")
        await editor.shows("one", "two", "three")


async def test_edits_hold_for_a_run_stay_when_the_screen_is_left_and_are_written_when_saved(
    shop: Shop, task: Task
) -> None:
    async with an_editor(shop, task) as editor:
        await editor.press("d")
        await editor.shows("two", "three")
        assert "edited, not saved" in editor.heading
        await editor.press("escape")
        await editor.press("Q")
        await editor.until(lambda: isinstance(editor.app.screen, QueueScreen) and editor.screen.chosen, "it is back")
        await editor.shows("two", "three")
        assert [item.title for item in (await shop.engine.queues.read("mine")).items] == ["one", "two", "three"]
        await editor.press("S")
        await editor.until(lambda: "Saved in" in editor.said, "it is saved")
        assert [item.title for item in (await shop.engine.queues.read("mine")).items] == ["two", "three"]
        assert "not saved" not in editor.heading
        assert await shop.engine.queues.edits(str(shop.repository)) == {}


async def test_what_is_typed_is_kept_before_the_editor_is_left(shop: Shop, task: Task) -> None:
    async with an_editor(shop, task) as editor:
        await editor.press("a")
        await editor.type("half a thou")
        kept: dict[str, tuple[QueueItem, ...]] = {}
        for _ in range(PATIENCE):
            kept = await shop.engine.queues.edits(str(shop.repository))
            if kept:
                break
            await editor.pilot.pause(0.01)
        assert [item.title for item in kept["mine"]] == ["one", "half a thou", "two", "three"]


@presses(
    "ask.yes",
    "queue.delete-queue",
    "queue.leave",
    "queue.new",
    "queue.rename",
    "queue.restore",
    "queue.save",
    "queue.save-as",
    "queue.switch",
)
async def test_queues_are_begun_copied_renamed_deleted_and_brought_back(shop: Shop, task: Task) -> None:
    async with an_editor(shop, task) as editor:
        await editor.press("N")
        await editor.type("fresh")
        await editor.press("enter")
        await editor.until(lambda: editor.screen.items.is_editing, "its first prompt is written")
        await editor.type("look")
        await editor.press("escape")
        await editor.shows("look")
        await editor.press("S")
        await editor.until(lambda: "Saved in" in editor.said, "it is saved")
        await editor.press("c")
        editor.screen.query_one("#name", Input).value = "a b"
        await editor.press("enter")
        assert "cannot be the name" in editor.said
        editor.screen.query_one("#name", Input).value = "mine"
        await editor.press("enter")
        assert "already" in editor.said
        editor.screen.query_one("#name", Input).value = "copy"
        await editor.press("enter")
        await editor.until(lambda: editor.screen.chosen == "copy", "the copy is shown")
        await editor.press("R")
        editor.screen.query_one("#name", Input).value = "other"
        await editor.press("enter")
        await editor.until(lambda: editor.screen.chosen == "other", "it has the new name")
        assert "copy" not in editor.screen.sheets
        await editor.press("D", "y")
        await editor.until(lambda: "other" not in editor.screen.sheets, "it is gone")
        await editor.press("U")
        await editor.until(lambda: editor.screen.chosen == "other", "it is back")
        await editor.shows("look")
        await editor.press("R", "escape")
        assert editor.screen.chosen == "other", "Escape changes nothing"
        await editor.press("tab", "home")
        await editor.until(lambda: editor.screen.chosen == "copy" or editor.screen.chosen == "fresh", "another name")


async def test_what_came_along_is_neither_deleted_nor_renamed(shop: Shop, task: Task) -> None:
    async with an_editor(shop, task) as editor:
        editor.screen.choose("security")
        for key in ("D", "R"):
            await editor.press(key)
            assert "came with Shopfloor and stays" in editor.said
        await editor.press("d", "S")
        await editor.until(lambda: "Saved in" in editor.said, "one of the person's own takes its place")
        assert (await shop.engine.queues.read("security")).place == "user"


@presses("queue.attach")
async def test_a_queue_is_attached_and_let_go(shop: Shop, task: Task) -> None:
    async with an_editor(shop, task) as editor:
        assert "runs after each turn you start" in editor.heading
        await editor.press("o")
        await editor.until(lambda: "runs after" not in editor.heading, "it is let go")
        await editor.press("o")
        await editor.until(lambda: "runs after" in editor.heading, "it is attached")
        assert (await shop.engine.task(task.id)).own_queue == "mine"


@presses(
    "floor.queues",
    "queue-item.clear",
    "queue-item.keep",
    "queue.add",
    "queue.carry-down",
    "queue.carry-up",
    "queue.delete",
    "queue.edit",
    "queue.first",
    "queue.last",
    "queue.pause",
    "queue.review",
    "queue.skip",
    "queue.start",
    "queue.transpose",
)
async def test_a_run_is_watched_edited_paused_skipped_and_its_diff_read(shop: Shop, task: Task) -> None:
    shop.model.add(writes("one.txt", "1\n"), "Made.", runs("until [ -e go ]; do sleep 0.02; done"), "Went.")
    async with an_editor(shop, task) as editor:
        await editor.press("enter")
        await editor.until(lambda: editor.screen.chosen == THE_RUN, "the run is shown")
        await editor.until(lambda: "working" in editor.shown and "changed · turn 2" in editor.shown, "the second is on")
        assert "2/3" in editor.heading
        await editor.press("g", "e")
        assert "Only prompts that wait" in editor.said
        await editor.press("G", "a")
        await editor.type("four")
        await editor.press("escape")
        await editor.shows("one", "two", "three", "four")
        await editor.press("t")
        await editor.shows("one", "two", "four", "three")
        await editor.press("e", "ctrl+c")
        await editor.type("vier")
        await editor.press("escape")
        await editor.shows("one", "two", "four", "vier")
        await editor.press("K")
        await editor.shows("one", "two", "vier", "four")
        await editor.press("J")
        await editor.shows("one", "two", "four", "vier")
        await editor.press("d")
        await editor.shows("one", "two", "four")
        await editor.press("p")
        await editor.until(lambda: "paused" in editor.heading, "it is paused")
        await editor.press("G", "s")
        await editor.until(lambda: "Skipped by you." in editor.shown, "the last one is left out")
        await editor.press("space")
        await editor.until(lambda: "paused" not in editor.heading, "it goes on")
        (Path(task.worktree) / "go").touch()
        await editor.until(lambda: "done" in editor.heading, "the run is over")
        await editor.press("g", "r")
        await editor.until(lambda: isinstance(editor.app.screen, ReviewScreen), "the diff of the first prompt is open")
        review = editor.app.screen
        assert isinstance(review, ReviewScreen)
        await editor.until(lambda: review._read is not None, "the diff is read")
        assert review._read is not None
        assert [file.path for file in review._read.parsed.files] == [b"one.txt"]


@presses("ask.no", "queue.abort")
async def test_a_run_is_aborted_once_the_person_has_said_yes(shop: Shop, task: Task) -> None:
    shop.model.add(runs("sleep 600"))
    async with an_editor(shop, task) as editor:
        await editor.press("enter")
        await editor.until(lambda: "working" in editor.shown, "the first is at work")
        await editor.press("x", "n")
        assert editor.screen.run is not None
        assert editor.screen.run.is_active
        await editor.press("x", "y")
        await editor.until(lambda: "aborted" in editor.heading, "it is aborted")
        await shop.rests(task.id, "stopped")


@presses("queue-targets.all", "queue-targets.run", "queue.start-many")
async def test_a_queue_is_started_on_several_tasks(shop: Shop, task: Task) -> None:
    shop.model.add("Ready too.")
    other = await shop.rests((await shop.task("another")).id)
    shop.model.add(*["Looked."] * 6)
    async with an_editor(shop, await shop.engine.task(task.id)) as editor:
        editor.screen.choose("mine")
        await editor.press("m", "a", "a", "enter")
        await editor.until(lambda: "runs on 2 tasks" in editor.said, "it runs on both")
        for each in (task, other):
            await shop.until(each.id, lambda known: known.queue is None and known.state == "ready", "the end")


@presses("queue-targets.leave", "queue.help")
async def test_the_help_and_the_choice_of_tasks_are_left_without_running_anything(shop: Shop, task: Task) -> None:
    async with an_editor(shop, task) as editor:
        screen = editor.screen
        await editor.press("question_mark")
        await editor.until(lambda: isinstance(editor.app.screen, HelpScreen), "the keys are shown")
        await editor.press("escape")
        await editor.until(lambda: editor.app.screen is screen, "they are left")
        screen.choose("mine")
        await editor.press("m")
        await editor.until(lambda: isinstance(editor.app.screen, TargetScreen), "tasks are listed")
        await editor.press("escape")
        await editor.until(lambda: editor.app.screen is screen, "the list is left")
        assert (await shop.engine.task(task.id)).queue is None


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_everything_fits_and_the_mouse_works(shop: Shop, task: Task, size: tuple[int, int]) -> None:
    async with an_editor(shop, task, size) as editor:
        editor.screen.choose("review-and-fix")
        await editor.pilot.pause()
        labels = list(editor.screen.query("#items > Static").results(Static))
        await editor.until(lambda: labels[1].region.height > 1, "the prompts are laid out")
        assert ("more lines]" in editor.shown) is (size[0] == 80), "long prompts are cut and say so"
        for label in labels:
            assert label.region.right <= size[0]
        await editor.pilot.click(labels[1], offset=(2, 0))
        assert editor.screen.items.cursor == 1
        await editor.pilot.click("#names", offset=(5, 1))
        await editor.until(lambda: editor.screen.chosen == "mine", "a click on a name shows it")


async def test_the_palette_of_the_floor_runs_a_queue_on_the_focused_task(shop: Shop, task: Task) -> None:
    shop.model.add(*["Looked."] * 3)
    app = ShopfloorApp(shop.engine, str(shop.repository))
    app.animation_level = "none"  # each step of a sign that spins would paint anew
    async with app.run_test(size=(120, 40)) as pilot:
        editor = Editor(app, shop, task, pilot)
        await editor.until(lambda: app.floor.roster.current == task.id, "the task is on the floor")
        await editor.press("ctrl+p")
        await editor.type("Run mine")
        palette = app.screen
        await editor.until(lambda: palette.query_one("CommandList", OptionList).option_count, "it is found")
        await editor.press("enter", "enter")
        await shop.until(task.id, lambda known: known.turn == 4 and known.queue is None, "the end of the queue")


async def test_a_broken_file_says_what_is_wrong(shop: Shop, task: Task) -> None:
    (shop.profiles.parent / "queues" / "broken.md").write_text("## a\n```toml\nx = 1\n```\n")
    async with an_editor(shop, task) as editor:
        editor.screen.choose("broken")
        await editor.pilot.pause()
        assert "there is no setting `x`" in editor.shown
        await editor.press("a")
        assert not editor.screen.items.is_editing

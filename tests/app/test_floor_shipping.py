"""Committing, landing, publishing and the project's scripts from the floor, on a real engine and a real repository."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, OptionList, Select, Static, TextArea

from agents.api import Api
from agents.model import Task
from app.app import ShopfloorApp
from app.ship.commit import CommitScreen
from app.ship.land import LandScreen, LineScreen
from app.ship.publish import IssuesScreen, PublishScreen
from app.ship.scripts import ScriptsScreen, TrustScreen
from tests.app.git_host import a_host
from tests.presses import presses
from tests.shop import Shop, git, home, shop, writes

__all__ = ["home", "shop"]
PATIENCE = 800
A_REMARK = {"id": 1, "path": "hello.txt", "line": 2, "side": "RIGHT", "body": "Why?", "user": {"login": "ada"}}
"""A review comment as the host tells it."""


class Hands:
    """A person at the floor."""

    def __init__(self, app: ShopfloorApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        for _ in range(PATIENCE):
            if condition():
                return
            await self.pilot.pause(0.01)
        shown = [str(one.content) for one in self.app.screen.query(Static) if one.display]
        raise AssertionError(f"It never happened that {what}. The screen says: {shown}")

    async def opened(self, screen: type[object]) -> None:
        await self.until(lambda: isinstance(self.app.screen, screen), f"{screen.__name__} is shown")

    def text(self, name: str) -> str:
        return str(self.app.screen.query_one(name, Static).content)

    @property
    def legend(self) -> str:
        return self.app.floor.legend.render_line(0).text


class Slow:
    """A call to the engine that waits until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, part: object, name: str) -> None:
        self.calls = 0
        self._go = asyncio.Event()
        call = getattr(part, name)

        async def wait(*given: object) -> object:
            self.calls += 1
            await self._go.wait()
            return await call(*given)

        monkeypatch.setattr(part, name, wait)

    def once(self) -> None:
        """It was called for a key that was pressed twice: let it go."""
        assert self.calls == 1, f"it was called {self.calls} times"
        self._go.set()


@asynccontextmanager
async def the_floor(shop: Shop, *tasks: Task, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Hands]:
    app = ShopfloorApp(cast(Api, shop.engine), str(shop.repository))
    app.animation_level = "none"  # each step of a sign that spins would paint anew
    async with app.run_test(size=size) as pilot:
        hands = Hands(app, pilot)
        await hands.until(lambda: len(app.floor.roster.shown) >= len(tasks), "the tasks are shown")
        for task in tasks:
            app.floor.go_to(task.id)
        await pilot.pause()
        yield hands


async def a_ready_task(shop: Shop, prompt: str = "Greet everybody", path: str = "hello.txt") -> Task:
    shop.model.add(writes(path, "hello\nthere\n"), "Done.")
    task = await shop.task(prompt)
    return await shop.rests(task.id)


def a_project_file(shop: Shop, text: str) -> None:
    (shop.repository / ".shopfloor.toml").write_text(text)


@presses("line.undo")
async def test_a_task_is_landed_from_the_floor_with_an_edited_message(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await a_ready_task(shop)
    landing = Slow(monkeypatch, shop.engine.landing, "land")
    async with the_floor(shop, task) as hands:
        await hands.press("m")
        await hands.opened(LandScreen)
        message = hands.app.screen.query_one("#message", TextArea)
        await hands.until(lambda: message.text == "Greet everybody", "a message is suggested")
        message.text = "Say hello to all"
        await hands.press("ctrl+s", "ctrl+s")
        landing.once()
        await hands.until(lambda: shop.engine.ledger.tasks[task.id].state == "landed", "the task has landed")
        assert git(shop.repository, "log", "-1", "--format=%s") == "Say hello to all"
        await hands.until(lambda: not hands.app.floor.roster.shown, "it has left the floor")
        await hands.press("ctrl+l")
        await hands.opened(LineScreen)
        line = hands.app.screen.query_one(OptionList)
        await hands.until(lambda: line.option_count == 1, "the landing is listed")
        await hands.press("u")
        await hands.until(lambda: git(shop.repository, "log", "--format=%s") == "first", "it is taken back")
        await hands.until(lambda: len(hands.app.floor.roster.shown) == 1, "it is on the floor again")


@presses("floor.land", "floor.line", "land.land", "land.leave", "line.cancel", "line.hold", "line.leave")
async def test_what_keeps_a_task_from_landing_is_said_in_the_dialog(shop: Shop) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task, size=(80, 24)) as hands:
        await hands.press("ctrl+l")
        await hands.opened(LineScreen)
        await hands.press("escape")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "the line is left")
        await hands.press("m")
        await hands.opened(LandScreen)
        onto = hands.app.screen.query_one("#onto", Select)
        await hands.until(lambda: onto.value == "main", "the branch is chosen")
        await shop.engine.landing.hold(str(shop.repository))
        await shop.engine.landing.land(task.id)
        await hands.press("ctrl+s")
        await hands.until(lambda: "in the line already" in hands.text("#problem"), "the refusal is shown")
        await hands.press("escape")
        await hands.press("ctrl+l")
        await hands.opened(LineScreen)
        await hands.until(lambda: "held" in hands.text("#facts"), "the hold is shown")
        await hands.press("x")
        line = hands.app.screen.query_one(OptionList)
        await hands.until(lambda: "Cancelled" in str(line.get_option_at_index(0).prompt), "it is taken out of the line")
        await hands.press("p")
        await hands.until(lambda: "One after" in hands.text("#facts"), "the line goes on")


@presses("commit.all", "commit.leave", "commit.suggest", "floor.commit")
async def test_picked_files_are_committed_with_a_preview_and_history(shop: Shop) -> None:
    shop.model.add(writes("a.txt", "a\n"), writes("b.txt", "b\n"), "Done.")
    task = await shop.rests((await shop.task("Two files")).id)
    async with the_floor(shop, task) as hands:
        await hands.press("c")
        await hands.opened(CommitScreen)
        await hands.press("escape")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "the dialog is left")
        await hands.press("c")
        await hands.opened(CommitScreen)
        files = hands.app.screen.query_one("#files", OptionList)
        await hands.until(lambda: files.option_count == 2, "the files are listed")
        assert "2 of 2 files picked" in hands.text("#facts")
        await hands.press("down", "enter")
        assert "1 of 2 files picked" in hands.text("#facts")
        command = hands.app.screen.query_one("#command", Input)
        command.value = "git commit {}"
        await hands.until(lambda: "opens an editor" in hands.text("#preview"), "what needs an editor is refused")
        command.value = "git commit -m 'Only a' {}"
        await hands.until(lambda: "git add -- a.txt" in hands.text("#preview"), "the whole command is shown")
        command.focus()
        await hands.press("enter")
        await hands.until(lambda: files.option_count == 1, "the committed file is gone from the list")
        assert git(shop.repository, "log", "-1", "--format=%s", task.branch) == "Only a"
        await hands.press("up")
        assert command.value == "git commit -m 'Only a' {}", "what was run before comes back"
        await hands.press("down")
        shop.model.add("Add the second file")
        await hands.press("ctrl+g")
        await hands.until(lambda: "Add the second file" in command.value, "the model suggests a message")
        await hands.press("ctrl+a", "enter")
        await hands.until(lambda: not isinstance(hands.app.screen, CommitScreen), "nothing is left to commit")
        assert git(shop.repository, "log", "-1", "--format=%s", task.branch) == "Add the second file"


@presses(
    "floor.scripts",
    "floor.trust",
    "scripts.copy",
    "scripts.leave",
    "scripts.restart",
    "scripts.stop",
    "trust.no",
    "trust.yes",
)
async def test_the_project_file_is_trusted_and_its_scripts_run(shop: Shop) -> None:
    a_project_file(
        shop,
        '[[command]]\nname = "greet"\nrun = "echo hello from $SHOPFLOOR_TASK"\nkey = "ctrl+e"\n'
        '[[service]]\nname = "web"\nrun = "echo up; sleep 100"\nurl = "http://localhost:1/"\n',
    )
    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        await hands.until(lambda: len(hands.app.floor.acts.shipping.offered) == 2, "the scripts are known")
        await hands.press("ctrl+e")
        await hands.until(lambda: "trusted" in hands.legend, "an untrusted command is refused")
        await hands.press("T")
        await hands.opened(TrustScreen)
        await hands.press("n")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "it is put off")
        await hands.press("ctrl+e")
        await hands.until(lambda: "trusted" in hands.legend, "a command is refused as before")
        await hands.press("T")
        await hands.opened(TrustScreen)
        assert "hello from" in str(hands.app.screen.query_one(".paper", Static).content), "the person reads it all"
        await hands.press("y")
        await hands.until(lambda: "Trusted" in hands.legend, "it is trusted")
        await hands.press("ctrl+e")
        await shop.entry(task.id, lambda entry: bool(entry.done and entry.tool and entry.tool.name == "greet"),
                         "the command's entry")  # fmt: skip
        await hands.press("e")
        await hands.opened(ScriptsScreen)
        scripts = hands.app.screen.query_one(OptionList)
        await hands.until(lambda: scripts.option_count == 2, "the scripts are listed")
        await hands.until(lambda: f"hello from {task.id}" in hands.text("#log"), "the output of the command is shown")
        await hands.press("down", "enter")
        await hands.until(lambda: "running" in str(scripts.get_option_at_index(1).prompt), "the service runs")
        await hands.until(lambda: "up" in hands.text("#log"), "its log is shown")
        await hands.press("y")
        await hands.until(lambda: hands.app.clipboard == "http://localhost:1/", "the address of the service is copied")
        (before,) = [run for run in await shop.engine.scripts.running(task.id) if run.name == "web"]
        await hands.press("r")
        await shop.entry(
            task.id, lambda entry: entry.kind == "script" and entry.id > before.entry, "the service started again"
        )
        await hands.press("x")
        await hands.until(lambda: "stopped" in str(scripts.get_option_at_index(1).prompt), "the service was stopped")
        await hands.press("escape")


async def test_trusting_lets_a_task_go_on_that_waited_for_it(shop: Shop) -> None:
    a_project_file(shop, '[worktree]\nsetup = "touch ready"\n')
    shop.model.add("Done.")
    task = await shop.task("Wait")
    await shop.rests(task.id, "blocked")
    async with the_floor(shop, task) as hands:
        await hands.press("T")
        await hands.opened(TrustScreen)
        await hands.press("y")
        await shop.rests(task.id, "ready")


@pytest.fixture
def host(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for gh, and a remote to push to."""
    host, programs = a_host(tmp_path, shop.repository)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return host


@presses("floor.publish", "publish.comments", "publish.failure", "publish.leave", "publish.publish", "publish.refresh")
async def test_a_pull_request_is_published_from_the_floor(shop: Shop, host: Path) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        await hands.press("U")
        await hands.opened(PublishScreen)
        body = hands.app.screen.query_one("#body", TextArea)
        await hands.until(lambda: "Greet everybody" in body.text, "a description is there to edit")
        await hands.press("ctrl+s")
        await hands.until(lambda: "#7 open" in hands.text("#stands"), "it says how the pull request stands")
        assert json.loads((host / "pull").read_text())["title"] == "Greet everybody"
        known = shop.engine.ledger.tasks[task.id]
        assert known.pull_request is not None
        assert known.pull_request.number == 7
        await hands.press("ctrl+l")
        await hands.until(lambda: "No check" in hands.text("#problem"), "there is no failing job, which is said")
        pull = json.loads((host / "pull").read_text()) | {"isDraft": True}
        (host / "pull").write_text(json.dumps(pull))
        await hands.press("ctrl+r")
        await hands.until(lambda: "#7 draft" in hands.text("#stands"), "it is asked for again")
        (host / "comments").write_text(json.dumps([A_REMARK]))
        await hands.press("ctrl+t")
        await hands.until(lambda: shop.engine.ledger.tasks[task.id].draft_comments == 1, "its comments are drafts now")
        await hands.press("escape")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "the dialog is left")


async def test_a_title_in_a_field_cannot_act_on_the_terminal(shop: Shop, host: Path) -> None:
    task = await a_ready_task(shop, "Greet \x1b[31mall")
    async with the_floor(shop, task) as hands:
        await hands.press("U")
        await hands.opened(PublishScreen)
        assert hands.app.screen.query_one("#title", Input).value == "Greet ␛[31mall"


@presses("floor.issues", "issues.leave")
async def test_a_task_is_started_from_an_issue(shop: Shop, host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taking = Slow(monkeypatch, shop.engine.hosting, "take_issue")
    issues = [{"number": 12, "title": "It breaks", "body": "Here.", "url": "https://x/12", "labels": []}]
    (host / "issues").write_text(json.dumps(issues))
    a_project_file(shop, '[defaults]\nprofile = "test"\n')
    shop.model.add("Done.")
    async with the_floor(shop) as hands:
        await hands.press("I")
        await hands.opened(IssuesScreen)
        await hands.press("escape")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "the dialog is left")
        await hands.press("I")
        await hands.opened(IssuesScreen)
        found = hands.app.screen.query_one("#issues", OptionList)
        await hands.until(lambda: found.option_count == 1, "the issue is listed")
        await hands.press("enter", "enter")
        taking.once()
        await hands.until(lambda: len(hands.app.floor.roster.shown) == 1, "a task was made of it")
        assert hands.app.floor.roster.shown[0].title == "It breaks (#12)"


@pytest.mark.parametrize(
    ("key", "screen", "field", "written"),
    [("m", LandScreen, "#message", "Say hello to all"), ("U", PublishScreen, "#body", "Because of the greeting"),
     ("U", PublishScreen, "#title", "Hello to all"), ("c", CommitScreen, "#command", "git commit -m 'Hello' {}")],
)  # fmt: skip
async def test_what_was_written_in_a_dialog_that_was_left_is_there_again(
    shop: Shop, key: str, screen: type[Screen[None]], field: str, written: str
) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        await hands.press(key)
        await hands.opened(screen)
        await hands.until(lambda: shown_in(hands, field), "the dialog is filled")
        _write(hands, field, written)
        await hands.press("escape", key)
        await hands.opened(screen)
        await hands.until(lambda: shown_in(hands, field) == written, f"{written!r} is there again")


def shown_in(hands: Hands, field: str) -> str:
    """What a field of the dialog says."""
    shown = hands.app.screen.query_one(field)
    assert isinstance(shown, Input | TextArea)
    return shown.value if isinstance(shown, Input) else shown.text


def _write(hands: Hands, field: str, text: str) -> None:
    shown = hands.app.screen.query_one(field)
    if isinstance(shown, Input):
        shown.value = text
    elif isinstance(shown, TextArea):
        shown.text = text

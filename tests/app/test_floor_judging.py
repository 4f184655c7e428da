"""Break/fix and races from the floor and from a shell."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

from textual.events import Key, Paste

from agents.errors import ShopfloorError
from agents.model import Task
from app.ask import AskScreen
from app.judging.race import LanePanel, RaceScreen, StartRaceScreen
from app.new_task import Tick
from app.review.screen import ReviewScreen
from tests.app.test_floor_shipping import the_floor
from tests.images import a_picture
from tests.presses import presses
from tests.shell import Shell, shell
from tests.shop import Shop, home, shop, writes
from widgets.chip_area import ChipArea

__all__ = ["home", "shell", "shop"]
RUNNER = '[break_fix]\ntests = ["*.check"]\nrun = "for f in {files}; do sh $f || exit 1; done"\n'


async def a_task_with_an_empty_test(shop: Shop, section: str = RUNNER) -> Task:
    (shop.repository / ".shopfloor.toml").write_text(section)
    await shop.engine.projects.trust(str(shop.repository), section)
    shop.model.add(
        writes("hello.txt", "hello\nmoon\n"), writes("greet.sh", "echo hi\n"), writes("a.check", "true\n"), "Ok."
    )
    task = await shop.task("Greet the moon")
    return await shop.rests(task.id)


async def test_break_fix_from_the_floor_shows_in_the_pane_and_drafts_in_the_review(shop: Shop) -> None:
    task = await a_task_with_an_empty_test(shop)
    async with the_floor(shop, task) as hands:
        await hands.press("B")
        await hands.until(lambda: "runs" in hands.legend, "it runs")
        report = await shop.engine.break_fix.finish(task.id)
        assert len(report.comments) == 2, report
        await hands.until(lambda: shop.engine.ledger.tasks[task.id].draft_comments == 2, "two drafts are written")
        await hands.press("B")
        await hands.until(lambda: "has run" in hands.legend, "it is not run again on the same files")


@presses("floor.break-fix")
async def test_break_fix_that_runs_is_ended_by_the_same_key(shop: Shop) -> None:
    task = await a_task_with_an_empty_test(shop, '[break_fix]\ntests = ["*.check"]\nrun = "sleep 1000; true {files}"\n')
    async with the_floor(shop, task) as hands:
        await hands.press("B")
        await hands.until(lambda: "runs" in hands.legend, "it runs")
        await hands.press("B")
        await hands.opened(AskScreen)
        await hands.press("y")
        report = await shop.engine.break_fix.finish(task.id)
        assert report.state == "cancelled"


async def test_break_fix_from_a_shell(shell: Shell) -> None:
    (shell.repository / ".shopfloor.toml").write_text(RUNNER)
    await shell("trust", "--yes")
    shell.model.add(writes("greet.sh", "echo hi\n"), writes("a.check", "true\n"), "Done.")
    status, out, err = await shell("run", "Greet", "-p", "test", "--wait", "--json")
    assert status == 0, err
    task = json.loads(out)["id"]
    assert "has not run" in await shell.refused(2, "break-fix", task, "--show")
    status, out, err = await shell("break-fix", task)
    assert status == 1, err
    assert "✗ passes without the change" in out
    assert "✗ no test notices             greet.sh:1-1" in out
    assert "In the review as drafts: R1-C1, R1-C2." in out
    status, out, _ = await shell("break-fix", task, "--show", "--json")
    shown = json.loads(out)
    assert (status, shown["state"], len(shown["comments"])) == (1, "done", 2)
    _, comments, _ = await shell("comments", task, "--json")
    assert {json.loads(line)["author"] for line in comments.splitlines()} == {"break-fix"}


async def test_a_race_from_a_shell_compares_and_keeps_one(shell: Shell) -> None:
    profiles = shell.folder / "home" / "config" / "profiles"
    (profiles / "other.toml").write_text((profiles / "test.toml").read_text())
    assert "at least two" in await shell.refused(2, "race", "Greet", "-p", "test")
    assert "nobody" in await shell.refused(2, "race", "Greet", "-p", "test", "-p", "nobody")
    _, listed, _ = await shell("ls", "--json")
    assert not listed, "nothing starts when one profile cannot be used"
    shell.model.add("Done.", "Done.")
    status, out, err = await shell("race", "Greet", "-p", "test", "-p", "other", "--wait", "--json")
    assert status == 0, err
    lanes = [json.loads(line) for line in out.splitlines()]
    assert [(lane["profile"], lane["state"], lane["files"]) for lane in lanes] == [
        ("test", "ready", []),
        ("other", "ready", []),
    ]
    status, out, err = await shell("race", "--keep", lanes[1]["task"])
    assert status == 0, err
    assert "kept" in out
    assert (await shell.task(lanes[0]["task"]))["state"] == "closed"
    assert (await shell.task(lanes[1]["task"]))["state"] == "ready"
    _, out, _ = await shell("race", "--json")
    assert json.loads(out)["kept"] == lanes[1]["task"], "the race is remembered"


@presses("floor.race", "race.go", "race.keep", "race.leave", "race.left", "race.review", "race.right", "race.start")
async def test_a_race_is_begun_compared_and_decided_on_the_floor(shop: Shop, tmp_path: Path) -> None:
    (shop.profiles / "other.toml").write_text((shop.profiles / "test.toml").read_text())
    task = await a_task_with_an_empty_test(shop)
    async with the_floor(shop, task) as hands:
        with patch.object(shop.engine.writing, "keep_task_draft", side_effect=ShopfloorError("The disk is full.")):
            await hands.press("W")
            await hands.opened(StartRaceScreen)
            await hands.press("?", "escape")
            await hands.until(lambda: "would be lost" in hands.text("#problem"), "it says what leaving costs")
            await hands.press("escape")
            await hands.until(lambda: hands.app.screen is hands.app.floor, "who was told can leave")
        await hands.press("W")
        await hands.opened(StartRaceScreen)
        await hands.press(*"Wave", "escape")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "the dialog is left")
        await hands.press("W")
        await hands.opened(StartRaceScreen)
        area = hands.app.screen.query_one(ChipArea)
        await hands.until(lambda: area.text == "Wave", "what was written is there again")
        await hands.until(lambda: len(hands.app.screen.query(Tick)) >= 2, "the profiles are offered")
        ticks = {tick.name: tick for tick in hands.app.screen.query(Tick)}
        await hands.press("ctrl+s")
        await hands.until(lambda: "at least two" in hands.text("#problem"), "one has to choose")
        ticks["test"].toggle()
        ticks["other"].toggle()
        shot = tmp_path / "shot.png"
        shot.write_bytes(a_picture())
        area.post_message(Paste(str(shot)))
        await hands.until(lambda: "⟦image shot.png #" in area.text, "a chip stands for an image")
        shop.model.add(writes("wave.txt", "o/\n"), "Done.", "Done.")
        for _ in range(2):  # once is meant
            hands.app.post_message(Key("ctrl+s", None))
        await hands.opened(RaceScreen)
        (race,) = await shop.engine.races.list()
        told = [(await shop.engine.task(one)).prompt for one in race.tasks]
        assert not (await shop.engine.writing.task_draft(str(shop.repository))).prompt, "it has begun"
        assert all(f"/tasks/{one}/attachments/" in said for one, said in zip(race.tasks, told, strict=True)), told
        for one in race.tasks:
            await shop.rests(one)
        panels = list(hands.app.screen.query(LanePanel))
        await hands.until(lambda: all("ready" in str(panel.content) for panel in panels), "both are shown as ready")
        assert "wave.txt" in "".join(str(panel.content) for panel in panels)
        first, second = panels
        await hands.press("right")
        assert second.has_focus
        await hands.press("left")
        assert first.has_focus
        await hands.press("escape")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "the comparison is left")
        hands.app.floor.go_to(race.tasks[0])
        await hands.press("W")
        await hands.opened(RaceScreen)
        await hands.press("right", "g")
        await hands.until(lambda: hands.app.floor.roster.current == race.tasks[1], "g goes to the pane of the second")
        await hands.press("W")
        await hands.opened(RaceScreen)
        await hands.press("r")
        await hands.opened(ReviewScreen)
        await hands.press("q")
        await hands.press("W")
        await hands.opened(RaceScreen)
        await hands.press("right", "k")
        await hands.until(lambda: "k again keeps" in hands.text("#problem"), "it asks")
        await hands.press("k")
        await hands.until(lambda: shop.engine.ledger.tasks[race.tasks[0]].state == "closed", "the other is closed")
        await hands.until(lambda: hands.app.floor.roster.current == race.tasks[1], "the kept one is current")

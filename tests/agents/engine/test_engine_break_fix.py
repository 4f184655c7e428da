"""Break/fix on a real repository, with a scripted agent, real worktrees and a real pytest."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agents.errors import ShopfloorError
from agents.model import Task
from agents.parts.review import Comment
from tests.shop import Shop, git, runs, writes

PYTEST = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -q -rpfE --tb=no -p no:cacheprovider {{files}}"
CART = "def total(prices):\n    return sum(prices)\n\n\ndef label(name):\n    return name\n"
FIXED = (
    "def total(prices):\n    if not prices:\n        return 0.0\n    return float(sum(prices))\n\n\n"
    "def label(name):\n    return name.strip().title()\n"
)
EMPTY = "import cart\n\n\ndef test_total_is_a_float():\n    cart.total([1, 2])\n    assert True\n"
SOUND = (
    "import cart\n\n\ndef test_total_is_a_float():\n    assert isinstance(cart.total([1, 2]), float)\n\n\n"
    "def test_label_is_a_title():\n    assert cart.label(' red hat ') == 'Red Hat'\n"
)


async def a_project(shop: Shop, section: str = "") -> None:
    """A project with a cart, whose tests are run by this Python's pytest."""
    (shop.repository / "cart.py").write_text(CART)
    git(shop.repository, "add", "-A")
    git(shop.repository, "commit", "-qm", "a cart")
    text = f"[break_fix]\n{section or f'run = {PYTEST!r}'}\n"
    (shop.repository / ".shopfloor.toml").write_text(text)
    await shop.engine.projects.trust(str(shop.repository), text)


async def a_change(shop: Shop, *answers: object) -> Task:
    shop.model.add(*answers, "Done.")
    task = await shop.task("Mend the cart")
    return await shop.rests(task.id)


async def drafts(shop: Shop, task: Task) -> list[Comment]:
    return [one for one in await shop.engine.review.comments(task.id) if one.author == "break-fix"]


async def test_tests_that_assert_nothing_are_caught(shop: Shop) -> None:
    await a_project(shop)
    task = await a_change(shop, writes("cart.py", FIXED), writes("test_cart.py", EMPTY))
    await shop.engine.break_fix.start(task.id)
    report = await shop.engine.break_fix.finish(task.id)
    assert (report.state, [(one.name, one.verdict) for one in report.tests]) == (
        "done",
        [("test_total_is_a_float", "unproven")],
    ), report
    assert [one.verdict for one in report.hunks] == ["unnoticed"], report
    found = await drafts(shop, task)
    assert [(one.path, one.start, one.kind, one.state) for one in found] == [
        (b"test_cart.py", 4, "fix", "draft"),
        (b"cart.py", 2, "fix", "draft"),
    ], found
    assert "+def test_total_is_a_float():" in found[0].quote, "the comment is anchored on the test"
    story = await shop.engine.transcript(task.id)
    assert any(
        entry.kind == "script" and "passes without the change" in entry.tool.output for entry in story if entry.tool
    )
    assert "1 of 1 test passes without the change." in story[-1].text
    again = await shop.engine.break_fix.start(task.id)
    assert (again.state, again.at) == ("done", report.at), "the same files are not tried twice"


async def test_sound_tests_are_not_accused(shop: Shop) -> None:
    await a_project(shop)
    task = await a_change(shop, writes("cart.py", FIXED), writes("test_cart.py", SOUND))
    await shop.engine.break_fix.start(task.id)
    report = await shop.engine.break_fix.finish(task.id)
    assert report.is_clean, report
    assert {one.verdict for one in report.tests} == {"sound"}
    assert {one.verdict for one in report.hunks} == {"noticed"}
    assert await drafts(shop, task) == []
    assert git(shop.repository, "worktree", "list").count("\n") == 1, "only the task's own worktree is left"


async def test_a_hunk_that_no_test_notices_is_shown_and_a_later_report_replaces_it(shop: Shop) -> None:
    await a_project(shop)
    extra = FIXED + "".join(f"\n\ndef extra_{n}():\n    first = {n}\n    return first\n" for n in "12")
    half = SOUND + "\n\ndef test_extra():\n    assert cart.extra_1() == 1\n"
    task = await a_change(shop, writes("shop.py", extra), writes("test_shop.py", half.replace("cart", "shop")))
    await shop.engine.break_fix.start(task.id)
    report = await shop.engine.break_fix.finish(task.id)
    missed = [(one.path, one.start) for one in report.hunks if one.verdict == "unnoticed"]
    assert missed == [(b"shop.py", 16)], f"only the second extra is not tested: {report}"
    shop.model.add(writes("test_shop.py", (half + "    assert cart.extra_2() == 2\n").replace("cart", "shop")), "Done.")
    await shop.engine.send(task.id, "Test the other one too")
    await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the second turn")
    await shop.engine.break_fix.start(task.id)
    assert (await shop.engine.break_fix.finish(task.id)).is_clean
    assert await drafts(shop, task) == [], "the draft that no longer holds is gone"


async def test_any_runner_is_called_by_the_projects_command(shop: Shop) -> None:
    check = "for f in {files}; do sh $f || exit 1; done"
    await a_project(shop, f'tests = ["checks/*.sh"]\nrun = "{check}"')
    task = await a_change(
        shop,
        writes("hello.txt", "hello\nmoon\n"),
        writes("greet.sh", "echo greetings\n"),
        writes("checks/sound.sh", '[ "$(sh greet.sh)" = greetings ]\n'),
        writes("checks/empty.sh", "true\n"),
    )
    await shop.engine.break_fix.start(task.id)
    report = await shop.engine.break_fix.finish(task.id)
    assert {(one.path, one.verdict) for one in report.tests} == {
        (b"checks/empty.sh", "unproven"),
        (b"checks/sound.sh", "sound"),
    }, report
    assert [(one.path, one.verdict) for one in report.hunks] == [(b"greet.sh", "noticed")], report


async def test_a_command_that_is_not_trusted_does_not_run(shop: Shop) -> None:
    await a_project(shop)
    task = await a_change(shop, writes("cart.py", FIXED), writes("test_cart.py", EMPTY))
    (shop.repository / ".shopfloor.toml").write_text('[break_fix]\nrun = "touch ran {files}"\n')
    with pytest.raises(ShopfloorError, match="trusted"):
        await shop.engine.break_fix.start(task.id)


async def test_it_is_cancelled_with_all_it_runs(shop: Shop) -> None:
    await a_project(shop, 'run = "sleep 1000; true {files}"')
    task = await a_change(shop, writes("cart.py", FIXED), writes("test_cart.py", EMPTY))
    await shop.engine.break_fix.start(task.id)
    async with asyncio.timeout(20):
        while not list((shop.repository / ".git" / "worktrees").glob("try1*")):
            await asyncio.to_thread(git, shop.repository, "status")
    report = await asyncio.wait_for(shop.engine.break_fix.cancel(task.id), 20)
    assert report.state == "cancelled"
    assert git(shop.repository, "worktree", "list").count("\n") == 1, "its worktrees are gone"
    assert await drafts(shop, task) == []


async def test_it_ends_when_its_time_is_over_and_says_what_was_not_tried(shop: Shop) -> None:
    slow = "grep -q strip cart.py || sleep 1000; true {files}"
    await a_project(shop, f'run = "{slow}"\nseconds = 3')
    task = await a_change(shop, writes("cart.py", FIXED), writes("test_cart.py", EMPTY))
    await shop.engine.break_fix.start(task.id)
    report = await asyncio.wait_for(shop.engine.break_fix.finish(task.id), 25)
    assert report.state == "done"
    assert [one.verdict for one in report.hunks] == ["not tried"], report
    assert "not tried" in report.reason or "did not end in time" in report.reason, report


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [("cart.py", FIXED, "no tests"), ("test_cart.py", SOUND, "tests only")],
)
async def test_without_tests_or_without_code_there_is_nothing_to_try(
    shop: Shop, path: str, text: str, said: str
) -> None:
    await a_project(shop)
    task = await a_change(shop, writes(path, text))
    await shop.engine.break_fix.start(task.id)
    report = await shop.engine.break_fix.finish(task.id)
    assert report.is_clean
    assert said in report.reason


async def test_a_test_that_fails_on_the_change_is_not_judged(shop: Shop) -> None:
    await a_project(shop)
    task = await a_change(
        shop, writes("cart.py", FIXED), writes("test_cart.py", "def test_wrong():\n    assert False\n"), runs("true")
    )
    await shop.engine.break_fix.start(task.id)
    report = await shop.engine.break_fix.finish(task.id)
    assert [one.verdict for one in report.tests] == ["red"], report
    assert "did not pass on the change itself" in report.reason
    assert await drafts(shop, task) == []


async def test_a_worktree_that_a_killed_engine_left_is_not_used_again(shop: Shop) -> None:
    await a_project(shop, 'tests = ["*.check"]\nrun = "sh {files}"')
    task = await a_change(shop, writes("greet.sh", "echo hi\n"), writes("a.check", "[ $(sh greet.sh) = hi ]\n"))
    workspaces = await shop.engine._facilities.workspaces()
    left = await workspaces.create(task.project, f"try1-{task.id}", "try1", task.base_commit)
    (Path(left.worktree) / "greet.sh").write_text("half broken\n")
    await shop.engine.break_fix.start(task.id)
    report = await shop.engine.break_fix.finish(task.id)
    assert (report.state, report.is_clean) == ("done", True), report
    assert not Path(left.worktree).exists()

"""Undoing a turn, and freeing what closed tasks take."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from agents import paths
from agents.errors import ShopfloorError, UsageError
from tests.shop import Shop, runs, writes

CHANGES = "rm one.txt; echo 2 > two.txt; echo x >> hello.txt"


async def test_undo_brings_the_files_back_and_undo_again_the_work(shop: Shop) -> None:
    shop.model.add(
        writes("one.txt", "1\n"), "First.", runs("rm one.txt; echo 2 > two.txt; echo x >> hello.txt"), "Second."
    )
    task = await shop.rests((await shop.task()).id)
    await shop.engine.send(task.id, "more")
    task = await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    worktree = Path(task.worktree)
    undone = await shop.engine.undo(task.id)
    assert undone.undone == 2
    assert sorted(path.name for path in worktree.iterdir()) == [".git", "hello.txt", "one.txt"]
    assert (worktree / "hello.txt").read_text() == "hello\nworld\n"
    assert undone.files_changed == 1, "the figures follow the files"
    again = await shop.engine.undo(task.id)
    assert again.undone == 0
    assert sorted(path.name for path in worktree.iterdir()) == [".git", "hello.txt", "two.txt"]
    notices = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    assert len(notices) == 2, notices


async def test_the_agent_is_told_that_its_turn_was_undone(shop: Shop) -> None:
    shop.model.add(writes("one.txt", "1\n"), "First.", "Understood.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.undo(task.id)
    await shop.engine.send(task.id, "Do it another way")
    task = await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    assert "undone your turn 1" in str(shop.model.requests[-1].body["messages"][-1])
    assert task.undone == 0
    assert (await shop.engine.prompts(task.id))[-1].text == "Do it another way", "what the person said stays as it was"


async def test_a_working_task_cannot_be_undone(shop: Shop) -> None:
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "Done.")
    task = await shop.task()
    await shop.entry(task.id, lambda entry: entry.kind == "tool", "the tool call")
    with pytest.raises(UsageError, match="is working"):
        await shop.engine.undo(task.id)
    (Path((await shop.engine.task(task.id)).worktree) / "go").touch()
    await shop.rests(task.id)


async def test_prune_frees_only_what_closed_tasks_leave(shop: Shop) -> None:
    shop.model.add(runs("echo big > ${TMPDIR:-/tmp}/left"), "Done.", runs("echo big > ${TMPDIR:-/tmp}/left"), "Done.")
    one = await shop.rests((await shop.task("one")).id)
    two = await shop.rests((await shop.task("two")).id)
    assert await shop.engine.worktrees.leftovers() == [], "both are on the floor"
    await shop.engine.close_task(one.id)
    found = await shop.engine.worktrees.leftovers()
    assert [leftover.task for leftover in found] == [one.id]
    await shop.engine.worktrees.prune(found)
    assert await shop.engine.worktrees.leftovers() == []
    assert (paths.task_dir(two.id) / "tmp" / "left").exists()
    restored = await shop.engine.restore_task(one.id)
    assert Path(restored.worktree, "hello.txt").exists(), "what was pruned is not needed to restore"


async def test_prune_says_what_it_could_not_delete(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.close_task(task.id)
    found = await shop.engine.worktrees.leftovers()

    def refused(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr("agents.engine.leftovers.shutil.rmtree", refused)
    with pytest.raises(ShopfloorError, match=rf"Not all could be deleted: .*{task.id}: Permission denied"):
        await shop.engine.worktrees.prune(found)

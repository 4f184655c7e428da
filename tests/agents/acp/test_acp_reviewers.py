"""Agents that speak the Agent Client Protocol as reviewers: in a worktree of their own that is thrown away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agents.model import Task
from tests.shop import Shop, git, writes


async def a_change(shop: Shop) -> Task:
    shop.model.add(writes("hello.txt", "hello\nthere\n"), "Done.")
    return await shop.rests((await shop.task()).id)


async def test_what_a_reviewer_writes_is_thrown_away(shop: Shop, agent: Callable[..., str]) -> None:
    task = await a_change(shop)
    await shop.engine.reviewers.start(task.id, ["security"], profile=agent("reviewer"))
    result = await shop.engine.reviewers.finish(task.id)
    assert result.state == "done", result
    (comment,) = await shop.engine.review.comments(task.id)
    assert comment.author == "reviewer:security"
    assert task.worktree not in comment.text, "it worked elsewhere"
    assert Path(task.worktree, "hello.txt").read_text() == "hello\nthere\n", "the task's files are as they were"
    elsewhere = comment.text.split("In ")[1].rstrip(".")
    assert not Path(elsewhere).exists(), "its worktree is gone"
    assert len(git(shop.repository, "worktree", "list").splitlines()) == 2, "that of the task and the main checkout"
    assert "review1" not in git(shop.repository, "branch", "-a")


async def test_nobody_answers_a_reviewer_that_asks_for_permission(shop: Shop, agent: Callable[..., str]) -> None:
    task = await a_change(shop)
    profile = agent("asking-reviewer", 'permissions = "ask"')
    await shop.engine.reviewers.start(task.id, ["security"], profile=profile)
    result = await shop.engine.reviewers.finish(task.id)
    assert (result.state, result.findings) == ("done", []), "it was told no, and went on"

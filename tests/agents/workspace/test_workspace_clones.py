"""A task whose files live in a clone: the repository is only borrowed from, and a person can work in it as ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from an_agent import AnAgent, an_agent
from repository_builder import ARepository, a_repository

from agents import paths
from agents.errors import GitError
from agents.sandbox import Runner
from agents.workspace import open_project


async def a_clone(tmp_path: Path, runner: Runner) -> tuple[ARepository, AnAgent]:
    repository = a_repository(tmp_path / "shop").with_file("a", "1\n").with_file("b").with_commit()
    return repository, await an_agent(runner, repository, kind="clone")


async def test_clone_is_on_the_branch_of_the_task_and_not_among_the_worktrees(tmp_path: Path, runner: Runner) -> None:
    repository, agent = await a_clone(tmp_path, runner)
    assert (agent.worktree / "a").read_text() == "1\n"
    assert agent.worktree.parent.parent == paths.worktrees_dir()
    assert len(repository.git("worktree", "list").splitlines()) == 1, "the repository knows of the clone"
    assert not (repository.path / ".git/worktrees").exists()
    assert await agent.does("git branch --show-current && git status --porcelain") == agent.workspace.branch


@pytest.mark.parametrize(
    "script",
    [
        "echo new > n && git add n && git commit -qm More && git commit -q --amend -m Better",
        "echo x > a && git stash -q && git stash pop -q && git checkout -q a",
        "git checkout -qb side && git commit -q --allow-empty -m Side && git checkout -q - && git merge -q side && "
        "git branch -d side && git tag mine && git rebase -q --keep-empty HEAD~1 && git gc -q && git fsck --strict",
        "git worktree add -q -b other ${TMPDIR:-/tmp}/other && git worktree remove ${TMPDIR:-/tmp}/other",
    ],
)
async def test_every_day_git_works_in_a_clone(tmp_path: Path, runner: Runner, script: str) -> None:
    repository, agent = await a_clone(tmp_path, runner)
    before = repository.everything()
    await agent.does(script)
    assert repository.everything() == before, "what the agent did in its clone shows in the repository"


async def test_agent_in_a_clone_cannot_write_to_the_repository_at_all(tmp_path: Path, runner: Runner) -> None:
    repository, agent = await a_clone(tmp_path, runner)
    before = repository.everything()
    status, printed = await agent.tries(
        "git -C $MAIN commit -q --allow-empty -m x; git -C $MAIN branch theirs; echo x >> $REAL/config; "
        "touch $REAL/worktrees $REAL/x $MAIN/x"
    )
    assert status != 0, f"the repository could be written: {printed}"
    assert repository.everything() == before


async def test_snapshot_and_commits_come_back_from_a_clone(tmp_path: Path, runner: Runner) -> None:
    repository, agent = await a_clone(tmp_path, runner)
    tip = await agent.does("echo 2 >> a && git commit -qam Two && echo n > untracked && git rev-parse HEAD")
    snapshot = await agent.workspaces.snapshot(agent.workspace, "turn-1-after", "After turn 1")
    assert repository.git("show", f"{snapshot.tree}:untracked") == "n"
    assert await agent.workspaces.import_branch(agent.workspace) == tip
    assert repository.commit(agent.workspace.branch) == tip
    assert repository.everything()["fsck"] == ""


async def test_person_sees_the_work_with_plain_git_while_the_agent_rests(tmp_path: Path, one_runner: Runner) -> None:
    repository, agent = await a_clone(tmp_path, one_runner)
    tip = await agent.does("echo 2 >> a && git commit -qam Two && echo 3 >> a && git rev-parse HEAD")
    await agent.workspaces.import_branch(agent.workspace)
    await agent.workspaces.rest(agent.workspace)
    assert repository.git("rev-parse", "HEAD", directory=agent.worktree) == tip
    assert repository.git("status", "--porcelain", directory=agent.worktree) == "M a"
    assert (await open_project(agent.worktree)).root == repository.path
    assert "3" in await agent.does("git diff"), "the agent cannot go on after the person has looked"


async def test_removed_clone_comes_back_with_its_files_and_its_branch(tmp_path: Path, runner: Runner) -> None:
    repository, agent = await a_clone(tmp_path, runner)
    tip = await agent.does("echo 2 >> a && git commit -qam Two && echo c > c && git rev-parse HEAD")
    await agent.workspaces.import_branch(agent.workspace)
    snapshot = await agent.snapshot("closed")
    await agent.workspaces.remove(agent.workspace)
    assert not agent.worktree.exists()
    assert not Path(agent.workspace.private).exists()
    assert repository.commit(agent.workspace.branch) == tip
    agent.workspace = await agent.workspaces.restore(agent.workspace, snapshot)
    assert agent.workspace.kind == "clone"
    assert (await agent.does("git rev-parse HEAD && git status --porcelain")).splitlines() == [tip, "?? c"]


async def test_main_checkout_elsewhere_does_not_become_the_files_of_a_clone(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "shop").with_file("a").with_commit()
    repository.with_config(f"core.worktree={repository.path}", "extensions.worktreeConfig=true")
    agent = await an_agent(one_runner, repository, kind="clone")
    assert await agent.does("echo new > n && git add n && git status --porcelain") == "A  n"


async def test_failed_clone_leaves_nothing_behind(tmp_path: Path, one_runner: Runner) -> None:
    repository = (
        a_repository(tmp_path / "r").with_file("a").with_file(".gitattributes", "a filter=broken\n").with_commit()
    )
    repository.with_config("filter.broken.clean=cat", "filter.broken.smudge=false", "filter.broken.required=true")
    before = repository.everything()
    with pytest.raises(GitError, match="could not be written"):
        await an_agent(one_runner, repository, kind="clone")
    assert repository.everything() == before
    assert repository.git("branch", "--list", "shopfloor/*") == ""
    repository.with_config("filter.broken.smudge=cat")
    await an_agent(one_runner, repository, kind="clone")


async def test_branch_of_that_name_is_not_taken_by_a_clone(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.git("branch", "shopfloor/ab12/a-task")
    with pytest.raises(GitError, match="already exists"):
        await an_agent(one_runner, repository, kind="clone")
    assert repository.commit("shopfloor/ab12/a-task") == repository.commit("main")

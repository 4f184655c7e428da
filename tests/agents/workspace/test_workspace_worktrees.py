"""What an agent can do with git in its worktree, and what comes of it in the person's repository."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import msgspec
import pytest
from an_agent import an_agent
from repository_builder import a_repository

from agents import paths
from agents.errors import GitError, NotFound, UsageError
from agents.model import Task
from agents.sandbox import Runner
from agents.workspace import Kind, Workspaces, open_project
from agents.workspace.known import workspace_again


async def test_worktree_is_made_on_its_own_branch_at_the_base(tmp_path: Path, runner: Runner) -> None:
    repository = a_repository(tmp_path / "shop").with_file("src/a.py", "one\n").with_commit()
    repository.git("tag", "v1")
    repository.with_file("src/a.py", "two\n").with_commit()
    agent = await an_agent(runner, repository, base="v1")
    assert (agent.worktree / "src/a.py").read_text() == "one\n"
    assert agent.workspace.branch == "shopfloor/ab12/a-task"
    assert agent.workspace.base_commit == repository.commit("v1")
    assert agent.worktree.parent.parent == paths.worktrees_dir()
    assert agent.worktree.parent.name.startswith("shop-"), "the path does not name the repository"
    assert agent.worktree.name == "ab12-a-task"
    assert repository.git("status", "--porcelain", directory=agent.worktree) == ""
    assert repository.git("branch", "--show-current", directory=agent.worktree) == "shopfloor/ab12/a-task"


@pytest.mark.parametrize("kind", ["worktree", "clone"])
@pytest.mark.parametrize("has_record", [True, False], ids=["with its record", "without"])
async def test_where_a_task_lives_is_found_again_without_what_the_engine_knew(
    tmp_path: Path, one_runner: Runner, kind: Kind, has_record: bool
) -> None:
    repository = a_repository(tmp_path / "shop").with_file("a").with_commit()
    workspace = (await an_agent(one_runner, repository, kind=kind)).workspace
    task = Task(
        id=workspace.task, title="", prompt="", project=str(repository.path), base="main", profile="", turn=1,
        base_commit=workspace.base_commit, worktree=workspace.worktree, branch=workspace.branch,
    )  # fmt: skip
    if not has_record:
        (Path(workspace.private) / "known.json").unlink()
    again = await workspace_again(task)
    assert msgspec.structs.replace(again, furnished=False, notices=workspace.notices) == workspace


async def test_copies_of_the_index_keep_its_time(tmp_path: Path, one_runner: Runner) -> None:
    """Git compares whole seconds: with a later time it would miss a change made right after the checkout."""
    workspace = (await an_agent(one_runner, a_repository(tmp_path / "r").with_file("a").with_commit())).workspace
    indexes = [folder / "index" for folder in (workspace.reading, workspace.entry, workspace.agent_entry)]
    assert len({index.stat().st_mtime_ns for index in indexes}) == 1


async def test_worktree_does_not_carry_over_what_is_not_committed(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a", "committed\n").with_commit()
    repository.with_file("a", "dirty\n").with_file("untracked")
    agent = await an_agent(one_runner, repository)
    assert (agent.worktree / "a").read_text() == "committed\n"
    assert not (agent.worktree / "untracked").exists()


async def test_programs_that_read_refs_by_themselves_find_them(tmp_path: Path, one_runner: Runner) -> None:
    """GitPython, on which aider works, takes no packed refs without the commits of annotated tags."""
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.git("tag", "-a", "v1", "-m", "One")
    agent = await an_agent(one_runner, repository)
    reading = "import git; here = git.Repo('.'); print(here.tags['v1'].commit.hexsha, here.heads['main'].commit.hexsha)"
    commit = repository.commit("v1^{commit}")
    assert await agent.does(f'{sys.executable} -c "{reading}"') == f"{commit} {commit}"
    packed = await agent.does('cat "$(git rev-parse --git-common-dir)/packed-refs"')
    assert f"^{commit}" in packed.splitlines(), packed


@pytest.mark.parametrize(
    "script",
    [
        "echo new > b && git add b && git commit -qm More && git commit -q --amend -m Better",
        "echo x > a && git stash -q && git stash pop -q && git checkout -q a",
        "git checkout -qb shopfloor/ab12/side && git commit -q --allow-empty -m Side && git checkout -q - && "
        "git merge -q shopfloor/ab12/side && git branch -d shopfloor/ab12/side",
        "git commit -q --allow-empty -m One && git commit -q --allow-empty -m Two && "
        "git rebase -q --keep-empty --onto HEAD~2 HEAD~1",
        "git tag mine && git tag -d mine && git branch -m shopfloor/ab12/new && git branch -m shopfloor/ab12/a-task",
        "echo new > b && git add b && git commit -qm More && git gc -q && git repack -adq && git fsck --strict",
        "git worktree add -q -b other ${TMPDIR:-/tmp}/other && git worktree remove ${TMPDIR:-/tmp}/other",
        "git log --oneline main && git show main:a && git diff main && git status --porcelain",
        "git reset -q --hard HEAD && git clean -fdq && git notes add -m note && git cherry-pick --abort || true",
    ],
)
async def test_every_day_git_works_for_the_agent(tmp_path: Path, runner: Runner, script: str) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit("First").with_file("c").with_commit("Second")
    agent = await an_agent(runner, repository)
    before = repository.everything()
    await agent.does(f'set -e\n{script}\ntest -z "$(git status --porcelain)"')
    assert "error: " not in await agent.does("git status 2>&1; git log --oneline 2>&1")
    assert repository.everything() == before


async def test_repositories_that_tests_make_are_not_disturbed(tmp_path: Path, runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(runner, repository)
    printed = await agent.does(
        "cd ${TMPDIR:-/tmp} && git init -q n && cd n && echo x > x && git add x && git commit -qm Nested && "
        "git log --format=%s && git rev-parse --show-toplevel"
    )
    assert printed.splitlines()[0] == "Nested"
    assert printed.splitlines()[1].endswith("/n")


async def test_hooks_of_the_person_run_for_the_agent_only_inside(tmp_path: Path, runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    hook = repository.path / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\necho hook ran > seen.txt\ntouch {tmp_path}/outside 2>/dev/null || true\n")
    hook.chmod(0o755)
    agent = await an_agent(runner, repository)
    await agent.does("git commit -q --allow-empty -m Hooked")
    assert (agent.worktree / "seen.txt").exists(), "the hook did not run"
    assert not (tmp_path / "outside").exists(), "the hook ran with the person's rights"


async def test_commits_come_back_as_the_branch_of_the_task(tmp_path: Path, runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(runner, repository)
    assert await agent.workspaces.import_branch(agent.workspace) == repository.commit("main")
    tip = await agent.does(
        "echo b > b && git add b && git commit -qm 'By the agent' && echo c > c && git rev-parse HEAD"
    )
    assert await agent.workspaces.import_branch(agent.workspace) == tip
    assert repository.git("log", "-1", "--format=%s", "shopfloor/ab12/a-task") == "By the agent"
    await agent.workspaces.rest(agent.workspace)
    assert repository.git("status", "--porcelain", directory=agent.worktree) == "?? c"
    assert await agent.workspaces.import_branch(agent.workspace) == tip
    amended = await agent.does("git add c && git commit -q --amend -m Better && git rev-parse HEAD")
    assert await agent.workspaces.import_branch(agent.workspace) == amended
    assert repository.everything()["fsck"] == ""


async def test_agent_of_a_person_without_identity_can_commit(
    tmp_path: Path, one_runner: Runner, own_home: Path
) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    (own_home / ".gitconfig").unlink()
    agent = await an_agent(one_runner, repository)
    assert await agent.does("git commit -q --allow-empty -m x && git log -1 --format='%an <%ae>'")
    assert await agent.workspaces.import_branch(agent.workspace) != repository.commit("main")


async def test_agent_that_reads_no_configuration_of_the_person_commits_as_them(
    tmp_path: Path, one_runner: Runner, own_home: Path
) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    (own_home / ".gitconfig").write_text('[user]\n\tname = "Jo \\"#\\" \\\\ Ü"\n\temail = jo@example.invalid\n')
    agent = await an_agent(one_runner, repository)
    shown = await agent.does(
        "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1; "
        "git commit -q --allow-empty -m x && git log -1 --format='%an <%ae>'"
    )
    assert shown == 'Jo "#" \\ Ü <jo@example.invalid>'


async def test_import_of_a_long_history_is_complete(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(one_runner, repository)
    tip = await agent.does(
        "for i in $(seq 60); do echo $i > f$i; done; git add .; git commit -qm Many; "
        "for i in $(seq 60); do echo more $i >> f$i; done; git commit -qam More; git repack -adq; git rev-parse HEAD"
    )
    assert await agent.workspaces.import_branch(agent.workspace) == tip
    assert repository.git("diff", "--shortstat", "main", "shopfloor/ab12/a-task").startswith("60 files changed")
    assert repository.everything()["fsck"] == ""


async def test_import_takes_nothing_but_the_branch(tmp_path: Path, runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(runner, repository)
    before = repository.everything()
    await agent.does(
        "git tag evil && git branch other && git commit -q --allow-empty -m x && git update-ref refs/heads/main HEAD"
    )
    await agent.workspaces.import_branch(agent.workspace)
    assert repository.everything() == before


async def test_branch_that_the_agent_deleted_stays_for_the_person(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(one_runner, repository)
    await agent.does("git checkout -q --detach && git branch -D shopfloor/ab12/a-task")
    assert await agent.workspaces.import_branch(agent.workspace) is None
    assert repository.commit("shopfloor/ab12/a-task") == repository.commit("main")


async def test_objects_borrowed_from_a_third_repository_are_found(tmp_path: Path, runner: Runner) -> None:
    origin = a_repository(tmp_path / "origin").with_file("a", "borrowed\n").with_commit()
    origin.git("clone", "--quiet", "--shared", ".", str(tmp_path / "r"))
    (tmp_path / "r/.git/objects/info/alternates").write_text("../../../origin/.git/objects\n")
    repository = a_repository(tmp_path / "r")
    agent = await an_agent(runner, repository)
    assert (agent.worktree / "a").read_text() == "borrowed\n"
    assert "error" not in await agent.does("git log 2>&1 && echo b > b && git add b && git commit -qm b 2>&1")
    assert await agent.workspaces.import_branch(agent.workspace)


async def test_remote_head_and_tags_are_there_for_the_agent(tmp_path: Path, one_runner: Runner) -> None:
    origin = a_repository(tmp_path / "origin").with_file("a").with_commit()
    origin.git("tag", "-a", "v1", "-m", "Version 1")
    origin.git("clone", "--quiet", ".", str(tmp_path / "r"))
    agent = await an_agent(one_runner, a_repository(tmp_path / "r"))
    printed = await agent.does("git describe && git symbolic-ref refs/remotes/origin/HEAD && git rev-parse v1^{commit}")
    assert printed.splitlines() == ["v1", "refs/remotes/origin/main", origin.commit()]


async def test_snapshots_of_other_tasks_are_not_shown_to_the_agent(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    first = await an_agent(one_runner, repository, "aaaa")
    await first.snapshot()
    second = await an_agent(one_runner, repository, "bbbb")
    assert "refs/shopfloor" not in await second.does("git for-each-ref")


async def test_removed_worktree_leaves_branch_and_snapshots(tmp_path: Path, runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(runner, repository)
    other = await an_agent(runner, repository, "cd34")
    tip = await agent.does(
        "echo b > b && git add b && git commit -qm b && echo c > c && mkdir d && echo d > d/d && git rev-parse HEAD"
    )
    await agent.does("chmod 0 d")
    await agent.workspaces.import_branch(agent.workspace)
    snapshot = await agent.snapshot("closed")
    await agent.workspaces.remove(agent.workspace)
    assert not agent.worktree.exists()
    assert not Path(agent.workspace.private).exists()
    assert repository.commit("shopfloor/ab12/a-task") == tip
    assert repository.commit("refs/shopfloor/ab12/closed") == snapshot
    assert str(agent.worktree) not in repository.git("worktree", "list"), "the worktree is still listed"
    assert str(other.worktree) in repository.git("worktree", "list"), "another task's worktree was forgotten"
    with pytest.raises(GitError, match="not there any more"):
        agent.workspaces.check(agent.workspace)
    await agent.workspaces.remove(agent.workspace)


async def test_removed_worktree_comes_back_with_its_files_and_its_branch(tmp_path: Path, runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(runner, repository)
    tip = await agent.does(
        "echo b > b && git add b && git commit -qm b && echo changed > a && echo c > c && git rev-parse HEAD"
    )
    await agent.workspaces.import_branch(agent.workspace)
    snapshot = await agent.snapshot("closed")
    await agent.workspaces.remove(agent.workspace)
    agent.workspace = await agent.workspaces.restore(agent.workspace, snapshot)
    agent.workspaces.check(agent.workspace)
    printed = await agent.does("git rev-parse HEAD && git status --porcelain")
    assert printed.splitlines() == [tip, " M a", "?? c"]
    await agent.snapshot()
    assert repository.git("diff", "--stat", "refs/shopfloor/ab12/now", snapshot) == ""
    assert await agent.workspaces.import_branch(agent.workspace) == tip


async def test_nothing_outside_our_folders_is_ever_deleted(tmp_path: Path, one_runner: Runner) -> None:
    import msgspec

    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(one_runner, repository)
    for change in (
        {"worktree": str(repository.path)},
        {"private": str(tmp_path)},
        {"worktree": str(paths.worktrees_dir())},
    ):
        wrong = msgspec.structs.replace(agent.workspace, **change)
        with pytest.raises(GitError, match="not deleted"):
            await agent.workspaces.remove(wrong)
    assert (repository.path / "a").exists()
    assert agent.worktree.exists()


async def test_failed_creation_leaves_nothing_behind(tmp_path: Path, one_runner: Runner) -> None:
    repository = (
        a_repository(tmp_path / "r").with_file("a").with_file(".gitattributes", "a filter=broken\n").with_commit()
    )
    repository.with_config("filter.broken.clean=cat", "filter.broken.smudge=false", "filter.broken.required=true")
    before = repository.everything()
    with pytest.raises(GitError, match="could not be written"):
        await an_agent(one_runner, repository)
    assert repository.everything() == before
    assert repository.git("branch", "--list", "shopfloor/*") == ""
    repository.with_config("filter.broken.smudge=cat")
    await an_agent(one_runner, repository)


@pytest.mark.parametrize(
    ("task", "slug"), [("../x", "a"), ("ab", "a/b"), ("ab", ""), ("ab", "a..b"), ("ab", "a.lock"), ("-a", "b")]
)
async def test_names_that_are_no_part_of_a_path_are_refused(
    tmp_path: Path, one_runner: Runner, task: str, slug: str
) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    with pytest.raises(UsageError):
        await Workspaces(one_runner).create(str(repository.path), task, slug, "main")


async def test_base_that_does_not_exist_is_said_before_anything_is_made(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    with pytest.raises(NotFound, match="'nowhere'"):
        await an_agent(one_runner, repository, base="nowhere")
    assert not paths.worktrees_dir().exists()


async def test_same_worktree_again_is_the_one_that_is_there(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(one_runner, repository)
    await agent.does("echo mine > mine")
    assert (await an_agent(one_runner, repository)).workspace == agent.workspace
    assert (agent.worktree / "mine").exists()
    repository.with_file("b").with_commit()
    with pytest.raises(GitError, match="has a worktree already"):
        await an_agent(one_runner, repository)


async def test_half_made_worktree_of_a_killed_engine_is_made_anew(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(one_runner, repository)
    for leftover in ("known.json", "git", "snapshot"):
        done = Path(agent.workspace.private, leftover)
        done.unlink() if done.is_file() else shutil.rmtree(done)
        (agent.worktree / "half").touch()
        Path(agent.workspace.private, "known.json").unlink(missing_ok=True)
        again = await an_agent(one_runner, repository)
        assert not (again.worktree / "half").exists()
        assert await again.does("git status --porcelain") == ""
    assert repository.git("worktree", "list").count("shopfloor") == 2


async def test_worktree_that_another_git_is_just_making_is_waited_for(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    entry = repository.path / ".git/worktrees/other"
    entry.mkdir(parents=True)
    (entry / "gitdir").write_text(f"{tmp_path}/other/.git\n")
    (entry / "HEAD").write_text("ref: refs/heads/main\n")
    (entry / "commondir").touch()  # nothing is written in it yet, at which git gives up
    making = asyncio.create_task(an_agent(one_runner, repository))
    while not any(repository.path.glob(".git/refs/heads/shopfloor/ab12/*")):  # noqa: ASYNC110 - git tells nobody
        await asyncio.sleep(0.01)
    (entry / "commondir").write_text("../..\n")
    assert ((await making).worktree / "a").exists()


async def test_cancelled_creation_leaves_nothing_behind(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    steps = 0
    while True:
        making = asyncio.ensure_future(an_agent(one_runner, repository))
        for _ in range(steps):
            await asyncio.sleep(0)
        if making.done():
            break
        steps += 1 + steps // 2
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert repository.git("branch", "--list", "shopfloor/*") == "", f"a branch is left after {steps} steps"
        assert "shopfloor" not in repository.git("worktree", "list"), f"a worktree is left after {steps} steps"
    assert (await making).worktree.exists()


async def test_branch_of_that_name_is_not_touched(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.git("branch", "shopfloor/ab12/a-task")
    with pytest.raises(GitError, match="already exists"):
        await an_agent(one_runner, repository)
    assert repository.commit("shopfloor/ab12/a-task") == repository.commit("main")


async def test_project_of_an_agents_worktree_is_known_without_asking_the_worktree(
    tmp_path: Path, one_runner: Runner
) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    agent = await an_agent(one_runner, repository)
    elsewhere = a_repository(tmp_path / "elsewhere").with_file("b").with_commit()
    (agent.worktree / ".git").unlink()
    (agent.worktree / ".git").write_text(f"gitdir: {elsewhere.path}/.git\n")
    assert (await open_project(agent.worktree)).root == repository.path


@pytest.mark.parametrize("kind", ["worktree", "clone"])
async def test_limits_of_a_repository_are_said(tmp_path: Path, one_runner: Runner, kind: Kind) -> None:
    sub = a_repository(tmp_path / "sub").with_file("s").with_commit()
    repository = (
        a_repository(tmp_path / "r").with_file(".gitattributes", "*.bin filter=lfs\n").with_file("a.bin", "pointer")
    )
    repository.with_config("filter.lfs.smudge=false", "filter.lfs.clean=false", "filter.lfs.required=true")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(sub.path), "sub")
    repository.git("-c", "filter.lfs.clean=cat", "add", "--all")
    repository.git("-c", "filter.lfs.clean=cat", "commit", "--quiet", "-m", "With limits")
    agent = await an_agent(one_runner, repository, kind=kind)
    assert (agent.worktree / "a.bin").read_text() == "pointer"
    notices = " ".join(agent.workspace.notices)
    assert "Submodules" in notices
    assert "LFS" in notices
    before = await agent.workspaces.snapshot(agent.workspace, "one", "Nothing changed")
    assert not before.changed, "an empty submodule or a pointer file counts as a change"


async def test_use_of_lfs_is_seen_also_when_only_a_folder_deeper_names_it(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("media/.gitattributes", "*.bin -text\n").with_commit()
    (repository.path / ".git/lfs").mkdir()
    agent = await an_agent(one_runner, repository)
    assert any("LFS" in notice for notice in agent.workspace.notices)

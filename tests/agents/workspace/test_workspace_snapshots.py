"""Snapshots: the whole state of a worktree as a tree of the person's repository."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from an_agent import AnAgent, an_agent
from repository_builder import ARepository, a_repository

from agents.errors import GitError, NotFound, UsageError
from agents.review import parse_diff
from agents.review.kinds import file_kind, with_attributes
from agents.sandbox import Runner
from agents.workspace import Workspaces


def names(repository: ARepository, tree: str) -> list[str]:
    return [name for name in repository.git("ls-tree", "-r", "-z", "--name-only", tree).split("\0") if name]


async def a_changed_worktree(tmp_path: Path, runner: Runner) -> tuple[ARepository, AnAgent]:
    repository = a_repository(tmp_path / "r").with_file("a", "1\n").with_file("b").with_file(".gitignore", "*.log\n")
    agent = await an_agent(runner, repository.with_commit())
    await agent.does(
        "echo 2 >> a && rm b && mkdir new && echo n > new/n && echo l > x.log && echo s > staged && git add staged"
        " && mkdir .aider.tags.cache.v4 && echo c > .aider.tags.cache.v4/cache.db"
    )
    return repository, agent


async def test_snapshot_holds_untracked_and_not_ignored_files(tmp_path: Path, runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, runner)
    snapshot = await agent.workspaces.snapshot(agent.workspace, "turn-1-after", "After turn 1")
    assert names(repository, snapshot.tree) == [".gitignore", "a", "new/n", "staged"]
    assert snapshot.changed
    assert repository.commit("refs/shopfloor/ab12/turn-1-after") == snapshot.commit
    assert repository.git("log", "-1", "--format=%s|%P", snapshot.commit) == f"After turn 1|{repository.commit('main')}"
    assert repository.everything()["fsck"] == ""


async def test_snapshot_leaves_the_agents_index_alone(tmp_path: Path, runner: Runner) -> None:
    _, agent = await a_changed_worktree(tmp_path, runner)
    before = await agent.does("git status --porcelain")
    assert "aider" not in before, "the agent would commit its own cache"
    await agent.snapshot()
    assert await agent.does("git status --porcelain") == before


async def test_same_state_makes_no_new_commit(tmp_path: Path, one_runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, one_runner)
    fresh = await (await another(tmp_path, one_runner)).snapshot()
    assert fresh == repository.commit("main"), "an untouched worktree is its base"
    first = await agent.workspaces.snapshot(agent.workspace, "one", "One")
    again = await agent.workspaces.snapshot(agent.workspace, "two", "Two")
    assert (again.commit, again.changed) == (first.commit, False)
    assert repository.commit("refs/shopfloor/ab12/two") == first.commit


async def another(tmp_path: Path, runner: Runner) -> AnAgent:
    return await an_agent(runner, a_repository(tmp_path / "r"), "zz99")


async def test_snapshot_follows_edits_made_within_one_second(tmp_path: Path, one_runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, one_runner)
    for content in ("aa", "bb", "cc", "bb"):
        (agent.worktree / "a").write_text(content)
        snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
        assert repository.git("show", f"{snapshot.tree}:a") == content, "a change of the same size was missed"


async def test_snapshot_after_a_restart_goes_on_where_it_was(tmp_path: Path, one_runner: Runner) -> None:
    _, agent = await a_changed_worktree(tmp_path, one_runner)
    before = await agent.snapshot()
    again = await Workspaces(one_runner).snapshot(agent.workspace, "now", "Now")
    assert (again.commit, again.changed) == (before, False)


async def test_snapshot_recovers_when_its_index_or_its_objects_are_gone(tmp_path: Path, one_runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, one_runner)
    for file in agent.worktree.iterdir():
        os.utime(file, (1, 1))  # older than the index: git does not look into them again
    tree = (await agent.workspaces.snapshot(agent.workspace, "now", "Now")).tree
    Path(agent.workspace.private, "snapshot/index.lock").touch()
    repository.git("update-ref", "-d", "refs/shopfloor/ab12/now")
    repository.git("reflog", "expire", "--all", "--expire=now")
    repository.git("gc", "--quiet", "--prune=now")
    assert repository.git("cat-file", "-t", tree, check=False) == "", "the objects should be gone for this test"
    (agent.worktree / "later").write_text("later\n")
    snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
    assert names(repository, snapshot.tree) == [".gitignore", "a", "later", "new/n", "staged"]
    assert repository.everything()["fsck"] == ""


async def test_large_snapshot_arrives_as_one_pack(tmp_path: Path, one_runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, one_runner)
    await agent.does("for i in $(seq 150); do echo file $i > new/f$i; done")
    snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
    assert len(names(repository, snapshot.tree)) == 154
    assert len(list((repository.path / ".git/objects/pack").glob("*.pack"))) == 1
    assert repository.everything()["fsck"] == ""


async def test_snapshots_of_many_tasks_at_once_are_each_right(tmp_path: Path, one_runner: Runner) -> None:
    repository = a_repository(tmp_path / "r").with_file("a", "1\n").with_commit()
    agents = [await an_agent(one_runner, repository, f"t{number}") for number in range(4)]
    for agent in agents:
        (agent.worktree / "mine").write_text(agent.workspace.task)
    snapshots = await asyncio.gather(*(agent.snapshot() for agent in agents for _ in range(2)))
    for number, agent in enumerate(agents):
        assert repository.git("show", f"{snapshots[2 * number]}:mine") == agent.workspace.task
        assert snapshots[2 * number] == snapshots[2 * number + 1]


async def test_names_of_any_bytes_survive(tmp_path: Path, runner: Runner) -> None:
    odd = [
        bytes(byte for byte in range(1, 256) if byte != 0x2F),
        b"caf\xe9",
        b"line\nbreak",
        b"-x",
        b" ",
        b"a\\b",
        b"\x1b[31m",
    ]
    repository = a_repository(tmp_path / "r")
    for name in odd[1:4]:
        repository.with_file(name, name)
    agent = await an_agent(runner, repository.with_commit())
    for name in odd:
        (agent.worktree / os.fsdecode(name)).write_bytes(b"changed " + name)
    snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
    assert snapshot.notices == ()
    held = {os.fsencode(name) for name in names(repository, snapshot.tree)}
    assert held == set(odd)
    assert (await agent.workspaces.numstat(agent.workspace, "main", snapshot.commit))[0] == len(odd)
    assert b"caf\xe9" in await agent.workspaces.diff(agent.workspace, "main", snapshot.tree)


async def test_what_cannot_be_recorded_is_said_and_the_rest_is_recorded(tmp_path: Path, runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, runner)
    await agent.does(
        "git init -q empty && echo e > empty/e && git init -q nested && cd nested && git commit -q --allow-empty -m N"
    )
    await agent.does("mkfifo pipe && ln -s /etc/passwd link && echo z > z")
    snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
    assert names(repository, snapshot.tree) == [".gitignore", "a", "link", "nested", "new/n", "staged", "z"]
    assert any("'empty/'" in notice for notice in snapshot.notices), snapshot.notices
    assert any("nested" in notice for notice in snapshot.notices), snapshot.notices
    assert repository.git("cat-file", "-p", f"{snapshot.tree}:link") == "/etc/passwd", "a link is kept as a link"


async def test_worktree_that_is_gone_is_said(tmp_path: Path, one_runner: Runner) -> None:
    _, agent = await a_changed_worktree(tmp_path, one_runner)
    await agent.workspaces.remove(agent.workspace)
    with pytest.raises(GitError, match="not there any more"):
        await agent.snapshot()


async def test_snapshot_name_that_is_no_ref_is_refused(tmp_path: Path, one_runner: Runner) -> None:
    _, agent = await a_changed_worktree(tmp_path, one_runner)
    with pytest.raises(UsageError):
        await agent.workspaces.snapshot(agent.workspace, "../heads/main", "x")


async def test_diff_counts_and_blobs_are_of_the_trees(tmp_path: Path, one_runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, one_runner)
    repository.with_config("diff.noprefix=true", "color.ui=always", "diff.external=false", "diff.mnemonicPrefix=true")
    head = (await agent.workspaces.snapshot(agent.workspace, "now", "Now")).tree
    base = await agent.workspaces.tree_of(agent.workspace, "main")
    patch = await agent.workspaces.diff(agent.workspace, base, head)
    assert patch.startswith(b":100644 100644 ")
    assert b"diff --git a/a b/a" in patch
    assert b"+2\n" in patch
    assert await agent.workspaces.numstat(agent.workspace, base, head) == (4, 3, 1)
    old, new = repository.commit("main:a"), repository.commit(f"{head}:a")
    assert await agent.workspaces.blobs(agent.workspace, [new, "0" * 40, old, new]) == [
        b"1\n2\n",
        b"",
        b"1\n",
        b"1\n2\n",
    ]
    assert await agent.workspaces.blobs(agent.workspace, []) == []
    for wrong in ("f" * 40, "HEAD", base):
        with pytest.raises(NotFound):
            await agent.workspaces.blobs(agent.workspace, [wrong])
    with pytest.raises(NotFound):
        await agent.workspaces.tree_of(agent.workspace, "nowhere")
    with pytest.raises(GitError):
        await agent.workspaces.diff(agent.workspace, "--output=x", head)
    assert await agent.workspaces.numstat(agent.workspace, head, head) == (0, 0, 0)


async def test_merge_base_of_two_branches(tmp_path: Path, one_runner: Runner) -> None:
    repository, agent = await a_changed_worktree(tmp_path, one_runner)
    base = repository.commit("main")
    repository.with_file("later").with_commit()
    await agent.does("git commit -qm staged")
    tip = await agent.workspaces.import_branch(agent.workspace)
    assert tip is not None
    assert await agent.workspaces.merge_base(agent.workspace, "main", tip) == base
    repository.git("checkout", "-q", "--orphan", "lonely")
    repository.with_commit()
    assert await agent.workspaces.merge_base(agent.workspace, "lonely", tip) is None


async def test_the_sizes_of_binary_files_in_a_diff_are_told(runner: Runner, tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file("data", "\0" * 40).with_file("text", "1\n")
    agent = await an_agent(runner, repository.with_commit())
    (agent.worktree / "data").write_bytes(b"\0" * 5000)
    (agent.worktree / "text").write_bytes(b"2\n")
    snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
    patch = await agent.workspaces.diff(agent.workspace, "main", snapshot.tree)
    sizes = await agent.workspaces.binary_sizes(agent.workspace, patch)
    data, text = parse_diff(patch, sizes).files
    assert (data.old_size, data.new_size) == (40, 5000)
    assert (text.old_size, text.new_size) == (None, None)
    assert len(sizes) == 2, "git was asked about more than the binary files"


async def test_a_diff_comes_with_the_attributes_of_its_files(runner: Runner, tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file(".gitattributes", "*.gen linguist-generated\n")
    repository.with_file("a b/c/.gitattributes", "x.gen -linguist-generated\nrun linguist-language=Ruby\n")
    repository.with_file("unchanged/.gitattributes", "* linguist-generated\n")
    agent = await an_agent(runner, repository.with_commit())
    for name in ("y.gen", "a b/c/x.gen", "a b/c/run"):
        (agent.worktree / name).write_text("1\n")
    snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
    patch = await agent.workspaces.diff(agent.workspace, "main", snapshot.tree)
    found = await agent.workspaces.attribute_files(agent.workspace, snapshot.tree, patch)
    assert {file.directory for file in found} == {b"", b"a b/c"}
    diff = with_attributes(parse_diff(patch), found)
    assert {file.path: file.attributes for file in diff.files} == {
        b"y.gen": {"linguist-generated": "true"},
        b"a b/c/x.gen": {"linguist-generated": "false"},
        b"a b/c/run": {"linguist-language": "Ruby"},
    }
    kinds = {file.path: file_kind(file.path, file.attributes).is_generated for file in diff.files}
    assert kinds == {b"y.gen": True, b"a b/c/x.gen": False, b"a b/c/run": False}

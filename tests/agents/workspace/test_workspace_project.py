"""Which repository a person means, and what they are told when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from repository_builder import a_repository

from agents import paths
from agents.errors import GitError, NotFound
from agents.workspace import Project, open_project
from agents.workspace.git import git


async def refused(path: Path) -> str:
    with pytest.raises(GitError) as caught:
        await open_project(path)
    assert caught.value.hint or "no folder" in caught.value.message, "the person is not told what to do next"
    return caught.value.message


async def test_project_is_found_from_a_folder_inside(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "shop").with_file("src/deep/a.py").with_commit()
    project = await open_project(repository.path / "src/deep")
    assert project == Project(
        repository=str(repository.path),
        git_dir=str(repository.path / ".git"),
        head="main",
    )
    assert (project.root, project.name) == (repository.path, "shop")


async def test_linked_worktree_opens_its_main_checkout(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "main").with_file("a").with_commit()
    repository.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    project = await open_project(tmp_path / "linked")
    assert (project.root, project.head) == (repository.path, "main")


async def test_detached_head_and_dirty_checkout_are_fine(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.git("checkout", "--quiet", "--detach")
    repository.with_file("a", "changed\n").with_file("untracked")
    project = await open_project(repository.path)
    assert project.head == repository.commit(), "a detached HEAD is known by its commit"
    assert await project.commit(project.head) == repository.commit()
    assert (await project.branches()) == [repository.commit(), "main"]


async def test_separate_git_folder_is_found(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.git("init", "--quiet", f"--separate-git-dir={tmp_path / 'elsewhere'}")
    project = await open_project(repository.path)
    assert (project.root, project.git_dir) == (repository.path, str(tmp_path / "elsewhere"))


async def test_what_git_cannot_write_on_a_full_disk_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await open_project(a_repository(tmp_path / "r").with_file("a").with_commit().path)
    (tmp_path / "r/.git/refs/heads/new.lock").touch()  # git cannot write there
    monkeypatch.setattr(paths, "is_full", lambda folder: folder == tmp_path / "r/.git")
    with pytest.raises(GitError) as caught:
        await git(project, "branch", "new", "main")
    assert caught.value.hint == f"The disk with {tmp_path / 'r/.git'} is full: make room, and try again."


async def test_folder_outside_a_repository_is_refused_in_words(tmp_path: Path) -> None:
    assert "is not in a git repository" in await refused(tmp_path)


async def test_missing_folder_is_refused_in_words(tmp_path: Path) -> None:
    assert "There is no folder" in await refused(tmp_path / "nowhere")


async def test_repository_without_commits_is_refused_in_words(tmp_path: Path) -> None:
    assert "has no commits" in await refused(a_repository(tmp_path / "r").path)


async def test_bare_repository_is_refused_in_words(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    assert "bare" in await refused(tmp_path / "bare.git")


async def test_worktree_of_a_bare_repository_is_refused_in_words(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"), "main", directory=tmp_path / "bare.git")
    assert "bare" in await refused(tmp_path / "linked")


async def test_unknown_format_is_refused_with_the_words_of_git(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    repository.with_config("core.repositoryFormatVersion=1", "extensions.fromTheFuture=1")
    with pytest.raises(GitError, match="fromthefuture"):
        await open_project(repository.path)


async def test_missing_git_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert await refused(repository.path) == "Git is not installed."


async def test_old_git_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    old = tmp_path / "bin/git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.30.9\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    assert "too old" in await refused(repository.path)


@pytest.mark.parametrize("name", ["nowhere", "", "--all", "main:a", "HEAD^{tree}"])
async def test_base_that_is_no_commit_is_refused(tmp_path: Path, name: str) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    project = await open_project(repository.path)
    with pytest.raises(NotFound, match="no branch, tag or commit"):
        await project.commit(name)


async def test_branches_begin_with_the_one_checked_out_then_the_latest(tmp_path: Path) -> None:
    repository = a_repository(tmp_path / "r").with_file("a").with_commit()
    for number, name in enumerate(["older", "newer", "feature/é"]):
        repository.git("checkout", "--quiet", "-b", name, "main")
        repository.git("-c", f"user.name={name}", "commit", "-q", "--allow-empty", "-m", name, f"--date=@{number}")
    repository.git("checkout", "--quiet", "main")
    names = await (await open_project(repository.path)).branches()
    assert names[0] == "main"
    assert sorted(names[1:]) == ["feature/é", "newer", "older"]


async def test_environment_of_the_engine_does_not_steer_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = a_repository(tmp_path / "other").with_file("b").with_commit()
    repository = a_repository(tmp_path / "r").with_file("a").with_commit("Mine")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    project = await open_project(repository.path)
    assert (project.root, await project.commit("HEAD")) == (repository.path, repository.commit())

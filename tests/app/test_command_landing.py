"""Landing from a shell: squash, merge, rebase; conflicts, a dirty checkout, a moved base, undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.shell import Shell
from tests.shop import git, runs, writes


async def a_task(shell: Shell, prompt: str, *answers: object) -> dict[str, Any]:
    shell.model.add(*answers, "Done.")
    status, out, err = await shell("run", prompt, "-p", "test", "--wait", "--json")
    assert status == 0, f"{out}{err}"
    return dict(json.loads(out))


async def a_commit(shell: Shell, path: str, text: str) -> None:
    """The person commits something on main meanwhile."""
    (shell.repository / path).write_text(text)
    git(shell.repository, "add", path)
    git(shell.repository, "commit", "-qm", f"person changes {path}")


async def landed(shell: Shell, task: str, *options: str) -> dict[str, Any]:
    status, out, err = await shell("land", task, "--json", *options)
    landing = dict(json.loads(out)) if out else {}
    assert status == 0, f"{landing} {err}"
    if landing["state"] == "landed":
        assert (await shell.task(task))["state"] == "landed", "it has left the floor when the verb ends"
    return landing


def subjects(shell: Shell) -> list[str]:
    return git(shell.repository, "log", "--format=%s", "main").splitlines()


async def test_squash_makes_one_commit_of_commits_and_what_was_not_committed(shell: Shell) -> None:
    task = await a_task(
        shell, "Add a file", writes("a.txt", "a\n"), runs("git add -A && git commit -qm 'first half'"),
        writes("b.txt", "b\n"),
    )  # fmt: skip
    landing = await landed(shell, task["id"])
    assert subjects(shell) == ["Add a file", "first"]
    body = git(shell.repository, "log", "-1", "--format=%b", "main")
    assert "- first half" in body
    assert git(shell.repository, "log", "-1", "--format=%an", "main") == "Person"
    assert (shell.repository / "a.txt").read_text() + (shell.repository / "b.txt").read_text() == "a\nb\n"
    assert git(shell.repository, "status", "--porcelain") == "", "the main checkout followed"
    known = await shell.task(task["id"])
    assert (known["state"], landing["state"]) == ("landed", "landed")
    assert not Path(task["worktree"]).exists(), "a landed task leaves the floor"


async def test_merge_keeps_both_histories_and_rebase_makes_commits_again(shell: Shell) -> None:
    one = await a_task(shell, "One", writes("one.txt", "1\n"), runs("git add -A && git commit -qm 'one commit'"))
    two = await a_task(shell, "Two", writes("two.txt", "2\n"), runs("git add -A && git commit -qm 'two commit'"))
    await a_commit(shell, "mine.txt", "mine\n")
    await landed(shell, one["id"], "--merge", "-m", "Bring one in")
    parents = git(shell.repository, "log", "-1", "--format=%p", "main").split()
    assert len(parents) == 2
    await landed(shell, two["id"], "--rebase")
    assert subjects(shell)[:2] == ["two commit", "Bring one in"]
    assert git(shell.repository, "log", "-1", "--format=%an", "main") != "", "the author is kept"


async def test_a_conflict_goes_to_the_agent_and_comes_back_as_a_review(shell: Shell) -> None:
    task = await a_task(shell, "Greet", writes("hello.txt", "hello\nthere\n"))
    await a_commit(shell, "hello.txt", "hello\nmoon\n")
    await a_commit(shell, "other.txt", "others do this\n")
    shell.model.add(
        runs("git add -A && git commit -qm mine && git merge -q $(git merge-base --octopus $SHA 2>/dev/null || true)"),
        "Could not.",
    )
    status, out, _ = await shell("land", task["id"], "--json")
    landing = json.loads(out)
    assert (status, landing["state"]) == (4, "conflict")
    await shell.until(task["id"], lambda known: known["turns"] == 2 and known["state"] == "ready", "the agent's turn")
    _, story, _ = await shell("show", task["id"], "--transcript")
    assert "hello.txt (above the =======: main, below: yours)" in story
    assert "moon" in story
    base = git(shell.repository, "rev-parse", "main")
    assert f"git merge {base}" in story
    assert subjects(shell)[0] == "person changes other.txt", "nothing landed"
    shell.model.add(
        runs(f"git add -A; git commit -qm mine; git merge -q {base} || true"),
        writes("hello.txt", "hello\nthere, moon\n"),
        runs("git add -A && git commit -qm 'merge main'"),
        "Resolved.",
    )
    await shell("send", task["id"], "Try again")
    await shell.until(
        task["id"],
        lambda known: (known["turns"], known["base_commit"], known["state"]) == (3, base, "ready"),
        "the change seen from main",
    )
    _, patch, _ = await shell("diff", task["id"])
    assert "other.txt" not in patch, "what others did on main is not this task's change"
    await landed(shell, task["id"])
    assert git(shell.repository, "show", "main:hello.txt") == "hello\nthere, moon"


async def test_a_dirty_checkout_is_not_touched(shell: Shell) -> None:
    task = await a_task(shell, "Greet", writes("new.txt", "new\n"))
    (shell.repository / "hello.txt").write_text("being edited\n")
    status, _, err = await shell("land", task["id"])
    assert status == 1
    assert "1 file is changed and not committed" in err
    assert subjects(shell) == ["first"]
    assert (shell.repository / "hello.txt").read_text() == "being edited\n"
    git(shell.repository, "checkout", "-qb", "elsewhere")
    await landed(shell, task["id"])
    assert subjects(shell)[0] == "Greet", "main is not checked out any more: it moves without the checkout"
    assert (shell.repository / "hello.txt").read_text() == "being edited\n"
    assert not (shell.repository / "new.txt").exists()


async def test_the_checkout_of_a_git_folder_that_lies_elsewhere_follows(shell: Shell) -> None:
    git(shell.repository, "init", "-q", f"--separate-git-dir={shell.folder / 'elsewhere.git'}")
    task = await a_task(shell, "Greet", writes("new.txt", "new\n"))
    await landed(shell, task["id"])
    assert (shell.repository / "new.txt").read_text() == "new\n"
    assert git(shell.repository, "status", "--porcelain") == ""


@pytest.mark.parametrize("later", [False, True])
async def test_a_landing_can_be_taken_back(shell: Shell, later: bool) -> None:
    task = await a_task(shell, "Greet", writes("new.txt", "new\n"))
    await landed(shell, task["id"])
    if later:
        await a_commit(shell, "later.txt", "later\n")
    status, out, err = await shell("land", task["id"], "--undo", "--json")
    assert (status, json.loads(out)["state"]) == (0, "undone"), err
    assert not (shell.repository / "new.txt").exists()
    assert (shell.repository / "later.txt").exists() == later
    assert subjects(shell)[0] == ('Revert "Greet"' if later else "first")
    known = await shell.task(task["id"])
    assert known["state"] == "stopped", "it is on the floor again"
    assert Path(known["worktree"], "new.txt").read_text() == "new\n", "with its files"
    if not later:
        await landed(shell, task["id"])
        assert (shell.repository / "new.txt").exists()


async def test_a_landing_that_the_branch_has_lost_is_taken_back_without_a_commit(shell: Shell) -> None:
    task = await a_task(shell, "Greet", writes("new.txt", "new\n"))
    await landed(shell, task["id"])
    git(shell.repository, "reset", "-q", "--hard", "HEAD~1")
    await a_commit(shell, "later.txt", "later\n")
    status, out, err = await shell("land", task["id"], "--undo")
    assert (status, out) == (0, "main does not have it any more.\n"), err
    assert subjects(shell) == ["person changes later.txt", "first"]
    assert (await shell.task(task["id"]))["state"] == "stopped", "it is on the floor again"


async def test_checks_run_on_the_combined_result_first(shell: Shell) -> None:
    (shell.repository / ".shopfloor.toml").write_text(
        '[[check]]\nname = "no clash"\nrun = "! ( test -e mine.txt && test -e theirs.txt )"\n'
    )
    git(shell.repository, "add", "-A")
    git(shell.repository, "commit", "-qm", "checks")
    await shell("trust", "--yes")
    task = await a_task(shell, "Mine", writes("mine.txt", "mine\n"))
    assert task["check_state"] == "passed"
    await a_commit(shell, "theirs.txt", "theirs\n")
    status, _, err = await shell("land", task["id"])
    assert status == 1
    assert "On top of main the check no clash fails" in err
    assert subjects(shell)[0] == "person changes theirs.txt"
    assert "land-" not in git(shell.repository, "branch", "-a"), "the scratch worktree left nothing behind"
    assert "land-" not in git(shell.repository, "worktree", "list")
    landing = await landed(shell, task["id"], "--no-check")
    assert landing["state"] == "landed"


async def test_a_held_line_waits_and_goes_on_in_order(shell: Shell) -> None:
    one = await a_task(shell, "One", writes("one.txt", "1\n"))
    two = await a_task(shell, "Two", writes("two.txt", "2\n"))
    three = await a_task(shell, "Three", writes("three.txt", "3\n"))
    status, out, _ = await shell("landings", "--hold")
    assert status == 0
    for task in (one, two, three):
        status, out, err = await shell("land", task["id"], "--no-wait", "--json")
        assert (status, json.loads(out)["state"]) == (0, "waiting"), err
    _, out, _ = await shell("landings", "--json")
    assert [json.loads(line)["task"] for line in out.splitlines()] == [one["id"], two["id"], three["id"]]
    status, _, err = await shell("land", two["id"], "--cancel")
    assert status == 0, err
    await shell("landings", "--go")
    await shell.until(three["id"], lambda known: known["state"] == "landed", "the last in line")
    assert subjects(shell) == ["Three", "One", "first"]


async def test_what_cannot_land_is_said_plainly(shell: Shell) -> None:
    task = await a_task(shell, "Nothing")
    assert "nothing to land" in (await shell.refused(1, "land", task["id"]))
    assert "no local branch" in (await shell.refused(2, "land", task["id"], "--onto", "nowhere"))
    await shell("close", task["id"])
    assert "closed" in (await shell.refused(2, "land", task["id"]))


async def test_the_radar_tells_tasks_that_would_conflict_from_those_that_only_meet(shell: Shell) -> None:
    lines = "".join(f"{number}\n" for number in range(40))
    await a_commit(shell, "long.txt", lines)
    top = await a_task(shell, "Top", writes("long.txt", "top\n" + lines))
    end = await a_task(shell, "End", writes("long.txt", lines + "end\n"))
    other = await a_task(shell, "Other top", writes("long.txt", "other\n" + lines))
    await a_task(shell, "Elsewhere", writes("new.txt", "new\n"))
    known = await shell.until(top["id"], lambda known: bool(known["conflicts"]), "the conflict of two tasks")
    assert known["conflicts"] == [other["id"]]
    _, out, _ = await shell("conflicts", top["id"], "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert [overlap["task"] for overlap in found] == [other["id"], end["id"]], "who conflicts comes first"
    assert [len(overlap["conflicting"]) for overlap in found] == [1, 0]
    await shell("close", other["id"])
    await shell.until(top["id"], lambda known: not known["conflicts"], "the conflict is over with its task")


async def test_odd_names_submodules_and_lfs_pointers_land_as_they_are(shell: Shell) -> None:
    library = shell.folder / "a library"
    library.mkdir()
    git(library, "init", "-q", "-b", "main")
    (library / "x").write_text("x")
    git(library, "add", "-A")
    git(library, "commit", "-qm", "x")
    git(shell.repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "sub module")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
    (shell.repository / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (shell.repository / "big.bin").write_text(pointer)
    git(shell.repository, "-c", "filter.lfs.clean=cat", "-c", "filter.lfs.required=false", "add", "-A")
    git(shell.repository, "commit", "-qm", "odd things")
    odd = "a 'quoted' näme\twith tab.txt"
    task = await a_task(shell, "Odd names", writes(odd, "odd\n"), writes("-dash.txt", "dash\n"))
    await landed(shell, task["id"])
    names = git(shell.repository, "ls-tree", "-z", "--name-only", "main").split("\0")
    assert odd in names
    assert "-dash.txt" in names
    assert git(shell.repository, "show", "main:big.bin") + "\n" == pointer
    assert git(shell.repository, "ls-tree", "main", "sub module").startswith("160000 commit")
    assert git(shell.repository, "status", "--porcelain", "--ignore-submodules=all") == ""


async def test_a_base_that_is_gone_is_named_and_another_one_can_be_given(shell: Shell) -> None:
    git(shell.repository, "branch", "topic")
    shell.model.add(writes("new.txt", "new\n"), "Done.")
    _, out, _ = await shell("run", "From topic", "-p", "test", "--base", "topic", "--wait", "--json")
    task = json.loads(out)
    git(shell.repository, "branch", "-D", "topic")
    assert "no local branch topic" in (await shell.refused(2, "land", task["id"]))
    await landed(shell, task["id"], "--onto", "main")
    assert subjects(shell)[0] == "From topic"

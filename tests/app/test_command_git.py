"""The person's git commands on a task's worktree, from a shell."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.shell import Shell
from tests.shop import git, writes


async def a_task(shell: Shell) -> str:
    shell.model.add(writes("hello.txt", "hello\nthere\n"), writes("new file.txt", "new\n"), "Done.")
    status, out, err = await shell("run", "Greet", "-p", "test", "--wait", "--json")
    assert status == 0, f"{out}{err}"
    return str(json.loads(out)["id"])


async def test_picked_files_are_committed_and_the_branch_follows(shell: Shell) -> None:
    task = await a_task(shell)
    _, out, _ = await shell("git", task, "--json")
    files = {one["path"]: one for one in map(json.loads, out.splitlines())}
    assert {path: one["word"] for path, one in files.items()} == {"hello.txt": "modified", "new file.txt": "new"}
    _, out, _ = await shell("git", task, "git commit -qm 'Say there' {}", "-f", "new file.txt", "--preview")
    assert out == "git add -- 'new file.txt' &&\ngit commit -qm 'Say there' -- 'new file.txt'\n"
    status, out, err = await shell("git", task, "git commit -qm 'Say there' {}", "-f", "new file.txt", "--json")
    assert status == 0, f"{out}{err}"
    known = await shell.task(task)
    assert json.loads(out)["commit"] == git(shell.repository, "rev-parse", known["branch"])
    assert git(shell.repository, "log", "-1", "--format=%s%n%an", known["branch"]).splitlines() == [
        "Say there",
        "Person",
    ]
    _, out, _ = await shell("git", task)
    assert out.split() == ["modified", "hello.txt"], "what was not picked is still to be committed"
    status, out, err = await shell("git", task, "-f", "hello.txt", "git commit -qm 'Say it' {}")
    assert status == 0, f"an option may stand before the command: {out}{err}"
    assert git(shell.repository, "log", "--format=%s", "main") == "first"


async def test_a_name_that_is_no_text_is_committed_too(shell: Shell) -> None:
    task = await a_task(shell)
    worktree = Path((await shell.task(task))["worktree"])
    (Path(os.fsdecode(os.fsencode(worktree) + b"/odd\xff'\nname"))).write_text("odd\n")
    status, out, err = await shell("git", task, "git commit -qm 'All of it' {}")
    assert status == 0, f"{out}{err}"
    _, out, _ = await shell("git", task)
    assert "Nothing differs" in out


async def test_what_cannot_run_is_said_plainly(shell: Shell) -> None:
    task = await a_task(shell)
    assert "opens an editor" in (await shell.refused(2, "git", task, "git commit {}"))
    assert "does not differ" in (await shell.refused(2, "git", task, "git add {}", "-f", "other.txt"))
    status, _, err = await shell("git", task, "git checkout nowhere")
    assert status == 1
    assert "nowhere" in err


async def test_a_message_is_suggested_by_the_tasks_model_and_nothing_runs(shell: Shell) -> None:
    task = await a_task(shell)
    shell.model.add('"Say there to everybody in the world, as nicely as anyone ever said it before."\nMore.')
    status, out, err = await shell("git", task, "--suggest")
    assert status == 0, err
    assert out.startswith("Say there to everybody")
    assert len(out.strip()) <= 72
    assert not out.strip().endswith("."), out
    asked = str(shell.model.requests[-1])
    assert "+there" in asked, "the model was shown the change"
    _, out, _ = await shell("git", task)
    assert "modified" in out

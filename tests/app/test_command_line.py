"""The command line as a process: what it prints, what it exits with, and what it says about bad input."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path

from agents.offline import Fault
from tests.shell import ROOT, Shell
from tests.shop import KEY, git, runs, writes


async def test_run_waits_and_ends_with_one_object(shell: Shell) -> None:
    shell.model.add(writes("made.txt", "made\n"), "Done.")
    status, out, err = await shell("run", "Make a file", "-p", "test", "--wait", "--json")
    assert status == 0, err
    (line,) = out.splitlines()
    task = json.loads(line)
    assert task["state"] == "ready"
    assert task["turns"] == 1
    assert task["branch"] == f"shopfloor/{task['id']}/make-a-file"
    assert Path(task["worktree"], "made.txt").exists()
    assert (task["files_changed"], task["additions"], task["deletions"]) == (1, 1, 0)
    assert {"cost_usd", "tokens", "seconds"} <= task.keys()
    assert task["tokens"] > 0
    assert task["seconds"] > 0


async def test_a_prompt_can_come_from_standard_input(shell: Shell) -> None:
    shell.model.add("Done.")
    status, out, err = await shell("run", "-", "-p", "test", "--wait", "--json", text="Two\nlines\n")
    assert status == 0, err
    assert json.loads(out)["title"] == "Two"
    status, _, err = await shell("run", "-", "-p", "test")
    assert (status, "empty" in err) == (2, True), err


async def test_the_whole_review_works_without_a_screen(shell: Shell) -> None:
    shell.model.add(writes("hello.txt", "hello\nthere\n"), "Done.")
    _, out, _ = await shell("run", "Change it", "-p", "test", "--wait", "--json")
    task = json.loads(out)["id"]
    status, patch, _ = await shell("diff", task)
    assert status == 0
    assert "+there" in patch
    assert patch.startswith("diff --git a/hello.txt b/hello.txt"), "a patch that git apply takes"
    status, out, err = await shell("comment", task, "hello.txt:2", "Say friend", "--json")
    assert status == 0, err
    assert json.loads(out)["id"] == "R1-C1"
    _, prompt, _ = await shell("review", task)
    assert "R1-C1 [fix] hello.txt:2" in prompt
    shell.model.add(writes("hello.txt", "hello\nfriend\n"), "R1-C1: done")
    status, _, err = await shell("review", task, "--send")
    assert status == 0, err
    await shell.until(task, lambda known: known["turns"] == 2 and known["state"] == "ready", "the second turn")
    _, out, _ = await shell("comments", task, "--json")
    comment = json.loads(out)
    assert (comment["state"], comment["claim"]) == ("claimed", "done")
    assert comment["anchor"]["state"] == "orphaned", "its line was replaced by one that is not like it"
    assert comment["evidence"] == {
        "touched": "lines", "before": ["hello", "there"], "after": ["hello", "friend"],
    }  # fmt: skip
    assert comment["verdict"] == "open", "only the person resolves"
    _, out, _ = await shell("review", task, "--json")
    overview = json.loads(out)
    assert (overview["to_judge"], overview["files"], overview["files_reviewed"]) == (["R1-C1"], 1, 0)
    _, out, _ = await shell("diff", task, "--scope", "review", "--format", "json")
    (file,) = [json.loads(line) for line in out.splitlines()]
    assert (file["path"], file["additions"], file["deletions"]) == ("hello.txt", 1, 1)


async def test_agents_work_on_while_nobody_looks(shell: Shell) -> None:
    shell.model.add(runs("until [ -e go ]; do sleep 0.05; done"), "Done.")
    status, out, err = await shell("run", "Wait for it", "-p", "test", "--json")
    assert status == 0, err
    task = json.loads(out)["id"]
    known = await shell.until(task, lambda known: bool(known["worktree"]), "a worktree")
    Path(known["worktree"], "go").touch()
    await shell.until(task, lambda known: known["state"] == "ready", "its end")


async def test_stop_resume_and_close_by_the_beginning_of_an_id(shell: Shell) -> None:
    shell.model.add(runs("sleep 600"))
    _, out, _ = await shell("run", "Never ends", "-p", "test", "--json")
    task = json.loads(out)["id"]
    await shell.until(task, lambda known: known["tokens"] > 0, "the model's first answer")
    status, out, err = await shell("stop", task[:3], "--json")
    assert (status, json.loads(out)["state"]) == (0, "stopped"), err
    shell.model.add("Went on.", "Went on.")
    assert (await shell("resume", task))[0] == 0
    await shell.until(task, lambda known: known["state"] == "ready", "its end")
    status, out, err = await shell("close", task, "--json")
    assert (status, json.loads(out)["state"]) == (0, "closed"), err
    assert (await shell("ls"))[1].startswith("No tasks.")
    assert task in (await shell("ls", "--all"))[1]
    status, out, err = await shell("restore", task, "--json")
    assert (status, json.loads(out)["state"]) == (0, "stopped"), err
    assert Path(json.loads(out)["worktree"], "hello.txt").exists()


async def test_a_blocked_task_exits_with_four(shell: Shell) -> None:
    shell.model.add(Fault(status=401))
    status, out, err = await shell("run", "x", "-p", "test", "--wait", "--json")
    assert status == 4, err
    task = json.loads(out)
    assert task["state"] == "blocked"
    assert KEY in task["reason"] + task["hint"]


async def test_engine_verbs(shell: Shell) -> None:
    await shell.refused(3, "engine", "status")
    status, out, err = await shell("engine", "start", "--json")
    assert status == 0, err
    info = json.loads(out)
    socket = shell.folder / "home" / "run" / "engine.sock"
    assert socket.stat().st_mode & 0o777 == 0o600
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    again = json.loads((await shell("engine", "start", "--json"))[1])
    assert again["pid"] == info["pid"], "there is one engine"
    assert (await shell.refused(3, "engine", "run")).count("already") == 1
    status, out, _ = await shell("engine", "stop", "--json")
    assert (status, json.loads(out)["pid"]) == (0, info["pid"])
    await shell.refused(3, "engine", "status")
    assert not socket.exists()


async def test_two_starts_at_the_same_moment_give_one_engine(shell: Shell) -> None:
    answers = await asyncio.gather(*(shell("engine", "start", "--json") for _ in range(4)))
    assert [status for status, _, _ in answers] == [0] * 4, answers
    assert len({json.loads(out)["pid"] for _, out, _ in answers}) == 1


async def test_a_stale_socket_is_no_obstacle(shell: Shell) -> None:
    import socket

    place = shell.folder / "home" / "run" / "engine.sock"
    place.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(place))
    status, _, err = await shell("engine", "start")
    assert status == 0, err


async def test_profiles_and_doctor_say_what_is_missing(shell: Shell) -> None:
    _, out, _ = await shell("profiles")
    assert "ANTHROPIC_API_KEY" in out, "a profile without its key names the variable"
    infos = [json.loads(line) for line in (await shell("profiles", "--json"))[1].splitlines()]
    assert {"claude-api", "openai-api", "openai-compatible", "offline", "test"} <= {info["id"] for info in infos}
    status, out, _ = await shell("doctor")
    assert status == 0, out
    assert "engine.log" in out
    for line in (await shell("doctor", "--json"))[1].splitlines():
        assert {"name", "ok", "text", "hint", "needed"} == json.loads(line).keys()


# bad input


async def test_not_a_repository(shell: Shell) -> None:
    elsewhere = shell.folder / "elsewhere"
    elsewhere.mkdir()
    assert "not in a git repository" in await shell.refused(1, "run", "x", "-p", "test", at=elsewhere)


async def test_a_repository_without_commits(shell: Shell) -> None:
    empty = shell.folder / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert "no commits" in await shell.refused(1, "run", "x", "-p", "test", at=empty)


async def test_a_bare_repository(shell: Shell) -> None:
    git(shell.folder, "clone", "-q", "--bare", str(shell.repository), "bare.git")
    assert "bare" in await shell.refused(1, "run", "x", "-p", "test", at=shell.folder / "bare.git")


async def test_a_detached_head_and_a_dirty_checkout_are_fine(shell: Shell) -> None:
    git(shell.repository, "checkout", "-q", "--detach")
    (shell.repository / "hello.txt").write_text("dirty\n")
    shell.model.add("Done.")
    status, out, err = await shell("run", "x", "-p", "test", "--wait", "--json")
    assert status == 0, err
    assert Path(json.loads(out)["worktree"], "hello.txt").read_text() == "hello\nworld\n", "the base is a commit"
    assert (shell.repository / "hello.txt").read_text() == "dirty\n"


async def test_a_base_that_does_not_exist(shell: Shell) -> None:
    assert "nowhere" in await shell.refused(2, "run", "x", "-p", "test", "--base", "nowhere")


async def test_no_key(shell: Shell) -> None:
    message = await shell.refused(2, "run", "x", at=shell.repository, **{KEY: ""})
    assert "ANTHROPIC_API_KEY" in message


async def test_an_unknown_profile(shell: Shell) -> None:
    assert "nobody" in await shell.refused(2, "run", "x", "-p", "nobody")


async def test_without_a_key_only_the_variables_are_named_not_every_agent_that_could_be_installed(shell: Shell) -> None:
    (shell.folder / "home" / "config" / "profiles" / "test.toml").unlink()
    message = await shell.refused(2, "run", "Do it", PATH="/usr/bin:/bin", **{KEY: ""})
    assert "ANTHROPIC_API_KEY" in message
    assert "OPENAI_API_KEY" in message
    assert "not on PATH" not in message, f"a page instead of a sentence: {message}"


async def test_broken_profile_and_project_files_are_named_with_their_line(shell: Shell) -> None:
    broken = shell.folder / "home" / "config" / "profiles" / "broken.toml"
    broken.write_text('name = "x"\n[native\n')
    message = await shell.refused(2, "run", "x", "-p", "broken")
    assert "broken.toml" in message
    assert "2" in message
    broken.unlink()
    (shell.repository / ".shopfloor.toml").write_text("[[check]]\nname = 3\n")
    message = await shell.refused(2, "run", "x", "-p", "test")
    assert ".shopfloor.toml" in message
    assert "name" in message


async def test_git_missing(shell: Shell) -> None:
    folder = shell.folder / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    assert "Git is not installed" in await shell.refused(1, "run", "x", "-p", "test", PATH=str(folder))


async def test_an_engine_that_cannot_be_started(shell: Shell) -> None:
    blocked = shell.folder / "file"
    blocked.write_text("a file where a folder should be")
    message = await shell.refused(3, "ls", SHOPFLOOR_HOME=str(blocked))
    assert str(blocked) in message


async def test_unknown_tasks_comments_and_verbs(shell: Shell) -> None:
    assert "no task “zzzz”" in await shell.refused(2, "show", "zzzz")
    assert "--nope" in await shell.refused(2, "ls", "--nope")
    assert "needs a terminal" in await shell.refused(2)


async def test_a_reader_that_goes_away_is_no_fault(shell: Shell) -> None:
    command = f"{sys.executable} {ROOT / 'app' / 'launch.py'} profiles | true"
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, env=shell.variables, cwd=shell.repository, stderr=asyncio.subprocess.PIPE
    )
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert b"Traceback" not in err, err.decode()


async def test_names_that_are_not_utf8_and_control_characters_are_shown_safely(shell: Shell) -> None:
    shell.model.add(runs(r"printf 'x\033]0;evil\007\n' > $(printf 'caf\351.txt')"), "Said \x1b[2Jdone.")
    _, out, err = await shell("run", "odd names", "-p", "test", "--wait", "--json")
    task = json.loads(out)["id"]
    _, out, err = await shell("diff", task, "--format", "json")
    file = json.loads(out)
    assert file["path_b64"], out + err
    _, out, _ = await shell("show", task, "--transcript")
    assert "\x1b" not in out, "control characters of an agent must not reach the terminal"
    _, out, _ = await shell("comment", task, ".", "ok", "--json")
    assert json.loads(out)["id"] == "R1-C1"


async def test_an_engine_of_another_version_is_named_and_can_be_replaced(shell: Shell) -> None:
    copy = shell.folder / "older"
    for package in ("agents", "app", "profiles"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "agents" / "version.py").write_text('"""An older program."""\n\nVERSION = "0.0.1"\n')
    older = await asyncio.create_subprocess_exec(
        sys.executable, str(copy / "app" / "launch.py"), "engine", "start", env=shell.variables, cwd=shell.folder
    )
    assert await asyncio.wait_for(older.wait(), 30) == 0
    message = await shell.refused(3, "ls")
    assert "0.0.1" in message
    assert "shopfloor engine restart" in message
    status, out, err = await shell("engine", "restart", "--json")
    assert status == 0, err
    assert json.loads(out)["version"] != "0.0.1"


async def test_an_engine_asked_to_stop_when_idle_lets_its_turns_end(shell: Shell) -> None:
    shell.model.add(runs("until [ -e go ]; do sleep 0.05; done"), "Done.")
    _, out, _ = await shell("run", "Wait for it", "-p", "test", "--json")
    task = json.loads(out)["id"]
    known = await shell.until(task, lambda known: known["tokens"] > 0, "the model's first answer")
    stopping = asyncio.create_task(shell("engine", "stop", "--when-idle"))
    status, _, _ = await shell("engine", "status")
    assert status == 0, "it goes on while a turn runs"
    Path(known["worktree"], "go").touch()
    status, _, err = await asyncio.wait_for(stopping, 30)
    assert status == 0, err
    assert (await shell.task(task))["state"] == "ready"

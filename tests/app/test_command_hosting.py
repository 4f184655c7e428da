"""Pull requests and issues from a shell, with a stand-in for ``gh`` that speaks its real JSON."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from agents.engine.hosting import failing_step
from tests.app.git_host import a_host
from tests.shell import Shell
from tests.shop import git, writes


@pytest.fixture
def host(shell: Shell) -> Path:
    """A ``gh`` on PATH, its folder, and a remote to push to."""
    host, programs = a_host(shell.folder, shell.repository)
    shell.variables["PATH"] = f"{programs}:{os.environ['PATH']}"
    return host


async def a_task(shell: Shell) -> str:
    shell.model.add(writes("hello.txt", "hello\nthere\n"), "Done.")
    status, out, err = await shell("run", "Greet everybody", "-p", "test", "--wait", "--json")
    assert status == 0, f"{out}{err}"
    return str(json.loads(out)["id"])


async def published(shell: Shell, task: str, *options: str) -> dict[str, Any]:
    status, out, err = await shell("pr", task, "--json", *options)
    assert status == 0, err
    return dict(json.loads(out))


async def test_a_branch_is_pushed_and_its_pull_request_made_then_brought_up_to_date(shell: Shell, host: Path) -> None:
    task = await a_task(shell)
    request = await published(shell, task, "--draft")
    assert (request["number"], request["state"]) == (7, "draft")
    known = await shell.task(task)
    pull = json.loads((host / "pull").read_text())
    assert (pull["headRefName"], pull["baseRefName"], pull["title"]) == (known["branch"], "main", "Greet everybody")
    pushed = git(shell.folder / "remote.git", "show", f"{known['branch']}:hello.txt")
    assert pushed == "hello\nthere", "what was not committed was committed and pushed"
    shell.model.add(writes("hello.txt", "hello\nyou\n"), "Done.")
    await shell("send", task, "Say you")
    await shell.until(task, lambda known: known["turns"] == 2 and known["state"] == "ready", "the second turn")
    await published(shell, task, "--title", "Greet you", "--body", "Better.")
    pull = json.loads((host / "pull").read_text())
    assert (pull["title"], pull["body"]) == ("Greet you", "Better.")
    assert git(shell.folder / "remote.git", "show", f"{known['branch']}:hello.txt") == "hello\nyou"


async def test_the_state_of_its_checks_is_told_and_a_failing_log_goes_to_the_agent(shell: Shell, host: Path) -> None:
    task = await a_task(shell)
    await published(shell, task)
    pull = json.loads((host / "pull").read_text())
    run = {"__typename": "CheckRun", "name": "tests", "status": "IN_PROGRESS", "conclusion": "",
           "detailsUrl": "https://github.com/o/r/actions/runs/5/job/99"}  # fmt: skip
    (host / "pull").write_text(json.dumps({**pull, "statusCheckRollup": [run]}))
    _, out, _ = await shell("pr", task, "--status", "--json")
    assert json.loads(out)["checks"] == "running"
    run |= {"status": "COMPLETED", "conclusion": "FAILURE"}
    lint = {"__typename": "StatusContext", "context": "lint", "state": "SUCCESS", "targetUrl": ""}
    (host / "pull").write_text(json.dumps({**pull, "statusCheckRollup": [lint, run]}))
    (host / "log-99").write_text(
        "tests\tSet up job\t2026-01-01T10:00:00.000Z noise\n"
        "tests\tRun tests\t2026-01-01T10:00:01.000Z ##[group]Run pytest\n"
        "tests\tRun tests\t2026-01-01T10:00:02.000Z E   assert 1 == 2\n"
        "tests\tRun tests\t2026-01-01T10:00:03.000Z ##[error]Process completed with exit code 1.\n"
    )
    _, out, _ = await shell("pr", task, "--status", "--json")
    assert json.loads(out)["checks"] == "failed"
    assert (await shell.task(task))["unseen"], "a failing check calls the person"
    shell.model.add("I mend it.")
    status, _, err = await shell("pr", task, "--send-failure")
    assert status == 0, err
    await shell.until(task, lambda known: known["turns"] == 2 and known["state"] == "ready", "the turn about the log")
    said = str(shell.model.requests[-1])
    assert "E   assert 1 == 2" in said
    assert "step “Run tests”" in said
    assert "noise" not in said, "only the failing step"
    assert "2026-01-01T" not in said, "no times"


async def test_review_comments_of_the_host_become_drafts_in_the_review_once(shell: Shell, host: Path) -> None:
    task = await a_task(shell)
    await published(shell, task)
    comments = [
        {"id": 1, "path": "hello.txt", "line": 2, "start_line": None, "side": "RIGHT", "body": "Why?\r\nReally.",
         "user": {"login": "ada"}},
        {"id": 2, "path": "hello.txt", "line": None, "original_line": None, "side": "RIGHT", "body": "The whole file.",
         "user": {"login": "bob"}},
    ]  # fmt: skip
    (host / "comments").write_text(json.dumps(comments))
    _, out, _ = await shell("pr", task, "--status", "--json")
    assert json.loads(out)["comments"] == 2
    status, out, err = await shell("pr", task, "--comments", "--json")
    assert (status, json.loads(out)) == (0, {"new": 2}), err
    _, out, _ = await shell("pr", task, "--comments", "--json")
    assert json.loads(out) == {"new": 0}, "each is brought once"
    _, out, _ = await shell("comments", task, "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert [(one["author"], one["lines"], one["state"]) for one in found] == [
        ("github:ada", [2, 2], "draft"), ("github:bob", [0, 0], "draft"),
    ]  # fmt: skip
    assert found[0]["text"] == "Why?\nReally."


async def test_tasks_are_made_from_issues(shell: Shell, host: Path) -> None:
    issues = [
        {"number": 12, "title": "It \x1b[31mbreaks", "body": "When I click.\r\n", "url": "https://github.com/o/r/issues/12",
         "labels": [{"name": "bug"}]},
        {"number": 13, "title": "Other", "body": None, "url": "u", "labels": []},
    ]  # fmt: skip
    (host / "issues").write_text(json.dumps(issues))
    status, out, err = await shell("issues")
    assert status == 0, err
    assert "#12    It" in out
    assert "[bug]" in out
    assert "\x1b" not in out, "a title cannot control the terminal"
    shell.model.add("Done.")
    status, out, err = await shell("issues", "12", "-p", "test", "--json")
    assert status == 0, err
    task = json.loads(out)
    assert task["title"].endswith("(#12)")
    await shell.until(task["id"], lambda known: known["state"] == "ready", "the task of the issue")
    assert "When I click." in str(shell.model.requests[-1])
    assert "issues/12" in str(shell.model.requests[-1])
    await shell.refused(1, "issues", "99", "-p", "test")


async def test_without_gh_there_is_a_sentence_and_everything_else_works(shell: Shell) -> None:
    folders = [folder for folder in os.environ["PATH"].split(":") if not (Path(folder) / "gh").exists()]
    shell.variables["PATH"] = ":".join(folders)
    if shutil.which("git", path=shell.variables["PATH"]) is None:
        pytest.skip("gh lies in the same folder as git here: it cannot be taken away alone")
    task = await a_task(shell)
    error = await shell.refused(1, "pr", task)
    assert "gh is not installed" in error
    assert "gh auth login" in error
    assert "gh is not installed" in (await shell.refused(1, "issues"))


async def test_being_logged_out_is_said_before_anything_is_pushed(shell: Shell, host: Path) -> None:
    task = await a_task(shell)
    (host / "logged-out").touch()
    assert "gh auth login" in (await shell.refused(1, "pr", task))
    assert git(shell.folder / "remote.git", "branch") == ""


@pytest.mark.parametrize(
    ("log", "step", "text"),
    [
        ("", "", ""),
        ("just words", "", "just words"),
        ("j\ta\tone\nj\tb\t2026-01-01T10:00:00Z two\nj\tb\tthree", "b", "two\nthree"),
    ],
)
def test_the_failing_step_is_found_in_any_log(log: str, step: str, text: str) -> None:
    found_step, found = failing_step(log)
    assert (found_step, found) == (step, text) or (step == "" and found in (text, ""))

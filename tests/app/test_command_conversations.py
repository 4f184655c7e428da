"""Verbs about conversations, as a process: shorten, try again, fork, export, count the money."""

from __future__ import annotations

import json

from agents.offline import Call, Fault, say
from tests.shell import Shell
from tests.shop import writes


async def test_transcript_is_exported_as_markdown_and_json(shell: Shell) -> None:
    shell.model.add(writes("made.txt", "made\n```\n"), "It is **made**.")
    _, out, _ = await shell("run", "Make a file\nplease", "-p", "test", "--wait", "--json")
    task = json.loads(out)["id"]
    status, document, err = await shell("show", task, "--markdown")
    assert status == 0, err
    for words in ("# Make a file", "## Turn 1", "> Make a file\n> please", "It is **made**.", "**write** `made.txt`"):
        assert words in document, f"{words!r} is missing in\n{document}"
    assert "````diff" in document, "a fence inside a diff must not end its block"
    assert "price unknown" in document
    status, out, err = await shell("show", task, "--transcript", "--json")
    assert status == 0, err
    shown = json.loads(out)
    assert [entry["kind"] for entry in shown["transcript"]][-1] == "text"
    assert len(shown["by_turn"][0]["steps"]) == 2


async def test_fork_compact_and_spending(shell: Shell) -> None:
    shell.model.add("First. " + "z" * 40_000, "## Goal\n- Go on.", "Forked.")
    _, out, _ = await shell("run", "Begin", "-p", "test", "--wait", "--json")
    task = json.loads(out)["id"]
    status, out, err = await shell("compact", task)
    assert status == 0, err
    assert "tokens." in out
    status, out, err = await shell("fork", task, "Go another way", "--json")
    assert status == 0, err
    forked = json.loads(out)["id"]
    await shell.until(forked, lambda known: known["state"] == "ready", "the fork's end")
    status, out, err = await shell("spending", "--json")
    assert status == 0, err
    (spent,) = [json.loads(line) for line in out.splitlines()]
    assert (spent["steps"], spent["tasks"]) == (3, 2)
    assert "$?" in (await shell("spending"))[1], "a price nobody knows must not look like one"
    await shell.refused(2, "fork", task, "--turn", "9")


async def test_retry_does_at_once_what_waits(shell: Shell) -> None:
    shell.model.add(Fault(status=529, retry_after=250), say(Call(name="bash", arguments={"command": "ls"})), "Done.")
    _, out, _ = await shell("run", "Begin", "-p", "test", "--json")
    task = json.loads(out)["id"]
    await shell.until(task, lambda known: known["waiting_until"] > 0, "a task that waits")
    status, out, err = await shell("retry", task)
    assert status == 0, err
    await shell.until(task, lambda known: known["state"] == "ready", "the task's end")
    status, out, _ = await shell("retry", task)
    assert status == 1
    assert "Nothing" in out

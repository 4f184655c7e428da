"""``shopfloor queue`` as a process."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from tests.shell import Shell
from tests.shop import runs, writes

FILE = "# House\n\nOur rules.\n\n## Look\n\nLook at it.\n\n## Mend\n"


async def saved(shell: Shell, name: str = "house") -> None:
    """A queue of the person's own."""
    status, _, err = await shell("queue", "save", name, text=FILE)
    assert status == 0, err


async def objects(shell: Shell, *arguments: str) -> list[dict[str, Any]]:
    """What ``shopfloor queue … --json`` prints."""
    status, out, err = await shell("queue", *arguments, "--json")
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


async def test_queues_are_saved_listed_shown_copied_renamed_deleted_and_brought_back(shell: Shell) -> None:
    await saved(shell)
    listed = {each["name"]: each for each in await objects(shell, "ls")}
    assert listed.keys() >= {"house", "review-and-fix", "security", "test-hygiene"}
    assert (listed["house"]["place"], listed["security"]["place"]) == ("user", "shipped")
    assert [item["title"] for item in listed["house"]["items"]] == ["Look", "Mend"]
    assert (await shell("queue", "show", "house"))[1] == FILE
    await objects(shell, "copy", "house", "shed")
    await objects(shell, "rename", "shed", "barn")
    await objects(shell, "delete", "barn")
    assert "barn" not in {each["name"] for each in await objects(shell, "ls")}
    assert [each["why"] for each in await objects(shell, "copies", "barn")] == ["deleted"]
    (back,) = await objects(shell, "restore", "barn")
    assert back["description"] == "Our rules."


async def test_a_queue_is_edited_in_the_persons_editor(shell: Shell) -> None:
    await saved(shell)
    status, out, err = await shell("queue", "edit", "house", EDITOR="sed -i s/Mend/Repair/")
    assert status == 0, err
    assert out.startswith("house: 2 prompts in ")
    assert "## Repair" in (await shell("queue", "show", "house"))[1]
    await shell.refused(2, "queue", "edit", "house", EDITOR="false")
    await shell.refused(2, "queue", "edit", "house", EDITOR="", VISUAL="")


async def test_a_queue_of_the_project_lies_in_the_repository(shell: Shell) -> None:
    status, out, err = await shell("queue", "save", "house", "--project", text=FILE)
    assert status == 0, err
    assert out.strip().endswith(".shopfloor/queues/house.md")
    assert (shell.repository / ".shopfloor" / "queues" / "house.md").read_text() == FILE


async def test_a_queue_runs_after_the_turn_of_a_new_task(shell: Shell) -> None:
    await saved(shell)
    shell.model.add("Did it.", writes("look.txt", "x\n"), "Looked.", "Mended.")
    status, out, err = await shell("run", "do it", "-p", "test", "--queue", "house", "--wait", "--json")
    assert status == 0, err
    task = json.loads(out)
    assert (task["own_queue"], task["queue"], task["turns"]) == ("house", None, 3)
    (run,) = await objects(shell, "status", task["id"])
    assert (run["queue"], run["state"]) == ("house", "done")
    assert [(item["state"], item["turn"]) for item in run["items"]] == [("changed", 2), ("no change", 3)]


async def test_a_queue_is_run_waited_for_and_told_item_by_item(shell: Shell) -> None:
    shell.model.add("Did it.", "Looked.", "Mended.")
    _, out, _ = await shell("run", "do it", "-p", "test", "--wait", "--json")
    task = json.loads(out)["id"]
    file = shell.folder / "given.md"
    file.write_text(FILE)
    status, out, err = await shell("queue", "run", "given", "--file", str(file), "--ready", "--wait")
    assert status == 0, err
    assert f"{task}  given done" in out
    assert "no change" in err, "each outcome is told as it comes"
    await shell.refused(2, "queue", "pause", task)


async def test_what_waits_is_inserted_moved_skipped_and_aborted(shell: Shell) -> None:
    await saved(shell)
    shell.model.add("Did it.")
    _, out, _ = await shell("run", "do it", "-p", "test", "--wait", "--json")
    task = json.loads(out)["id"]
    shell.model.add(runs("sleep 600"))
    (run,) = await objects(shell, "run", "house", task)
    await shell.until(task, lambda known: known["state"] == "working", "the first item")
    await objects(shell, "insert", task, "Third\nof all")
    (run,) = await objects(shell, "move", task, "3", "2")
    assert [item["title"] for item in run["items"]] == ["Look", "Third", "Mend"]
    (run,) = await objects(shell, "skip", task, "3")
    assert run["items"][2]["reason"] == "Skipped by you."
    (run,) = await objects(shell, "pause", task)
    assert run["state"] == "paused"
    assert (await shell.task(task))["queue"] == {"name": "house", "position": 1, "total": 3, "paused": True}
    (run,) = await objects(shell, "abort", task)
    assert (run["state"], [item["state"] for item in run["items"]]) == ("aborted", ["skipped"] * 3)
    await shell.until(task, lambda known: known["state"] == "stopped", "the end of the agent's turn")


REFUSED = {
    ("queue", "show", "nothing"): "no queue “nothing”",
    ("queue", "run", "security"): "Name at least one",
    ("queue", "run", "security", "zzzz"): "no task “zzzz”",
    ("queue", "save", "a b"): "cannot be the name",
    ("queue", "delete", "security"): "came with Shopfloor",
    ("queue", "restore", "security"): "No earlier state",
    ("queue",): "ACTION",
    ("run", "x", "-p", "test", "--queue", "nothing"): "no queue “nothing”",
}


async def test_what_cannot_be_is_said_in_one_sentence(shell: Shell) -> None:
    for arguments, said in REFUSED.items():
        status, _, err = await shell(*arguments, text=FILE)
        assert (status, said in err, len(err.strip().splitlines())) == (2, True, 1), f"{arguments}: {status} {err}"


async def test_a_killed_engine_goes_on_with_the_same_item(shell: Shell) -> None:
    shell.model.add("Did it.", writes("one.txt", "1\n"), "One.", runs("sleep 600"), "Two, after all.", "Three.")
    file = shell.folder / "given.md"
    file.write_text("## First\n\n## Second\n\n## Third\n")
    _, out, _ = await shell("run", "do it", "-p", "test", "--wait", "--json")
    task = json.loads(out)["id"]
    await objects(shell, "run", "given", task, "--file", str(file))
    await shell.until(task, lambda _: shell.model.remaining == 2, "the second item's command")
    status, out, err = await shell("engine", "status", "--json")
    assert status == 0, err
    os.kill(json.loads(out)["pid"], signal.SIGKILL)
    known = await shell.until(task, lambda known: known["state"] == "ready", "the end of the queue")
    assert known["queue"] is None
    (run,) = await objects(shell, "status", task)
    assert [(item["state"], item["turn"]) for item in run["items"]] == [
        ("changed", 2),
        ("no change", 3),
        ("no change", 4),
    ]
    _, story, _ = await shell("show", task, "--transcript")
    assert [story.count(f"[{number} of 3]") for number in (1, 2, 3)] == [1, 1, 1], "each item is said once"

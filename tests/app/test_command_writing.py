"""New tasks from templates, several at once and held; the budget; an engine that was stopped on purpose."""

from __future__ import annotations

import json

from agents.offline import Call, say
from tests.shell import Shell


async def test_run_takes_a_template_and_holds_a_task_until_it_is_resumed(shell: Shell) -> None:
    folder = shell.repository / ".shopfloor" / "templates"
    folder.mkdir(parents=True)
    (folder / "bug.md").write_text("---\nprofile: test\n---\nFix this bug.\n")
    shell.model.add("Done.")
    status, out, err = await shell("run", "It crashes", "--template", "bug", "--hold", "--json")
    assert status == 0, err
    task = json.loads(out)
    assert (task["state"], task["held"], task["profile"]) == ("queued", True, "test")
    assert task["prompt"] == "Fix this bug.\n\nIt crashes"
    await shell("resume", task["id"])
    await shell.until(task["id"], lambda known: known["state"] == "ready", "its end")
    err = await shell.refused(2, "run", "x", "--template", "none")
    assert "there are: bug" in err


async def test_run_each_makes_a_task_of_every_item(shell: Shell) -> None:
    text = "In this project:\n- add docs\n- add tests"
    status, out, err = await shell("run", "-", "--each", "--hold", "-p", "test", "--json", text=text)
    assert status == 0, err
    made = [json.loads(line) for line in out.splitlines()]
    assert [task["prompt"] for task in made] == ["In this project:\n\nadd docs", "In this project:\n\nadd tests"]


async def test_budget_holds_and_is_raised_by_a_verb(shell: Shell) -> None:
    (shell.folder / "home" / "config").mkdir(parents=True, exist_ok=True)
    (shell.folder / "home" / "config" / "config.toml").write_text("[budget]\nper_day_usd = 0\n")
    shell.model.add(say("Done.", Call(name="bash", arguments={"command": "true"})), "Done.")
    _, out, _ = await shell("run", "Do it", "-p", "test", "--json")
    task = json.loads(out)["id"]
    await shell.until(task, lambda known: "budget" in known["reason"], "a held turn")
    status, out, err = await shell("budget")
    assert status == 0, err
    assert "New turns wait" in out
    status, out, _ = await shell("budget", "5", "--json")
    assert json.loads(out)["budget_usd"] == 5
    await shell.until(task, lambda known: known["state"] == "ready", "its end")

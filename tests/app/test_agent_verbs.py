"""``shopfloor answer`` and ``session``: a person at a shell answers an agent, and chooses what it offers."""

from __future__ import annotations

import json
import sys

from tests.shell import ROOT, Shell


async def test_answer_shows_the_options_and_gives_one(shell: Shell) -> None:
    command = [sys.executable, "-S", str(ROOT / "tests/agents/acp/fake_acp_agent.py"), "permission"]
    text = f'name = "Fake"\ndriver = "acp"\n[acp]\ncommand = {command!r}\npermissions = "ask"\n'
    (shell.folder / "home/config/profiles/fake.toml").write_text(text)
    status, out, err = await shell("run", "do it", "-p", "fake", "--wait", "--json")
    assert status == 4, f"a task that asks is blocked: {out}{err}"
    task = json.loads(out)
    assert task["question"]["options"] == ["No", "Always", "Yes"]
    said = await shell.refused(2, "answer", task["id"])
    assert "May Fake do this? edit: Write hello.txt" in said
    assert "1 No · 2 Always · 3 Yes" in said
    status, out, err = await shell("answer", task["id"], "3", "--json")
    assert (status, json.loads(out)["question"]) == (0, None), err
    await shell.until(task["id"], lambda known: known["state"] == "ready", "the task to go on")
    assert "asks nothing now" in await shell.refused(2, "answer", task["id"], "3")


async def test_session_shows_and_sets_what_the_agent_offers(shell: Shell) -> None:
    command = [sys.executable, "-S", str(ROOT / "tests/agents/acp/fake_acp_agent.py"), "options"]
    text = f'name = "Fake"\ndriver = "acp"\n[acp]\ncommand = {command!r}\n'
    (shell.folder / "home/config/profiles/fake.toml").write_text(text)
    status, out, err = await shell("run", "do it", "-p", "fake", "--wait", "--json")
    assert status == 0, err
    task = json.loads(out)["id"]
    status, out, err = await shell("session", task, "model", "large")
    assert status == 0, err
    assert "model: large  Model\n  ○ small  Small\n  ● large  Large\n" in out
    assert "/plan  Plan first.\n" in out
    status, out, err = await shell("session", task, "--json")
    assert {each["id"]: each["value"] for each in json.loads(out)["settings"]}["model"] == "large", err
    assert "it can be: small, large" in await shell.refused(2, "session", task, "model", "huge")
    status, out, err = await shell("session", task, "--conversations")
    assert "○ older  2026-01-01T00:00:00Z  Once\n" in out, err

"""``shopfloor answer``: a script, or a person at a shell, answers what an agent asks."""

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

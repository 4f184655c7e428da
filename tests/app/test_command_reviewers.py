"""Reviews by other agents from a shell."""

from __future__ import annotations

import json
from typing import Any

from tests.shell import Shell, shell
from tests.shop import writes

__all__ = ["shell"]
FINDING = {"path": "a.txt", "start": 1, "end": 1, "severity": "low", "kind": "fix", "text": "Say \u001b[31mb."}
FOUND = json.dumps({"findings": [FINDING]})


async def a_task(shell: Shell) -> dict[str, Any]:
    shell.model.add(writes("a.txt", "a\n"), "Done.")
    status, out, err = await shell("run", "Write a", "-p", "test", "--wait", "--json")
    assert status == 0, f"{out}{err}"
    return dict(json.loads(out))


async def test_a_review_by_another_agent_is_estimated_run_and_told(shell: Shell) -> None:
    task = await a_task(shell)
    await shell.refused(1, "review-by", task["id"], "--result")
    status, out, err = await shell("review-by", task["id"], "tests", "--estimate", "--json")
    assert status == 0, err
    estimate = json.loads(out)
    assert (estimate["reviewer"], estimate["cost_usd"]) == ("tests", None), "a price that is not known is none"
    assert estimate["tokens"] > 100
    shell.model.add(FOUND, json.dumps({"verdicts": [{"finding": 1, "keep": True}]}))
    status, out, err = await shell("review-by", task["id"], "tests", "--judge", "test")
    assert status == 0, f"{out}{err}"
    assert "cost unknown" in err
    assert "a.txt:1" in out
    assert "(R1-C1)" in out
    assert "\x1b" not in out, "what a model says does nothing to the terminal"
    _, out, _ = await shell("review-by", task["id"], "--result", "--json")
    result = json.loads(out)
    assert (result["state"], result["readers"][0]["findings"][0]["comment"]) == ("done", "R1-C1")
    _, out, _ = await shell("comments", task["id"], "--json")
    assert json.loads(out.splitlines()[0])["author"] == "reviewer:tests"


async def test_findings_go_to_the_agent_by_themselves(shell: Shell) -> None:
    task = await a_task(shell)
    shell.model.add(FOUND, writes("a.txt", "b\n"), "R1-C1: done", '{"findings": []}')
    status, out, err = await shell("review-by", task["id"], "tests", "--auto", "1", "--json")
    assert status == 0, f"{out}{err}"
    assert (json.loads(out)["round"], (await shell.task(task["id"]))["rounds"]) == (1, 1)


async def test_what_cannot_be_reviewed_is_said_plainly(shell: Shell) -> None:
    task = await a_task(shell)
    assert "no reviewer “nobody”" in await shell.refused(2, "review-by", task["id"], "nobody")
    assert "not reviewed yet" in await shell.refused(2, "review-by", task["id"], "--cancel")
    shell.model.add("Nothing to do.")
    _, out, _ = await shell("run", "Nothing", "-p", "test", "--wait", "--json")
    assert "changed nothing" in await shell.refused(2, "review-by", json.loads(out)["id"])


async def test_the_reviewers_are_listed(shell: Shell) -> None:
    folder = shell.repository / ".shopfloor" / "reviewers"
    folder.mkdir(parents=True)
    (folder / "ours.md").write_text("# Ours\n\nLook.\n")
    status, out, err = await shell("reviewers", "--json")
    assert status == 0, err
    known = {reviewer["name"]: reviewer["place"] for reviewer in map(json.loads, out.splitlines())}
    assert known == dict.fromkeys(("performance", "security", "simplicity", "tests"), "shipped") | {"ours": "project"}
    assert "Ours" in (await shell("reviewers"))[1]

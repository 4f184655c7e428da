"""Real agents through the Agent Client Protocol, confined, with the network off but for their model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agents.parts.review import CommentDraft
from tests.real.conftest import RealShop
from tests.real.player import runs, says, writes
from tests.real.tried import CLAUDE, COPILOT, GEMINI, KEY, NAMES, OPENCODE, QWEN, RealAgent, chosen
from tests.shop import git

AGENTS = [pytest.param(agent, id=agent.profile) for agent in (CLAUDE, GEMINI, QWEN, COPILOT, OPENCODE)]


@pytest.fixture(params=AGENTS)
def agent(request: pytest.FixtureRequest, installed: Path) -> RealAgent:
    found: RealAgent = request.param
    if found not in chosen():
        pytest.skip(f"{found.profile} is not named in {NAMES}")
    program = installed / "node_modules" / ".bin" / found.program
    if shutil.which(program) is None:
        pytest.skip(f"{found.program} could not be installed")
    return found


async def test_a_task_from_prompt_to_committed_diff_and_a_review_round(real: RealShop, agent: RealAgent) -> None:
    real.model.add(
        writes("made.txt", "made by an agent\n"),
        runs("git add -A && git commit -qm 'Make a file' && cat made.txt"),
        says("Done."),
    )
    task = await real.rests((await real.start(agent, "Make a file and commit it")).id)
    assert (task.files_changed, task.additions, task.deletions) == (1, 1, 0)
    assert git(real.repository, "log", "-1", "--format=%s", task.branch) == "Make a file"
    tools = [entry.tool for entry in await real.answers(task) if entry.tool]
    assert [tool.status for tool in tools] == ["done", "done"]
    written = tools[0].diff if "diffs" in agent.tells else str(tools[0].arguments)
    assert "made by an agent" in written
    assert "made by an agent" in tools[1].output
    told = {"context": task.context_used, "tokens": task.usage.tokens, "cost": task.usage.cost_usd}
    assert all(amount for what, amount in told.items() if what in agent.tells), (
        f"how full its context is, and what it used: {told}"
    )
    session = await real.engine.sessions.session(task.id)
    assert set(agent.settings) <= {setting.category for setting in session.settings}
    assert session.commands, "it has commands"
    if "conversations" in agent.tells:
        assert [each.current for each in await real.engine.sessions.conversations(task.id)] == [True]
    comment = CommentDraft(text="Say who made it.", path=b"made.txt", start=1, end=1)
    await real.engine.review.add(task.id, comment)
    real.model.add(runs("echo made by me > made.txt"), says("I said who.\n\nR1-C1: done"))
    await real.engine.review.send(task.id)
    task = await real.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the round")
    (claimed,) = await real.engine.review.comments(task.id)
    assert (claimed.state, claimed.claim) == ("claimed", "done")
    assert Path(task.worktree, "made.txt").read_text() == "made by me\n"


async def test_a_steer_reaches_the_running_turn(real: RealShop, agent: RealAgent) -> None:
    real.model.add(runs("until [ -e go ]; do sleep 0.1; done"), says("Blue."), says("Blue again."))
    task = await real.start(agent, "Wait for go")
    await real.entry(task.id, lambda entry: entry.tool is not None, "the command that waits")
    await real.engine.send(task.id, "And then say blue.")
    Path(real.engine.ledger.tasks[task.id].worktree, "go").write_text("")
    task = await real.until(task.id, lambda known: known.state == "ready", "both prompts")
    prompts = await real.engine.prompts(task.id)
    turns = [1, 1] if agent.steers else [1, 2]
    assert [prompt.turn for prompt in prompts] == turns, "it was said in the turn that ran, if that can be"
    assert "And then say blue." in real.model.heard()
    assert (await real.answers(task))[-1].text.startswith("Blue")


async def test_a_turn_that_is_cancelled_can_be_gone_on_with(real: RealShop, agent: RealAgent) -> None:
    real.model.add(runs("tail -f /dev/null"), says("I am back."))
    task = await real.start(agent, "Sleep")
    await real.entry(task.id, lambda entry: bool(entry.tool and entry.tool.status == "running"), "the long command")
    await real.engine.stop_task(task.id)
    task = await real.rests(task.id, "stopped")
    await real.engine.send(task.id, "Go on")
    task = await real.until(task.id, lambda known: known.state == "ready", "the turn after the cancel")
    assert (await real.answers(task))[-1].text == "I am back."


async def test_nothing_but_its_model_can_be_reached_and_its_key_can_be_held_outside(
    real: RealShop, agent: RealAgent
) -> None:
    connect = "import socket; socket.create_connection(('1.1.1.1', 443), 3)"
    probe = f'env | grep -c of-nobody; python3 -c "{connect}" 2>&1 | tail -1'
    real.model.add(runs(probe), says("Seen."))
    task = await real.start(agent, "Look around", ("[endpoint]\n", '[endpoint]\nkey = "outside"\n'))
    task = await real.rests(task.id)
    (tool,) = [entry.tool for entry in await real.answers(task) if entry.tool]
    printed = [line.removeprefix("Output: ").strip() for line in tool.output.splitlines()]
    assert "0" in printed[:3], f"the key is in its environment: {tool.output}"
    assert "unreachable" in tool.output, tool.output
    assert {request.key for request in real.model.requests} == {KEY}

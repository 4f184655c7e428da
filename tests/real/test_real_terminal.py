"""Real agents in a terminal, confined, with the network off but for their model, by their own screens."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from agents.model import Task
from agents.parts.review import CommentDraft
from tests.real.conftest import RealShop
from tests.real.player import runs, says, writes
from tests.real.tried import (
    COPILOT_TERMINAL,
    GEMINI_TERMINAL,
    NAMES,
    OPENCODE_TERMINAL,
    PI_TERMINAL,
    QWEN_TERMINAL,
    RealAgent,
    chosen,
)
from tests.shop import git

AGENTS = (PI_TERMINAL, GEMINI_TERMINAL, QWEN_TERMINAL, COPILOT_TERMINAL, OPENCODE_TERMINAL)


@pytest.fixture(params=[pytest.param(agent, id=agent.program) for agent in AGENTS])
def agent(request: pytest.FixtureRequest, installed: Path) -> RealAgent:
    found: RealAgent = request.param
    if found.packages not in [each.packages for each in chosen()]:
        pytest.skip(f"{found.program} is not named in {NAMES}")
    if shutil.which(installed / "node_modules" / ".bin" / found.program) is None:
        pytest.skip(f"{found.program} could not be installed")
    return found


async def start(real: RealShop, agent: RealAgent, prompt: str) -> Task:
    """A task; pi is told where its model is by files of its own, as it reads no variable for that."""
    if agent is not PI_TERMINAL:
        return await real.start(agent, prompt)
    models = json.dumps({"providers": {"anthropic": {"baseUrl": "{url}", "apiKey": "of-nobody"}}})
    settings = json.dumps({"defaultProvider": "anthropic", "defaultModel": "claude-sonnet-4-5"})
    endpoint = (
        f'[endpoint]\nurl = "{real.url}"\nset = {{ PI_CODING_AGENT_DIR = "{{temp}}/pi" }}\n'
        f"[endpoint.files]\n\"pi/models.json\" = '{models}'\n\"pi/settings.json\" = '{settings}'\n"
    )
    return await real.start(agent, prompt, ("[sandbox]\n", f"{endpoint}[sandbox]\n"))


async def test_a_task_from_prompt_to_committed_diff_and_a_review_round(real: RealShop, agent: RealAgent) -> None:
    real.model.add(
        writes("made.txt", "made by an agent\n"),
        runs("git add -A && git commit -qm 'Make a file' && cat made.txt"),
        says("Done."),
    )
    task = await real.rests((await start(real, agent, "Make a file\nand commit it")).id)
    assert (task.files_changed, task.additions, task.deletions) == (1, 1, 0)
    assert git(real.repository, "log", "-1", "--format=%s", task.branch) == "Make a file"
    assert "Make a file\\nand commit it" in real.model.heard(), "two lines stayed two lines"
    await real.engine.review.add(task.id, CommentDraft(text="Say who made it.", path=b"made.txt", start=1, end=1))
    real.model.add(runs("echo made by me > made.txt"), says("I said who.\n\nR1-C1: done"))
    await real.engine.review.send(task.id)
    task = await real.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the round")
    (claimed,) = await real.engine.review.comments(task.id)
    assert (claimed.state, claimed.claim) == ("claimed", "done")
    assert Path(task.worktree, "made.txt").read_text() == "made by me\n"


async def test_a_steer_reaches_the_running_turn(real: RealShop, agent: RealAgent) -> None:
    real.model.add(runs("touch began; until [ -e go ]; do sleep 0.1; done"), says("Blue."), says("Blue again."))
    task = await start(real, agent, "Wait for go")
    task = await real.until(task.id, lambda known: known.worktree != "", "a worktree")
    await real.made(task, "began")
    await real.engine.send(task.id, "And then say blue.")
    if agent.steers:
        await real.until(task.id, lambda known: known.waiting_prompts == 0, "it is typed into the running turn")
    Path(task.worktree, "go").write_text("")
    rest = 1 if agent.steers else 2
    await real.until(task.id, lambda known: known.state == "ready" and known.turn == rest, "the end of the turn")
    turns = [1, 1] if agent.steers else [1, 2]
    assert [prompt.turn for prompt in await real.engine.prompts(task.id)] == turns
    assert "And then say blue." in real.model.heard()


async def test_stop_cancels_what_runs(real: RealShop, agent: RealAgent) -> None:
    real.model.add(runs("touch began; sleep 600"), says("never"))
    task = await start(real, agent, "Wait")
    task = await real.until(task.id, lambda known: known.worktree != "", "a worktree")
    await real.made(task, "began")
    stopped = await real.engine.stop_task(task.id)
    assert stopped.state == "stopped"
    shown = "\n".join((await real.engine.terminals.screen(task.id)).lines)
    assert re.search("abort|cancel", shown.lower()), f"it was not interrupted:\n{shown}"

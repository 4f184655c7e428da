"""Agents that have only a terminal, from prompt to diff, in the real sandbox: the good and the bad ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from agents.model import Task
from tests.shop import Shop

Agent = Callable[..., str]


def asked(task: Task) -> list[str]:
    """The prompts that reached the agent."""
    path = Path(task.worktree, "asked.txt")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_prompt_of_several_lines_arrives_as_one_and_its_change_is_there(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("first line\n\nthird line", profile=agent())).id)
    assert asked(task) == ["first line\n\nthird line"]
    assert (task.files_changed, task.additions, task.turn) == (1, 1, 1)
    (prompt,) = await shop.engine.prompts(task.id)
    assert prompt.delivery == "answered"
    texts = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "text"]
    assert any("done" in text for text in texts), f"what the terminal showed is not in the transcript: {texts}"

"""Closing, restoring, pruning, landing and deleting by hand in every order: what an agent wrote always comes back."""

from __future__ import annotations

import contextlib
import random
import shutil
from pathlib import Path

import pytest

from agents import paths
from agents.errors import ShopfloorError
from agents.model import FINAL_STATES
from tests.shop import Shop, git, writes

STEPS = 18


class Story:
    """One task, what happens to it, and what its agent has written so far."""

    def __init__(self, shop: Shop, task: str) -> None:
        self._shop = shop
        self._task = task
        self.steps: list[str] = []
        self.said: list[str] = []

    @property
    def written(self) -> list[str]:
        """A file for every turn there was; each takes two requests."""
        return [file_of(turn) for turn in range(1, len(self._shop.model.requests) // 2 + 1)]

    async def turn(self) -> None:
        """Say something, and wait until the agent rests again."""
        words = f"turn {len(self.said) + 1}"
        await self._shop.engine.send(self._task, words)
        self.said.append(words)
        resting = ("ready", "blocked", "failed")
        known = await self._shop.until(self._task, lambda known: known.state in resting, "the end of its turn")
        assert known.state != "failed", f"{known.reason} after {self.steps}"

    async def step(self, name: str) -> None:
        """One thing that a person does; what is refused is refused in a sentence."""
        self.steps.append(name)
        engine, known = self._shop.engine, await self._shop.engine.task(self._task)
        with contextlib.suppress(ShopfloorError):
            match name:
                case "turn":
                    await self.turn()
                case "close":
                    await engine.close_task(known.id)
                case "restore":
                    await engine.restore_task(known.id)
                case "prune":
                    await engine.worktrees.prune(await engine.worktrees.leftovers())
                case "land":
                    await engine.landing.land(known.id)
                    await engine.landing.finish(known.id)
                case "take back":
                    await engine.landing.undo(known.id)
                case "delete the worktree":
                    shutil.rmtree(known.worktree, ignore_errors=True)
                case "delete the branch":
                    with contextlib.suppress(AssertionError):  # it is gone already
                        git(self._shop.repository, "update-ref", "-d", f"refs/heads/{known.branch}")
                case "delete the private folder":
                    if known.state not in FINAL_STATES:
                        shutil.rmtree(paths.task_dir(known.id), ignore_errors=True)
                case "collect garbage":
                    git(self._shop.repository, "worktree", "prune")
                    git(self._shop.repository, "gc", "-q", "--prune=now")

    async def everything_is_there(self) -> None:
        """On the floor again it has all files, and all that was said."""
        with contextlib.suppress(ShopfloorError):  # nothing is missing
            await self._shop.engine.restore_task(self._task)
        known = await self._shop.engine.task(self._task)
        there = [name for name in self.written if Path(known.worktree, name).is_file()]
        assert there == self.written, f"{known.state}: {known.reason} after {self.steps}"
        said = [prompt.text for prompt in await self._shop.engine.prompts(self._task)]
        assert said[1:] == self.said, f"after {self.steps}"


def file_of(turn: int) -> str:
    return f"file{turn}.txt"


@pytest.mark.parametrize("seed", [2, 3, 7])
async def test_nothing_an_agent_wrote_is_lost_in_any_order_of_what_a_person_does(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)
    for turn in range(1, STEPS + 4):
        shop.model.add(writes(file_of(turn), "written\n"), "Done.")
    story = Story(shop, (await shop.rests((await shop.task()).id)).id)
    by_hand = ["delete the worktree", "delete the branch", "delete the private folder", "collect garbage"]
    by_verb = ["turn", "turn", "close", "close", "restore", "restore", "prune", "land", "take back"]
    for _ in range(STEPS):
        await story.step(chance.choice([*by_verb, *by_hand]))
    await story.everything_is_there()
    before = len(story.written)
    await story.turn()
    assert len(story.written) > before, f"it does not go on after {story.steps}"
    await story.everything_is_there()
    git(shop.repository, "fsck", "--connectivity-only")

"""Races in the engine: where their tasks start from, and when one is over."""

from __future__ import annotations

import pytest

from agents.model import NewTask, Task
from tests.shop import Shop, git, home, shop

__all__ = ["home", "shop"]


async def test_all_tasks_of_a_race_start_from_the_same_commit_even_when_the_branch_moves_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.profiles / "other.toml").write_text((shop.profiles / "test.toml").read_text())
    start = git(shop.repository, "rev-parse", "HEAD")
    create = shop.engine.create_task

    async def created_while_the_branch_moves(new: NewTask) -> Task:
        task = await create(new)
        git(shop.repository, "commit", "-q", "--allow-empty", "-m", "somebody else works too")
        git(shop.repository, "checkout", "-q", "-b", f"beside-{task.id}")
        return task

    monkeypatch.setattr(shop.engine.races, "_create", created_while_the_branch_moves)
    new = NewTask(project=str(shop.repository), prompt="do it", held=True)
    race = await shop.engine.races.start(new, ["test", "other", "test"])
    tasks = [await shop.engine.task(task) for task in race.tasks]
    assert [task.base_commit for task in tasks] == [start] * 3
    assert [task.base for task in tasks] == ["main"] * 3, "and all land on the branch they began with"


async def test_a_race_has_ended_when_the_last_of_its_tasks_rests(shop: Shop) -> None:
    shop.model.add("Done.", "Done too.")
    new = NewTask(project=str(shop.repository), prompt="do it", check=False, held=True)
    race = await shop.engine.races.start(new, ["test", "test"])
    first, second = race.tasks
    await shop.engine.resume(first)
    await shop.rests(first)
    assert not (await shop.engine.races.show(race.id)).race.ended_at, "the other one has not even begun"
    await shop.engine.resume(second)
    await shop.rests(second)
    ended_at = (await shop.engine.races.show(race.id)).race.ended_at
    assert ended_at
    shop.model.add("More.")
    await shop.engine.send(first, "more")
    await shop.until(first, lambda task: task.turn == 2 and task.state == "ready", "one more turn")
    assert (await shop.engine.races.show(race.id)).race.ended_at == ended_at

"""Races in the engine: where their tasks start from, and when one is over."""

from __future__ import annotations

from agents.model import NewTask
from tests.shop import Shop, home, shop

__all__ = ["home", "shop"]


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

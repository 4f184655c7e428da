"""A queue on an agent in a terminal of its own."""

from __future__ import annotations

from collections.abc import Callable

from agents.parts.queues import QueueItem
from tests.shop import Shop


async def test_items_are_typed_one_after_the_other(shop: Shop, agent: Callable[..., str]) -> None:
    task = await shop.rests((await shop.task("first", profile=agent())).id)
    items = [QueueItem(title="one", prompt="one"), QueueItem(title="two", prompt="look again\nand again")]
    await shop.engine.queues.start([task.id], "mine", items)
    await shop.until(task.id, lambda known: known.queue is None and known.state == "ready", "the end of the queue")
    run = await shop.engine.queues.run(task.id)
    assert run is not None
    assert [item.turn for item in run.items] == [2, 3]
    said = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "prompt"]
    assert said == ["first", "[1 of 2] one", "[2 of 2] two\n\nlook again\nand again"]

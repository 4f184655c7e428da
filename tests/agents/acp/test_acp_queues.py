"""A queue on an agent that speaks the Agent Client Protocol."""

from __future__ import annotations

from collections.abc import Callable

from agents.parts.queues import QueueItem
from tests.shop import Shop


async def test_a_queue_runs_on_an_agent_of_another_protocol_and_lends_an_item_to_our_own(
    shop: Shop, agent: Callable[..., str]
) -> None:
    task = await shop.rests((await shop.task(profile=agent("work"))).id)
    shop.model.add("Looked with fresh eyes.")
    items = [
        QueueItem(title="one", prompt="one"),
        QueueItem(title="two", prompt="two", profile="test"),
        QueueItem(title="three", prompt="three"),
    ]
    await shop.engine.queues.start([task.id], "mine", items)
    await shop.until(task.id, lambda known: known.queue is None and known.state == "ready", "the end of the queue")
    run = await shop.engine.queues.run(task.id)
    assert run is not None
    assert [(item.turn, item.state in ("changed", "no change")) for item in run.items] == [
        (2, True),
        (3, True),
        (4, True),
    ]
    entries = await shop.engine.transcript(task.id)
    said = [entry.text for entry in entries if entry.kind == "prompt"]
    assert said[1:] == ["[1 of 3] one", "[2 of 3] two", "[3 of 3] three"]
    assert [turn.profile for turn in await shop.engine.turns(task.id)] == ["", "", "test", ""]
    assert len(shop.model.requests) == 1, "only the second item was for our own agent"


async def test_an_agent_that_does_not_have_the_model_of_an_item_says_so_and_works_in_its_own(
    shop: Shop, agent: Callable[..., str]
) -> None:
    task = await shop.rests((await shop.task(profile=agent("work"))).id)
    await shop.engine.queues.start([task.id], "mine", [QueueItem(title="one", prompt="one", model="big")])
    await shop.until(task.id, lambda known: known.queue is None and known.state == "ready", "the end of the queue")
    notices = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    assert any("no model “big”" in notice for notice in notices), notices

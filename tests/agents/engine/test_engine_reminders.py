"""Being called about a task at a time, and finding tasks by the files they changed."""

from __future__ import annotations

import time

import pytest

from agents.engine import Engine
from agents.errors import UsageError
from agents.events import EngineNotice
from agents.model import Task
from tests.shop import Shop, writes


async def test_reminder_makes_its_task_unseen_and_is_said_to_every_screen(shop: Shop) -> None:
    shop.model.add("Done.")
    task = await shop.rests((await shop.task("Sort the reports")).id)
    await shop.engine.seen(task.id)
    await shop.engine.set_note(task.id, "Mia's review")
    screen = await shop.engine.subscribe()
    await shop.engine.reminders.set(task.id, time.time() + 0.2)
    said: list[EngineNotice] = []
    async for batch in screen:
        said += [event for event in batch if isinstance(event, EngineNotice)]
        if said:
            break
    assert "Mia's review" in said[0].text
    after = await shop.engine.task(task.id)
    assert after.unseen
    assert after.remind_at == 0.0


async def test_reminder_that_fell_due_while_the_engine_was_away_is_said_when_it_starts(shop: Shop) -> None:
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.seen(task.id)
    await shop.engine.reminders.set(task.id, time.time() + 60)
    later = await shop.engine.reminders.set(task.id, time.time() + 0.05)
    await shop.engine.stop()
    while time.time() < later.remind_at:
        pass
    again = Engine({})
    try:
        assert (await again.task(task.id)).remind_at == later.remind_at, "it was not kept"
        await again.start()
        assert (await again.task(task.id)).unseen, "nobody was called"
    finally:
        await again.stop()


async def test_reminder_can_be_taken_back_and_not_set_in_the_past(shop: Shop) -> None:
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.reminders.set(task.id, time.time() + 60)
    taken_back: Task = await shop.engine.reminders.set(task.id, 0)
    assert taken_back.remind_at == 0.0
    with pytest.raises(UsageError, match="over"):
        await shop.engine.reminders.set(task.id, time.time() - 1)
    await shop.engine.close_task(task.id)
    with pytest.raises(UsageError, match="left the floor"):
        await shop.engine.reminders.set(task.id, time.time() + 60)


async def test_files_that_a_task_changed_are_told_for_searches(shop: Shop) -> None:
    shop.model.add(writes("new/one.txt", "1\n"), "Done.", "Nothing to do.")
    changed = await shop.rests((await shop.task()).id)
    await shop.rests((await shop.task("look only")).id)
    assert await shop.engine.finding.changed_files() == {changed.id: [b"new/one.txt"]}

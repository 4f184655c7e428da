"""Conversations of tasks: shortened, waited for, forked, and what they cost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.errors import NotFound, UsageError
from agents.offline import Call, Fault, say
from tests.shop import Shop, writes

LONG = "z" * 40_000


async def test_failed_request_shows_until_when_it_waits_and_can_be_made_now(shop: Shop) -> None:
    shop.model.add(Fault(status=429, retry_after=200), "Done.")
    task = await shop.task()
    waiting = await shop.until(task.id, lambda known: known.waiting_until > 0, "a task that waits to try again")
    assert "is limiting requests" in waiting.reason
    assert waiting.state == "working"
    assert await shop.engine.skip_wait(task.id)
    rested = await shop.rests(task.id)
    assert (rested.waiting_until, rested.reason) == (0.0, "")
    assert not await shop.engine.skip_wait(task.id), "nothing waits any more"


async def test_resting_task_is_shortened_and_stays_as_it_was(shop: Shop) -> None:
    shop.model.add("First." + LONG, "## Goal\n- Do it.", "Second.")
    task = await shop.task()
    before = await shop.rests(task.id)
    after = await shop.engine.compact(task.id)
    assert (after.state, after.turn, after.unseen) == ("ready", 1, before.unseen)
    assert 0 < after.context_used < before.context_used
    assert after.usage.tokens > before.usage.tokens, "the summary was paid for"
    (turn,) = await shop.engine.turns(task.id)
    assert len(turn.steps) == 2, "the summary's request counts for the last turn"
    await shop.engine.send(task.id, "More.")
    await shop.rests(task.id)
    assert "## Goal" in shop.model.requests[2].messages[0].text
    assert shop.model.requests[2].messages[-1].text.endswith("More.")


async def test_summary_that_fails_says_why_and_the_task_stays_ready(shop: Shop) -> None:
    shop.model.add("First." + LONG, Fault(status=401))
    task = await shop.task()
    await shop.rests(task.id)
    with pytest.raises(Exception, match="does not accept the key"):
        await shop.engine.compact(task.id)
    assert (await shop.engine.task(task.id)).state == "ready"


async def test_task_without_a_conversation_cannot_be_shortened(shop: Shop) -> None:
    shop.model.add(Fault(status=401))
    (shop.profiles / "broken.toml").write_text('name = "B"\n[native]\nprovider = "anthropic"\nmodel = "m"\n')
    task = await shop.task(profile="broken")
    await shop.rests(task.id, "blocked")
    with pytest.raises(UsageError, match="no conversation"):
        await shop.engine.compact(task.id)


async def test_fork_has_the_files_and_the_conversation_of_the_turn_and_nothing_later(shop: Shop) -> None:
    shop.model.add(writes("one.txt", "1\n"), "One.", writes("two.txt", "2\n"), "Two.")
    task = await shop.task("write one")
    await shop.rests(task.id)
    await shop.engine.send(task.id, "write two")
    await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the second turn's end")

    shop.model.add(say("Looking.", Call("bash", {"command": "ls"})), "Three.")
    forked = await shop.engine.fork(task.id, 1, "write three")
    rested = await shop.rests(forked.id)
    assert rested.id != task.id
    assert sorted(path.name for path in Path(rested.worktree).glob("*.txt")) == ["hello.txt", "one.txt"]
    sent = [message.text for message in shop.model.requests[4].messages if message.role == "user"]
    assert sent == ["write one", "write three"], f"the fork's model was sent {sent}"
    kinds = [(entry.turn, entry.kind) for entry in await shop.engine.transcript(forked.id)]
    assert (1, "prompt") in kinds
    assert (2, "prompt") in kinds
    assert rested.turn == 2
    original = await shop.engine.task(task.id)
    assert (original.state, original.turn) == ("ready", 2)
    assert (await shop.engine.changes.diff(forked.id)).patch == b"", "a fork's change begins at its snapshot"


async def test_fork_without_a_prompt_rests_until_it_is_sent_one(shop: Shop) -> None:
    shop.model.add("One.", "Two.")
    task = await shop.task()
    await shop.rests(task.id)
    forked = await shop.engine.fork(task.id)
    assert (forked.state, forked.turn) == ("stopped", 1)
    assert "Forked from" in forked.reason
    await shop.engine.send(forked.id, "and now?")
    await shop.rests(forked.id)


async def test_what_cannot_be_forked_is_said(shop: Shop) -> None:
    shop.model.add(say(Call("bash", {"command": "until [ -e gate ]; do sleep 0.01; done"})), "Done.")
    task = await shop.task()
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the running tool")
    with pytest.raises(NotFound, match="no turn that has ended"):
        await shop.engine.fork(task.id)
    with pytest.raises(UsageError, match="has not ended"):
        await shop.engine.fork(task.id, 1)
    with pytest.raises(NotFound, match="no turn 7"):
        await shop.engine.fork(task.id, 7)
    (Path((await shop.engine.task(task.id)).worktree) / "gate").touch()
    await shop.rests(task.id)


async def test_cost_is_known_by_step_turn_task_and_day(shop: Shop) -> None:
    shop.model.add(say(Call("bash", {"command": "echo 1"})), "One.", "Two.")
    task = await shop.task()
    await shop.rests(task.id)
    await shop.engine.send(task.id, "again")
    rested = await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the second turn")
    first, second = await shop.engine.turns(task.id)
    assert (len(first.steps), len(second.steps)) == (2, 1)
    assert first.usage + second.usage == rested.usage
    (day,) = await shop.engine.costs.spending()
    assert (day.usage.cost_usd, day.steps, day.tasks, day.profile) == (rested.usage.cost_usd, 3, 1, "test")


async def test_unknown_price_stays_unknown_in_every_sum(shop: Shop) -> None:
    text = (shop.profiles / "test.toml").read_text()
    (shop.profiles / "free.toml").write_text(text.partition("[prices]")[0])
    shop.model.add("One.", "Two.")
    await shop.rests((await shop.task()).id)
    task = await shop.rests((await shop.task(profile="free")).id)
    assert task.usage.cost_usd is None
    costs = {spent.profile: spent.usage.cost_usd for spent in await shop.engine.costs.spending(3)}
    assert costs["free"] is None
    assert costs["test"] is not None


async def test_running_turn_is_shortened_before_its_next_request(shop: Shop) -> None:
    wait = say("Waiting." + LONG, Call("bash", {"command": "echo begun; until [ -e gate ]; do sleep 0.01; done"}))
    shop.model.add("First." + LONG, wait, "## Goal\n- Wait.", "Done.")
    task = await shop.task()
    await shop.rests(task.id)
    await shop.engine.send(task.id, "wait")
    await shop.entry(task.id, lambda entry: bool(entry.tool and entry.tool.status == "running"), "the running tool")
    assert (await shop.engine.compact(task.id)).state == "working"
    (Path((await shop.engine.task(task.id)).worktree) / "gate").touch()
    async with asyncio.timeout(30):
        await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the end")
    assert "## Goal" in shop.model.requests[3].messages[0].text

"""What a program asks outside of a turn calls the person like any other question, and is over when it is answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from agents import paths
from agents.calls import call_about
from agents.engine import Engine
from agents.engine.hooks import events_of
from agents.errors import UsageError
from agents.model import Rest, Task
from tests.shop import Shop

Agent = Callable[..., str]


async def asked_at_rest(shop: Shop, agent: Agent) -> Task:
    """A task whose program has asked something some time after its turn."""
    task = await shop.rests((await shop.task("work", profile=agent("asks-at-rest"))).id)
    return await shop.until(task.id, lambda known: known.state == "blocked", "it asks at rest")


async def test_a_question_at_rest_blocks_the_task_with_its_evidence_until_it_is_answered(
    shop: Shop, agent: Agent
) -> None:
    blocked = await asked_at_rest(shop, agent)
    assert (blocked.reason, blocked.hint) == ("Fake waits: It asks whether it may.", "Press y or n in its pane.")
    assert blocked.unseen
    told = await shop.engine.explanations.explain(blocked.id)
    assert told.decided is not None
    assert (told.decided.what, told.decided.evidence) == ("a question", "Rate this session? [y/n]")
    await shop.engine.terminals.press(blocked.id, ["y"])
    ready = await shop.until(blocked.id, lambda known: known.state == "ready", "it is answered")
    assert (ready.reason, ready.hint, ready.asked_at_rest) == ("", "", None)
    assert ready.turn == 1, "an answer is no turn"
    await shop.engine.send(ready.id, "and now?")
    await shop.until(ready.id, lambda known: known.turn == 2 and known.state == "ready", "the turn ends")


async def test_what_is_asked_at_rest_can_be_answered_in_words(shop: Shop, agent: Agent) -> None:
    blocked = await asked_at_rest(shop, agent)
    assert blocked.dialog
    await shop.engine.questions.answer(blocked.id, text="y")
    ready = await shop.until(blocked.id, lambda known: known.state == "ready", "it is answered")
    assert not ready.dialog
    session = shop.engine.terminals.session(ready.id)
    assert session is not None
    assert not session.typed.unsent.strip(), "nothing of the answer is left in the prompt"
    with pytest.raises(UsageError, match="asks nothing"):
        await shop.engine.questions.answer(ready.id, text="y")


async def test_a_prompt_that_comes_meanwhile_waits_for_the_answer(shop: Shop, agent: Agent) -> None:
    task = await asked_at_rest(shop, agent)
    await shop.engine.send(task.id, "next")
    await shop.until(task.id, lambda known: known.state == "blocked" and not known.asked_at_rest, "its turn is blocked")
    await shop.engine.terminals.press(task.id, ["y"])
    await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the turn ends")


async def test_after_a_restart_nobody_asks_any_more(shop: Shop, agent: Agent) -> None:
    task = await asked_at_rest(shop, agent)
    session = shop.engine.terminals.session(task.id)
    assert session is not None
    session.on_state = lambda _: None  # as when the engine is killed: nothing is written any more
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin"})
    assert shop.engine.ledger.tasks[task.id].state == "blocked", "the scenario: it was blocked to the end"
    await shop.engine.start()
    assert shop.engine.ledger.tasks[task.id].state == "ready"


async def test_a_turn_that_was_blocked_when_the_engine_was_killed_goes_on(shop: Shop, agent: Agent) -> None:
    task = await shop.task("careful", profile=agent("asks"))
    await shop.until(task.id, lambda known: known.state == "blocked", "it asks")
    place = paths.state_dir() / "store.sqlite"
    with closing(sqlite3.connect(place)) as store, closing(sqlite3.connect(":memory:")) as killed:
        store.backup(killed)
        await shop.engine.stop()
        killed.backup(store)
    shop.engine = Engine({"PATH": "/usr/bin:/bin"})
    assert shop.engine.ledger.tasks[task.id].state == "blocked", "the scenario: it was blocked to the end"
    await shop.engine.start()
    assert shop.engine.ledger.tasks[task.id].state == "queued"


def test_going_back_to_rest_is_no_new_call_and_runs_no_hook() -> None:
    values = {"id": "a", "title": "a", "prompt": "", "project": "", "base": "", "base_commit": "", "profile": ""}
    before = Task(**values, state="blocked", unseen=True, asked_at_rest=Rest(state="ready", unseen=True))
    after = Task(**values, state="ready", unseen=True)
    assert call_about(before, after) == ""
    assert events_of(before, after) == []

"""What a program asks outside of a turn calls the person like any other question, and is over when it is answered."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agents import paths
from agents.calls import call_about
from agents.engine import Engine
from agents.engine.hooks import events_of
from agents.errors import UsageError
from agents.model import Rest, Task, Turn
from agents.terminal.typed import may_send
from tests.shop import PATIENCE_SECONDS, Shop, git

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


# --- turns that the person starts ---------------------------------------------------------------------------------


def asked_in(shop: Shop, commit: str) -> list[str]:
    """What had reached the agent when a snapshot was taken."""
    return [json.loads(line) for line in git(shop.repository, "show", f"{commit}:asked.txt").splitlines()]


async def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"waited for this: {what}")


async def the_second_turn(shop: Shop, task: Task) -> Turn:
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn ends")
    return (await shop.engine.turns(task.id))[1]


async def test_an_answer_at_rest_that_starts_a_turn_has_a_snapshot_before_it(shop: Shop, agent: Agent) -> None:
    task = await asked_at_rest(shop, agent)
    await shop.engine.terminals.press(task.id, ["w"])
    turn = await the_second_turn(shop, task)
    assert asked_in(shop, turn.before) == ["work"], "the files as they were before the key went through"
    assert asked_in(shop, turn.after) == ["work", "on and on"]


async def test_a_prompt_that_the_person_recalls_has_a_snapshot_before_it(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("work", profile=agent("recalls"))).id)
    await shop.engine.terminals.write(task.id, b"\x1b[A")  # its keys tell nothing of what stands in the prompt now
    await shop.engine.terminals.write(task.id, b"\r")
    turn = await the_second_turn(shop, task)
    assert (asked_in(shop, turn.before), asked_in(shop, turn.after)) == (["work"], ["work", "work"])


async def test_a_prompt_typed_while_the_checks_run_has_a_snapshot_before_it(shop: Shop, agent: Agent) -> None:
    text = '[[check]]\nname = "slow"\nrun = "while [ ! -e typed ]; do sleep 0.05; done"\n'
    (shop.repository / ".shopfloor.toml").write_text(text)
    await shop.engine.projects.trust(str(shop.repository), text)
    task = await shop.task("work", profile=agent())
    task = await shop.until(task.id, lambda known: known.state == "checking", "its checks run")
    await shop.engine.terminals.write(task.id, b"by hand\r")
    await until(lambda: "by hand" in Path(task.worktree, "asked.txt").read_text(), "it works on what was typed")
    Path(task.worktree, "typed").touch()
    turn = await the_second_turn(shop, task)
    assert asked_in(shop, turn.before) == ["work"]
    assert asked_in(shop, turn.after) == ["work", "by hand"]


def test_enter_is_known_however_it_is_encoded() -> None:
    assert all(may_send(keys) for keys in (b"\r", b"words\n", b"\x1b[13u", b"\x1b[13;1:1u", b"\x1b[57414u"))
    assert not any(may_send(keys) for keys in (b"words", b"\x1b[113u", b"\x1b[A", b"\x1b[I"))


def test_going_back_to_rest_is_no_new_call_and_runs_no_hook() -> None:
    values = {"id": "a", "title": "a", "prompt": "", "project": "", "base": "", "base_commit": "", "profile": ""}
    before = Task(**values, state="blocked", unseen=True, asked_at_rest=Rest(state="ready", unseen=True))
    after = Task(**values, state="ready", unseen=True)
    assert call_about(before, after) == ""
    assert events_of(before, after) == []

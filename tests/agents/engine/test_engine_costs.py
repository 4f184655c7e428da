"""What agents cost, what they may cost, and tasks that are held."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agents import paths
from agents.engine import Engine
from agents.engine.costs import CostDesk, day_of, midnight
from agents.errors import UsageError
from agents.model import Step, Task, Turn, Usage
from agents.store import Store
from tests.shop import Shop, writes

DAY = 86_400.0


def a_store(folder: Path, *turns: tuple[str, Turn]) -> Store:
    store = Store(folder / "store.sqlite")
    for task, turn in turns:
        store.put_turn(task, turn)
    store.commit()
    return store


def a_turn(number: int, at: float, usd: float | None, seconds: float = 60.0) -> Turn:
    usage = Usage(input_tokens=10, cost_usd=usd)
    step = Step(usage=usage, at=at)
    return Turn(number=number, before="b", after="a", started_at=at, ended_at=at + seconds, steps=(step,))


def known(name: str, project: str = "/p") -> Task:
    return Task(id=name, title=name, prompt="", project=project, base="main", base_commit="1", profile="test")


async def test_spending_is_told_by_day_profile_and_project(tmp_path: Path) -> None:
    noon = midnight(day_of(time.time())) + 1
    store = a_store(
        tmp_path,
        ("a", a_turn(1, noon, 1.0)),
        ("a", a_turn(2, noon, None)),
        ("b", a_turn(1, noon, 2.0, seconds=30)),
        ("b", a_turn(2, noon - 3 * DAY, 4.0)),
        ("gone", a_turn(1, noon, 8.0)),
    )
    desk = CostDesk(store, {"a": known("a"), "b": known("b", "/q")}, None, lambda: None)
    q, p = await desk.spending(2)
    assert (q.project, q.usage.cost_usd, q.seconds, q.turns, q.tasks) == ("/q", 2.0, 30, 1, 1)
    assert (p.project, p.usage.cost_usd, p.known_usd, p.turns, p.tasks) == ("/p", None, 1.0, 2, 1)
    assert len(await desk.spending(4)) == 3
    today = await desk.today()
    assert (today.spent_usd, today.tasks, today.seconds) == (3.0, 2, 150)


async def test_what_was_spent_beside_turns_is_folded_by_day_and_every_sum_stays(tmp_path: Path) -> None:
    noon = midnight(day_of(time.time())) + 1
    store = a_store(tmp_path, ("a", a_turn(1, noon - 5 * DAY, 1.0)))
    tasks = {"a": known("a"), "b": known("b")}
    desk = CostDesk(store, tasks, None, store.commit)
    for number in range(20):
        task, days = "ab"[number % 2], 5 if number < 10 else 0
        desk.add_beside(f"{task}/{number}", task, a_turn(0, noon - days * DAY, None if number == 3 else 0.25))
    store.commit()
    before = await desk.spending(10)
    again = CostDesk(store, tasks, None, store.commit)
    await again.today()
    assert len(store.kept("spent-beside")) == 10, "those of today stay as they are"
    assert await again.spending(10) == before
    today, old = before
    assert (old.tasks, old.turns, old.steps, old.known_usd, old.usage.cost_usd) == (2, 11, 11, 3.25, None)
    assert (today.tasks, today.known_usd) == (2, 2.5)
    assert len(await again.spending(3)) == 1, "folded days are told only when they are asked for"
    await CostDesk(store, tasks, None, store.commit).today()
    assert await again.spending(10) == before, "and are not folded twice"


async def test_a_suggested_commit_message_is_counted_shown_and_held_by_a_spent_budget(shop: Shop) -> None:
    shop.model.add(writes("new.txt", "new\n"), "Done.", "Add a new file")
    task = await shop.rests((await shop.task(check=False)).id)
    before = await shop.engine.costs.today()
    assert await shop.engine.committing.suggest(task.id, []) == "Add a new file"
    after = await shop.engine.costs.today()
    assert after.spent_usd > before.spent_usd
    (row,) = await shop.engine.costs.spending(1)
    assert row.known_usd == pytest.approx(after.spent_usd)
    assert (await shop.engine.task(task.id)).usage.cost_usd == pytest.approx(after.spent_usd)
    said = (await shop.engine.transcript(task.id))[-1].text
    assert "commit message" in said
    assert "$" in said
    await shop.engine.costs.raise_budget(after.spent_usd / 2)
    with pytest.raises(UsageError, match=r"budget .* is spent .* not asked"):
        await shop.engine.committing.suggest(task.id, [])


async def test_no_model_is_asked_for_the_message_of_no_change(shop: Shop) -> None:
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    asked = len(shop.model.requests)
    with pytest.raises(UsageError, match="differs from its last commit"):
        await shop.engine.committing.suggest(task.id, [])
    assert len(shop.model.requests) == asked


async def test_a_budget_holds_turns_until_it_is_raised_and_the_raise_outlives_the_engine(tmp_path: Path) -> None:
    store = a_store(tmp_path, ("a", a_turn(1, midnight(day_of(time.time())) + 1, 1.0)))
    desk = CostDesk(store, {"a": known("a")}, 1.5, store.commit)
    assert desk.holds() == ""
    desk.add(Usage(cost_usd=0.75))
    assert desk.holds() == "Today's budget of $1.50 is spent ($1.75)."
    raised = []
    desk.on_raised = lambda: raised.append(True)
    today = await desk.raise_budget(5)
    assert (today.budget_usd, today.holds, raised) == (5.0, "", [True])
    again = CostDesk(store, {"a": known("a")}, 1.5, store.commit)
    assert (await again.today()).budget_usd == 5.0
    with pytest.raises(UsageError):
        await desk.raise_budget(-1)


async def test_turns_of_a_clock_that_was_ahead_are_not_counted_into_todays_budget(tmp_path: Path) -> None:
    store = a_store(tmp_path, ("a", a_turn(1, midnight(day_of(time.time())) + 400 * DAY, 9.0)))
    desk = CostDesk(store, {"a": known("a")}, 1.5, store.commit)
    assert desk.holds() == "", "what was spent on another day holds nothing today"


async def test_a_spent_budget_holds_new_turns_with_a_reason_and_raising_it_starts_them(shop: Shop) -> None:
    shop.model.add("One.", "Two.", "Three.")
    first = await shop.rests((await shop.task()).id)
    assert first.usage.cost_usd, "the test needs a price"
    await shop.engine.costs.raise_budget(first.usage.cost_usd / 2)
    held = await shop.task("another")
    held = await shop.until(held.id, lambda task: bool(task.reason), "a reason")
    assert held.state == "queued"
    assert "budget" in held.reason
    assert "shopfloor budget" in held.hint
    await shop.engine.send(first.id, "and this")
    assert (await shop.engine.task(first.id)).state == "queued", "a rested task's next turn is held too"
    await shop.engine.costs.raise_budget(1_000)
    await shop.rests(held.id)
    await shop.until(first.id, lambda task: task.turn == 2 and task.state == "ready", "the second turn")


async def test_a_held_task_starts_when_it_is_resumed(shop: Shop) -> None:
    shop.model.add("Done.", "More.")
    task = await shop.task(held=True)
    task = await shop.engine.task(task.id)
    assert (task.state, task.held) == ("queued", True)
    assert "Held" in task.reason
    await shop.engine.send(task.id, "and more")
    assert (await shop.engine.task(task.id)).turn == 0, "what is said to it does not start it"
    await shop.engine.resume(task.id)
    rested = await shop.rests(task.id)
    assert not rested.held


async def test_a_held_task_is_still_held_after_the_engine_ended(shop: Shop) -> None:
    task = await shop.task(held=True)
    await shop.engine.stop()
    engine = Engine({})
    await engine.start()
    try:
        assert (await engine.task(task.id)).state == "queued"
        assert (await engine.stop_task(task.id)).state == "stopped"
        assert not (await engine.task(task.id)).held
    finally:
        await engine.stop()


async def test_only_a_stop_that_was_asked_for_leaves_its_mark(shop: Shop) -> None:
    assert not paths.stopped_mark().exists()
    await shop.engine.shutdown()
    assert paths.stopped_mark().exists()

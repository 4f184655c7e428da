"""Who may start when, and what is said of an agent that has gone silent."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from agents.config import EngineSection
from agents.engine.admission import admit
from agents.model import Task
from agents.offline import Fault
from agents.server import _Masked
from tests.shop import Shop

LIMITS = EngineSection(max_active=3, max_starting=2, min_free_mb=500)


def a_task(name: str, **fields: object) -> Task:
    values: dict[str, object] = {
        "id": name, "title": name, "prompt": "p", "project": "/p", "base": "main", "base_commit": "0", "profile": "x",
    }  # fmt: skip
    return Task(**{**values, **fields})  # type: ignore[arg-type]


def started(queued: list[Task], working: list[Task], free: float | None = 9_000) -> list[str]:
    return [decision.task for decision in admit(queued, working, LIMITS, free) if decision.starts]


def reasons(queued: list[Task], working: list[Task], free: float | None = 9_000) -> dict[str, str]:
    return {decision.task: decision.reason for decision in admit(queued, working, LIMITS, free)}


def test_the_higher_priority_starts_first_then_the_longest_waiting() -> None:
    queued = [a_task("late", changed_at=9), a_task("early", changed_at=1), a_task("urgent", changed_at=8, priority=1)]
    assert started(queued, [a_task("one", state="working")]) == ["urgent", "early"]


def test_starts_are_staggered() -> None:
    preparing = [a_task("p1", state="preparing"), a_task("p2", state="preparing")]
    assert started([a_task("q")], preparing) == []
    assert "turn to start" in reasons([a_task("q")], preparing)["q"]


def test_a_full_floor_says_how_many_are_at_work() -> None:
    working = [a_task(name, state="working") for name in ("a", "b", "c")]
    assert "3 agents" in reasons([a_task("q")], working)["q"]


def test_little_memory_holds_new_agents_but_never_the_only_one() -> None:
    assert "100 MB are free" in reasons([a_task("q")], [a_task("one", state="working")], 100)["q"]
    assert started([a_task("q")], [], 100) == ["q"], "with nothing at work one may always start"
    assert started([a_task("q")], [a_task("one", state="working")], None) == ["q"], "the system does not say"


async def test_a_silent_agent_is_shown_as_stalled_until_it_gives_a_sign(shop: Shop, home: Path) -> None:
    shop.engine._scheduler._limits = EngineSection(stall_after=0.2)
    shop.model.add(Fault(silent=True))
    task = await shop.task()
    known = await shop.until(task.id, lambda known: known.stalled, "the stall")
    assert known.state == "working"
    assert "No sign of the agent" in known.reason
    stopped = await shop.engine.stop_task(task.id)
    assert not stopped.stalled


def test_keys_never_reach_the_log() -> None:
    masked = _Masked("%(message)s")
    masked.secrets = lambda: ["the-exact-value-given"]
    said = "failed with sk-ant-abcdefgh12345678 and the-exact-value-given"
    record = logging.LogRecord("x", logging.ERROR, "f", 1, said, None, None)
    assert masked.format(record) == "failed with sk-… and …"


@pytest.mark.parametrize(("setting", "state"), [("ask", "stopped"), ("auto", "ready")])
async def test_cut_turns_go_on_by_themselves_or_on_request(shop: Shop, home: Path, setting: str, state: str) -> None:
    from agents.engine import Engine
    from tests.shop import KEY, runs

    shop.model.add(runs("sleep 600"))
    task = await shop.task()
    await shop.entry(task.id, lambda entry: bool(entry.tool), "the tool call")
    await shop.engine.stop()
    (home / "config" / "config.toml").write_text(f'[engine]\nresume = "{setting}"\n')
    shop.model.add("Went on.")
    shop.engine = Engine({"PATH": "/usr/bin:/bin", KEY: "k"})
    await shop.engine.start()
    try:
        known = await shop.rests(task.id, state)
        assert known.turn == 1, "what goes on is the same turn"
    finally:
        await shop.engine.stop()
        shop.engine = Engine({})  # for the fixture to stop

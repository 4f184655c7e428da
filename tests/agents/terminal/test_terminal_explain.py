"""``explain`` says which sign decided a state, when and with what evidence: for terminals and for protocols."""

from __future__ import annotations

from collections.abc import Callable

from agents.engine import Engine
from agents.engine.explanations import decisive, latest
from agents.parts.explanations import SeenSign
from app.verbs.explaining import explained
from tests.shop import Shop, writes

Agent = Callable[..., str]


async def test_the_rule_and_what_it_found_are_named_for_a_terminal_agent(shop: Shop, agent: Agent) -> None:
    task = await shop.task("careful", profile=agent("asks"))
    await shop.until(task.id, lambda known: known.state == "blocked", "it asks")
    told = await shop.engine.explanations.explain(task.id)
    assert told.decided is not None
    assert (told.decided.source, told.decided.what) == ("screen", "a question")
    assert "[y/n]" in told.decided.evidence
    assert (told.program, told.authority) == ("blocked", "title")
    assert {claim.source for claim in told.claims} >= {"title"}
    text = "\n".join(explained(told))
    assert "decided by   screen: a question" in text
    assert "Allow this? [y/n]" in text


async def test_the_events_of_the_protocol_are_named_for_other_agents(shop: Shop) -> None:
    shop.model.add(writes("a.txt", "a"), "Done.")
    task = await shop.rests((await shop.task()).id)
    told = await shop.engine.explanations.explain(task.id)
    assert told.decided is not None
    assert told.decided.what.endswith("→ ready")
    heard = [sign.what for sign in told.signs if sign.source == "agent"]
    assert "the start of a tool" in heard
    assert next(sign.what for sign in told.signs if sign.decided) == "queued → preparing"


async def test_after_a_restart_it_still_says_what_decided_and_when(shop: Shop, agent: Agent) -> None:
    task = await shop.rests((await shop.task("work", profile=agent())).id)
    before = await shop.engine.explanations.explain(task.id)
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin"})
    await shop.engine.start()
    after = await shop.engine.explanations.explain(task.id)
    assert after.state == "ready"
    assert after.decided is not None
    assert after.decided == before.decided
    assert after.decided.state == "idle"
    heard = {sign.what for sign in after.signs}
    assert {"queued → preparing", "spinner in the title"} <= heard, "those before it are there too"


def a_sign(at: float, source: str = "osc", **fields: object) -> SeenSign:
    return SeenSign(at=at, source=source, what=f"at {at:g}", **fields)  # type: ignore[arg-type]


def test_what_decided_last_is_kept_however_much_was_seen_since() -> None:
    signs = [a_sign(1, decided=True), a_sign(2, "task", decided=True), *(a_sign(10 + n) for n in range(100))]
    kept = latest(signs, 20)
    assert len(kept) == 20
    assert [sign.at for sign in kept[:2]] == [1, 2]
    assert kept[-1].at == 109


def test_what_came_after_a_state_has_not_decided_it() -> None:
    signs = [a_sign(5, "screen", decided=True), a_sign(6, "task", decided=True), a_sign(60, "process", decided=True)]
    decided = decisive(signs, since=5.9)
    assert decided is not None
    assert decided.source == "screen"

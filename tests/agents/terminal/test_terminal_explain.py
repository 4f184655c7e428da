"""``explain`` says which sign decided a state, when and with what evidence: for terminals and for protocols."""

from __future__ import annotations

from collections.abc import Callable

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

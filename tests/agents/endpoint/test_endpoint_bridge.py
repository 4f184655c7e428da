"""A confined agent reaches its model and nothing else, and need not have its key."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from agents.model import Task
from agents.offline import OfflineServer, ScriptedPlayer
from agents.offline.exchange import ModelRequest
from agents.sandbox import choose_runner
from tests.shop import Shop

Agent = Callable[..., str]
REAL = "sk-ant-real-and-secret"


class Model:
    """A model's server that keeps what it was asked."""

    def __init__(self, url: str, player: ScriptedPlayer) -> None:
        self.url = url
        self.player = player

    @property
    def asked(self) -> list[ModelRequest]:
        return list(self.player.requests)


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    player = ScriptedPlayer()
    server = OfflineServer(player)
    url = await server.start()
    player.add("I am the model.")
    try:
        yield Model(url, player)
    finally:
        await server.close()


def endpoint(model: Model, *lines: str, network: str = "off") -> tuple[str, ...]:
    """Lines of a profile after those of ``[acp]``."""
    return (
        'environment = ["MODEL_KEY", "OTHER_TOKEN"]',
        "[sandbox]",
        f'network = "{network}"',
        "[endpoint]",
        f'url = "{model.url}"',
        *lines,
        "[endpoint.set]",
        'MODEL_URL = "{url}"',
    )


async def said(shop: Shop, profile: str, prompt: str) -> dict[str, Any]:
    task = await shop.rests((await shop.task(prompt, profile=profile)).id)
    (text,) = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "text"]
    return dict(json.loads(text))


@pytest.fixture
async def bubblewrap() -> None:
    if (await choose_runner()).name != "bubblewrap":
        pytest.skip("only bubblewrap can take the network away and leave a way to the model")


async def test_without_network_the_model_is_reached_and_nothing_else(
    bubblewrap: None, shop: Shop, agent: Agent, model: Model
) -> None:
    await shop.engine.offer_environment({"MODEL_KEY": REAL})
    told = await said(shop, agent("model", *endpoint(model)), model.url)
    assert told["answer"] == "I am the model."
    assert told["elsewhere"] != "reached", "the model's own address is out of reach: the network is off"
    assert (told["key"], model.asked[0].key) == (REAL, REAL), "the agent has its key unless the profile says otherwise"


@pytest.mark.parametrize("network", ["off", "on"])
async def test_a_key_held_outside_is_seen_by_the_model_and_not_by_the_agent(
    bubblewrap: None, shop: Shop, agent: Agent, model: Model, network: str
) -> None:
    await shop.engine.offer_environment({"MODEL_KEY": REAL, "OTHER_TOKEN": "also secret"})
    outside = ('key = "outside"', 'key_env = "MODEL_KEY"', 'header = "x-api-key"')
    told = await said(shop, agent("model", *endpoint(model, *outside, network=network)), "http://127.0.0.1:9/")
    assert told["answer"] == "I am the model."
    assert told["key"].startswith("sk-ant-shopfloor-")
    assert told["environment"] == ["MODEL_KEY"], "no other key is given either"
    assert model.asked[0].key == REAL


async def test_an_agent_can_be_told_in_a_file_where_its_model_is(
    bubblewrap: None, shop: Shop, agent: Agent, model: Model
) -> None:
    lines = (*endpoint(model), 'MODEL_FILE = "{temp}/agent/models.json"', "[endpoint.files]")
    file = '"agent/models.json" = \'{"baseUrl": "{url}"}\''
    told = await said(shop, agent("model", *lines, file), "http://127.0.0.1:9/")
    assert told["files"] == ['{"baseUrl": "http://127.0.0.1:8377"}']


async def test_a_model_that_does_not_answer_is_told_to_the_agent(
    bubblewrap: None, shop: Shop, agent: Agent, model: Model
) -> None:
    text = endpoint(Model("http://127.0.0.1:9", model.player))
    task = await shop.task("http://127.0.0.1:9/", profile=agent("model", *text))
    task = await shop.rests(task.id, "blocked")
    assert "502" in task.reason, task.reason


@pytest.fixture
def landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named before ``shop``: agents are confined by Landlock."""
    monkeypatch.setenv("SHOPFLOOR_SANDBOX", "landlock")


async def test_a_backend_that_cannot_leave_a_way_says_so(
    landlock: None, shop: Shop, agent: Agent, model: Model
) -> None:
    task = await blocked(shop, agent("model", *endpoint(model)))
    assert task.reason == "Landlock can take the network away, but leave no way to the model open."
    assert 'network = "on"' in task.hint


async def test_an_address_in_the_clear_is_refused(bubblewrap: None, shop: Shop, agent: Agent, model: Model) -> None:
    text = endpoint(Model("http://models.example", model.player))
    task = await blocked(shop, agent("model", *text))
    assert "https://" in task.hint, task.hint


async def blocked(shop: Shop, profile: str) -> Task:
    return await shop.rests((await shop.task("x", profile=profile)).id, "blocked")

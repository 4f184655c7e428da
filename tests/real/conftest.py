"""An engine with a clean environment, a model on a loopback port, and the installed agents."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents import paths
from agents.engine import Engine
from agents.model import Entry, NewTask, Task
from agents.offline import OfflineServer
from agents.sandbox import choose_runner
from tests import shop
from tests.real.player import AgentPlayer
from tests.real.tried import NAMES, VARIABLE, RealAgent, folder, search_path
from tests.shop import Shop, a_repository

_KEPT = ("LANG", "LC_ALL", "TERM", "TMPDIR", "PYTEST_CURRENT_TEST", VARIABLE, NAMES)


class RealShop(Shop):
    """An engine whose agents are real."""

    model: AgentPlayer  # type: ignore[assignment]

    def __init__(self, engine: Engine, repository: Path, player: AgentPlayer, profiles: Path, url: str) -> None:
        super().__init__(engine, repository, player, profiles)  # type: ignore[arg-type]
        self.url = url

    async def start(self, agent: RealAgent, prompt: str, *changes: tuple[str, str]) -> Task:
        """A task of a shipped profile without network, with its text changed like this."""
        text = (paths.shipped_profiles() / f"{agent.profile}.toml").read_text("utf-8")
        for old, new in (("[sandbox]\n", '[sandbox]\nnetwork = "off"\n'), *changes):
            assert old in text, f"the profile {agent.profile} has no {old!r}"
            text = text.replace(old, new, 1)
        (self.profiles / f"{agent.profile}.toml").write_text(text, "utf-8")
        variables = {name: value.replace("{url}", self.url) for name, value in agent.variables}
        await self.engine.offer_environment(variables)
        return await self.engine.create_task(
            NewTask(project=str(self.repository), prompt=prompt, profile=agent.profile, check=False)
        )

    async def made(self, task: Task, name: str) -> None:
        """Wait for a file in the worktree of a terminal agent."""
        path = Path(task.worktree, name)
        for _ in range(int(shop.PATIENCE_SECONDS / 0.05)):
            if path.exists():
                return
            await asyncio.sleep(0.05)
        shown = "\n".join((await self.engine.terminals.screen(task.id)).lines)
        pytest.fail(f"{name} was never made. The agent shows:\n{shown}")

    async def answers(self, task: Task) -> list[Entry]:
        """What the agent said and did."""
        return [entry for entry in await self.engine.transcript(task.id) if entry.kind in ("text", "tool")]


@pytest.fixture
def installed() -> Path:
    """The folder with the agents."""
    found = folder()
    if found is None:
        pytest.skip(f"real agents are tried by `make test-agents` only ({VARIABLE} is not set)")
    return found


@pytest.fixture
async def real(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RealShop]:
    """A running engine. Nothing of this process's environment reaches the agents."""
    for name in list(os.environ):
        if name not in _KEPT:
            monkeypatch.delenv(name)
    monkeypatch.setattr(shop, "PATIENCE_SECONDS", 180.0)  # some take a minute until they are ready
    person = tmp_path / "person"
    person.mkdir()
    (person / ".gitconfig").write_text("[user]\n\tname = Person\n\temail = person@example.invalid\n")
    monkeypatch.setenv("HOME", str(person))
    monkeypatch.setenv("PATH", search_path(installed))
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path / "home"))
    if (await choose_runner()).name != "bubblewrap":
        pytest.skip("only bubblewrap can take the network away and leave a way to the model")
    player = AgentPlayer()
    server = OfflineServer(player, models=("claude-sonnet-4-5",))
    url = await server.start()
    profiles = tmp_path / "home" / "config" / "profiles"
    profiles.mkdir(parents=True)
    engine = Engine({"PATH": os.environ["PATH"]})
    await engine.start()
    try:
        yield RealShop(engine, a_repository(tmp_path / "repository"), player, profiles, url)
    finally:
        await engine.stop()
        await server.close()

"""Agents that speak a protocol: from start to ready, and what we take beside what they take themselves.

The fake agent of the tests shows what is ours; a real one, where ``make test-agents`` has installed it, shows how much
that is beside an agent. All are confined with the network off and reach a loopback model through the bridge.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from agents import paths
from agents.drivers import AnyReport, TextDelta
from agents.drivers.acp import AcpDriver
from agents.endpoint import Bridges
from agents.offline import OfflineServer
from agents.profiles import AcpSection, EndpointSection, Profile, load_profile
from agents.sandbox import Policy, Runner, choose_runner
from agents.sandbox.defaults import base_environment, hidden_places
from tests.bench.bench_engine import ROOT, scratch
from tests.bench.measure import Figure, summary
from tests.real.player import AgentPlayer
from tests.real.tried import CLAUDE, search_path

RUNS = 5
UPDATES = 20_000
KEPT = 10
_FAKE = ROOT / "tests" / "agents" / "acp" / "fake_acp_agent.py"


def acp() -> Sequence[Figure]:
    """Everything about agents that speak the Agent Client Protocol."""
    with scratch() as folder:
        os.environ["SHOPFLOOR_HOME"] = str(folder / "home")
        return asyncio.run(_figures(folder))


async def _figures(folder: Path) -> list[Figure]:
    player = AgentPlayer()
    server = OfflineServer(player, models=("claude-sonnet-4-5",))
    url = await server.start()
    bench = _Bench(folder, await choose_runner(), url)
    try:
        figures = [*await bench.times("fake", bench.fake("echo")), await bench.flood(), await bench.kept()]
        installed = Path(os.environ.get("SHOPFLOOR_TEST_AGENTS") or ROOT / ".test-agents")
        if (installed / "node_modules" / ".bin" / CLAUDE.program).exists():
            figures += await bench.times("claude", bench.claude(), {"PATH": search_path(installed)})
        else:
            print("Claude Code was left out: `make test-agents` installs it.")
        return figures
    finally:
        await bench.bridges.close_all()
        await server.close()


class _Memory(NamedTuple):
    theirs: float
    ours: float
    """Megabytes."""


class _Bench:
    def __init__(self, folder: Path, runner: Runner, url: str) -> None:
        self._folder = folder
        self._runner = runner
        self._url = url
        self.bridges = Bridges()
        self._number = 0

    def fake(self, scenario: str) -> Profile:
        endpoint = EndpointSection(url=self._url, set={"MODEL_URL": "{url}"})
        section = AcpSection(command=(sys.executable, "-S", str(_FAKE), scenario))
        return Profile(name="Fake", driver="acp", acp=section, endpoint=endpoint)

    def claude(self) -> Profile:
        return load_profile("claude-code").profile

    async def driver(
        self, profile: Profile, heard: list[AnyReport], variables: dict[str, str] | None = None
    ) -> AcpDriver:
        """A driver of a confined agent, not started yet."""
        self._number += 1
        task = self._folder / str(self._number)
        for name in ("worktree", "temp", "home"):
            paths.make_private(task / name)
        policy = Policy(
            directory=str(task / "worktree"),
            write=(str(task),),
            read=(str(ROOT),),
            binds=(),
            hide=hidden_places(),
            temp=str(task / "temp"),
            network=False,
            environment=base_environment()
            | {"HOME": str(task / "home"), "SHOPFLOOR_TASK": task.name}
            | (variables or {}),
        )
        environment = {"ANTHROPIC_API_KEY": "sk-ant-api03-of-nobody", "ANTHROPIC_BASE_URL": self._url}
        assert profile.endpoint is not None
        runner = await self.bridges.through(task.name, profile.endpoint, self._runner, policy, environment)
        return AcpDriver(
            profile=profile,
            runner=runner,
            policy=policy,
            worktree=str(task / "worktree"),
            report=heard.append,
            environment=environment,
            log=task / "agent.log",
        )

    async def times(self, name: str, profile: Profile, variables: dict[str, str] | None = None) -> list[Figure]:
        """First turn with the start of the process, next turn of the same one; memory of both sides."""
        first, following, memories = [], [], []
        for _ in range(RUNS + 1):
            driver = await self.driver(profile, [], variables)
            try:
                for found in (first, following):
                    begun = time.perf_counter()
                    end = await driver.run_turn("Say hello.")
                    found.append(1000 * (time.perf_counter() - begun))
                    assert end.outcome == "done", end
                memories.append(self._memory())
            finally:
                await driver.close()
        theirs = [memory.theirs for memory in memories[1:]]
        ours = [memory.ours for memory in memories[1:]]
        return [
            summary(
                f"acp {name}: start, session and first turn", first[1:], "ms", detail=f"the very first {first[0]:.0f}"
            ),
            summary(f"acp {name}: next turn of the process that waited", following[1:], "ms"),
            summary(f"acp {name}: its own memory", theirs, "MB"),
            summary(f"acp {name}: ours beside it (sandbox, way to the model)", ours, "MB", 20.0),
        ]

    def _memory(self) -> _Memory:
        """Of the agent that was started last and of what we have put around it (proportional set size)."""
        theirs = ours = 0.0
        for process in psutil.Process().children(recursive=True):
            try:
                line = process.cmdline()
                size = process.memory_full_info().pss / 1e6
                mine = (line[:1] and Path(line[0]).name == "bwrap") or any("forwarder.py" in word for word in line)
                if process.environ().get("SHOPFLOOR_TASK") not in (None, str(self._number)):
                    continue
            except (psutil.Error, OSError):
                continue
            theirs, ours = (theirs, ours + size) if mine else (theirs + size, ours)
        return _Memory(theirs, ours)

    async def flood(self) -> Figure:
        """CPU of ours for each piece of an answer."""
        heard: list[AnyReport] = []
        driver = await self.driver(self.fake("flood"), heard)
        try:
            begun = time.process_time()
            await driver.run_turn("x")
            used = time.process_time() - begun
        finally:
            await driver.close()
        text = "".join(report.text for report in heard if isinstance(report, TextDelta))
        assert text.count("\n") == UPDATES
        return Figure("acp: CPU of ours for a piece of text", 1e6 * used / UPDATES, "µs", 20.0, f"{UPDATES} pieces")

    async def kept(self) -> Figure:
        """Memory of this process for each agent that waits."""
        before = psutil.Process().memory_info().rss
        drivers = [await self.driver(self.fake("echo"), []) for _ in range(KEPT)]
        try:
            for driver in drivers:
                await driver.run_turn("x")
            grown = (psutil.Process().memory_info().rss - before) / KEPT / 1e6
        finally:
            await asyncio.gather(*(driver.close() for driver in drivers))
        return Figure("acp: memory in the engine for an agent that waits", grown, "MB", 2.0, f"{KEPT} of them")

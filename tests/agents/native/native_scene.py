"""What tests of the native agent share: a worktree with a sandbox, models that play answers, and collected reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from agents.drivers import AnyReport, Remember, TextDelta, ToolEnded
from agents.drivers.native import NativeDriver
from agents.model import Usage
from agents.native.budget import Limits
from agents.native.conversation import Message, Part, Text, Thinking, ToolCall, decode, encode, repair
from agents.native.models import Endpoint, PartDone, Patience, Piece, Spent, Stopped, TextPiece
from agents.native.tools import ToolHost, ToolSpec
from agents.offline import OfflineServer, ScriptedPlayer
from agents.offline.script import Line
from agents.profiles import NativeSection, Prices, Profile
from agents.sandbox import Policy, choose_runner
from agents.sandbox.defaults import agent_policy

WIRES = ("anthropic", "openai", "openai-chat")
Kind = TypeVar("Kind")


class Reports:
    """What a driver reported, in order."""

    def __init__(self) -> None:
        self.all: list[AnyReport] = []
        self._changed = asyncio.Event()

    def __call__(self, report: AnyReport) -> None:
        self.all.append(report)
        self._changed.set()

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Those of one kind."""
        return [report for report in self.all if isinstance(report, kind)]

    @property
    def text(self) -> str:
        """The answers, without reasoning."""
        return "".join(report.text for report in self.of(TextDelta) if not report.thinking)

    @property
    def thinking(self) -> str:
        """The reasoning."""
        return "".join(report.text for report in self.of(TextDelta) if report.thinking)

    @property
    def outputs(self) -> list[str]:
        """What the model was told by tools."""
        return [report.output for report in self.of(ToolEnded)]

    @property
    def remembered(self) -> list[Message]:
        """The conversation as stored."""
        return [decode(report.message) for report in self.of(Remember)]

    async def until(self, seen: Callable[[Reports], object]) -> None:
        """Wait until something has been reported."""
        async with asyncio.timeout(20):
            while not seen(self):
                self._changed.clear()
                await self._changed.wait()


def a_worktree(tmp_path: Path, **files: str) -> Path:
    """A folder to work in."""
    worktree = tmp_path / "work"
    worktree.mkdir(exist_ok=True)
    for name, text in files.items():
        (worktree / name.replace("__", ".")).write_text(text)
    return worktree


def a_policy(tmp_path: Path, *protect: Path) -> Policy:
    """What an agent may touch, by the real defaults."""
    worktree = a_worktree(tmp_path)
    for name in ("temp", "cache"):
        (tmp_path / name).mkdir(exist_ok=True)
    temp, cache = tmp_path / "temp", tmp_path / "cache"
    return agent_policy(worktree, temp=temp, cache=cache, profile=None, repository=None, protect=protect)


@asynccontextmanager
async def a_tool_host(tmp_path: Path, backend: str = "", protect: Path | None = None) -> AsyncIterator[ToolHost]:
    """A tool host in the real sandbox."""
    notices: list[str] = []
    host = ToolHost(await choose_runner(backend), a_policy(tmp_path, *([protect] if protect else [])), notices.append)
    host.notices = notices  # type: ignore[attr-defined]
    try:
        yield host
    finally:
        await host.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait for something of the outside world that nobody announces."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def ignore(_: str) -> None:
    """No interest in output while it comes."""


QUICK = Limits(steps=20, tries=2, first_wait_seconds=0.01)


def a_profile(wire: str = "anthropic", *, prices: Prices | None = None, **native: object) -> Profile:
    """A profile of a real provider, for the loopback server."""
    section = NativeSection(provider=wire, model="model-1", **native)  # type: ignore[arg-type]
    return Profile(name="Test", native=section, prices=prices)


KEYS = {"ANTHROPIC_API_KEY": "key-a", "OPENAI_API_KEY": "key-o"}


@asynccontextmanager
async def a_driver(
    tmp_path: Path,
    lines: Sequence[Line],
    *,
    profile: Profile | None = None,
    reports: Reports | None = None,
    history: Sequence[Message] = (),
    environment: dict[str, str] | None = None,
    patience: Patience | None = None,
    limits: Limits = QUICK,
) -> AsyncIterator[tuple[NativeDriver, Reports, ScriptedPlayer]]:
    """The whole native driver: real SDK, loopback server, real sandbox."""
    player = ScriptedPlayer(lines)
    server = OfflineServer(player)
    reports = reports or Reports()
    driver = NativeDriver(
        profile=profile or a_profile(),
        runner=await choose_runner(),
        policy=a_policy(tmp_path),
        worktree=str(a_worktree(tmp_path)),
        report=reports,
        history=[encode(message) for message in history],
        environment=KEYS if environment is None else environment,
        base_url=await server.start(),
        patience=patience,
        limits=limits,
    )
    try:
        yield driver, reports, player
    finally:
        await driver.close()
        await server.close()


Answer = Sequence[str | Part | Piece | Exception]


class PlayedModel:
    """A model in this process: plays answers in order. A string is text, a part is complete, a piece goes out as it is
    and an exception is raised; an answer ends by itself unless it holds its own end."""

    def __init__(self, *answers: Answer) -> None:
        self.endpoint = Endpoint(
            wire="anthropic", base_url="http://played", key="", key_variable="KEY", model="played", max_output=1000
        )
        self._answers = list(answers)
        self.asked: list[list[Message]] = []
        self.held = asyncio.Event()
        """Set while an answer waits for ever (``...`` in it)."""

    async def stream(
        self, system: str, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> AsyncGenerator[Piece]:
        """See :class:`agents.native.models.Model`."""
        assert list(messages) == repair(messages), "a conversation was sent that is not whole"
        assert not messages or not hasattr(messages[-1], "parts"), "a conversation was sent that ends in an answer"
        self.asked.append(list(messages))
        answer = self._answers[len(self.asked) - 1]
        for item in answer:
            await asyncio.sleep(0)  # others get their turn, as with a real connection
            if item is ...:
                self.held.set()
                await asyncio.Event().wait()
            elif isinstance(item, str):
                yield TextPiece(text=item)
                yield PartDone(part=Text(text=item))
            elif isinstance(item, Text | Thinking | ToolCall):
                yield PartDone(part=item)
            elif isinstance(item, Exception):
                raise item
            else:
                yield item
        if not any(isinstance(item, Stopped) for item in answer):
            yield Spent(usage=Usage(input_tokens=10, output_tokens=5))
            yield Stopped(reason="end")

    async def close(self) -> None:
        """Nothing to give up."""

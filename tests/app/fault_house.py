"""A Shopfloor home whose engine is a child of the test: it can be started, killed, starved and looked at."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import psutil
import pytest

from agents.client import Client, connect, lock_is_free, stop_engine
from agents.errors import EngineUnreachable
from agents.events import AnyEvent, TaskChanged
from agents.model import Entry, Task
from agents.offline.sample import demo_tasks, make_sample_repository
from agents.paths import shipped_profiles
from tests.processes import still_alive
from tests.shell import QUICKEST_WIRE, ROOT

PATIENCE_SECONDS = 60.0
RESTING = ("ready", "blocked", "failed", "stopped", "closed")


class House:
    """One home, its engine, and the sample repository that the offline player has tasks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.project = folder / "daybook"
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "SHOPFLOOR_HOME": str(self.home),
        }
        self._engines: list[asyncio.subprocess.Process] = []

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.home / "state" / "store.sqlite"

    # the engine

    async def spawn(
        self, *wrapper: str, before: Callable[[], object] | None = None, **variables: str
    ) -> asyncio.subprocess.Process:
        """An engine's process, as it starts; ``before`` runs in it before the program does."""
        engine = await asyncio.create_subprocess_exec(
            *wrapper,
            sys.executable,
            str(ROOT / "app" / "launch.py"),
            "engine",
            "run",
            cwd="/",
            env={**self.variables, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=before,
        )
        self._engines.append(engine)
        return engine

    async def start(
        self, *wrapper: str, before: Callable[[], object] | None = None, **variables: str
    ) -> asyncio.subprocess.Process:
        """An engine that answers."""
        engine = await self.spawn(*wrapper, before=before, **variables)
        await self.answers(engine)
        return engine

    async def answers(self, engine: asyncio.subprocess.Process) -> None:
        """Wait until an engine answers."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                assert engine.returncode is None, f"the engine ended: {await said(engine)}"
                with contextlib.suppress(EngineUnreachable):
                    await (await connect(start=False, environment={})).disconnect()
                    return
                await asyncio.sleep(0.005)

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """A connection to the engine that runs."""
        client = await connect(start=False, environment={})
        try:
            yield client
        finally:
            await client.disconnect()

    async def kill(self, engine: asyncio.subprocess.Process) -> None:
        """kill -9 at this very moment; fails if anything the engine had started lives on."""
        process = psutil.Process(engine.pid)
        process.suspend()  # so that what it has started is known
        children = process.children(recursive=True)
        engine.send_signal(signal.SIGKILL)
        await engine.wait()
        alive = await still_alive(children)
        assert not alive, f"the dead engine left behind: {alive}"

    def processes(self) -> list[str]:
        """Everything alive that has to do with this home, by command line, folder or environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                words = [process.cwd(), *process.cmdline(), *process.environ().values()]
                if any(str(self.folder) in word for word in words):
                    found.append(f"{process.pid}: {' '.join(process.cmdline())}")
        return found

    async def close(self) -> None:
        """End every engine that was started here."""
        for engine in self._engines:
            if engine.returncode is None:
                engine.terminate()
                try:
                    await asyncio.wait_for(engine.wait(), 30)
                except TimeoutError:
                    engine.kill()
                    await engine.wait()
        if not lock_is_free():  # one that a verb has started
            await stop_engine()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    # the person

    async def shopfloor(self, *arguments: str, at: Path | None = None) -> tuple[int, str, str]:
        """Run a verb; exit status, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "app" / "launch.py"),
            *arguments,
            cwd=at or self.folder,
            env=self.variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
        return process.returncode or 0, out.decode(), err.decode()

    async def with_sample(self, delay_ms: int = 1, max_active: int = 8) -> House:
        """The sample repository, and settings with the pace of its player."""
        await make_sample_repository(self.folder)
        settings = self.home / "config" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"[engine]\nmax_active = {max_active}\n[offline]\ndelay_ms = {delay_ms}\n")
        offline = (shipped_profiles() / "offline.toml").read_text()
        assert 'wire = "anthropic"' in offline
        profiles = settings.parent / "profiles"
        profiles.mkdir()
        (profiles / "offline.toml").write_text(offline.replace('wire = "anthropic"', f'wire = "{QUICKEST_WIRE}"'))
        return self

    async def give_tasks(self, client: Client, count: int, first: int = 0) -> list[Task]:
        """Some of the sample's tasks, with the checks of its project file trusted."""
        text, trusted = await client.projects.file(str(self.project))
        if not trusted:
            await client.projects.trust(str(self.project), text)
        return [await client.create_task(new) for new in demo_tasks(self.project, first + count)[first:]]


async def said(engine: asyncio.subprocess.Process) -> str:
    """What an engine that has ended had said."""
    assert engine.stderr is not None
    return (await engine.stderr.read()).decode()


async def task_that(
    client: Client, task: str, condition: Callable[[Task], bool], what: str, seconds: float = PATIENCE_SECONDS
) -> Task:
    """Wait for a task to be as wanted."""
    events = await client.subscribe()
    known = await client.task(task)
    try:
        async with asyncio.timeout(seconds):
            async for batch in events:
                for event in batch:
                    if isinstance(event, TaskChanged) and event.task.id == task:
                        known = event.task
                        if condition(known):
                            return known
    except TimeoutError:
        pass
    story = "\n".join(line(entry) for entry in await client.transcript(task))
    pytest.fail(f"waited for {what}; the task is {known.state}: {known.reason} {known.hint}\n{story}")


async def event_that(
    events: AsyncIterator[Sequence[AnyEvent]], condition: Callable[[AnyEvent], bool], what: str
) -> AnyEvent:
    """Wait for an event."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for batch in events:
                for event in batch:
                    if condition(event):
                        return event
    except TimeoutError:
        pytest.fail(f"waited for {what}")
    raise AssertionError(f"the engine went away before {what}")


def line(entry: Entry) -> str:
    """An entry for a failure's message."""
    tool = f" {entry.tool.name} {entry.tool.status} {entry.tool.output[-200:]!r}" if entry.tool else ""
    return f"{entry.id} turn {entry.turn} {entry.kind}{tool} {entry.text[:200]!r}"


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """An empty home; this process talks to its engine and to no other."""
    house = House(Path(tempfile.mkdtemp(prefix="sf-", dir="/tmp")))  # short: a socket's path must fit in 104 bytes
    monkeypatch.setenv("SHOPFLOOR_HOME", str(house.home))
    monkeypatch.setenv("HOME", str(house.folder))
    (house.folder / ".gitconfig").write_text("[user]\n\tname = Person\n\temail = person@example.invalid\n")
    try:
        yield house
    finally:
        await house.close()

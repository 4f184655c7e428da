"""An engine in this process, on a real repository, with a scripted model on a loopback port."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from agents.engine import Engine
from agents.events import AnyEvent, EntryChanged, TaskChanged
from agents.model import Entry, NewTask, Task
from agents.offline import Call, OfflineServer, ScriptedPlayer, say

PATIENCE_SECONDS = 30.0
KEY = "TEST_MODEL_KEY"


def git(folder: Path, *arguments: str) -> str:
    """Git as the person would run it in their checkout."""
    identity = ["-c", "user.name=Person", "-c", "user.email=person@example.invalid"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def a_repository(folder: Path, **files: str) -> Path:
    """A repository with one commit; file names with ``__`` for the dot."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for name, text in {"hello__txt": "hello\nworld\n", **files}.items():
        (folder / name.replace("__", ".")).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def writes(path: str, text: str) -> object:
    """A model's answer that writes a file."""
    return say("I write it.", Call(name="write", arguments={"path": path, "content": text}))


def runs(command: str) -> object:
    """A model's answer that runs a command."""
    return say(Call(name="bash", arguments={"command": command}))


class Shop:
    """An engine, its repository and the script of its model."""

    def __init__(self, engine: Engine, repository: Path, model: ScriptedPlayer, profiles: Path) -> None:
        self.engine = engine
        self.profiles = profiles
        self.repository = repository
        self.model = model

    async def task(self, prompt: str = "do it", **fields: object) -> Task:
        """A new task."""
        values = {"project": str(self.repository), "prompt": prompt, "profile": "test", **fields}
        return await self.engine.create_task(NewTask(**values))  # type: ignore[arg-type]

    async def until(self, task: str, condition: Callable[[Task], bool], what: str) -> Task:
        """Wait for a task to be as wanted."""
        listener = await self.engine.subscribe()
        seen = self.engine.ledger.tasks[task]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if condition(seen):
                    return seen
                async for batch in listener:
                    for event in batch:
                        if isinstance(event, TaskChanged) and event.task.id == task:
                            seen = event.task
                            if condition(seen):
                                return seen
        except TimeoutError:
            transcript = [entry_line(entry) for entry in await self.engine.transcript(task)]
            story = "\n".join(transcript)
            pytest.fail(f"waited for {what}; the task is {seen.state}: {seen.reason} {seen.hint}\n{story}")
        finally:
            await listener.close()
        raise AssertionError("the engine went away")

    async def rests(self, task: str, state: str = "ready") -> Task:
        """Wait until a task rests; it must then be in ``state``."""
        resting = ("ready", "blocked", "failed", "stopped", "closed")
        known = await self.until(task, lambda known: known.state in resting, f"{state} task")
        if known.state != state:
            story = "\n".join(entry_line(entry) for entry in await self.engine.transcript(task))
            pytest.fail(f"the task is {known.state}, not {state}: {known.reason} {known.hint}\n{story}")
        return known

    async def entry(self, task: str, condition: Callable[[Entry], bool], what: str) -> Entry:
        """Wait for an entry of a task's transcript."""
        listener = await self.engine.subscribe()
        await listener.watch([task])
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for batch in listener:
                    for entry in entries_in(batch):
                        if condition(entry):
                            return entry
        except TimeoutError:
            story = "\n".join(entry_line(entry) for entry in await self.engine.transcript(task))
            pytest.fail(f"waited for {what}; the transcript is\n{story}")
        finally:
            await listener.close()
        raise AssertionError("the engine went away")


def entries_in(batch: Sequence[AnyEvent]) -> list[Entry]:
    """All entries of a batch of events, as they are then."""
    found: list[Entry] = []
    for event in batch:
        found += getattr(event, "entries", ())
        if isinstance(event, EntryChanged):
            found.append(event.entry)
    return found


def entry_line(entry: Entry) -> str:
    """An entry for a failure's message."""
    tool = f" {entry.tool.name} {entry.tool.status} {entry.tool.output[:200]!r}" if entry.tool else ""
    return f"{entry.id} {entry.kind}{tool} {entry.text[:300]!r}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shopfloor's folders, and a person's home, for this test alone."""
    home = tmp_path / "home"
    monkeypatch.setenv("SHOPFLOOR_HOME", str(home))
    person = tmp_path / "person"
    person.mkdir()
    (person / ".gitconfig").write_text("[user]\n\tname = Person\n\temail = person@example.invalid\n")
    monkeypatch.setenv("HOME", str(person))
    return home


@pytest.fixture
async def shop(home: Path, tmp_path: Path) -> AsyncIterator[Shop]:
    """A running engine with an empty floor; profile ``test`` talks to the scripted model."""
    model = ScriptedPlayer()
    server = OfflineServer(model)
    url = await server.start()
    profiles = home / "config" / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    (profiles / "test.toml").write_text(
        f'name = "Test"\ndriver = "native"\n[native]\nprovider = "anthropic"\nmodel = "claude-test"\n'
        f'base_url = "{url}"\napi_key_env = "{KEY}"\n[prices]\ninput = 3.0\noutput = 15.0\n'
    )
    engine = Engine({"PATH": "/usr/bin:/bin", KEY: "secret-test-key"})
    await engine.start()
    try:
        yield Shop(engine, a_repository(tmp_path / "repository"), model, profiles)
    finally:
        await engine.stop()
        await server.close()

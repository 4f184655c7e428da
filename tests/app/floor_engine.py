"""An engine in memory: it keeps what it is told and tells its listeners, without agents, git or a store."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from agents.errors import NotFound, ShopfloorError
from agents.events import AnyEvent, TaskChanged, TranscriptOpened
from agents.model import EngineInfo, Entry, NewTask, Prompt, Task, When
from agents.parts.changes import Diff, Scope
from agents.parts.projects import ProfileInfo
from agents.parts.review import Comment
from agents.parts.sessions import Command, Session
from tests.app.floor_desk import CostsInMemory, QueuesInMemory, StagingInMemory, WritingInMemory

PROJECT = "/projects/bakery"
NOW = 1_760_000_000.0


def a_task(name: str, title: str = "", **fields: Any) -> Task:
    """A task that is ready and seen unless fields say otherwise."""
    given: dict[str, Any] = {
        "title": title or f"Task {name}",
        "prompt": f"Do {name}.",
        "project": PROJECT,
        "base": "main",
        "base_commit": "1" * 40,
        "branch": f"shopfloor/{name}/{(title or name).lower().replace(' ', '-')}",
        "profile": "offline",
        "model": "offline-1",
        "state": "ready",
        "created_at": NOW - 600,
        "changed_at": NOW - 60,
    }
    return Task(id=name, **{**given, **fields})


class EngineSubscription:
    """One listener."""

    def __init__(self, engine: EngineInMemory) -> None:
        self._engine = engine
        self.queue: asyncio.Queue[Sequence[AnyEvent] | None] = asyncio.Queue()
        self.watched: tuple[str, ...] = ()

    async def watch(self, tasks: Sequence[str], known: Mapping[str, int] | None = None) -> None:
        opened = [task for task in tasks if task not in self.watched]
        self.watched = tuple(tasks)
        for task in opened:
            entries = tuple(self._engine.entries.get(task, ()))
            self.queue.put_nowait([TranscriptOpened(task=task, entries=entries)])

    async def __aiter__(self) -> AsyncIterator[Sequence[AnyEvent]]:
        while (batch := await self.queue.get()) is not None:
            yield batch

    async def close(self) -> None:
        self.queue.put_nowait(None)


class QuestionsInMemory:
    """As :class:`agents.parts.questions.Questions`."""

    def __init__(self, engine: EngineInMemory) -> None:
        self._engine = engine

    async def answer(self, task: str, question: str = "", option: str = "", text: str = "") -> Task:
        self._engine._change(f"answer {question} {option or text}", task)
        return self._engine.change(task, state="working", question=None, reason="")


class TerminalsInMemory:
    """What was typed and which sizes were asked for."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.sizes: list[tuple[str, int, int, bool]] = []
        self.started: list[str] = []

    async def write(self, task: str, data: bytes) -> None:
        self.written.append(data)

    async def resize(self, task: str, columns: int, rows: int, dark: bool = True) -> None:
        self.sizes.append((task, columns, rows, dark))

    async def start(self, task: str) -> None:
        self.started.append(task)


class SessionsInMemory:
    """As :class:`agents.parts.sessions.Sessions`, as far as the floor uses it."""

    def __init__(self, engine: EngineInMemory) -> None:
        self._engine = engine
        self.offers = Session()
        self.offered_by: dict[str, Session] = {}

    async def offered(self, profile: str) -> Session:
        return self.offered_by.get(profile, Session())

    async def session(self, task: str) -> Session:
        return self.offers

    async def commands(self, task: str) -> list[Command]:
        return list(self.offers.commands)

    async def choose(self, task: str, setting: str, value: str) -> Session:
        self._engine._change(f"choose {setting} {value}", task)
        return self.offers


class ChecksInMemory:
    """The part ``checks`` of a project whose checks pass and leave no report."""

    def __init__(self, engine: EngineInMemory) -> None:
        self._engine = engine

    async def run(self, task: str) -> Task:
        self._engine._change("check", task)
        return self._engine.change(task, check_state="passed")

    async def results(self, task: str) -> None:
        return None


class NoScripts:
    """A project that offers none."""

    async def offered(self, project: str) -> list[Any]:
        return []


class EngineInMemory:
    """Behaves like :class:`agents.api.Api` as far as the floor uses it."""

    def __init__(self, *tasks: Task) -> None:
        self._tasks = {task.id: task for task in tasks}
        self.terminals = TerminalsInMemory()
        self.entries: dict[str, list[Entry]] = {}
        self.sent: list[tuple[str, str, When]] = []
        self.said: dict[str, list[str]] = {}
        self.calls: list[tuple[str, str]] = []
        self.made: list[NewTask] = []
        self.subscriptions: list[EngineSubscription] = []
        self.refusal: ShopfloorError | None = None
        """Raised by every call that changes something."""
        self.profile_list = [
            ProfileInfo(id="offline", name="Offline", driver="native", model="offline-1", ready=True),
            ProfileInfo(id="codex", name="Codex", driver="acp", missing="the program codex-acp is not on PATH"),
        ]
        self.branch_list = ["main", "release/2.0"]
        self.sandbox_problem = ""
        self.replaced = False
        self.changed: dict[str, list[bytes]] = {}
        self.reminders = self.finding = self.changes = self.review = self.projects = self
        self.questions = QuestionsInMemory(self)
        self.writing = WritingInMemory(lambda task: self._change("draft", task))
        self.costs = CostsInMemory()
        self.sessions = SessionsInMemory(self)
        self.staging = StagingInMemory()
        self.checks = ChecksInMemory(self)
        self.queues = QueuesInMemory()
        self.scripts = NoScripts()
        self._numbers = itertools.count(1)

    # --- for tests

    def change(self, task: str, **fields: Any) -> Task:
        """Change a task and tell everyone."""
        changed = msgspec.structs.replace(self._tasks[task], **fields)
        return self.put(changed)

    def put(self, task: Task) -> Task:
        """Add or replace a task and tell everyone."""
        self._tasks[task.id] = task
        self.tell(TaskChanged(task=task))
        return task

    def tell(self, *events: AnyEvent) -> None:
        """Publish events."""
        for subscription in self.subscriptions:
            subscription.queue.put_nowait(list(events))

    def go_away(self) -> None:
        """End every subscription, as an engine that died does."""
        for subscription in self.subscriptions:
            subscription.queue.put_nowait(None)
        self.subscriptions.clear()

    @property
    def watched(self) -> tuple[str, ...]:
        """What the last listener watches."""
        return self.subscriptions[-1].watched if self.subscriptions else ()

    def _change(self, what: str, task: str) -> None:
        if self.refusal is not None:
            raise self.refusal
        if task and task not in self._tasks:
            raise NotFound(f"There is no task {task}.")
        self.calls.append((what, task))

    # --- Api

    async def info(self) -> EngineInfo:
        return EngineInfo(
            version="1",
            protocol=1,
            pid=1,
            home="/",
            log="/log",
            started_at=NOW,
            sandbox_problem=self.sandbox_problem,
            replaced=self.replaced,
        )

    async def reviewed(self, task: str) -> list[str]:
        self._change("reviewed", task)
        return []

    async def subscribe(self, since: int = 0) -> EngineSubscription:
        subscription = EngineSubscription(self)
        self.subscriptions.append(subscription)
        return subscription

    async def tasks(self, project: str = "", everything: bool = False) -> list[Task]:
        return list(self._tasks.values())

    async def create_task(self, new: NewTask) -> Task:
        self._change("create", "")
        self.made.append(new)
        name = f"new{next(self._numbers)}"
        title = new.title or new.prompt.splitlines()[0]
        return self.put(a_task(name, title, prompt=new.prompt, state="working", created_at=NOW, changed_at=NOW))

    async def transcript(self, task: str, before: int = 0, limit: int = 500) -> list[Entry]:
        self.calls.append(("transcript", task))
        return []

    async def prompts(self, task: str) -> list[Prompt]:
        return [Prompt(id=n, task=task, text=text) for n, text in enumerate(self.said.get(task, ()), 1)]

    async def send(self, task: str, text: str, when: When = "now") -> Prompt:
        self._change("send", task)
        self.sent.append((task, text, when))
        return Prompt(id=next(self._numbers), task=task, text=text, when=when)

    async def stop_task(self, task: str) -> Task:
        self._change("stop", task)
        return self.change(task, state="stopped")

    async def compact(self, task: str) -> Task:
        self._change("compact", task)
        return self._tasks[task]

    async def resume(self, task: str) -> Task:
        self._change("resume", task)
        return self.change(task, state="working")

    async def close_task(self, task: str) -> Task:
        self._change("close", task)
        return self.change(task, state="closed")

    async def seen(self, task: str) -> None:
        self._change("seen", task)
        self.change(task, unseen=False)

    async def set_note(self, task: str, note: str) -> Task:
        self._change("note", task)
        return self.change(task, note=note)

    async def set(self, task: str, at: float) -> Task:
        """``reminders.set``."""
        self._change("remind", task)
        return self.change(task, remind_at=at)

    async def changed_files(self) -> dict[str, list[bytes]]:
        """``finding.changed_files``."""
        return self.changed

    async def diff(self, task: str, scope: Scope = "branch") -> Diff:
        return Diff(task=task, scope=scope, base_tree="1" * 40, head_tree="2" * 40, base_name="main", directory="/")

    async def comments(self, task: str) -> list[Comment]:
        return []

    async def blobs(self, task: str, ids: Sequence[str]) -> list[bytes]:
        return [b"" for _ in ids]

    async def profiles(self, project: str = "") -> list[ProfileInfo]:
        return self.profile_list

    async def branches(self, project: str) -> list[str]:
        return self.branch_list

"""Who listens to the engine, and what each has still to be told.

A listener keeps only the newest state of each thing, so what waits for a slow one is bounded by what exists, not by
what happened; past a limit it forgets everything and starts over from the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Literal, Protocol

from agents.events import (
    AnyEvent,
    CommentsChanged,
    EngineNotice,
    EntryChanged,
    EntryGrew,
    QueueChanged,
    TaskChanged,
    TerminalOpened,
    TerminalWrote,
)

UPDATES_PER_SECOND = 30
WAITING_LIMIT = 4_000
"""Things that may wait for one listener."""
NOTICES_LIMIT = 20
"""Notices that may wait for one listener; the latest count."""
TEXT_LIMIT = 4_000_000
"""Characters of grown text that may wait for one listener."""

TERMINAL_LIMIT = 200_000
"""Bytes of a terminal that may wait for one listener; with more it is told the whole terminal anew."""
REOPEN_SECONDS = 0.25
"""At most so often a terminal is told anew to one listener."""
ECHO_SECONDS = 0.2
"""For so long after a key, what its program writes does not wait for the next batch."""
ECHO_GAP_SECONDS = 0.005
"""Between two such batches at least: a program may write in many pieces."""
ECHO_LIMIT = 16_000
"""Bytes; more is a flood and not an echo."""

_Key = tuple[str, ...]
_DETAILS = ("entry", "grew", "opened", "wrote")
"""First words of the keys of what only those receive who watch a task."""


class Source(Protocol):
    """Where a listener learns how things are when it knows nothing, or only something old."""

    def tasks_since(self, sequence: int) -> list[AnyEvent]:
        """The tasks that changed after a sequence number; all on the floor after 0."""

    def transcript_since(self, task: str, sequence: int) -> list[AnyEvent]:
        """What changed in a transcript after a sequence number; the transcript itself after 0."""


class Listener:
    """One subscription."""

    def __init__(self, source: Source, since: int, hub: Hub):
        self._source = source
        self._hub = hub
        self._waiting: dict[_Key, AnyEvent] = {}
        self._text_length = 0
        self._kept = 0
        """How many of what waits survive every new start: they are as many as there are tasks."""
        self._notices = 0
        self._wake = asyncio.Event()
        self._closed = False
        self._terminals: dict[str, float] = {}
        """Terminals that are to be told anew, and when at the earliest."""
        self._told_at: dict[str, float] = {}
        self._echoing: dict[str, float] = {}
        """Terminals that were typed into, and until when what they write is an echo."""
        self._echoed = asyncio.Event()
        self.watched: frozenset[str] = frozenset()
        """Tasks whose details are wanted."""
        self._put_all(source.tasks_since(since))

    async def watch(self, tasks: Sequence[str], known: Mapping[str, int] | None = None) -> None:
        """See :meth:`agents.api.Subscription.watch`."""
        opened = [task for task in tasks if task not in self.watched]
        for key in [key for key in self._waiting if key[0] in ("entry", "grew", "wrote") and key[1] not in tasks]:
            del self._waiting[key]
        self.watched = frozenset(tasks)
        for task in opened:
            self._put_all(self._source.transcript_since(task, (known or {}).get(task, 0)))
            self._told_at.pop(task, None)
            self.reopen(task)

    def put(self, event: AnyEvent) -> None:
        """Something happened."""
        match event:
            case TaskChanged(task=task):
                key: _Key = ("task", task.id)
            case EntryChanged(entry=entry):
                if entry.task not in self.watched:
                    return
                key = ("entry", entry.task, str(entry.id))
                for part in ("text", "output"):  # the whole entry supersedes what it grew by
                    self._waiting.pop(("grew", entry.task, str(entry.id), part), None)
            case EntryGrew(task=name):
                if name in self.watched:
                    self._grow(event)
                return
            case TerminalWrote(task=name):
                self._wrote(event)
                return
            case CommentsChanged(task=name):
                key = ("comments", name)
            case QueueChanged(task=name):
                key = ("queue", name)
            case EngineNotice():
                self._notices += 1
                self._waiting.pop(("notice", str(self._notices - NOTICES_LIMIT)), None)
                key = ("notice", str(self._notices))
            case _:
                key = ("opened", event.task)
        self._waiting[key] = event
        if len(self._waiting) - self._kept > WAITING_LIMIT or self._text_length > TEXT_LIMIT:
            self.start_over()
        self._wake.set()

    def _grow(self, event: EntryGrew) -> None:
        key = ("grew", event.task, str(event.entry), event.part)
        waiting = self._waiting.get(key)
        self._text_length += len(event.text)
        if isinstance(waiting, EntryGrew):
            event = EntryGrew(
                task=event.task,
                entry=event.entry,
                offset=waiting.offset,
                text=waiting.text + event.text,
                part=event.part,
            )
        self._waiting[key] = event
        if self._text_length > TEXT_LIMIT:
            self.start_over()
        self._wake.set()

    def _wrote(self, event: TerminalWrote) -> None:
        if event.task not in self.watched or event.task in self._terminals:
            return
        key = ("wrote", event.task)
        waiting = self._waiting.get(key)
        if isinstance(waiting, TerminalWrote):
            event = TerminalWrote(task=event.task, offset=waiting.offset, data=waiting.data + event.data)
        if len(event.data) > TERMINAL_LIMIT:
            self.reopen(event.task)
            return
        self._waiting[key] = event
        self._wake.set()
        if event.task in self._echoing:
            self._echoed.set()

    def typed(self, task: str) -> None:
        """The person has pressed a key in a terminal: its echo goes first."""
        if task in self.watched:
            self._echoing[task] = asyncio.get_running_loop().time() + ECHO_SECONDS

    async def _echoes(self, seconds: float) -> list[AnyEvent]:
        """What programs write in answer to keys, as soon as there is any; nothing when so many seconds have passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._echoed.wait()
        except TimeoutError:
            return []
        self._echoed.clear()
        now = asyncio.get_running_loop().time()
        self._echoing = {task: until for task, until in self._echoing.items() if until > now}
        found = []
        for task in self._echoing:
            event = self._waiting.get(("wrote", task))
            if isinstance(event, TerminalWrote) and len(event.data) <= ECHO_LIMIT:
                found.append(self._waiting.pop(("wrote", task)))
        return found

    def reopen(self, task: str) -> None:
        """Tell a terminal anew, as it is when it can be told."""
        if task in self.watched:
            self._waiting.pop(("wrote", task), None)
            self._terminals[task] = self._told_at.get(task, -1.0) + REOPEN_SECONDS
            self._wake.set()

    def _open_terminals(self, now: float) -> float:
        """Put in what is due; the seconds until the next is, 0 when none is to come."""
        for task in [task for task, due in self._terminals.items() if due <= now]:
            del self._terminals[task]
            opened = self._hub.terminal_of(task) if task in self.watched else None
            if opened is not None:
                self._waiting["terminal", task] = opened
                self._told_at[task] = now
        return max(0.001, min(self._terminals.values()) - now) if self._terminals else 0.0

    def _put_all(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            self.put(event)

    def start_over(self) -> None:
        """Forget the details that wait, and tell everything as it is."""
        # a task that has left the floor is not in what comes from the source
        self._waiting = {key: event for key, event in self._waiting.items() if key[0] not in _DETAILS}
        self._text_length = 0
        for event in self._source.tasks_since(0):
            if isinstance(event, TaskChanged):
                self._waiting[("task", event.task.id)] = event
        self._kept = len(self._waiting)
        for task in sorted(self.watched):
            for event in self._source.transcript_since(task, 0):
                self._waiting[("opened", task)] = event
            self.reopen(task)
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[Sequence[AnyEvent]]:
        loop = asyncio.get_running_loop()
        next_at = 0.0
        while not self._closed:
            await self._wake.wait()
            while not self._closed and (early := next_at - loop.time()) > 0:
                if echoes := await self._echoes(early):
                    yield echoes
                    await asyncio.sleep(ECHO_GAP_SECONDS)
            self._wake.clear()
            self._echoed.clear()
            later = self._open_terminals(loop.time())
            if later:
                loop.call_later(later, self._wake.set)
            if self._waiting:
                batch = list(self._waiting.values())
                self._waiting.clear()
                self._text_length = self._kept = 0
                next_at = loop.time() + 1 / UPDATES_PER_SECOND
                yield batch

    async def close(self) -> None:
        """Receive nothing more."""
        self.end()

    def end(self) -> None:
        """The engine goes away, or the listener does."""
        self._closed = True
        self._wake.set()
        self._echoed.set()
        self._hub.leave(self)


class Hub:
    """All listeners."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.terminal_of: Callable[[str], TerminalOpened | None] = lambda _task: None
        """The terminal of a task as it is now; None when it has none."""

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, source: Source, since: int = 0) -> Listener:
        """A new listener, who first learns what changed after the sequence number it knows."""
        listener = Listener(source, since, self)
        self._listeners.append(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def publish(self, event: AnyEvent) -> None:
        """Tell everyone whom it concerns."""
        for listener in self._listeners:
            listener.put(event)

    def grew(self, task: str, entry: int, offset: int, text: str, part: Literal["text", "output"]) -> None:
        """Text was added to an open entry; free when nobody watches."""
        event = None
        for listener in self._listeners:
            if task in listener.watched:
                event = event or EntryGrew(task=task, entry=entry, offset=offset, text=text, part=part)
                listener.put(event)

    def is_watched(self, task: str) -> bool:
        """Somebody looks at the details of a task."""
        return any(task in listener.watched for listener in self._listeners)

    def wrote(self, task: str, offset: int, data: bytes) -> None:
        """A program wrote into its terminal; free when nobody watches."""
        event = None
        for listener in self._listeners:
            if task in listener.watched:
                event = event or TerminalWrote(task=task, offset=offset, data=data)
                listener.put(event)

    def typed(self, task: str) -> None:
        """The person has pressed a key in a task's terminal."""
        for listener in self._listeners:
            listener.typed(task)

    def reopen(self, task: str) -> None:
        """Tell those who watch a task its terminal anew."""
        for listener in self._listeners:
            listener.reopen(task)

    def start_over(self) -> None:
        """Tell everyone everything as it is, after a time in which not all was told."""
        for listener in self._listeners:
            listener.start_over()

    def close(self) -> None:
        """End every listener."""
        for listener in list(self._listeners):
            listener.end()

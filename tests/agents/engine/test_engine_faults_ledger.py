"""What listeners and the file know while the disk refuses, while a listener is far behind, and between two commits."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.engine.hub import NOTICES_LIMIT, WAITING_LIMIT, Hub, Listener
from agents.engine.ledger import Ledger
from agents.errors import ShopfloorError
from agents.events import (
    AnyEvent,
    CommentsChanged,
    EngineNotice,
    EntryChanged,
    EntryGrew,
    TaskChanged,
    TranscriptOpened,
)
from agents.model import FINAL_STATES, Entry, Prompt, Task
from agents.store import Store


class Desk:
    """A ledger on a real store, and a listener who watches its one task."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hub = Hub()
        self.ledger = Ledger(Store(path), self.hub)
        self.task = self.ledger.put(
            Task(id="a1", title="t", prompt="p", project="/p", base="main", base_commit="0", profile="x")
        )
        self.ledger.flush()

    def tasks_since(self, sequence: int) -> list[AnyEvent]:
        return [TaskChanged(task=task) for task in self.ledger.tasks.values() if task.state not in FINAL_STATES]

    def transcript_since(self, task: str, sequence: int) -> list[AnyEvent]:
        return [TranscriptOpened(task=task, entries=tuple(self.ledger.store.entries(task)))]

    async def listener(self) -> Listener:
        listener = self.hub.join(self)
        await listener.watch(["a1"])
        await batch(listener)
        return listener

    def enter(self, number: int, text: str) -> None:
        entry = Entry(task="a1", id=number, turn=1, kind="text", text=text, sequence=self.ledger.next_sequence())
        self.ledger.store.put_entry(entry)
        self.ledger.publish(EntryChanged(entry=entry))


async def batch(listener: Listener) -> list[AnyEvent]:
    return list(await asyncio.wait_for(anext(aiter(listener)), 10))


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "store.sqlite")


@pytest.fixture
def busy_disk(desk: Desk) -> Iterator[sqlite3.Connection]:
    """Nobody can write the file as long as this transaction is open."""
    other = sqlite3.connect(desk.path, timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


async def test_a_prompt_becomes_delivered_in_the_same_commit_as_its_entry(desk: Desk) -> None:
    prompt = desk.ledger.add_prompt(Prompt(id=0, task="a1", text="do it"))
    desk.ledger.flush()
    desk.ledger.put_prompt(Prompt(id=prompt.id, task="a1", text="do it", delivery="delivered"))
    desk.enter(1, "do it")
    with sqlite3.connect(desk.path) as killed_now:
        (data,) = killed_now.execute("SELECT data FROM prompt").fetchone()
        assert b"delivered" not in data, "a kill now would leave a delivered prompt that is in no transcript"
    assert desk.ledger.waiting_prompts("a1") == [], "the engine itself knows at once"
    desk.ledger.flush()
    assert [prompt.delivery for prompt in desk.ledger.store.prompts("a1")] == ["delivered"]
    assert [entry.text for entry in desk.ledger.store.entries("a1")] == ["do it"]


async def test_nothing_is_shown_while_the_disk_refuses_and_everything_afterwards(
    desk: Desk, busy_disk: sqlite3.Connection
) -> None:
    listener = await desk.listener()
    desk.enter(1, "refused")
    with pytest.raises(ShopfloorError, match="Nothing is lost yet"):
        desk.ledger.flush()
    desk.ledger.grew("a1", 1, 7, " and more", "text")
    told = await batch(listener)
    assert [type(event) for event in told] == [EngineNotice], "the fault is said, and nothing that is not recorded"
    busy_disk.execute("ROLLBACK")
    desk.ledger.flush()
    told = await batch(listener)
    assert not [event for event in told if isinstance(event, EntryGrew)], "growth that nobody saw the beginning of"
    (opened,) = [event for event in told if isinstance(event, TranscriptOpened)]
    assert [entry.text for entry in opened.entries] == ["refused"]
    assert [event.text for event in told if isinstance(event, EngineNotice)] == [
        "The store can be written again; nothing was lost."
    ]


async def test_who_is_far_behind_still_learns_what_left_the_floor_and_the_latest_notices(desk: Desk) -> None:
    listener = await desk.listener()
    gone = desk.ledger.put(
        Task(id="b2", title="t", prompt="p", project="/p", base="main", base_commit="0", profile="x", state="closed")
    )
    desk.ledger.flush()
    desk.hub.publish(CommentsChanged(task="b2"))
    for number in range(NOTICES_LIMIT * 3):
        desk.hub.publish(EngineNotice(text=f"notice {number}"))
    for number in range(1, WAITING_LIMIT + 2):
        desk.enter(number, "x")
    desk.ledger.flush()
    told = await batch(listener)
    assert any(isinstance(event, TranscriptOpened) for event in told), "it starts over from the store"
    assert TaskChanged(task=gone) in told, "a task that was closed meanwhile would stay on its floor"
    assert CommentsChanged(task="b2") in told
    notices = [event.text for event in told if isinstance(event, EngineNotice)]
    assert notices == [f"notice {number}" for number in range(NOTICES_LIMIT * 2, NOTICES_LIMIT * 3)]


async def test_what_went_wrong_beside_the_tasks_is_said_once(desk: Desk) -> None:
    listener = await desk.listener()
    for text in ("the host is away", "the host is away", "the disk is slow", "the host is away"):
        desk.ledger.warn(text)
    desk.ledger.flush()
    said = [(event.text, event.severity) for event in await batch(listener) if isinstance(event, EngineNotice)]
    assert said == [("the host is away", "warning"), ("the disk is slow", "warning")]

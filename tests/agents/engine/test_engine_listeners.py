"""What a listener is told, in what order, and what happens when it does not listen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agents.engine import hub as hub_module
from agents.engine.hub import Hub, Listener
from agents.events import AnyEvent, EntryChanged, EntryGrew, TaskChanged, TerminalWrote, TranscriptOpened
from agents.model import Entry, Task


def a_task(name: str, **fields: object) -> Task:
    values: dict[str, object] = {
        "id": name, "title": name, "prompt": "p", "project": "/p", "base": "main", "base_commit": "0", "profile": "x",
    }  # fmt: skip
    return Task(**{**values, **fields})  # type: ignore[arg-type]


def an_entry(text: str, number: int = 1, done: bool = False) -> Entry:
    return Entry(task="a1", id=number, turn=1, kind="text", text=text, done=done)


class Floor:
    """Tasks and transcripts as an engine would hold them."""

    def __init__(self) -> None:
        self.tasks = {"a1": a_task("a1")}
        self.entries: list[Entry] = []
        self.hub = Hub()

    def tasks_since(self, sequence: int) -> list[AnyEvent]:
        return [TaskChanged(task=task) for task in self.tasks.values() if task.sequence >= sequence]

    def transcript_since(self, task: str, sequence: int) -> list[AnyEvent]:
        if sequence:
            return [EntryChanged(entry=entry) for entry in self.entries if entry.sequence > sequence]
        return [TranscriptOpened(task=task, entries=tuple(self.entries))]

    def join(self) -> Listener:
        return self.hub.join(self)


async def next_batch(listener: Listener) -> Sequence[AnyEvent]:
    return await asyncio.wait_for(anext(aiter(listener)), 5)


async def test_a_new_listener_first_learns_every_task() -> None:
    floor = Floor()
    batch = await next_batch(floor.join())
    assert [event.task.id for event in batch if isinstance(event, TaskChanged)] == ["a1"], batch


async def test_details_come_only_for_watched_tasks_and_start_with_the_whole() -> None:
    floor = Floor()
    listener = floor.join()
    await next_batch(listener)
    floor.hub.publish(EntryChanged(entry=an_entry("unseen")))
    floor.entries = [an_entry("whole")]
    await listener.watch(["a1"])
    floor.hub.grew("a1", 1, 5, " and more", "text")
    batch = await next_batch(listener)
    assert isinstance(batch[0], TranscriptOpened), batch
    assert batch[0].entries[0].text == "whole"
    assert isinstance(batch[1], EntryGrew), batch
    assert (batch[1].offset, batch[1].text) == (5, " and more")
    assert len(batch) == 2, "what happened before watching must not be told"


async def test_growth_is_merged_and_superseded_by_the_whole_entry() -> None:
    floor = Floor()
    listener = floor.join()
    await next_batch(listener)
    await listener.watch(["a1"])
    await next_batch(listener)
    for offset, text in ((0, "a"), (1, "b"), (2, "c")):
        floor.hub.grew("a1", 1, offset, text, "text")
    (merged,) = await next_batch(listener)
    assert isinstance(merged, EntryGrew)
    assert (merged.offset, merged.text) == (0, "abc")
    floor.hub.grew("a1", 1, 3, "d", "text")
    floor.hub.publish(EntryChanged(entry=an_entry("abcd", done=True)))
    (whole,) = await next_batch(listener)
    assert isinstance(whole, EntryChanged), "the whole entry makes its growth superfluous"


async def test_what_waits_for_a_listener_that_never_reads_is_bounded_by_what_exists() -> None:
    floor = Floor()
    listener = floor.join()
    for number in range(10_000):
        floor.hub.publish(TaskChanged(task=a_task("a1", turn=number)))
    (last,) = await next_batch(listener)
    assert isinstance(last, TaskChanged)
    assert last.task.turn == 9_999, "the newest state counts"


async def test_a_listener_far_behind_starts_over_from_what_is_there(monkeypatch) -> None:
    monkeypatch.setattr(hub_module, "TEXT_LIMIT", 100)
    floor = Floor()
    listener = floor.join()
    await listener.watch(["a1"])
    await next_batch(listener)
    floor.entries = [an_entry("x" * 300)]
    for offset in range(0, 300, 50):
        floor.hub.grew("a1", 1, offset, "x" * 50, "text")
    batch = await next_batch(listener)
    opened = [event for event in batch if isinstance(event, TranscriptOpened)]
    assert opened, f"expected the transcript anew, got {batch}"
    assert opened[-1].entries[0].text == "x" * 300


async def test_a_closed_listener_is_forgotten() -> None:
    floor = Floor()
    listener = floor.join()
    await listener.close()
    assert len(floor.hub) == 0


async def test_the_echo_of_a_key_goes_before_what_else_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "UPDATES_PER_SECOND", 0.1)
    floor = Floor()
    listener = floor.join()
    batches = aiter(listener)
    await listener.watch(["a1"])
    await anext(batches)
    floor.hub.typed("a1")
    floor.hub.grew("a1", 1, 0, "streamed", "text")
    for offset, piece in enumerate((b"l", b"s")):
        floor.hub.wrote("a1", offset, piece)
        echo = await asyncio.wait_for(anext(batches), 5)
        assert list(echo) == [TerminalWrote(task="a1", offset=offset, data=piece)], echo


async def test_a_flood_after_a_key_is_no_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "UPDATES_PER_SECOND", 5)
    floor = Floor()
    listener = floor.join()
    batches = aiter(listener)
    await listener.watch(["a1"])
    await anext(batches)
    floor.hub.typed("a1")
    floor.hub.wrote("a1", 0, b"x" * (hub_module.ECHO_LIMIT + 1))
    floor.hub.grew("a1", 1, 0, "streamed", "text")
    batch = await asyncio.wait_for(anext(batches), 5)
    assert len(batch) == 2, "the flood went out as an echo, apart from the rest"

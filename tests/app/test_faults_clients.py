"""Two engines at once, many clients at once, and a client that does not read."""

from __future__ import annotations

import asyncio
import socket
from functools import partial

import msgspec
import pytest

from agents import paths, rpc
from agents.client import Client, stop_engine
from agents.events import AnyEvent, EntryChanged, EntryGrew, TaskChanged, TranscriptOpened
from agents.model import Task
from tests.app.fault_house import PATIENCE_SECONDS, RESTING, House, event_that, house, line, said, task_that

__all__ = ["house"]

CLIENTS = 20
NOTES, NOTE_LENGTH = 100, 60_000


async def test_of_two_engines_started_at_once_one_works_and_the_other_says_so(house: House) -> None:
    for _ in range(3):
        both = await asyncio.gather(house.spawn(), house.spawn())
        ends = [asyncio.create_task(engine.wait()) for engine in both]
        done, _ = await asyncio.wait(ends, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1, "exactly one of them has to give way"
        loser = next(engine for engine in both if engine.returncode is not None)
        winner = next(engine for engine in both if engine is not loser)
        assert loser.returncode == 3
        words = await said(loser)
        assert "Another engine is running already" in words
        assert "Traceback" not in words
        await house.answers(winner)
        async with house.client() as client:
            assert (await client.info()).pid == winner.pid
        await house.kill(winner)
        for end in ends:
            await end


async def test_an_engine_with_another_runtime_folder_on_the_same_state_is_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a login that has set none, or from a service."""
    places = {f"XDG_{kind}_HOME": str(house.folder / kind.lower()) for kind in ("STATE", "DATA", "CONFIG", "CACHE")}
    places["SHOPFLOOR_HOME"] = ""
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    for folder in ("here", "there"):
        (house.folder / folder).mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(house.folder / "there"))
    engine = await house.start(**places, XDG_RUNTIME_DIR=str(house.folder / "here"))
    async with house.client() as client:
        assert (await client.info()).pid == engine.pid
    assert (await stop_engine()) is not None, "it is not found to be stopped"
    assert not paths.socket_record().exists(), "it says where it is after it has gone"


class Watcher:
    """A screen that keeps what it was told, as a screen has to: by the events alone."""

    def __init__(self) -> None:
        self.tasks: dict[str, list[tuple[str, int]]] = {}
        """States and turns of each task in the order they came."""
        self.texts: dict[int, tuple[str, str]] = {}
        """Text and tool output of each entry of the watched task."""
        self.misfits = 0
        """Growth that did not fit where it belongs."""

    def hear(self, event: AnyEvent) -> None:
        match event:
            case TaskChanged(task=task):
                told = self.tasks.setdefault(task.id, [])
                if not told or told[-1] != (task.state, task.turn):
                    told.append((task.state, task.turn))
            case TranscriptOpened(entries=entries):
                self.texts = {entry.id: _texts(entry) for entry in entries}
            case EntryChanged(entry=entry):
                self.texts[entry.id] = _texts(entry)
            case EntryGrew(entry=number, offset=offset, text=text, part=part):
                before = dict(zip(("text", "output"), self.texts[number], strict=True))
                self.misfits += len(before[part]) != offset
                before[part] += text
                self.texts[number] = (before["text"], before["output"])
            case _:
                pass

    async def follow(self, client: Client, tasks: list[Task], watched: Task) -> None:
        """Listen until all tasks rest and the watched one's transcript is complete."""
        events = await client.subscribe()
        await events.watch([watched.id])
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for batch in events:
                for event in batch:
                    self.hear(event)
                if all(self.tasks.get(task.id, [("", 0)])[-1][0] in RESTING for task in tasks):
                    return


def _texts(entry: object) -> tuple[str, str]:
    tool = getattr(entry, "tool", None)
    return str(getattr(entry, "text", "")), str(tool.output if tool else "")


async def test_twenty_clients_see_the_same_and_in_the_same_order(house: House) -> None:
    await house.with_sample(delay_ms=2)
    await house.start()
    async with house.client() as client:
        clients = [await _connected(house) for _ in range(CLIENTS)]
        tasks = await house.give_tasks(client, 2)
        watchers = [Watcher() for _ in clients]
        await asyncio.gather(
            *(watcher.follow(each, tasks, tasks[0]) for watcher, each in zip(watchers, clients, strict=True))
        )
        transcript = {entry.id: _texts(entry) for entry in await client.transcript(tasks[0].id, limit=10_000)}
        for number, watcher in enumerate(watchers):
            assert watcher.misfits == 0, f"client {number} was told growth that does not fit"
            assert watcher.texts == transcript, f"client {number} sees another transcript"
            for task in tasks:
                states = [state for state, _ in watcher.tasks[task.id]]
                assert states[-1] == "ready", f"client {number}: {task.id} went {states}"
                order = ["queued", "preparing", "working", "checking", "ready"]
                assert [order.index(state) for state in states] == sorted(map(order.index, states)), states
        for each in clients:
            await each.disconnect()


async def _connected(house: House) -> Client:
    from agents.client import connect

    return await connect(start=False, environment={})


async def test_a_client_that_never_reads_slows_nobody_and_is_right_when_it_reads_on(house: House) -> None:
    await house.with_sample(delay_ms=0)
    await house.start()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(str(paths.socket_path()))
        async with house.client() as client:
            tasks = await house.give_tasks(client, 4)
            deaf.sendall(rpc.encode(rpc.Request(method="subscribe", id=1)) + b"\n")
            watch = rpc.encode(rpc.Watch(tasks=[task.id for task in tasks]))
            deaf.sendall(rpc.encode(rpc.Request(method="watch", params=msgspec.Raw(watch), id=2)) + b"\n")
            asked = 0
            for task in tasks:
                known = await client.task(task.id)
                while known.state not in RESTING:
                    asked += 1
                    known = await client.task(task.id)
            events = aiter(await client.subscribe())
            for number in range(NOTES):  # each heard by who listens; all together more than is kept for who does not
                note = f"{number} " + "x" * NOTE_LENGTH
                await client.set_note(tasks[0].id, note)
                await event_that(events, partial(_has_note, note), f"note {number}")
            last = await client.task(tasks[0].id)
            assert asked > 3, "the other client asked while the agents worked"
            final = {task.id: await client.transcript(task.id, limit=10_000) for task in tasks}
            heard = await asyncio.to_thread(_read_until_note, deaf, tasks[0].id, last.note)
            assert heard.notes < NOTES / 2, "what waited for the deaf client was merged, not kept"
            for task in tasks:
                assert heard.watchers[task.id].texts == {entry.id: _texts(entry) for entry in final[task.id]}, (
                    f"the client that read late has another transcript of {task.id}: "
                    + "\n".join(map(line, final[task.id]))
                )


def _has_note(note: str, event: AnyEvent) -> bool:
    return isinstance(event, TaskChanged) and event.task.note == note


class _Heard:
    def __init__(self) -> None:
        self.watchers: dict[str, Watcher] = {}
        self.notes = 0

    def of(self, task: str) -> Watcher:
        return self.watchers.setdefault(task, Watcher())


def _read_until_note(deaf: socket.socket, task: str, note: str) -> _Heard:
    """Read on where nothing was read so far, until the last note is there."""
    heard = _Heard()
    deaf.settimeout(PATIENCE_SECONDS)
    for received in deaf.makefile("rb"):
        response = rpc.decode_response(received)
        if response.method != "events":
            continue
        for event in rpc.decode_events(response.params):
            if isinstance(event, TaskChanged):
                heard.notes += event.task.id == task
                if event.task.id == task and event.task.note == note:
                    return heard
            elif isinstance(event, EntryChanged):
                heard.of(event.entry.task).hear(event)
            else:
                heard.of(getattr(event, "task", "")).hear(event)
    raise AssertionError("the engine gave up on the client")


async def test_a_second_subscription_of_a_connection_starts_from_the_beginning(house: House) -> None:
    await house.with_sample()
    await house.start()
    async with house.client() as client:
        (task,) = await house.give_tasks(client, 1)
        for what in ("the first subscription", "the second subscription"):
            known = await task_that(client, task.id, lambda known: known.state in RESTING, what)
            assert known.state == "ready", known.reason

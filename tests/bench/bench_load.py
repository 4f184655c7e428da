"""The engine under load, as its own process and over its own socket: restart, events, 200 agents, idling."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import statistics
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from agents import paths, rpc
from agents.client import Client, connect
from agents.errors import EngineUnreachable
from agents.events import TaskChanged
from agents.model import Entry, EntryKind, Task, ToolUse
from agents.offline.sample import demo_tasks, make_sample_repository
from agents.store import Store
from app.demo import is_good
from tests.bench.bench_engine import ROOT, clean_environment, scratch
from tests.bench.bench_panes import Terminal, cpu_seconds
from tests.bench.measure import Figure, summary

TASKS, ENTRIES_PER_TASK = 1_000, 100
CHANGES = 20_000
IN_FLIGHT = 200
AGENTS = 200
IDLE_TASKS, IDLE_SECONDS = 20, 60
PING_SECONDS = 0.01
RESTING = ("ready", "blocked", "failed", "stopped")


@contextmanager
def _home(settings: str = "") -> Iterator[Path]:
    """A Shopfloor home of its own, and this process set up to use it."""
    with scratch() as folder:
        saved, ours = dict(os.environ), clean_environment(folder)
        os.environ.clear()
        os.environ.update(ours)
        try:
            paths.make_private(paths.config_dir())
            (paths.config_dir() / "config.toml").write_text(settings)
            yield folder
        finally:
            os.environ.clear()
            os.environ.update(saved)


@asynccontextmanager
async def _engine() -> AsyncIterator[tuple[psutil.Process, Client]]:
    """An engine's process and a connection to it; ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "app" / "launch.py"), "engine", "run"], cwd="/", start_new_session=True
    )
    try:
        while True:
            if process.poll() is not None:
                raise EngineUnreachable("The engine has ended.")
            with contextlib.suppress(EngineUnreachable):
                client = await connect(start=False, environment={})
                break
            await asyncio.sleep(0.002)
        try:
            yield psutil.Process(process.pid), client
        finally:
            await client.disconnect()
    finally:
        process.terminate()
        process.wait(60)


# --- restart ----------------------------------------------------------------------------------------------------------


def restart() -> Sequence[Figure]:
    """From starting the process to the answer to a person's first questions, with a full store."""
    with _home():
        megabytes = _fill_store()
        return asyncio.run(_restart(megabytes))


def _a_task(number: int) -> Task:
    return Task(
        id=f"t{number:04}",
        title=f"Task {number}",
        prompt="Do what is to be done, and test it. " * 10,
        project="/nowhere/repository",
        base="main",
        base_commit="0" * 40,
        profile="offline",
        state="ready",
        turn=3,
        sequence=number + 1,
    )


def _fill_store() -> float:
    """A store of some months; its size in megabytes."""
    path = paths.make_private(paths.state_dir()) / "store.sqlite"
    store = Store(path)
    sequence = TASKS
    kinds: tuple[EntryKind, ...] = ("text", "tool", "thinking", "tool")
    for number in range(TASKS):
        task = _a_task(number)
        store.put_task(task)
        for entry in range(1, ENTRIES_PER_TASK + 1):
            sequence += 1
            kind = kinds[entry % 4]
            tool = ToolUse(name="bash", title="make test", status="done", output="ok 12 of 12\n" * 60)
            text = "" if kind == "tool" else "A paragraph of an answer, of a usual length. " * 12
            store.put_entry(
                Entry(
                    task=task.id,
                    id=entry,
                    turn=1,
                    kind=kind,
                    text=text,
                    tool=tool if kind == "tool" else None,
                    sequence=sequence,
                )
            )
        store.commit()
    store.close()
    return path.stat().st_size / 1e6


async def _restart(megabytes: float) -> Sequence[Figure]:
    usable, memory = [], []
    for _ in range(7):
        began = time.perf_counter()
        async with _engine() as (process, client):
            tasks = await client.tasks()
            transcript = await client.transcript(tasks[-1].id)
            usable.append((time.perf_counter() - began) * 1000)
            assert (len(tasks), len(transcript)) == (TASKS, ENTRIES_PER_TASK)
            memory.append(process.memory_info().rss / 1e6)
    detail = f"{megabytes:.0f} MB store"
    what = f"{TASKS:,} tasks, {TASKS * ENTRIES_PER_TASK:,} entries"
    return [
        summary(f"restart to usable, {what}", usable, "ms", 2000, detail),
        summary(f"memory of the engine, {what}", memory, "MB"),
    ]


# --- events -----------------------------------------------------------------------------------------------------------


def events() -> Sequence[Figure]:
    """Changes a second: asked for, recorded, published and received, by one and by many clients."""
    with _home():
        store = Store(paths.make_private(paths.state_dir()) / "store.sqlite")
        for number in range(TASKS):
            store.put_task(_a_task(number))
        store.close()
        return [figure for clients in (1, 20) for figure in asyncio.run(_events(clients))]


async def _events(clients: int) -> Sequence[Figure]:
    rates, received, busy = [], [], []
    async with _engine() as (process, client):
        for run in range(3):
            last = f"the last of run {run}"
            listeners = [asyncio.create_task(_hear_until(last)) for _ in range(clients)]
            await asyncio.sleep(0.5)
            used, began = process.cpu_times(), time.perf_counter()
            room = asyncio.Semaphore(IN_FLIGHT)

            async def change(number: int, run: int = run, room: asyncio.Semaphore = room) -> None:
                async with room:
                    await client.set_note(f"t{number % TASKS:04}", f"{run} {number}")

            await asyncio.gather(*(change(number) for number in range(CHANGES)))
            await client.set_note("t0000", last)
            heard = await asyncio.gather(*listeners)
            seconds = time.perf_counter() - began
            after = process.cpu_times()
            rates.append(CHANGES / seconds)
            received.append(sum(heard) / seconds)
            busy.append((after.user + after.system - used.user - used.system) / seconds * 100)
    who = "1 client" if clients == 1 else f"{clients} clients"
    return [
        summary(f"changes through the engine to {who}", rates, "/s", None, f"{CHANGES:,} changes of {TASKS:,} tasks"),
        summary(f"events received by {who} together, merged", received, "/s"),
        summary(f"processor time of the engine meanwhile, {who}", busy, "%"),
    ]


async def _hear_until(note: str) -> int:
    """Subscribe, and count task changes until one has the note. Counted as bytes: decoding is the client's cost."""
    reader, writer = await asyncio.open_unix_connection(paths.socket_path(), limit=rpc.LINE_LIMIT)
    writer.write(rpc.encode(rpc.Request(method="subscribe", id=1)) + b"\n")
    await reader.readline()
    await reader.readline()  # everything as it is
    count = 0
    while line := await reader.readline():
        count += line.count(b'"TaskChanged"')
        if note.encode() in line:
            break
    writer.close()
    return count


# --- many agents ------------------------------------------------------------------------------------------------------


class _Load:
    """What an engine and its agents need while they work, looked at from outside."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.waits: list[float] = []
        """Milliseconds from asking the engine something trivial to its answer: what its loop was busy with."""
        self.engine_bytes = 0
        self.hosts_bytes: list[float] = []
        """Memory of a tool host on average, at the moments looked at; unshared pages only."""

    async def ping(self) -> None:
        """Ask again and again, as a separate client."""
        client = await connect(start=False, environment={})
        while True:
            began = time.perf_counter()
            await client.info()
            self.waits.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PING_SECONDS)

    async def look(self) -> None:
        """Look at memory now and then."""
        while True:
            self.engine_bytes = max(self.engine_bytes, self._process.memory_info().rss)
            await asyncio.to_thread(self._look_at_hosts)
            await asyncio.sleep(2)

    def _look_at_hosts(self) -> None:
        sizes = []
        for child in self._process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any("toolhost" in word for word in child.cmdline()) and not child.name().startswith("bwrap"):
                    sizes.append(child.memory_full_info().uss)
        if len(sizes) > 3:
            self.hosts_bytes.append(sum(sizes) / len(sizes))


def agents(count: int = AGENTS) -> Sequence[Figure]:
    """Many agents at once in one engine, each editing, testing and committing in a worktree of its own."""
    settings = f"[engine]\nmax_active = {count}\nmin_free_mb = 200\n[offline]\ndelay_ms = 5\n"
    with _home(settings) as folder:
        return asyncio.run(_agents(folder, count))


async def _agents(folder: Path, count: int) -> Sequence[Figure]:
    project = await make_sample_repository(folder)
    async with _engine() as (process, client):
        await _all_rest(client, project, 1)  # what comes with the first agent, the SDK above all, is not counted
        idle = process.memory_info().rss
        load = _Load(process)
        watching = [asyncio.create_task(load.ping()), asyncio.create_task(load.look())]
        used, began = process.cpu_times(), time.perf_counter()
        rested, most_working = await _all_rest(client, project, count)
        seconds = time.perf_counter() - began
        after = process.cpu_times()
        for each in watching:
            each.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    engine_seconds = after.user + after.system - used.user - used.system
    good = sum(map(is_good, rested))
    lag = sorted(load.waits)
    what = f"{count} agents"
    figures = [
        Figure(f"{what}: ready, changed, tests passed", good, "", None, f"of {count}; {most_working} at work at once"),
        Figure(f"{what}: wall time", seconds, "s", None, "delay 5 ms between words"),
        Figure(f"{what}: processor time of the engine", engine_seconds, "s", None, f"{engine_seconds / seconds:.0%}"),
        Figure(f"{what}: processor time of the engine, per agent", engine_seconds / count * 1000, "ms"),
        Figure(
            f"{what}: memory of the engine, at most", load.engine_bytes / 1e6, "MB", None, f"{idle / 1e6:.0f} before"
        ),
        Figure(f"{what}: memory in the engine, per agent", (load.engine_bytes - idle) / 1e6 / most_working, "MB", 2),
        Figure(f"{what}: answer to a trivial question, p50", statistics.median(lag), "ms", None, f"{len(lag)} asked"),
        Figure(f"{what}: answer to a trivial question, p99", lag[int(len(lag) * 0.99)], "ms"),
        Figure(f"{what}: answer to a trivial question, worst", lag[-1], "ms"),
    ]
    if load.hosts_bytes:
        figures.append(summary(f"{what}: memory of a tool host", [size / 1e6 for size in load.hosts_bytes], "MB", 15))
    return figures


async def _all_rest(client: Client, project: Path, count: int) -> tuple[list[Task], int]:
    """Give tasks and wait for all of them; the tasks, and how many were at work at the same time."""
    text, _ = await client.projects.file(str(project))
    await client.projects.trust(str(project), text)
    changes = await client.subscribe()
    tasks = {(await client.create_task(new)).id: "queued" for new in demo_tasks(project, count)}
    rested: dict[str, Task] = {}
    most_working = 1
    async for batch in changes:
        for event in batch:
            if isinstance(event, TaskChanged):
                if event.task.id not in tasks:
                    continue
                tasks[event.task.id] = event.task.state
                if event.task.state in RESTING:
                    rested[event.task.id] = event.task
        most_working = max(most_working, sum(state in ("working", "checking") for state in tasks.values()))
        if len(rested) == count:
            break
    return list(rested.values()), most_working


# --- idling -----------------------------------------------------------------------------------------------------------


def idle() -> Sequence[Figure]:
    """Engine and screen with 20 tasks that rest: what they cost while nobody does anything."""
    with _home("[offline]\ndelay_ms = 0\n") as folder:
        return asyncio.run(_idle(folder))


async def _idle(folder: Path) -> Sequence[Figure]:
    project = await make_sample_repository(folder)
    async with _engine() as (process, client):
        await _all_rest(client, project, IDLE_TASKS)
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 180, 0, 0))
        screen = subprocess.Popen(
            [sys.executable, str(ROOT / "app" / "launch.py"), str(project)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(slave)
        terminal = Terminal(master, 0)
        try:
            await asyncio.to_thread(terminal.wait_for, b"ready", 30)
            await asyncio.to_thread(terminal.drain, 5.0)
            before = cpu_seconds(process.pid), cpu_seconds(screen.pid), terminal.taken
            await asyncio.to_thread(terminal.drain, float(IDLE_SECONDS))
            engine_used = cpu_seconds(process.pid) - before[0]
            screen_used = cpu_seconds(screen.pid) - before[1]
            painted = terminal.taken - before[2]
        finally:
            screen.kill()
            screen.wait()
            os.close(master)
    detail = f"of a core, over {IDLE_SECONDS} s, {IDLE_TASKS} resting tasks"
    return [
        Figure("idle processor time of the engine", engine_used / IDLE_SECONDS * 100, "%", None, detail),
        Figure("idle processor time of the screen", screen_used / IDLE_SECONDS * 100, "%", None, f"{painted} bytes"),
        Figure("idle processor time of both", (engine_used + screen_used) / IDLE_SECONDS * 100, "%", 1, "of a core"),
    ]

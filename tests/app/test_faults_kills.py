"""kill -9 of the engine at random moments: nothing shown is ever gone, nothing is there twice, all work ends well."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from agents.client import Client
from agents.events import EntryChanged, TaskChanged, TranscriptOpened
from agents.model import Entry, Prompt, Task
from app.demo import is_good
from tests.app.fault_house import RESTING, House, house, line, task_that

__all__ = ["house"]

KILLS = 50
STARTING_KILLS = 10
"""Of those, so many while the engine starts."""
AGENTS = 4


class Memory:
    """What a person has been shown so far, over all the lives of the engine."""

    def __init__(self) -> None:
        self.done: dict[tuple[str, int], Entry] = {}
        """Entries that were complete when they were shown."""
        self.known: dict[str, int] = {}
        """The highest entry shown of each task."""
        self.prompts: dict[str, dict[int, Prompt]] = {}
        self.turns: dict[str, int] = {}

    def saw(self, entry: Entry) -> None:
        self.known[entry.task] = max(entry.id, self.known.get(entry.task, 0))
        if entry.done:
            self.done[entry.task, entry.id] = entry

    async def look_until(self, client: Client, seconds: float) -> None:
        """Watch everything for some time, as a screen does."""
        watched: set[str] = set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                events = await client.subscribe()
                async for batch in events:
                    for event in batch:
                        if isinstance(event, TaskChanged):
                            self.turns[event.task.id] = event.task.turn
                        elif isinstance(event, EntryChanged):
                            self.saw(event.entry)
                        elif isinstance(event, TranscriptOpened):
                            for entry in event.entries:
                                self.saw(entry)
                    if self.turns.keys() - watched:
                        watched = set(self.turns)
                        await events.watch(sorted(watched))

    async def check(self, client: Client, life: str) -> None:
        """Everything shown before is there, once and in order."""
        sequences: dict[int, str] = {}
        for task in await client.tasks(everything=True):
            entries = await client.transcript(task.id, limit=100_000)
            story = "\n".join(map(line, entries))
            assert [entry.id for entry in entries] == list(range(1, len(entries) + 1)), f"{life}: a gap in\n{story}"
            assert len(entries) >= self.known.get(task.id, 0), f"{life}: an entry that was shown is gone\n{story}"
            assert task.turn >= self.turns.get(task.id, 0), f"{life}: a turn that was shown is gone"
            for entry in entries:
                shown = self.done.get((task.id, entry.id), entry)
                assert entry == shown, f"{life}: what was shown as\n{line(shown)}\nis now\n{line(entry)}"
                twin = sequences.setdefault(entry.sequence, f"{task.id}/{entry.id}")
                assert twin == f"{task.id}/{entry.id}", f"{life}: {twin} and {task.id}/{entry.id} have one number"
                self.saw(entry)
            await self._check_prompts(client, task, entries, life)

    async def _check_prompts(self, client: Client, task: Task, entries: list[Entry], life: str) -> None:
        prompts = await client.prompts(task.id)
        assert [prompt.id for prompt in prompts] == sorted({prompt.id for prompt in prompts})
        said = [entry.text for entry in entries if entry.kind == "prompt"]
        for prompt in prompts:
            if prompt.delivery in ("delivered", "answered"):
                count = said.count(prompt.text)
                assert count == 1, f"{life}: prompt {prompt.id} ({prompt.delivery}) is {count} times in the transcript"
        for number, shown in self.prompts.setdefault(task.id, {}).items():
            now = {prompt.id: prompt for prompt in prompts}.get(number)
            assert now is not None, f"{life}: prompt {number} of {task.id} is gone"
            assert now.text == shown.text
        self.prompts[task.id] |= {prompt.id: prompt for prompt in prompts}


@pytest.mark.timeout(240)
async def test_fifty_kills_at_random_moments_lose_nothing_and_all_tasks_end_well(house: House) -> None:
    await house.with_sample(delay_ms=1)
    chance = random.Random(11)
    memory = Memory()
    given = 0
    starting = set(chance.sample(range(1, KILLS), STARTING_KILLS))
    for number in range(KILLS):
        life = f"life {number}"
        engine = await house.spawn()
        if number in starting:
            await asyncio.wait({asyncio.create_task(engine.wait())}, timeout=chance.uniform(0.05, 0.8))
            assert engine.returncode is None, f"{life}: the engine ended by itself"
            await house.kill(engine)
            continue
        await house.answers(engine)
        async with house.client() as client:
            await memory.check(client, life)
            busy = [task for task in await client.tasks() if task.state not in RESTING]
            new = await house.give_tasks(client, AGENTS - len(busy), first=given)
            given += len(new)
            await memory.look_until(client, chance.uniform(0.05, 0.5))
            await house.kill(engine)
    engine = await house.start()
    async with house.client() as client:
        await memory.check(client, "the last life")
        for task in await client.tasks():
            known = await task_that(client, task.id, lambda known: known.state in RESTING, f"the end of {task.title}")
            story = "\n".join(map(line, await client.transcript(task.id)))
            assert is_good(known), f"{known.title}: {known.state} ({known.reason}), {known.check_state}\n{story}"
        await memory.check(client, "the end")
        assert len(memory.done) > 20 * AGENTS, "entries were seen while the engine was being killed"
    engine.terminate()
    await engine.wait()
    assert house.processes() == [], "nothing is left behind when the engine ends"

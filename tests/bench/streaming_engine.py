"""An engine for measuring screens: the real socket and hub, and tasks that stream text without agents behind them.

    python tests/bench/streaming_engine.py TASKS STREAMING DELTAS_PER_SECOND [PROJECT]

It listens where the engine of ``SHOPFLOOR_HOME`` listens. ``STREAMING`` of the tasks work and each gets so many deltas
a second: Markdown with lists and code, tool calls with output, edits. The others rest in every kind of state. It knows
no more of the Api than a screen asks for at its start.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

import msgspec  # noqa: E402

from agents import paths, rpc  # noqa: E402
from agents.api import PROTOCOL, Subscription  # noqa: E402
from agents.engine.hub import Hub  # noqa: E402
from agents.events import AnyEvent, EntryChanged, TaskChanged, TranscriptOpened  # noqa: E402
from agents.model import EngineInfo, Entry, Prompt, Task, TaskState, ToolUse, Usage  # noqa: E402
from agents.parts.costs import Today  # noqa: E402
from agents.parts.scripts import ScriptInfo  # noqa: E402
from agents.server import _Connection  # noqa: E402
from agents.version import VERSION  # noqa: E402

TICK_SECONDS = 0.01
ENTRIES_KEPT = 200
RESTING: tuple[TaskState, ...] = ("ready", "ready", "stopped", "ready", "queued", "ready")

TEXT = """## Step {n}

I looked at `module_{n}.py` and found **three** places where the total is rounded too early:

- in the loop over the lines, where each price becomes a float
- in `Cart.total`, before the tax
  - and once more in the printed receipt
- in the export

```python
def total_{n}(self) -> Decimal:
    return sum((line.price * line.count for line in self.lines), Decimal(0))
```

So the next thing to do is to keep exact values, and to round a single time at the very end of it all.
"""
EDIT = "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n def f():\n-    return 1\n+    return 2\n pass\n"


class Stream:
    """The endless work of one agent, a delta at a time."""

    def __init__(self, hub: Hub, task: str, seed: int) -> None:
        self._hub = hub
        self._task = task
        self._random = random.Random(seed)
        self._steps = self._work()
        self._last = 0
        self.done = 0
        self.entries: list[Entry] = []

    def go_on_until(self, due: int) -> None:
        """Publish the deltas that are due."""
        while self.done < due:
            next(self._steps)
            self.done += 1

    def _put(self, **fields: Any) -> None:
        self._last += 1
        entry = Entry(task=self._task, id=self._last, turn=1, at=time.time(), sequence=self._last, **fields)
        self.entries = [*self.entries[-ENTRIES_KEPT:], entry]
        self._hub.publish(EntryChanged(entry=entry))

    def _replace(self, **fields: Any) -> None:
        self.entries[-1] = msgspec.structs.replace(self.entries[-1], **fields)
        self._hub.publish(EntryChanged(entry=self.entries[-1]))

    def _grow(self, text: str) -> None:
        entry = self.entries[-1]
        if entry.tool:
            tool = msgspec.structs.replace(entry.tool, output=entry.tool.output + text)
            self._hub.grew(self._task, entry.id, len(entry.tool.output), text, "output")
            self.entries[-1] = msgspec.structs.replace(entry, tool=tool)
        else:
            self._hub.grew(self._task, entry.id, len(entry.text), text, "text")
            self.entries[-1] = msgspec.structs.replace(entry, text=entry.text + text)

    def _work(self) -> Iterator[None]:
        step = 0
        while True:
            step += 1
            self._put(kind="text", done=False)
            yield
            text = TEXT.format(n=step)
            while text:
                cut = self._random.randint(2, 9)
                self._grow(text[:cut])
                text = text[cut:]
                yield
            self._replace(done=True)
            title = f"pytest -q tests/test_{step}.py"
            self._put(kind="tool", tool=ToolUse(name="bash", title=title, status="running"), done=False)
            yield
            for line in range(20):
                self._grow(f"tests/test_{step}.py::test_{line} PASSED\n")
                yield
            tool = self.entries[-1].tool
            assert tool is not None
            self._replace(tool=msgspec.structs.replace(tool, status="done", seconds=0.4), done=True)
            self._put(kind="tool", tool=ToolUse(name="edit", title="x.py", status="done", diff=EDIT, seconds=0.1))
            yield


class StreamingEngine:
    """As much of an engine as a screen needs."""

    def __init__(self, tasks: int, streaming: int, rate: int, project: str) -> None:
        self._hub = Hub()
        self._rate = rate
        now = time.time()
        self._tasks = {task.id: task for task in (_a_task(n, streaming, project, now) for n in range(tasks))}
        names = list(self._tasks)[:streaming]
        self._streams = {name: Stream(self._hub, name, seed) for seed, name in enumerate(names)}
        self._drafts: dict[str, str] = {}
        self._sequence = tasks
        self.finding = self.costs = self.scripts = self.projects = self.writing = self

    async def run(self) -> None:
        """Stream, and change a task now and then as a working engine does."""
        began = time.monotonic()
        spent = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            elapsed = time.monotonic() - began
            for stream in self._streams.values():
                stream.go_on_until(int(elapsed * self._rate))
            if int(elapsed) > spent and self._streams:  # one of them has ended a step: its numbers are others
                spent = int(elapsed)
                name = list(self._streams)[spent % len(self._streams)]
                self._change(name, additions=spent, usage=Usage(input_tokens=900 * spent, cost_usd=0.01 * spent))

    def _change(self, name: str, **fields: Any) -> None:
        self._sequence += 1
        task = msgspec.structs.replace(self._tasks[name], sequence=self._sequence, **fields)
        self._tasks[name] = task
        self._hub.publish(TaskChanged(task=task))

    # --- where a listener learns how things are

    def tasks_since(self, sequence: int) -> list[AnyEvent]:
        """See :class:`agents.engine.hub.Source`."""
        return [TaskChanged(task=task) for task in self._tasks.values() if task.sequence > sequence or not sequence]

    def transcript_since(self, task: str, sequence: int) -> list[AnyEvent]:
        """See :class:`agents.engine.hub.Source`."""
        stream = self._streams.get(task)
        return [TranscriptOpened(task=task, entries=tuple(stream.entries) if stream else ())]

    # --- what a screen asks for

    async def subscribe(self, since: int = 0) -> Subscription:
        """See :class:`agents.api.Api`, as all that follows."""
        return self._hub.join(self, since)

    async def info(self) -> EngineInfo:
        home = os.environ["SHOPFLOOR_HOME"]
        return EngineInfo(
            version=VERSION, protocol=PROTOCOL, pid=os.getpid(), home=home, log="", started_at=time.time()
        )

    async def offer_environment(self, variables: Mapping[str, str]) -> None:
        pass

    async def file(self, project: str) -> tuple[str, bool]:
        return "", True

    async def tasks(self, project: str = "", everything: bool = False) -> list[Task]:
        return list(self._tasks.values())

    async def transcript(self, task: str, before: int = 0, limit: int = 500) -> list[Entry]:
        return []

    async def prompts(self, task: str) -> list[Prompt]:
        return []

    async def today(self) -> Today:
        return Today(day="2026-01-31")

    async def offered(self, project: str) -> list[ScriptInfo]:
        return []

    async def changed_files(self) -> dict[str, list[bytes]]:
        return {}

    async def draft(self, task: str) -> str:
        return self._drafts.get(task, "")

    async def save_draft(self, task: str, text: str) -> None:
        self._drafts[task] = text

    async def seen(self, task: str) -> None:
        self._change(task, unseen=False)


def _a_task(number: int, streaming: int, project: str, now: float) -> Task:
    state: TaskState = "working" if number < streaming else RESTING[number % len(RESTING)]
    if not number:
        state = "blocked"  # the screen begins here: at the page of those that stream
    return Task(
        id=f"t{number:03}", title=f"Task {number:03}: round the totals only once", prompt="Do it, and test it.",
        project=project, base="main", base_commit="0" * 40, branch=f"shopfloor/t{number:03}/round", profile="offline",
        model="offline", state=state, unseen=state in ("blocked", "failed"), turn=1, turn_started_at=now,
        reason="It asks which of the two formats is meant." if state == "blocked" else "",
        additions=number % 40, deletions=number % 7, files_changed=1, context_used=30_000, context_window=200_000,
        usage=Usage(input_tokens=9000, cost_usd=0.12), created_at=now - 9000 + number,
        changed_at=now - 60 * (number + 1), sequence=number + 1,
    )  # fmt: skip


async def serve(engine: StreamingEngine) -> None:
    """Be there until the process is ended."""
    paths.socket_folder()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Connection(engine, reader, writer).serve()  # type: ignore[arg-type]

    server = await asyncio.start_unix_server(connected, path=paths.socket_path(), limit=rpc.LINE_LIMIT)
    print("listening", flush=True)
    async with server:
        await engine.run()


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    tasks, streaming, rate = (int(argument) for argument in arguments[:3])
    project = arguments[3] if len(arguments) > 3 else "/nowhere/shop"
    asyncio.run(serve(StreamingEngine(tasks, streaming, rate, project)))


if __name__ == "__main__":
    main(sys.argv[1:])

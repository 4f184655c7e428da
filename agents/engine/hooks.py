"""Hooks: the project's own scripts, run when something happens to a task. What fails is shown and stops nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from agents.calls import goes_back
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.errors import ShopfloorError
from agents.events import EngineNotice
from agents.model import Struct, Task
from agents.project_file import HookEvent, read_project_file
from agents.scripts import run_script

Happened = Callable[[HookEvent, str, str], None]
"""Tells hooks what happened to a task, and what came of it in words."""
HOOK_SECONDS = 60.0
"""How long a hook may take before it is ended."""


class HookCall(Struct, kw_only=True):
    """What a hook finds on its standard input, as one JSON object."""

    event: HookEvent
    task: Task
    """As it was when it happened; of a race, its first one."""
    at: float
    said: str = ""
    """What came of it, in words: of break/fix, a review by other agents, a race."""


class Hooks:
    """Watches all tasks and runs the hooks of their projects, those of one task one after the other."""

    def __init__(self, ledger: Ledger, facilities: Facilities) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._last: dict[str, asyncio.Task[None]] = {}
        self._said: set[str] = set()
        """Projects whose hooks are not trusted, as was said once."""
        self._is_closed = False
        ledger.on_change.append(self._changed)

    async def close(self) -> None:
        """End the hooks that run, and start no other."""
        self._is_closed = True
        running = list(self._last.values())
        for hook in running:
            hook.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _changed(self, before: Task | None, after: Task) -> None:
        for event in events_of(before, after):
            self._begin(HookCall(event=event, task=after, at=time.time()))

    def happened(self, event: HookEvent, task: str, said: str) -> None:
        """Something happened to a task that its fields do not tell."""
        if not self._is_closed:
            self._begin(HookCall(event=event, task=self._ledger.tasks[task], at=time.time(), said=said))

    def _begin(self, call: HookCall) -> None:
        task = call.task.id
        hook = asyncio.get_running_loop().create_task(self._run(call, self._last.get(task)))
        self._last[task] = hook
        hook.add_done_callback(lambda done: self._forget(task, done))

    def _forget(self, task: str, done: asyncio.Task[None]) -> None:
        if self._last.get(task) is done:
            del self._last[task]

    async def _run(self, call: HookCall, earlier: asyncio.Task[None] | None) -> None:
        event, task = call.event, call.task
        if earlier is not None:
            await asyncio.wait((earlier,))
        try:
            command = read_project_file(Path(task.project)).hooks.get(event, "")
            if not command:
                return
            self._facilities.trusted_project(task.project)
        except ShopfloorError as error:
            if task.project not in self._said:
                self._said.add(task.project)
                self._ledger.publish(EngineNotice(text=f"Hooks do not run: {error}", severity="warning"))
            return
        runner, policy = await self._facilities.host_place(task)
        variables = policy.environment | {"SHOPFLOOR_EVENT": event}
        policy = msgspec.structs.replace(policy, environment=variables)
        content = msgspec.json.encode(call) + b"\n"
        try:
            end = await run_script(
                command, runner, policy, lambda _: None, timeout_seconds=HOOK_SECONDS, stdin=content
            )  # fmt: skip
        except ShopfloorError as error:
            self._say(task, f"The hook {event} could not be started: {error}")
            return
        if not end.passed:
            lines = [line.strip() for line in end.output.splitlines() if line.strip()]
            said = f": {lines[-1][:300]}" if lines else "."
            self._say(task, f"The hook {event} failed ({end.reason}){said}")

    def _say(self, task: Task, text: str) -> None:
        Transcript(task.id, self._ledger, turn=task.turn).add("error", text)
        self._ledger.publish(EngineNotice(text=f"{task.title}: {text}", severity="warning"))


def events_of(before: Task | None, after: Task) -> list[HookEvent]:
    """What happened to a task, in the order it did."""
    if before is None:
        return ["task-created"]
    events: list[HookEvent] = []
    if after.round > before.round:
        events.append("comment-sent")
    if after.worked_seconds > before.worked_seconds:
        events.append("turn-ended")
    if before.queue is not None and after.queue is None:
        events.append("queue-ended")
    if before.state == after.state or goes_back(before, after):
        return events
    if after.state == "ready":
        events.append("task-ready")
    elif after.state in ("blocked", "failed"):
        events.append("task-blocked")
    elif after.state == "landed":
        events.append("landed")
    return events

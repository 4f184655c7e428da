"""The one order of things: written to the store, committed, then published.

Everything that changes a task goes through here. Facts of one loop iteration are committed together; while the disk
refuses, nothing is published and nothing is forgotten.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from agents.engine.hub import Hub
from agents.errors import NotFound, ShopfloorError, UsageError
from agents.events import AnyEvent, EngineNotice, TaskChanged
from agents.model import ACTIVE_STATES, FINAL_STATES, Prompt, Task, TaskState
from agents.store import Store

RETRY_SECONDS = 1.0
WARNINGS_KNOWN = 100
"""How many of the latest warnings are not said once more."""

_log = logging.getLogger(__name__)


class Ledger:
    """The tasks as they are, and the way every change to them takes."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self.store = store
        self.hub = hub
        self._prompts: dict[str, dict[int, Prompt]] = {}
        """The prompts of tasks that were asked for, as they are now."""
        self.on_change: list[Callable[[Task | None, Task], None]] = []
        """Called with a task as it was (None: it is new) and as it is; what they do comes after what was written."""
        self._entries: dict[str, int] = {}
        """The last entry number given in each transcript that was written to."""
        self._outbox: list[AnyEvent] = []
        self._soon: asyncio.Handle | None = None
        self._refused = False
        self._warned: deque[str] = deque(maxlen=WARNINGS_KNOWN)
        self.on_state: Callable[[Task, Task], None] = lambda _before, _after: None
        """Called when a task has come into another state."""
        store.on_damage = self.warn
        self.tasks: dict[str, Task] = {task.id: task for task in store.tasks()}
        self._sequence = max(store.last_sequence(), *(task.sequence for task in self.tasks.values()), 0)
        self.on_writable: list[Callable[[], None]] = []
        """Called when the disk takes what it had refused: what could not begin meanwhile goes on by itself."""

    # the way out

    @property
    def is_refused(self) -> bool:
        """The disk has refused what was written last: nothing new should begin."""
        return self._refused

    def publish(self, event: AnyEvent) -> None:
        """Tell everyone, after what was written so far is durable."""
        self._outbox.append(event)
        self.flush_soon()

    def warn(self, text: str) -> None:
        """Say to every screen, and to the log, what went wrong beside the work of tasks; the same words once."""
        if text not in self._warned:
            self._warned.append(text)
            _log.warning("%s", text)
            self.publish(EngineNotice(text=text, severity="warning"))

    def flush_soon(self) -> None:
        """Commit at the end of this loop iteration."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self.try_flush)

    def flush(self) -> None:
        """Commit and publish now.

        Raises:
            ShopfloorError: the disk refuses; it is tried again every second.
        """
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        try:
            self.store.commit()
        except ShopfloorError as error:
            self._soon = asyncio.get_running_loop().call_later(RETRY_SECONDS, self.try_flush)
            if not self._refused:
                self._refused = True
                _log.error("%s", error)
                self.hub.publish(EngineNotice(text=str(error), severity="error"))
            raise
        outbox, self._outbox = self._outbox, []
        for event in outbox:
            self.hub.publish(event)
        if self._refused:
            self._refused = False
            self.hub.start_over()  # what grew meanwhile was shown to nobody
            self.hub.publish(EngineNotice(text="The store can be written again; nothing was lost."))
            for go_on in self.on_writable:
                go_on()

    def try_flush(self) -> None:
        """Commit and publish if the disk allows it; if not, everyone has been told and it is tried again."""
        self._soon = None
        with contextlib.suppress(ShopfloorError):
            self.flush()

    def grew(self, task: str, entry: int, offset: int, text: str, part: Literal["text", "output"]) -> None:
        """An open entry grew: shown at once, recorded by the next checkpoint."""
        if self._outbox and not self._refused:  # the entry itself must come first
            self.try_flush()
        if not self._refused:
            self.hub.grew(task, entry, offset, text, part)

    # tasks

    def find(self, task: str) -> Task:
        """A task by its id or an unambiguous beginning of it.

        Raises:
            NotFound: there is none.
            UsageError: there are several.
        """
        if task in self.tasks:
            return self.tasks[task]
        found = [known for known in self.tasks.values() if task and known.id.startswith(task)]
        if len(found) > 1:
            names = ", ".join(sorted(known.id for known in found))
            raise UsageError(f"“{task}” is the beginning of several tasks: {names}.", "Give one more letter.")
        if not found:
            raise NotFound(f"There is no task “{task}”.", "`shopfloor ls --all` lists them.")
        return found[0]

    def on_floor(self, task: str) -> Task:
        """A task that has not left the floor, by its id or an unambiguous beginning of it.

        Raises:
            NotFound: there is none.
            UsageError: there are several, or it has left.
        """
        known = self.find(task)
        if known.state in FINAL_STATES:
            hint = f"`shopfloor restore {known.id}` brings it back."
            raise UsageError(f"Task {known.id} is {known.state}: it has left the floor.", hint)
        return known

    def next_sequence(self) -> int:
        """The number of the next change."""
        self._sequence += 1
        return self._sequence

    def next_entry(self, task: str) -> int:
        """The number of the next entry of a task's transcript, which several may write to."""
        if task not in self._entries:
            self.flush()
            self._entries[task] = self.store.last_entry(task)
        self._entries[task] += 1
        return self._entries[task]

    def put(self, task: Task) -> Task:
        """Record a task as it is now."""
        before = self.tasks.get(task.id)
        task = msgspec.structs.replace(task, sequence=self.next_sequence())
        self.tasks[task.id] = task
        self.store.put_task(task)
        self.publish(TaskChanged(task=task))
        for changed in self.on_change:
            changed(before, task)
        return task

    def update(self, task: str, **changes: Any) -> Task:
        """Change fields of a task; nothing happens when they are so already."""
        known = self.tasks[task]
        changed = msgspec.structs.replace(known, **changes)
        return known if changed == known else self.put(changed)

    def enter(self, task: str, state: TaskState, reason: str = "", hint: str = "", **changes: Any) -> Task:
        """Bring a task into a state."""
        known = self.tasks[task]
        unseen = known.unseen
        if state in ("ready", "blocked", "failed"):
            unseen = True
        elif state in ACTIVE_STATES or state == "queued":
            unseen = False
        changed_at = time.time() if state != known.state else known.changed_at
        changes = {"unseen": unseen, "changed_at": changed_at, "asked_at_rest": None, "dialog": False, **changes}
        entered = self.update(task, state=state, reason=reason, hint=hint, **changes)
        if state != known.state:
            self.on_state(known, entered)
        return entered

    # prompts

    def prompts(self, task: str) -> list[Prompt]:
        """All prompts of a task, oldest first."""
        return list(self._prompts_of(task).values())

    def _prompts_of(self, task: str) -> dict[int, Prompt]:
        if task not in self._prompts:
            self.flush()
            self._prompts[task] = {prompt.id: prompt for prompt in self.store.prompts(task)}
        return self._prompts[task]

    def waiting_prompts(self, task: str) -> list[Prompt]:
        """Prompts that no turn has taken yet, in the order they are to be delivered."""
        return [prompt for prompt in self.prompts(task) if prompt.delivery == "queued"]

    def add_prompt(self, prompt: Prompt) -> Prompt:
        """Record a new prompt; its id and time are given here."""
        earlier = self.prompts(prompt.task)
        number = earlier[-1].id + 1 if earlier else 1
        prompt = msgspec.structs.replace(prompt, id=number, at=time.time())
        self.put_prompt(prompt)
        return prompt

    def put_prompt(self, prompt: Prompt) -> None:
        """Record how far a prompt got; durable together with what is recorded before the next commit."""
        self._prompts_of(prompt.task)[prompt.id] = prompt
        self.store.put_prompt(prompt)
        self.update(
            prompt.task, waiting_prompts=sum(1 for waiting in self.waiting_prompts(prompt.task) if waiting.text)
        )
        self.flush_soon()

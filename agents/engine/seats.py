"""Who works on a task: its own agent, and for single items of a queue another one, in a conversation of its own."""

from __future__ import annotations

import msgspec

from agents.drivers import Driver, Reporter
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.errors import UsageError
from agents.parts.queues import RunItem
from agents.profiles import Profile
from agents.sandbox import Policy, Runner
from agents.workspace import Workspace, Workspaces


class Seats:
    """The drivers of one run of a task. The task's own one keeps its process while another works."""

    def __init__(self, task: str, ledger: Ledger, facilities: Facilities, report: Reporter) -> None:
        self._id = task
        self._ledger = ledger
        self._facilities = facilities
        self._report = report
        self._own: Driver | None = None
        self._other: Driver | None = None
        self.conversation = ""
        """The conversation that goes on now; empty: the task's own."""
        self.profile = ""
        """Who works now; empty: the task's own agent."""
        self._messages: dict[str, int] = {}
        """How many messages conversations have."""

    @property
    def driver(self) -> Driver | None:
        """Who works now."""
        return self._other or self._own

    @property
    def own(self) -> Driver | None:
        """The task's own, whoever works now."""
        return self._own

    async def take_own(
        self, profile: Profile, runner: Runner, policy: Policy
    ) -> None:  # fmt: skip
        """Let the task's own agent work."""
        task = self._ledger.tasks[self._id]
        self._own = await self._facilities.driver(task, profile, runner, policy, self._report)

    async def take(
        self, item: RunItem | None, workspaces: Workspaces, workspace: Workspace, conversation: str = ""
    ) -> None:
        """Let the agent of an item work, or the task's own one (None).

        Args:
            conversation: the one that a turn was cut in; by default the item's.

        Raises:
            UsageError: the item's agent cannot be used.
        """
        wanted = (conversation or f"{self._id}/{item.prompt}") if item is not None else ""
        if wanted == self.conversation:
            return
        await self._leave()
        if item is None:
            return
        task = self._ledger.tasks[self._id]
        name = item.item.profile or task.profile
        profile = with_model(self._facilities.profile(name), item.item.model)
        if profile.sandbox.mode == "none" and self._facilities.profile(task.profile).sandbox.mode != "none":
            raise UsageError(
                f"“{item.item.title}” is for the agent {name}, which is not confined, and the task's own agent is.",
                f"Skip it (`shopfloor queue skip {task.id}`), or name a confined profile in it.",
            )
        runner = await self._facilities.runner(profile)
        policy = self._facilities.policy(task, workspace, workspaces, profile, runner)
        self._ledger.flush()
        self._other = await self._facilities.make_driver(task, profile, runner, policy, self._report, wanted)
        self.conversation, self.profile = wanted, name

    async def _leave(self) -> None:
        other, self._other = self._other, None
        self.conversation = self.profile = ""
        if other is not None:
            await other.close()

    async def close(self) -> None:
        """Nobody works any more."""
        await self._leave()
        if self._own is not None:
            await self._facilities.leave(self._id, self._own)

    def remember(self, message: bytes) -> None:
        """One more message of the conversation that goes on."""
        key = self.conversation or self._id
        count = self._count(key)
        self._ledger.store.put_message(key, count, message)
        self._messages[key] = count + 1
        self._ledger.flush_soon()

    @property
    def own_messages(self) -> int:
        """How many messages the task's own conversation has."""
        return self._count(self._id)

    def _count(self, conversation: str) -> int:
        if conversation not in self._messages:
            self._ledger.flush()
            self._messages[conversation] = len(self._ledger.store.messages(conversation))
        return self._messages[conversation]


def with_model(profile: Profile, model: str) -> Profile:
    """A profile with another model.

    Raises:
        UsageError: it is one of an agent in a terminal.
    """
    if not model:
        return profile
    if profile.acp is not None:
        options = profile.acp.options | {"model": model}
        return msgspec.structs.replace(profile, acp=msgspec.structs.replace(profile.acp, options=options))
    if profile.native is None:
        raise UsageError(
            f"The agent {profile.name} chooses its model itself; an item of the queue asks for {model}.",
            "Take `model` out of the item, or name a native profile in it.",
        )
    return msgspec.structs.replace(profile, native=msgspec.structs.replace(profile.native, model=model))

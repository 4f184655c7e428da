"""Another agent reads a task's files in a fresh conversation and answers; it cannot change them.

Our own agent reads in the task's worktree, which its sandbox shows read-only. Agents of others expect to write
somewhere: they get a worktree of the same state for themselves, which is thrown away.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec

from agents import paths
from agents.drivers import AnyReport, Asked, Driver, TextDelta, ToolStarted, Used
from agents.engine.changes import Changes
from agents.engine.facilities import Facilities
from agents.engine.scratch import scratch
from agents.errors import ShopfloorError, UsageError
from agents.loops.reviewing import SYSTEM, Malformed, retold
from agents.model import Task
from agents.profiles import Profile
from agents.sandbox import Policy, Runner

READ_SECONDS = 1800.0
"""What one reader may take."""
_Answer = TypeVar("_Answer")


class NotUnderstood(ShopfloorError):
    """An answer that could not be understood twice."""

    def __init__(self, problem: str, answer: str) -> None:
        super().__init__(f"Its answer could not be understood: {problem}")
        self.answer = answer


class Readers:
    """Lets agents read. ``name`` below is unique among those that read a task at once, letters and digits."""

    def __init__(self, facilities: Facilities, changes: Changes) -> None:
        self._facilities = facilities
        self._changes = changes

    def profile(self, name: str) -> Profile:
        """A profile whose agent can read.

        Raises:
            UsageError: there is none of this name, or nothing keeps it from writing.
        """
        profile = self._facilities.profile(name)
        if profile.driver == "terminal":
            raise UsageError(
                f"The agent {name} works in a terminal and cannot be asked to review.",
                "Choose a native profile, or one that speaks the Agent Client Protocol.",
            )
        if profile.sandbox.mode == "none":
            raise UsageError(
                f"The agent {name} is not confined: nothing would keep it from writing while it reviews.",
                "Choose a profile with a sandbox.",
            )
        return profile

    async def ask(
        self,
        task: Task,
        name: str,
        profile_name: str,
        prompt: str,
        understand: Callable[[str], Awaitable[_Answer]],
        heard: Callable[[AnyReport], None],
    ) -> _Answer:
        """One question to a profile's agent, and once more when its answer is malformed.

        Args:
            understand: reads the answer; raises Malformed.
            heard: told all that the agent reports.

        Raises:
            NotUnderstood: the second answer was malformed too.
            ShopfloorError: it could not read, or did not come to an end.
        """
        profile = self.profile(profile_name)
        try:
            async with asyncio.timeout(READ_SECONDS), self._driver(task, name, profile_name, profile, heard) as turn:
                answer = await turn(prompt)
                try:
                    return await understand(answer)
                except Malformed as problem:
                    answer = await turn(retold(str(problem)))
                try:
                    return await understand(answer)
                except Malformed as problem:
                    raise NotUnderstood(str(problem), answer) from problem
        except TimeoutError as error:
            raise ShopfloorError(f"It did not come to an end within {READ_SECONDS / 60:.0f} minutes.") from error

    @contextlib.asynccontextmanager
    async def _driver(
        self, task: Task, name: str, profile_name: str, profile: Profile, heard: Callable[[AnyReport], None]
    ) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
        """What delivers a prompt and returns the answer."""
        turn = _Turn(heard)
        if profile.acp is not None and profile.acp.permissions == "ask":  # nobody is there to be asked
            profile = msgspec.structs.replace(profile, acp=msgspec.structs.replace(profile.acp, permissions="reject"))
        place = self._beside if profile.driver == "native" else self._apart
        async with place(task, name, profile_name, profile) as (stand_in, runner, policy):
            turn.driver = await self._facilities.make_driver(
                stand_in, profile, runner, policy, turn.report, conversation=f"{task.id}/{name}", reader=SYSTEM
            )
            try:
                yield turn
            finally:
                await turn.driver.close()

    @contextlib.asynccontextmanager
    async def _beside(
        self, task: Task, name: str, profile_name: str, profile: Profile
    ) -> AsyncIterator[tuple[Task, Runner, Policy]]:
        """In the task's worktree, nothing of which can be written."""
        workspace = self._changes.workspace(task)
        stand_in = msgspec.structs.replace(task, id=f"{name}-{task.id}", profile=profile_name, ports=())
        runner = await self._facilities.runner(profile)
        workspaces = await self._facilities.workspaces()
        await self._facilities.occupy(workspace, runner)
        try:
            yield stand_in, runner, read_only(self._facilities.policy(stand_in, workspace, workspaces, profile, runner))
        finally:
            await self._facilities.vacate(workspace)
            shutil.rmtree(paths.task_dir(stand_in.id), ignore_errors=True)

    @contextlib.asynccontextmanager
    async def _apart(
        self, task: Task, name: str, profile_name: str, _profile: Profile
    ) -> AsyncIterator[tuple[Task, Runner, Policy]]:
        """In a worktree of its own with the task's files, which is gone afterwards."""
        stand_in = msgspec.structs.replace(task, profile=profile_name)
        commit = await self._changes.snapshot_now(task)
        async with scratch(self._facilities, stand_in, name, commit) as place:
            there = msgspec.structs.replace(
                stand_in, id=f"{name}-{task.id}", worktree=place.workspace.worktree, ports=()
            )
            yield there, place.runner, place.policy


def read_only(policy: Policy) -> Policy:
    """The same view with nothing writable but the private temp folder."""
    return msgspec.structs.replace(
        policy,
        write=(),
        read=(*policy.read, *policy.write),
        binds=tuple(msgspec.structs.replace(bind, writable=False) for bind in policy.binds),
    )


class _Turn:
    """Delivers prompts to a driver and keeps what it answers last."""

    def __init__(self, heard: Callable[[AnyReport], None]) -> None:
        self.driver: Driver | None = None
        self._heard = heard
        self._said: list[str] = []
        self._asked = ""
        self._ending: asyncio.Task[None] | None = None

    async def __call__(self, prompt: str) -> str:
        assert self.driver is not None
        self._said.clear()
        end = await self.driver.run_turn(prompt)
        if self._asked:
            raise ShopfloorError(f"It asked something that nobody answers: {self._asked}")
        if end.outcome != "done":
            raise ShopfloorError(end.reason or f"Its turn was {end.outcome}.", end.hint)
        return "".join(self._said)

    def report(self, event: AnyReport) -> None:
        """What the driver reports."""
        match event:
            case TextDelta(text=text, thinking=False):
                self._said.append(text)
            case ToolStarted():
                self._said.clear()  # what is said before the last look is not the answer
            case Asked(question=question):
                self._asked = question.text
                if self.driver is not None and self._ending is None:
                    self._ending = asyncio.ensure_future(self.driver.interrupt())
            case _:
                pass
        if isinstance(event, ToolStarted | Used):
            self._heard(event)

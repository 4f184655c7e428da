"""The checks of one task at work: run on its worktree as it is, and shown in its transcript."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.loops.checks import CheckResult, run_check
from agents.model import ToolUse
from agents.project_file import Check
from agents.sandbox import Policy, Runner


class Checking:
    """Runs the project's checks for one run of a task. ``stop`` may be called while they run."""

    def __init__(self, task: str, ledger: Ledger, facilities: Facilities, transcript: Transcript) -> None:
        self._id = task
        self._ledger = ledger
        self._facilities = facilities
        self._transcript = transcript
        self._running: asyncio.Task[CheckResult] | None = None
        self._stopping = False
        self._passed_tree = ""
        self._untrusted_said = False

    def stop(self) -> None:
        """End the check that runs, on behalf of the person; no other starts."""
        self._stopping = True
        if self._running is not None:
            self._running.cancel()

    async def run(self, runner: Runner, policy: Policy, tree_now: Callable[[], Awaitable[str]]) -> list[CheckResult]:
        """Run the project's checks on the worktree as it is; the failures.

        Args:
            tree_now: takes a snapshot of the worktree; its tree id.
        """
        task = self._ledger.tasks[self._id]
        checks, problem = self._facilities.checks(task)
        if problem and not self._untrusted_said:
            self._untrusted_said = True
            self._transcript.add("notice", problem)
        if not checks:
            return []
        tree = await tree_now()
        if tree == self._passed_tree:
            return []
        self._ledger.enter(self._id, "checking", check_state="running")
        results = []
        for check in checks:
            if self._stopping:
                break
            results.append(await self._one(check, runner, policy))
        failures = [result for result in results if not result.passed]
        self._passed_tree = "" if failures else tree
        self._ledger.update(self._id, check_state="failed" if failures else "passed")
        return failures

    async def _one(self, check: Check, runner: Runner, policy: Policy) -> CheckResult:
        tool = ToolUse(name=check.name, title=check.run)
        entry = self._transcript.add("check", tool=tool, done=False)
        grow = partial(self._transcript.grow, entry.id)
        self._running = asyncio.create_task(run_check(check.name, check.run, check.timeout, runner, policy, grow))
        try:
            result = await self._running
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            result = CheckResult(name=check.name, command=check.run, passed=False, output="", reason="stopped by you")
        tool = msgspec.structs.replace(
            tool,
            status="done" if result.passed else "failed",
            output=f"{result.output.rstrip()}\n{result.reason}".strip(),
            seconds=result.seconds,
        )
        self._transcript.replace(msgspec.structs.replace(entry, tool=tool, done=True))
        return result

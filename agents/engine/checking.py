"""The checks of one task at work: run on its worktree as it is, shown in its transcript, and told to its agent."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from agents import paths
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.loops.checks import feedback_prompt, run_check
from agents.model import Prompt, ToolUse
from agents.parts.checks import CheckReport, CheckResult
from agents.project_file import Check, read_project_file
from agents.sandbox import Policy, Runner

Verdict = Literal["passed", "told", "given up"]
"""No check fails; what fails goes back to the agent; it has gone back often enough, or in vain."""

REPORT_OUTPUT_LIMIT = 20_000
"""Characters of each check's output that stay in a report; its log has the rest."""


class Checking:
    """Runs the project's checks for one run of a task. ``stop`` and ``skip`` may be called while they run."""

    def __init__(self, task: str, ledger: Ledger, facilities: Facilities, transcript: Transcript) -> None:
        self._id = task
        self._ledger = ledger
        self._facilities = facilities
        self._transcript = transcript
        self._running: asyncio.Task[CheckResult] | None = None
        self._stopping = False
        self._skipping = False
        self._untrusted_said = False

    def stop(self) -> None:
        """End the check that runs, on behalf of the person; no other starts."""
        self._stopping = True
        self.skip()

    def skip(self) -> bool:
        """End the check that runs, and leave out the others this time; False when none runs."""
        if self._running is None:
            return False
        self._skipping = True
        self._running.cancel()
        return True

    async def after_turn(
        self, runner: Runner, policy: Policy, tree_now: Callable[[], Awaitable[str]]
    ) -> Verdict:  # fmt: skip
        """Run the checks, and let the agent know what fails, at most as often as the project says.

        Args:
            tree_now: takes a snapshot of the worktree; its tree id.
        """
        report = await self.run(runner, policy, tree_now)
        if report is None:
            return "passed"
        failures = report.failures
        if not failures:
            self._ledger.update(self._id, check_state="passed", check_round=0)
            return "passed"
        task = self._ledger.update(self._id, check_state="failed")
        rounds = read_project_file(Path(task.project)).defaults.check_rounds
        if report.told or task.check_round >= rounds:
            return "given up"
        text = feedback_prompt(failures, task.check_round + 1, rounds)
        self._ledger.store.put_check_report(msgspec.structs.replace(report, told=True))
        self._ledger.update(self._id, check_round=task.check_round + 1)
        self._ledger.add_prompt(Prompt(id=0, task=self._id, text=text, origin="check"))
        return "told"

    def why_blocked(self) -> tuple[str, str]:
        """Why a task whose checks were given up waits for the person, and what to do, in words."""
        self._ledger.try_flush()
        task = self._ledger.tasks[self._id]
        report = self._ledger.store.last_check_report(self._id)
        names = ", ".join(result.name for result in report.failures) if report else ""
        hint = "Tell the agent how to go on, or look at the change yourself."
        times = {0: "", 1: " after 1 round"}.get(task.check_round, f" after {task.check_round} rounds")
        return f"The checks still fail{times}: {names}.", hint

    async def run(
        self, runner: Runner, policy: Policy, tree_now: Callable[[], Awaitable[str]], afresh: bool = False
    ) -> CheckReport | None:  # fmt: skip
        """What the checks say about the worktree as it is; None when there are none or they were interrupted.

        ``afresh``: run them even if they ran on the same files before.
        """
        task = self._ledger.tasks[self._id]
        checks, problem = self._facilities.checks(task)
        if problem and not self._untrusted_said:
            self._untrusted_said = True
            self._transcript.add("notice", problem)
        if not checks:
            self._ledger.update(self._id, check_state="none", check_round=0)
            return None
        tree = await tree_now()
        if not afresh and (known := self._known(tree, checks)):
            return known
        self._ledger.enter(self._id, "checking", check_state="running")
        results = []
        self._skipping = self._stopping
        for check in checks:
            result = None if self._skipping else await self._one(check, runner, policy)
            if result is None:
                self._ledger.update(self._id, check_state="none")
                return None
            results.append(result)
        report = CheckReport(
            task=self._id, tree=tree, results=tuple(results), turn=self._transcript.turn, at=time.time()
        )
        self._ledger.store.put_check_report(report)
        return report

    def _known(self, tree: str, checks: list[Check]) -> CheckReport | None:
        """What was said about the same files before, by the same checks."""
        self._ledger.try_flush()
        report = self._ledger.store.check_report(self._id, tree)
        wanted = [(check.name, check.run) for check in checks]
        if report is None or [(result.name, result.command) for result in report.results] != wanted:
            return None
        report = msgspec.structs.replace(report, at=time.time())  # it is the latest again
        self._ledger.store.put_check_report(report)
        return report

    async def _one(self, check: Check, runner: Runner, policy: Policy) -> CheckResult | None:
        """Run one check; None when it was interrupted."""
        tool = ToolUse(name=check.name, title=check.run)
        entry = self._transcript.add("check", tool=tool, done=False)
        grow = partial(self._transcript.grow, entry.id)
        log = paths.make_private(paths.checks_dir(self._id)) / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', check.name)}.log"
        self._running = asyncio.create_task(run_check(check.name, check.run, check.timeout, runner, policy, grow, log))
        try:
            result = await self._running
        except asyncio.CancelledError:
            if not self._skipping:
                raise
            tool = msgspec.structs.replace(tool, status="interrupted", output="Stopped by you.")
            self._transcript.replace(msgspec.structs.replace(entry, tool=tool, done=True))
            return None
        finally:
            self._running = None
        tool = msgspec.structs.replace(
            tool,
            status="done" if result.passed else "failed",
            output=f"{result.output.rstrip()}\n{result.reason}".strip(),
            seconds=result.seconds,
        )
        self._transcript.replace(msgspec.structs.replace(entry, tool=tool, done=True))
        return msgspec.structs.replace(result, output=result.output[-REPORT_OUTPUT_LIMIT:])

"""The person's git commands on a task's worktree; implements :class:`agents.parts.committing.Committing`."""

from __future__ import annotations

import os
import time

import msgspec

from agents.engine.changes import Changes
from agents.engine.costs import SPENT_HINT, CostDesk, cost_in_words
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.errors import UsageError
from agents.model import ACTIVE_STATES, Step, Task, ToolUse, Turn
from agents.parts.committing import FileStatus, GitRun
from agents.review import DiffError, parse_diff
from agents.review.select import select_file
from agents.scripts import ScriptEnd, run_script
from agents.workspace import merging
from agents.workspace.commands import filled, read_status

COMMAND_SECONDS = 120.0
MATERIAL_CHARACTERS = 20_000
"""Of the diff that a message is made from."""
MESSAGE_LENGTH = 72
HISTORY = 100
_KIND = "git-command"
_ASKED = (
    "You write the subject of a git commit for a diff: one line, at most 72 characters, in the imperative mood, saying "
    "what the change does and not how. No quotes, no full stop at the end, no explanation. Answer with that line only."
)


class CommittingDesk:
    """Git commands of the person, confined like those of the agent."""

    def __init__(self, ledger: Ledger, facilities: Facilities, changes: Changes, costs: CostDesk) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._changes = changes
        self._costs = costs

    async def files(self, task: str) -> list[FileStatus]:
        """See :class:`agents.parts.committing.Committing`."""
        known = self._resting(task)
        runner, policy, leave = await self._facilities.confined_place(known, self._changes.worktree(known))
        try:
            return await read_status(runner, policy)
        finally:
            await leave()

    async def preview(self, command: str, files: list[FileStatus]) -> str:
        """See :class:`agents.parts.committing.Committing`."""
        return os.fsencode(filled(command, files)).decode("utf-8", "backslashreplace")

    async def run(self, task: str, command: str, files: list[FileStatus]) -> GitRun:
        """See :class:`agents.parts.committing.Committing`."""
        known = self._resting(task)
        line = filled(command, files)
        self._ledger.store.keep(_KIND, command, str(time.time()).encode())
        end = await self._confined(known, line)
        moved = await self._take_over(known)
        shown = os.fsencode(line).decode("utf-8", "backslashreplace")
        tool = ToolUse(
            name="git",
            title=shown,
            status="done" if end.passed else "failed",
            output=f"{end.output.rstrip()}\n{end.reason}".strip(),
            seconds=end.seconds,
        )
        Transcript(known.id, self._ledger, known.turn).add("script", tool=tool)
        self._ledger.flush()
        return GitRun(command=shown, status=end.status, output=tool.output, commit=moved)

    async def suggest(self, task: str, files: list[FileStatus]) -> str:
        """See :class:`agents.parts.committing.Committing`."""
        known = self._resting(task)
        profile = self._facilities.profile(known.profile)
        if profile.native is None:
            raise UsageError(
                f"The model of “{profile.name}” can only be asked through its agent.", "Write the message yourself."
            )
        if held := self._costs.holds():
            raise UsageError(f"{held} The model is not asked.", f"Write the message yourself. {SPENT_HINT}")
        diff = await self._changes.diff(known.id, "working")
        material = _material(diff.patch, files)
        if not material.strip():
            raise UsageError(f"Nothing of task {known.id} differs from its last commit.", "There is nothing to commit.")
        started_at = time.time()
        answer, usage = await self._facilities.ask_model(profile, _ASKED, material)
        step = Step(usage=usage, model=profile.native.model, at=time.time())
        asked = Turn(
            number=0, before="", started_at=started_at, ended_at=step.at, profile=known.profile, steps=(step,)
        )  # fmt: skip
        self._costs.add_beside(f"{known.id}/{started_at:.6f}/message", known.id, asked)
        self._ledger.update(known.id, usage=self._ledger.tasks[known.id].usage + usage)
        said = f"The model was asked for a commit message ({cost_in_words(usage)})."
        Transcript(known.id, self._ledger, known.turn).add("notice", said)
        self._ledger.flush()
        return subject_of(answer)

    async def history(self) -> list[str]:
        """See :class:`agents.parts.committing.Committing`."""
        self._ledger.flush()
        kept = sorted(self._ledger.store.kept_as(float, _KIND), key=lambda row: -row[1])
        return [command for command, _ in kept[:HISTORY]]

    # inside

    def _resting(self, task: str) -> Task:
        known = self._ledger.on_floor(task)
        if known.state in ACTIVE_STATES or known.state == "queued":
            when = "as soon as it starts" if known.state == "queued" else "now"
            raise UsageError(f"Task {known.id} is {known.state}: its agent uses git {when}.", "Wait, or stop it first.")
        return known

    async def _confined(self, task: Task, command: str) -> ScriptEnd:
        workspace = self._changes.worktree(task)
        runner, policy, leave = await self._facilities.confined_place(task, workspace)
        quiet = {"GIT_EDITOR": "false", "GIT_SEQUENCE_EDITOR": "false", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}
        policy = msgspec.structs.replace(policy, environment=policy.environment | quiet)
        try:
            return await run_script(command, runner, policy, lambda _: None, timeout_seconds=COMMAND_SECONDS)
        finally:
            await leave()

    async def _take_over(self, task: Task) -> str:
        """Bring new commits into the repository and count anew; where the branch is, if it moved."""
        workspace = self._changes.worktree(task)
        workspaces = await self._facilities.workspaces()
        before = await merging.branch_tip(workspace, workspace.branch)
        tip = await workspaces.import_branch(workspace)
        await self._changes.count_now(task)
        return tip if tip and tip != before else ""


def subject_of(answer: str) -> str:
    """A model's answer as a commit's subject: its first line, without quotes and marks, cut at a word."""
    lines = [line.strip(" \t`\"'*#-") for line in answer.splitlines()]
    line = next((line for line in lines if line), "").rstrip(".").replace("{}", "")
    if len(line) <= MESSAGE_LENGTH:
        return line
    return line[: MESSAGE_LENGTH + 1].rpartition(" ")[0] or line[:MESSAGE_LENGTH]


def _material(patch: bytes, files: list[FileStatus]) -> str:
    """The part of a diff that is about some files, cut where it gets long; binary files by their names."""
    wanted = {one.path for one in files}
    parts = []
    for file in parse_diff(patch).files:
        name = file.new_path or file.old_path
        if wanted and name not in wanted:
            continue
        try:
            parts.append(select_file(file).decode("utf-8", "replace"))
        except DiffError:
            parts.append(f"{file.status}: {name.decode('utf-8', 'backslashreplace')}\n")
    return "".join(parts)[:MATERIAL_CHARACTERS]

"""Where a task works: its worktree, the sandbox around it, and the snapshots taken of it."""

from __future__ import annotations

import msgspec

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.errors import ShopfloorError
from agents.model import Task
from agents.profiles import Profile
from agents.sandbox import Policy, Runner
from agents.workspace import Snapshot, Workspace, Workspaces
from agents.workspace.merging import branch_tip


class Premises:
    """The worktree of one task, for one run. ``open`` before anything else."""

    profile: Profile
    """The task's own."""
    runner: Runner
    workspaces: Workspaces
    workspace: Workspace

    def __init__(self, task: str, ledger: Ledger, facilities: Facilities, transcript: Transcript) -> None:
        self._id = task
        self._ledger = ledger
        self._facilities = facilities
        self._transcript = transcript
        self._is_occupied = False
        self._notices: set[str] | None = None
        """What of snapshots' notices the transcript says already; read when there is one."""

    @property
    def _task(self) -> Task:
        return self._ledger.tasks[self._id]

    async def open(self) -> bool:
        """Find the worktree, or make it; True when it was made.

        Raises:
            ShopfloorError: it cannot be worked there.
        """
        self.profile = self._facilities.profile(self._task.profile)
        self.runner = await self._facilities.runner(self.profile)
        self.workspaces = await self._facilities.workspaces()
        self._ledger.flush()
        known = self._ledger.store.workspace(self._id, Workspace)
        if known is not None:
            self.workspaces.check(known)
            self.workspace = known
            return False
        self.workspace = await self._make()
        return True

    async def _make(self) -> Workspace:
        task = self._task
        kind = self._facilities.workspace_kind(task, self.profile)
        workspace = await self.workspaces.create(task.project, task.id, slug(task.title), task.base_commit, kind)
        self._ledger.store.put_workspace(self._id, workspace)
        self._ledger.update(self._id, worktree=workspace.worktree, branch=workspace.branch)
        for notice in workspace.notices:
            self._transcript.add("notice", notice)
        return workspace

    def policy(self) -> Policy:
        """What the task's own agent may touch."""
        return self._facilities.policy(self._task, self.workspace, self.workspaces, self.profile, self.runner)

    async def occupy(self) -> None:
        """Set the worktree up for our processes."""
        await self._facilities.occupy(self.workspace, self.runner)
        self._is_occupied = True

    async def vacate(self) -> None:
        """Nothing is at work any more: git in the worktree is the person's again."""
        if self._is_occupied:
            self._is_occupied = False
            await self._facilities.vacate(self.workspace)

    async def snapshot(self, name: str, message: str) -> Snapshot:
        """A snapshot; what it could not record is said in the transcript, each thing once in a task's life."""
        snapshot = await self.workspaces.snapshot(self.workspace, name, message)
        if snapshot.notices and self._notices is None:
            self._ledger.flush()
            entries = self._ledger.store.entries_since(self._id, 0)
            self._notices = {entry.text for entry in entries if entry.kind == "notice"}
        for notice in snapshot.notices:
            if self._notices is not None and notice not in self._notices:
                self._notices.add(notice)
                self._transcript.add("notice", notice)
        return snapshot

    async def tree_now(self) -> str:
        """The tree of the files as they are."""
        return (await self.snapshot("now", "As of now")).tree

    async def import_branch(self) -> str:
        """Bring the agent's commits into the repository; a sentence when they are not fit for it."""
        try:
            tip = await self.workspaces.import_branch(self.workspace)
            if tip:
                await self._follow_base(tip)
        except ShopfloorError as error:
            return f"The agent's commits were not taken over: {error}"
        return ""

    async def _follow_base(self, tip: str) -> None:
        """When the agent has brought in what the base branch has gained, by a merge or a rebase, its change is what it
        adds to that, not what others did there."""
        before = self.workspace.base_commit
        base = await branch_tip(self.workspace, self._task.base)
        common = await self.workspaces.merge_base(self.workspace, base, tip) if base not in ("", before) else None
        if common in (None, before) or await self.workspaces.merge_base(self.workspace, before, common) != before:
            return
        self.workspace = msgspec.structs.replace(self.workspace, base_commit=common)
        self._ledger.store.put_workspace(self._id, self.workspace)
        self._ledger.update(self._id, base_commit=common)
        said = f"The agent has brought in {self._task.base}; its change is compared with {common[:7]} from now on."
        self._transcript.add("notice", said)

    async def count(self, commit: str) -> tuple[int, int, int]:
        """How many files, added lines and deleted lines a commit is away from the base."""
        return await self.workspaces.numstat(self.workspace, self.workspace.base_commit, commit)


def slug(title: str) -> str:
    """A title as part of a branch and folder name: lower-case letters, digits and hyphens, at most 40."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split()
    text = "-".join(words)[:40].strip("-")
    return text or "task"

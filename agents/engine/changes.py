"""What a task changed: diffs between snapshots, by scope."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.errors import UsageError
from agents.model import Diff, Scope, Task
from agents.store import Turn
from agents.workspace import Workspace, Workspaces


class Changes:
    """Reads changes; both ends of every diff are trees in the repository."""

    def __init__(self, ledger: Ledger, facilities: Facilities) -> None:
        self._ledger = ledger
        self._facilities = facilities

    def workspace(self, task: Task) -> Workspace:
        """Where a task's files live; raises UsageError before they were made."""
        self._ledger.flush()
        workspace = self._ledger.store.workspace(task.id, Workspace)
        if workspace is None:
            raise UsageError(f"Task {task.id} has no worktree yet: it is {task.state}.", "Look again when it works.")
        return workspace

    async def diff(self, task: Task, scope: Scope) -> Diff:
        """What changed as of now, or as of the last snapshot when the worktree is gone."""
        workspace = self.workspace(task)
        workspaces = await self._facilities.workspaces()
        if Path(workspace.worktree).exists():
            head = (await workspaces.snapshot(workspace, "now", "As of now")).tree
        else:
            head = await workspaces.tree_of(workspace, self.last_snapshot(task, workspace))
        base, base_name = await self._base(task, scope, workspaces, workspace)
        base_tree = await workspaces.tree_of(workspace, base)
        return Diff(
            task=task.id,
            scope=scope,
            base_tree=base_tree,
            head_tree=head,
            base_name=base_name,
            directory=workspace.worktree,
            patch=await workspaces.diff(workspace, base_tree, head),
        )

    def last_snapshot(self, task: Task, workspace: Workspace) -> str:
        """The commit that holds the last state of a worktree that is gone."""
        if task.state == "closed":
            return f"refs/shopfloor/{task.id}/closed"
        turns = self._ledger.store.turns(task.id)
        return (turns[-1].after or turns[-1].before) if turns else workspace.base_commit

    def base_name(self, task: Task) -> str:
        """What the branch scope compares with, for people."""
        short = task.base_commit[:7]
        return short if task.base_commit.startswith(task.base) else f"{task.base} ({short})"

    async def _base(self, task: Task, scope: Scope, workspaces: Workspaces, workspace: Workspace) -> tuple[str, str]:
        """The commit or tree a scope compares with, and its name for people."""
        if scope == "working" and Path(workspace.worktree).exists():
            head = await workspaces.import_branch(workspace)
            if head:
                return head, f"the last commit ({head[:7]})"
        elif scope == "turn":
            turns = self._ledger.store.turns(task.id)
            if turns:
                return turns[-1].before, f"before turn {turns[-1].number}"
        elif scope == "review":
            rounds = self._ledger.store.rounds(task.id)
            if rounds:
                return rounds[-1].head_tree, f"round {rounds[-1].number} of your review"
        return workspace.base_commit, self.base_name(task)

    async def blobs(self, task: Task, ids: Sequence[str]) -> list[bytes]:
        """Contents of blobs, in order."""
        return await (await self._facilities.workspaces()).blobs(self.workspace(task), ids)

    async def undo(self, task: Task, turn: Turn) -> str:
        """Bring the files back to before a turn, or that turn's work back if it was undone; what happened, in words."""
        workspaces = await self._facilities.workspaces()
        workspace = self.workspace(task)
        if task.undone:
            target, said = f"refs/shopfloor/{task.id}/undone", f"The work of turn {turn.number} is back."
        else:
            await workspaces.snapshot(workspace, "undone", f"Before turn {turn.number} was undone")
            target, said = turn.before, f"You have undone turn {turn.number}: the files are as they were before it."
        await workspaces.rewind(workspace, target)
        files, additions, deletions = await workspaces.numstat(workspace, workspace.base_commit, target)
        self._ledger.update(
            task.id,
            undone=0 if task.undone else turn.number,
            files_changed=files,
            additions=additions,
            deletions=deletions,
            check_state="none",
        )
        return said

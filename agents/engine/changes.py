"""What a task changed: diffs between snapshots, by scope."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.errors import UsageError
from agents.model import FINAL_STATES, Task, Turn
from agents.parts.changes import Commit, Diff, Scope
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

    async def diff(self, task: Task, scope: Scope, base: str = "", head: str = "") -> Diff:
        """What changed as of now, or as of the last snapshot when the worktree is gone; see :class:`agents.api.Api`."""
        workspace = self.workspace(task)
        workspaces = await self._facilities.workspaces()
        if scope in ("commit", "refs"):
            return await self._between(task, scope, base, head, workspaces, workspace)
        head = await self._now(task, workspaces, workspace)
        base, base_name = await self._base(task, scope, workspaces, workspace)
        base_tree = await workspaces.tree_of(workspace, base)
        patch = await workspaces.diff(workspace, base_tree, head)
        return Diff(
            task=task.id,
            scope=scope,
            base_tree=base_tree,
            head_tree=head,
            base_name=base_name,
            directory=workspace.worktree,
            patch=patch,
            sizes=await workspaces.binary_sizes(workspace, patch),
            attributes=await workspaces.attribute_files(workspace, head, patch),
        )

    async def tree_now(self, task: Task) -> str:
        """The tree of a task's files as they are."""
        return await self._now(task, await self._facilities.workspaces(), self.workspace(task))

    async def _now(self, task: Task, workspaces: Workspaces, workspace: Workspace) -> str:
        """The tree of the files as they are, or as they were last when the worktree is gone."""
        if Path(workspace.worktree).exists():
            return (await workspaces.snapshot(workspace, "now", "As of now")).tree
        return await workspaces.tree_of(workspace, self.last_snapshot(task, workspace))

    async def _between(
        self, task: Task, scope: Scope, base: str, head: str, workspaces: Workspaces, workspace: Workspace
    ) -> Diff:
        """One commit, or any two refs."""
        if not base:
            raise UsageError(f"The scope {scope} needs to be told which.", "Name a commit or a ref.")
        if scope == "commit":
            base_tree, head_tree = (
                await workspaces.parent_of(workspace, base),
                await workspaces.tree_of(workspace, base),
            )
            base_name, head_name = f"the commit before {_short(base)}", _short(base)
        else:
            base_tree = await workspaces.tree_of(workspace, base)
            head_tree = await (workspaces.tree_of(workspace, head) if head else self._now(task, workspaces, workspace))
            base_name, head_name = _short(base), _short(head)
        patch = await workspaces.diff(workspace, base_tree, head_tree)
        return Diff(
            task=task.id, scope=scope, base_tree=base_tree, head_tree=head_tree, base_name=base_name,
            head_name=head_name, directory=workspace.worktree, patch=patch,
            sizes=await workspaces.binary_sizes(workspace, patch),
            attributes=await workspaces.attribute_files(workspace, head_tree, patch),
        )  # fmt: skip

    async def commits(self, task: Task) -> list[Commit]:
        """The commits of the task's branch beyond its base, the latest first."""
        workspace = self.workspace(task)
        workspaces = await self._facilities.workspaces()
        tip = await workspaces.import_branch(workspace) if Path(workspace.worktree).exists() else workspace.branch
        return await workspaces.commits(workspace, workspace.base_commit, tip) if tip else []

    async def apply(self, task: Task, patch: bytes) -> None:
        """Change the files of the worktree as a patch says; a snapshot of them as they were is kept."""
        workspace = self.workspace(task)
        workspaces = await self._facilities.workspaces()
        await workspaces.snapshot(workspace, "before-patch", "Before a patch of the person")
        await workspaces.apply(workspace, patch)
        after = await workspaces.snapshot(workspace, "now", "As of now")
        await self._count(task, workspaces, workspace, after.commit)

    async def snapshot_now(self, task: Task) -> str:
        """A commit of the files as they are."""
        workspaces = await self._facilities.workspaces()
        return (await workspaces.snapshot(self.workspace(task), "now", "As of now")).commit

    async def count_now(self, task: Task) -> None:
        """Count the change anew, after the person did something to it."""
        workspace = self.workspace(task)
        workspaces = await self._facilities.workspaces()
        snapshot = await workspaces.snapshot(workspace, "now", "As of now")
        files, additions, deletions = await workspaces.numstat(workspace, workspace.base_commit, snapshot.commit)
        self._ledger.update(task.id, files_changed=files, additions=additions, deletions=deletions)

    async def _count(
        self, task: Task, workspaces: Workspaces, workspace: Workspace, commit: str, **changes: object
    ) -> None:
        files, additions, deletions = await workspaces.numstat(workspace, workspace.base_commit, commit)
        counted = {"files_changed": files, "additions": additions, "deletions": deletions, "check_state": "none"}
        self._ledger.update(task.id, **counted, **changes)

    def last_snapshot(self, task: Task, workspace: Workspace) -> str:
        """The commit that holds the last state of a worktree that is gone."""
        if task.state in FINAL_STATES:
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
        await self._count(task, workspaces, workspace, target, undone=0 if task.undone else turn.number)
        return said


def _short(name: str) -> str:
    """A commit or tree id as people write it; other names as they are."""
    return name[:7] if len(name) >= 40 and not set(name) - set("0123456789abcdef") else name

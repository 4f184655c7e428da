"""What a task changed: diffs between snapshots, by scope; implements :class:`agents.parts.changes.Changes`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.errors import GitError, UsageError
from agents.model import FINAL_STATES, Task, Turn
from agents.parts.changes import Commit, Diff, Scope
from agents.workspace import Workspace, Workspaces
from agents.workspace.carrying import carry
from agents.workspace.known import read_known


class Changes:
    """Reads changes; both ends of every diff are trees in the repository.

    Args:
        transcript_of: the transcript of a task at work.
    """

    def __init__(
        self, ledger: Ledger, facilities: Facilities, transcript_of: Callable[[str], Transcript | None]
    ) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._transcript_of = transcript_of

    def workspace(self, task: Task) -> Workspace:
        """Where a task's files live.

        Raises:
            UsageError: they were not made yet.
            GitError: the repository is not there.
        """
        see_repository(task)
        self._ledger.try_flush()  # what a full disk refuses keeps nobody from reading
        workspace = self._ledger.store.workspace(task.id, Workspace)
        if workspace is None:
            raise UsageError(f"Task {task.id} has no worktree yet: it is {task.state}.", "Look again when it works.")
        return workspace

    def worktree(self, task: Task) -> Workspace:
        """The same, when the files are to be worked on; raises UsageError when somebody has deleted them."""
        workspace = self.workspace(task)
        see_worktree(task, workspace)
        return workspace

    async def diff(self, task: str, scope: Scope = "branch", base: str = "", head: str = "") -> Diff:
        """See :class:`agents.parts.changes.Changes`."""
        known = self._ledger.find(task)
        workspace = self.workspace(known)
        workspaces = await self._facilities.workspaces()
        if scope in ("commit", "refs"):
            return await self._between(known, scope, base, head, workspaces, workspace)
        head = await self._now(known, workspaces, workspace)
        base, base_name = await self._base(known, scope, workspaces, workspace)
        base_tree = await workspaces.tree_of(workspace, base)
        patch = await workspaces.diff(workspace, base_tree, head)
        return Diff(
            task=known.id,
            scope=scope,
            base_tree=base_tree,
            head_tree=head,
            base_name=base_name,
            base_commit=workspace.base_commit,
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
            head_name=head_name, base_commit="" if head_name else workspace.base_commit, directory=workspace.worktree,
            patch=patch,
            sizes=await workspaces.binary_sizes(workspace, patch),
            attributes=await workspaces.attribute_files(workspace, head_tree, patch),
        )  # fmt: skip

    async def commits(self, task: str) -> list[Commit]:
        """See :class:`agents.parts.changes.Changes`."""
        workspace = self.workspace(self._ledger.find(task))
        workspaces = await self._facilities.workspaces()
        tip = await workspaces.import_branch(workspace) if Path(workspace.worktree).exists() else workspace.branch
        return await workspaces.commits(workspace, workspace.base_commit, tip) if tip else []

    async def apply(self, task: str, patch: bytes, said: str) -> Task:
        """See :class:`agents.parts.changes.Changes`."""
        known = self._ledger.on_floor(task)
        workspace = self.worktree(known)
        workspaces = await self._facilities.workspaces()
        await workspaces.snapshot(workspace, "before-patch", "Before a patch of the person")
        await workspaces.apply(workspace, patch)
        after = await workspaces.snapshot(workspace, "now", "As of now")
        await self._count(known, workspaces, workspace, after.commit)
        self.say(known, said)
        return self._ledger.tasks[known.id]

    def say(self, task: Task, said: str) -> None:
        """Say in a task's transcript what the person did to its files."""
        transcript = self._transcript_of(task.id) or Transcript(task.id, self._ledger, task.turn)
        transcript.add("notice", said)
        self._ledger.flush()

    async def snapshot_now(self, task: Task) -> str:
        """A commit of the files as they are."""
        workspaces = await self._facilities.workspaces()
        return (await workspaces.snapshot(self.worktree(task), "now", "As of now")).commit

    async def count_now(self, task: Task) -> None:
        """Count the change anew, after the person did something to it."""
        workspace = self.worktree(task)
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
        if known := read_known(Path(workspace.private)):
            return known.snapshot.commit
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
                before = await self._carried(workspaces, workspace, turns[-1].before, turns[-1].base_commit)
                return before, f"before turn {turns[-1].number}"
        elif scope == "review":
            rounds = self._ledger.store.rounds(task.id)
            if rounds:
                seen = await self._carried(workspaces, workspace, rounds[-1].head_tree, rounds[-1].base_tree)
                return seen, f"round {rounds[-1].number} of your review"
        return workspace.base_commit, self.base_name(task)

    async def carried(self, task: str, tree: str, base: str) -> str:
        """See :class:`agents.parts.changes.Changes`."""
        workspace = self.workspace(self._ledger.find(task))
        return await self._carried(await self._facilities.workspaces(), workspace, tree, base)

    async def _carried(self, workspaces: Workspaces, workspace: Workspace, state: str, base: str) -> str:
        """A tree or commit made on a base as it would be on the task's base of now; as it is when that is the same."""
        if base in ("", workspace.base_commit):
            return state
        before, onto = [await workspaces.tree_of(workspace, each) for each in (base, workspace.base_commit)]
        if before == onto:
            return state
        return await carry(workspace, await workspaces.tree_of(workspace, state), before, onto)

    async def blobs(self, task: str, ids: Sequence[str]) -> list[bytes]:
        """See :class:`agents.parts.changes.Changes`."""
        return await (await self._facilities.workspaces()).blobs(self.workspace(self._ledger.find(task)), ids)

    async def undo(self, task: Task, turn: Turn) -> None:
        """Bring the files back to before a turn, or that turn's work back if it was undone."""
        workspaces = await self._facilities.workspaces()
        workspace = self.worktree(task)
        if task.undone:
            target, said = f"refs/shopfloor/{task.id}/undone", f"The work of turn {turn.number} is back."
        else:
            await workspaces.snapshot(workspace, "undone", f"Before turn {turn.number} was undone")
            target, said = turn.before, f"You have undone turn {turn.number}: the files are as they were before it."
        await workspaces.rewind(workspace, target)
        await self._count(task, workspaces, workspace, target, undone=0 if task.undone else turn.number)
        self.say(task, said)


def see_repository(task: Task) -> None:
    """See that a task's repository is there; raises GitError."""
    if not Path(task.project).is_dir():
        raise GitError(
            f"The repository {task.project} is not there any more.",
            f"Bring it back; `shopfloor resume {task.id}` then goes on with the task.",
        )


def see_worktree(task: Task, workspace: Workspace) -> None:
    """See that a task's files are there; raises UsageError when somebody has deleted them."""
    if not Path(workspace.worktree).is_dir():
        raise UsageError(f"The worktree of task {task.id} is gone.", f"`shopfloor restore {task.id}` makes it again.")


def _short(name: str) -> str:
    """A commit or tree id as people write it; other names as they are."""
    return name[:7] if len(name) >= 40 and not set(name) - set("0123456789abcdef") else name

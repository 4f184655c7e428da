"""The life of a task's worktree: made, handed to an agent, snapshotted, imported, removed."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agents import paths
from agents.errors import GitError, UsageError
from agents.parts.changes import AttributeFile, Commit
from agents.sandbox import Runner
from agents.workspace import merging, trees
from agents.workspace.git import Repository, git
from agents.workspace.known import Known, Snapshot, read_known, remember
from agents.workspace.making import Plan, make, unmake
from agents.workspace.private import Grants, Kind, Workspace, grants, make_agent_git, make_entry, point_worktree
from agents.workspace.project import commit_of, open_project
from agents.workspace.reader import apply_patch, read_branch, read_worktree, rewind
from agents.workspace.staging import stage_patch, staged_trees

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|lock$|$)){0,99}")
"""What is safe as a part of a ref and of a path at once."""
_BRANCH = "branch"
"""Below the snapshots: where the branch of a task that has left the floor was."""


class Workspaces:
    """Makes and removes worktrees and brings back what agents did in them.

    Calls about one task wait for each other; tasks go on side by side.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def create(self, project_root: str, task: str, slug: str, base: str, kind: Kind = "worktree") -> Workspace:
        """A new worktree on a new branch ``shopfloor/<task>/<slug>`` at ``base``, and the agent's private git folder.

        The same call again gives the same worktree; what a killed engine left half made is cleared first.

        Args:
            project_root: the main checkout.
            task: the task's id, unique on this machine.
            slug: a few readable words for the path and the branch.
            base: a ref or commit.
            kind: ``clone``: not listed among the repository's worktrees, and its agent cannot write there at all.

        Raises:
            GitError: the repository cannot be used, or the branch or folder exists.
            NotFound: ``base`` does not exist.
            UsageError: ``task`` or ``slug`` cannot be part of a path and of a ref.
        """
        for word in (task, slug):
            if not _NAME.fullmatch(word):
                raise UsageError(f"{word!r} cannot be part of a branch name.", "Use letters, digits and dashes.")
        project = await open_project(Path(project_root))
        plan = Plan(task=task, slug=slug, base=await project.commit(base), kind=kind)
        async with self._locks[task]:
            return await make(self._runner, project, plan)

    async def restore(self, workspace: Workspace, commit: str) -> Workspace:
        """Make a removed worktree again: with the files of a snapshot, on its branch, which is made again as well when
        somebody has deleted it.

        Raises:
            GitError: the snapshot is gone, or the worktree is still there.
        """
        slug = workspace.branch.rpartition("/")[2]
        last = Snapshot(commit=await commit_of(workspace, commit), tree=await trees.tree_of(workspace, commit))
        plan = Plan(task=workspace.task, slug=slug, base=workspace.base_commit, files=last.tree, kind=workspace.kind)
        async with self._locks[workspace.task]:
            await self._see_branch(workspace)
            made = await make(self._runner, workspace, plan)
            if known := read_known(Path(made.private)):
                remember(msgspec.structs.replace(known, snapshot=last))
            return made

    async def _see_branch(self, workspace: Workspace) -> None:
        """The branch is there, or is made again where it was last known to be."""
        if await merging.branch_tip(workspace, workspace.branch):
            return
        known = read_known(Path(workspace.private))
        for tip in (known.tip if known else "", f"refs/shopfloor/{workspace.task}/{_BRANCH}", workspace.base_commit):
            made = await git(workspace, "branch", "--no-track", workspace.branch, tip, accept=(0, 128)) if tip else None
            if made is not None and made.status == 0:
                return

    async def keep(self, workspace: Workspace, commit: str) -> None:
        """Let a task's last snapshot be what it is restored from, when its worktree was deleted before it is closed.

        Raises:
            GitError: the snapshot is gone.
        """
        await git(workspace, "update-ref", f"refs/shopfloor/{workspace.task}/closed", commit)

    def check(self, workspace: Workspace) -> None:
        """See that the worktree is still there.

        Raises:
            GitError: it is not.
        """
        if not all(folder.is_dir() for folder in (Path(workspace.worktree), workspace.agent_git, workspace.entry)):
            raise GitError(
                f"The worktree {workspace.worktree} of {workspace.task}, or its git folder, is not there any more.",
                f"`shopfloor restore {workspace.task}` makes it again.",
            )

    async def mend(self, workspace: Workspace) -> bool:
        """Make again what git needs beside a worktree that is there: the agent's git folder, which somebody may have
        deleted, and the entry in the repository, which `git worktree prune` drops while the worktree is elsewhere.

        Returns:
            False when nothing was missing.

        Raises:
            GitError: it cannot be made.
        """
        async with self._locks[workspace.task]:
            if workspace.agent_git.is_dir() and workspace.entry.is_dir():
                return False
            paths.make_private(Path(workspace.private))
            await self._see_branch(workspace)
            if not workspace.entry.is_dir():
                await asyncio.to_thread(make_entry, workspace)
                await self._index(workspace, workspace.branch)
            if not workspace.agent_git.is_dir():
                await make_agent_git(workspace)
            return True

    async def _index(self, workspace: Workspace, tip: str) -> None:
        """Let the index of the person's git in the worktree be that of a commit."""
        await git(workspace, "read-tree", tip, environment={"GIT_INDEX_FILE": str(workspace.entry / "index")})

    def grants(self, workspace: Workspace, runner: Runner) -> Grants:
        """What git needs in the policy of the workspace's agent, which ``runner`` starts."""
        return grants(workspace, runner.mounts)

    async def prepare(self, workspace: Workspace, runner: Runner) -> None:
        """Set the worktree up for the agent to start under ``runner``, whatever was left in place of its ``.git`` file.

        Raises:
            GitError: the worktree is gone or cannot be written.
        """
        async with self._locks[workspace.task]:
            await asyncio.to_thread(point_worktree, workspace, not runner.mounts)

    async def rest(self, workspace: Workspace) -> None:
        """Set the worktree up for the person, while no process of the agent runs: git in it is the real repository.

        Raises:
            GitError: the worktree is gone or cannot be written.
        """
        async with self._locks[workspace.task]:
            await asyncio.to_thread(point_worktree, workspace, False)

    async def snapshot(self, workspace: Workspace, ref_name: str, message: str) -> Snapshot:
        """Record the whole state of the worktree as ``refs/shopfloor/<task>/<ref_name>``; the agent's index is not
        touched. A tree that is the same as in the last snapshot makes no new commit.

        Raises:
            GitError: the worktree cannot be read, or git found the result damaged.
            UsageError: ``ref_name`` cannot be part of a ref.
        """
        if not _NAME.fullmatch(ref_name):
            raise UsageError(f"{ref_name!r} cannot be the name of a snapshot.")
        async with self._locks[workspace.task]:
            known = await self._known(workspace)
            subject = " ".join(message.split()) or ref_name
            snapshot = await read_worktree(self._runner, workspace, known.snapshot, subject)
            if known.refs.get(ref_name) != snapshot.commit:
                await git(workspace, "update-ref", f"refs/shopfloor/{workspace.task}/{ref_name}", snapshot.commit)
                refs = known.refs | {ref_name: snapshot.commit}
                remember(msgspec.structs.replace(known, snapshot=snapshot, refs=refs))
            return snapshot

    async def rewind(self, workspace: Workspace, commit: str) -> None:
        """Make the files of the worktree those of a snapshot. Commits, the agent's index and ignored files stay.

        Raises:
            GitError: the snapshot is not there, or a file cannot be written.
        """
        tree = await trees.tree_of(workspace, commit)
        await self.snapshot(workspace, "rewound", "Before the files were brought back")
        async with self._locks[workspace.task]:
            await rewind(self._runner, workspace, tree)

    async def apply(self, workspace: Workspace, patch: bytes) -> None:
        """Change the files of the worktree as a patch says, all of it or nothing. The caller has taken a snapshot.

        Raises:
            GitError: it does not fit the files as they are.
        """
        self.check(workspace)
        async with self._locks[workspace.task]:
            await apply_patch(self._runner, workspace, patch)

    async def stage(self, workspace: Workspace, patch: bytes, *, out: bool = False) -> None:
        """Put a patch into the index that the person's git in the worktree uses, or take it out. No file changes.

        Raises:
            GitError: it does not fit.
        """
        self.check(workspace)
        async with self._locks[workspace.task]:
            await stage_patch(workspace, patch, out=out)

    async def staged(self, workspace: Workspace) -> tuple[str, str]:
        """See :func:`agents.workspace.staging.staged_trees`."""
        self.check(workspace)
        async with self._locks[workspace.task]:
            return await staged_trees(workspace)

    async def commits(self, repository: Repository, base: str, tip: str) -> list[Commit]:
        """See :func:`agents.workspace.trees.commits`."""
        return await trees.commits(repository, base, tip)

    async def import_branch(self, workspace: Workspace) -> str | None:
        """Move the task's branch in the repository to where the agent's copy of it is; None when the agent deleted it.

        Nothing else in the repository moves. The worktree's index there follows, so that the person's ``git status``
        is right.

        Raises:
            GitError: the branch cannot be read, or git found it damaged.
        """
        self.check(workspace)
        async with self._locks[workspace.task]:
            known = await self._known(workspace)
            tip = await read_branch(self._runner, workspace, known.tip)
            if tip is None or tip == known.tip:
                return tip
            await git(workspace, "update-ref", f"refs/heads/{workspace.branch}", tip)
            await self._index(workspace, tip)
            remember(msgspec.structs.replace(known, tip=tip))
            return tip

    async def remove(self, workspace: Workspace) -> None:
        """Delete the worktree and the agent's git folder. Branch and snapshots stay; take a snapshot before.

        Raises:
            GitError: the recorded paths are not below Shopfloor's folders, or cannot be deleted.
        """
        async with self._locks[workspace.task]:
            if known := read_known(Path(workspace.private)):  # somebody may delete the branch
                await git(
                    workspace, "update-ref", f"refs/shopfloor/{workspace.task}/{_BRANCH}", known.tip, accept=(0, 128)
                )
            await unmake(workspace)
        self._locks.pop(workspace.task, None)

    async def state_of(self, project: Repository, folder: Path) -> tuple[str, str]:
        """The branch (or commit) of a worktree that somebody else made, and a commit of its files as they are, '' when
        nothing differs. It is looked at confined, like those of agents, and stays as it is.

        Raises:
            GitError: the folder is not a worktree of this repository, or it cannot be read.
        """
        head, branch = await merging.worktree_head(project, folder)
        private = paths.make_private(paths.task_dir(f"adopting-{secrets.token_hex(4)}"))
        stand_in = Workspace(
            repository=project.repository,
            git_dir=project.git_dir,
            task=private.name,
            worktree=str(folder.resolve()),
            private=str(private),
            name="",
            branch=branch,
            base_commit=head,
        )
        try:
            base = Snapshot(commit=head, tree=await trees.tree_of(project, head))
            snapshot = await read_worktree(self._runner, stand_in, base, "As it was taken over")
        finally:
            shutil.rmtree(private, ignore_errors=True)
        return branch or head, snapshot.commit if snapshot.changed else ""

    async def discard(self, workspace: Workspace) -> None:
        """Delete a worktree that was only made to try something, with its branch and its snapshots.

        Raises:
            GitError: it cannot be deleted.
        """
        await self.remove(workspace)
        listed = await git(workspace, "for-each-ref", "--format=%(refname)", f"refs/shopfloor/{workspace.task}/")
        names = [f"refs/heads/{workspace.branch}", *listed.out.decode("utf-8", "surrogateescape").split()]
        orders = "".join(f"delete {name}\n" for name in names)
        await git(workspace, "update-ref", "--stdin", stdin=orders.encode("utf-8", "surrogateescape"))

    async def tree_of(self, repository: Repository, commitish: str) -> str:
        """See :func:`agents.workspace.trees.tree_of`."""
        return await trees.tree_of(repository, commitish)

    async def diff(self, repository: Repository, base: str, head: str) -> bytes:
        """See :func:`agents.workspace.trees.diff`."""
        return await trees.diff(repository, base, head)

    async def attribute_files(self, repository: Repository, tree: str, patch: bytes) -> list[AttributeFile]:
        """See :func:`agents.workspace.trees.attribute_files`."""
        return await trees.attribute_files(repository, tree, patch)

    async def binary_sizes(self, repository: Repository, patch: bytes) -> dict[str, int]:
        """See :func:`agents.workspace.trees.binary_sizes`."""
        return await trees.binary_sizes(repository, patch)

    async def numstat(self, repository: Repository, base: str, head: str) -> tuple[int, int, int]:
        """See :func:`agents.workspace.trees.numstat`."""
        return await trees.numstat(repository, base, head)

    async def changed_paths(self, repository: Repository, base: str, head: str) -> list[bytes]:
        """See :func:`agents.workspace.trees.changed_paths`."""
        return await trees.changed_paths(repository, base, head)

    async def blobs(self, repository: Repository, ids: Sequence[str]) -> list[bytes]:
        """See :func:`agents.workspace.trees.blobs`."""
        return await trees.blobs(repository, ids)

    async def parent_of(self, repository: Repository, commit: str) -> str:
        """See :func:`agents.workspace.trees.parent_of`."""
        return await trees.parent_of(repository, commit)

    async def merge_base(self, repository: Repository, one: str, other: str) -> str | None:
        """See :func:`agents.workspace.trees.merge_base`."""
        return await trees.merge_base(repository, one, other)

    async def _known(self, workspace: Workspace) -> Known:
        """What is in the repository already; begun anew from the base when the record cannot be read."""
        known = read_known(Path(workspace.private))
        if known is None or not Path(workspace.worktree).is_dir():
            self.check(workspace)
        if known is not None:
            return known
        base = Snapshot(commit=workspace.base_commit, tree=await trees.tree_of(workspace, workspace.base_commit))
        tip = await merging.branch_tip(workspace, workspace.branch) or workspace.base_commit
        return Known(workspace=workspace, snapshot=base, tip=tip)

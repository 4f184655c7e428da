"""The life of a task's worktree: made, handed to an agent, snapshotted, imported, removed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import stat
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from agents import paths
from agents.errors import GitError, UsageError
from agents.model import Struct
from agents.sandbox import Runner
from agents.workspace import trees
from agents.workspace.git import Repository, git
from agents.workspace.private import Grants, Workspace, grants, make_agent_git, point_worktree
from agents.workspace.project import commit_of, open_project, worktrees_of
from agents.workspace.reader import check_out, read_branch, read_worktree

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|lock$|$)){0,99}")
"""What is safe as a part of a ref and of a path at once."""
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Shopfloor"), ("EMAIL", "snapshots@shopfloor.invalid"))
}


class Snapshot(Struct, kw_only=True):
    """The state of a worktree at one moment: a commit in the repository, below ``refs/shopfloor/``."""

    commit: str
    tree: str
    changed: bool = False
    """The tree differs from the snapshot before."""
    notices: tuple[str, ...] = ()
    """What could not be recorded, each a sentence."""


class _Known(Struct, kw_only=True):
    """What of a workspace is in the repository already; kept in its private folder over restarts."""

    snapshot: Snapshot
    tip: str
    refs: dict[str, str] = {}


class Workspaces:
    """Makes and removes worktrees and brings back what agents did in them.

    Calls about one task wait for each other; tasks go on side by side.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def create(self, project_root: str, task: str, slug: str, base: str) -> Workspace:
        """A new worktree on a new branch ``shopfloor/<task>/<slug>`` at ``base``, and the agent's private git folder.

        Args:
            project_root: the main checkout.
            task: the task's id, unique on this machine.
            slug: a few readable words for the path and the branch.
            base: a ref or commit.

        Raises:
            GitError: the repository cannot be used, or the branch or folder exists.
            NotFound: ``base`` does not exist.
            UsageError: ``task`` or ``slug`` cannot be part of a path and of a ref.
        """
        for word in (task, slug):
            if not _NAME.fullmatch(word):
                raise UsageError(f"{word!r} cannot be part of a branch name.", "Use letters, digits and dashes.")
        project = await open_project(Path(project_root))
        commit = await project.commit(base)
        return await self._make(project, task, slug, commit, new_branch=True, files=commit)

    async def restore(self, workspace: Workspace, commit: str) -> Workspace:
        """Make a removed worktree again: on its branch, with the files of a snapshot.

        Raises:
            GitError: the branch or the snapshot is gone, or the worktree is still there.
        """
        files = await trees.tree_of(workspace, commit)
        slug = workspace.branch.rpartition("/")[2]
        return await self._make(workspace, workspace.task, slug, workspace.base_commit, new_branch=False, files=files)

    def check(self, workspace: Workspace) -> None:
        """See that the worktree is still there.

        Raises:
            GitError: it is not.
        """
        if not Path(workspace.worktree).is_dir() or not workspace.agent_git.is_dir():
            raise GitError(
                f"The worktree {workspace.worktree} of task {workspace.task} is not there any more.",
                f"`shopfloor restore {workspace.task}` brings it back from its last snapshot.",
            )

    def grants(self, workspace: Workspace) -> Grants:
        """What git needs in the policy of the workspace's agent."""
        return grants(workspace, self._runner.mounts)

    async def prepare(self, workspace: Workspace) -> None:
        """Set the worktree up for the agent to start, whatever was left in place of its ``.git`` file.

        Raises:
            GitError: the worktree is gone or cannot be written.
        """
        async with self._locks[workspace.task]:
            await asyncio.to_thread(point_worktree, workspace, not self._runner.mounts)

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
            last = known.snapshot
            state = await read_worktree(self._runner, workspace, last.commit, last.tree)
            changed = state.tree != last.tree
            commit = await _commit_tree(workspace, state.tree, message) if changed else last.commit
            snapshot = Snapshot(commit=commit, tree=state.tree, changed=changed, notices=state.notices)
            if known.refs.get(ref_name) != commit:
                await git(workspace, "update-ref", f"refs/shopfloor/{workspace.task}/{ref_name}", commit)
                refs = known.refs | {ref_name: commit}
                _remember(workspace, msgspec.structs.replace(known, snapshot=snapshot, refs=refs))
            return snapshot

    async def import_branch(self, workspace: Workspace) -> str | None:
        """Move the task's branch in the repository to where the agent's copy of it is; None when the agent deleted it.

        Nothing else in the repository moves. The worktree's index there follows, so that the person's ``git status``
        is right.

        Raises:
            GitError: the branch cannot be read, or git found it damaged.
        """
        async with self._locks[workspace.task]:
            known = await self._known(workspace)
            tip = await read_branch(self._runner, workspace, known.tip)
            if tip is None or tip == known.tip:
                return tip
            await git(workspace, "update-ref", f"refs/heads/{workspace.branch}", tip)
            index = {"GIT_INDEX_FILE": str(workspace.entry / "index")}
            await git(workspace, "read-tree", tip, environment=index)
            _remember(workspace, msgspec.structs.replace(known, tip=tip))
            return tip

    async def remove(self, workspace: Workspace) -> None:
        """Delete the worktree and the agent's git folder. Branch and snapshots stay; take a snapshot before.

        Raises:
            GitError: the recorded paths are not below Shopfloor's folders, or cannot be deleted.
        """
        async with self._locks[workspace.task]:
            worktree, private = Path(workspace.worktree), Path(workspace.private)
            _guard(worktree, paths.worktrees_dir(), depth=2)
            _guard(private, paths.task_dir(workspace.task), depth=1)
            await asyncio.to_thread(_delete, worktree)
            await asyncio.to_thread(_delete, private)
            await _forget_entry(workspace)
        self._locks.pop(workspace.task, None)

    async def tree_of(self, repository: Repository, commitish: str) -> str:
        """See :func:`agents.workspace.trees.tree_of`."""
        return await trees.tree_of(repository, commitish)

    async def diff(self, repository: Repository, base: str, head: str) -> bytes:
        """See :func:`agents.workspace.trees.diff`."""
        return await trees.diff(repository, base, head)

    async def numstat(self, repository: Repository, base: str, head: str) -> tuple[int, int, int]:
        """See :func:`agents.workspace.trees.numstat`."""
        return await trees.numstat(repository, base, head)

    async def blobs(self, repository: Repository, ids: Sequence[str]) -> list[bytes]:
        """See :func:`agents.workspace.trees.blobs`."""
        return await trees.blobs(repository, ids)

    async def merge_base(self, repository: Repository, one: str, other: str) -> str | None:
        """See :func:`agents.workspace.trees.merge_base`."""
        return await trees.merge_base(repository, one, other)

    async def _make(
        self, repository: Repository, task: str, slug: str, base: str, *, new_branch: bool, files: str
    ) -> Workspace:
        branch = f"shopfloor/{task}/{slug}"
        worktree = worktrees_of(repository.repository).resolve() / f"{task}-{slug}"
        private = paths.make_private(paths.task_dir(task)) / "repository"
        if worktree.exists() or private.exists():
            raise GitError(f"Task {task} has a worktree already: {worktree}.", "Remove it first.")
        target = ["-b", branch, str(worktree), base] if new_branch else [str(worktree), branch]
        async with self._locks[task]:
            await git(repository, "worktree", "add", "--quiet", "--no-checkout", *target)
            workspace = Workspace(
                repository=repository.repository,
                git_dir=repository.git_dir,
                task=task,
                worktree=str(worktree),
                private=str(private),
                name=_entry_name(worktree),
                branch=branch,
                base_commit=base,
            )
            try:
                paths.make_private(private)
                return await self._fill(workspace, files)
            except BaseException:
                await asyncio.shield(self._undo(workspace, delete_branch=new_branch))
                raise

    async def _fill(self, workspace: Workspace, files: str) -> Workspace:
        tip = await commit_of(workspace, workspace.branch)
        await check_out(self._runner, workspace, files, files if files == workspace.base_commit else tip)
        await make_agent_git(workspace)
        snapshot = Snapshot(commit=workspace.base_commit, tree=await trees.tree_of(workspace, workspace.base_commit))
        _remember(workspace, _Known(snapshot=snapshot, tip=tip))
        return msgspec.structs.replace(workspace, notices=await _notices(workspace))

    async def _undo(self, workspace: Workspace, delete_branch: bool) -> None:
        await asyncio.to_thread(_delete, Path(workspace.worktree))
        await asyncio.to_thread(_delete, Path(workspace.private))
        await _forget_entry(workspace)
        if delete_branch:
            await git(workspace, "update-ref", "-d", f"refs/heads/{workspace.branch}")

    async def _known(self, workspace: Workspace) -> _Known:
        """What is in the repository already; begun anew from the base when the record cannot be read."""
        try:
            return msgspec.json.decode(_record(workspace).read_bytes(), type=_Known)
        except (OSError, msgspec.DecodeError):
            self.check(workspace)
            tree = await trees.tree_of(workspace, workspace.base_commit)
            tip = await commit_of(workspace, workspace.branch)
            return _Known(snapshot=Snapshot(commit=workspace.base_commit, tree=tree), tip=tip)


async def _commit_tree(workspace: Workspace, tree: str, message: str) -> str:
    made = await git(
        workspace, "commit-tree", tree, "-p", workspace.base_commit, "-m", message, environment=_IDENTITY
    )  # fmt: skip
    return made.out.decode().strip()


async def _forget_entry(workspace: Workspace) -> None:
    """Take the worktree's entry out of the repository: exactly this one, and only while it is about this path."""
    try:
        recorded = (workspace.entry / "gitdir").read_text("utf-8", "surrogateescape").strip()
    except FileNotFoundError:
        return
    if recorded == str(Path(workspace.worktree, ".git")):
        await git(workspace, "worktree", "remove", "--force", "--force", workspace.worktree)


async def _notices(workspace: Workspace) -> tuple[str, ...]:
    """What will not work as the person may expect in worktrees of this repository."""
    notices = []
    worktree = Path(workspace.worktree)
    if (worktree / ".gitmodules").is_file():
        notices.append("Submodules are left empty in the worktree, and changes inside them are not recorded.")
    attributes = worktree / ".gitattributes"
    if attributes.is_file() and b"filter=lfs" in attributes.read_bytes():
        notices.append("Git LFS files are pointer files in the worktree; new ones are recorded as ordinary files.")
    partial = await git(workspace, "config", "--get", "extensions.partialClone", accept=(0, 1))
    if partial.out.strip():
        notices.append("This is a partial clone: files that were never fetched are not there for agents.")
    return tuple(notices)


def _entry_name(worktree: Path) -> str:
    """The name git gave the worktree's entry, read before anyone else could write there."""
    content = (worktree / ".git").read_text("utf-8", "surrogateescape")
    return Path(content.removeprefix("gitdir: ").removesuffix("\n")).name


def _record(workspace: Workspace) -> Path:
    return Path(workspace.private, "known.json")


def _remember(workspace: Workspace, known: _Known) -> None:
    record = _record(workspace)
    temporary = record.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode(known))
    temporary.replace(record)


def _guard(path: Path, below: Path, depth: int) -> None:
    """Refuse to delete anything but a folder that lies exactly ``depth`` levels below one of ours."""
    inside = path.parents[depth - 1] if len(path.parents) >= depth else None
    if inside is None or inside.resolve() != below.resolve() or path.is_symlink() or ".." in path.parts:
        raise GitError(f"{path} is not one of Shopfloor's folders below {below}; it is not deleted.")


def _delete(folder: Path) -> None:
    """Delete a tree that an agent may have shaped: no link is followed, folders it closed are opened."""
    if not folder.exists():
        return

    def open_and_repeat(function: Callable[..., object], path: str, error: object) -> None:
        parent = Path(path).parent
        for closed in (parent, Path(path)):
            with contextlib.suppress(OSError):
                if stat.S_ISDIR(closed.lstat().st_mode):
                    closed.chmod(0o700)
        if function is os.unlink or function is os.rmdir:
            function(path)
        else:
            shutil.rmtree(path)

    try:
        shutil.rmtree(folder, onerror=open_and_repeat)
    except OSError as error:
        raise GitError(f"{folder} cannot be deleted: {error.strerror}.", "Delete it yourself.") from error

"""Making a worktree with its private git folder, and deleting both; whole or not at all, whatever interrupts it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec

from agents import paths
from agents.errors import GitError
from agents.model import Struct
from agents.sandbox import Runner
from agents.workspace.git import Repository, Result, git
from agents.workspace.known import Known, Snapshot, read_known, remember
from agents.workspace.private import Kind, Workspace, make_agent_git, make_entry
from agents.workspace.project import commit_of, worktrees_of
from agents.workspace.reader import check_out
from agents.workspace.trees import tree_of

_PAUSES_SECONDS = (0.05, 0.2, 1.0)
"""Git reads the entries of all worktrees first, and gives up on one that another git, perhaps of an engine that was
killed, is just writing. It is asked again after these."""


class Plan(Struct, kw_only=True):
    """What is to be made."""

    task: str
    slug: str
    base: str
    """The commit the task starts from."""
    files: str = ""
    """For a worktree that is made again on its branch: a commit or tree with its files. Empty: a new branch."""
    kind: Kind = "worktree"

    @property
    def branch(self) -> str:
        """The task's branch."""
        return f"shopfloor/{self.task}/{self.slug}"


async def make(runner: Runner, repository: Repository, plan: Plan) -> Workspace:
    """Make a worktree. The same plan again gives the same worktree; what a killed engine left half made is cleared.

    Raises:
        GitError: git refuses, or the task has a worktree already.
    """
    for pause in _PAUSES_SECONDS:
        try:
            return await _make(runner, repository, plan)
        except GitError as error:
            if not _met_another(error):
                raise
        await asyncio.sleep(pause)
    return await _make(runner, repository, plan)


async def _make(runner: Runner, repository: Repository, plan: Plan) -> Workspace:
    worktree = (await asyncio.to_thread(worktrees_of, repository.repository)).resolve() / f"{plan.task}-{plan.slug}"
    private = paths.make_private(paths.task_dir(plan.task)) / "repository"
    known = read_known(private)
    if known is not None and Path(known.workspace.worktree).is_dir():
        made = known.workspace
        if plan.files or (made.worktree, made.branch, made.base_commit) != (str(worktree), plan.branch, plan.base):
            raise GitError(f"Task {plan.task} has a worktree already: {made.worktree}.", "Close it first.")
        return made
    if private.exists():
        await _clear(repository, plan, worktree, private)
    if worktree.exists():
        raise GitError(f"The folder {worktree} exists already.", "Move it out of the way.")
    if plan.files and plan.kind == "worktree":  # one that somebody deleted is still listed
        await git(repository, "worktree", "remove", "--force", "--force", str(worktree), accept=(0, 128))
    paths.make_private(private)  # from here on, its presence without a record says that this was not finished
    adding = asyncio.ensure_future(git(repository, *_adding(plan, worktree)))
    try:
        await asyncio.shield(adding)
        return await _fill(runner, repository, plan, worktree, private)
    except BaseException:
        await asyncio.shield(_undo(adding, repository, plan, worktree, private))
        raise


async def unmake(workspace: Workspace) -> None:
    """Delete a worktree, its entry in the repository and its private folder. Can be repeated.

    Raises:
        GitError: the recorded paths are not below Shopfloor's folders, or cannot be deleted.
    """
    worktree, private = Path(workspace.worktree), Path(workspace.private)
    _guard(worktree, paths.worktrees_dir(), depth=2)
    _guard(private, paths.task_dir(workspace.task), depth=1)
    await asyncio.to_thread(_delete, worktree)
    try:
        recorded = (workspace.entry / "gitdir").read_text("utf-8", "surrogateescape").strip()
    except FileNotFoundError:
        recorded = ""
    if workspace.kind == "worktree" and recorded == str(worktree / ".git"):
        await git(workspace, "worktree", "remove", "--force", "--force", str(worktree))
    await asyncio.to_thread(_delete, private)


def _adding(plan: Plan, worktree: Path) -> tuple[str, ...]:
    """The one git command that begins a workspace, and makes nothing when it fails."""
    if plan.kind == "clone":
        reference = f"refs/heads/{plan.branch}"
        if plan.files:
            return ("rev-parse", "--quiet", "--verify", f"{reference}^{{commit}}")
        return ("branch", "--no-track", plan.branch, plan.base)
    target = (str(worktree), plan.branch) if plan.files else ("-b", plan.branch, str(worktree), plan.base)
    return ("worktree", "add", "--quiet", "--no-checkout", *target)


async def _fill(runner: Runner, repository: Repository, plan: Plan, worktree: Path, private: Path) -> Workspace:
    workspace = Workspace(
        repository=repository.repository,
        git_dir=repository.git_dir,
        task=plan.task,
        worktree=str(worktree),
        private=str(private),
        name=worktree.name if plan.kind == "clone" else _entry_name(worktree),
        branch=plan.branch,
        base_commit=plan.base,
        kind=plan.kind,
    )
    if plan.kind == "clone":
        await asyncio.to_thread(make_entry, workspace)
    tip = await commit_of(workspace, plan.branch) if plan.files else plan.base
    await check_out(runner, workspace, plan.files or plan.base, tip)
    await make_agent_git(workspace)
    workspace = msgspec.structs.replace(workspace, notices=await _notices(workspace))
    base = Snapshot(commit=plan.base, tree=await tree_of(workspace, plan.base))
    remember(Known(workspace=workspace, snapshot=base, tip=tip))
    return workspace


async def _undo(
    adding: asyncio.Future[Result], repository: Repository, plan: Plan, worktree: Path, private: Path
) -> None:
    await asyncio.wait([adding])
    if adding.cancelled() or (adding.exception() is not None and not _met_another(adding.exception())):
        await asyncio.to_thread(_delete, private)  # git made nothing; a branch of that name is not ours
    else:
        await _clear(repository, plan, worktree, private)


def _met_another(error: BaseException | None) -> bool:
    """Git gave up on an entry that another git is just writing. By then it has made the branch, and nothing else."""
    return isinstance(error, GitError) and "/commondir" in error.message


async def _clear(repository: Repository, plan: Plan, worktree: Path, private: Path) -> None:
    """Take back what was made of a plan. No agent has been there."""
    await asyncio.to_thread(_delete, worktree)
    if plan.kind == "worktree":
        await git(repository, "worktree", "remove", "--force", "--force", str(worktree), accept=(0, 128))
    if not plan.files:
        # Only while it still is where we made it.
        await git(repository, "update-ref", "-d", f"refs/heads/{plan.branch}", plan.base, accept=(0, 1, 128))
    await asyncio.to_thread(_delete, private)


async def _notices(workspace: Workspace) -> tuple[str, ...]:
    """What will not work as the person may expect in worktrees of this repository."""
    notices = []
    worktree = Path(workspace.worktree)
    if (worktree / ".gitmodules").is_file():
        notices.append("Submodules are left empty in the worktree, and changes inside them are not recorded.")
    attributes = worktree / ".gitattributes"
    named = attributes.is_file() and b"filter=lfs" in attributes.read_bytes()
    if named or Path(workspace.git_dir, "lfs").is_dir():  # deeper attributes name it too; the folder comes with its use
        notices.append("Git LFS files are pointer files in the worktree; new ones are recorded as ordinary files.")
    partial = await git(workspace, "config", "--get", "extensions.partialClone", accept=(0, 1))
    if partial.out.strip():
        notices.append("This is a partial clone: files that were never fetched are not there for agents.")
    return tuple(notices)


def _entry_name(worktree: Path) -> str:
    """The name git gave the worktree's entry, read before anyone else could write there."""
    content = (worktree / ".git").read_text("utf-8", "surrogateescape")
    return Path(content.removeprefix("gitdir: ").removesuffix("\n")).name


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
        for closed in (Path(path).parent, Path(path)):
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

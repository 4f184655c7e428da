"""Combining a task's work with a branch in the object store alone: no worktree, no index, nothing checked out.

Needs git 2.38 or newer for ``merge-tree --write-tree``. The last step, :func:`advance`, is the only one that moves a
branch, and the only one that touches a checkout: when the branch is the one checked out there, and it is clean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agents.errors import GitError, ShopfloorError
from agents.model import Struct
from agents.workspace import trees
from agents.workspace.git import Repository, git

CONTEXT_LINES = 5
"""Lines shown around the hunks of a conflict."""


Stages = dict[int, tuple[str, str]]
"""Mode and blob of a file in conflict: 1 in the common base, 2 on our side, 3 on theirs, where it is there."""


class Conflict(Struct, kw_only=True):
    """A file that both sides changed in ways that cannot be combined."""

    path: bytes
    text: str
    """The hunks between conflict markers, with lines around; empty when the file is gone on one side or binary."""


class Merged(Struct, kw_only=True):
    """Two sides combined."""

    tree: str
    conflicts: tuple[Conflict, ...] = ()
    """Empty when they go together."""


class Rebased(Struct, kw_only=True):
    """Commits made again on another base."""

    tip: str
    conflicts: tuple[Conflict, ...] = ()
    """Those of the first commit that does not apply."""


class Advanced(Struct, kw_only=True):
    """A branch was moved."""

    checkout: bool
    """The files of the main checkout moved with it."""


async def merge(repository: Repository, ours: str, theirs: str) -> Merged:
    """Combine two commits, as ``git merge`` would.

    Raises:
        GitError: git is too old, or the commits have no common history.
    """
    return await _merged(repository, ours, theirs)


async def find_conflicts(repository: Repository, ours: str, theirs: str) -> tuple[bytes, ...]:
    """The files in which two commits conflict; the quick question, without their text."""
    return tuple((await merge_tree(repository, ours, theirs))[1])


async def _merged(repository: Repository, ours: str, theirs: str) -> Merged:
    tree, names = await merge_tree(repository, ours, theirs)
    conflicts = [Conflict(path=name, text=await _excerpt(repository, tree, name)) for name in names]
    return Merged(tree=tree, conflicts=tuple(conflicts))


async def merge_tree(repository: Repository, ours: str, theirs: str) -> tuple[str, dict[bytes, Stages]]:
    """The tree that two commits combine to, and the files in which they conflict, which have markers in it.

    Raises:
        GitError: git is too old, or the commits have no common history.
    """
    options = ("--write-tree", "--no-messages", "-z")
    done = await git(
        repository,
        "merge-tree",
        *options,
        trees.checked(ours),
        trees.checked(theirs),
        accept=(0, 1, 128, 129),
    )
    if done.status > 1:
        if "usage:" in done.err.decode("utf-8", "replace"):
            raise GitError("This git cannot merge without a checkout.", "Install git 2.38 or newer.")
        raise GitError(f"These commits cannot be merged: {done.complaint}.")
    tree, *entries = done.out.split(b"\0")
    conflicts: dict[bytes, Stages] = {}
    for entry in filter(None, entries):
        meta, _, name = entry.partition(b"\t")
        mode, blob, stage = meta.decode("ascii").split(" ")
        conflicts.setdefault(name, {})[int(stage)] = (mode, blob)
    return tree.decode().strip(), conflicts


async def _excerpt(repository: Repository, tree: str, name: bytes) -> str:
    path = name.decode("utf-8", "surrogateescape")
    listed = await git(repository, "--literal-pathspecs", "ls-tree", "-z", "--full-tree", tree, "--", path)
    fields = listed.out.split(b"\t", 1)[0].split(b" ")
    if len(fields) != 3 or fields[1] != b"blob":
        return ""
    (content,) = await trees.blobs(repository, [fields[2].decode()])
    if b"\0" in content[:8000]:
        return ""
    return conflict_hunks(content.decode("utf-8", "replace"))


def conflict_hunks(text: str) -> str:
    """The parts of a text between conflict markers, with lines around them; ``…`` stands for what is left out."""
    lines = text.split("\n")
    wanted: set[int] = set()
    start = -1
    for number, line in enumerate(lines):
        if line.startswith("<<<<<<< "):
            start = number
        elif line.startswith(">>>>>>> ") and start >= 0:
            wanted.update(range(max(0, start - CONTEXT_LINES), min(len(lines), number + CONTEXT_LINES + 1)))
            start = -1
    shown: list[str] = []
    last = -1
    for number in sorted(wanted):
        if number != last + 1:
            shown.append("…")
        shown.append(lines[number])
        last = number
    return "\n".join(shown)


async def commit_tree(
    repository: Repository, tree: str, parents: Sequence[str], message: str, author: dict[str, str] | None = None
) -> str:
    """A new commit, by the person; with ``author`` (``GIT_AUTHOR_…`` variables) only committed by them.

    Raises:
        GitError: git does not know who the person is.
    """
    options = [part for parent in parents for part in ("-p", trees.checked(parent))]
    made = await git(
        repository,
        *("commit-tree", *options, "-F", "-", tree),
        stdin=message.rstrip().encode() + b"\n",
        environment=author,
        accept=(0, 128),
    )
    if made.status:
        text = made.err.decode("utf-8", "replace")
        if "tell me who you are" in text.lower() or "empty ident" in text:
            raise GitError(
                "Git does not know who you are.", "Set user.name and user.email with `git config --global`, then again."
            )
        raise GitError(f"The commit cannot be made: {made.complaint}.")
    return made.out.decode().strip()


async def rebase(repository: Repository, onto: str, base: str, tip: str) -> Rebased:
    """Make the commits of ``tip`` that ``base`` does not have again on ``onto``, merges left out, authors kept."""
    listed = await git(
        repository,
        "rev-list",
        "--reverse",
        "--topo-order",
        "--no-merges",
        trees.checked(tip),
        f"^{trees.checked(base)}",
    )
    current = onto
    for commit in listed.out.decode().split():
        picked = await _pick(repository, commit, current)
        if picked.conflicts:
            return Rebased(tip=current, conflicts=picked.conflicts)
        author, message = await _words(repository, commit)
        if picked.tree != await trees.tree_of(repository, current):
            current = await commit_tree(repository, picked.tree, (current,), message, author)
    return Rebased(tip=current)


async def _pick(repository: Repository, commit: str, onto: str) -> Merged:
    """The change of one commit on another. A stand-in for ``onto`` with the commit's own parent makes that parent the
    merge base: the option that names one came with git 2.40."""
    stand_in = await commit_tree(repository, await trees.tree_of(repository, onto), (f"{commit}^",), "onto")
    return await _merged(repository, stand_in, commit)


async def revert(repository: Repository, tip: str, landed: str, before_it: str, message: str) -> Rebased:
    """A commit on ``tip`` that takes back what came between ``before_it`` and ``landed``."""
    before = await trees.tree_of(repository, before_it)
    undone = await commit_tree(repository, before, (landed,), "before")
    merged = await _merged(repository, tip, undone)
    if merged.conflicts:
        return Rebased(tip=tip, conflicts=merged.conflicts)
    return Rebased(tip=await commit_tree(repository, merged.tree, (tip,), message))


async def _words(repository: Repository, commit: str) -> tuple[dict[str, str], str]:
    """Author and message of a commit."""
    printed = await git(
        repository, "log", "-1", "--date=raw", "--format=%an%x00%ae%x00%ad%x00%B", trees.checked(commit)
    )
    name, mail, date, message = printed.out.decode("utf-8", "replace").split("\0", 3)
    author = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": date}
    return {key: value for key, value in author.items() if value}, message


async def branch_tip(repository: Repository, branch: str) -> str:
    """The commit of a local branch, '' if there is no such branch."""
    reference = f"refs/heads/{branch}"
    found = await git(repository, "rev-parse", "--quiet", "--verify", f"{reference}^{{commit}}", accept=(0, 1, 128))
    return found.out.decode().strip() if found.status == 0 else ""


async def advance(repository: Repository, branch: str, old: str, new: str) -> Advanced:
    """Move a branch from ``old`` to ``new``, with the files of the checkout that it is checked out in.

    Raises:
        ShopfloorError: the branch is somewhere else by now, or it is checked out where something is not committed.
    """
    where = await _checked_out(repository, branch)
    if where is None:
        moved = await git(repository, "update-ref", f"refs/heads/{branch}", new, old, accept=(0, 1, 128))
        if moved.status:
            raise GitError(f"The branch {branch} moved while it was landed on: {moved.complaint}.", "Land it again.")
        return Advanced(checkout=False)
    if where != Path(repository.repository).resolve():
        raise ShopfloorError(
            f"The branch {branch} is checked out in {where}, which is not the main checkout.",
            "Check out something else there, then land it again.",
        )
    at = ("-C", repository.repository)
    if await branch_tip(repository, branch) != old:
        raise GitError(f"The branch {branch} moved while it was landed on.", "Land it again.")
    await see_clean(repository, branch)
    if await trees.merge_base(repository, old, new) == old:
        moved = await git(repository, *at, "merge", "--quiet", "--ff-only", new, accept=(0, 1, 128))
    else:
        moved = await git(repository, *at, "reset", "--quiet", "--keep", new, accept=(0, 1, 128))
    if moved.status:
        raise GitError(f"The main checkout could not follow: {moved.complaint}.", "Nothing was changed.")
    return Advanced(checkout=True)


async def see_clean(repository: Repository, branch: str) -> None:
    """See that landing on a branch would not meet what is not committed in the main checkout.

    Raises:
        ShopfloorError: it would.
    """
    if await _checked_out(repository, branch) != Path(repository.repository).resolve():
        return
    status = await git(repository, "-C", repository.repository, "status", "--porcelain", "-z", "--untracked-files=no")
    if status.out:
        count = len([part for part in status.out.split(b"\0") if part])
        raise ShopfloorError(
            f"{branch} is checked out in {repository.repository}, where {count} "
            f"{'file is' if count == 1 else 'files are'} changed and not committed.",
            "Commit or stash that, or check out another branch, then land it again.",
        )


async def worktree_head(repository: Repository, folder: Path) -> tuple[str, str]:
    """HEAD's commit of a worktree of a repository, and its branch ('' when HEAD is detached).

    Raises:
        GitError: the folder is not one.
    """
    for where, head, branch in await _worktrees(repository):
        if where == folder.resolve():
            return head, branch
    raise GitError(f"{folder} is not a worktree of {repository.repository}.", "`git worktree list` shows them.")


async def _checked_out(repository: Repository, branch: str) -> Path | None:
    """The checkout that has a branch checked out."""
    for where, _, current in await _worktrees(repository):
        if current == branch:
            return where
    return None


async def _worktrees(repository: Repository) -> list[tuple[Path, str, str]]:
    """Folder, commit and branch ('' when detached) of the main checkout and all worktrees."""
    listed = await git(repository, "worktree", "list", "--porcelain", "-z", accept=(0, 129))
    separator = b"\0"
    if listed.status:  # -z came with git 2.36
        listed = await git(repository, "worktree", "list", "--porcelain")
        separator = b"\n"
    found: list[tuple[Path, str, str]] = []
    for line in listed.out.split(separator):
        key, _, value = line.decode("utf-8", "surrogateescape").partition(" ")
        if key == "worktree":  # the main one is the first, and named by its git folder when that lies elsewhere
            found.append((Path(value if found else repository.repository).resolve(), "", ""))
        elif key == "HEAD":
            found[-1] = (found[-1][0], value, "")
        elif key == "branch":
            found[-1] = (*found[-1][:2], value.removeprefix("refs/heads/"))
    return found

"""Finding the repository a person means, and what can be asked of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from agents import paths
from agents.errors import GitError, NotFound
from agents.workspace.git import Repository, discover, git

_RECORD = ".repository"
"""Beside a repository's worktrees: which repository they belong to, so that nobody has to ask a worktree."""


class Project(Repository, kw_only=True):
    """A repository that tasks can be made in."""

    head: str
    """The branch checked out in the main checkout, or the commit id when HEAD is detached."""

    @property
    def root(self) -> Path:
        """The main checkout."""
        return Path(self.repository)

    @property
    def name(self) -> str:
        """What to call it."""
        return self.root.name

    async def commit(self, ref: str) -> str:
        """The commit that a ref stands for now.

        Raises:
            NotFound: there is none.
        """
        return await commit_of(self, ref)

    async def branches(self) -> list[str]:
        """The branch checked out, then the others, latest commit first."""
        listed = await git(
            self, "for-each-ref", "--sort=-committerdate", "--format=%(refname:lstrip=2)", "refs/heads/"
        )  # fmt: skip
        names = listed.out.decode("utf-8", "surrogateescape").splitlines()
        return [self.head, *(name for name in names if name != self.head)]


async def open_project(path: Path) -> Project:
    """The repository that ``path`` lies in, by its main checkout also when ``path`` is in a linked worktree.

    A dirty checkout and a detached HEAD are fine: tasks start from commits.

    Raises:
        GitError: git is missing or older than 2.31; the path does not exist, is not in a repository or belongs to
            someone else; the repository is bare or has no commits.
    """
    if not path.is_dir():
        raise GitError(f"There is no folder {path}.")
    path = path.resolve()
    worktrees = paths.worktrees_dir().resolve()
    if path.is_relative_to(worktrees) and path != worktrees:
        path = _recorded_repository(worktrees / path.relative_to(worktrees).parts[0])
    root, git_dir = await _main_checkout(path)
    repository = Repository(repository=str(root), git_dir=str(git_dir))
    commit = await git(repository, "rev-parse", "--quiet", "--verify", "HEAD^{commit}", accept=(0, 1, 128))
    if commit.status:
        raise GitError(f"The repository {root} has no commits yet.", "Make a first commit, then come back.")
    branch = await git(repository, "symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
    head = branch.out.decode("utf-8", "surrogateescape").strip().removeprefix("refs/heads/")
    return Project(repository=str(root), git_dir=str(git_dir), head=head or commit.out.decode().strip())


async def commit_of(repository: Repository, ref: str) -> str:
    """The commit that a ref stands for.

    Raises:
        NotFound: there is none.
    """
    # A leading dash would be taken for an option; no ref can begin with one.
    if ref and not ref.startswith("-"):
        found = await git(
            repository, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}", accept=(0, 1, 128)
        )  # fmt: skip
        if found.status == 0:
            return found.out.decode().strip()
    raise NotFound(
        f"There is no branch, tag or commit {ref!r} in {repository.repository}.", "`git branch -a` lists them."
    )


def worktrees_of(repository: str) -> Path:
    """The folder for the worktrees of a repository: its name, and four digits that tell equal names apart. Makes it."""
    digest = hashlib.sha256(repository.encode("utf-8", "surrogateescape")).hexdigest()
    folder = paths.make_private(paths.worktrees_dir()) / f"{Path(repository).name}-{digest[:4]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    record = folder / _RECORD
    if not record.exists():
        record.write_text(repository, "utf-8", "surrogateescape")
    return folder


def _recorded_repository(folder: Path) -> Path:
    try:
        return Path((folder / _RECORD).read_text("utf-8", "surrogateescape"))
    except OSError as error:
        raise GitError(
            f"It is not known which repository {folder} belongs to.", "Name the repository itself."
        ) from error


async def _main_checkout(path: Path) -> tuple[Path, Path]:
    """Main checkout and common git dir of the repository around ``path``."""
    found = await discover(
        path, "rev-parse", "--path-format=absolute", "--is-bare-repository", "--git-dir", "--git-common-dir"
    )  # fmt: skip
    if found.status:
        raise _not_usable(path, found.complaint)
    lines = found.out.decode("utf-8", "surrogateescape").splitlines()
    if len(lines) != 3:
        raise GitError(f"The path of the repository around {path} has a line break in it.", "Rename the folder.")
    bare, git_dir, common = lines[0] == "true", Path(lines[1]), Path(lines[2])
    if bare:
        raise _without_checkout(path)
    if git_dir != common:
        return await _main_checkout(common.parent if common.name == ".git" else common)
    top = await discover(path, "rev-parse", "--path-format=absolute", "--show-toplevel")
    if top.status:
        if common.name == ".git" and path != common.parent:
            return await _main_checkout(common.parent)
        raise GitError(
            f"The main checkout of the repository {common} cannot be found.", "Open the main checkout itself."
        )
    return Path(top.out.decode("utf-8", "surrogateescape").removesuffix("\n")), common


def _not_usable(path: Path, complaint: str) -> GitError:
    if "not a git repository" in complaint:
        return GitError(f"{path} is not in a git repository.", "Go to one, or make one with `git init`.")
    if "bare repository" in complaint:
        return _without_checkout(path)
    if "dubious ownership" in complaint or "safe.directory" in complaint:
        return GitError(
            f"The repository at {path} belongs to somebody else.",
            f"If you trust it: git config --global --add safe.directory {path}",
        )
    return GitError(f"Git cannot use the repository at {path}: {complaint}.")


def _without_checkout(path: Path) -> GitError:
    return GitError(f"{path} is a bare repository, without a checkout.", "Clone it, and open the clone.")

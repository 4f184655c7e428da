"""What a fresh worktree is given of the main checkout beside git's files: ignored files copied, folders linked.

It runs on the host before any agent has been in the worktree, reads only below the main checkout and writes only
below the worktree; what lies there may come from an agent all the same, links that lead out of it too. Nothing is
hard-linked: a file shared that way could be changed through the worktree.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from agents.errors import GitError
from agents.model import Struct
from agents.workspace.git import Repository, git

INCLUDE_FILE = ".worktreeinclude"
"""Patterns as in ``.gitignore``: what matches one and is ignored by git is copied. Other programs read it too."""
_FICLONE = 0x40049409
"""``ioctl_ficlone(2)``: both files share their blocks until one of them is written."""


class Furnished(Struct, kw_only=True):
    """What was done."""

    copied: int = 0
    """Files."""
    linked: tuple[str, ...] = ()
    """Folders whose entries lead to the main checkout, where the agent can read and not write. The folder itself is the
    worktree's: a pattern such as ``node_modules/`` ignores folders and no links, and tools make files of their own in
    it."""
    cloned: tuple[str, ...] = ()
    """Folders that share their blocks with the main checkout, and are the worktree's own."""
    notices: tuple[str, ...] = ()
    """What could not be done as asked, each a sentence."""


async def furnish(repository: Repository, worktree: Path, copy: Sequence[str], link: Sequence[str]) -> Furnished:
    """Copy what ``copy`` and ``.worktreeinclude`` name, and link or clone the folders of ``link``.

    What is in the worktree already is left as it is. A folder of ``link`` is cloned where the file system shares
    blocks between files (on Linux btrfs and XFS), else linked.

    Args:
        repository: the main checkout.
        copy: files, folders or patterns with ``*``, relative to it.
        link: folders, relative to it.

    Raises:
        GitError: the include file cannot be read, or the disk refuses.
    """
    included = await _included(repository)
    try:
        return await asyncio.to_thread(_furnish, Path(repository.repository), worktree, copy, link, included)
    except (OSError, shutil.Error) as error:
        raise GitError(f"The worktree {worktree} cannot be furnished: {error}.", "Make room, then resume.") from error


async def _included(repository: Repository) -> list[str]:
    """Files that ``.worktreeinclude`` names and git ignores."""
    root = Path(repository.repository)
    if not (root / INCLUDE_FILE).is_file():
        return []
    at = ("-C", str(root))
    wanted = await git(repository, *at, "ls-files", "-z", "--others", "--ignored", f"--exclude-from={INCLUDE_FILE}")
    if not wanted.out:
        return []
    ignored = await git(repository, *at, "check-ignore", "-z", "--stdin", stdin=wanted.out, accept=(0, 1))
    return [os.fsdecode(name) for name in ignored.out.split(b"\0") if name]


def _furnish(
    root: Path, worktree: Path, copy: Iterable[str], link: Iterable[str], included: Iterable[str]
) -> Furnished:
    notices: list[str] = []
    copied = 0
    for entry in copy:
        found = _matching(root, entry)
        if not found:
            notices.append(f"{entry} is not in {root}: nothing was copied for it.")
        for source in found:
            copied += _copy(root, source, worktree, notices)
    for entry in included:
        copied += _copy(root, root / entry, worktree, notices)
    linked, cloned = [], []
    for entry in link:
        source, target = root / entry, worktree / entry
        if not source.is_dir():
            notices.append(f"{entry} is not a folder in {root}: nothing was linked for it.")
        elif target.exists() or target.is_symlink():
            notices.append(f"{entry} is in the worktree already: it was left as it is.")
        elif _leads_outside(root, source):
            notices.append(_outside(root, source))
        elif _leads_outside(worktree, target):
            notices.append(_outside_worktree(entry))
        elif _can_clone(source, target.parent):
            shutil.copytree(source, target, symlinks=True, copy_function=_clone)
            cloned.append(entry)
        else:
            target.mkdir(parents=True)
            for inner in source.iterdir():
                (target / inner.name).symlink_to(inner)
            linked.append(entry)
    return Furnished(copied=copied, linked=tuple(linked), cloned=tuple(cloned), notices=tuple(notices))


def _matching(root: Path, entry: str) -> list[Path]:
    if set(entry) & set("*?["):
        return sorted(path for path in root.glob(entry) if ".git" not in path.relative_to(root).parts)
    return [root / entry] if (root / entry).exists() else []


def _copy(root: Path, source: Path, worktree: Path, notices: list[str]) -> int:
    """Copy a file or a folder to the same place in the worktree; the number of files."""
    target = worktree / source.relative_to(root)
    if _leads_outside(root, source):
        notices.append(_outside(root, source))
        return 0
    if source.is_dir():
        return sum(_copy(root, inner, worktree, notices) for inner in sorted(source.iterdir()))
    if target.is_symlink() or target.exists() or not stat.S_ISREG(source.stat().st_mode):
        return 0
    if _leads_outside(worktree, target):
        notices.append(_outside_worktree(str(source.relative_to(root))))
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    _clone_or_copy(source, target)
    return 1


def _leads_outside(root: Path, source: Path) -> bool:
    return not source.resolve().is_relative_to(root.resolve())


def _outside(root: Path, source: Path) -> str:
    return f"{source.relative_to(root)} is a link out of the repository: it was left out."


def _outside_worktree(name: str) -> str:
    return f"{name} would be written through a link out of the worktree: it was left out."


def _can_clone(source: Path, folder: Path) -> bool:
    """Try it with the first file there is."""
    first = next((path for path in source.rglob("*") if path.is_file() and not path.is_symlink()), None)
    if first is None:
        return True  # nothing to share: an empty folder of its own
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / ".shopfloor-clone"
    try:
        _clone(str(first), str(trial))
    except OSError:
        return False
    finally:
        trial.unlink(missing_ok=True)
    return True


def _clone(source: str, target: str) -> None:
    """Copy a file by sharing its blocks; OSError where that cannot be."""
    with Path(source).open("rb") as old, Path(target).open("wb") as new:
        if os.fstat(old.fileno()).st_size:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    shutil.copystat(source, target)


def _clone_or_copy(source: Path, target: Path) -> None:
    try:
        _clone(str(source), str(target))
    except OSError:
        shutil.copy2(source, target)

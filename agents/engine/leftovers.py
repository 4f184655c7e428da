"""What tasks that have left the floor still take of the disk, and freeing it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agents import paths
from agents.errors import ShopfloorError
from agents.model import FINAL_STATES, Task
from agents.parts.worktrees import Leftover
from agents.workspace.known import read_known


def leftovers(tasks: Mapping[str, Task]) -> list[Leftover]:
    """Folders that nothing on the floor needs. Branches, snapshots and transcripts are not among them.

    Blocks: it adds up the sizes of files.
    """
    found = []
    for folder in _folders(paths.state_dir() / "tasks"):
        task = tasks.get(folder.name)
        if (task is None or task.state in FINAL_STATES) and not _worktree_is_there(folder, task):
            what = "private files of a closed task" if task else "private files of a task that is not known"
            found.append(Leftover(path=str(folder), bytes=size_of(folder), what=what, task=task.id if task else ""))
    used = {
        Path(task.worktree).parent.name for task in tasks.values() if task.worktree and task.state not in FINAL_STATES
    }
    for folder in _folders(paths.cache_dir() / "agents"):
        if folder.name not in used:
            found.append(Leftover(path=str(folder), bytes=size_of(folder), what="package cache of agents"))
    return found


def _worktree_is_there(folder: Path, task: Task | None) -> bool:
    """It was left when its task left the floor: what its agent has committed there is nowhere else."""
    known = read_known(folder / "repository")
    worktree = known.workspace.worktree if known else task.worktree if task else ""
    return bool(worktree) and Path(worktree).exists()


def remove(found: Iterable[Leftover]) -> None:
    """Delete leftovers. Only folders directly below our own are touched, links are not followed.

    Raises:
        ShopfloorError: some could not be deleted; the others are.
    """
    ours = (paths.state_dir() / "tasks", paths.cache_dir() / "agents")
    problems = []
    for leftover in found:
        folder = Path(leftover.path)
        if folder.parent in ours and not folder.is_symlink():
            try:
                shutil.rmtree(folder)
            except FileNotFoundError:
                continue  # somebody else was faster
            except OSError as error:
                problems.append(f"{error.filename}: {error.strerror}")
    if problems:
        raise ShopfloorError(f"Not all could be deleted: {'; '.join(problems)}.", "Delete it by hand, or try again.")


def _folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from sorted(child for child in parent.iterdir() if child.is_dir() and not child.is_symlink())


def size_of(folder: Path) -> int:
    """What the files below a folder take of the disk, links not followed. Blocks."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512  # noqa: PTH118
            except OSError:
                continue  # gone while we looked
    return total

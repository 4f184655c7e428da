"""What of a workspace is in the repository already: a small record in the task's private folder, kept over restarts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agents import paths
from agents.model import Struct, Task
from agents.workspace.private import Workspace
from agents.workspace.project import open_project

_NAME = "known.json"


class Snapshot(Struct, kw_only=True):
    """The state of a worktree at one moment: a commit in the repository, below ``refs/shopfloor/``."""

    commit: str
    tree: str
    changed: bool = False
    """The tree differs from the snapshot before."""
    notices: tuple[str, ...] = ()
    """What could not be recorded, each a sentence."""


class Known(Struct, kw_only=True):
    """Written when a workspace is complete, and after each snapshot and import."""

    workspace: Workspace
    snapshot: Snapshot
    """The last one."""
    tip: str
    """Where the task's branch was last imported."""
    refs: dict[str, str] = {}
    """Commits of the snapshots by name."""


def read_known(private: Path) -> Known | None:
    """The record in a private folder; None when there is none that can be read."""
    try:
        return msgspec.json.decode((private / _NAME).read_bytes(), type=Known)
    except (OSError, msgspec.DecodeError):
        return None


async def workspace_again(task: Task) -> Workspace:
    """Where a task's files live, when the engine's own record of it cannot be read.

    Raises:
        GitError: the repository is not there.
    """
    private = paths.task_dir(task.id) / "repository"
    if known := read_known(private):
        return msgspec.structs.replace(known.workspace, base_commit=task.base_commit, furnished=task.turn > 0)
    project = await open_project(Path(task.project))
    wanted = str(Path(task.worktree, ".git"))
    entries = Path(project.git_dir, "worktrees").glob("*/gitdir")
    names = [entry.parent.name for entry in entries if entry.read_text("utf-8", "surrogateescape").strip() == wanted]
    return Workspace(
        repository=project.repository,
        git_dir=project.git_dir,
        task=task.id,
        worktree=task.worktree,
        private=str(private),
        name=names[0] if names else Path(task.worktree).name,
        branch=task.branch,
        base_commit=task.base_commit,
        kind="clone" if (private / "entry").is_dir() else "worktree",
        furnished=task.turn > 0,
    )


def remember(known: Known) -> None:
    """Write the record, whole or not at all."""
    record = Path(known.workspace.private, _NAME)
    temporary = record.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode(known))
    temporary.replace(record)

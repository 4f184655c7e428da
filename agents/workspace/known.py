"""What of a workspace is in the repository already: a small record in the task's private folder, kept over restarts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from agents.model import Struct
from agents.workspace.private import Workspace

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


def remember(known: Known) -> None:
    """Write the record, whole or not at all."""
    record = Path(known.workspace.private, _NAME)
    temporary = record.with_suffix(".new")
    temporary.write_bytes(msgspec.json.encode(known))
    temporary.replace(record)

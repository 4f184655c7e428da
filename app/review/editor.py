"""Opening a file of a worktree in the person's own editor."""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import App

from agents.errors import UsageError
from agents.review.escape import escape_name
from app.editor import run_editor


def file_in(worktree: str, path: bytes) -> Path:
    """Where a file of a worktree lies.

    Raises:
        UsageError: it is not there, or it is a link that leads out of the worktree.
    """
    root = Path(worktree).resolve()
    target = root / os.fsdecode(path)
    if not worktree or not target.is_file():
        raise UsageError(f"{escape_name(path)} is not in the worktree.")
    if not target.resolve().is_relative_to(root):
        raise UsageError(f"{escape_name(path)} is a link that leads out of the worktree: it is not opened.")
    return target


def open_in_editor(app: App[object], worktree: str, path: bytes, line: int) -> None:
    """Give the terminal to the person's editor until it ends.

    Raises:
        ShopfloorError: the editor or the file cannot be used, or this terminal cannot be handed over.
    """
    run_editor(app, [f"+{max(1, line)}", str(file_in(worktree, path))], worktree)

"""Opening a file of a worktree in the person's own editor."""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import App

from agents.errors import UsageError
from agents.escape import escape_name
from app.editor import editor_command, run_editor

_GO_TO = frozenset(("code", "code-insiders", "codium", "cursor", "windsurf"))
_WITH_COLON = frozenset(("hx", "helix", "subl", "zed", "zeditor"))


def arguments_at(editor: str, file: str, line: int) -> list[str]:
    """How an editor is told to open a file at a line: as vi, emacs and nano are, or in a way of its own."""
    name = Path(editor).name
    if name in _GO_TO:
        return ["--goto", f"{file}:{line}"]
    if name in _WITH_COLON:
        return [f"{file}:{line}"]
    return [f"+{line}", file]


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
    editor = editor_command(os.environ)[0]
    run_editor(app, arguments_at(editor, str(file_in(worktree, path)), max(1, line)), worktree)

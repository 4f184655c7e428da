"""Opening a file of a worktree in the person's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported

from agents.errors import ShopfloorError, UsageError
from agents.review.escape import escape_name


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """The person's editor, from VISUAL or EDITOR.

    Raises:
        UsageError: none is set, or it cannot be read as a command.
    """
    chosen = environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        command = shlex.split(chosen)
    except ValueError as error:
        raise UsageError(
            f"EDITOR cannot be read as a command: {error}.", "Set it to a program, such as vim."
        ) from error
    if not command:
        raise UsageError("There is no editor set.", "Set EDITOR (or VISUAL) to the program you write with.")
    return command


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
    command = [*editor_command(os.environ), f"+{max(1, line)}", str(file_in(worktree, path))]
    try:
        with app.suspend():
            subprocess.run(command, cwd=worktree, check=False)
    except SuspendNotSupported as error:
        raise ShopfloorError("This terminal cannot be handed to an editor.") from error
    except OSError as error:
        raise ShopfloorError(f"{command[0]} could not be started: {error.strerror}.") from error

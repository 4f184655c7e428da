"""The person's own editor: for a file, or for a text that is being written here."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from textual.app import App, SuspendNotSupported

from agents.errors import ShopfloorError, UsageError


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


def run_editor(app: App[object], arguments: Sequence[str], directory: str | Path) -> None:
    """Give the terminal to the person's editor until it ends.

    Raises:
        ShopfloorError: it cannot be started, or this terminal cannot be handed over.
    """
    command = [*editor_command(os.environ), *arguments]
    try:
        with app.suspend():
            subprocess.run(command, cwd=directory, check=False)
    except SuspendNotSupported as error:
        raise ShopfloorError("This terminal cannot be handed to an editor.") from error
    except OSError as error:
        raise ShopfloorError(f"{command[0]} could not be started: {error.strerror}.") from error
    app.refresh(layout=True)


def edit_text(app: App[object], text: str) -> str:
    """Let the person write a text in their editor; the text as it is when that ends.

    Raises:
        ShopfloorError: as :func:`run_editor`, or what was written cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="shopfloor-") as folder:
        file = Path(folder, "prompt.md")
        file.write_text(text, "utf-8", "surrogateescape")
        run_editor(app, [str(file)], folder)
        try:
            written = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ShopfloorError(f"What was written in the editor cannot be read: {error}.") from error
    return written.removesuffix("\n") if not text.endswith("\n") else written

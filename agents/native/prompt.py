"""What a model is told before anything else: who it is, where it works, what the project asks for."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

NAMES = ("AGENTS.md", "CLAUDE.md")
"""Instruction files of a folder; the first one that is there counts."""
FILE_LIMIT_BYTES = 32 * 1024

_SYSTEM = """\
You are a coding agent. You work by yourself in {directory}, a git worktree made for this task alone; nobody confirms \
your steps, and a person reviews the whole change when you stop.

- Look before you change: read what a change touches. Prefer small, exact changes in the style of the code around them.
- Look into files with read, search with bash (rg, grep, find, ls), change files with edit, use write for new ones.
- Independent tool calls can be made at once; they run side by side.
- Run what proves the change works (tests, types, lint) and mend what you broke. Never make a test pass by weakening it.
- Commands run without a terminal and get no input. What runs on goes to the background with its output in a file.
- You can write in this worktree, the temporary folder and package caches. A read-only file system or a denied write \
elsewhere is policy: do not look for a way around it.
- Leave branches, remotes and git configuration alone; commit only when asked to.
- Do what was asked, no more. When something cannot be done or is unclear, say so plainly. At the end say in a few \
sentences what you changed and what you did not verify."""

_CHECKS = """\
When you stop, these checks of the project run on your change, and what fails comes back to you; run them yourself \
first:
{checks}"""

_controls = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def system_prompt(directory: str, checks: Sequence[str] = (), instructions: Sequence[tuple[str, str]] = ()) -> str:
    """The system prompt of an agent.

    Args:
        directory: where it works.
        checks: the project's checks as command lines.
        instructions: names and texts of instruction files, the most general one first.
    """
    parts = [_SYSTEM.format(directory=directory)]
    if checks:
        parts.append(_CHECKS.format(checks="\n".join(f"- {check}" for check in checks)))
    for name, text in instructions:
        parts.append(f'<instructions file="{name}">\n{text.strip()}\n</instructions>')
    return "\n\n".join(parts)


def instruction_files(folders: Sequence[Path]) -> list[tuple[str, str]]:
    """Path and text of each folder's instruction file, as far as there are any.

    The agent writes in the folder this looks at, with rights we must not lend it: links are not followed, what is no
    regular file is not opened to the end, and a long file is cut.
    """
    found = []
    for folder in folders:
        for name in NAMES:
            if text := _text_of(folder / name):
                found.append((str(folder / name), text))
                break
    return found


def _text_of(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""  # none here, or a link
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        data = os.read(descriptor, FILE_LIMIT_BYTES + 1) if is_file else b""
    finally:
        os.close(descriptor)
    text = _controls.sub("", data[:FILE_LIMIT_BYTES].decode("utf-8", "replace").replace("\r\n", "\n")).strip()
    if text and len(data) > FILE_LIMIT_BYTES:
        text += f"\n[Cut after {FILE_LIMIT_BYTES} bytes; read the file for the rest.]"
    return text

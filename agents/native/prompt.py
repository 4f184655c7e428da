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
- Commands run without a terminal and get no input. Run servers and watchers with background.
- You can write in this worktree, the temporary folder and package caches. A read-only file system or a denied write \
elsewhere is policy: do not look for a way around it.
- Leave branches, remotes and git configuration alone; commit only when asked to.
- Do what was asked, no more. When something cannot be done or is unclear, say so plainly. At the end say in a few \
sentences what you changed and what you did not verify."""

_CHECKS = """\
When you stop, these checks of the project run on your change, and what fails comes back to you; run them yourself \
first:
{checks}"""

_SKILLS = """\
These skills are instructions for certain kinds of work. When one fits, read its file before you begin:
{skills}"""

_controls = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def system_prompt(
    directory: str,
    checks: Sequence[str] = (),
    instructions: Sequence[tuple[str, str]] = (),
    skills: Sequence[tuple[str, str, str]] = (),
) -> str:
    """The system prompt of an agent.

    Args:
        directory: where it works.
        checks: the project's checks as command lines.
        instructions: names and texts of instruction files, the most general one first.
        skills: name, description and file of each skill.
    """
    parts = [_SYSTEM.format(directory=directory)]
    if checks:
        parts.append(_CHECKS.format(checks="\n".join(f"- {check}" for check in checks)))
    if skills:
        parts.append(_SKILLS.format(skills="\n".join(f"- {name} ({path}): {text}" for name, text, path in skills)))
    for name, text in instructions:
        parts.append(f'<instructions file="{name}">\n{text.strip()}\n</instructions>')
    return "\n\n".join(parts)


def folders_down(root: Path, directory: Path) -> list[Path]:
    """The folders from the root of a repository down to the one to work in; that one alone when it is elsewhere."""
    if not directory.is_relative_to(root):
        return [directory]
    return [*reversed([p for p in directory.parents if p.is_relative_to(root)]), directory]


def instruction_files(folders: Sequence[Path]) -> list[tuple[str, str]]:
    """Path and text of each folder's instruction file, as far as there are any; the same text only once."""
    found: dict[str, str] = {}
    for folder in folders:
        for name in NAMES:
            if text := text_of(folder / name, folder):
                found.setdefault(text, str(folder / name))
                break
    return [(path, text) for text, path in found.items()]


def text_of(path: Path, within: Path) -> str:
    """The text of a file that the agent may have written, or its folder: we must not lend it our rights.

    Links are not followed, what lies outside ``within`` is not looked at, what is no regular file is not opened to the
    end, and a long file is cut. Empty when there is nothing to read.
    """
    try:
        folder = path.parent.resolve(strict=True)
        if not folder.is_relative_to(within.resolve()):
            return ""
        descriptor = os.open(folder / path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
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

"""Verbs about commits on a task's worktree."""

from __future__ import annotations

import argparse
import os
import sys

from agents.errors import UsageError
from agents.parts.committing import FileStatus
from app.verbs.printing import print_json, safe
from app.verbs.tasks import engine


async def git(options: argparse.Namespace) -> int:
    """``shopfloor git``."""
    async with engine() as api:
        files = await api.committing.files(options.task)
        picked = _picked(files, options.file)
        if options.suggest:
            print(safe(await api.committing.suggest(options.task, picked)))
            return 0
        if not options.command:
            for one in files:
                _print(one, options.json)
            if not files and not options.json:
                print("Nothing differs from the last commit.")
            return 0
        if options.preview:
            print(safe(await api.committing.preview(options.command, picked)))
            return 0
        ran = await api.committing.run(options.task, options.command, picked)
    if options.json:
        print_json(ran)
    elif ran.output:
        print(safe(ran.output), file=sys.stderr if ran.status else sys.stdout)
    return 0 if ran.status == 0 else 1


def _picked(files: list[FileStatus], names: list[str]) -> list[FileStatus]:
    """The files that were named, all when none was."""
    if not names:
        return files
    wanted = [os.fsencode(name) for name in names]
    missing = [name for name in wanted if name not in [one.path for one in files]]
    if missing:
        raise UsageError(
            f"{os.fsdecode(missing[0])!r} does not differ from the last commit.",
            "`shopfloor git TASK` lists what does.",
        )
    return [one for one in files if one.path in wanted]


def _print(one: FileStatus, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "path": one.path.decode("utf-8", "backslashreplace"),
                "old_path": one.old_path.decode("utf-8", "backslashreplace"),
                "word": one.word,
                "staged": one.staged,
                "untracked": one.untracked,
            }
        )
        return
    name = one.path.decode("utf-8", "backslashreplace")
    old = f"{one.old_path.decode('utf-8', 'backslashreplace')} → " if one.old_path else ""
    print(f"{one.word:<9} {'staged' if one.staged else '':<7} {safe(old + name)}".rstrip())

"""A machine in miniature: a worktree and what lies around it, and commands run confined in the worktree."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from agents.model import Struct
from agents.sandbox import Policy, Process, Runner

PATIENCE_SECONDS = 15
"""After this something hangs. Nothing here is measured."""


class Outcome(Struct):
    """How a confined command ended."""

    status: int
    output: str


class Scene:
    """``worktree``, ``cache`` and ``temp`` may be written, ``outside`` only be read, ``secret`` not even that."""

    def __init__(self, top: Path, runner: Runner) -> None:
        self.top = top.resolve()
        self.runner = runner
        self._started: list[Process] = []
        for name in ("worktree", "cache", "temp", "outside", "secret"):
            (self.top / name).mkdir()
        self.worktree, self.cache, self.temp = self.top / "worktree", self.top / "cache", self.top / "temp"
        self.outside, self.secret = self.top / "outside", self.top / "secret"
        (self.outside / "file").write_text("original")
        (self.secret / "key").write_text("PRIVATE")
        self.policy = Policy(
            directory=str(self.worktree),
            write=(str(self.worktree), str(self.cache)),
            read=(str(self.top), sys.prefix, sys.base_prefix),
            hide=(str(self.secret),),
            temp=str(self.temp),
            environment={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
        )

    def with_policy(self, **changes: Any) -> Scene:
        """The same scene under another policy: what is given replaces what was there."""
        self.policy = structs.replace(self.policy, **changes)
        return self

    async def run(self, command: str) -> Outcome:
        """Run a shell command to its end, both outputs together."""
        return await self.execute("/bin/bash", "-c", command)

    async def python(self, program: str) -> Outcome:
        """Run a Python program to its end."""
        return await self.execute(sys.executable, "-I", "-S", "-c", program)

    async def execute(self, *argv: str) -> Outcome:
        """Run a program to its end, both outputs together."""
        process = await self.start(*argv, stderr="stdout")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert process.stdout is not None
            output = await process.stdout.read()
            return Outcome(await process.wait(), output.decode("utf-8", "replace"))

    async def start(self, *argv: str, **streams: Any) -> Process:
        """Start a program; ``close`` ends it if nothing else does."""
        process = await self.runner.start(argv, self.policy, **streams)
        self._started.append(process)
        return process

    async def close(self) -> None:
        """End everything that was started."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for process in self._started:
                process.kill()
                for stream in (process.stdout, process.stderr):
                    if stream is not None:
                        await stream.read()
                await process.wait()


def tree_of(folder: Path, but: Sequence[Path] = ()) -> dict[str, tuple[int, bytes]]:
    """Everything below a folder: mode and content by path, without what lies below ``but``."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
        if not any(path.is_relative_to(left_out) for left_out in but)
    }

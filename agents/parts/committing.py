"""Git commands of the person on a task's worktree: pick files, write the command, see it before it runs."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct

FileWord = Literal["new", "modified", "deleted", "renamed", "retyped", "conflict"]


class FileStatus(Struct, kw_only=True):
    """A file that differs from the last commit."""

    path: bytes
    """Its name now."""
    word: FileWord
    old_path: bytes = b""
    """For renamed ones."""
    staged: bool = False
    """Some of it is in the index."""
    untracked: bool = False


class GitRun(Struct, kw_only=True):
    """A command that ran."""

    command: str
    status: int | None
    """Its exit status; None when it took too long."""
    output: str
    """The end of what it printed."""
    commit: str = ""
    """Where the task's branch is since, if it moved."""


class Committing(Protocol):
    """What can be asked about commits of a resting task. Commands run confined, on the agent's copy of git, as the
    agent's own would; what they commit is taken over as the agent's commits are."""

    async def files(self, task: str) -> list[FileStatus]:
        """What differs from the last commit, untracked files one by one, ignored ones not."""

    async def preview(self, command: str, files: list[FileStatus]) -> str:
        """The command with ``{}`` replaced by the names of ``files``, preceded by a ``git add`` for those that git does
        not know when it commits them.

        Raises:
            UsageError: it would need an editor or somebody at the keyboard, with what to write instead.
        """

    async def run(self, task: str, command: str, files: list[FileStatus]) -> GitRun:
        """Run it. What it was is kept for :meth:`history`."""

    async def suggest(self, task: str, files: list[FileStatus]) -> str:
        """A commit message for the files by the model of the task: one line of at most 72 characters. Nothing runs.
        What it costs is counted as every request is.

        Raises:
            UsageError: the model can only be asked through its agent, or today's budget is spent.
        """

    async def history(self) -> list[str]:
        """Commands as they were written, the latest first, each once."""

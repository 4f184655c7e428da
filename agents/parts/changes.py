"""What a task changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from agents.model import Struct, Task

Scope = Literal["branch", "working", "turn", "review", "commit", "refs"]
"""What a diff compares: base…now, HEAD…now, the last turn, since the last round was sent, one commit with its parent,
or any two refs."""


class Commit(Struct, kw_only=True):
    """A commit of a task's branch."""

    id: str
    subject: str
    at: float = 0.0
    """When it was made."""


class AttributeFile(Struct):
    """A ``.gitattributes`` file of a tree."""

    directory: bytes
    """Where it lies, without a slash at the end; empty for the root."""
    content: bytes


class Diff(Struct, kw_only=True):
    """What git says changed between two trees of a task, and what is being compared, in words."""

    task: str
    scope: Scope
    base_tree: str
    head_tree: str
    base_name: str
    """For people: ``main (1a2b3c4)``, ``before turn 3``…"""
    head_name: str = ""
    """For people; empty: as of now."""
    base_commit: str = ""
    """What the task's whole change is compared with now; empty where the diff does not end in the files as of now."""
    directory: str
    patch: bytes = b""
    """``git diff --raw -z --patch …`` between the two trees, for :func:`agents.review.parse_diff`."""
    sizes: dict[str, int] = {}
    """Bytes of the binary files in it, by blob id."""
    attributes: list[AttributeFile] = []
    """The ``.gitattributes`` files of the new tree that say something about its files."""


class Changes(Protocol):
    """The part ``changes`` of the Api."""

    async def diff(self, task: str, scope: Scope = "branch", base: str = "", head: str = "") -> Diff:
        """What changed, as of now (a running turn's unfinished work included), or as of the last snapshot when the
        worktree is gone.

        ``base`` names the commit of the scope ``commit``, and with ``head`` (empty: now) the two ends of ``refs``:
        commits, refs or tree ids.
        """

    async def carried(self, task: str, tree: str, base: str) -> str:
        """A tree of the task that was made on ``base``, a commit or tree, as it would be on the base that the task has
        now: what differs from it is what the task itself did since. Where both changed the same lines, it has its own.
        """

    async def commits(self, task: str) -> list[Commit]:
        """The commits of the task's branch beyond its base, the latest first."""

    async def blobs(self, task: str, ids: Sequence[str]) -> list[bytes]:
        """Contents of blobs named in a diff, in order; an id of zeros is empty content."""

    async def apply(self, task: str, patch: bytes, said: str) -> Task:
        """Change the files of a worktree as a patch says, all of it or nothing; a snapshot is taken first. ``said`` is
        what the transcript says about it. The opposite patch undoes it."""

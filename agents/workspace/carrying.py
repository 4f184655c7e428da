"""A state of a task as it would be on another base: what others did meanwhile is then no difference to later states."""

from __future__ import annotations

import tempfile
from pathlib import Path

from agents.workspace import trees
from agents.workspace.git import Repository, git
from agents.workspace.merging import Stages, commit_tree, merge_tree

_OURS = 2
"""The stage of the side that is carried."""
_GONE = ("0", "0" * 40)


async def carry(repository: Repository, tree: str, base: str, onto: str) -> str:
    """A tree made on ``base``, as it would be on ``onto``; all three are trees. Where both changed the same lines, it
    has its own.

    Raises:
        GitError: one of them is not there any more, or git is too old.
    """
    root = await _stand_in(repository, base)
    ours, theirs = await _stand_in(repository, tree, root), await _stand_in(repository, onto, root)
    carried, conflicts = await merge_tree(repository, ours, theirs)
    if not conflicts:
        return carried
    entries = b""
    for name, stages in conflicts.items():
        mode, blob = await _own(repository, stages)
        entries += f"{mode} {blob}\t".encode() + name + b"\0"
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        await git(repository, "read-tree", carried, environment=index)
        await git(repository, "update-index", "-z", "--index-info", stdin=entries, environment=index)
        written = await git(repository, "write-tree", environment=index)
    return written.out.decode().strip()


async def _own(repository: Repository, stages: Stages) -> tuple[str, str]:
    """Mode and blob of a file in which both sides conflict: the lines that only one of them changed, as it has them,
    of others those that are carried; what has no lines as it is carried, also when it is not there."""
    if len(stages) < 3 or not all(mode.startswith("100") for mode, _ in stages.values()):
        return stages.get(_OURS, _GONE)
    base, ours, theirs = await trees.blobs(repository, [stages[number][1] for number in (1, _OURS, 3)])
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for file, content in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(content)
        merged = await git(repository, "merge-file", "-p", "-q", "--ours", *map(str, files), accept=(0, 128, 255))
    if merged.status:  # it is binary
        return stages[_OURS]
    written = await git(repository, "hash-object", "-w", "--stdin", stdin=merged.out)
    return stages[_OURS][0], written.out.decode().strip()


async def _stand_in(repository: Repository, tree: str, *parents: str) -> str:
    """A commit that nobody sees, the same each time."""
    who = {"NAME": "shopfloor", "EMAIL": "shopfloor", "DATE": "@1 +0000"}
    author = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    return await commit_tree(repository, tree, parents, "stand-in", author)

"""The index of a task's worktree, as the person's git in that worktree uses it.

Git runs on the main repository with that index named; the worktree is neither read nor written, so nothing that an
agent left there can run.
"""

from __future__ import annotations

from agents.errors import GitError
from agents.workspace.git import git
from agents.workspace.private import Workspace


async def stage_patch(workspace: Workspace, patch: bytes, *, out: bool) -> None:
    """Put a patch into the index, or take it out; all of it or nothing.

    Raises:
        GitError: it does not fit the index.
    """
    arguments = ["apply", "--cached", "--whitespace=nowarn", *(["--reverse"] if out else []), "-"]
    result = await git(workspace, *arguments, stdin=patch, environment=_index(workspace), accept=(0, 1, 128))
    if result.status:
        opposite = ["apply", "--cached", "--check", *([] if out else ["--reverse"]), "-"]
        there = await git(workspace, *opposite, stdin=patch, environment=_index(workspace), accept=(0, 1, 128))
        if not there.status and not out:
            raise GitError("It is in the index or in the last commit already.", "There is nothing to stage here.")
        raise GitError(
            f"It does not fit what the index holds: {result.complaint}.",
            "Compare with what is not committed yet (`o`), then stage it from there.",
        )


async def staged_trees(workspace: Workspace) -> tuple[str, str]:
    """The trees of the branch's last commit and of the index.

    Raises:
        GitError: one of them cannot be read.
    """
    head = await git(workspace, "rev-parse", "--verify", "--quiet", f"refs/heads/{workspace.branch}^{{tree}}")
    index = await git(workspace, "write-tree", environment=_index(workspace))
    return head.out.decode("ascii", "replace").strip(), index.out.decode("ascii", "replace").strip()


def _index(workspace: Workspace) -> dict[str, str]:
    return {"GIT_INDEX_FILE": str(workspace.entry / "index")}

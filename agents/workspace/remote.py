"""Bringing a branch to the host: the one git command that runs with the person's own settings, in the main checkout."""

from __future__ import annotations

from collections.abc import Mapping

from agents.errors import GitError
from agents.scripts.host import run_program
from agents.workspace.git import Repository, git


async def remote_for(repository: Repository, base: str) -> str:
    """The remote to push to: that of the base branch, else ``origin``, else the only one.

    Raises:
        GitError: there is none.
    """
    configured = await git(repository, "config", "--get", f"branch.{base}.remote", accept=(0, 1))
    listed = (await git(repository, "remote")).out.decode("utf-8", "replace").split()
    name = configured.out.decode("utf-8", "replace").strip()
    if name in listed:
        return name
    if "origin" in listed:
        return "origin"
    if len(listed) != 1:
        raise GitError(f"It is not clear where to push to: {repository.repository} has {len(listed)} remotes.",
                       "Add one: `git remote add origin URL`.")  # fmt: skip
    return listed[0]


async def push(repository: Repository, remote: str, branch: str, environment: Mapping[str, str]) -> None:
    """Push a branch, moving it there when its history was made anew, unless somebody else has moved it.

    With the person's credentials and hooks: it is their main checkout.

    Raises:
        GitError: git refused, with what it said.
    """
    reference = f"refs/heads/{branch}:refs/heads/{branch}"
    argv = ("git", "push", "--force-with-lease", "--quiet", remote, reference)
    ended = await run_program(argv, repository.repository, environment, timeout_seconds=300)
    if ended.status:
        raise GitError(f"The branch {branch} could not be pushed to {remote}: {ended.complaint}.", "Push it by hand.")

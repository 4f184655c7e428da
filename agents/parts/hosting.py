"""Pull requests and issues of the host of a repository, through the person's own ``gh``."""

from __future__ import annotations

from typing import Protocol

from agents.model import Prompt, PullRequest, Struct, Task


class PullDraft(Struct, kw_only=True):
    """What a pull request is to say."""

    title: str
    body: str = ""
    draft: bool = False
    base: str = ""
    """The branch to merge into; empty: the one the task started from."""


class Issue(Struct, kw_only=True):
    """An issue of the repository."""

    number: int
    title: str
    body: str = ""
    url: str = ""
    labels: tuple[str, ...] = ()


class Hosting(Protocol):
    """What can be asked about the host. Everything raises a sentence when there is no ``gh``, and nothing else needs
    it."""

    async def describe(self, task: str) -> PullDraft:
        """A title and a description to edit: what was asked, the commits, what the checks said."""

    async def publish(self, task: str, draft: PullDraft) -> PullRequest:
        """Push the task's branch and make its pull request, or bring the one it has up to date. What is not committed
        is committed first."""

    async def refresh(self, task: str) -> PullRequest:
        """Ask the host how the pull request stands. Open ones are asked about by themselves, every minute."""

    async def fetch_comments(self, task: str) -> int:
        """Bring review comments of the pull request into the review as drafts by their authors; how many were new."""

    async def send_failure(self, task: str) -> Prompt:
        """Tell the agent which job of the pull request fails, with the end of the log of its failing step."""

    async def issues(self, project: str, search: str = "", limit: int = 100) -> list[Issue]:
        """Open issues of the repository, the latest first."""

    async def take_issue(self, project: str, number: int, profile: str = "", held: bool = False) -> Task:
        """A new task that is to do what an issue asks for."""

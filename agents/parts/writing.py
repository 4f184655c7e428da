"""What helps a person write: names of files, what was said before, texts put by, templates, what was pasted."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct


class Said(Struct, kw_only=True):
    """Something that the person said to an agent before."""

    text: str
    task: str
    title: str = ""
    """The task's."""
    at: float = 0.0


class Yank(Struct, kw_only=True):
    """A text that was put by for later."""

    id: str
    text: str
    at: float = 0.0


class Template(Struct, kw_only=True):
    """A prompt to begin with: a Markdown file of the person's or the project's."""

    name: str
    """What to call it: ``name`` of its head, or the name of the file."""
    text: str
    source: Literal["yours", "project"] = "yours"
    path: str = ""
    profile: str = ""
    base: str = ""
    queue: str = ""
    check: bool | None = None
    """Whether checks run; None when it does not say."""
    problem: str = ""
    """Why it cannot be used, in words; empty when it can."""


class TaskDraft(Struct, kw_only=True):
    """A new task as far as it was written."""

    prompt: str = ""
    profile: str = ""
    base: str = ""
    queue: str = ""
    """Empty: the project's default; ``-``: none."""
    check: bool = True
    several: bool = False
    choices: dict[str, dict[str, str]] = {}
    """What was chosen of agents' own options, also for the task after this one: values by the ids of settings, by
    profiles."""


class Writing(Protocol):
    """The part ``writing`` of the Api."""

    async def files(self, task: str) -> list[str]:
        """Names of all files of a task as they are now, from a snapshot; sorted. Ignored files are not among them."""

    async def project_files(self, project: str, base: str = "") -> list[str]:
        """Names of the files that a new task would begin with."""

    async def said(self, limit: int = 1000) -> list[Said]:
        """What the person said to the agents of all tasks, the latest first, each text once."""

    async def yank(self, text: str) -> Yank:
        """Put a text by."""

    async def yanked(self) -> list[Yank]:
        """The texts put by, the latest first."""

    async def drop_yank(self, yank: str) -> None:
        """Forget one."""

    async def attach(self, text: str) -> str:
        """Keep a long text; the chip (see :mod:`agents.prompts.chips`) that stands for it in a prompt."""

    async def attach_image(self, path: str) -> str:
        """Keep a copy of an image of this machine; the chip (see :mod:`agents.prompts.image_chips`) that stands for
        it in a prompt. Sent to a task, it is one of its attachments, which its agent can read.

        Raises:
            UsageError: there is no image, or it is too large.
        """

    async def expanded(self, text: str) -> str:
        """A prompt with the kept texts in place of their chips, as ``send`` and ``create_task`` send it; images stay
        chips."""

    async def templates(self, project: str) -> list[Template]:
        """The person's templates and those of a project, by name."""

    async def task_draft(self, project: str) -> TaskDraft:
        """The new task of a project as far as it was written."""

    async def keep_task_draft(self, project: str, draft: TaskDraft) -> None:
        """Keep it; an empty one is forgotten."""

    async def draft(self, task: str) -> str:
        """The unsent text of the composer for this task (empty task: the new-task dialog)."""

    async def save_draft(self, task: str, text: str) -> None:
        """Keep the unsent text of the composer."""

"""What helps a person write; see :class:`agents.parts.writing.Writing`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from pathlib import Path

import msgspec

from agents import paths
from agents.engine.attachments import Attachments
from agents.engine.changes import Changes
from agents.engine.ledger import Ledger
from agents.parts.writing import Said, TaskDraft, Template, Yank
from agents.prompts.chips import CHIP, chip_of, digest_of, expand
from agents.prompts.templates import read_templates
from agents.workspace import Repository, open_project
from agents.workspace.trees import names_in

PROJECT_TEMPLATES = Path(".shopfloor", "templates")
LISTS_KEPT = 4
"""How many lists of file names are remembered; one of 100,000 takes some megabytes."""


class WritingDesk:
    """Implements the part ``writing``."""

    def __init__(self, ledger: Ledger, changes: Changes) -> None:
        self._ledger = ledger
        self._changes = changes
        self._images = Attachments()
        self._names: OrderedDict[str, list[str]] = OrderedDict()
        """Names by tree id."""

    # files

    async def files(self, task: str) -> list[str]:
        """See :class:`agents.parts.writing.Writing`."""
        known = self._ledger.find(task)
        project = await open_project(Path(known.project))
        tree = await self._changes.tree_now(known) if known.worktree else known.base_commit
        return await self._names_in(project, tree)

    async def project_files(self, project: str, base: str = "") -> list[str]:
        """See :class:`agents.parts.writing.Writing`."""
        repository = await open_project(Path(project))
        return await self._names_in(repository, await repository.commit(base or repository.head))

    async def _names_in(self, repository: Repository, tree: str) -> list[str]:
        names = self._names.get(tree)
        if names is None:
            names = self._names[tree] = await names_in(repository, tree)
            while len(self._names) > LISTS_KEPT:
                self._names.popitem(last=False)
        self._names.move_to_end(tree)
        return names

    # texts

    async def said(self, limit: int = 1000) -> list[Said]:
        """See :class:`agents.parts.writing.Writing`."""
        self._ledger.flush()
        found: dict[str, Said] = {}
        for prompt in self._ledger.store.latest_prompts(limit * 2):
            if prompt.origin == "person" and prompt.text.strip() and prompt.text not in found:
                task = self._ledger.tasks.get(prompt.task)
                title = task.title if task else ""
                found[prompt.text] = Said(text=prompt.text, task=prompt.task, title=title, at=prompt.at)
        return list(found.values())[:limit]

    async def yank(self, text: str) -> Yank:
        """See :class:`agents.parts.writing.Writing`."""
        yank = Yank(id=secrets.token_hex(4), text=text, at=time.time())
        self._ledger.store.keep("yank", yank.id, msgspec.json.encode(yank))
        self._ledger.flush()
        return yank

    async def yanked(self) -> list[Yank]:
        """See :class:`agents.parts.writing.Writing`."""
        self._ledger.flush()
        found = [yank for _, yank in self._ledger.store.kept_as(Yank, "yank")]
        return sorted(found, key=lambda yank: yank.at, reverse=True)

    async def drop_yank(self, yank: str) -> None:
        """See :class:`agents.parts.writing.Writing`."""
        self._ledger.store.forget("yank", yank)
        self._ledger.flush()

    async def draft(self, task: str) -> str:
        """See :class:`agents.parts.writing.Writing`."""
        self._ledger.flush()
        return self._ledger.store.draft(self._ledger.find(task).id if task else "")

    async def save_draft(self, task: str, text: str) -> None:
        """See :class:`agents.parts.writing.Writing`."""
        self._ledger.store.put_draft(self._ledger.find(task).id if task else "", text)
        self._ledger.flush()

    # what was pasted

    async def attach(self, text: str) -> str:
        """See :class:`agents.parts.writing.Writing`."""
        self._ledger.store.keep("paste", digest_of(text), text.encode("utf-8", "surrogatepass"))
        self._ledger.flush()
        return chip_of(text)

    async def expanded(self, text: str) -> str:
        """See :class:`agents.parts.writing.Writing`."""
        return self._expand(text)

    async def attach_image(self, path: str) -> str:
        """See :class:`agents.parts.writing.Writing`."""
        return await self._images.keep(path)

    async def prompt_for(self, task: str, text: str) -> str:
        """A prompt as the agent of a task gets it: with what its chips stand for in their places."""
        return await self._images.give(self._expand(text), task)

    async def kept_for(self, task: str, text: str) -> str:
        """A text that is kept with a task until a prompt is made of it: with what was pasted in place of its chips. The
        images are the task's from now on; their chips stay until then."""
        text = self._expand(text)
        await self._images.give(text, task)
        return text

    def _expand(self, text: str) -> str:
        if not CHIP.search(text):
            return text
        self._ledger.flush()

        def kept(digest: str) -> str | None:
            found = self._ledger.store.kept_one("paste", digest)
            return None if found is None else found.decode("utf-8", "surrogatepass")

        return expand(text, kept)

    def drop_unused(self) -> None:
        """Forget pasted texts and images that no draft and no text put by names any more."""
        store = self._ledger.store
        texts = [*store.drafts(), *(data.decode("utf-8", "replace") for _, data in store.kept("yank"))]
        used = {digest for text in texts for digest in CHIP.findall(text)}
        for digest in {key for key, _ in store.kept("paste")} - used:
            store.forget("paste", digest)
        self._images.drop_unused(used)

    # new tasks

    async def templates(self, project: str) -> list[Template]:
        """See :class:`agents.parts.writing.Writing`."""
        root = (await open_project(Path(project))).root
        return await asyncio.to_thread(read_templates, paths.config_dir() / "templates", root / PROJECT_TEMPLATES)

    async def task_draft(self, project: str) -> TaskDraft:
        """See :class:`agents.parts.writing.Writing`."""
        key = await self._draft_key(project)
        self._ledger.flush()
        text = self._ledger.store.draft(key)
        if not text:
            return TaskDraft(prompt=self._ledger.store.draft(""))  # written before drafts belonged to a project
        try:
            return msgspec.json.decode(text, type=TaskDraft)
        except msgspec.MsgspecError:
            return TaskDraft(prompt=text)  # damaged: what was typed is somewhere in it

    async def keep_task_draft(self, project: str, draft: TaskDraft) -> None:
        """See :class:`agents.parts.writing.Writing`."""
        key = await self._draft_key(project)
        self._ledger.store.put_draft(key, msgspec.json.encode(draft).decode())
        self._ledger.store.put_draft("", "")
        self._ledger.flush()

    async def _draft_key(self, project: str) -> str:
        return f"new-task {(await open_project(Path(project))).root}"

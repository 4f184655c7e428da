"""The parts ``writing``, ``costs`` and ``queues`` of the engine in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from agents.errors import ShopfloorError
from agents.model import Usage
from agents.parts.costs import Spending, Today
from agents.parts.queues import Queue
from agents.parts.writing import Said, TaskDraft, Template, Yank
from agents.prompts.chips import chip_of, digest_of, expand
from agents.prompts.image_chips import image_chip


class WritingInMemory:
    """Behaves like :class:`agents.parts.writing.Writing`."""

    def __init__(self, saving: Callable[[str], None] = lambda _task: None) -> None:
        self._saving = saving
        """Called with the task whose draft is saved; may refuse it."""
        self.drafts: dict[str, str] = {}
        self.refuses: ShopfloorError | None = None
        """What keeping a draft says; nothing is kept then."""
        self.names = ["README.md", "src/cart.py", "src/checkout/cart_view.py", "tests/test_cart.py"]
        self.asked: list[str] = []
        """Tasks whose files were asked for."""
        self.spoken: list[Said] = []
        self.yanks: dict[str, Yank] = {}
        self.pasted: dict[str, str] = {}
        self.images: list[str] = []
        self.template_list: list[Template] = []
        self.task_drafts: dict[str, TaskDraft] = {}
        self.refusal: ShopfloorError | None = None
        self._numbers = itertools.count(1)

    async def files(self, task: str) -> list[str]:
        self.asked.append(task)
        return self.names

    async def project_files(self, project: str, base: str = "") -> list[str]:
        self.asked.append(f"{project} {base}".strip())
        return self.names

    async def said(self, limit: int = 1000) -> list[Said]:
        return self.spoken

    async def yank(self, text: str) -> Yank:
        number = next(self._numbers)
        yank = self.yanks[str(number)] = Yank(id=str(number), text=text, at=float(number))
        return yank

    async def yanked(self) -> list[Yank]:
        return sorted(self.yanks.values(), key=lambda yank: yank.at, reverse=True)

    async def drop_yank(self, yank: str) -> None:
        del self.yanks[yank]

    async def draft(self, task: str) -> str:
        return self.drafts.get(task, "")

    async def save_draft(self, task: str, text: str) -> None:
        self._saving(task)
        if self.refuses is not None:
            raise self.refuses
        self.drafts[task] = text

    async def attach(self, text: str) -> str:
        self.pasted[digest_of(text)] = text
        return chip_of(text)

    async def attach_image(self, path: str) -> str:
        self.images.append(path)
        return image_chip(path)

    async def expanded(self, text: str) -> str:
        return expand(text, self.pasted.get)

    async def templates(self, project: str) -> list[Template]:
        return self.template_list

    async def task_draft(self, project: str) -> TaskDraft:
        return self.task_drafts.get(project, TaskDraft())

    async def keep_task_draft(self, project: str, draft: TaskDraft) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.task_drafts[project] = draft


class CostsInMemory:
    """Behaves like :class:`agents.parts.costs.Costs`."""

    def __init__(self) -> None:
        self.rows: list[Spending] = []
        self.budget: float | None = None

    async def spending(self, days: int = 1) -> list[Spending]:
        return self.rows

    async def today(self) -> Today:
        day = max((row.day for row in self.rows), default="2026-01-31")
        rows = [row for row in self.rows if row.day == day]
        usage = sum((row.usage for row in rows), Usage())
        spent = usage.cost_usd or 0.0
        is_spent = self.budget is not None and spent >= self.budget
        holds = f"Today's budget of ${self.budget:.2f} is spent." if is_spent else ""
        return Today(
            day=day, usage=usage, spent_usd=spent, tasks=sum(row.tasks for row in rows),
            seconds=sum(row.seconds for row in rows), budget_usd=self.budget, holds=holds,
        )  # fmt: skip

    async def raise_budget(self, usd: float) -> Today:
        self.budget = usd
        return await self.today()


class QueuesInMemory:
    """The one call of :class:`agents.parts.queues.Queues` that the dialog of a new task makes."""

    def __init__(self) -> None:
        self.known = [Queue(name="review-and-fix", place="shipped", path="/queues/review-and-fix.toml")]

    async def list(self, project: str = "") -> list[Queue]:
        return self.known


class StagingInMemory:
    """Nothing is staged."""

    async def staged(self, task: str) -> tuple[str, str]:
        return "1" * 40, "1" * 40

"""Reading a change: the diff of a scope, its comments and where they stand, what is to be said about its files."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import Task
from agents.parts.changes import Diff, Scope
from agents.parts.review import Comment
from agents.review import DiffSet, parse_diff
from agents.review.kinds import with_attributes
from agents.review.places import Judged, Placed, place_comments
from app.review.colours import Contents
from app.review.facts import Facts
from app.review.since import Since
from widgets.diff import LineMark

FACTS_FIRST_LINES = 5_000
"""Changed lines up to which marks and warnings are there when a change is first shown; later in a larger one."""


@dataclass(frozen=True, slots=True)
class Read:
    """A change as it was read."""

    scope: Scope
    named: tuple[str, str]
    """What the scopes ``commit`` and ``refs`` compare."""
    diff: Diff
    parsed: DiffSet
    comments: tuple[Comment, ...]
    placed: tuple[Placed, ...]

    @property
    def is_huge(self) -> bool:
        """It is shown before all is known that is to be said about it."""
        return self.parsed.additions + self.parsed.deletions > FACTS_FIRST_LINES


class Reading:
    """Reads the change of one task. Every method raises ShopfloorError when the engine cannot answer."""

    def __init__(self, api: Api, task: str, facts: Facts) -> None:
        self._api = api
        self._task = task
        self._facts = facts
        self._since = Since(api, task)
        self.contents = Contents(api, task)

    async def read(self, scope: Scope, named: tuple[str, str]) -> Read:
        """The change in a scope, with its comments."""
        diff = await self._api.changes.diff(self._task, scope, *(named if scope in ("commit", "refs") else ()))
        parsed = await asyncio.to_thread(parse_diff, diff.patch, diff.sizes)
        parsed = with_attributes(parsed, diff.attributes)
        comments = await self._api.review.comments(self._task)
        placed = await self._places(parsed, diff, comments)
        return Read(scope, named, diff, parsed, tuple(comments), tuple(placed))

    async def comments(self, read: Read) -> Read:
        """The same change with its comments and marks as they are now."""
        comments = await self._api.review.comments(self._task)
        placed = await self._places(read.parsed, read.diff, comments)
        self._facts.reviewed = set(await self._api.review.reviewed(self._task))
        return replace(read, comments=tuple(comments), placed=tuple(placed))

    async def facts(self, read: Read, task: Task) -> None:
        """Learn what is to be said about the files of a change."""
        self._facts.reviewed = set(await self._api.review.reviewed(self._task))
        await asyncio.to_thread(self._facts.read, read.parsed)
        last = [c for c in read.comments if c.state != "draft" and c.round == task.round and c.head_tree]
        judged = [await self._since.done(comment, read.diff) for comment in last]
        self._facts.take_unasked(judged[-1][1] if judged else None, [comment for comment, _ in judged])
        self._facts.line_marks = await self._line_marks(read)
        if not read.diff.head_name:
            with contextlib.suppress(ShopfloorError):  # without a worktree nothing is staged
                await self.take_staged(await self._api.staging.staged(self._task))

    async def take_staged(self, trees: tuple[str, str]) -> None:
        """Learn what of the change is in the index; the trees are those of the last commit and of the index."""
        head, index = trees
        between = await self._since.read(head, index) if head != index else None
        self._facts.take_staged(between)

    async def _places(self, parsed: DiffSet, diff: Diff, comments: Sequence[Comment]) -> list[Placed]:
        async def since(tree: str) -> DiffSet | None:
            return await self._since.read(tree, diff.head_tree)

        async def done(comment: Comment) -> Judged:
            return await self._since.done(comment, diff)

        return await place_comments(parsed, diff.head_tree, comments, self.contents.read, since, done)

    async def _line_marks(self, read: Read) -> tuple[LineMark, ...]:
        """What the checks said last about lines; of files that changed since, about the file."""
        known = await self._api.checks.results(self._task)
        if known is None:
            return ()
        head, tree = read.diff.head_tree, known.report.tree
        since = await self._since.read(tree, head) if tree and tree != head else DiffSet(())
        if since is None:
            return ()
        changed = {path for file in since.files for path in (file.old_path, file.new_path)}
        marks = []
        for result in known.report.results:
            for finding in result.findings:
                line, severity, said = finding.line, finding.severity, finding.message
                if line and finding.path in changed:
                    line, severity, said = 0, "note", f"line {line} before the last change: {said}"
                marks.append(LineMark(finding.path, line, said, severity, result.name))
        return tuple(marks)

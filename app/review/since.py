"""What changed between earlier states of a task and the one that is shown."""

from __future__ import annotations

from agents.api import Api
from agents.errors import GitError, NotFound
from agents.parts.changes import Diff
from agents.parts.review import Comment
from agents.review import DiffSet, parse_diff
from agents.review.evidence import carried_comment
from agents.review.places import Judged


class Since:
    """What changed from earlier trees to the one that is shown; each pair is read once."""

    def __init__(self, api: Api, task: str) -> None:
        self._api = api
        self._task = task
        self._carried: dict[tuple[str, str, str], str] = {}
        self._known: dict[tuple[str, str], DiffSet | None] = {}

    async def read(self, tree: str, head: str) -> DiffSet | None:
        """The difference of two trees; None when one of them is not there any more.

        Raises:
            ShopfloorError: the engine cannot be asked.
        """
        key = (tree, head)
        if tree == head:
            return DiffSet(())
        if key not in self._known:
            try:
                self._known[key] = parse_diff((await self._api.changes.diff(self._task, "refs", tree, head)).patch)
            except (NotFound, GitError):  # collected by git, or written with another repository: nothing is known
                self._known[key] = None
        return self._known[key]

    async def done(self, comment: Comment, shown: Diff) -> Judged:
        """A comment, and what the task did between then and the diff that is shown: what came with another base since
        is left out, and the comment stands where it would on that base. Raises as :meth:`read` does."""
        tree, base = comment.head_tree, comment.base_commit
        if not tree:
            return comment, None
        if not base or shown.base_commit in ("", base):
            return comment, await self.read(tree, shown.head_tree)
        key = (tree, base, shown.base_commit)
        try:
            if key not in self._carried:
                self._carried[key] = await self._api.changes.carried(self._task, tree, base)
        except (NotFound, GitError):
            return comment, None
        carried = self._carried[key]
        others = await self.read(tree, carried)
        return (carried_comment(comment, others) if others else comment), await self.read(carried, shown.head_tree)

"""What changed between earlier states of a task and the one that is shown."""

from __future__ import annotations

from agents.api import Api
from agents.errors import GitError, NotFound
from agents.review import DiffSet, parse_diff


class Since:
    """What changed from earlier trees to the one that is shown; each pair is read once."""

    def __init__(self, api: Api, task: str) -> None:
        self._api = api
        self._task = task
        self._known: dict[tuple[str, str], DiffSet | None] = {}

    async def read(self, tree: str, head: str) -> DiffSet | None:
        """The difference of two trees; None when one of them is not there any more.

        Raises:
            ShopfloorError: the engine cannot be asked.
        """
        key = (tree, head)
        if key not in self._known:
            try:
                self._known[key] = parse_diff((await self._api.changes.diff(self._task, "refs", tree, head)).patch)
            except (NotFound, GitError):  # collected by git, or written with another repository: nothing is known
                self._known[key] = None
        return self._known[key]

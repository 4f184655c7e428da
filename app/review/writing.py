"""What helps to write comments and prompts in a review: names of files, words of the change, what was said before."""

from __future__ import annotations

from collections.abc import Sequence

from agents.api import Api
from agents.errors import ShopfloorError
from agents.review import DiffSet
from widgets.word_offers import Words, symbols_in

HISTORY_LIMIT = 100


class Writing:
    """Words and history for one task; each read once for each diff that is shown."""

    def __init__(self, api: Api, task: str) -> None:
        self._api = api
        self._task = task
        self._words = Words()
        self._diff: DiffSet | None = None

    async def words(self, diff: DiffSet) -> Words:
        """The files of the task, and the words of its change; without the engine only those."""
        if diff is not self._diff:
            shown = [file.lines for file in diff.files if len(file.lines)]
            symbols = symbols_in(lines.data[lines.start[0] : lines.end[-1]] for lines in shown)
            try:
                paths: Sequence[str] = await self._api.writing.files(self._task)
            except ShopfloorError:  # the next thing that is asked of it says so
                paths = [file.path.decode("utf-8", "backslashreplace") for file in diff.files]
            self._words, self._diff = Words(paths, symbols), diff
        return self._words

    async def prompts(self) -> list[str]:
        """What the person said to agents before, the latest last; nothing without the engine."""
        try:
            said = await self._api.writing.said(HISTORY_LIMIT)
        except ShopfloorError:  # the next thing that is asked of it says so
            return []
        return [each.text for each in reversed(said)]

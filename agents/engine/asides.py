"""Questions about a change that tasks of their own answer: each answer becomes a private note where it was asked,
whoever looks then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from agents.engine.changes import Changes
from agents.engine.comments import Comments
from agents.engine.ledger import Ledger
from agents.escape import escape_name
from agents.model import Struct, Task, is_under_way
from agents.parts.review import CommentDraft

KEPT = "asked-aside"
"""The kind under which questions are kept until they are answered."""


class Aside(Struct, kw_only=True):
    """A question that waits for its answer."""

    task: str
    """The one that is reviewed."""
    about: CommentDraft
    base_tree: str
    head_tree: str


class Asides:
    """The questions of all tasks.

    Args:
        ask: begins a task that answers a question about another one's change.
    """

    def __init__(
        self, ledger: Ledger, comments: Comments, changes: Changes, ask: Callable[[str, str], Awaitable[Task]]
    ) -> None:
        self._ledger = ledger
        self._comments = comments
        self._changes = changes
        self._ask = ask
        self._asked = dict(ledger.store.kept_as(Aside, KEPT))
        """By the ids of the tasks that answer."""
        ledger.on_change.append(lambda _, after: self._look(after))

    def take_up(self) -> None:
        """Take the answers that came while nobody listened."""
        for name in list(self._asked):
            self._look(self._ledger.tasks.get(name))

    async def ask(self, question: str, aside: Aside) -> Task:
        """Ask; returns the task that answers."""
        side = await self._ask(aside.task, question)
        self._asked[side.id] = aside
        self._ledger.store.keep(KEPT, side.id, msgspec.json.encode(aside))
        self._ledger.flush()
        self._look(self._ledger.tasks[side.id])
        return side

    def _look(self, task: Task | None) -> None:
        if task is not None and task.id in self._asked and task.state != "blocked" and not is_under_way(task):
            asyncio.get_running_loop().call_soon(self._take, task.id)

    def _take(self, side: str) -> None:
        """Put an answer where the question was asked."""
        aside = self._asked.pop(side, None)
        if aside is None:
            return
        self._ledger.store.forget(KEPT, side)
        if (known := self._ledger.tasks.get(aside.task)) is not None:
            entries = self._ledger.store.entries_since(side, 0)
            answer = next((entry.text for entry in reversed(entries) if entry.kind in ("text", "error")), "").strip()
            if answer:
                note = msgspec.structs.replace(aside.about, text=answer, kind="note", author=f"task {side}")
                self._comments.add(known.id, note, aside.base_tree, aside.head_tree)
                self._changes.say(known, f"Task {side} has answered: a private note {_place(note)}, in the review.")
            else:
                self._changes.say(known, f"Task {side}, asked about this change, said nothing.")
        self._ledger.flush_soon()


def _place(note: CommentDraft) -> str:
    """Where a note stands, for people."""
    if not note.path:
        return "on the whole change"
    return f"beneath {escape_name(note.path)}:{note.end}" if note.end else f"on {escape_name(note.path)}"

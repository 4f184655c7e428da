"""Tasks and transcripts as they are now, for those who listen and those who ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agents.engine.ledger import Ledger
from agents.engine.transcript import Transcript
from agents.events import AnyEvent, EngineNotice, EntryChanged, TaskChanged, TranscriptOpened
from agents.model import FINAL_STATES, Entry

OPENED_ENTRIES = 500
"""Entries shown when a task is opened; older ones are asked for."""


class Records:
    """Implements :class:`agents.engine.hub.Source`.

    Args:
        being_written: the transcripts of a task that are written to now, and may be ahead of the store.
    """

    def __init__(self, ledger: Ledger, being_written: Callable[[str], Iterable[Transcript]]) -> None:
        self._ledger = ledger
        self._being_written = being_written

    def tasks_since(self, sequence: int) -> list[AnyEvent]:
        """See :class:`agents.engine.hub.Source`."""
        self._ledger.try_flush()
        return [
            *(EngineNotice(text=text, severity="warning") for text in self._ledger.store.damages),
            *(
                TaskChanged(task=task)
                for task in self._ledger.tasks.values()
                if (task.sequence > sequence if sequence else task.state not in FINAL_STATES)
            ),
        ]

    def transcript_since(self, task: str, sequence: int) -> list[AnyEvent]:
        """See :class:`agents.engine.hub.Source`."""
        if task not in self._ledger.tasks:
            return []
        if not sequence:
            entries = self.entries(task, 0, OPENED_ENTRIES)
            earlier = bool(entries) and entries[0].id > 1
            return [TranscriptOpened(task=task, entries=tuple(entries), earlier=earlier)]
        self._ledger.try_flush()
        changed = {entry.id: entry for entry in self._ledger.store.entries_since(task, sequence)}
        for transcript in self._being_written(task):
            changed |= {entry.id: entry for entry in transcript.open_entries()}
        return [EntryChanged(entry=changed[number]) for number in sorted(changed)]

    def entries(self, task: str, before: int, limit: int) -> list[Entry]:
        """The latest entries of a task, or those just before one; oldest first."""
        self._ledger.try_flush()
        entries = self._ledger.store.entries(task, before, limit)
        for transcript in self._being_written(task):
            entries = transcript.as_now(entries)
        return entries

"""The entries of one task as they are now, built from events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from agents.events import AnyEvent, EntryChanged, EntryGrew, TranscriptOpened
from agents.model import Entry
from widgets.transcript.markdown import MarkdownText

EVERYTHING = 0
"""Stands for all entries where the id of one is told (ids begin at 1)."""


class Transcript:
    """What a watched task has said and done so far."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._documents: dict[int, MarkdownText] = {}
        self.earlier = False
        """The engine has older entries than the first one here."""
        self.lost = False
        """Some text did not fit to what was there: the task must be watched again. Opening it again mends it."""

    @property
    def entries(self) -> Sequence[Entry]:
        """Oldest first."""
        return list(self._entries.values())

    def has(self, entry_id: int) -> bool:
        """Whether an entry is here."""
        return entry_id in self._entries

    def entry(self, entry_id: int) -> Entry:
        """One entry.

        Raises:
            KeyError: It is not here.
        """
        return self._entries[entry_id]

    def feed(self, event: AnyEvent) -> int | None:
        """Take an event in.

        Returns:
            The id of the entry that is new or changed, ``EVERYTHING`` when the transcript was opened (again), None
            when nothing changed. Events that are not about transcripts change nothing.
        """
        match event:
            case TranscriptOpened(entries=entries, earlier=earlier):
                self._entries = {entry.id: entry for entry in entries}
                self._documents.clear()
                self.earlier, self.lost = earlier, False
                return EVERYTHING
            case EntryChanged(entry=entry):
                return self._put(entry)
            case EntryGrew():
                return self._grow(event)
        return None

    @property
    def sequence(self) -> int:
        """The highest sequence number among its entries: what it knows. 0 when it knows nothing or missed something."""
        return 0 if self.lost else max((entry.sequence for entry in self._entries.values()), default=0)

    def prepend(self, entries: Iterable[Entry], earlier: bool) -> None:
        """Put older entries before those that are here; ``earlier`` when there are still older ones."""
        older = {entry.id: entry for entry in entries if entry.id not in self._entries}
        self._entries = older | self._entries
        self.earlier = earlier

    def forget_first(self, count: int) -> None:
        """Let go of the oldest entries; the engine still has them."""
        for entry_id in list(self._entries)[:count]:
            del self._entries[entry_id]
            self._documents.pop(entry_id, None)
            self.earlier = True

    def document(self, entry_id: int) -> MarkdownText:
        """The Markdown of an entry's text; it grows with the entry."""
        document = self._documents.get(entry_id)
        if document is None:
            document = self._documents[entry_id] = MarkdownText(self._entries[entry_id].text)
        return document

    def _put(self, entry: Entry) -> int | None:
        before = self._entries.get(entry.id)
        if before is None and self._entries and entry.id < next(iter(self._entries)):
            return None
        document = self._documents.get(entry.id)
        if before and document:
            if entry.text.startswith(before.text):
                document.append(entry.text[len(before.text) :])
            else:
                del self._documents[entry.id]
        self._entries[entry.id] = entry
        return entry.id

    def _grow(self, event: EntryGrew) -> int | None:
        entry = self._entries.get(event.entry)
        if entry is None:
            # Of an entry that was let go of nothing is wanted; one that never came means that events were missed.
            self.lost = self.lost or not self._entries or event.entry > next(iter(self._entries))
            return None
        output = event.part == "output"
        have = (entry.tool.output if entry.tool else "") if output else entry.text
        if event.offset < len(have) and have.startswith(event.text, event.offset):
            return None
        if event.offset != len(have) or (output and entry.tool is None):
            self.lost = True
            return None
        if output and entry.tool:
            tool = msgspec.structs.replace(entry.tool, output=have + event.text)
            self._entries[entry.id] = msgspec.structs.replace(entry, tool=tool)
        else:
            self._entries[entry.id] = msgspec.structs.replace(entry, text=have + event.text)
            if document := self._documents.get(entry.id):
                document.append(event.text)
        return entry.id

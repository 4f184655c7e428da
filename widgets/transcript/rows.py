"""All rows of a transcript at a width, kept up to date entry by entry."""

from __future__ import annotations

from bisect import bisect_right

from agents.model import Entry
from widgets.transcript.blocks import Item, Row, lay_item
from widgets.transcript.entries import lay_entry
from widgets.transcript.model import EVERYTHING, Transcript

ROW_LIMIT = 5000
"""Rows kept while the reader follows the end; whole entries beyond it are let go of."""

FIRST_ENTRIES = 12
"""Where only the latest entries are laid out, it begins with so many."""

_DENSE = frozenset(("tool", "thinking", "notice"))
"""Kinds that stand below each other without a blank row between."""
_EARLIER = Row((("↑ earlier output: press Home or click to load it", "muted"),), "", "earlier")


class _Part:
    """The rows of one entry."""

    __slots__ = ("gap", "items", "offsets", "rows")

    def __init__(self, gap: bool) -> None:
        self.gap = gap
        """A blank row comes before it."""
        self.rows: list[Row] = []
        self.items: list[Item] = []
        """For Markdown: the items the rows were laid from."""
        self.offsets: list[int] = []
        """For Markdown: where the rows of each item begin."""


class RowTable:
    """The rows of a transcript. Rows are numbered from 0, the oldest one held."""

    def __init__(self, transcript: Transcript, width: int = 80, limit: int = ROW_LIMIT) -> None:
        self._transcript = transcript
        self._limit = limit
        self._width = width
        self._parts: dict[int, _Part] = {}
        self._ids: list[int] = []
        self._starts: list[int] = []
        """Row at which each entry begins; one more at the end: the number of rows."""
        self._toggled: set[int] = set()
        self._running: set[int] = set()
        self.skipped = 0
        """So many of the oldest entries are not laid out, as nobody looks at them (see :meth:`relay`)."""
        self.relay()

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def entry_ids(self) -> list[int]:
        """Entries in order."""
        return self._ids

    def row(self, index: int) -> Row:
        """One row."""
        if index == 0 and self._starts[0]:
            return _EARLIER
        place = bisect_right(self._starts, index, hi=len(self._ids)) - 1
        return self._parts[self._ids[place]].rows[index - self._starts[place]]

    def entry_at(self, index: int) -> int:
        """The entry that a row belongs to; 0 for the row that stands for what came before."""
        place = bisect_right(self._starts, index, hi=len(self._ids)) - 1
        return self._ids[place] if place >= 0 else 0

    def rows_of(self, entry_id: int) -> range:
        """The rows of an entry, without the blank one before it; empty if it is not here or shows nothing."""
        part = self._parts.get(entry_id)
        if part is None:
            return range(0)
        start = self._starts[bisect_right(self._ids, entry_id) - 1]
        return range(start + (part.gap and bool(part.rows)), start + len(part.rows))

    def is_expanded(self, entry_id: int) -> bool:
        """Whether an entry shows all it has."""
        return entry_id in self._toggled

    def resize(self, width: int, now: float, recent: int = 0) -> None:
        """Lay everything out at another width (see :meth:`relay`)."""
        if width != self._width:
            self._width = width
            self.relay(now, recent)

    def relay(self, now: float = 0.0, recent: int = 0) -> None:
        """Lay everything out anew; with ``recent`` only the latest entries, until there are so many rows of them."""
        entries = self._transcript.entries
        count = FIRST_ENTRIES if recent else len(entries)
        while True:
            self._parts.clear()
            self._running.clear()
            self.skipped = max(0, len(entries) - count)
            self._ids, self._starts = [], [int(self._transcript.earlier or self.skipped > 0)]
            for entry in entries[self.skipped :]:
                self._add(entry, now)
            if not self.skipped or len(self) >= recent:
                return
            count *= 4

    def update(self, entry_id: int, now: float, recent: int = 0) -> int:
        """Take over a new or changed entry (or ``EVERYTHING``, with ``recent`` as for :meth:`relay`); return the first
        row that differs from before."""
        if entry_id == EVERYTHING:
            self.relay(now, recent)
            return 0
        entry = self._transcript.entry(entry_id)
        if self.skipped and self._ids and entry_id < self._ids[0]:
            return len(self)
        part = self._parts.get(entry_id)
        if part is None:
            if self._ids and entry_id < self._ids[-1]:
                self.relay(now)
                return 0
            before = len(self)
            self._add(entry, now)
            return before
        return self._lay(entry, part, now)

    def toggle(self, entry_id: int, now: float) -> int:
        """Fold or unfold an entry; return the first row that differs from before."""
        self._toggled ^= {entry_id}
        return self.update(entry_id, now)

    def tick(self, now: float) -> list[int]:
        """Move the clocks of what runs; return the rows that differ from before."""
        changed = []
        for entry_id in self._running:
            rows = self.rows_of(entry_id)
            part = self._parts[entry_id]
            laid = lay_entry(self._transcript.entry(entry_id), self._width, self.is_expanded(entry_id), now)
            index = len(part.rows) - len(rows)
            if rows and laid[0] != part.rows[index]:
                part.rows[index] = laid[0]
                changed.append(rows.start)
        return changed

    @property
    def has_clock(self) -> bool:
        """Something runs whose time is shown."""
        return bool(self._running)

    def trim(self) -> bool:
        """Let go of the oldest entries beyond the limit, at least a tenth of it at once; True when some went."""
        if len(self) <= self._limit:
            return False
        spare = len(self) - self._limit * 9 // 10
        count = min(bisect_right(self._starts, spare), len(self._ids) - 1)
        if count < 1:
            return False
        for entry_id in self._ids[:count]:
            del self._parts[entry_id]
            self._running.discard(entry_id)
        self._transcript.forget_first(self.skipped + count)
        self.skipped = 0
        self._ids = self._ids[count:]
        removed = self._starts[count] - 1
        self._starts = [start - removed for start in self._starts[count:]]
        first = self._parts[self._ids[0]]
        if not first.gap:  # it stood close below another tool, and now stands first
            first.gap = True
            if first.rows:
                first.rows.insert(0, Row())
                self._starts[1:] = [start + 1 for start in self._starts[1:]]
        return True

    def _add(self, entry: Entry, now: float) -> None:
        previous = self._transcript.entry(self._ids[-1]).kind if self._ids else ""
        gap = not (entry.kind in _DENSE and previous in _DENSE)
        part = self._parts[entry.id] = _Part(gap)
        self._ids.append(entry.id)
        self._starts.append(self._starts[-1])
        self._lay(entry, part, now)

    def _lay(self, entry: Entry, part: _Part, now: float) -> int:
        """Lay an entry out; return the first row that differs from before."""
        place = bisect_right(self._ids, entry.id) - 1
        before = part.rows
        if entry.kind == "text":
            first = self._lay_markdown(entry.id, part)
        else:
            rows = lay_entry(entry, self._width, self.is_expanded(entry.id), now)
            part.rows = [Row(), *rows] if part.gap and rows else rows
            first = _first_difference(before, part.rows)
        running = entry.tool is not None and entry.tool.status == "running"
        (self._running.add if running else self._running.discard)(entry.id)
        shift = self._starts[place] + len(part.rows) - self._starts[place + 1]
        if shift:
            for index in range(place + 1, len(self._starts)):
                self._starts[index] += shift
        return self._starts[place] + first

    def _lay_markdown(self, entry_id: int, part: _Part) -> int:
        """Lay out again what follows the first item that is not as before."""
        items = self._transcript.document(entry_id).items
        known = _first_difference(part.items, items)
        kept = part.offsets[known] if known < len(part.offsets) else len(part.rows)
        rows = part.rows[:kept]
        del part.offsets[known:]
        if not rows and items and part.gap:
            rows.append(Row())
        for item in items[known:]:
            part.offsets.append(len(rows))
            rows += lay_item(item, self._width)
        first = kept + _first_difference(part.rows[kept:], rows[kept:])
        part.rows, part.items = rows, list(items)
        return first


def _first_difference(before: list[Row] | list[Item], after: list[Row] | list[Item]) -> int:
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if old is not new and old != new:
            return index
    return min(len(before), len(after))

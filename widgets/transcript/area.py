"""The part of the screen that shows a transcript: what is in view, which lines changed, and their strips."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from textual.strip import Strip

from agents.events import AnyEvent
from agents.model import Entry
from widgets.text_strips import RowStrip, Span, Spans, StyleBook, cells, segments_of, split_cells, strip_of
from widgets.transcript.copying import copied_text
from widgets.transcript.entries import can_fold
from widgets.transcript.links import Link, links_in
from widgets.transcript.marking import Found, Place, chosen_stretches, chosen_text, row_text, search, styled
from widgets.transcript.model import EVERYTHING, Transcript
from widgets.transcript.rows import RowTable
from widgets.transcript.view import View

MARGIN = 2
"""Columns left of the text: the rule between panes and a blank."""
SCREENFULS_KEPT = 5
"""Strips are heavy (some kilobytes): only those near the view are kept."""


class TranscriptArea:
    """A transcript in ``height`` lines of ``width`` columns. Lines are counted from its own top.

    Strips are kept by row, so that a row that scrolls stays the same object and whatever is cached in it still counts.
    """

    def __init__(self, styles: StyleBook) -> None:
        self._styles = styles
        self._transcript = Transcript()
        self._rows = RowTable(self._transcript)
        self._changed: dict[int, None] = {}
        self._strips: dict[int, Strip] = {}
        self.view = View(self._rows)
        self.width = 0
        self.height = 0
        self.focused = False
        self.marked = 0
        """The entry that the person has chosen; 0 for none."""
        self.chosen: tuple[Place, Place] | None = None
        """Where the text begins and ends that the person is about to copy."""
        self.query = ""
        """What is searched for."""
        self._found: list[Found] = []
        self._found_at = -1

    # what it shows

    @property
    def has_changes(self) -> bool:
        """Events came in since the last ``lay``."""
        return bool(self._changed)

    @property
    def has_clock(self) -> bool:
        """The time of something that runs is shown."""
        return self._rows.has_clock

    @property
    def is_empty(self) -> bool:
        """There is nothing to show."""
        return not len(self._rows)

    @property
    def lost(self) -> bool:
        """An event was missed."""
        return self._transcript.lost

    @property
    def sequence(self) -> int:
        """Up to where the transcript is known (see ``Entry.sequence``)."""
        return self._transcript.sequence

    @property
    def first_entry(self) -> int:
        """The oldest entry that is here; 0 if there is none."""
        return next(iter(self._rows.entry_ids), 0)

    @property
    def last_entry(self) -> int:
        """The newest entry that is here; 0 if there is none."""
        return next(reversed(self._rows.entry_ids), 0)

    @property
    def earlier(self) -> bool:
        """There are older entries than the first."""
        return self._transcript.earlier

    def entry(self, entry_id: int) -> Entry:
        """One entry.

        Raises:
            KeyError: It is not here.
        """
        return self._transcript.entry(entry_id)

    def last_row(self) -> Spans:
        """The last row that says something."""
        for index in range(len(self._rows) - 1, max(-1, len(self._rows) - 20), -1):
            spans = self._rows.row(index).spans
            if any(text.strip() for text, _ in spans):
                return spans
        return ()

    def feed(self, event: AnyEvent) -> bool:
        """Take in an event; True when there is something to lay out."""
        entry_id = self._transcript.feed(event)
        if entry_id == EVERYTHING:
            self._changed.clear()
        if entry_id is not None:
            self._changed[entry_id] = None
        return entry_id is not None

    def prepend(self, entries: Iterable[Entry], earlier: bool, now: float) -> None:
        """Put older entries before what is here; what is in view stays in view."""
        self.complete(now)
        anchor = self.view.anchor()
        first, offset = (anchor.entry_id, anchor.offset) if anchor else (0, 0)
        if not first:
            first, offset = self.first_entry, -1
        self._transcript.prepend(entries, earlier)
        self._rows.relay(now)
        self._strips.clear()
        self.view.hold(self._rows.rows_of(first).start + offset)

    # laying out

    def resize(self, width: int, height: int, now: float) -> None:
        """Give it this much room."""
        anchor = self.view.anchor()
        if width != self.width:
            self.chosen, self.query, self._found = None, "", []
            self._rows.resize(max(8, width - MARGIN - 1), now, self._recent)
            self._strips.clear()
        self.width, self.height = width, height
        self.view.height = max(1, height)
        self.view.restore(anchor)

    @property
    def _recent(self) -> int:
        """Rows that are laid out while the end is followed; 0: all."""
        return 3 * self.height + 10 if self.view.following else 0

    def complete(self, now: float) -> None:
        """Lay out what was left out because nobody looked at it; what is in view stays."""
        if self._rows.skipped:
            anchor = self.view.anchor()
            self._rows.relay(now)
            self._strips.clear()
            self.view.restore(anchor)

    def lay(self, now: float) -> range:
        """Lay out what came in; the lines that look different now."""
        anchor, top, mark = self.view.anchor(), self.view.top, self.has_mark
        rows = len(self._rows)
        first = rows
        for entry_id in self._changed:
            if entry_id == EVERYTHING or self._transcript.has(entry_id):
                first = min(first, self._rows.update(entry_id, now, self._recent))
        self._changed.clear()
        for row in range(first, rows):
            self._strips.pop(row, None)
        if self.view.following and self.chosen is None and self._rows.trim():
            self._strips.clear()
            first = 0
        if not self._transcript.has(self.marked):
            self.marked = 0
        self.view.restore(anchor)
        if top != self.view.top or mark != self.has_mark:
            return range(self.height)
        begin = min(self.height, max(0, first - top))
        return range(min(begin, self.height - 1) if self.has_mark else begin, self.height)

    def tick(self, now: float) -> list[int]:
        """Move the clocks of what runs; the lines that look different now."""
        changed = self._rows.tick(now)
        for row in changed:
            self._strips.pop(row, None)
        return [row - self.view.top for row in changed if 0 <= row - self.view.top < self.height]

    def forget_strips(self) -> None:
        """Paint everything anew from now on."""
        self._strips.clear()

    # what the person does

    @property
    def has_mark(self) -> bool:
        """The last line says how many rows are new below."""
        return self.view.new_rows > 0 and self.height > 2

    @property
    def current(self) -> int:
        """The entry that keys act on: the chosen one, else the last one in view that can be folded; 0 for none."""
        if self.marked:
            return self.marked
        bottom = min(len(self._rows), self.view.top + self.height)
        ids = (self._rows.entry_at(row) for row in range(bottom - 1, self.view.top - 1, -1))
        return next((entry_id for entry_id in ids if entry_id and can_fold(self.entry(entry_id))), 0)

    def step(self, count: int, prompts: bool) -> bool:
        """Choose the next entry in a direction (the next prompt) and bring it into view; False if there is none."""
        ids = [entry_id for entry_id in self._rows.entry_ids if len(self._rows.rows_of(entry_id))]
        start = self.marked
        if start not in ids:
            bottom = min(len(self._rows), self.view.top + self.height) - 1
            start = self._rows.entry_at(bottom if count < 0 else self.view.top) if bottom >= 0 else 0
            if start in ids and not prompts:
                return self.choose(start)
        place = ids.index(start) if start in ids else -1
        candidates = ids[:place][::-1] if count < 0 else ids[place + 1 :]
        found = (entry_id for entry_id in candidates if not prompts or self.entry(entry_id).kind == "prompt")
        return self.choose(next(found, 0))

    def choose(self, entry_id: int) -> bool:
        """Mark an entry and bring it into view; False for 0."""
        if entry_id:
            self._forget_entry(self.marked)
            self.marked = entry_id
            self._forget_entry(entry_id)
            self.view.show(self._rows.rows_of(entry_id))
        return bool(entry_id)

    def toggle(self, entry_id: int, now: float) -> None:
        """Fold or unfold an entry, its first row staying where it is as far as it can."""
        line = self._rows.rows_of(entry_id).start - self.view.top
        rows, anchor = len(self._rows), self.view.anchor()
        first = self._rows.toggle(entry_id, now)
        for row in range(first, rows):
            self._strips.pop(row, None)
        self.view.restore(anchor)
        start = self._rows.rows_of(entry_id).start
        if start < self.view.top or start - self.view.top != line:
            self.view.hold(start - max(0, line))
            if self.view.top + self.height >= len(self._rows):
                self.view.scroll_to(len(self._rows))

    def click(self, line: int) -> tuple[str, int]:
        """What a click on a line asks for, and the entry it is about (0: none)."""
        if self.has_mark and line == self.height - 1:
            return "end", 0
        row = self.view.top + line
        if row >= len(self._rows):
            return "", 0
        return self._rows.row(row).click, self._rows.entry_at(row)

    # text that the person chooses, and looks for

    def place_at(self, line: int, column: int) -> Place:
        """The place in the text that a cell of the pane stands for."""
        row = max(0, min(self.view.top + line, len(self._rows) - 1))
        return Place(row, max(0, column - MARGIN))

    def choose_text(self, start: Place | None, end: Place | None = None) -> None:
        """Choose the text between two places; None for no text."""
        self.chosen = (start, end or start) if start is not None and len(self._rows) else None
        self._strips.clear()

    @property
    def chosen_text(self) -> str:
        """What is chosen, as it is seen."""
        return chosen_text(*self.chosen, self._rows) if self.chosen else ""

    def choose_rows(self, step: int) -> None:
        """Choose whole rows: the first call the last row in view, further ones move its end and bring it into view."""
        if not len(self._rows):
            return
        if self.chosen is None:
            bottom = min(len(self._rows), self.view.top + self.height) - 1
            self.choose_text(Place(bottom, 0), Place(bottom, self.width))
            return
        fixed, moving = self.chosen
        row = max(0, min(moving.row + step, len(self._rows) - 1))
        upwards = row < fixed.row
        self.choose_text(
            Place(fixed.row, self.width if upwards else 0), Place(row, 0 if upwards else self.width)
        )  # fmt: skip
        self.view.show(range(row, row + 1))

    def search(self, query: str) -> int:
        """Look for a text in all entries that are here; how often it is there. The last one is gone to."""
        self.query = query
        wanted, hidden = query.lower(), []
        if wanted:
            hidden = [name for name in self._rows.entry_ids if wanted in copied_text(self.entry(name)).lower()]
        self._found = search(query, self._rows, hidden)
        self._found_at = len(self._found) - 1
        self._strips.clear()
        return len(self._found)

    @property
    def found(self) -> int:
        """How often it was found."""
        return len(self._found)

    @property
    def found_at(self) -> int:
        """Which of what was found is gone to, from 1; 0 for none."""
        return self._found_at + 1

    def go_to_found(self, step: int, now: float) -> bool:
        """Go on among what was found, around the ends, and unfold what hides it; False when nothing was found."""
        at = self._found_at
        count = self.search(self.query)
        if not count:
            return False
        self._found_at = (at + step) % count
        found = self._found[self._found_at]
        if not found.stretches and not self._rows.is_expanded(found.entry):
            self.toggle(found.entry, now)
            self.search(self.query)
            self._found_at = next(
                (place for place, other in enumerate(self._found) if other.entry == found.entry and other.stretches),
                min(self._found_at, len(self._found) - 1),
            )
            found = self._found[self._found_at]
        rows = [stretch.row for stretch in found.stretches] or [self._rows.rows_of(found.entry).start]
        self.view.hold(max(0, rows[0] - self.height // 2))
        self._strips.clear()
        return True

    def link_at(self, line: int, column: int) -> Link | None:
        """What a cell of the pane opens. An address goes on where a row is full."""
        row = self.view.top + line
        if row >= len(self._rows):
            return None
        text = row_text(self._rows.row(row).spans)
        before = len(split_cells(text, max(0, column - MARGIN))[0])
        room = self.width - MARGIN - 1
        if before >= len(text):
            return None
        offset, whole, last = 0, text, row
        while cells(row_text(self._rows.row(last).spans)) >= room and last + 1 < len(self._rows):
            last += 1
            whole += row_text(self._rows.row(last).spans)
        first = row
        while first > 0 and cells(above := row_text(self._rows.row(first - 1).spans)) >= room:
            first, whole, offset = first - 1, above + whole, offset + len(above)
        return next((link for link in links_in(whole) if link.start <= before + offset < link.end), None)

    def links_of(self, entry_id: int) -> list[Link]:
        """All that an entry offers to open."""
        return links_in(copied_text(self.entry(entry_id))) if self._transcript.has(entry_id) else []

    # painting

    def strips(self) -> list[Strip]:
        """All lines, as wide as the area."""
        top, total, following = self.view.top, len(self._rows), self.view.following
        strips = []
        for line in range(self.height):
            strip = self._strip(top + line) if top + line < total else self._painted((), "", 0)
            strips.append(strip if following else strip.crop(0, self.width - 1) + self._scrollbar(line))
        if self.has_mark:
            strips[-1] = self._mark_strip()
        if len(self._strips) > SCREENFULS_KEPT * self.height:
            self._forget_far_strips()
        return strips

    def _strip(self, row: int) -> Strip:
        strip = self._strips.get(row)
        if strip is None:
            found = self._rows.row(row)
            spans = self._standing_out(row, found.spans)
            strip = self._strips[row] = self._painted(spans, found.fill, self._rows.entry_at(row))
        return strip

    def _standing_out(self, row: int, spans: Spans) -> Spans:
        """A row with what is found and chosen in it."""
        for number, found in enumerate(self._found if self.query else ()):
            for at, start, end in found.stretches:
                if at == row:
                    spans = styled(spans, start, end, "found-now" if number == self._found_at else "found")
        if self.chosen:
            for at, start, end in chosen_stretches(*self.chosen, self._rows):
                if at == row:
                    spans = styled(spans, start, end, "chosen")
        return spans

    def text_line(self, text: str) -> Strip:
        """A line that stands where there is nothing else to show."""
        return self._painted(((text, "muted"),), "", 0)

    def _painted(self, spans: Spans, fill: str, entry_id: int) -> Strip:
        if self.focused:
            marked = entry_id and entry_id == self.marked
            rule: Span = ("▌", "rule-marked") if marked else ("▏", "rule-focused")
        else:
            rule = ("▏", "rule")
        plain = self._styles[""]
        segments = segments_of(spans, self._styles, self.width - MARGIN - 1, fill)
        segments[:0] = (Segment(rule[0], self._styles[rule[1]]), Segment(" ", plain))
        segments.append(Segment(" ", plain))
        return RowStrip(segments, self.width)

    def _scrollbar(self, line: int) -> Strip:
        total = max(1, len(self._rows))
        size = max(1, round(self.height * self.height / total))
        begin = round(self.view.top * (self.height - size) / max(1, total - self.height))
        grip = begin <= line < begin + size
        return strip_of((("┃", "scrollbar-grip") if grip else ("│", "scrollbar"),), self._styles, 1)

    def _mark_strip(self) -> Strip:
        count = self.view.new_rows
        text = f" ↓ {count} new line{'s' * (count > 1)} "
        room = max(0, self.width - cells(text) - MARGIN - 1)
        strip = self._painted(((" " * (room // 2), ""), (text, "below")), "", 0)
        return strip.crop(0, self.width - 1) + self._scrollbar(self.height - 1)

    def _forget_entry(self, entry_id: int) -> None:
        for row in self._rows.rows_of(entry_id):
            self._strips.pop(row, None)

    def _forget_far_strips(self) -> None:
        top, bottom = self.view.top - self.height, self.view.top + 2 * self.height
        self._strips = {row: strip for row, strip in self._strips.items() if top <= row < bottom}

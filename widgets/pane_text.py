"""What a person does with the text of a pane: read on, search it, choose some of it to copy, open what it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from textual import events

from widgets.text_strips import Spans
from widgets.transcript.area import TranscriptArea
from widgets.transcript.copying import copied_text
from widgets.transcript.links import Link
from widgets.transcript.marking import Place


class Host(Protocol):
    """The pane, as its text needs it."""

    def offer(self, text: str) -> None:
        """The person wants this in the clipboard."""

    def open(self, link: Link) -> None:
        """The person opens this."""

    def want_earlier(self, before: int) -> None:
        """The person wants the entries before this one."""

    def moved(self) -> None:
        """Rows look different now."""

    def rearrange(self) -> None:
        """The header may have other rows now."""


class PaneText:
    """The text of one pane. Without a transcript (a terminal has its own ways) nothing of this does anything."""

    def __init__(self, host: Host, area: Callable[[], TranscriptArea | None], clock: Callable[[], float]) -> None:
        self._host = host
        self._area = area
        self._clock = clock
        self._seeking = False
        """What is searched for is being typed."""
        self._pressed_at: Place | None = None
        """Where the mouse was pressed; the text from there to where it goes is chosen."""
        self._just_chose = False
        self._followed = False
        self._opened = 0
        """How many links were opened by key since the mark moved."""

    @property
    def is_searching(self) -> bool:
        """There is a search, or one is being typed."""
        area = self._area()
        return area is not None and bool(area.query or self._seeking)

    @property
    def has_chosen(self) -> bool:
        """Some text is chosen."""
        area = self._area()
        return area is not None and area.chosen is not None

    def complete(self) -> None:
        """Someone looks further back: lay out all that is here."""
        if area := self._area():
            area.complete(self._clock())

    # --- reading on

    def scroll(self, count: int) -> None:
        """Scroll by rows; while rows are chosen by keys, take more or fewer."""
        area = self._area()
        if area is None or (count and self.choose_rows(count)):
            return
        if count < 0:
            self.complete()
        area.view.scroll_by(count)
        self._moved()
        if count < 0 and area.view.top == 0:
            self._want_earlier(area)

    def scroll_to_start(self) -> None:
        """Go to the first row, and ask for what came before it."""
        if area := self._area():
            self.complete()
            area.view.scroll_to(0)
            self._moved()
            self._want_earlier(area)

    def scroll_to_end(self) -> None:
        """Go to the end and follow it."""
        if area := self._area():
            area.marked = 0
            area.view.following = True
            self.end_search()
            self._host.rearrange()

    def _want_earlier(self, area: TranscriptArea) -> None:
        self.complete()
        if area.earlier:
            self._host.want_earlier(area.first_entry)

    def step(self, count: int, *, prompts: bool) -> None:
        """Mark the next entry, or prompt, in a direction."""
        self.complete()
        area = self._area()
        if area is not None and area.step(count, prompts=prompts):
            self._moved()

    def toggle(self) -> None:
        """Fold or unfold the marked entry."""
        area = self._area()
        if area is not None and area.current:
            self._toggle(area, area.current)

    def _toggle(self, area: TranscriptArea, entry: int) -> None:
        area.toggle(entry, self._clock())
        self._moved()

    def _moved(self) -> None:
        """Another entry may be marked: opening begins with its first link."""
        self._opened = 0
        self._host.moved()

    # --- searching

    def search_row(self) -> Spans:
        """What stands in the header while there is a search."""
        area = self._area()
        if area is None:
            return ()
        count = f"{area.found_at}/{area.found}" if area.query else ""
        said = "  Enter keeps it  Esc drops it" if self._seeking else "  n before  N after  Esc drops it"
        return ((f"find: {area.query}{'▏' * self._seeking}", "title"), (f"  {count}", "fact"), (said, "hint"))

    def search(self) -> None:
        """Type what to look for."""
        self.complete()
        self._seeking = True
        self._seek("")

    def _seek(self, query: str) -> None:
        if area := self._area():
            area.search(query)
            if query:
                area.go_to_found(0, self._clock())
            self._host.rearrange()

    def go_to_found(self, step: int) -> None:
        """Go to another place that was found."""
        if area := self._area():
            area.go_to_found(step, self._clock())
            self._host.rearrange()

    def end_search(self) -> None:
        """Look for nothing any more."""
        if self.is_searching:
            self._seeking = False
            self._seek("")

    def take_key(self, event: events.Key) -> bool:
        """A key while what is searched for is typed; False when it is not one for it."""
        area = self._area()
        if area is None or not self._seeking:
            return False
        if event.key == "enter":
            self._seeking = False
            self._seek(area.query)
        elif event.key == "backspace":
            self._seek(area.query[:-1])
        elif event.character is not None and event.is_printable:
            self._seek(area.query + event.character)
        else:
            return False
        return True

    # --- choosing

    def drop(self) -> None:
        """Drop what is chosen, else the search."""
        if self.has_chosen:
            self._choose(None)
        else:
            self.end_search()

    def choose_rows(self, step: int) -> bool:
        """Choose the last row in view, then more or fewer; False when that is not what is being done (0 begins it)."""
        area = self._area()
        if area is None or (step and (area.chosen is None or self._pressed_at is not None)):
            return False
        self.complete()
        area.choose_rows(step)
        self._moved()
        return True

    def copy(self) -> bool:
        """Offer what is chosen for the clipboard; False when nothing is."""
        area = self._area()
        if area is None or area.chosen is None:
            return False
        if text := area.chosen_text:
            self._host.offer(text)
        self._choose(None)
        return True

    def copy_entry(self) -> None:
        """Offer what is chosen for the clipboard, else the text of the marked or the last entry."""
        area = self._area()
        if area is None or self.copy():
            return
        if entry := area.marked or area.last_entry:
            self._host.offer(copied_text(area.entry(entry)))

    def _choose(self, start: Place | None, end: Place | None = None) -> None:
        if area := self._area():
            area.choose_text(start, end)
            self._moved()

    def press(self, line: int, column: int) -> bool:
        """The mouse is pressed on a line; True when text may be chosen from here on."""
        area = self._area()
        if area is None or line < 0:
            return False
        self._pressed_at = area.place_at(line, column)
        self._followed = area.view.following
        return True

    def drag(self, line: int, column: int) -> None:
        """The mouse moves: choose the text up to here; it stands still meanwhile."""
        area = self._area()
        if area is None or self._pressed_at is None:
            return
        place = area.place_at(max(0, min(line, area.height - 1)), column)
        if area.chosen is None and place == self._pressed_at:
            return
        if area.view.following:
            area.view.hold(area.view.top)
        self._choose(self._pressed_at, place)

    @property
    def is_pressed(self) -> bool:
        """The mouse is pressed on the text."""
        return self._pressed_at is not None

    def release(self) -> None:
        """The mouse is released: what was chosen is copied."""
        self._pressed_at = None
        area = self._area()
        self._just_chose = area is not None and self.copy()
        if area is not None and self._just_chose:
            area.view.following = self._followed or area.view.following

    @property
    def has_just_chosen(self) -> bool:
        """Text was chosen with the mouse: the click that this ends with is none. Says so once."""
        said, self._just_chose = self._just_chose, False
        return said

    def click(self, line: int, column: int) -> None:
        """Open what is clicked, fold, load earlier output, go to the end, or mark an entry."""
        area = self._area()
        if area is None:
            return
        if link := area.link_at(line, column):
            self._host.open(link)
            return
        asked, entry = area.click(line)
        if asked == "end":
            self.scroll_to_end()
        elif asked == "earlier":
            self._want_earlier(area)
        elif entry:
            area.choose(entry)
            if asked == "toggle":
                self._toggle(area, entry)
            self._moved()

    # --- opening

    def open_next(self) -> None:
        """Open the first link of the marked entry, or of the last one; again: the next one."""
        area = self._area()
        links = area.links_of(area.marked or area.last_entry) if area else []
        if links:
            self._host.open(links[self._opened % len(links)])
            self._opened += 1

"""One agent at work: a header and its transcript, drawn by rows.

The pane overrides ``render_lines``: no border, no padding and no layout stand between a row of text and the screen, a
row that scrolls stays the same strip, and text that streams in only repaints the rows it changes. ``feed`` is cheap and
paints nothing; the :class:`~widgets.pump.Pump` calls ``flush``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agents.events import AnyEvent
from agents.model import Entry, Task
from widgets.pane_header import header_spans, reason_rows, tile_spans
from widgets.pane_keys import PANE_KEYS
from widgets.pane_look import PANE_CSS, PANE_STYLES
from widgets.pane_text import PaneText
from widgets.pump import Pump
from widgets.text_strips import Spans, StyleBook, strip_of
from widgets.transcript.area import MARGIN, TranscriptArea
from widgets.transcript.links import Link

TILE_ROWS = 6
TILE_COLUMNS = 24
"""A pane with fewer rows or columns shows its task in a single row."""
WHEEL_ROWS = 3

_RESTING = {
    "queued": "Waits for a free place.", "preparing": "The worktree is being prepared.", "working": "No answer yet."
}  # fmt: skip


class AgentPane(Widget, can_focus=True):
    """The live view of one task."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PANE_STYLES
    DEFAULT_CSS = PANE_CSS
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = PANE_KEYS

    @dataclass
    class _PaneMessage(Message):
        pane: AgentPane
        task: str

        @property
        def control(self) -> AgentPane:
            """The pane it is about."""
            return self.pane

    @dataclass
    class PaneFocused(_PaneMessage):
        """The person works in this pane now."""

    @dataclass
    class PaneZoomed(_PaneMessage):
        """The header was double-clicked: show this pane alone, or all again."""

    @dataclass
    class CopyText(_PaneMessage):
        """The person wants this text in the clipboard."""

        text: str

    @dataclass
    class AddressOpened(_PaneMessage):
        """The person opens an address."""

        address: str

    @dataclass
    class PlaceOpened(_PaneMessage):
        """The person opens a place in a file of the task."""

        path: str
        line: int

    @dataclass
    class AnswerChosen(_PaneMessage):
        """The person answers what the agent asks."""

        question: str
        """Its id."""
        option: str

    @dataclass
    class EarlierWanted(_PaneMessage):
        """The person wants the entries before this one: answer with ``show_earlier``."""

        before: int

    @dataclass
    class DetailsLost(_PaneMessage):
        """An event was missed: watch the task again."""

    def __init__(
        self, pump: Pump, task: Task | None = None, *, clock: Callable[[], float] = time.time, id: str | None = None
    ) -> None:
        """A pane that is flushed by ``pump``; ``clock`` gives seconds since the epoch."""
        super().__init__(id=id)
        self._pump = pump
        self._clock = clock
        self._shown = task
        self._styles_by_name = StyleBook(self, "pane--")
        self._area = self._make_area()
        self._header_changed = True
        self._tick_due = False
        self._header: tuple[Spans, ...] = ()
        self._frame: list[Strip] | None = None
        self._lost_told = False
        self._text = PaneText(self, self._transcript, clock)

    def _make_area(self) -> TranscriptArea:
        """What is below the header of a task."""
        return TranscriptArea(self._styles_by_name)

    # --- what the pane is told ----------------------------------------------------------------------------------------

    @property
    def task_shown(self) -> Task | None:
        """The task as it was last shown."""
        return self._shown

    @property
    def is_following(self) -> bool:
        """The end of the transcript stays in view."""
        return self._area.view.following

    def show_task(self, task: Task | None) -> None:
        """Show a task, or how it is now. Another task than before begins with an empty transcript."""
        if task == self._shown:
            return
        if task is None or self._shown is None or task.id != self._shown.id:
            self._area = self._make_area()
            self._lost_told = False
            self._header = ()
        self._shown = task
        self._header_changed = True
        self._pump.wake()

    def feed(self, event: AnyEvent) -> None:
        """Take in an event of this task's transcript. Nothing is painted before the next flush."""
        if self._area.feed(event):
            self._pump.wake()
        if self._area.lost and not self._lost_told:
            self.post_message(self.DetailsLost(self, self._task_id))
        self._lost_told = self._area.lost

    @property
    def is_empty(self) -> bool:
        """There is nothing in its transcript yet."""
        return self._area.is_empty

    @property
    def sequence(self) -> int:
        """Up to where it knows the transcript (see ``Entry.sequence``); 0 when it knows nothing of it."""
        return self._area.sequence

    def show_earlier(self, entries: Iterable[Entry], earlier: bool) -> None:
        """Put older entries before what is here; ``earlier``: there are still older ones. The view stays."""
        self._area.prepend(entries, earlier, self._clock())
        self._refresh_area(range(self._area.height))

    # --- what the pump calls ------------------------------------------------------------------------------------------

    @property
    def is_urgent(self) -> bool:
        """The person works in it."""
        return self.has_focus

    @property
    def has_changes(self) -> bool:
        """There is something to show, and it is in view."""
        return (self._header_changed or self._area.has_changes) and self._is_in_view

    @property
    def has_clock(self) -> bool:
        """A time that moves is in view."""
        working = self._shown is not None and self._shown.state == "working"
        return (working or self._area.has_clock) and self._is_in_view

    @property
    def _is_in_view(self) -> bool:
        return self.is_mounted and bool(self.display) and bool(self.size)

    def flush(self) -> None:
        """Lay out what has changed and refresh the lines that differ."""
        was_empty, has_news = self._area.is_empty, self._area.has_changes
        lines = self._area.lay(self._clock()) if has_news else range(0)
        if self._tick_due:
            self._tick_due = False
            for line in self._area.tick(self._clock()):
                self._refresh_area(range(line, line + 1))
        if self._header_changed or (has_news and self.is_tile):
            self._header_changed = False
            header = self._compose_header()
            if len(header) != len(self._header):
                self._arrange(header)
                self.refresh()
                return
            if header != self._header:
                self._header = header
                self.refresh(Region(0, 0, self.size.width, len(header)))
        self._refresh_area(range(self._area.height) if was_empty else lines)

    def tick(self) -> None:
        """Move the clocks with the next flush."""
        self._tick_due = self._header_changed = True

    def _refresh_area(self, lines: range) -> None:
        if lines:
            self.refresh(Region(0, len(self._header) + lines.start, self.size.width, len(lines)))

    # --- life ---------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Be flushed from now on."""
        self._pump.add(self)

    def on_unmount(self) -> None:
        """Be left alone."""
        self._pump.remove(self)

    def on_resize(self) -> None:
        """Lay the transcript out for the new size."""
        self._arrange(self._compose_header())
        self._repaint()

    def on_show(self) -> None:
        """What has gathered while it was hidden is shown soon."""
        self._header_changed = True
        self._pump.wake()

    def notify_style_update(self) -> None:
        """Colours may be others now."""
        super().notify_style_update()
        self._styles_by_name.clear()
        self._forget_strips()
        self._frame = None

    def on_focus(self) -> None:
        """Show it and tell it."""
        self._repaint()
        self.post_message(self.PaneFocused(self, self._task_id))

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self._repaint()

    @property
    def _task_id(self) -> str:
        return self._shown.id if self._shown else ""

    def _repaint(self) -> None:
        self._forget_strips()
        self.refresh()

    def _forget_strips(self) -> None:
        self._area.focused = self.has_focus
        self._area.forget_strips()

    # --- header and painting ------------------------------------------------------------------------------------------

    @property
    def is_tile(self) -> bool:
        """Too small for a transcript: the task is shown in a single row."""
        return self.size.height < TILE_ROWS or self.size.width < TILE_COLUMNS

    def _compose_header(self) -> tuple[Spans, ...]:
        width = self.size.width - MARGIN
        if self._shown is None:
            return ((("no task", "fact"),),)
        if self.is_tile:
            return (tile_spans(self._shown, self._area.last_row(), width), *([()] * (self.size.height - 1)))
        if self._text.is_searching:
            return (self._text.search_row(),)
        reasons = reason_rows(self._shown, width - 1, 2 if self.size.height >= 10 else 1)
        return (header_spans(self._shown, width, self._clock()), *reasons)

    def _transcript(self) -> TranscriptArea | None:
        """What is below the header, unless it is a terminal, which has its own ways."""
        return self._area if isinstance(self._area, TranscriptArea) else None

    def _arrange(self, header: tuple[Spans, ...]) -> None:
        self._header = header
        self._area.resize(self.size.width, max(0, self.size.height - len(header)), self._clock())

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Paint anew. Strips are asked for far more often than they change: with every frame of any widget."""
        self._frame = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of some lines: header first, then the transcript."""
        if self._frame is None:
            self._frame = self._paint()
        strips = self._frame[crop.y : crop.bottom]
        if crop.x or crop.width != self.size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def _paint(self) -> list[Strip]:
        if self._area.width != self.size.width or len(self._header) + self._area.height != self.size.height:
            self._arrange(self._compose_header())
        header = [self._header_strip(y) for y in range(min(len(self._header), self.size.height))]
        body = self._area.strips()
        if body and self._area.is_empty and self._shown:
            begins = "It has not begun." if self._shown.held else _RESTING.get(self._shown.state, "Nothing was said.")
            body[0] = self._area.text_line(begins)
        return header + body

    def _header_strip(self, y: int) -> Strip:
        bar = "" if self.is_tile and y else "header-focused" if self.has_focus else "header"
        mark = ("▌", f"{bar} rule-focused") if self.has_focus else ("▏", f"{bar} rule")
        spans = [mark, (" ", bar), *((text, f"{bar} {style}".strip()) for text, style in self._header[y])]
        return strip_of(spans, self._styles_by_name, self.size.width, bar)

    # --- what its text asks of it -------------------------------------------------------------------------------------

    def offer(self, text: str) -> None:
        """The person wants this in the clipboard."""
        self.post_message(self.CopyText(self, self._task_id, text))

    def want_earlier(self, before: int) -> None:
        """The person wants the entries before this one."""
        self.post_message(self.EarlierWanted(self, self._task_id, before))

    def open(self, link: Link) -> None:
        """The person opens this."""
        if link.address:
            self.post_message(self.AddressOpened(self, self._task_id, link.address))
        else:
            self.post_message(self.PlaceOpened(self, self._task_id, link.path, link.line))

    def moved(self) -> None:
        """Rows look different now."""
        self._refresh_area(range(self._area.height))
        self.refresh_bindings()

    def rearrange(self) -> None:
        """The header may have other rows now."""
        self._arrange(self._compose_header())
        self._repaint()
        self.refresh_bindings()

    # --- what the person does -----------------------------------------------------------------------------------------

    def action_scroll_rows(self, count: int) -> None:
        """Scroll by rows; while rows are chosen by keys, take more or fewer."""
        self._text.scroll(count)

    def action_scroll_pages(self, halves: int) -> None:
        """Scroll by half screenfuls."""
        self.action_scroll_rows(halves * max(1, (self._area.height - 1) // 2))

    def action_scroll_start(self) -> None:
        """Go to the first row, and ask for what came before it."""
        self._text.scroll_to_start()

    def action_scroll_end(self) -> None:
        """Go to the end and follow it."""
        self._text.scroll_to_end()

    def action_step_entry(self, count: int) -> None:
        """Mark the next entry in a direction."""
        self._text.step(count, prompts=False)

    def action_step_prompt(self, count: int) -> None:
        """Mark the next prompt in a direction."""
        self._text.step(count, prompts=True)

    def action_toggle_entry(self) -> None:
        """Fold or unfold the marked entry."""
        self._text.toggle()

    def action_copy_entry(self) -> None:
        """Offer what is chosen for the clipboard, else the text of the marked entry."""
        self._text.copy_entry()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Numbers answer while something is asked, some keys are ours while there is a search; else they are not."""
        if action == "answer":
            asked = self._shown.question if self._shown is not None else None
            return asked is not None and parameters[0] in range(1, len(asked.options) + 1)
        if action == "go_to_found":
            return self._text.is_searching
        if action == "drop":
            return self._text.is_searching or self._text.has_chosen
        return True

    def action_answer(self, number: int) -> None:
        """Answer what the agent asks with one of its options."""
        if self._shown is not None and (asked := self._shown.question) is not None:
            self.post_message(self.AnswerChosen(self, self._task_id, asked.id, asked.options[number - 1]))

    def action_search(self) -> None:
        """Type what to look for."""
        if not self.is_tile:
            self._text.search()

    def action_go_to_found(self, step: int) -> None:
        """Go to another place that was found."""
        self._text.go_to_found(step)

    def action_drop(self) -> None:
        """Drop what is chosen, else the search."""
        self._text.drop()

    def action_choose_rows(self) -> None:
        """Choose the last row in view; keys that scroll take more."""
        self._text.choose_rows(0)

    def action_open_link(self) -> None:
        """Open the first link of the marked entry, or of the last one; again: the next one."""
        self._text.open_next()

    def on_key(self, event: events.Key) -> None:
        """What is searched for is typed."""
        if self._text.take_key(event):
            event.stop()
            event.prevent_default()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Text may be chosen from here on."""
        if event.button == 1 and self._text.press(event.y - len(self._header), event.x):
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Choose the text up to here."""
        self._text.drag(event.y - len(self._header), event.x)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """What was chosen is copied."""
        if self._text.is_pressed:
            self.release_mouse()
            self._text.release()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.action_scroll_rows(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.action_scroll_rows(WHEEL_ROWS)

    def on_click(self, event: events.Click) -> None:
        """Fold, load earlier output, go to the end, mark an entry; twice on the header: zoom."""
        event.stop()
        if self._text.has_just_chosen:
            return
        if event.y >= len(self._header):
            self._text.click(event.y - len(self._header), event.x)
        elif event.chain == 2:
            self.post_message(self.PaneZoomed(self, self._task_id))

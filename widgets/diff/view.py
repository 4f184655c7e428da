"""The diff view: all files of a change in one scrolling view that draws only the lines on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agents.parts.review import CommentDraft
from agents.review.model import DiffSet
from agents.review.places import Placed
from agents.review.spans import Highlighted
from widgets.diff.boxes import JUDGE_KEYS, comment_rows
from widgets.diff.choices import Choices
from widgets.diff.editor_box import EditorBox
from widgets.diff.keys import DIFF_KEYS
from widgets.diff.line_marks import LineMark
from widgets.diff.look import COMPONENT_CLASSES, DIFF_CSS
from widgets.diff.mouse import Mouse
from widgets.diff.painter import Gutter
from widgets.diff.remarks import Remarks
from widgets.diff.rows import COMMENT, FILE, HUNK, Layout, Spot
from widgets.diff.screenful import Screenful
from widgets.diff.search import Search, unfold_for
from widgets.diff.state import DiffState, Keep, Position
from widgets.diff.window import Window
from widgets.text_strips import StyleBook

GATHER_SECONDS = 0.002
"""Time for those who hear that the reader moved to change what they show. Textual draws 120 frames a second at most: a
second frame for that alone would come 8 ms later, and cost as much as the first."""


class DiffView(Widget, can_focus=True):
    """A unified diff to be read, moved through and pointed at.

    It scrolls by itself: nothing of it is layout, a line that scrolls into view is painted once and kept.
    """

    DEFAULT_CSS = DIFF_CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENT_CLASSES)
    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Diff"
    BINDINGS: ClassVar[list[BindingType]] = list(DIFF_KEYS)

    @dataclass
    class _DiffMessage(Message):
        view: DiffView

        @property
        def control(self) -> DiffView:
            """The view it comes from."""
            return self.view

    @dataclass
    class Moved(_DiffMessage):
        """The cursor is elsewhere, or what is shown around it is different."""

        position: Position

        def can_replace(self, message: Message) -> bool:
            """A later place makes an earlier one that nobody has seen yet needless."""
            return isinstance(message, DiffView.Moved)

    @dataclass
    class Filtered(_DiffMessage):
        """Other files are hidden than before."""

    @dataclass
    class Pressed(_DiffMessage):
        """A key that is shown in the diff was clicked, or (with no key) the person asks what can be done here."""

        key: str = ""

    @dataclass
    class Copied(_DiffMessage):
        """The person wants this text on the clipboard."""

        text: str

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.state = DiffState()
        self._search = Search()
        self._window = Window(self.state)
        self._styles = StyleBook(self, "diff--")
        self._syntax: dict[tuple[bytes, str], Highlighted] = {}
        self._screen = Screenful(self.state, self._styles, self._syntax_of)
        self._strips: list[Strip] | None = None
        self._redraw_timer: asyncio.TimerHandle | None = None
        self._editor = EditorBox(self.state, self._rebuilt)
        self.judge_keys = JUDGE_KEYS
        self._left: Keep | None = None
        """A place that the diff shown now does not have, until it is shown again or the reader moves."""
        self._choices = Choices(self.state, self._filtered, self._rebuilt)
        self._mouse = Mouse(self)

    # what is shown

    def show(self, diff: DiffSet, placed: Sequence[Placed] = ()) -> None:
        """Show a diff with its comments; the reader stays on the same line of code when it is still there."""
        keep = self._left or (self.state.keep(self.top) if self.state.diff.files else None)
        self._screen.emphases.clear()
        self._syntax.clear()
        self._lay_out(diff)
        self.state.show(diff, placed)
        self._restored(keep)
        is_there = keep is None or not keep.path or self.state.spot_of_file(keep.path) is not None
        self._left = None if is_there else keep

    def say_missing(self, why: str) -> None:
        """There is no diff to show: say why, unless there is one."""
        if self.state.missing:
            self.state.missing = why
            self._redraw()

    def place_comments(self, placed: Sequence[Placed]) -> None:
        """Show these comments; the reader stays where they are."""
        keep = self.state.keep(self.top)
        self.state.place_comments(placed)
        self._restored(keep)

    def take_remarks(self, remarks: dict[bytes, Remarks]) -> None:
        """Show these remarks; the reader stays where they are."""
        before, self.state.remarks = self.state.remarks, remarks
        if self.state.hide_reviewed:
            self.filter()
        for index, section in enumerate(self.state.table.sections):
            path = section.file.path if section.file is not None else b""
            if before.get(path) != remarks.get(path):
                self._screen.forget(index)
        self._redraw()

    def take_marks(self, marks: Sequence[LineMark]) -> None:
        """Show what is said about lines, beneath them; the reader stays where they are."""
        if tuple(marks) == self.state.marks:
            return
        keep = self.state.keep(self.top)
        self.state.take_marks(marks)
        self._restored(keep)

    def filter(self) -> None:
        """Show what the filters leave; the reader stays on the same code if that is shown."""
        self._filtered()

    def go_to_next(self, places: Sequence[tuple[bytes, int]]) -> None:
        """Go to the next of these lines after the cursor, or the first of all.

        Args:
            places: files and line indexes; -1 is a file's name. Those that are hidden are passed over.
        """
        if self.state.alone is not None and places:
            here = [path for path, _ in places]
            self._bring(here[(here.index(self.state.alone) + 1) % len(here)] if self.state.alone in here else here[0])
        spots = sorted({spot for path, line in places if (spot := self.state.spot_of_line(path, line)) is not None})
        if spots:
            self._go_and_show(next((spot for spot in spots if spot > self.state.cursor), spots[0]))

    def colour(self, path: bytes, side: str, syntax: Highlighted) -> None:
        """Take the syntax of one side of a file."""
        self._syntax[path, side] = syntax
        for index, section in enumerate(self.state.table.sections):
            if section.file is not None and path in (section.file.new_path, section.file.old_path):
                self._screen.forget(index)
        self._redraw()

    def is_coloured(self, path: bytes, side: str) -> bool:
        """Whether the syntax of a side of a file is here."""
        return (path, side) in self._syntax

    def files_in_view(self) -> list[int]:
        """Indexes of the files on the screen, the one at the top first."""
        table = self.state.table
        if not table.height:
            return []
        first, last = table.at(self.top)[0].section, table.at(self.top + self.size.height)[0].section
        return [index - 1 for index in range(first, last + 1) if index and len(table.sections[index])]

    @property
    def top(self) -> int:
        """The first line on the screen, counted from the first of the diff."""
        return self._window.top

    def draft(self) -> CommentDraft:
        """A draft on the line, range, hunk or file at the cursor."""
        return self.state.draft()

    # a comment being written

    def open_editor(self, box: Widget, draft: CommentDraft, height: int, comment: str = "") -> None:
        """Mount a widget beneath the lines it is about, over rows kept free for it; it takes the focus itself.

        Args:
            comment: the comment that is edited; its box is not shown meanwhile.
        """
        self._editor.open(box, draft, height, comment)
        spot = self.state.spot_of_editor()
        if comment and spot is not None and spot.row:  # its box was under the cursor
            self.state.cursor = Spot(spot.section, spot.row - 1)
            self.cursor_moved()
        self.mount(box)
        self._place_editor()

    def resize_editor(self, height: int) -> None:
        """Give the comment being written another number of rows."""
        self._editor.resize(height)
        self._place_editor()

    def close_editor(self) -> None:
        """Take the widget away again."""
        if not self.is_editing:
            return
        if (box := self._editor.close()) is not None:
            # Textual may draw a widget once more while it is taken away, when its styles are gone already.
            box.display = False
            self.call_after_refresh(box.remove)
        self.focus(scroll_visible=False)

    @property
    def is_editing(self) -> bool:
        """A comment is being written."""
        return self.state.editor is not None

    def _place_editor(self) -> None:
        if self._screen.painter is not None:
            self._editor.place(self._screen.painter.gutter.width - 1, self.size.width, self.top)

    # geometry

    def _lay_out(self, diff: DiffSet) -> None:
        """Set up painter and rows for the width there is and the line numbers of a diff."""
        painter = self._screen.lay_out(self.size.width, Gutter.of(diff))
        painter.judge_keys = self.judge_keys
        self.state.layout = Layout(
            painter.code_width,
            comment_height=lambda placed: len(comment_rows(placed, painter.code_width)),
            split_width=painter.side_width,
        )

    def _syntax_of(self, path: bytes, side: str) -> Highlighted | None:
        return self._syntax.get((path, side))

    def _rebuilt(self, paths: set[bytes]) -> None:
        keep = self.state.keep(self.top)
        self.state.rebuild(paths)
        self._restored(keep)

    def _restored(self, keep: Keep | None) -> None:
        self._screen.clear()
        if self._search.text:
            self._search.look(self.state.table, self._search.text)
        if keep is None:
            first = self.state.table.first()
            if first is not None:
                self.state.cursor = self.state.table.step(first, 0)
        self._window.scroll_to(self.state.restore(keep) if keep is not None else 0)
        editor = self.state.spot_of_editor() if self.is_editing else None
        if editor is not None:
            self._window.reveal(editor)
        else:
            self._window.show_cursor()
        self._scrolled()

    def on_resize(self) -> None:
        """Wrap to the new width and stay at the same code."""
        self._window.height = self.size.height
        keep = self.state.keep(self.top)
        self._lay_out(self.state.diff)
        self.state.build()
        self._restored(keep)

    # scrolling

    def _scrolled(self) -> None:
        self._place_editor()
        self.cursor_moved()

    def scroll_to_line(self, top: int) -> None:
        """Show this line of the diff first; the cursor stays where it is."""
        self._window.scroll_to(top)
        self._scrolled()

    def go(self, spot: Spot | None, *, to_top: bool = False) -> None:
        """Put the cursor on a row and show it; ``to_top``: as the first one on the screen."""
        if spot is None:
            return
        self._left = None
        if self.state.anchor is not None and spot.section != self.state.anchor.section:
            self.state.anchor = None
        self.state.cursor = spot
        if to_top:
            self._window.bring_to_top(spot)
        else:
            self._window.show_cursor()
        self._scrolled()

    def cursor_moved(self) -> None:
        """The cursor or the selection is elsewhere: draw it, and tell."""
        self._redraw()
        self.post_message(self.Moved(self, self.state.position()))

    # keys

    def action_step(self, by: int) -> None:
        """Move by rows."""
        if self.state.table.height:
            self.go(self.state.table.step(self.state.cursor, by))

    def action_half_page(self, by: int) -> None:
        """Move by half pages, the cursor stays where it is on the screen."""
        table = self.state.table
        if not table.height:
            return
        lines = by * max(1, self.size.height // 2)
        y = table.top(self.state.cursor)
        self._window.scroll_to(self.top + lines)
        spot = table.at(y + lines)[0]
        self.go(spot if spot != self.state.cursor else table.step(spot, 1 if by > 0 else -1))

    def action_end(self, direction: int) -> None:
        """Go to the first or last row."""
        self.go(self.state.table.last() if direction > 0 else self.state.table.first())

    def action_file(self, direction: int) -> None:
        """Go to the next file, or to the beginning of this one or the one before."""
        if self.state.alone is not None and (direction > 0 or self.state.find(FILE, -1) is None):
            self._bring(self.state.neighbour(direction))
            self.action_end(-1)
        else:
            self.go(self.state.find(FILE, direction), to_top=True)

    def _bring(self, path: bytes | None) -> None:
        """When files are read one at a time, let it be this one."""
        if path and self.state.alone not in (None, path):
            self.state.alone = path
            self._filtered()

    def action_hunk(self, direction: int) -> None:
        """Go to the next or previous hunk."""
        self._go_and_show(self.state.find(HUNK, direction))

    def action_next(self, direction: int) -> None:
        """Go to the next match while searching, else to the next comment."""
        if self._search.text:
            self._go_and_show(self._search.next(self.state.cursor, direction))
        else:
            self._go_and_show(self.state.find(COMMENT, direction))

    def _go_and_show(self, spot: Spot | None) -> None:
        """Go to a row; when it is not on the screen, bring it to the upper third."""
        if spot is not None:
            self._window.bring(spot)
            self.go(spot)

    def action_select(self) -> None:
        """Begin a range at the cursor, or end the one there is."""
        self.state.anchor = None if self.state.anchor is not None else self.state.cursor
        self.cursor_moved()

    def clear_selection(self) -> bool:
        """End the range; False when there was none."""
        had, self.state.anchor = self.state.anchor is not None, None
        self._redraw()
        return had

    def action_choose(self, what: str) -> None:
        """Show or hide something, by the name of the choice."""
        getattr(self._choices, what)()

    def action_side(self, side: str) -> None:
        """Point at one side of a row."""
        self.state.side = side
        self.cursor_moved()

    def _filtered(self) -> None:
        keep = self.state.keep(self.top)
        self.state.build()
        self._restored(keep)
        self.post_message(self.Filtered(self))

    def action_copy(self) -> None:
        """Hand out the line, range, name or comment at the cursor."""
        text = self.state.selected_text()
        if text:
            self.post_message(self.Copied(self, text))

    def go_to_file(self, path: bytes) -> None:
        """Go to a file's name."""
        self._bring(path)
        self.go(self.state.spot_of_file(path), to_top=True)

    def go_to_comment(self, comment: str) -> None:
        """Go to a comment's box."""
        self._bring(next((placed.path for placed in self.state.placed if placed.comment.id == comment), None))
        self._go_and_show(self.state.spot_of_comment(comment))

    # search

    @property
    def searched(self) -> str:
        """What is searched for; empty when nothing is."""
        return self._search.text

    def search(self, text: str) -> int:
        """Search all that is shown, go to the first match from the cursor on; returns how many rows match."""
        if unfolded := unfold_for(self.state, text):
            self._rebuilt(unfolded)
        found = self._search.look(self.state.table, text)
        self._go_and_show(self._search.first_from(self.state.cursor))
        self.cursor_moved()
        return found

    def match(self) -> tuple[int, int]:
        """Number of the match at the cursor (0: none) and of all."""
        return self._search.number(self.state.cursor)

    # mouse

    def box_key(self, spot: Spot, line: int, x: int) -> str:
        """The key that a comment's box shows at a place of it; empty when it shows none there."""
        painter = self._screen.painter
        return painter.box_key(self.state.table.sections[spot.section], spot.row, line, x) if painter else ""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """See :class:`Mouse`."""
        if self._editor.widget is None or event.widget is self:
            self._mouse.down(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """See :class:`Mouse`."""
        self._mouse.move(event)

    def on_mouse_up(self) -> None:
        """See :class:`Mouse`."""
        self._mouse.up()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """See :class:`Mouse`."""
        event.stop()
        self._mouse.wheel(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """See :class:`Mouse`."""
        event.stop()
        self._mouse.wheel(-1)

    def scroll_by(self, lines: int) -> None:
        """Scroll; the cursor goes along when it would leave the screen, unless it ends a range."""
        if self.state.table.height:
            self._window.scroll_to(self.top + lines)
            if not self.is_editing and self.state.anchor is None:
                self.state.cursor = self._window.spot_inside()
            self._scrolled()

    # painting

    def notify_style_update(self) -> None:
        """Paint everything again: theme or style sheet changed."""
        super().notify_style_update()
        self._styles.clear()
        self._screen.restyle()
        self._strips = None

    def on_focus(self) -> None:
        """Show the cursor as active."""
        self._redraw()

    def on_blur(self) -> None:
        """Show the cursor as resting."""
        self._redraw()

    def _filtered_strip(self, strip: Strip) -> Strip:
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, background)
        return strip

    def _redraw(self) -> None:
        """Paint again, a moment later: what others show of the new place is then drawn in the same frame."""
        self._strips = None
        if self._redraw_timer is None:
            self._redraw_timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._refresh_gathered)

    def _refresh_gathered(self) -> None:
        self._redraw_timer = None
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of a part of the screen."""
        if self._strips is None:
            self._strips, final = self._screen.paint(
                self.top, self.size, self.searched, self.has_focus, self._filtered_strip
            )
            if not final:
                self.call_later(self._redraw)
        strips = self._strips[crop.y : crop.bottom]
        if crop.x or crop.width != self.size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

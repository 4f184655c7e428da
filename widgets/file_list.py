"""The files of a change: what happened to each, how much, and how many comments it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agents.escape import escape_name
from agents.review.model import FileDiff, FileStatus
from widgets.file_rows import FileRow, file_rows
from widgets.text_strips import Span, StyleBook, cut, keep_end, spans_cells, strip_of

STATUS_LETTERS: dict[FileStatus, str] = {
    "added": "A", "deleted": "D", "modified": "M", "renamed": "R", "copied": "C", "mode-changed": "m",
    "type-changed": "T", "unmerged": "U",
}  # fmt: skip
"""git's letters; a small m where only the mode differs."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file and what is said about it."""

    file: FileDiff
    drafts: int = 0
    """Comments written and not sent."""
    comments: int = 0
    """Comments sent and not resolved."""
    is_hidden: bool = False
    is_news: bool = False
    """It changed since the reader last looked at it."""
    is_reviewed: bool = False
    warnings: int = 0
    """Sorts of things in it to look at first."""


class FileList(Widget):
    """One line for each file, in a tree one for each folder too; a click goes there."""

    DEFAULT_CSS = """
    FileList {
        width: 32;
        height: 1fr;
        background: $surface;
        color: $foreground;
        & > .files--heading { color: $foreground 75%; text-style: bold; }
        & > .files--folder { color: $foreground 60%; }
        & > .files--name { color: $foreground; }
        & > .files--dim { color: $foreground 45%; text-style: italic; }
        & > .files--current { background: $primary 25%; text-style: bold; }
        & > .files--news { color: $accent; text-style: bold; }
        & > .files--comments { color: $warning; }
        & > .files--add, & > .files--status-A { color: #0a6b1f; }
        & > .files--delete, & > .files--status-D { color: #a3122a; }
        & > .files--status-M, & > .files--status-m { color: $primary; }
        & > .files--status-R, & > .files--status-C { color: $secondary; }
        & > .files--status-T, & > .files--status-U { color: $warning; }
        &:dark > .files--add, &:dark > .files--status-A { color: #57d977; }
        &:dark > .files--delete, &:dark > .files--status-D { color: #ff7b86; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "files--heading", "files--folder", "files--name", "files--dim", "files--current", "files--news",
        "files--comments", "files--add", "files--delete",
        *(f"files--status-{letter}" for letter in STATUS_LETTERS.values()),
    }  # fmt: skip
    ALLOW_SELECT = False

    @dataclass
    class Chosen(Message):
        """A file was clicked."""

        files: FileList
        path: bytes

        @property
        def control(self) -> FileList:
            """The list it comes from."""
            return self.files

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._files: tuple[ListedFile, ...] = ()
        self._is_known = False
        """There is a list, though it may be empty."""
        self._rows: list[FileRow] = []
        self._path = b""
        """The file the reader is in."""
        self._current = -1
        """Its row."""
        self.letters = ""
        """Letters that the names of the files shown hold."""
        self.as_tree = False
        self._shut: set[str] = set()
        self._top = 0
        self._look = StyleBook(self, "files--")

    def show(self, files: Sequence[ListedFile]) -> None:
        """Show these files."""
        self._files, self._is_known = tuple(files), True
        self.lay_rows()

    def lay_rows(self) -> None:
        """Show the rows as tree and filter ask for now."""
        names = [escape_name(listed.file.path) for listed in self._files]
        self._rows = file_rows(names, self.letters, as_tree=self.as_tree, closed=self._shut)
        self._top = max(0, min(self._top, len(self._rows) - self.size.height + 1))
        self.mark(self._path)

    def first(self) -> bytes | None:
        """The first file that the filter leaves."""
        return next((self._files[row.file].file.path for row in self._rows if row.file >= 0), None)

    def mark(self, path: bytes) -> None:
        """Mark the file the reader is in, and keep it in view."""
        self._path = path
        paths = [self._files[row.file].file.path if row.file >= 0 else b"" for row in self._rows]
        self._current = paths.index(path) if path and path in paths else -1
        rows = max(1, self.size.height - 1)
        if self._current >= 0:
            self._top = max(min(self._top, self._current), self._current - rows + 1)
        self.refresh()

    def notify_style_update(self) -> None:
        """Paint in the new colours."""
        super().notify_style_update()
        self._look.clear()

    def on_click(self, event: events.Click) -> None:
        """Go to the file under the mouse; open or close a folder."""
        index = self._top + event.y - 1
        if not event.y or index >= len(self._rows):
            return
        row = self._rows[index]
        if row.file >= 0:
            self.post_message(self.Chosen(self, self._files[row.file].file.path))
        else:
            self._shut ^= {row.folder}
            self.lay_rows()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the list."""
        self._scroll(3)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the list back."""
        self._scroll(-3)
        event.stop()

    def _scroll(self, rows: int) -> None:
        self._top = max(0, min(self._top + rows, len(self._rows) - self.size.height + 1))
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines in view."""
        strips = [self._line(y) for y in range(crop.y, crop.bottom)]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, self.background_colors[1]) for strip in strips]
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def _line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return strip_of(self._summary() if self._is_known else (), self._look, width)
        index = self._top + y - 1
        if index >= len(self._rows):
            return strip_of((), self._look, width)
        row = self._rows[index]
        if row.file < 0:
            return strip_of(self._folder_spans(row, width), self._look, width)
        current = " current" if index == self._current else ""
        told = self._spans(self._files[row.file], row, width)
        spans = [(text, f"{style}{current}".strip()) for text, style in told]
        return strip_of(spans, self._look, width, current.strip())

    def _summary(self) -> list[Span]:
        files = [listed.file for listed in self._files]
        hidden = sum(listed.is_hidden for listed in self._files)
        spans = [(f" {len(files):,} file{'s' * (len(files) != 1)}", "heading")]
        spans.append((f" +{sum(file.additions for file in files):,}", "add"))
        spans.append((f" −{sum(file.deletions for file in files):,}", "delete"))
        if hidden:
            spans.append((f" {hidden} hidden", "dim"))
        if self.letters:
            spans.append((f" “{self.letters}”", "news"))
        return spans

    def _folder_spans(self, row: FileRow, width: int) -> list[Span]:
        files = [self._files[index] for index in row.files]
        done = sum(listed.is_reviewed for listed in files)
        right = [(f" {done}/{len(files)}", "dim")]
        left: list[Span] = [("  " * row.depth + (" ▸ " if row.is_closed else " ▾ "), "folder")]
        left += cut([(row.text, "folder")], max(4, width - 1 - spans_cells(left) - spans_cells(right)))
        gap = max(1, width - 1 - spans_cells(left) - spans_cells(right))
        return [*left, (" " * gap, ""), *right]

    def _spans(self, listed: ListedFile, row: FileRow, width: int) -> list[Span]:
        file = listed.file
        letter = STATUS_LETTERS[file.status]
        right: list[Span] = []
        if listed.warnings:
            right.append((" ⚠", "comments"))
        if listed.drafts:
            right.append((f" ✎{listed.drafts}", "comments"))
        if listed.comments:
            right.append((f" ◆{listed.comments}", "comments"))
        if file.additions:
            right.append((f" +{_short(file.additions)}", "add"))
        if file.deletions:
            right.append((f" −{_short(file.deletions)}", "delete"))
        if file.is_binary:
            right.append((" bin", "dim"))
        indent = "  " * row.depth
        room = max(4, width - 5 - len(indent) - spans_cells(right))
        mark = ("•", "news") if listed.is_news else ("✓", "add") if listed.is_reviewed else (" ", "")
        left: list[Span] = [(indent, ""), mark, (f"{letter} ", f"status-{letter}")]
        left += _name(row.text, room, listed.is_hidden)
        gap = max(1, width - 1 - spans_cells(left) - spans_cells(right))
        return [*left, (" " * gap, ""), *right]


def _short(count: int) -> str:
    """A count in at most four columns."""
    return str(count) if count < 1000 else f"{count / 1000:.1f}k" if count < 10_000 else f"{count // 1000}k"


def _name(shown: str, room: int, hidden: bool) -> list[Span]:
    """Folder and name in so many columns."""
    shown = keep_end(shown, room)
    folder, slash, name = shown.rpartition("/")
    if hidden:
        return list(cut([(shown, "dim")], room))
    return [(folder + slash, "folder"), (name, "name")]

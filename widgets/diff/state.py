"""What a reader of a diff sees and where they are: files, comments, folds, filters, cursor. No Textual here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.parts.review import Comment, CommentDraft
from agents.review.kinds import file_kind
from agents.review.model import ADD, CONTEXT, DELETE, DiffSet, FileDiff
from agents.review.places import Placed
from widgets.diff.compared import LongLines
from widgets.diff.folds import Fold, moved_folds
from widgets.diff.line_marks import LineMark, marks_by_path, outside
from widgets.diff.remarks import NO_REMARKS, Remarks
from widgets.diff.rows import (
    COMMENT,
    EDITOR,
    FILE,
    FOLD,
    HUGE_LINES,
    HUNK,
    LINE,
    MARK,
    NOTE,
    SAME,
    Editor,
    Layout,
    RowTable,
    Section,
    Spot,
    change_section,
    file_section,
)
from widgets.diff.targets import draft_at

START = Spot(0, 0)
SPLIT_COLUMNS = 60
"""Columns of code on each side from which on files are shown side by side by themselves."""
EXACT_LINES = 4_000
"""Changed lines up to which lines that are like each other are put side by side; in a larger change the first line of
a run stands beside the first, because comparing all of it before anything is shown would take seconds."""


@dataclass(frozen=True, slots=True)
class Keep:
    """A reader's place in words that outlive the table: what the row says, and where on the screen it stands."""

    path: bytes
    kind: int
    old: int
    new: int
    text: bytes
    screen_y: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the cursor is, for people. Numbers count from 1; 0 where there is none."""

    path: bytes = b""
    file: int = 0
    files: int = 0
    hunk: int = 0
    hunks: int = 0
    old: int = 0
    new: int = 0
    row: int = 0
    rows: int = 0


class DiffState:
    """The table of one diff, kept up to date with what the reader does."""

    def __init__(self) -> None:
        self.diff = DiffSet(())
        self.missing = "The change is read…"
        """Why there is no diff yet; empty once there is one."""
        self.table = RowTable([])
        self.cursor = START
        self.anchor: Spot | None = None
        """The other end of the selected range."""
        self.layout = Layout(80)
        self.hide_space = True
        self.split: bool | None = None
        """Side by side everywhere, nowhere, or (None) where there is room and both sides have lines."""
        self.splits: dict[bytes, bool] = {}
        """Files that the reader wants otherwise."""
        self.side = ""
        """Side by side, the side the reader points at: ``old``, or empty for the new one."""
        self.hide_tests = False
        self.hide_reviewed = False
        self.only: frozenset[bytes] | None = None
        """The files that a filter leaves; None without one."""
        self.remarks: dict[bytes, Remarks] = {}
        """What is said about files, by name."""
        self.fold_moved = True
        """Blocks that only moved are folded."""
        self.moved: dict[bytes, tuple[Fold, ...]] = {}
        """Those blocks, by file."""
        self.alone: bytes | None = None
        """The one file that is shown when files are read one at a time."""
        self.marks: tuple[LineMark, ...] = ()
        """What is said about lines."""
        self.hidden: set[bytes] = set()
        """Files hidden one by one."""
        self.folds: dict[bytes, bool] = {}
        """Files folded or unfolded by the reader; the others are folded when nobody reads them as a rule."""
        self.editor: tuple[bytes, Editor] | None = None
        self.edited_comment = ""
        """The comment whose text is in the editor: its box is not shown meanwhile."""
        self._marks: dict[bytes, tuple[LineMark, ...]] = {}
        self._paths: frozenset[bytes] = frozenset()
        self._placed: tuple[Placed, ...] = ()
        self._notes: tuple[str, ...] = ()
        self._long = LongLines()

    # content

    def show(self, diff: DiffSet, placed: Sequence[Placed]) -> None:
        """Take another diff; folds, filters and hidden files stay, by name."""
        self.diff, self.missing = diff, ""
        if self.alone is not None and all(file.path != self.alone for file in diff.files):
            self.alone = diff.files[0].path if diff.files else None
        self._paths = frozenset(file.path for file in diff.files)
        self._placed = tuple(placed)
        self._take_notes()
        self.moved = moved_folds(diff)
        self._long.forget()
        self.build()

    def take_marks(self, marks: Sequence[LineMark]) -> None:
        """Take other marks; only files whose marks differ are made anew."""
        before, self.marks, self._marks = self._marks, tuple(marks), marks_by_path(marks)
        self._take_notes()
        paths = {path for path in before.keys() | self._marks.keys() if before.get(path) != self._marks.get(path)}
        if paths:
            self.rebuild({*paths, b""})

    def _take_notes(self) -> None:
        leftover = self.diff.leftover.decode("utf-8", "backslashreplace").strip("\n")
        said = leftover.split("\n") if leftover else []
        self._notes = (*said, *outside(self.marks, self._paths))

    def place_comments(self, placed: Sequence[Placed]) -> None:
        """Take other comments; only files whose comments differ are made anew."""
        before = self._by_path(self._placed)
        self._placed = tuple(placed)
        after = self._by_path(self._placed)
        self.rebuild({path for path in before.keys() | after.keys() if before.get(path) != after.get(path)})

    @property
    def placed(self) -> tuple[Placed, ...]:
        """All comments."""
        return self._placed

    def build(self) -> None:
        """Make the whole table anew."""
        by_path = self._by_path(self._placed)
        first = self._first_visible()
        sections = [self._section(index, by_path, first) for index in range(len(self.diff.files) + 1)]
        self.table = RowTable(sections)
        self._clamp()

    def neighbour(self, direction: int) -> bytes | None:
        """The file before or after the one that is read alone, hidden ones passed over."""
        paths = [file.path for file in self.diff.files if file.path == self.alone or not self.is_hidden(file)]
        at = paths.index(self.alone) + direction if self.alone in paths else 0
        return paths[at] if 0 <= at < len(paths) else None

    def is_fold_at_cursor(self) -> bool:
        """Whether the cursor's row stands for what is folded: a moved block, or a file's name."""
        section = self.section
        return section is not None and (
            section.kinds[self.cursor.row] == FOLD
            or (section.folded and section.kinds[self.cursor.row] in (FILE, NOTE))
        )

    def unfold_at_cursor(self) -> bool:
        """Show the lines of the moved block in the cursor's row; False when there is none."""
        section = self.section
        if section is None or section.file is None or section.kinds[self.cursor.row] != FOLD:
            return False
        gone, path = section.folds[section.ref(self.cursor.row)], section.file.path
        self.moved[path] = tuple(fold for fold in self.moved.get(path, ()) if fold != gone)
        return True

    def rebuild(self, paths: set[bytes]) -> None:
        """Make the sections of some files anew (the empty path: what stands before all files)."""
        by_path = self._by_path(self._placed)
        first = self._first_visible()
        for index, section in enumerate(self.table.sections):
            if (section.file.path if section.file else b"") in paths:
                self.table.replace(index, self._section(index, by_path, first))
        self._clamp()

    def _section(self, index: int, by_path: dict[bytes, list[Placed]], first: int) -> Section:
        editing, editor = self.editor if self.editor else (None, None)
        if index == 0:
            return change_section(by_path.get(b"", ()), self.layout, self._notes, editor if editing == b"" else None)
        file = self.diff.files[index - 1]
        folded, hidden = self.is_folded(file) and editing != file.path, self.is_away(file)
        return file_section(
            file,
            Layout(
                self.layout.width,
                self.hide_space,
                self.layout.comment_height,
                self.layout.split_width if self.is_split(file) else 0,
                self.diff.additions + self.diff.deletions <= EXACT_LINES,
            ),
            by_path.get(file.path, ()),
            marks=self._marks.get(file.path, ()),
            folds=self.moved.get(file.path, ()) if self.fold_moved else (),
            parts={} if folded or hidden else self._long.of(file),
            is_first=index == first and not by_path.get(b"") and not self._notes,
            folded=folded,
            hidden=hidden,
            editor=editor if editing == file.path else None,
        )

    def is_split(self, file: FileDiff) -> bool:
        """Whether a file is shown side by side."""
        chosen = self.splits.get(file.path, self.split)
        if chosen is None:
            is_huge = self.diff.additions + self.diff.deletions > HUGE_LINES  # wrapping it all twice takes a second
            return self.layout.split_width >= SPLIT_COLUMNS and bool(file.additions and file.deletions) and not is_huge
        return chosen

    def _first_visible(self) -> int:
        files = enumerate(self.diff.files, 1)
        return next((index for index, file in files if not self.is_away(file)), 0)

    def _by_path(self, placed: Sequence[Placed]) -> dict[bytes, list[Placed]]:
        found: dict[bytes, list[Placed]] = {}
        for each in placed:
            if self.editor is None or each.comment.id != self.edited_comment:
                found.setdefault(self._home(each), []).append(each)
        return found

    def _home(self, placed: Placed) -> bytes:
        """The file a comment is shown in, or b'' when that is not (any more) part of the change."""
        return placed.path if placed.path in self._paths else b""

    def is_away(self, file: FileDiff) -> bool:
        """Whether nothing of a file is on this page: it is hidden, or another one is read alone."""
        return (self.alone is not None and file.path != self.alone) or self.is_hidden(file)

    def is_hidden(self, file: FileDiff) -> bool:
        """Whether the reader, or a filter, has put a file away."""
        return (
            self.is_put_away(file)
            or (self.only is not None and file.path not in self.only)
            or (self.hide_reviewed and self.remarks_on(file).is_reviewed)
        )

    def is_put_away(self, file: FileDiff) -> bool:
        """Whether the reader has hidden a file, by itself or with the tests; it is left out of what is sent."""
        return file.path in self.hidden or (self.hide_tests and file_kind(file.path).is_test)

    def remarks_on(self, file: FileDiff) -> Remarks:
        """What is said about a file."""
        return self.remarks.get(file.path, NO_REMARKS)

    def is_folded(self, file: FileDiff) -> bool:
        """Whether only the name of a file is shown; generated, lock and huge files are folded at first."""
        folded = self.folds.get(file.path)
        if folded is not None:
            return folded
        return len(file.lines) > HUGE_LINES or (bool(file.hunks) and file_kind(file.path, file.attributes).is_generated)

    # place

    def _clamp(self) -> None:
        self.anchor = None
        if not self.table.height:
            self.cursor = START
            return
        section = min(self.cursor.section, len(self.table.sections) - 1)
        row = min(self.cursor.row, len(self.table.sections[section]) - 1)
        self.cursor = Spot(section, row) if row >= 0 else self.table.at(self.table.top(Spot(section, 0)))[0]

    @property
    def section(self) -> Section | None:
        """The section the cursor is in."""
        return self.table.sections[self.cursor.section] if self.table.height else None

    def keep(self, top: int) -> Keep | None:
        """The cursor's place, with the screen's first line at ``top``; None when nothing is shown."""
        section = self.section
        if section is None:
            return None
        row = self.cursor.row
        kind = section.kinds[row]
        old, new = _numbers(section, row)
        text = section.file.lines.raw(section.refs[row]) if section.file and kind in (LINE, SAME) else b""
        comment = section.comments[section.ref(row)].comment.id if kind == COMMENT else ""
        path = section.file.path if section.file else b""
        return Keep(path, kind, old, new, text, self.table.top(self.cursor) - top, comment)

    def restore(self, keep: Keep) -> int:
        """Put the cursor on the row that ``keep`` describes, or the nearest to it; return the first line to show."""
        self.anchor = None
        section = next((i for i, each in enumerate(self.table.sections) if self._path(each) == keep.path), None)
        if section is None or not len(self.table.sections[section]):
            self._clamp()
        else:
            self.cursor = Spot(section, _best_row(self.table.sections[section], keep))
        return self.table.top(self.cursor) - keep.screen_y if self.table.height else 0

    @staticmethod
    def _path(section: Section) -> bytes:
        return section.file.path if section.file else b""

    def selection(self) -> tuple[Spot, Spot]:
        """First and last row of the selected range; both the cursor when there is none."""
        if self.anchor is None or self.anchor.section != self.cursor.section:
            return self.cursor, self.cursor
        return min(self.anchor, self.cursor), max(self.anchor, self.cursor)

    def position(self) -> Position:
        """Where the cursor is."""
        section = self.section
        shown = [number for number, file in enumerate(self.diff.files, 1) if not self.is_hidden(file)]
        if section is None:
            return Position(files=len(shown))
        spot = self.cursor
        old, new = section.numbers(spot.row)
        hunk = section.hunk_of(spot.row)
        hunks = section.file.hunks if section.file else ()
        return Position(
            path=self._path(section),
            file=shown.index(spot.section) + 1 if spot.section in shown else 0,
            files=len(shown),
            hunk=hunks.index(hunk) + 1 if hunk else 0,
            hunks=len(hunks),
            old=old,
            new=new,
            row=self.table.top(spot) + 1,
            rows=self.table.height,
        )

    def comment(self) -> Comment | None:
        """The comment under the cursor."""
        section = self.section
        if section is None or section.kinds[self.cursor.row] != COMMENT:
            return None
        return section.comments[section.ref(self.cursor.row)].comment

    def mark(self) -> LineMark | None:
        """The mark under the cursor."""
        section = self.section
        if section is None or section.kinds[self.cursor.row] != MARK:
            return None
        return section.marks[section.ref(self.cursor.row)]

    def draft(self) -> CommentDraft:
        """A draft on what is selected."""
        section = self.section
        if section is None:
            return CommentDraft(text="", target="change")
        first, last = self.selection()
        return draft_at(section, first.row, last.row, self.side if section.is_split else "")

    def find(self, kind: int, direction: int, accept: Callable[[Spot], bool] = lambda spot: True) -> Spot | None:
        """The nearest row of a kind after or before the cursor."""
        spot: Spot | None = self.cursor
        while spot is not None:
            spot = self.table.find(spot, kind, direction)
            if spot is not None and accept(spot):
                return spot
        return None

    def spot_of_file(self, path: bytes) -> Spot | None:
        """The row with a file's name; None when it is hidden or not part of the diff."""
        for index, section in enumerate(self.table.sections):
            if section.file is not None and section.file.path == path and len(section):
                return Spot(index, 0)
        return None

    def spot_of_comment(self, comment: str) -> Spot | None:
        """The row of a comment."""
        for index, section in enumerate(self.table.sections):
            for row, kind in enumerate(section.kinds) if section.comments else ():
                if kind == COMMENT and section.comments[section.ref(row)].comment.id == comment:
                    return Spot(index, row)
        return None

    def spot_of_line(self, path: bytes, index: int) -> Spot | None:
        """The row of a line by its index in its file, or the file's name when that line is not shown."""
        for number, section in enumerate(self.table.sections):
            if section.file is not None and section.file.path == path and len(section):
                row = section.row_of(index) if index >= 0 else -1
                return Spot(number, max(0, row))
        return None

    def spot_of_editor(self) -> Spot | None:
        """The rows kept free for the comment being written."""
        for index, section in enumerate(self.table.sections):
            row = section.kinds.find(EDITOR)
            if row >= 0:
                return Spot(index, row)
        return None

    def selected_lines(self) -> tuple[FileDiff, list[int] | None, str] | None:
        """What an act on the change is about: the file, the indexes of its lines (None: all of it), and in words.

        A range is its lines, a single row its hunk, a file's name the file. A line that is shown as unchanged, because
        only white space differs, brings the deleted line along.
        """
        section = self.section
        if section is None or section.file is None:
            return None
        first, last = self.selection()
        if section.kinds[first.row] == FILE and first == last:
            return section.file, None, "the whole change"
        hunk = section.hunk_of(first.row)
        if first == last:
            if hunk is None:
                return None
            return section.file, list(hunk.indexes), f"the hunk at line {hunk.new_start or hunk.old_start}"
        lines: list[int] = []
        for row in range(first.row, last.row + 1):
            if section.kinds[row] in (LINE, SAME, FOLD):
                lines += section.lines_of(row)
        return section.file, lines, f"{len(lines)} lines"

    def selected_text(self) -> str:
        """What is selected, to be copied: code without marks, a file's name, a comment's text."""
        section = self.section
        if section is None:
            return ""
        first, last = self.selection()
        if section.kinds[first.row] == COMMENT and first == last:
            return section.comments[section.ref(first.row)].comment.text
        if section.file is not None and section.kinds[first.row] == FILE and first == last:
            return section.file.path.decode("utf-8", "backslashreplace")
        rows = range(first.row, last.row + 1)
        if section.kinds[first.row] == HUNK and first == last:
            hunk = section.hunk_of(first.row)
            rows = range(first.row, len(section)) if hunk else rows
            rows = range(first.row, max(row for row in rows if section.hunk_of(row) is hunk) + 1)
        if section.file is None:
            return ""
        lines, shown = section.file.lines, list[int]()
        for row in rows:
            if section.kinds[row] in (LINE, SAME):
                shown.append(section.shown_lines(row)[0 if self.side else -1])
            elif section.kinds[row] == FOLD:
                shown += section.lines_of(row)
        return "\n".join(lines.text(index) for index in lines.of_kind(shown, CONTEXT, ADD, DELETE))


def _best_row(section: Section, keep: Keep) -> int:
    """The row most like what is remembered: same comment, same text nearest to the number, nearest number."""
    if keep.kind == COMMENT:
        for row, kind in enumerate(section.kinds):
            if kind == COMMENT and section.comments[section.ref(row)].comment.id == keep.comment:
                return row
    if keep.kind == HUNK and HUNK in section.kinds:
        rows = [row for row, kind in enumerate(section.kinds) if kind == HUNK]
        return min(rows, key=lambda row: _distance(_numbers(section, row), keep))
    if keep.kind not in (LINE, SAME) or section.file is None:
        return 0 if keep.kind == FILE else min(_nearest(section, keep), len(section) - 1)
    same = [
        row
        for row, kind in enumerate(section.kinds)
        if kind in (LINE, SAME) and section.file.lines.raw(section.refs[row]) == keep.text
    ]
    if same:
        return min(same, key=lambda row: _distance(section.numbers(row), keep))
    return _nearest(section, keep)


def _numbers(section: Section, row: int) -> tuple[int, int]:
    """Old and new line number of a row; for a hunk's header those at which it starts."""
    if section.kinds[row] == HUNK and section.file is not None:
        hunk = section.file.hunks[section.ref(row)]
        return hunk.old_start, hunk.new_start
    return section.numbers(row)


def _nearest(section: Section, keep: Keep) -> int:
    rows = [row for row, kind in enumerate(section.kinds) if kind in (LINE, SAME)]
    return min(rows, key=lambda row: _distance(section.numbers(row), keep), default=0)


def _distance(numbers: tuple[int, int], keep: Keep) -> int:
    """How far a line is from the remembered one; a line that is on another side only counts as far."""
    old, new = numbers
    if keep.new and new:
        return abs(new - keep.new)
    if keep.old and old:
        return abs(old - keep.old)
    return 1_000_000

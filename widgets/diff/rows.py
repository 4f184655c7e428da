"""The row table: every row of a diff in the order it is shown, and on which line of the screen it stands.

Geometry and painter share this one table. A table is a list of sections, one per file and one before them for what is
about the whole change; a section keeps its rows in columns and the sums of their heights. Looking up a line costs two
bisections; changing a file (a fold, a comment, white space) makes that section anew and leaves the others.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from agents.review.conflicts import conflict_lines
from agents.review.long_lines import Parts
from agents.review.model import ADD, CONTEXT, DELETE, FileDiff, Hunk
from agents.review.places import Placed
from agents.review.sizes import binary_words
from widgets.diff.folds import Fold, pieces, without
from widgets.diff.line_marks import LineMark, mark_rows
from widgets.diff.same import changes_anything, without_space_changes
from widgets.diff.shown import line_heights
from widgets.diff.split import side_by_side

FILE, HUNK, LINE, SAME, COMMENT, NOTE, EDITOR, MARK, FOLD = range(9)
"""Kinds of rows. SAME is an added line that differs from a deleted one, which is left out, in white space only. MARK is
what something else (a check) says about the line above it, FOLD a block of lines that only moved."""

_WHOLE: Mapping[int, Parts] = {}
HEADER_ROWS = 3
"""A blank, the name, a rule."""
HUGE_LINES = 20_000
"""Lines from which on a file is folded at first, because nobody reads it and highlighting it costs."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the rows of a file depend on beside the file."""

    width: int
    """Columns for code, without line numbers and sign."""
    hide_space: bool = True
    comment_height: Callable[[Placed], int] = lambda placed: 1
    split_width: int = 0
    """Columns for code on each of two sides; 0: one below the other."""
    is_exact: bool = True
    """Side by side, lines stand beside the one they are like; else beside the one at the same place."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Where a comment is being written: after a line of a side (0: beneath the file's name), so many rows high."""

    side: str
    line: int
    height: int


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one file, or (without a file) of the whole change."""

    file: FileDiff | None
    kinds: bytearray
    refs: array[int]
    """For LINE and SAME the index of the line; for the others -1 - index of the hunk, comment, note, mark or fold."""
    tops: array[int]
    """Line of the section at which each row starts, and the section's height at the end."""
    comments: tuple[Placed, ...] = ()
    notes: tuple[str, ...] = ()
    marks: tuple[LineMark, ...] = ()
    folds: tuple[Fold, ...] = ()
    twins: dict[int, int] = field(default_factory=dict)
    """Lines shown as unchanged → the deleted line each differs from in white space only."""
    pairs: dict[int, int] = field(default_factory=dict)
    """Side by side: added lines → the deleted line that stands left of each."""
    is_split: bool = False
    parts: Mapping[int, Parts] = field(default_factory=dict)
    """What is shown of long lines, by their index."""
    keep_return: bool = False
    """Carriage returns are shown because lines differ in them."""
    folded: bool = False
    hidden: bool = False

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def height(self) -> int:
        """Lines of the screen."""
        return self.tops[-1]

    def ref(self, row: int) -> int:
        """Index of the line, hunk, comment or note that a row shows."""
        ref = self.refs[row]
        return ref if ref >= 0 else -1 - ref

    def numbers(self, row: int) -> tuple[int, int]:
        """Old and new line number of a row, 0 where it has none."""
        if self.file is None or self.kinds[row] not in (LINE, SAME):
            return 0, 0
        lines, index = self.file.lines, self.refs[row]
        return lines.old[self.twins.get(index, self.pairs.get(index, index))], lines.new[index]

    def lines_of(self, row: int) -> list[int]:
        """The indexes of the lines that a row of code, or a fold, stands for."""
        if self.kinds[row] == FOLD:
            return list(self.folds[self.ref(row)].indexes)
        index = self.refs[row]
        return [self.twins[index], index] if index in self.twins else self.shown_lines(row)

    def shown_lines(self, row: int) -> list[int]:
        """The indexes of the lines that a row of code shows, the deleted one first."""
        index = self.refs[row]
        return [self.pairs[index], index] if index in self.pairs else [index]

    def row_of(self, index: int) -> int:
        """The row that shows a line of the file; -1 when none does."""
        shown = next((new for new, old in (*self.pairs.items(), *self.twins.items()) if old == index), index)
        try:
            return self.refs.index(shown)
        except ValueError:
            return -1

    def hunk_of(self, row: int) -> Hunk | None:
        """The hunk a row belongs to."""
        if self.file is None or not self.file.hunks:
            return None
        while row >= 0 and self.kinds[row] not in (LINE, SAME, HUNK, FOLD):
            row -= 1
        if row < 0:
            return None
        if self.kinds[row] == HUNK:
            return self.file.hunks[self.ref(row)]
        index = self.folds[self.ref(row)].first if self.kinds[row] == FOLD else self.refs[row]
        position = bisect_right(self.file.hunks, index, key=lambda hunk: hunk.first) - 1
        return self.file.hunks[position]

    def is_conflict(self, row: int, index: int) -> bool:
        """Whether a line, which stands in a row, parts the sides of a conflict."""
        hunk = self.hunk_of(row)
        return self.file is not None and hunk is not None and index in conflict_lines(self.file.lines, hunk.indexes)


class Spot(NamedTuple):
    """A row of the table."""

    section: int
    row: int


class RowTable:
    """All sections and where each starts."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self.sections = list(sections)
        self._tops = list(accumulate((section.height for section in self.sections), initial=0))
        self._comment_tops: list[int] | None = None

    @property
    def height(self) -> int:
        """Lines of the screen that everything takes."""
        return self._tops[-1]

    def replace(self, index: int, section: Section) -> None:
        """Put another section in the place of one."""
        self.sections[index] = section
        self._comment_tops = None
        self._tops[index:] = accumulate((each.height for each in self.sections[index:]), initial=self._tops[index])

    def comment_tops(self) -> Sequence[int]:
        """The first lines of all comments."""
        if self._comment_tops is None:
            commented = ((index, section) for index, section in enumerate(self.sections) if section.comments)
            self._comment_tops = [
                self.top(Spot(index, row))
                for index, section in commented
                for row, kind in enumerate(section.kinds)
                if kind == COMMENT
            ]
        return self._comment_tops

    def at(self, y: int) -> tuple[Spot, int]:
        """The row on line ``y`` of the whole table, and which line of that row it is; the nearest one outside it."""
        y = max(0, min(y, self.height - 1))
        index = bisect_right(self._tops, y) - 1
        index = min(index, len(self.sections) - 1)
        section = self.sections[index]
        inside = y - self._tops[index]
        row = bisect_right(section.tops, inside) - 1
        row = min(row, len(section) - 1)
        return Spot(index, row), inside - section.tops[row]

    def top(self, spot: Spot) -> int:
        """The first line of a row in the whole table."""
        return self._tops[spot.section] + self.sections[spot.section].tops[spot.row]

    def row_height(self, spot: Spot) -> int:
        """Lines that a row takes."""
        tops = self.sections[spot.section].tops
        return tops[spot.row + 1] - tops[spot.row]

    def step(self, spot: Spot, by: int) -> Spot:
        """The row so many rows after (or before) this one, at most the last (or first)."""
        section, row = spot
        while by:
            size = len(self.sections[section])
            target = row + by
            if 0 <= target < size:
                return Spot(section, target)
            following = self._filled(section, 1 if by > 0 else -1)
            if following is None:
                return Spot(section, size - 1 if by > 0 else 0)
            if by > 0:
                by -= size - row
                row = 0
            else:
                by += row + 1
                row = len(self.sections[following]) - 1
            section = following
        return Spot(section, row)

    def _filled(self, section: int, direction: int) -> int | None:
        """The nearest section in a direction that has rows."""
        section += direction
        while 0 <= section < len(self.sections):
            if len(self.sections[section]):
                return section
            section += direction
        return None

    def find(self, spot: Spot, kind: int, direction: int) -> Spot | None:
        """The nearest row of a kind after (1) or before (-1) a row."""
        index, row = spot
        while 0 <= index < len(self.sections):
            kinds = self.sections[index].kinds
            found = kinds.find(kind, row + 1) if direction > 0 else kinds.rfind(kind, 0, max(0, row))
            if found >= 0:
                return Spot(index, found)
            index += direction
            row = -1 if direction > 0 else len(self.sections[index].kinds) if index >= 0 else 0
        return None

    def first(self) -> Spot | None:
        """The first row, if there is any."""
        return next((Spot(index, 0) for index, section in enumerate(self.sections) if len(section)), None)

    def last(self) -> Spot | None:
        """The last row, if there is any."""
        backwards = reversed(list(enumerate(self.sections)))
        return next((Spot(index, len(section) - 1) for index, section in backwards if len(section)), None)


def file_section(
    file: FileDiff,
    layout: Layout,
    comments: Sequence[Placed] = (),
    *,
    marks: Sequence[LineMark] = (),
    folds: Sequence[Fold] = (),
    parts: Mapping[int, Parts] = _WHOLE,
    is_first: bool = False,
    folded: bool = False,
    hidden: bool = False,
    editor: Editor | None = None,
) -> Section:
    """The rows of one file.

    Args:
        comments: those placed in this file.
        marks: what is said about its lines.
        folds: lines to fold away, except where something is said about them.
        parts: what is shown of lines too long to be shown whole, by their index.
        is_first: it stands at the top, so that no blank is needed above its name.
        folded: only its name and its comments are shown.
        hidden: nothing of it is shown.
        editor: a comment is being written in it.
    """
    if hidden:
        return Section(file, bytearray(), array("i"), array("I", [0]), hidden=True)
    is_split = bool(layout.split_width) and not file.is_combined
    if folds:
        folds = without(folds, _lines_talked_about(file, comments, marks, editor))
    kinds, refs, notes, twins, pairs = _code_rows(file, layout, folds, is_split=is_split)
    if folded:
        changed = f"{file.additions + file.deletions:,} changed lines folded · Enter unfolds"
        kinds, refs, notes = bytearray((FILE, NOTE)), array("i", (-1, -1)), (changed,)
    keep_return = _line_ends_differ(file)
    beside = twins | pairs
    _insert_marks(file, kinds, refs, () if folded else marks)
    _insert_comments(file, kinds, refs, beside, comments)
    if editor is not None:
        row = _row_after(file, kinds, refs, beside, editor.side, editor.line)
        kinds.insert(row, EDITOR)
        refs.insert(row, -1)
    heights = _heights(file, kinds, refs, layout, (comments, marks), parts, keep_return, pairs if is_split else None)
    heights[0] = HEADER_ROWS - is_first
    if editor is not None:
        heights[kinds.index(EDITOR)] = editor.height
    tops = array("I", accumulate(heights, initial=0))
    return Section(
        file, kinds, refs, tops, tuple(comments), notes, tuple(marks), tuple(folds),
        twins, pairs, is_split, parts, keep_return, folded,
    )  # fmt: skip


def change_section(comments: Sequence[Placed], layout: Layout, notes: Sequence[str], editor: Editor | None) -> Section:
    """What stands before all files: notes, comments on the whole change and on files that are no longer in it."""
    kinds = bytearray([NOTE] * len(notes) + [COMMENT] * len(comments))
    refs = array("i", [*(-1 - index for index in range(len(notes))), *(-1 - index for index in range(len(comments)))])
    heights = [1] * len(notes) + [layout.comment_height(placed) for placed in comments]
    if editor is not None:
        kinds.append(EDITOR)
        refs.append(-1)
        heights.append(editor.height)
    return Section(None, kinds, refs, array("I", accumulate(heights, initial=0)), tuple(comments), tuple(notes))


def _lines_talked_about(
    file: FileDiff, comments: Sequence[Placed], marks: Sequence[LineMark], editor: Editor | None
) -> list[int]:
    """The indexes of the lines that comments and marks are about, and of the one after which a comment is written."""
    new, old = file.lines.new, file.lines.old
    ranges = [(old if each.comment.side == "old" else new, each.start, each.end) for each in comments if each.start]
    ranges += [(new, mark.line, mark.line) for mark in marks if mark.line]
    if editor is not None and editor.line:
        ranges.append((old if editor.side == "old" else new, editor.line, editor.line))
    return [index for numbers, start, end in ranges for index in range(len(numbers)) if start <= numbers[index] <= end]


def _code_rows(
    file: FileDiff, layout: Layout, folds: Sequence[Fold], *, is_split: bool
) -> tuple[bytearray, array[int], tuple[str, ...], dict[int, int], dict[int, int]]:
    """Kinds and refs of the rows, notes, twins, and what stands beside each other."""
    hide_space = layout.hide_space
    beside: dict[int, int] = {}
    kinds, refs = bytearray([FILE]), array("i", [-1])
    notes = _notes(file)
    for index in range(len(notes)):
        kinds.append(NOTE)
        refs.append(-1 - index)
    twins: dict[int, int] = {}
    left_out = 0
    for number, hunk in enumerate(file.hunks):
        same = without_space_changes(file.lines, hunk) if hide_space and file.additions and file.deletions else None
        if same is not None and not changes_anything(file.lines, *same):
            left_out += 1
            continue
        kinds.append(HUNK)
        refs.append(-1 - number)
        order: Sequence[int] = hunk.indexes
        pairs: dict[int, int] = {}
        if same is not None:
            order, pairs = same
            twins |= pairs
        for shown, fold in pieces(order, folds) if folds else ((order, -1),):
            if is_split:
                shown, partners = side_by_side(file.lines, shown, pairs, exact=layout.is_exact)
                beside |= partners
            kinds += bytes(SAME if index in pairs else LINE for index in shown) if pairs else bytes([LINE]) * len(shown)
            refs.extend(shown)
            if fold >= 0:
                kinds.append(FOLD)
                refs.append(-1 - fold)
    if left_out:
        hunks = "1 place differs" if left_out == 1 else f"{left_out} places differ"
        notes.append(f"{hunks} in white space only · w shows {'it' if left_out == 1 else 'them'}")
        kinds.append(NOTE)
        refs.append(-len(notes))
    return kinds, refs, tuple(notes), twins, beside


def _notes(file: FileDiff) -> list[str]:
    """What is to be said instead of lines."""
    notes = []
    if file.is_submodule:
        notes.append(f"submodule: {file.old_blob[:12] or 'none'} ⟶ {file.new_blob[:12] or 'none'}")
    if file.is_binary:
        notes.append(f"{binary_words(file)}: its content is not shown")
    if file.hunks or notes:
        return notes
    if file.status in ("renamed", "copied"):
        return [f"{file.status}, the content is the same"]
    if file.status == "mode-changed":
        return ["only the mode differs"]
    if file.status == "unmerged":
        return ["unmerged: it has conflicts to be resolved"]
    return ["empty file"] if file.status in ("added", "deleted") else ["no lines to show"]


def _line_ends_differ(file: FileDiff) -> bool:
    """Whether deleted and added lines differ in their carriage returns; then they are shown."""
    if not file.additions or not file.deletions or file.is_combined:
        return False
    lines = file.lines
    if lines.data.find(b"\r", lines.start[0], lines.end[-1]) < 0:
        return False
    returns: dict[int, set[bool]] = {ADD: set(), DELETE: set(), CONTEXT: set()}
    for index, kind in enumerate(lines.kind):
        if kind in returns:
            returns[kind].add(lines.data[lines.end[index] - 1 : lines.end[index]] == b"\r")
    return returns[ADD] != returns[DELETE]


def _insert_marks(file: FileDiff, kinds: bytearray, refs: array[int], marks: Sequence[LineMark]) -> None:
    spots = [(_row_after(file, kinds, refs, {}, "new", mark.line), index) for index, mark in enumerate(marks)]
    for row, index in sorted(spots, reverse=True):
        kinds.insert(row, MARK)
        refs.insert(row, -1 - index)


def _insert_comments(
    file: FileDiff, kinds: bytearray, refs: array[int], twins: dict[int, int], comments: Sequence[Placed]
) -> None:
    spots: list[tuple[int, int]] = []
    for index, placed in enumerate(comments):
        spots.append((_row_after(file, kinds, refs, twins, placed.comment.side, placed.end), index))
    for row, index in sorted(spots, reverse=True):
        kinds.insert(row, COMMENT)
        refs.insert(row, -1 - index)


def _row_after(file: FileDiff, kinds: bytearray, refs: array[int], twins: dict[int, int], side: str, line: int) -> int:
    """The row before which something about a line of a side is put in: after that line, or where it would stand."""
    row = 1
    while row < len(kinds) and kinds[row] in (COMMENT, MARK):  # below the name, after what is there already
        row += 1
    if not line or len(kinds) < 2 or (LINE not in kinds and SAME not in kinds):
        return row
    lines = file.lines
    numbers = lines.new if side == "new" else lines.old
    old_of = twins if side == "old" else {}
    for hunk in reversed(file.hunks):
        start = hunk.new_start if side == "new" else hunk.old_start
        if start > line:
            continue
        indexes = [i for i in hunk.indexes if 0 < numbers[i] <= line]
        if not indexes:
            continue
        last = indexes[-1]
        shown = next((added for added, deleted in old_of.items() if deleted == last), last)
        try:
            row = refs.index(shown) + 1
        except ValueError:
            continue  # white space alone changes in this hunk and it is left out
        while row < len(kinds) and kinds[row] in (COMMENT, MARK):
            row += 1
        return row
    return row


def _heights(
    file: FileDiff,
    kinds: bytearray,
    refs: array[int],
    layout: Layout,
    boxes: tuple[Sequence[Placed], Sequence[LineMark]],
    parts: Mapping[int, Parts],
    keep_return: bool,
    pairs: dict[int, int] | None,
) -> list[int] | bytearray:
    """The height of every row; with ``pairs`` (side by side) a row is as high as the higher one of its sides."""
    indexes = [ref for ref in refs if ref >= 0]
    width = layout.width if pairs is None else layout.split_width
    code = line_heights(file.lines, indexes, width, parts, keep_return=keep_return)
    if pairs:
        both = [at for at, index in enumerate(indexes) if index in pairs]
        beside = [pairs[indexes[at]] for at in both]
        left = line_heights(file.lines, beside, width, parts, keep_return=keep_return)
        code = list(code)
        for at, height in zip(both, left, strict=True):
            code[at] = max(code[at], height)
    comments, marks = boxes
    if isinstance(code, bytearray) and not comments and not marks:
        return bytearray(b"\1" * len(kinds))
    if isinstance(code, bytearray) and not marks:
        heights = [1] * len(kinds)
        row = kinds.find(COMMENT)
        while row >= 0:
            heights[row] = layout.comment_height(comments[-1 - refs[row]])
            row = kinds.find(COMMENT, row + 1)
        return heights
    heights, each = [], iter(code)
    for kind, ref in zip(kinds, refs, strict=True):
        if ref >= 0:
            heights.append(next(each))
        elif kind == MARK:
            heights.append(len(mark_rows(marks[-1 - ref], width)))
        else:
            heights.append(layout.comment_height(comments[-1 - ref]) if kind == COMMENT else 1)
    return heights

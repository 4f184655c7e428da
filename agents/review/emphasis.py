"""Which lines of a change belong together, and which words of them changed: delta's answer.

A deleted line is paired with the first added line, not yet passed, that differs from it by at most :data:`DISTANCE`;
pairs never cross. In a pair the changed words are marked; a line without a partner is new or gone as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agents.review.alignment import DELETED, INSERTED, align, few_edits
from agents.review.model import ADD, DELETE, NO_NEWLINE, FileDiff, Hunk
from agents.review.words import begins_with_word, tokens, width

DISTANCE = 0.6
"""Largest distance of a pair: changed columns over changed columns and twice the kept ones."""
TAB_SPACES = 8
"""A tab counts as so many spaces, wherever it stands."""
LINE_CHARACTERS = 3000
"""A longer line is compared where it differs only: what is the same at its ends is passed over."""
PAIR_CELLS = 120_000
"""Largest alignment table of two lines; of those with a larger one only few edits are found."""
FEW_EDITS = 100
"""Edits looked for where that table would be too large; when there are more, all that lies between counts as one."""
SUBHUNK_CELLS = 500_000
"""Work on one run of changes; what is left after it stays unpaired."""
_COMPARISON_CELLS = 24
"""What it costs to see that two lines cannot be a pair, in cells."""

Ranges = tuple[tuple[int, int], ...]
"""Parts of a line that changed: ``[start, end)`` in characters, in order."""
Pair = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Emphasis:
    """A run of deleted lines and the added lines after it, compared."""

    pairs: tuple[Pair, ...]
    """Every line once, as rows side by side: (deleted, added), either may be None; in both sides' order."""
    deleted: tuple[Ranges, ...]
    """Per deleted line; empty for an unpaired one, which is deleted as a whole."""
    added: tuple[Ranges, ...]
    """Per added line."""


@dataclass(frozen=True, slots=True)
class HunkEmphasis:
    """The emphasis of a hunk, by index of its file's lines."""

    ranges: dict[int, Ranges]
    """Of paired lines only; an empty tuple says that nothing visible differs."""
    partner: dict[int, int]
    """The line it is paired with, both ways."""
    rows: tuple[Pair, ...]
    """The hunk side by side: (old, new) line indexes; context has both sides equal."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line prepared for comparison."""

    text: str
    tokens: list[str]
    """Of its first :data:`LINE_CHARACTERS`."""
    bag: dict[str, int]
    """Columns of each token that is not space, times its count."""
    columns: int
    inner_space: int
    """Columns of space between the first and the last word."""


@dataclass(frozen=True, slots=True)
class _Partner:
    """The added line found for a deleted one, and what differs, in characters of the prepared lines."""

    index: int
    old_ranges: list[tuple[int, int]]
    new_ranges: list[tuple[int, int]]


def emphasize(deleted: Sequence[str], added: Sequence[str]) -> Emphasis:
    """Pair deleted with added lines and find the changed words of each pair.

    The work is bounded (:data:`PAIR_CELLS`, :data:`SUBHUNK_CELLS`); lines beyond it come back unpaired.
    """
    if not deleted or not added:
        alone: list[Pair] = [(index, None) for index in range(len(deleted))]
        alone += [(None, index) for index in range(len(added))]
        return Emphasis(tuple(alone), ((),) * len(deleted), ((),) * len(added))
    old, new = [_prepared(line) for line in deleted], [_prepared(line) for line in added]
    pairs: list[Pair] = []
    old_ranges: list[Ranges] = [()] * len(old)
    new_ranges: list[Ranges] = [()] * len(new)
    emitted, cells_left = 0, SUBHUNK_CELLS
    for index, line in enumerate(old):
        partner, cells_left = _first_partner(line, new, emitted, cells_left)
        if partner is None:
            pairs.append((index, None))
            continue
        pairs += [(None, skipped) for skipped in range(emitted, partner.index)]
        pairs.append((index, partner.index))
        old_ranges[index] = _in_line(deleted[index], partner.old_ranges)
        new_ranges[partner.index] = _in_line(added[partner.index], partner.new_ranges)
        emitted = partner.index + 1
    pairs += [(None, rest) for rest in range(emitted, len(new))]
    return Emphasis(tuple(pairs), tuple(old_ranges), tuple(new_ranges))


def emphasize_hunk(file: FileDiff, hunk: Hunk) -> HunkEmphasis:
    """The emphasis of all runs of changes in a hunk. The caller keeps it; it depends on the hunk alone.

    git's ``\\ No newline`` line does not part a run. Such lines are in no row.
    """
    ranges: dict[int, Ranges] = {}
    partner: dict[int, int] = {}
    rows: list[Pair] = []
    for old, new in subhunks(file, hunk):
        if old and old == new:
            rows.append((old[0], new[0]))
            continue
        found = emphasize([file.lines.text(index) for index in old], [file.lines.text(index) for index in new])
        for first, second in found.pairs:
            one = None if first is None else old[first]
            other = None if second is None else new[second]
            rows.append((one, other))
            if one is not None and other is not None and first is not None and second is not None:
                partner[one], partner[other] = other, one
                ranges[one], ranges[other] = found.deleted[first], found.added[second]
    return HunkEmphasis(ranges, partner, tuple(rows))


def subhunks(file: FileDiff, hunk: Hunk) -> list[tuple[list[int], list[int]]]:
    """The runs of a hunk: deleted lines and the added lines after them; a context line is a run of its own, the same
    on both sides. Line indexes; ``\\ No newline`` lines are left out."""
    runs: list[tuple[list[int], list[int]]] = []
    old: list[int] = []
    new: list[int] = []
    kinds = file.lines.kind
    for index in hunk.indexes:
        kind = kinds[index]
        if kind == NO_NEWLINE:
            continue
        if (old or new) and (kind not in (ADD, DELETE) or (kind == DELETE and new)):
            runs.append((old, new))
            old, new = [], []
        if kind == DELETE:
            old.append(index)
        elif kind == ADD:
            new.append(index)
        else:
            runs.append(([index], [index]))
    if old or new:
        runs.append((old, new))
    return runs


# --- one pair ---------------------------------------------------------------------------------------------------------


def _prepared(line: str) -> _Line:
    text = line.removesuffix("\r").replace("\t", " " * TAB_SPACES)
    shown = text[:LINE_CHARACTERS]
    words = tokens(shown + "\n")
    counts = Counter(words)
    bag = {token: count * width(token) for token, count in counts.items() if not token.isspace()}
    columns = sum(bag.values())
    # The alignment starts on equal empty tokens; a line that begins with no word has a second one, as delta's have.
    start = [""] if begins_with_word(shown) else ["", ""]
    return _Line(text, start + words, bag, columns, max(0, width(shown.strip()) - columns))


def _first_partner(line: _Line, lines: Sequence[_Line], start: int, cells_left: int) -> tuple[_Partner | None, int]:
    """The first of ``lines`` from ``start`` that is near enough, and what is left of the work allowed."""
    for index in range(start, len(lines)):
        other = lines[index]
        cells = len(line.tokens) * len(other.tokens)
        cells_left -= _COMPARISON_CELLS
        if cells_left <= 0:
            break
        if max(len(line.text), len(other.text)) > LINE_CHARACTERS or cells > PAIR_CELLS:
            cells, distance, old_ranges, new_ranges = _compare_long(line.text, other.text)
        elif _least_distance(line, other) > DISTANCE:
            continue
        else:
            changed, kept, old_ranges, new_ranges = _compare(
                line.tokens, other.tokens, align(line.tokens, other.tokens)
            )
            distance = _distance(changed, kept)
        cells_left -= cells
        if distance <= DISTANCE:
            return _Partner(index, old_ranges, new_ranges), cells_left
    return None, cells_left


def _distance(changed: int, kept: int) -> float:
    total = changed + 2 * kept
    return changed / total if total else 0.0


def _least_distance(old: _Line, new: _Line) -> float:
    """A bound the distance of two lines cannot fall below, from the words they share wherever they stand."""
    shared = min(old.columns, new.columns)
    changed = old.columns + new.columns - 2 * shared
    kept = shared + min(old.inner_space, new.inner_space)
    if changed and changed / (changed + 2 * kept) > DISTANCE:
        return 1.0
    shared = _shared(old.bag, new.bag)
    changed = old.columns + new.columns - 2 * shared
    kept = shared + min(old.inner_space, new.inner_space)
    return changed / (changed + 2 * kept) if changed else 0.0


def _shared(old: dict[str, int], new: dict[str, int]) -> int:
    """Columns of the words that two lines have both."""
    if len(old) > len(new):
        old, new = new, old
    return sum([min(columns, new[token]) for token, columns in old.items() if token in new])


def _compare_long(old: str, new: str) -> tuple[int, float, list[tuple[int, int]], list[tuple[int, int]]]:
    """What it cost to compare two long lines, in cells, their distance, and the changed ranges of each."""
    first = _same_beginning(old, new)
    last = _same_beginning(old[: first - len(old) - 1 : -1], new[: first - len(new) - 1 : -1])
    while first and _parts_word(old, first) | _parts_word(new, first):
        first -= 1
    while last and _parts_word(old, len(old) - last) | _parts_word(new, len(new) - last):
        last -= 1
    one, other = tokens(old[first : len(old) - last]), tokens(new[first : len(new) - last])
    if len(one) * len(other) <= PAIR_CELLS:
        cells, operations = len(one) * len(other), align(one, other)
    else:
        cells = 5 * (len(one) + len(other) + FEW_EDITS * FEW_EDITS)  # each takes longer than a cell
        operations = few_edits(one, other, FEW_EDITS) or [(DELETED, len(one)), (INSERTED, len(other))]
    changed, kept, *ranges = _compare(one, other, operations, first)
    return cells, _distance(changed, kept + first + last), ranges[0], ranges[1]


def _same_beginning(old: str, new: str) -> int:
    """How many characters two texts begin with that are the same in both."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _parts_word(text: str, at: int) -> bool:
    """Whether a cut here would go through a word."""
    return 0 < at < len(text) and begins_with_word(text[at - 1]) and begins_with_word(text[at])


def _compare(
    old: list[str], new: list[str], operations: Sequence[tuple[int, int]], offset: int = 0
) -> tuple[int, int, list[tuple[int, int]], list[tuple[int, int]]]:
    """Changed and kept columns of two lines, and the changed ranges of each in characters, counted from ``offset``."""
    one, other = _Side(old, offset), _Side(new, offset)
    changed = kept = 0
    for operation, count in operations:
        if operation == DELETED:
            changed += one.take(count, edited=True)
        elif operation == INSERTED:
            changed += other.take(count, edited=True)
        else:
            # Space between two changed words belongs to the change, so that they are marked as one; not at the end.
            ends = one.position + count >= len(old) - 1 and other.position >= len(new) - 1
            is_space = not "".join(old[one.position : one.position + count]).strip()
            joins = is_space and one.edited and other.edited and not ends
            kept += one.take(count, marked=joins)
            other.take(count, marked=joins)
    return changed, kept, one.ranges, other.ranges


class _Side:
    """Walks the tokens of one line and collects its changed ranges."""

    def __init__(self, words: list[str], offset: int) -> None:
        self.words = words
        self.position = 0
        self.offset = offset
        self.edited = False
        """The section before this one was an edit on this side, with nothing kept since."""
        self.ranges: list[tuple[int, int]] = []

    def take(self, count: int, *, edited: bool = False, marked: bool = False) -> int:
        """Go over ``count`` tokens; returns their columns without space around."""
        section = "".join(self.words[self.position : self.position + count])
        start, end = self.offset, self.offset + len(section)
        if (edited or marked) and section:
            if self.ranges and self.ranges[-1][1] == start:
                start = self.ranges.pop()[0]
            self.ranges.append((start, end))
        self.position, self.offset, self.edited = self.position + count, end, edited
        return width(section.strip())


def _in_line(line: str, ranges: list[tuple[int, int]]) -> Ranges:
    """Ranges of a prepared line as ranges of the line itself: a tab is one character again, and no line feed."""
    if "\t" in line:
        characters = [index for index, letter in enumerate(line) for _ in range(TAB_SPACES if letter == "\t" else 1)]
        characters.append(len(line))
        ranges = [(characters[start], characters[end - 1] + 1) for start, end in ranges]
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:  # a tab of which only a part changed
            start = merged.pop()[0]
        if start < len(line):
            merged.append((start, min(end, len(line))))
    return tuple(merged)

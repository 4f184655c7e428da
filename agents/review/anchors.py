"""Where a comment stands after the code changed. It never moves silently onto other code, and it is never dropped.

In this order: the same blob has the same lines; else the lines are followed through the difference of the two blobs;
else the quoted text is looked for, exactly, then nearly; else the comment is orphaned and shown where its lines were.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.review.linemap import LineMap, map_lines, split_lines

AnchorState = Literal["placed", "moved", "edited", "orphaned"]
"""``placed``: the same lines under the same numbers. ``moved``: the same text elsewhere. ``edited``: what became of the
lines, and it differs. ``orphaned``: gone; the numbers say where it stood."""

NEAR_LINES = 200
"""A text that occurs several times, or only nearly, is looked for so far around where it should be."""
LEAST_SCORE = 0.75
LEAST_MARGIN = 0.1
"""An edited place must be this similar, and so much more than the next best one."""
_CONTEXT_LINES = 3
_TELLING_CHARACTERS = 6
_SEARCHED_LINES = 60
"""A longer quote that changed is looked for only where its lines stood."""
_WORD = re.compile(rb"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an anchor is now."""

    state: AnchorState
    path: bytes
    start: int
    """First line, from 1. For an orphan: the line that now stands where it was."""
    end: int
    """Last line, inclusive; ``start - 1`` for an orphan."""


@dataclass(frozen=True, slots=True)
class _Quote:
    """The lines an anchor was made on, with their surroundings."""

    lines: Sequence[bytes]
    before: Sequence[bytes]
    after: Sequence[bytes]

    @property
    def is_telling(self) -> bool:
        """Whether it holds enough to be recognised by itself: a brace or a blank line does not."""
        return sum(len(word) for line in self.lines for word in re.findall(rb"\w+", line)) >= _TELLING_CHARACTERS


def place_anchor(
    path: bytes,
    start: int,
    end: int,
    before: bytes,
    after: bytes | None,
    elsewhere: Mapping[bytes, bytes] | None = None,
) -> Placement:
    """Follow an anchor from the blob it was made on to what is there now.

    Args:
        path: the file's name now (the caller follows renames).
        start: first line, from 1, in ``before``.
        end: last line, inclusive. Lines outside ``before`` make an orphan.
        before: the blob the anchor was made on.
        after: the blob under ``path`` now; None when the file is gone.
        elsewhere: other files the lines may have moved to, by name.
    """
    if after == before:
        return Placement("placed", path, start, end)
    old = split_lines(before)
    if not 1 <= start <= end <= len(old):
        return Placement("orphaned", path, max(1, start), max(0, start - 1))
    quote = _Quote(
        old[start - 1 : end],
        old[max(0, start - 1 - _CONTEXT_LINES) : start - 1],
        old[end : end + _CONTEXT_LINES],
    )
    if after is None:
        return _in_other_files(quote, elsewhere or {}) or Placement("orphaned", path, 1, 0)
    new = split_lines(after)
    mapped = map_lines(old, new)
    gap = mapped.gap(start, end)
    return (
        _followed(path, start, end, mapped, quote.is_telling)
        or _same_text(path, quote, new, gap[0])
        or _in_other_files(quote, elsewhere or {})
        or _edited(path, start, end, quote, new, mapped)
        or Placement("orphaned", path, gap[0], gap[0] - 1)
    )


def _followed(path: bytes, start: int, end: int, mapped: LineMap, is_telling: bool) -> Placement | None:
    """All lines are still there, in a row; a lone brace only together with a line beside it."""
    numbers = [mapped.new_number(number) for number in range(start, end + 1)]
    first = numbers[0]
    if first is None or numbers != list(range(first, first + len(numbers))):
        return None
    last = first + len(numbers) - 1
    has_neighbour = (
        (start == 1 and first == 1)
        or (end == mapped.old_lines and last == mapped.new_lines)
        or (start > 1 and mapped.new_number(start - 1) == first - 1)
        or mapped.new_number(end + 1) == last + 1
    )
    if not is_telling and not has_neighbour:
        return None
    return Placement("placed" if first == start else "moved", path, first, last)


def _same_text(path: bytes, quote: _Quote, new: Sequence[bytes], expected: int) -> Placement | None:
    """The quoted text somewhere else in the file: the place whose surroundings fit best, then the nearest one."""
    places = _occurrences(quote.lines, new)
    if not places:
        return None
    ranked = sorted(
        (-_context_score(quote, new, index, len(quote.lines)), abs(index + 1 - expected), index) for index in places
    )
    context, distance, index = -ranked[0][0], ranked[0][1], ranked[0][2]
    if not quote.is_telling and context < 0.5:
        return None
    if len(places) > 1 and distance > NEAR_LINES:
        return None
    return Placement("moved", path, index + 1, index + len(quote.lines))


def _in_other_files(quote: _Quote, files: Mapping[bytes, bytes]) -> Placement | None:
    """The quoted text in exactly one place of all other files."""
    if not quote.is_telling:
        return None
    found = [
        (path, index)
        for path, content in files.items()
        if quote.lines[0] in content
        for index in _occurrences(quote.lines, split_lines(content))
    ]
    if len(found) != 1:
        return None
    path, index = found[0]
    return Placement("moved", path, index + 1, index + len(quote.lines))


def _edited(
    path: bytes, start: int, end: int, quote: _Quote, new: Sequence[bytes], mapped: LineMap
) -> Placement | None:
    """What the quoted lines became, if it is similar enough and nothing else is nearly as similar.

    Lines that are known to be other old lines, unchanged, are other code however similar they look.
    """
    others = _kept_from_elsewhere(start, end, mapped, new)
    wanted = _words(quote.lines)
    scores: dict[tuple[int, int], float] = {}
    for first, last in _windows(start, end, mapped, len(new)):
        if not others.isdisjoint(range(first, last)):
            continue
        similarity = _similarity(wanted, _words(new[first:last]))
        context = _context_score(quote, new, first, last - first)
        scores[first, last] = 0.6 * similarity + 0.4 * context if similarity >= 0.4 else 0.0
    if not scores:
        return None
    best = max(scores, key=lambda window: (scores[window], window[0] - window[1]))
    rivals = (score for (first, last), score in scores.items() if last <= best[0] or first >= best[1])
    if scores[best] < LEAST_SCORE or scores[best] - max(rivals, default=0.0) < LEAST_MARGIN:
        return None
    return Placement("edited", path, best[0] + 1, best[1])


def _kept_from_elsewhere(start: int, end: int, mapped: LineMap, new: Sequence[bytes]) -> set[int]:
    """Indexes of new lines, blank ones aside, that are old lines from outside the quote."""
    return {
        target + step - 1
        for first, target, count in mapped.runs
        for step in range(count)
        if not start <= first + step <= end and new[target + step - 1].strip()
    }


def _windows(start: int, end: int, mapped: LineMap, new_lines: int) -> list[tuple[int, int]]:
    """Ranges of new lines, from 0 and without the last, that the old lines may have become."""
    length = end - start + 1
    first, last = mapped.gap(start, end)
    windows = {(first - 1, last)}
    kept = [number for old in range(start, end + 1) if (number := mapped.new_number(old)) is not None]
    if kept:
        windows.add((kept[0] - 1, kept[-1]))
    if length > _SEARCHED_LINES:
        return sorted((one, other) for one, other in windows if one < other)
    for begin in range(max(0, first - 1 - NEAR_LINES), min(new_lines, last + NEAR_LINES)):
        windows.update((begin, begin + size) for size in (length - 1, length, length + 1))
    limit = 3 * length + 10
    return sorted((one, other) for one, other in windows if 0 < other - one <= limit and other <= new_lines)


def _occurrences(lines: Sequence[bytes], text: Sequence[bytes]) -> list[int]:
    wanted, count = list(lines), len(lines)
    return [
        index
        for index in range(len(text) - count + 1)
        if text[index] == wanted[0] and list(text[index : index + count]) == wanted
    ]


def _context_score(quote: _Quote, new: Sequence[bytes], index: int, length: int) -> float:
    """The share of the lines around that are the same, in order, outwards; where there were none, none must be."""
    before = [*reversed(new[max(0, index - _CONTEXT_LINES) : index])]
    after = [*new[index + length : index + length + _CONTEXT_LINES]]
    kept = sum(one == other for one, other in zip(reversed(quote.before), before, strict=False))
    kept += sum(one == other for one, other in zip(quote.after, after, strict=False))
    total = max(len(quote.before), len(before)) + max(len(quote.after), len(after))
    return kept / total if total else 1.0


def _similarity(one: Counter[bytes], other: Counter[bytes]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def _words(lines: Sequence[bytes]) -> Counter[bytes]:
    return Counter(_WORD.findall(b"\n".join(lines)))

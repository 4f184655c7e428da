"""Exact replacements in a text: located tolerantly, applied exactly.

Models quote code from memory. A quotation is looked for as it is, then in a *view* of the file that forgives what
they get wrong (trailing blanks, typographic signs, several ways to write the same in Unicode). What is replaced is
always a range of the original: nothing else of the file changes.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from agents.native.host.text import Refused, plain


def apply_edits(name: str, original: str, edits: Sequence[dict[str, str]]) -> tuple[str, list[int]]:
    """Replace each ``oldText`` by its ``newText``, all located in the original. Line ends stay as they are.

    Returns:
        The changed text, and the lines of the original where something changed.

    Raises:
        Refused: one is not found, found more than once, overlaps another, or nothing would change.
    """
    views: dict[bool, View] = {}
    places = []
    for number, item in enumerate(edits):
        label = f"edits[{number}]" if len(edits) > 1 else "edit"
        places.append((*locate(name, original, views, label, item["oldText"], item["newText"]), number))
    places.sort()
    for (_, end, _, one), (start, _, _, other) in itertools.pairwise(places):
        if start < end:
            raise Refused(f"edits[{one}] and edits[{other}] overlap; make them one.")
    changed = original
    newline = newline_of(original)
    for start, end, new, _ in reversed(places):
        replaced = original[start:end]
        style = newline if "\n" not in replaced else "\r\n" if "\r\n" in replaced else "\n"
        changed = changed[:start] + new.replace("\n", style) + changed[end:]
    if changed == original:
        raise Refused(f"The edit changes nothing: {name} already reads like that.")
    return changed, sorted({original.count("\n", 0, start) + 1 for start, _, _, _ in places})


def newline_of(text: str) -> str:
    """How the first line of a text ends."""
    return "\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n"


_ascii = {
    **dict.fromkeys(map(ord, "‘’‚‛′"), "'"),
    **dict.fromkeys(map(ord, "“”„‟″"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys((0xA0, 0x202F, 0x205F, 0x3000, *range(0x2002, 0x200B)), " "),
}


class View(NamedTuple):
    """A text made comparable. Character ``i`` stands for ``starts[i]:ends[i]`` of the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def view(original: str, fuzzy: bool) -> View:
    """The original with newlines made equal; ``fuzzy`` also forgives trailing blanks, typographic signs, control
    characters and Unicode's several ways to write the same."""
    if not fuzzy and "\r\n" not in original:
        return View(original, range(len(original)), range(1, len(original) + 1))
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    pattern = r"[!-~]+(?![\u0300-\u036f])|[ \t]*\r?\n|[ \t]+\Z|\w[\u0300-\u036f]+|." if fuzzy else r"\r\n|[^\r]+|\r"
    for match in re.finditer(pattern, original, re.DOTALL):
        unit, start, end = match[0], match.start(), match.end()
        if unit[-1] == "\n" and (fuzzy or len(unit) == 2):
            # blanks before a newline belong to no character: what ends before them leaves them alone
            start, unit = end - (2 if unit.endswith("\r\n") else 1), "\n"
        elif not fuzzy or ("!" <= unit[0] <= "~" and unit.isascii()):
            starts += range(start, end)
            ends += range(start + 1, end + 1)
            text.append(unit)
            continue
        else:
            unit = "" if end == len(original) and unit.isspace() else comparable(unit)
        text.append(unit)
        starts += [start] * len(unit)
        ends += [end] * len(unit)
    return View("".join(text), starts, ends)


def comparable(unit: str) -> str:
    """One character as the fuzzy view has it."""
    return plain(unicodedata.normalize("NFKC", unit.translate(_ascii)).translate(_ascii))


def occurrences(text: str, part: str) -> list[int]:
    """Where a part begins, not overlapping."""
    found = []
    at = text.find(part)
    while at >= 0:
        found.append(at)
        at = text.find(part, at + len(part))
    return found


def locate(path: str, original: str, views: dict[bool, View], label: str, old: str, new: str) -> tuple[int, int, str]:
    """Where in the original one replacement goes, and what goes there."""
    if not old:
        raise Refused(f"{label}: oldText is empty; to make a new file use write.")
    for fuzzy in (False, True):
        if fuzzy not in views:
            views[fuzzy] = view(original, fuzzy)
        seen, wanted = views[fuzzy], view(old, fuzzy).text
        found = occurrences(seen.text, wanted) if wanted else []
        if len(found) > 1:
            lines = ", ".join(str(seen.text.count("\n", 0, at) + 1) for at in found[:8])
            raise Refused(
                f"{label}: oldText is found {len(found)} times in {path} (lines {lines}). Add lines around it."
            )
        if found:
            return splice(original, seen, found[0], wanted, old, new, fuzzy)
    raise Refused(
        f"{label}: oldText is not in {path}. It must be what the file has, blanks included.{near(original, old)}"
    )


def splice(original: str, seen: View, at: int, wanted: str, old: str, new: str, fuzzy: bool) -> tuple[int, int, str]:
    """The range of the original to replace, and by what.

    After a fuzzy match, lines that the edit does not change stay as the file has them.
    """
    end = at + len(wanted)
    old_lines, new_lines = old.replace("\r\n", "\n").split("\n"), new.replace("\r\n", "\n").split("\n")
    if fuzzy:
        lead, trail = common_lines(old_lines, new_lines)
        seen_lines = wanted.split("\n")
        at += sum(len(line) + 1 for line in seen_lines[:lead])
        end -= sum(len(line) + 1 for line in seen_lines[len(seen_lines) - trail :])
        old_lines, new_lines = old_lines[lead : len(old_lines) - trail], new_lines[lead : len(new_lines) - trail]
    start = seen.starts[at] if at < len(seen.text) else len(original)
    stop = seen.ends[end - 1] if at < end else start
    # blanks at the end of the quotation belong to what is replaced; the fuzzy view has none there
    blanks = len(old_lines[-1]) - len(old_lines[-1].rstrip(" \t")) if fuzzy else 0
    while blanks and original[stop : stop + 1] in (" ", "\t"):
        stop, blanks = stop + 1, blanks - 1
    return start, stop, "\n".join(new_lines)


def common_lines(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many lines two texts share at their beginning and at their end, leaving at least one of each."""
    most = min(len(old), len(new)) - 1
    lead = 0
    while lead < most and old[lead] == new[lead]:
        lead += 1
    trail = 0
    while trail < most - lead and old[-1 - trail] == new[-1 - trail]:
        trail += 1
    return lead, trail


def near(original: str, old: str) -> str:
    """Where the first line of what was not found stands, if it does."""
    first = next((line.strip() for line in old.split("\n") if line.strip()), "")
    for number, line in enumerate(original.split("\n"), 1):
        if first and first in line:
            return f" Its first line is like line {number}; read the file there."
    return " Read the file again."

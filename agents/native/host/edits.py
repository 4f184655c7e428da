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
    newline = "\r\n" if original[: original.find("\n") + 1].endswith("\r\n") else "\n"
    for start, end, new, _ in reversed(places):
        replaced = original[start:end]
        style = newline if "\n" not in replaced else "\r\n" if "\r\n" in replaced else "\n"
        changed = changed[:start] + new.replace("\n", style) + changed[end:]
    if changed == original:
        raise Refused(f"The edit changes nothing: {name} already reads like that.")
    return changed, sorted({original.count("\n", 0, start) + 1 for start, _, _, _ in places})


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
    pattern = r"[!-~]+|[ \t]*\r?\n|[ \t]+\Z|\w[\u0300-\u036f]+|." if fuzzy else r"\r\n|[^\r]+|\r"
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
            return splice(seen, found[0], wanted, old, new, fuzzy)
    raise Refused(
        f"{label}: oldText is not in {path}. It must be what the file has, blanks included.{near(original, old)}"
    )


def splice(seen: View, at: int, wanted: str, old: str, new: str, fuzzy: bool) -> tuple[int, int, str]:
    """The range to replace. After a fuzzy match, lines the edit does not change stay as the file has them."""
    end = at + len(wanted)
    new = new.replace("\r\n", "\n")
    if fuzzy:
        old_lines, new_lines = old.replace("\r\n", "\n").split("\n"), new.split("\n")
        seen_lines = wanted.split("\n")
        while len(old_lines) > 1 and len(new_lines) > 1 and len(seen_lines) > 1 and old_lines[0] == new_lines[0]:
            at += len(seen_lines[0]) + 1
            del old_lines[0], new_lines[0], seen_lines[0]
        while len(old_lines) > 1 and len(new_lines) > 1 and len(seen_lines) > 1 and old_lines[-1] == new_lines[-1]:
            end -= len(seen_lines[-1]) + 1
            del old_lines[-1], new_lines[-1], seen_lines[-1]
        new = "\n".join(new_lines)
    if at < end:
        return seen.starts[at], seen.ends[end - 1], new
    position = seen.starts[at] if at < len(seen.starts) else (seen.ends[-1] if seen.ends else 0)
    return position, position, new


def near(original: str, old: str) -> str:
    """Where the first line of what was not found stands, if it does."""
    first = next((line.strip() for line in old.split("\n") if line.strip()), "")
    for number, line in enumerate(original.split("\n"), 1):
        if first and first in line:
            return f" Its first line is like line {number}; read the file there."
    return " Read the file again."

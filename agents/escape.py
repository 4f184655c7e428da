"""Characters that would act on a terminal, or hide, made visible.

A diff is data from strangers. Control sequences must not reach the terminal, and text that reorders or hides itself
must not be read as what it is not; neither is deleted, because a reviewer has to see that it is there.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_PICTURE = "[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]"
_ACTIVE = re.compile(
    # A joiner between two pictures makes one picture of them, and hides nothing.
    rf"(?:(?<!{_PICTURE})\u200d|\u200d(?!{_PICTURE}))|(?!\u200d)[\x00-\x08\n-\x1f\x7f-\x9f\ud800-\udfff{_HIDDEN}]"
)
_SUSPECT = re.compile(rf"[\x00-\x08\n-\x1f\x7f-\x9f\ud800-\udfff{_HIDDEN}]")


@dataclass(frozen=True, slots=True)
class Escaped:
    """A text that is safe to show, and where it differs from what it was made of."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()
    """``[start, end)`` of each visible mark in ``text``, to be drawn in a style of its own."""
    sources: tuple[int, ...] = ()
    """The character of the original that each mark stands for."""

    def position(self, offset: int) -> int:
        """Where a character of the original stands in ``text``; for its length, the length of ``text``."""
        index = bisect_right(self.sources, offset - 1)
        if not index:
            return offset
        return self.marks[index - 1][1] + offset - self.sources[index - 1] - 1


def escape(text: str) -> Escaped:
    """Make control, reordering and invisible characters of one line visible. Tabs are left for the painter.

    C0 and DEL become their pictures (``␛``), C1 ``<9b>``, the others ``<U+202E>``.
    """
    if not _SUSPECT.search(text):
        return Escaped(text)
    found = list(_ACTIVE.finditer(text))
    labels = [_label(match.group()) for match in found]
    sources = tuple(match.start() for match in found)
    grown = accumulate((len(label) - 1 for label in labels), initial=0)
    starts = [source + shift for source, shift in zip(sources, grown, strict=False)]
    marks = tuple((start, start + len(label)) for start, label in zip(starts, labels, strict=True))
    return Escaped(_ACTIVE.sub(lambda match: _label(match.group()), text), marks, sources)


def stand_ins(text: str) -> str:
    """The same with one visible character in the place of each of these, for where every character keeps its place."""
    return _ACTIVE.sub(lambda match: label if len(label := _label(match.group())) == 1 else "\ufffd", text)


def escape_name(name: bytes) -> str:
    """A file name for showing: UTF-8, other bytes as ``\\xNN``, tabs and everything active as marks."""
    return escape(name.decode("utf-8", "backslashreplace").replace("\t", "\u2409")).text


def escape_json(line: str) -> str:
    """The same JSON on one line, with all of these characters written as JSON's own escapes."""
    return _SUSPECT.sub(lambda found: json.dumps(found.group())[1:-1], line)


def _label(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"<{code:02x}>" if code < 0xA0 else f"<U+{code:04X}>"

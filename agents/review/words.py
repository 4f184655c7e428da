"""A line cut into the units that emphasis compares: words, and single characters between them.

A word is what Rust's ``\\w+`` matches (letters, marks, decimal digits, connectors and joiners, so that a decomposed
``é`` stays in its word), a character is a grapheme cluster. Widths are columns on a screen.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ASCII = re.compile(r"\w+|.", re.DOTALL | re.ASCII)
_UNUSUAL = re.compile(r"[^ -~]")
"""Characters that may take another number of columns than one."""
_WORD_CATEGORIES = frozenset(("Nd", "Nl", "Pc"))
_JOINERS = "\u200c\u200d"


def tokens(line: str) -> list[str]:
    """Words and characters of a line, in order; joined they are the line."""
    if line.isascii():
        return _ASCII.findall(line)
    found: list[str] = []
    in_word = False
    for character in line:
        is_word = _is_word(character)
        if found and ((is_word and in_word) or (not is_word and not in_word and _extends(found[-1], character))):
            found[-1] += character
        else:
            found.append(character)
        in_word = is_word
    return found


@lru_cache(maxsize=4096)
def _is_word(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        category[0] in "LM"
        or category in _WORD_CATEGORIES
        or character in _JOINERS
        or "\u24b6" <= character <= "\u24e9"  # circled letters count as alphabetic
        or "\U0001f130" <= character <= "\U0001f189"
    )


def _extends(cluster: str, character: str) -> bool:
    """Whether a character that is no word belongs to the cluster before it: flags, skin tones, CR LF."""
    if "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if "\U0001f1e6" <= character <= "\U0001f1ff":
        return len(cluster) == 1 and "\U0001f1e6" <= cluster <= "\U0001f1ff"
    return cluster == "\r" and character == "\n"


def begins_with_word(line: str) -> bool:
    """Whether the first token is a word; false for an empty line."""
    return bool(line) and _is_word(line[0])


def width(text: str) -> int:
    """Columns a text takes on a screen; control characters count nothing."""
    if text.isascii() and text.isprintable():
        return len(text)
    return len(text) + sum([_character_width(character) - 1 for character in _UNUSUAL.findall(text)])


@lru_cache(maxsize=8192)
def _character_width(character: str) -> int:
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf", "Cc"):
        return 1 if character == "\u00ad" else 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

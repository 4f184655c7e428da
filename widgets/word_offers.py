"""What a word that is being written may become: names of files and words of the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEAST_LETTERS = 2
"""Letters of a word from which on something is offered."""
OFFERED = 6
_WORD = re.compile(r"[\w./-]+\Z")
_SYMBOL = re.compile(rb"[A-Za-z_]\w{3,}")
_CODE_BYTES = 2_000_000
"""Bytes of code looked at for words: beyond it, it would be felt."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words to offer."""

    paths: Sequence[str] = ()
    symbols: Sequence[str] = ()


def symbols_in(code: Iterable[bytes]) -> list[str]:
    """The words of code, each once, sorted."""
    found: set[bytes] = set()
    left = _CODE_BYTES
    for text in code:
        found.update(_SYMBOL.findall(text[:left]))
        left -= len(text)
        if left <= 0:
            break
    return sorted(word.decode("ascii", "ignore") for word in found)


def word_before(line: str) -> str:
    """The word, or the beginning of a path, that a line ends with."""
    found = _WORD.search(line)
    return found[0] if found else ""


def offers(word: str, words: Words) -> tuple[str, ...]:
    """What a word may become, the likeliest first: files that are named so, words of the code, files that hold it."""
    if len(word) < LEAST_LETTERS:
        return ()
    folded = word.casefold()
    named: list[str] = []
    holding: list[str] = []
    for path in words.paths:
        shape = path.casefold()
        if shape.startswith(folded) or shape.rpartition("/")[2].startswith(folded):
            named.append(path)
        elif folded in shape:
            holding.append(path)
    symbols = [symbol for symbol in words.symbols if symbol.casefold().startswith(folded)]
    found = dict.fromkeys((*named[:OFFERED], *symbols[:OFFERED], *holding[:OFFERED]))
    found.pop(word, None)
    return tuple(found)[:OFFERED]

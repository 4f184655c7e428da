"""Finding names by a few of their letters, fast enough for a hundred thousand of them at each key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LIMIT = 200
"""As many as anyone looks through."""


def rank(query: str, names: Sequence[str], limit: int = LIMIT) -> list[str]:
    """The names that hold the letters of a query in its order, the best first.

    Better is: the letters in one piece in the last part of the name, then anywhere in one piece, then close together;
    at the beginning of words; in a short name. Capitals count only where the query has some.
    """
    if not query:
        return list(names[:limit])
    fold = query == query.lower()
    between = "[^\n]*?".join(map(re.escape, query))
    pattern = re.compile(between, re.IGNORECASE if fold else 0)
    found = [name for name in names if pattern.search(name)]
    if len(found) > 20_000:  # one letter in a large repository: the order of so many is nobody's concern
        found = found[:20_000]
    return [name for _, name in sorted((_cost(query, name, fold), name) for name in found)[:limit]]


def _cost(query: str, name: str, fold: bool) -> tuple[int, int, int]:
    seen = name.lower() if fold else name
    last = seen.rfind("/") + 1
    at = seen.find(query, last)
    if at >= 0:
        whole = seen[last:] == query or seen[last:].rpartition(".")[0] == query
        return (0 if whole else 1 if at == last else 2 if not seen[at - 1].isalnum() else 3), at - last, len(name)
    if (at := seen.rfind(query)) >= 0:
        return 4, last - at, len(name)
    return 5, _spread(query, seen), len(name)


def _spread(query: str, name: str) -> int:
    """Letters between the first and the last one found, looked for from the end; those that begin a word cost less."""
    end = place = len(name)
    cost = 0
    for letter in reversed(query):
        place = name.rfind(letter, 0, place)
        if place < 0:
            return len(name) * 2
        if place and name[place - 1].isalnum():
            cost += 1
        if end == len(name):
            end = place
    return end - place + cost


def contains_all(query: str, texts: Iterable[str]) -> list[int]:
    """The places of the texts in which every word of a query is found, in their order."""
    words = query.lower().split()
    return [place for place, text in enumerate(texts) if all(word in text.lower() for word in words)]

"""File names as git writes them into a patch: C-quoted, prefixed, and sometimes ambiguous."""

from __future__ import annotations

import re

_ESCAPES = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}
_LETTERS = {code: letter for letter, code in _ESCAPES.items()}
_ESCAPE = re.compile(rb'\\([0-7]{1,3}|[abtnvfr"\\])')
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_TO_QUOTE = re.compile(rb'[\x00-\x1f"\\\x7f-\xff]')
_TIMESTAMP = re.compile(rb"\s+\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*$")
_PREFIX = re.compile(rb"[abciwo12]/")

NOWHERE = b"/dev/null"


def quote_name(name: bytes) -> bytes:
    """A name as git prints it with ``core.quotePath``: in double quotes where it holds anything unusual."""
    if not _TO_QUOTE.search(name):
        return name
    return b'"' + _TO_QUOTE.sub(lambda found: _escaped(found.group()[0]), name) + b'"'


def _escaped(code: int) -> bytes:
    letter = _LETTERS.get(code)
    return b"\\" + letter if letter else b"\\%03o" % code


def unquote_name(name: bytes) -> bytes:
    """The name behind git's C-quoting; a name that is not quoted is returned as it is."""
    if not (len(name) >= 2 and name.startswith(b'"') and name.endswith(b'"')):
        return name
    return _ESCAPE.sub(lambda found: _unescaped(found.group(1)), name[1:-1])


def _unescaped(escape: bytes) -> bytes:
    return bytes((_ESCAPES[escape],)) if escape in _ESCAPES else bytes((int(escape, 8) & 0xFF,))


def marker_name(rest: bytes) -> bytes:
    """The name on a ``---`` or ``+++`` line (without the marker): unquoted, and without tab or time stamp."""
    quoted = _QUOTED.match(rest)
    if quoted:
        return unquote_name(quoted.group())
    return _TIMESTAMP.sub(b"", rest.partition(b"\t")[0].rstrip(b"\r"))


def marked_name(name: bytes) -> bytes:
    """A name as it stands on a ``---`` or ``+++`` line; a tab tells where it ends when it holds a blank."""
    quoted = quote_name(name)
    return quoted + b"\t" if b" " in quoted and not quoted.startswith(b'"') else quoted


def names_of_header(rest: bytes, old: bytes = b"", new: bytes = b"") -> tuple[bytes, bytes]:
    """The two names of a ``diff --git`` line, without the words ``diff --git``, prefixes taken off.

    The line alone is ambiguous when names hold spaces. Without a rename both names are the same file, so the split is
    chosen where what follows the prefixes is equal; ``old`` and ``new`` are the names on the ``---`` and ``+++`` lines,
    if there are any, and decide between several.
    """
    splits = _splits(rest)
    known = [split for split in splits if old in (b"", NOWHERE, split[0]) and new in (b"", NOWHERE, split[1])] or splits
    best = min(known, key=_unlikeliness, default=(rest, rest))
    shared = shared_name(*best)
    return (shared, shared) if shared else (without_prefix(best[0]), without_prefix(best[1]))


def _splits(rest: bytes) -> list[tuple[bytes, bytes]]:
    quoted = _QUOTED.match(rest)
    if quoted and rest[quoted.end() : quoted.end() + 1] == b" ":
        return [(unquote_name(quoted.group()), unquote_name(rest[quoted.end() + 1 :]))]
    if rest.endswith(b'"'):
        first, _, second = rest.partition(b' "')
        return [(first, unquote_name(b'"' + second))]
    spaces = [index for index, byte in enumerate(rest[:8192]) if byte == 0x20]
    return [(rest[:space], rest[space + 1 :]) for space in spaces if abs(len(rest) - 1 - 2 * space) <= 64]


def _unlikeliness(split: tuple[bytes, bytes]) -> tuple[int, int]:
    """Smallest for halves that differ only in git's own one-letter prefixes, or in nothing."""
    old, new = split
    if old == new:
        rank = 1
    elif _PREFIX.match(old) and _PREFIX.match(new) and old[2:] == new[2:]:
        rank = 0
    else:
        rank = 2 if shared_name(old, new) else 3
    return rank, abs(len(old) - len(new))


def shared_name(old: bytes, new: bytes) -> bytes:
    """What two names have in common from the end, in whole components; empty when there is nothing."""
    if old == new:
        return old
    first, second = old.split(b"/"), new.split(b"/")
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        count += 1
    return b"/".join(first[len(first) - count :]) if count else b""


def names_of_markers(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """The two names of a patch without a ``diff --git`` line, prefixes taken off; ``/dev/null`` becomes empty."""
    if old == NOWHERE or new == NOWHERE:
        return (b"" if old == NOWHERE else without_prefix(old)), (b"" if new == NOWHERE else without_prefix(new))
    old_top, _, old_rest = old.partition(b"/")
    new_top, _, new_rest = new.partition(b"/")
    if old_rest and old_rest == new_rest and old_top and new_top and old_top != new_top:
        return old_rest, new_rest
    return old, new


def without_prefix(name: bytes) -> bytes:
    """The name without one of git's prefixes (``a/ b/``, and the mnemonic ones)."""
    return name[2:] if _PREFIX.match(name) and len(name) > 2 else name

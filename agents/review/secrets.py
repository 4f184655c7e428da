"""Text that looks like a secret: keys with a known shape, and random-looking values under a telling name.

Conservative: placeholders, variables, hashes of lock files and words are left alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

LEAST_ENTROPY = 3.5
"""Bits per character from which on a value under a telling name counts as random; English words are near 3."""

_SHAPES = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}|"
    rb"\bgithub_pat_\w{50,}|\bglpat-[\w-]{20,}|\bxox[abprs]-[\w-]{20,}|\bsk-(?:ant-|proj-|live-)?[\w-]{24,}|"
    rb"\b[sr]k_live_\w{20,}|\bAIza[\w-]{35}\b|\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[\w-]{50,}|\bhf_[A-Za-z]{30,}|"
    rb"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}|https?://[^/\s:@'\"{}<>$]{1,64}:[^/\s:@'\"{}<>$]{6,}@"
)
_NAMED = re.compile(
    rb"(?i)(?:passw(?:or)?d|secret|token|api_?key|private_?key|access_?key|auth|credential)[\w.-]*['\"]?\s{0,3}"
    rb"(?::=|=>|[:=])\s{0,3}['\"]?([A-Za-z0-9+/_=.-]{20,200})"
)
_SHAPE_WORDS = (
    b"PRIVATE AKIA ASIA ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox sk- k_live_ AIza npm_ pypi-AgE hf_ eyJ :/"
).split()
_NAMED_WORDS = b"passw secret token api key auth credential".split()
"""Without one of these nothing can match; looking for a word is a hundred times as fast as matching."""
_DIGITS_AND_LETTERS = re.compile(rb"(?=[^a-z]*[a-z]|[^A-Z]*[A-Z])[^0-9]*[0-9]")
_NOT_SECRET = re.compile(
    rb"(?i)example|placeholder|dummy|changeme|your[_-]|xxxx|test|sample|fake|\A[a-z_]+(?:\.[a-z_]+)+\Z|\.(?:py|js|ts)\Z"
)


def secrets_in(data: bytes, start: int, end: int) -> Iterator[int]:
    """Offsets in ``data`` at which something stands that looks like a secret."""
    part = data[start:end]
    if any(word in part for word in _SHAPE_WORDS):
        yield from (found.start() for found in _SHAPES.finditer(data, start, end))
    lowered = part.lower()
    if not any(word in lowered for word in _NAMED_WORDS):
        return
    for found in _NAMED.finditer(data, start, end):
        value = found[1]
        if _DIGITS_AND_LETTERS.match(value) and not _NOT_SECRET.search(value) and entropy(value) >= LEAST_ENTROPY:
            yield found.start(1)


def entropy(value: bytes) -> float:
    """Bits per character, from how often each occurs; 0 for nothing."""
    counts = Counter(value)
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in counts.values())

"""A long text that was pasted, in a prompt that is still written: one short chip stands for it.

The chip names its text by a digest, so that the same text has the same chip and a chip can be put in twice. Only the
text itself is sent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

CHIP = re.compile(r"⟦(?:pasted|image) [^⟦⟧]*? #([0-9a-f]{10})⟧")
"""A chip in a text, also one of an image (:mod:`agents.prompts.image_chips`); its group is the digest."""

LONG_LINES = 12
LONG_CHARACTERS = 1_500
"""A pasted text with more lines or characters becomes a chip."""


def is_long(text: str) -> bool:
    """It would hide what is written around it."""
    return text.count("\n") >= LONG_LINES or len(text) > LONG_CHARACTERS


def digest_of(text: str) -> str:
    """What a text is named by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def chip_of(text: str) -> str:
    """The chip that stands for a text."""
    lines = text.count("\n") + (not text.endswith("\n"))
    size = f"{len(text) / 1000:.0f} kB" if len(text) >= 10_000 else f"{len(text)} characters"
    return f"⟦pasted {lines} {'line' if lines == 1 else 'lines'}, {size} #{digest_of(text)}⟧"


def expand(text: str, kept: Callable[[str], str | None]) -> str:
    """The text with what ``kept`` knows of its chips in their places; a chip of which nothing is known stays."""
    if "⟦" not in text:
        return text
    return CHIP.sub(lambda found: found.group() if (whole := kept(found[1])) is None else whole, text)

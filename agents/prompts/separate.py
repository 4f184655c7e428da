"""Several tasks out of one text: one for each item of its list, else one for each line."""

from __future__ import annotations

import re
from typing import NamedTuple

_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(?=\S)")
"""The beginning of an item that stands at the margin."""


class Separate(NamedTuple):
    """One of several tasks."""

    title: str
    """Its first line, without what is said to all."""
    prompt: str


def separate_prompts(text: str) -> list[Separate]:
    """The prompts in a text, in order; none of them is empty.

    With a list in it, each item is one, with the indented lines that belong to it; what stands before the list is said
    to all of them. Without one, each line is.
    """
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if _ITEM.match(line)]
    if not starts:
        return [Separate(line.strip(), line.strip()) for line in lines if line.strip()]
    shared = "\n".join(lines[: starts[0]]).strip()
    prompts = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        first = _ITEM.sub("", lines[start], count=1).strip()
        rest = "\n".join(_unindented(lines[start + 1 : end])).rstrip()
        item = f"{first}\n{rest}".strip()
        prompts.append(Separate(first, f"{shared}\n\n{item}" if shared else item))
    return prompts


def _unindented(lines: list[str]) -> list[str]:
    """Lines without the indent that they all have."""
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    cut = min(indents, default=0)
    return [line[cut:] for line in lines]

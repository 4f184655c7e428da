"""What highlighting gives: which part of which line is what. No Pygments here, so that a screen can hold it cheaply."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

TOKEN_CLASSES: tuple[str, ...] = (
    "", "attribute", "builtin", "class", "comment", "constant", "decorator", "docstring", "emphasis", "escape",
    "function", "heading", "keyword", "namespace", "number", "operator", "preprocessor", "regex", "string", "strong",
    "tag", "type", "variable", "deleted", "inserted",
)  # fmt: skip
"""What a class id means; 0 is plain text and never stored."""

Span = tuple[int, int, int]
"""Start and length in characters, and the index of its name in :data:`TOKEN_CLASSES`."""


def _numbers() -> array[int]:
    return array("I")


@dataclass(frozen=True, slots=True)
class Highlighted:
    """The spans of a file's lines, in columns. Characters are those of the line decoded as ``Lines.text`` does."""

    language: str = ""
    """Pygments alias; empty for a file shown plain."""
    first: array[int] = field(default_factory=_numbers)
    """``first[n]`` to ``first[n + 1]`` are the spans of line ``n``, counted from 0."""
    starts: array[int] = field(default_factory=_numbers)
    lengths: array[int] = field(default_factory=_numbers)
    classes: bytes = b""

    def spans(self, number: int) -> list[Span]:
        """The spans of a line by its number (from 1, as a diff counts); none for a line that is not there."""
        if not 0 < number < len(self.first):
            return []
        part = slice(self.first[number - 1], self.first[number])
        return list(zip(self.starts[part], self.lengths[part], self.classes[part], strict=True))


PLAIN = Highlighted()

"""Which part of which line is a keyword, a string, a comment: Pygments over whole files.

Whole files, because a line inside a docstring cannot be told from code by itself. What comes out names what a part *is*
(:data:`TOKEN_CLASSES`), never a colour; and it is compact, because it crosses from a worker process (see
:mod:`agents.review.highlighter`) and is kept for every file that was looked at.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate

from agents.review.languages import language_of
from agents.review.line_spans import LineSpans, Memory, line_spans
from agents.review.spans import PLAIN, Highlighted

LIMIT_BYTES = 1_000_000
LIMIT_LINES = 20_000
"""A larger file is shown plain."""
LIMIT_LINE_CHARACTERS = 2_000
"""A longer line is shown plain, the others keep their colours."""


def highlight(path: bytes, data: bytes, attribute: str = "") -> Highlighted:
    """Tokenise a file's whole content. Costs about 30 microseconds a line: not for an event loop.

    Args:
        path: its name in the repository, which decides the language (see :func:`language_of`).
        data: the content.
        attribute: its ``linguist-language``, if any.

    A file of unknown language, binary, or larger than the limits comes back plain.
    """
    if len(data) > LIMIT_BYTES or b"\0" in data or data.count(b"\n") > LIMIT_LINES:
        return PLAIN
    language = language_of(path, data, attribute)
    return highlight_text(data.decode("utf-8", "backslashreplace"), language) if language else PLAIN


def highlight_text(text: str, language: str) -> Highlighted:
    """Tokenise decoded text in a language Pygments knows by that alias."""
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    found = highlight_lines(lines, language)
    if not found:
        return PLAIN
    spans = [span for line in found for span in line]
    starts, lengths, classes = zip(*spans, strict=True) if spans else ((), (), ())
    first = accumulate(map(len, found), initial=0)
    return Highlighted(language, array("I", first), array("I", starts), array("I", lengths), bytes(classes))


def highlight_lines(lines: Sequence[str], language: str, memory: Memory | None = None) -> list[LineSpans]:
    """The spans of each line of a text; none at all when the language cannot be read.

    Args:
        lines: without line feeds.
        language: a Pygments alias.
        memory: see :data:`agents.review.line_spans.Memory`.
    """
    # Same lengths, but nothing a lexer stumbles on: Pygments' own clean-up would move every offset.
    clean = ["" if len(line) > LIMIT_LINE_CHARACTERS else line.replace("\r", " ") for line in lines]
    try:
        return line_spans(clean, language, memory)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return []  # a lexer's own mistake on odd input costs this text its colours, nothing else

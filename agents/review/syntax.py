"""Which part of which line is a keyword, a string, a comment: Pygments over whole files.

Whole files, because a line inside a docstring cannot be told from code by itself. What comes out names what a part *is*
(:data:`TOKEN_CLASSES`), never a colour; and it is compact, because it crosses from a worker process (see
:mod:`agents.review.highlighter`) and is kept for every file that was looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    String,
    Token,
    _TokenType,
)

from agents.review.languages import language_of
from agents.review.spans import PLAIN, TOKEN_CLASSES, Highlighted

LIMIT_BYTES = 1_000_000
LIMIT_LINES = 20_000
"""A larger file is shown plain."""
LIMIT_LINE_CHARACTERS = 2_000
"""A longer line is shown plain, the others keep their colours."""

_CLASS_OF = {
    Token: "", Error: "", Name: "", Comment: "comment", Comment.Preproc: "preprocessor", Comment.PreprocFile: "string",
    Keyword: "keyword", Keyword.Type: "type", Keyword.Constant: "constant", Name.Attribute: "attribute",
    Name.Builtin: "builtin", Name.Class: "class", Name.Constant: "constant", Name.Decorator: "decorator",
    Name.Entity: "escape", Name.Exception: "class", Name.Function: "function", Name.Label: "variable",
    Name.Namespace: "namespace", Name.Property: "attribute", Name.Tag: "tag", Name.Variable: "variable",
    Number: "number", Operator: "operator", Operator.Word: "keyword", String: "string", String.Doc: "docstring",
    String.Escape: "escape", String.Interpol: "escape", String.Regex: "regex", String.Symbol: "constant",
    Generic.Heading: "heading", Generic.Subheading: "heading", Generic.Emph: "emphasis", Generic.Strong: "strong",
    Generic.Deleted: "deleted", Generic.Inserted: "inserted", Generic.Prompt: "comment", Generic.Output: "comment",
}  # fmt: skip


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
    if any(len(line) > LIMIT_LINE_CHARACTERS for line in lines):
        lines = ["" if len(line) > LIMIT_LINE_CHARACTERS else line for line in lines]
        text = "\n".join(lines)
    # Same lengths, but nothing a lexer stumbles on: Pygments' own clean-up would move every offset.
    text = text.replace("\r", " ")
    try:
        return _spans(text if text.endswith("\n") else text + "\n", lines, language)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return PLAIN  # a lexer's own mistake on odd input costs this file its colours, nothing else


def _spans(text: str, lines: list[str], language: str) -> Highlighted:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    starts, lengths, classes = array("I"), array("I"), bytearray()
    counts = [0] * len(lines)
    number, after, last_end = 0, offsets[1], -1
    for offset, token, value in _lexer(language).get_tokens_unprocessed(text):
        known = _class_id(token)
        if not known or not value or offset < offsets[number]:
            continue
        if offset >= after:
            number = min(bisect_right(offsets, offset) - 1, len(lines) - 1)
            after = offsets[number + 1]
        for part in value.split("\n") if "\n" in value else (value,):
            if part and offset + len(part) <= offsets[number] + len(lines[number]):
                if offset == last_end and counts[number] and classes[-1] == known:
                    lengths[-1] += len(part)
                else:
                    starts.append(offset - offsets[number])
                    lengths.append(len(part))
                    classes.append(known)
                    counts[number] += 1
                last_end = offset + len(part)
            offset += len(part) + 1
            if offset >= after and number + 1 < len(lines):
                number += 1
                after = offsets[number + 1]
    first = array("I", [0])
    for count in counts:
        first.append(first[-1] + count)
    return Highlighted(language, first, starts, lengths, bytes(classes))


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


@lru_cache(maxsize=1024)
def _class_id(token: _TokenType) -> int:
    """The class of a token type, or of the nearest type above it that has one."""
    current: _TokenType | None = token
    while current is not None:
        if current in _CLASS_OF:
            return TOKEN_CLASSES.index(_CLASS_OF[current])
        current = current.parent
    return 0

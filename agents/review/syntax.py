"""Which part of which line is a keyword, a string, a comment: Pygments over whole files.

Whole files, because a line inside a docstring cannot be told from code by itself. What comes out names what a part *is*
(:data:`TOKEN_CLASSES`), never a colour; and it is compact, because it crosses from a worker process (see
:mod:`agents.review.highlighter`) and is kept for every file that was looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate

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
from agents.review.lexers import lexer_of
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
    ends = list(accumulate(len(line) + 1 for line in lines))
    starts: list[int] = []
    lengths: list[int] = []
    classes = bytearray()
    first = [0] * (len(lines) + 1)
    number, begin, after, last_end = 0, 0, ends[0], -1
    for offset, token, value in lexer_of(language).get_tokens_unprocessed(text):
        known = _CLASS_IDS[token]
        if not known or offset < begin:
            continue
        for part in value.split("\n") if offset + len(value) >= after else (value,):
            if offset >= after and number + 1 < len(lines):
                earlier, number = number, min(bisect_right(ends, offset), len(lines) - 1)
                first[earlier + 1 : number + 1] = [len(starts)] * (number - earlier)
                begin, after, last_end = ends[number - 1], ends[number], -1
            end = offset + len(part)
            if offset == last_end and classes[-1] == known:
                lengths[-1] += len(part)
            elif offset < end < after:
                starts.append(offset - begin)
                lengths.append(len(part))
                classes.append(known)
            last_end = end if offset < end < after else last_end
            offset = end + 1
    first[number + 1 :] = [len(starts)] * (len(lines) - number)
    return Highlighted(language, array("I", first), array("I", starts), array("I", lengths), bytes(classes))


class _ClassIds(dict[_TokenType, int]):
    """The class of a token type, or of the nearest type above it that has one; worked out once."""

    def __missing__(self, token: _TokenType) -> int:
        current: _TokenType | None = token
        while current is not None and current not in _CLASS_OF:
            current = current.parent
        self[token] = 0 if current is None else TOKEN_CLASSES.index(_CLASS_OF[current])
        return self[token]


_CLASS_IDS = _ClassIds()

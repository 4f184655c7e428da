"""Code with syntax highlighting, as lines of spans."""

from __future__ import annotations

from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

from widgets.text_strips import Spans, printable
from widgets.transcript.blocks import CHUNK_LINES

WHOLE_LINES = 600
"""Code up to so many lines is highlighted in one piece once it is complete."""

_STYLES: dict[_TokenType, str] = {
    Keyword: "code-keyword", Operator.Word: "code-keyword", Name.Function: "code-name", Name.Class: "code-name",
    Name.Decorator: "code-name", Name.Tag: "code-keyword", Name.Attribute: "code-name", Name.Builtin: "code-builtin",
    Name.Exception: "code-builtin", Keyword.Constant: "code-number", Number: "code-number", String: "code-string",
    Comment: "code-comment", Generic.Inserted: "added", Generic.Deleted: "removed", Generic.Heading: "code-name",
    Generic.Subheading: "code-name",
}  # fmt: skip


def code_lines(language: str, lines: list[str], complete: bool) -> list[Spans]:
    """The lines of a code block, highlighted.

    Args:
        language: The first word after the fence; an unknown one means plain text.
        lines: Without line ends.
        complete: No more lines will come. Multi-line strings are then right throughout; before, they may be taken
            for code after every ``CHUNK_LINES`` lines.
    """
    step = CHUNK_LINES if not complete or len(lines) > WHOLE_LINES else WHOLE_LINES
    highlighted: list[Spans] = []
    for start in range(0, len(lines), step):
        highlighted += _highlight(language, "\n".join(lines[start : start + step]))
    return highlighted


@lru_cache(maxsize=512)
def _highlight(language: str, code: str) -> tuple[Spans, ...]:
    lexer = _lexer(language)
    if lexer is None:
        return tuple(((printable(line), "code"),) if line else () for line in code.split("\n"))
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, value in lexer.get_tokens(code):
        style = _style(kind)
        first, *others = value.split("\n")
        if first:
            lines[-1].append((printable(first), style))
        lines += [[(printable(other), style)] if other else [] for other in others]
    wanted = code.count("\n") + 1
    return tuple(tuple(line) for line in (lines + [[]] * wanted)[:wanted])


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False) if language else None
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _style(kind: _TokenType) -> str:
    ancestor: _TokenType | None = kind
    while ancestor is not None:
        if ancestor in _STYLES:
            return "code " + _STYLES[ancestor]
        ancestor = ancestor.parent
    return "code"

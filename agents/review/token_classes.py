"""What Pygments' token types mean to a reader: the names of :data:`TOKEN_CLASSES`."""

from __future__ import annotations

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

from agents.review.spans import TOKEN_CLASSES

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


class _ClassIds(dict[_TokenType, int]):
    """The class of a token type, or of the nearest type above it that has one; worked out once."""

    def __missing__(self, token: _TokenType) -> int:
        current: _TokenType | None = token
        while current is not None and current not in _CLASS_OF:
            current = current.parent
        self[token] = 0 if current is None else TOKEN_CLASSES.index(_CLASS_OF[current])
        return self[token]


CLASS_IDS = _ClassIds()
"""Index in :data:`TOKEN_CLASSES` by token type; 0 for what is shown plain."""

"""Pygments' lexers, faster: a rule is tried only where its expression can begin.

A Pygments lexer tries every rule of its state at every position, some fifty for Python, and most of them could be told
from the next character not to match. Here each state gets a table from that character to the rules worth trying, in
their order, so that what comes out is the same, token for token. Lexers that walk their text in a way of their own keep
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, ClassVar

from pygments.lexer import Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Error, Whitespace, _TokenType

_Found = tuple[int, _TokenType, str]
_Action = _TokenType | Callable[[Lexer, re.Match[str]], Iterator[_Found]] | None
_Rule = tuple[Callable[[str, int], re.Match[str] | None], _Action, Any]
_Table = tuple[dict[str, tuple[_Rule, ...]], tuple[_Rule, ...]]
"""The rules to try by the next character, and all of them, for other characters and the end."""

_ASCII = 128
_ANYTHING = (1 << _ASCII) - 1
_SEPARATORS = 0b1111 << 0x1C
"""Four characters that are space or not, as the flags of an expression say; every rule is tried at them."""
_PARSER = getattr(re, "_parser", None)
"""Python's own reader of expressions. It is not public: without it every rule is tried, as Pygments does."""
_CATEGORIES = {
    f"CATEGORY_{name}": sum(1 << code for code in range(_ASCII) if re.match(expression, chr(code)))
    for name, expression in (
        ("DIGIT", r"\d"), ("NOT_DIGIT", r"\D"), ("SPACE", r"\s"), ("NOT_SPACE", r"\S"), ("WORD", r"\w"),
        ("NOT_WORD", r"\W"),
    )
}  # fmt: skip


@lru_cache(maxsize=64)
def lexer_of(language: str) -> Lexer:
    """The lexer of a language Pygments knows by that alias; offsets are those of the text as given.

    Raises:
        pygments.util.ClassNotFound: there is none.
    """
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    kind = type(lexer)
    if not isinstance(lexer, RegexLexer) or getattr(kind, "token_variants", False):
        return lexer
    # Behind the lexer's own class, so that what it overrides stays and reaches this by super().
    has_own_walk = kind.get_tokens_unprocessed is not RegexLexer.get_tokens_unprocessed
    members = {"_tokens": vars(kind)["_tokens"], "tables": {}, "has_own_walk": has_own_walk}
    faster = type(kind.__name__, (kind, TableLexer), members)
    made: Lexer = faster(stripnl=False, ensurenl=False)
    return made


class TableLexer(RegexLexer):
    """The walk of ``RegexLexer``, with the rules of each state sorted by what they can begin with."""

    _tokens: ClassVar[dict[str, list[_Rule]]]
    tables: ClassVar[dict[str, _Table]]
    has_own_walk: ClassVar[bool]
    """The lexer changes the tokens that its rules find."""

    def get_tokens_unprocessed(self, text: str, stack: Iterable[str] = ("root",)) -> Iterator[_Found]:
        """Offset, type and text of each token, as ``RegexLexer`` gives them."""
        position, size, states = 0, len(text), list(stack)
        table, rules = self.table(states[-1])
        while True:
            for match, action, change in table.get(text[position], rules) if position < size else rules:
                found = match(text, position)
                if not found:
                    continue
                if isinstance(action, _TokenType):
                    yield position, action, found.group()
                elif action is not None:
                    yield from action(self, found)
                position = found.end()
                if change is not None:
                    change_states(states, change)
                    table, rules = self.table(states[-1])
                break
            else:
                if position >= size:
                    return
                if text[position] == "\n":
                    states = ["root"]
                    table, rules = self.table("root")
                    yield position, Whitespace, "\n"
                else:
                    yield position, Error, text[position]
                position += 1

    @classmethod
    def table(cls, state: str) -> _Table:
        """The rules of a state, sorted."""
        known = cls.tables.get(state)
        if known is None:
            known = cls.tables[state] = _table_of(tuple(cls._tokens[state]))
        return known


def change_states(states: list[str], change: Any) -> None:
    """Change the stack of states as a rule says; the last one always stays."""
    if isinstance(change, int):
        del states[max(1, len(states) + change) :]
        return
    for state in (change,) if isinstance(change, str) else change:
        if state == "#pop":
            if len(states) > 1:
                states.pop()
        else:
            states.append(states[-1] if state == "#push" else state)


# --- what an expression can begin with --------------------------------------------------------------------------------


def _table_of(rules: tuple[_Rule, ...]) -> _Table:
    firsts = [_first(getattr(match, "__self__", None)) for match, _, _ in rules]
    table = {
        chr(code): tuple(rule for rule, first in zip(rules, firsts, strict=True) if first >> code & 1)
        for code in range(_ASCII)
    }
    return table, rules


@lru_cache(maxsize=4096)
def _first(pattern: re.Pattern[str] | None) -> int:
    """The ASCII characters a match can begin with, as bits; all of them where it can be empty or is not known."""
    if _PARSER is None or pattern is None:
        return _ANYTHING
    first, may_be_empty = _first_of(_PARSER.parse(pattern.pattern, pattern.flags), bool(pattern.flags & re.IGNORECASE))
    return _ANYTHING if may_be_empty else first | _SEPARATORS


def _first_of(parsed: Iterable[tuple[Any, Any]], fold: bool) -> tuple[int, bool]:
    """The same of a parsed expression, and whether what it matches can be empty."""
    first = 0
    for operation, argument in parsed:
        more, may_be_empty = _first_of_part(str(operation), argument, fold)
        first |= more
        if not may_be_empty:
            return first, False
    return first, True


def _first_of_part(operation: str, argument: Any, fold: bool) -> tuple[int, bool]:
    match operation:
        case "LITERAL":
            return _literal(argument, fold), False
        case "NOT_LITERAL":
            return _ANYTHING if fold else _ANYTHING & ~_literal(argument, fold), False
        case "IN":
            return _set(argument, fold), False
        case "ANY":
            return _ANYTHING, False
        case "BRANCH":
            parts = [_first_of(branch, fold) for branch in argument[1]]
            first = 0
            for part, _ in parts:
                first |= part
            return first, any(may_be_empty for _, may_be_empty in parts)
        case "SUBPATTERN":
            return _first_of(argument[3], fold or bool(argument[1] & re.IGNORECASE))
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            first, may_be_empty = _first_of(argument[2], fold)
            return first, may_be_empty or not argument[0]
        case "ATOMIC_GROUP":
            return _first_of(argument, fold)
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return 0, True
    return _ANYTHING, True  # a reference to a group, or an operation that this does not know


def _literal(code: int, fold: bool) -> int:
    if code >= _ASCII:
        return _ANYTHING if fold else 0  # a few letters beyond ASCII have one in it as their other case
    return 1 << code | (1 << ord(chr(code).lower()) | 1 << ord(chr(code).upper()) if fold else 0)


def _set(items: Iterable[tuple[Any, Any]], fold: bool) -> int:
    first, negated = 0, False
    for operation, argument in items:
        match str(operation):
            case "NEGATE":
                negated = True
            case "LITERAL":
                first |= _literal(argument, fold)
            case "RANGE" if not (fold and argument[1] >= _ASCII):
                for code in range(argument[0], min(argument[1], _ASCII - 1) + 1):
                    first |= _literal(code, fold)
            case "CATEGORY" if str(argument) in _CATEGORIES:
                first |= _CATEGORIES[str(argument)]
            case _:
                return _ANYTHING
    if not negated:
        return first
    return _ANYTHING if fold else _ANYTHING & ~first

"""Lines of code to the spans of each: the one loop that highlighting spends its time in.

It walks a text as ``RegexLexer`` does, over the tables of :mod:`agents.review.lexers`, but makes no tokens for what is
shown plain. With a memory it does not look twice at a line it knows: a diff shows most lines on both of its sides, and
many again elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pygments.token import _TokenType

from agents.review.lexers import TableLexer, change_states, lexer_of
from agents.review.spans import Span
from agents.review.token_classes import CLASS_IDS

LineSpans = Sequence[Span]
Memory = dict[tuple[str, str], LineSpans]
"""Spans by the state a line begins in and its text; for one language. Only lines that end in the state they began in
are kept, because others may have been told by what follows them."""

MEMORY_LINES = 20_000
"""A memory that has so many lines begins anew."""
ACROSS_LINES = frozenset(("markdown", "md"))
"""Languages in which a line can mean something else by what stands in other lines (emphasis that ends further down),
without a state that says so: their lines are always looked at."""
_BY_ACTION = -1
"""A rule whose match is cut into tokens by a function."""
_Rule = tuple[Callable[[str, int], Any], int, Any, Any]
_Table = tuple[dict[str, tuple[_Rule, ...]], tuple[_Rule, ...]]


def line_spans(lines: Sequence[str], language: str, memory: Memory | None = None) -> list[LineSpans]:
    """The spans of each line; characters are those of the line.

    Args:
        lines: without line feeds.
        language: a Pygments alias.
        memory: see :data:`Memory`; without one every line is looked at.

    Raises:
        pygments.util.ClassNotFound: there is no such language.
    """
    lexer = lexer_of(language)
    found = _Spans(lines)
    if isinstance(lexer, TableLexer) and not lexer.has_own_walk:
        _walk(lexer, lines, found, None if language in ACROSS_LINES else memory)
    else:
        for offset, token, value in lexer.get_tokens_unprocessed("\n".join(lines) + "\n"):
            if known := CLASS_IDS[token]:
                found.add(offset, offset + len(value), known)
    return found.done()


def _walk(lexer: TableLexer, lines: Sequence[str], found: _Spans, memory: Memory | None) -> None:
    text = "\n".join(lines) + "\n"
    tables = _tables(type(lexer))
    states = ["root"]
    table, rules = tables["root"]
    position, count, add = 0, len(lines), found.add
    while (number := found.number) < count:
        begun = "\n".join(states) if memory is not None and position == found.begin else ""
        if begun and memory is not None and (known_line := memory.get((begun, lines[number]))) is not None:
            position = found.take(known_line)
            continue
        end = found.end
        while position <= end:
            for match, known, action, change in table.get(text[position], rules):
                piece = match(text, position)
                if piece is None:
                    continue
                stop = piece.end()
                if known > 0:
                    add(position, stop, known)
                elif known:
                    for offset, token, value in action(lexer, piece):
                        if each := CLASS_IDS[token]:
                            add(offset, offset + len(value), each)
                position = stop
                if change is not None:
                    change_states(states, change)
                    table, rules = tables[states[-1]]
                break
            else:
                if text[position] == "\n":
                    states = ["root"]
                    table, rules = tables["root"]
                position += 1
        ends_here = found.number == number and position == end + 1
        spans = found.close(position)
        if begun and ends_here and memory is not None and begun == "\n".join(states):
            if len(memory) >= MEMORY_LINES:
                memory.clear()
            memory[begun, lines[number]] = spans


class _Spans:
    """Collects the spans of lines as a text is walked through; a token over several lines is cut at their ends."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._found: list[LineSpans] = []
        self._current: list[Span] = []
        self._last_end = -1
        self.number = 0
        """Index of the line that is being collected."""
        self.begin = 0
        """Offset in the text at which it begins."""
        self.end = len(lines[0]) if lines else 0
        """Offset of its line feed."""

    def add(self, start: int, stop: int, known: int) -> None:
        """A token of a class that is not shown plain."""
        while start > self.end and self.number < len(self._lines):
            self._next()
        start = max(start, self.begin)
        while stop > self.end:
            self._append(start, self.end, known)
            self._next()
            if self.number == len(self._lines):
                return
            start = self.begin
        self._append(start, stop, known)

    def _append(self, start: int, stop: int, known: int) -> None:
        if start >= stop:
            return
        current = self._current
        if start == self._last_end and current[-1][2] == known:
            current[-1] = (current[-1][0], current[-1][1] + stop - start, known)
        else:
            current.append((start - self.begin, stop - start, known))
        self._last_end = stop

    def _next(self) -> None:
        self._found.append(self._current)
        self._current, self._last_end = [], -1
        self.number += 1
        self.begin = self.end + 1
        if self.number < len(self._lines):
            self.end = self.begin + len(self._lines[self.number])

    def close(self, position: int) -> LineSpans:
        """Go on to the line of an offset; the spans of the last line that ended."""
        while position > self.end and self.number < len(self._lines):
            self._next()
        return self._found[-1] if self._found else ()

    def take(self, spans: LineSpans) -> int:
        """The spans of the line as they are known; the offset after it."""
        self._current = spans  # type: ignore[assignment]
        self._next()
        return self.begin

    def done(self) -> list[LineSpans]:
        """The spans of all lines."""
        while self.number < len(self._lines):
            self._next()
        return self._found


class _Tables(dict[str, _Table]):
    """The rules of each state of a lexer, with the class of what each rule finds."""

    def __init__(self, lexer: type[TableLexer]) -> None:
        super().__init__()
        self._lexer = lexer

    def __missing__(self, state: str) -> _Table:
        table, rules = self._lexer.table(state)
        classed = {id(rule): _classed(rule) for rule in rules}
        by_character = {key: tuple(classed[id(rule)] for rule in some) for key, some in table.items()}
        self[state] = by_character, tuple(classed[id(rule)] for rule in rules)
        return self[state]


_tables = lru_cache(maxsize=64)(_Tables)


def _classed(rule: tuple[Any, Any, Any]) -> _Rule:
    match, action, change = rule
    if action is None:
        return match, 0, None, change
    return match, CLASS_IDS[action] if isinstance(action, _TokenType) else _BY_ACTION, action, change

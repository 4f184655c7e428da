"""Markdown that arrives in pieces, as lines ready to be laid out.

The text is parsed block by block. A block is finished when the next one has begun with a complete line; from then on
it is never looked at again, only the open block is parsed anew as text arrives. A list is taken item by item and a
fenced block line by line, so that long ones stay cheap. However the text is cut into pieces, the lines are the same as
for the whole; that is why link references, which can change what is far above, are left as they are written.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from widgets.transcript.blocks import BLANK, CHUNK_LINES, Item, ListPlace, code_block, render_blocks

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


@cache
def _parser() -> MarkdownIt:
    """Made when the first text is shown: the import costs 25 ms that the first paint need not wait for."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["reference"])


class _Unit(NamedTuple):
    """A block, or an item of a list, at the top level."""

    token: int
    line: int
    place: ListPlace | None


class MarkdownText:
    """Markdown text that grows at its end, and the lines it stands for."""

    def __init__(self, text: str = "") -> None:
        self._items: list[Item] = []
        self._finished = 0
        """So many items belong to finished blocks."""
        self._tail = ""
        """The text from the beginning of the open block on."""
        self._added: list[str] = [text]
        """What is not parsed yet: it is when someone looks."""
        self._place: ListPlace | None = None
        """Set when the open block is a further item of a list."""
        self._fence: _OpenFence | None = None
        self._looked_at = 0
        """Up to here (in the tail) lines were complete when blocks were last looked for: without another complete line
        none can have ended."""

    def append(self, text: str) -> None:
        """Add text at the end."""
        self._added.append(text)

    @property
    def items(self) -> list[Item]:
        """The lines and tables of the whole text so far. Those of finished blocks stay the very same objects."""
        if self._added:
            self._tail += "".join(self._added)
            self._added.clear()
            self._take_tail()
        return self._items

    def _take_tail(self) -> None:
        if self._fence and not self._grow_fence(self._fence):
            return
        while self._tail.find("\n", self._looked_at) >= 0:
            self._finish_blocks()
            if self._fence is None:
                break
            if not self._grow_fence(self._fence):
                return
        self._show(render_blocks(_parser().parse(_normal(self._tail)), self._place))

    def _show(self, items: list[Item]) -> None:
        del self._items[self._finished :]
        if items and self._items and self._place is None:
            self._items.append(BLANK)
        self._items += items

    def _finish(self, characters: int, place: ListPlace | None) -> None:
        """What is shown is final; the open block begins so many characters further on."""
        self._finished = len(self._items)
        self._tail = self._tail[characters:]
        self._looked_at = max(0, self._looked_at - characters)
        self._place = place

    def _finish_blocks(self) -> None:
        complete = self._tail[: self._tail.rfind("\n") + 1]
        self._looked_at = len(complete)
        tokens = _parser().parse(_normal(complete))
        units = _units(tokens, self._place)
        if not units:
            return
        last = units[-1]
        self._show(render_blocks(tokens[: last.token], self._place))
        self._finish(_line_offset(complete, last.line), last.place if last.place and last.place.item else None)
        token = tokens[last.token]
        if token.type == "fence" and _is_open(token) and self._tail[:1] == token.markup[:1]:
            self._fence = _OpenFence(token.markup, token.info)
            self._tail = self._tail[self._tail.index("\n") + 1 :]
            self._looked_at = 0

    def _grow_fence(self, fence: _OpenFence) -> bool:
        """Take complete lines into the open fenced block; True when it has ended and text may follow."""
        offset = 0
        while (end := self._tail.find("\n", offset)) >= 0:
            line, offset = self._tail[offset:end], end + 1
            if fence.closes(line := _normal(line)):
                self._show(code_block(fence.info, fence.lines, complete=True))
                self._finish(offset, None)
                self._fence, self._looked_at = None, 0
                return True
            fence.take(line)
        self._tail, self._looked_at = self._tail[offset:], 0
        self._show(fence.items(_normal(self._tail)))
        return False


class _OpenFence:
    """A fenced block at the top level whose end has not come yet."""

    def __init__(self, markup: str, info: str) -> None:
        self.info = info
        self.lines: list[str] = []
        self.finished: list[Item] = []
        """Lines whose highlighting will not change before the block ends."""
        marker = re.escape(markup[0])
        self._end = re.compile(rf" {{0,3}}{marker}{{{len(markup)},}}[ \t]*")
        self._beginning_of_end = re.compile(rf" {{0,3}}{marker}+[ \t]*")

    def closes(self, line: str) -> bool:
        """Whether this line ends the block."""
        return self._end.fullmatch(line) is not None

    def take(self, line: str) -> None:
        """One more complete line."""
        self.lines.append(line)
        if len(self.lines) % CHUNK_LINES == 0:
            self.finished += code_block(self.info, self.lines[-CHUNK_LINES:], complete=False)

    def items(self, unfinished: str) -> list[Item]:
        """All lines, and the one that is being written; not yet a line that may be the end of the block."""
        items = self.finished + code_block(self.info, self.lines[len(self.finished) :], complete=False)
        if unfinished and not self._beginning_of_end.fullmatch(unfinished):
            items += code_block("", [unfinished], complete=False)
        return items


def _normal(text: str) -> str:
    """Text as the parser takes it: lines end with a line feed alone, and no other character is changed by it."""
    if "\r" not in text and "\0" not in text:
        return text
    return re.sub(r"\r(?=\n|\Z)", "", text).replace("\r", "␍").replace("\0", "␀")


def _line_offset(text: str, line: int) -> int:
    offset = 0
    for _ in range(line):
        offset = text.index("\n", offset) + 1
    return offset


def _is_open(fence: Token) -> bool:
    """Whether the end of a fenced block is missing (one line of the map is its beginning)."""
    return fence.map is not None and fence.map[1] - fence.map[0] == 1 + fence.content.count("\n")


def _units(tokens: list[Token], place: ListPlace | None) -> list[_Unit]:
    """The blocks of the top level, lists as their items. ``place`` is that of the text's very first item."""
    units: list[_Unit] = []
    list_token, item, number = 0, 0, 1
    for index, token in enumerate(tokens):
        line = token.map[0] if token.map else 0
        if token.level == 1 and token.type == "list_item_open":
            begins_list = index == list_token + 1
            units.append(_Unit(list_token if begins_list else index, line, ListPlace(item, number)))
            item += 1
        elif token.level == 0 and token.type in ("bullet_list_open", "ordered_list_open"):
            list_token = index
            item, number = (0, int(token.attrs.get("start", 1))) if index or place is None else place
        elif token.level == 0 and token.nesting >= 0:
            units.append(_Unit(index, line, None))
    return units

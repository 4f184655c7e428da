"""What some compatible servers insist on, or send: roles in turns, reasoning in tags, characters in two halves."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from typing import Any

TURNS = re.compile(
    r"roles? must alternate|role .{0,40}\bafter role|system (role|message)|role .{0,20}\bsystem\b", re.IGNORECASE
)
"""How a server says that its model's template takes no such order of roles."""
_UNDERSTOOD = {"role": "assistant", "content": "Understood."}


def in_turns(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same conversation without a system role, in which user and assistant take turns."""
    system, *rest = messages
    turns: list[dict[str, Any]] = [{"role": "user", "content": system["content"]}]
    for message in rest:
        before = turns[-1]
        if message["role"] == "user" and before["role"] == "user":
            turns[-1] = before | {"content": _joined(before["content"], message["content"])}
            continue
        if message["role"] == "user" and before["role"] == "tool":
            turns.append(_UNDERSTOOD)
        turns.append(message)
    return turns


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_blocks(first), *_blocks(second)]


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def in_blocks(content: object) -> tuple[str, str]:
    """The reasoning and the text of a piece of an answer, which some servers send as a list of blocks."""
    if isinstance(content, str):
        return "", content
    thinking = text = ""
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict) and block.get("type") == "thinking":
            thinking += in_blocks(block.get("thinking"))[1]
        elif isinstance(block, dict) and isinstance(block.get("text"), str):
            text += block["text"]
    return thinking, text


class Details:
    """Reasoning as OpenRouter and its kin want it back beside calls: a list of signed parts, which come in pieces."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []

    def add(self, pieces: object) -> None:
        """Take the pieces of one event. One of the same kind and place as the last part goes on with it."""
        for piece in pieces if isinstance(pieces, list) else ():
            if not isinstance(piece, dict):
                continue
            last = self.parts[-1] if self.parts else {}
            text = next((name for name in ("text", "summary") if isinstance(piece.get(name), str)), "")
            if text and text in last and all(last.get(name) == piece.get(name) for name in ("type", "index")):
                told = {name: value for name, value in piece.items() if value is not None}
                self.parts[-1] = last | told | {text: (last[text] or "") + piece[text]}
            else:
                self.parts.append(piece)


class Endings:
    """How a server's answers end. With a reason, nearly always; an answer without one was cut. But some never give
    one, and then what came is all there is."""

    def __init__(self) -> None:
        self._is_told = self._was_missing = False

    def is_whole(self, reason: str, is_counted: bool) -> bool:
        """Whether an answer that has come to its end is whole.

        Args:
            reason: why it ended, as told.
            is_counted: its tokens were told, which is done after its end.
        """
        self._is_told |= bool(reason)
        whole = bool(reason) or (not self._is_told and (is_counted or self._was_missing))
        self._was_missing = not reason
        return whole


class Characters:
    """Puts together characters that come in two halves, as escaped UTF-16 that was cut between them does."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-16-le")("replace").decode

    def whole(self, piece: str) -> str:
        """A piece, without the half at its end and with that of the piece before."""
        return self._decode(piece.encode("utf-16-le", "surrogatepass"))


class TaggedThinking:
    """Takes reasoning out of an answer that begins with it, between tags: what models write whose servers do not know
    that they reason. Elsewhere in an answer the tags are text."""

    _OPEN, _CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._begun = self._thinking = False

    def take(self, piece: str) -> Iterator[tuple[bool, str]]:
        """What a piece adds: whether it is reasoning, and the text."""
        self._held += piece
        if not self._begun:
            beginning = self._held.lstrip()
            if len(beginning) < len(self._OPEN) and self._OPEN.startswith(beginning):
                return  # it may still become the tag
            self._begun = True
            self._thinking = beginning.startswith(self._OPEN)
            self._held = beginning.removeprefix(self._OPEN) if self._thinking else self._held
        if self._thinking:
            before, closed, after = self._held.partition(self._CLOSE)
            if not closed:
                kept = next(n for n in range(len(self._CLOSE) - 1, -1, -1) if before.endswith(self._CLOSE[:n]))
                before, after = before[: len(before) - kept], before[len(before) - kept :]
            yield True, before
            self._held, self._thinking = after.lstrip() if closed else after, not closed
        if not self._thinking:
            yield False, self._held
            self._held = ""

    def rest(self) -> tuple[bool, str]:
        """What was held back when the answer ended."""
        return self._thinking, self._held

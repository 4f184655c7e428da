"""What was said between a person, a model and its tools, independent of any provider.

A conversation is a sequence of :data:`Message`. Each is remembered by itself, the moment it is complete, so that a
conversation cut anywhere (an interrupt, a crash) is a prefix; :func:`repair` makes any prefix fit to be sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from agents.model import Struct

INTERRUPTED = "This tool call was interrupted before it ended; what it has done so far is not known."
"""What the model is told about a call that has no result."""
CUT_OFF = "Your last answer was cut off. Go on from where it stopped."
"""Stands between two answers when the first one was cut."""


class Text(Struct, kw_only=True, tag="text"):
    """Part of an answer, Markdown."""

    text: str


class Thinking(Struct, kw_only=True, tag="thinking"):
    """Reasoning. What providers want back unchanged travels in ``opaque``."""

    text: str = ""
    opaque: dict[str, object] = {}
    """A signature, encrypted reasoning, an item id: read by the wire format that wrote it and by nobody else."""


class ToolCall(Struct, kw_only=True, tag="call"):
    """The model asks for a tool."""

    id: str
    name: str
    arguments: dict[str, object] = {}
    malformed: str = ""
    """The arguments as sent when they were not a JSON object."""


Part = Text | Thinking | ToolCall


class User(Struct, kw_only=True, tag="user"):
    """Something said to the model."""

    text: str


class Assistant(Struct, kw_only=True, tag="assistant"):
    """One answer of the model, as far as it came."""

    parts: tuple[Part, ...]
    wire: str = ""
    """The wire format it came over; opaque data means nothing to another one."""
    model: str = ""

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools it asks for, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def says_something(self) -> bool:
        """There is more than reasoning and blanks."""
        return any(part.text.strip() if isinstance(part, Text) else isinstance(part, ToolCall) for part in self.parts)


class Image(Struct, kw_only=True):
    """A picture a tool has read."""

    media_type: str
    data: str
    """Base64."""


class ToolResult(Struct, kw_only=True, tag="result"):
    """The answer to one tool call."""

    call: str
    text: str
    is_error: bool = False
    images: tuple[Image, ...] = ()


Message = User | Assistant | ToolResult

_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """A message as it is stored."""
    return msgspec.json.encode(message)


def decode(data: bytes) -> Message:
    """The message that was stored.

    Raises:
        msgspec.MsgspecError: this is not one.
    """
    return _decoder.decode(data)


def repair(messages: Iterable[Message]) -> list[Message]:
    """A conversation every provider accepts, made of any prefix of one.

    Begins with the user; every tool call is answered once, right after the message that makes it (as interrupted where
    no answer is there), and nothing else is answered; no answer is empty or ends in reasoning (providers reject
    reasoning without what it led to); two answers never follow each other. Repairing twice changes nothing.
    """
    repaired: list[Message] = []
    open_calls: dict[str, ToolCall] = {}
    for message in messages:
        if isinstance(message, ToolResult):
            if open_calls.pop(message.call, None):
                repaired.append(message)
            continue
        repaired += _unanswered(open_calls)
        if isinstance(message, User):
            repaired.append(message)
            continue
        answer = _sound(message)
        if not answer.parts or not repaired:
            continue
        if isinstance(repaired[-1], Assistant):
            repaired.append(User(text=CUT_OFF))
        repaired.append(answer)
        open_calls = {call.id: call for call in answer.calls}
    repaired += _unanswered(open_calls)
    return repaired


def _unanswered(calls: dict[str, ToolCall]) -> list[Message]:
    results: list[Message] = [ToolResult(call=call, text=INTERRUPTED, is_error=True) for call in calls]
    calls.clear()
    return results


def _sound(answer: Assistant) -> Assistant:
    """Without empty text and without reasoning at the end."""
    parts = [part for part in answer.parts if not (isinstance(part, Text) and not part.text.strip())]
    while parts and isinstance(parts[-1], Thinking):
        parts.pop()
    if len(parts) == len(answer.parts):
        return answer
    return msgspec.structs.replace(answer, parts=tuple(parts))


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Tokens of messages, roughly: four characters each. For servers that report no usage."""
    return sum(len(encode(message)) for message in messages) // 4

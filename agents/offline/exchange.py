"""One exchange with a model, whatever the wire format: what was asked and what is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from agents.model import Struct

CHARACTERS_PER_TOKEN = 4
"""Usage numbers are estimates from characters; the server has no tokenizer."""

_PIECE = re.compile(r"\s*\S{1,12}\s*|\s+")
_ARGUMENT_PIECE = 24


class Call(Struct):
    """A tool call."""

    name: str
    arguments: dict[str, Any] = {}
    call: str = ""
    """Its id; empty in a reply: the server makes one."""
    raw: str = ""
    """Sent instead of ``arguments`` as they are: for malformed JSON. Plain (not streamed) Anthropic replies cannot
    carry it and send an empty object; Gemini's format ends with the reason that it was malformed."""


class Message(Struct, kw_only=True):
    """One message of a conversation. A tool's answer is a message of its own, as is what the user says beside it."""

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[Call, ...] = ()
    """Of an assistant."""
    call: str = ""
    """Of a tool: the id of the call it answers."""
    failed: bool = False
    """Of a tool: marked as an error. Neither of OpenAI's formats has such a mark."""


class Tool(Struct, kw_only=True):
    """A tool the model may call."""

    name: str
    schema: dict[str, Any] = {}
    """JSON schema of its arguments."""


class ModelRequest(Struct, kw_only=True):
    """A request to the model."""

    model: str
    messages: tuple[Message, ...]
    system: str = ""
    tools: tuple[Tool, ...] = ()
    stream: bool = False
    answer_schema: dict[str, Any] = {}
    """JSON schema of the answer, when the client wants JSON."""
    wire: str = ""
    """``anthropic``, ``openai``, ``openai-chat`` or ``gemini``."""
    key: str = ""
    """The key the client sent, without ``Bearer``."""
    body: dict[str, Any] = {}
    """The request as it came."""
    headers: dict[str, str] = {}
    """Names in lower case."""


class Text(Struct):
    """A piece of the answer."""

    text: str


class Thinking(Struct):
    """Reasoning that comes before the answer."""

    text: str


Part = Text | Thinking | Call


class Reply(Struct, kw_only=True):
    """What the model answers, and where the stream breaks if it does."""

    parts: tuple[Part, ...]
    stop: Literal["", "end", "tools", "length"] = ""
    """Empty: ``tools`` when it calls any, else ``end``."""
    breaks_after: int = -1
    """Number of events after which a streamed reply breaks; negative: it does not."""
    breaks_with: Literal["cut", "error", "silence"] = "cut"
    """``cut`` closes the connection, ``error`` sends the format's error event, ``silence`` says nothing more."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The tool calls among its parts."""
        return tuple(part for part in self.parts if isinstance(part, Call))

    @property
    def text(self) -> str:
        """The answer without reasoning and calls."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def ending(self) -> Literal["end", "tools", "length"]:
        """Why it stops."""
        return self.stop or ("tools" if self.calls else "end")


class Fault(Struct, kw_only=True):
    """An answer that is none: an HTTP error, or nothing at all."""

    status: int = 500
    message: str = ""
    """Empty: a sentence that suits the status."""
    retry_after: float | None = None
    """Seconds, sent as the ``retry-after`` header."""
    silent: bool = False
    """Accept the request and never answer."""


class Frame(Struct):
    """One server-sent event."""

    data: Mapping[str, Any] | str
    event: str = ""
    is_delta: bool = False
    """It carries a piece of text: the pace applies to it."""


class BadRequest(Exception):
    """The request is not what the real service would accept (answered with status 400)."""


class Player(Protocol):
    """Decides what is answered."""

    def __call__(self, request: ModelRequest) -> Reply | Fault:
        """The answer to a request; called once for each, in the order they arrive."""


def say(*parts: str | Part, stop: Literal["", "end", "tools", "length"] = "") -> Reply:
    """A reply of these parts; a string is text."""
    return Reply(parts=tuple(Text(part) if isinstance(part, str) else part for part in parts), stop=stop)


def text_pieces(text: str) -> Iterator[str]:
    """Text in the small pieces it is streamed in, about a word each."""
    return (found.group() for found in _PIECE.finditer(text))


def argument_pieces(call: Call) -> Iterator[str]:
    """The JSON of a call's arguments in the pieces it is streamed in."""
    arguments = argument_text(call)
    return (arguments[at : at + _ARGUMENT_PIECE] for at in range(0, len(arguments), _ARGUMENT_PIECE))


def argument_text(call: Call) -> str:
    """The JSON of a call's arguments, or the malformed text it is to send."""
    return call.raw or msgspec.json.encode(call.arguments).decode()


def input_tokens(request: ModelRequest) -> int:
    """Estimated size of a request, from its characters."""
    return len(msgspec.json.encode(request.body)) // CHARACTERS_PER_TOKEN + 1


def output_tokens(reply: Reply) -> int:
    """Estimated size of a reply, from its characters."""
    return sum(len(argument_text(part) if isinstance(part, Call) else part.text) for part in reply.parts) // 4 + 1


def thinking_tokens(reply: Reply) -> int:
    """Estimated size of the reasoning in a reply, from its characters."""
    return sum(len(part.text) for part in reply.parts if isinstance(part, Thinking)) // CHARACTERS_PER_TOKEN


def joined_text(content: object) -> str:
    """The text of a message's content: a string, or a list of parts of which those with text count.

    Raises:
        BadRequest: it is neither.
    """
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadRequest(f"content must be a string or a list, not {type(content).__name__}")
    return "".join(part.get("text") or "" for part in content if isinstance(part, dict))


def checked_conversation(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages, after checking what every real service checks: each tool call is answered once, at once.

    Raises:
        BadRequest: a call without an answer, an answer without a call, or nothing said at all.
    """
    if not messages:
        raise BadRequest("messages: at least one message is required")
    waiting: set[str] = set()
    for message in messages:
        if message.role == "tool":
            if message.call not in waiting:
                raise BadRequest(f"the result of tool call '{message.call}' does not follow a call with this id")
            waiting.discard(message.call)
            continue
        if waiting:
            raise BadRequest(f"tool calls without a result right after them: {', '.join(sorted(waiting))}")
        waiting = {call.call for call in message.calls}
    if waiting:
        raise BadRequest(f"tool calls without a result: {', '.join(sorted(waiting))}")
    return tuple(messages)


def parsed_arguments(text: str) -> dict[str, Any]:
    """Arguments as the client sent them back; text that is no JSON object is kept under ``raw``."""
    try:
        arguments = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"raw": text}
    return arguments if isinstance(arguments, dict) else {"raw": text}

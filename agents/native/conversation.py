"""What was said between a person, a model and its tools, independent of any provider.

A conversation is a sequence of :data:`Message`. Each is remembered by itself, the moment it is complete, so that a
conversation cut anywhere (an interrupt, a crash) is a prefix; :func:`repair` makes any prefix fit to be sent again.
What is stored is never changed: a conversation that was shortened goes on after a :class:`Compacted`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from agents.model import Struct

INTERRUPTED = "This tool call was interrupted before it ended; what it has done so far is not known."
"""What the model is told about a call that has no result."""
CUT_OFF = "Your last answer was cut off. Go on from where it stopped."
"""Stands between two answers when the first one was cut."""
GO_ON = "Go on with the task from where you were interrupted."
SAY_SOMETHING = "Your last answer was empty. Go on with the task, or say in a sentence that it is done."
TOO_LONG = "Your last answer reached the limit of tokens for one answer. Go on from there, in smaller steps."
IN_CIRCLES = (
    "You have made this call several times now, and each time the result was the same. Do something else, or say what "
    "is in the way. If you wait for something, wait for longer within one command."
)
OWN_WORDS = frozenset((CUT_OFF, GO_ON, SAY_SOMETHING, TOO_LONG, IN_CIRCLES))
"""What is said to the model in the person's place."""


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
    opaque: dict[str, object] = {}
    """What the provider wants back unchanged, as with :class:`Thinking`."""


Part = Text | Thinking | ToolCall


class Image(Struct, kw_only=True):
    """A picture that a tool has read, or that the person shows."""

    media_type: str
    data: str
    """Base64."""


class User(Struct, kw_only=True, tag="user"):
    """Something said to the model."""

    text: str
    images: tuple[Image, ...] = ()
    """Those that it names, where the model sees images."""


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


class ToolResult(Struct, kw_only=True, tag="result"):
    """The answer to one tool call."""

    call: str
    text: str
    is_error: bool = False
    images: tuple[Image, ...] = ()


Message = User | Assistant | ToolResult


class Compacted(Struct, kw_only=True, tag="compacted"):
    """What takes the place of everything before it."""

    summary: str
    """Markdown, written by the model."""
    said: tuple[str, ...] = ()
    """What the person said, word for word as far as there is room, oldest first."""
    read: tuple[str, ...] = ()
    """Files that were read and not changed."""
    changed: tuple[str, ...] = ()
    """Files that were changed."""
    kept: tuple[Message, ...] = ()
    """The last messages, as they were."""


Record = Message | Compacted
"""What is stored."""

_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def encode(message: Record) -> bytes:
    """A message as it is stored."""
    return msgspec.json.encode(message)


def decode(data: bytes) -> Record:
    """The message that was stored.

    Raises:
        msgspec.MsgspecError: this is not one.
    """
    return _decoder.decode(data)


def last_compacted(records: Sequence[Record]) -> Compacted | None:
    """How the conversation was last shortened, if ever."""
    return next((record for record in reversed(records) if isinstance(record, Compacted)), None)


def repair(records: Iterable[Record]) -> list[Message]:
    """A conversation every provider accepts, made of any prefix of one.

    Begins with the user; every tool call is answered once, right after the message that makes it (as interrupted where
    no answer is there), and nothing else is answered; no answer is empty or ends in reasoning (providers reject
    reasoning without what it led to); two answers never follow each other. Repairing twice changes nothing.
    """
    repaired: list[Message] = []
    open_calls: dict[str, ToolCall] = {}
    for message in _in_force(list(records)):
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


IMAGE_LEFT_OUT = "[An image that stood here is left out: the model's server does not take it.]"


def images_of(messages: Iterable[Message]) -> frozenset[Image]:
    """All images of a conversation."""
    return frozenset(image for m in messages if isinstance(m, User | ToolResult) for image in m.images)


def without_images(messages: Iterable[Message], refused: Collection[Image]) -> list[Message]:
    """The messages with a word in the place of these images."""
    return [_without(message, refused) for message in messages]


def _without(message: Message, refused: Collection[Image]) -> Message:
    if isinstance(message, Assistant) or not any(image in refused for image in message.images):
        return message
    kept = tuple(image for image in message.images if image not in refused)
    return msgspec.structs.replace(message, text=f"{message.text}\n{IMAGE_LEFT_OUT}", images=kept)


def _in_force(records: Sequence[Record]) -> Iterator[Message]:
    """The messages that count: all, or since the last compaction what it left and what came after it."""
    start = 0
    for number, record in enumerate(records):
        if isinstance(record, Compacted):
            start = number
    for record in records[start:]:
        if isinstance(record, Compacted):
            yield User(text=retold(record))
            yield from record.kept
        else:
            yield record


def retold(compacted: Compacted) -> str:
    """A compaction as the model is told about it."""
    parts = ["The conversation up to here was shortened. This is what it was about.", compacted.summary.strip()]
    if compacted.said:
        said = "\n".join(f"<said>\n{text}\n</said>" for text in compacted.said)
        parts.append(f"What the user said, oldest first:\n{said}")
    for title, files in (("Files changed", compacted.changed), ("Files read", compacted.read)):
        if files:
            parts.append(f"{title} so far:\n" + "\n".join(files))
    parts.append("Go on from there. Files may have changed since; read again what you are about to edit.")
    return "\n\n".join(parts)


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


IMAGE_TOKENS = 1_600
"""About what a picture takes of a context window."""


def estimate_tokens(messages: Iterable[Message]) -> int:
    """Tokens of messages, roughly: four characters each."""
    characters = pictures = 0
    for message in messages:
        if isinstance(message, User | ToolResult) and message.images:
            pictures += len(message.images)
            message = msgspec.structs.replace(message, images=())
        characters += len(encode(message))
    return characters // 4 + pictures * IMAGE_TOKENS

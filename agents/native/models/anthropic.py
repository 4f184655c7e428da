"""Anthropic Messages, through the anthropic SDK's low-level stream."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from agents.model import Usage
from agents.native.conversation import Assistant, Image, Message, Part, Text, Thinking, ToolCall, ToolResult, User
from agents.native.models.chat_shapes import Characters
from agents.native.models.failures import Declined, read_out, refused, watched
from agents.native.models.model import Endpoint, PartDone, Piece, Retryable, Spent, Stopped, TextPiece
from agents.native.models.wiring import http_client, parsed_call
from agents.native.tools import ToolSpec

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_CACHED: dict[str, object] = {"type": "ephemeral"}
_SHARE_OF_OUTPUT = {"low": 0.25, "medium": 0.5, "high": 0.75}
"""For models with a thinking budget instead of an effort: how much of an answer may be reasoning."""


class AnthropicModel:
    """See :class:`agents.native.models.Model`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: AsyncAnthropic | None = None
        self._adaptive = True
        """The model takes an effort for its thinking; older ones want a budget of tokens."""

    async def stream(
        self, system: str, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> AsyncGenerator[Piece]:
        """See :meth:`agents.native.models.Model.stream`."""
        client = await self._open()
        fixed: dict[str, Any] = {
            "model": self.endpoint.model,
            "max_tokens": self.endpoint.max_output,
            "system": [{"type": "text", "text": system, "cache_control": _CACHED}],
            "stream": True,
        }
        if tools:
            fixed["tools"] = [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in tools]
        model = self.endpoint.model
        while True:
            request: dict[str, Any] = fixed | self._thinking()
            if not model:
                request.pop("thinking", None)
            request["messages"] = request_messages(messages, model)
            try:
                events = watched(self.endpoint, lambda request=request: client.messages.create(**request))  # type: ignore[misc]
                async with aclosing(events), aclosing(_pieces(events, self.endpoint)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except Declined as problem:
                older = self._adaptive and self.endpoint.thinking != "off"
                if older and any(word in problem.message for word in ("adaptive", "effort", "output_config")):
                    self._adaptive = False
                elif model and ("thinking" in problem.message or "signature" in problem.message):
                    # reasoning belongs to the conversation it was made in; without any, and without asking for it,
                    # every conversation is valid
                    model = ""
                else:
                    raise refused(problem, self.endpoint) from problem

    def _thinking(self) -> dict[str, Any]:
        level = self.endpoint.thinking
        if level == "off":
            return {}
        if self._adaptive:
            return {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": level}}
        budget = max(1024, int(self.endpoint.max_output * _SHARE_OF_OUTPUT[level]))
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}

    async def _open(self) -> AsyncAnthropic:
        if self._client is None:
            sdk = await asyncio.to_thread(importlib.import_module, "anthropic")
            self._client = sdk.AsyncAnthropic(
                api_key=self.endpoint.key,
                base_url=self.endpoint.base_url,
                max_retries=0,
                http_client=http_client(sdk.DefaultAsyncHttpxClient, self.endpoint),
            )
        return self._client

    async def close(self) -> None:
        """See :meth:`agents.native.models.Model.close`."""
        if self._client is not None:
            await self._client.close()


def request_messages(messages: Sequence[Message], model: str) -> list[dict[str, Any]]:
    """A repaired conversation as the API wants it: turns alternate, results come first in theirs.

    The last two user turns end in a cache breakpoint: the older one is where the last request wrote the cache, the
    newer one is where this request does.
    """
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if isinstance(message, Assistant) else "user"
        if not turns or turns[-1]["role"] != role:
            turns.append({"role": role, "content": []})
        turns[-1]["content"] += _blocks(message, model)
    for turn in [turn for turn in turns if turn["role"] == "user"][-2:]:
        turn["content"][-1]["cache_control"] = _CACHED
    return turns


def _blocks(message: Message, model: str) -> list[dict[str, Any]]:
    if isinstance(message, User):
        return [_text(message.text, "(nothing)"), *map(_image, message.images)]
    if isinstance(message, ToolResult):
        content = [_text(message.text, "(no output)")]
        content += map(_image, message.images)
        result = {"type": "tool_result", "tool_use_id": _call_id(message.call), "content": content}
        return [result | {"is_error": True} if message.is_error else result]
    ours = message.wire == "anthropic" and message.model == model
    blocks: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, Text):
            blocks.append({"type": "text", "text": part.text})
        elif isinstance(part, ToolCall):
            blocks.append({"type": "tool_use", "id": _call_id(part.id), "name": part.name, "input": part.arguments})
        elif ours and part.opaque:
            blocks.append(dict(part.opaque))
    return blocks


def _text(text: str, blank: str) -> dict[str, Any]:
    """A block of text. One of blanks alone is refused, and with it every later request of the conversation."""
    return {"type": "text", "text": text if text.strip() else blank}


def _call_id(identity: str) -> str:
    """Calls made by another provider's model may have ids that this one does not take (``functions.bash:0``)."""
    return re.sub(r"[^\w-]", "_", identity, flags=re.ASCII)


def _image(image: Image) -> dict[str, Any]:
    source = {"type": "base64", "media_type": image.media_type, "data": image.data}
    return {"type": "image", "source": source}


class _Block:
    """A part of an answer that is being written."""

    def __init__(self, begun: Any) -> None:
        self._begun = begun
        self._whole = Characters().whole
        self.written: list[str] = []
        self.signature = getattr(begun, "signature", "") or ""

    def write(self, piece: str) -> str:
        """Take more of it; what there is of that in whole characters."""
        self.written.append(self._whole(piece))
        return self.written[-1]

    def part(self) -> Part | None:
        """What it has become."""
        begun, written = self._begun, "".join(self.written)
        match begun.type:
            case "text":
                return Text(text=written)
            case "thinking":
                opaque = {"type": "thinking", "thinking": written, "signature": self.signature}
                return Thinking(text=written, opaque=opaque)
            case "redacted_thinking":
                return Thinking(opaque={"type": "redacted_thinking", "data": begun.data})
            case "tool_use":
                return parsed_call(begun.id, begun.name, written or msgspec.json.encode(begun.input).decode())
        return None


async def _pieces(events: AsyncGenerator[Any], endpoint: Endpoint) -> AsyncGenerator[Piece]:
    """The SDK's events as ours. Blocks come one after the other, each started, filled and stopped; servers that only
    follow the format may write several at once, and leave out an end or a count."""
    blocks: dict[int, _Block] = {}
    usage = Usage()
    stop = ""
    async for event in events:
        match event.type:
            case "message_start" if event.message.usage is not None:
                usage = _usage(event.message.usage, usage)
                yield Spent(usage=usage)
            case "content_block_start":
                begun = blocks[event.index] = _Block(event.content_block)
                if text := getattr(event.content_block, "text", ""):
                    yield TextPiece(text=begun.write(text))
            case "content_block_delta" if block := blocks.get(event.index):
                match event.delta.type:
                    case "text_delta":
                        yield TextPiece(text=block.write(event.delta.text))
                    case "thinking_delta":
                        yield TextPiece(text=block.write(event.delta.thinking), thinking=True)
                    case "input_json_delta":
                        block.write(event.delta.partial_json)
                    case "signature_delta":
                        block.signature += event.delta.signature
            case "content_block_stop" if event.index in blocks:
                if part := blocks.pop(event.index).part():
                    yield PartDone(part=part)
            case "message_delta":
                stop = event.delta.stop_reason or stop
                if event.usage is not None:
                    usage = _usage(event.usage, usage)
                    yield Spent(usage=usage)
            case "message_stop":
                await read_out(events)
                break
    else:
        if not stop:
            raise Retryable(f"The answer of {endpoint.host} ended in the middle")
    for rest in blocks.values():
        if part := rest.part():
            yield PartDone(part=part)
    yield _stopped(stop)


def _stopped(reason: str) -> Stopped:
    match reason:
        case "max_tokens":
            return Stopped(reason="length")
        case "refusal":
            return Stopped(reason="refusal")
        case "model_context_window_exceeded":
            return Stopped(reason="overflow")
    return Stopped(reason="end")


def _usage(usage: Any, before: Usage) -> Usage:
    """Counts are cumulative; those an event leaves out stay as they were."""
    return Usage(
        input_tokens=usage.input_tokens or before.input_tokens,
        output_tokens=usage.output_tokens or before.output_tokens,
        cache_read_tokens=usage.cache_read_input_tokens or before.cache_read_tokens,
        cache_write_tokens=usage.cache_creation_input_tokens or before.cache_write_tokens,
    )

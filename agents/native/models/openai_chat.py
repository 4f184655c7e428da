"""Chat Completions, as any compatible server speaks it: Ollama, vLLM, llama.cpp, routers, OpenAI itself.

They differ in small ways: options and orders of roles they refuse, calls without an index or an id, all calls under
one index, arguments as an object, reasoning in tags, no usage. What a server has refused once is never sent again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from agents.model import Usage
from agents.native.conversation import Message, Text, Thinking, ToolCall, ToolResult, User
from agents.native.models.chat_shapes import TURNS, Characters, Details, Endings, TaggedThinking, in_blocks, in_turns
from agents.native.models.failures import Declined, refused, watched
from agents.native.models.model import Endpoint, PartDone, Piece, Retryable, Spent, Stopped, TextPiece
from agents.native.models.spoken_calls import spoken_calls
from agents.native.models.wiring import argument_text, openai_client, parsed_call
from agents.native.tools import ToolSpec

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_OPTIONAL = ("stream_options", "reasoning_effort", "max_completion_tokens", "max_tokens")
_REASONING = ("reasoning_content", "reasoning")
"""What compatible servers call a field that OpenAI does not have."""
_STOPS = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "refusal",
    "sensitive": "refusal",
}
_BROKEN = ("error", "abort", "network_error", "insufficient_system_resource")
"""Reasons why an answer ended that mean it was cut."""
_SIGNED = "extra_content"
"""A field of a tool call that is to be sent back as it came: Gemini's models refuse a call of theirs without it."""
_UNSIGNED = {"google": {"thought_signature": "skip_thought_signature_validator"}}
"""What they take in its place, for calls that another model has made."""
_DETAILS = "reasoning_details"
_NO_PICTURE = "[The picture cannot be shown over this connection.]"


class ChatModel:
    """See :class:`agents.native.models.Model`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: AsyncOpenAI | None = None
        self._left_out: set[str] = set()
        """Options the server has refused."""
        self._in_turns = False
        """It has refused an order of roles."""
        self._signs = False
        """It has refused calls that its model has not signed."""
        self._endings = Endings()

    async def stream(
        self, system: str, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> AsyncGenerator[Piece]:
        """See :meth:`agents.native.models.Model.stream`."""
        client = self._client = self._client or await openai_client(self.endpoint)
        whole = self._request(system, messages, tools)
        names = frozenset(tool.name for tool in tools)
        while True:
            request = {name: value for name, value in whole.items() if name not in self._left_out}
            if self._in_turns:
                request["messages"] = in_turns(request["messages"])
            if self._signs:
                request["messages"] = [_signed(message) for message in request["messages"]]
            try:
                events = watched(self.endpoint, lambda request=request: client.chat.completions.create(**request))  # type: ignore[misc]
                async with aclosing(events), aclosing(self._pieces(events, names)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except Declined as problem:
                option = next((name for name in _OPTIONAL if name in request and name in problem.message), "")
                if option:
                    self._left_out.add(option)
                elif not self._in_turns and TURNS.search(problem.message):
                    self._in_turns = True
                elif not self._signs and "thought_signature" in problem.message:
                    self._signs = True
                else:
                    raise refused(problem, self.endpoint) from problem

    def _request(self, system: str, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> dict[str, Any]:
        limit = "max_completion_tokens" if self.endpoint.host == "api.openai.com" else "max_tokens"
        request: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": [{"role": "system", "content": system}, *request_messages(messages, self.endpoint.model)],
            limit: self.endpoint.max_output,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if tools:
            request["tools"] = [
                {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.schema}}
                for t in tools
            ]
        if self.endpoint.thinking != "off":
            request["reasoning_effort"] = self.endpoint.thinking
        return request

    async def _pieces(self, events: AsyncGenerator[Any], tools: frozenset[str]) -> AsyncGenerator[Piece]:
        """The SDK's chunks as our pieces."""
        text: list[str] = []
        thinking: list[str] = []
        field = ""
        tagged, written, thought = TaggedThinking(), Characters(), Characters()
        calls, details = _Calls(), Details()
        finish, is_counted = "", False
        async for chunk in events:
            if isinstance(chunk, str | list):
                continue
            if chunk.usage is not None:
                is_counted = True
                yield Spent(usage=_usage(chunk.usage))
            choice = chunk.choices[0] if chunk.choices else None
            if choice is None:
                continue
            finish = choice.finish_reason or finish
            delta = choice.delta
            if delta is None or isinstance(delta, str):
                continue
            reasoned, said = in_blocks(delta.content or delta.refusal)
            for name in _REASONING:
                if isinstance(piece := getattr(delta, name, None), str) and piece:
                    field, reasoned = name, reasoned + piece
                    break
            details.add(getattr(delta, _DETAILS, None))
            if reasoned:
                thinking.append(thought.whole(reasoned))
                yield TextPiece(text=thinking[-1], thinking=True)
            for is_thinking, piece in tagged.take(written.whole(said)):
                if not piece:
                    continue
                if thinking and not text and not is_thinking:
                    yield PartDone(part=_thinking(thinking, field))
                    thinking = []
                (thinking if is_thinking else text).append(piece)
                yield TextPiece(text=piece, thinking=is_thinking)
            for call in filter(None, delta.tool_calls or ()):
                calls.add(call)
        made = calls.finished()
        if finish in _BROKEN or not self._endings.is_whole(finish, is_counted and bool(made or text)):
            raise Retryable(f"The answer of {self.endpoint.host} ended in the middle")
        is_thinking, piece = tagged.rest()
        (thinking if is_thinking else text).append(piece)
        if any(thinking):
            yield PartDone(part=_thinking(thinking, field))
        if details.parts:
            yield PartDone(part=Thinking(opaque={_DETAILS: details.parts}))
        answer = "".join(text)
        if not made:
            answer, made = spoken_calls(answer, tools)
        if answer:
            yield PartDone(part=Text(text=answer))
        for whole in made:
            yield PartDone(part=whole)
        yield Stopped(reason=_STOPS.get(finish, "end"))  # type: ignore[arg-type]

    async def close(self) -> None:
        """See :meth:`agents.native.models.Model.close`."""
        if self._client is not None:
            await self._client.close()


def request_messages(messages: Sequence[Message], model: str) -> list[dict[str, Any]]:
    """A repaired conversation as the API wants it."""
    return [_message(message, model) for message in messages]


def _message(message: Message, model: str) -> dict[str, Any]:
    if isinstance(message, User):
        if not message.images:
            return {"role": "user", "content": message.text}
        shown = [
            {"type": "image_url", "image_url": {"url": f"data:{image.media_type};base64,{image.data}"}}
            for image in message.images
        ]
        return {"role": "user", "content": [{"type": "text", "text": message.text}, *shown]}
    if isinstance(message, ToolResult):
        text = f"{message.text}\n{_NO_PICTURE}" if message.images else message.text
        return {"role": "tool", "tool_call_id": message.call, "content": text or "(no output)"}
    text = "\n\n".join(part.text for part in message.parts if isinstance(part, Text))
    answer: dict[str, Any] = {"role": "assistant", "content": text or None}
    if not message.calls:
        return answer
    ours = message.wire == "openai-chat" and message.model == model
    answer["tool_calls"] = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": argument_text(call)}}
        | (call.opaque if ours else {})
        for call in message.calls
    ]
    if ours:
        # servers that send reasoning beside calls want it back there, and only there
        for part in message.parts:
            if isinstance(part, Thinking) and (field := part.opaque.get("field")):
                answer[str(field)] = part.text
            elif isinstance(part, Thinking) and (details := part.opaque.get(_DETAILS)):
                answer[_DETAILS] = details
    return answer


def _signed(message: dict[str, Any]) -> dict[str, Any]:
    if "tool_calls" not in message:
        return message
    return message | {"tool_calls": [{_SIGNED: _UNSIGNED} | call for call in message["tool_calls"]]}


class _Calls:
    """Tool calls put together from pieces."""

    def __init__(self) -> None:
        self._calls: list[dict[str, Any]] = []

    def add(self, delta: Any) -> None:
        """Take a piece. It belongs to the call of its index, unless it carries another id; without an index a piece
        with an id or a name begins a call and any other goes on with the last one."""
        index, identity, function = getattr(delta, "index", None), delta.id or "", delta.function
        name = (function.name if function else "") or ""
        call = next((call for call in reversed(self._calls) if index is not None and call["index"] == index), None)
        if index is None and not (identity or name) and self._calls:
            call = self._calls[-1]
        if call is None or (identity and call["id"] and identity != call["id"]):
            call = {"index": index, "id": "", "name": "", "arguments": "", "opaque": {}}
            self._calls.append(call)
        call["id"] = call["id"] or identity
        call["name"] = call["name"] or name
        if isinstance(signature := getattr(delta, _SIGNED, None), dict):
            call["opaque"] = {_SIGNED: signature}
        arguments: object = function.arguments if function else None
        if isinstance(arguments, str):
            call["arguments"] += arguments
        elif arguments is not None:
            call["arguments"] = msgspec.json.encode(arguments).decode()

    def finished(self) -> list[ToolCall]:
        """The calls in the order they began."""
        made = (parsed_call(call["id"], call["name"], call["arguments"]) for call in self._calls)
        return [
            msgspec.structs.replace(call, opaque=known["opaque"]) for call, known in zip(made, self._calls, strict=True)
        ]


def _thinking(pieces: Sequence[str], field: str) -> Thinking:
    return Thinking(text="".join(pieces), opaque={"field": field} if field else {})


def _usage(usage: Any) -> Usage:
    details = getattr(usage, "prompt_tokens_details", None)
    places = ((details, "cached_tokens"), (usage, "prompt_cache_hit_tokens"), (usage, "cached_tokens"))
    read: int = next((count for place, name in places if (count := getattr(place, name, 0))), 0)
    sent = usage.prompt_tokens or 0
    return Usage(
        input_tokens=max(0, sent - read), output_tokens=usage.completion_tokens or 0, cache_read_tokens=read
    )  # fmt: skip

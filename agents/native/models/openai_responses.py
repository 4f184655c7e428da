"""OpenAI Responses, stateless: nothing is stored there, reasoning travels along encrypted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from agents.model import Usage
from agents.native.conversation import Image, Message, Part, Text, Thinking, ToolCall, ToolResult, User
from agents.native.models.chat_shapes import Characters
from agents.native.models.failures import Declined, meaning, read_out, refused, watched
from agents.native.models.model import Endpoint, PartDone, Piece, Retryable, Spent, Stopped, TextPiece
from agents.native.models.wiring import argument_text, openai_client, parsed_call
from agents.native.tools import ToolSpec

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class ResponsesModel:
    """See :class:`agents.native.models.Model`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client: AsyncOpenAI | None = None

    async def stream(
        self, system: str, messages: Sequence[Message], tools: Sequence[ToolSpec]
    ) -> AsyncGenerator[Piece]:
        """See :meth:`agents.native.models.Model.stream`."""
        client = self._client = self._client or await openai_client(self.endpoint)
        request: dict[str, Any] = {
            "model": self.endpoint.model,
            "instructions": system,
            "input": request_items(messages, self.endpoint.model),
            "max_output_tokens": self.endpoint.max_output,
            "store": False,
            "stream": True,
        }
        if tools:
            request["tools"] = [
                {"type": "function", "name": t.name, "description": t.description, "parameters": t.schema}
                | {"strict": False}
                for t in tools
            ]
        if self.endpoint.thinking != "off":
            request["reasoning"] = {"effort": self.endpoint.thinking, "summary": "auto"}
            request["include"] = ["reasoning.encrypted_content"]
        try:
            events = watched(self.endpoint, lambda: client.responses.create(**request))
            async with aclosing(events), aclosing(_pieces(events, self.endpoint)) as pieces:
                async for piece in pieces:
                    yield piece
        except Declined as problem:
            raise refused(problem, self.endpoint) from problem

    async def close(self) -> None:
        """See :meth:`agents.native.models.Model.close`."""
        if self._client is not None:
            await self._client.close()


def request_items(messages: Sequence[Message], model: str) -> list[dict[str, Any]]:
    """A repaired conversation as the flat list of items the API wants."""
    return [item for message in messages for item in _items(message, model)]


def _items(message: Message, model: str) -> list[dict[str, Any]]:
    if isinstance(message, User):
        said: Any = message.text
        if message.images:
            said = [{"type": "input_text", "text": message.text}, *map(_image, message.images)]
        return [{"type": "message", "role": "user", "content": said}]
    if isinstance(message, ToolResult):
        output: Any = message.text or "(no output)"
        if message.images:
            output = [{"type": "input_text", "text": output}, *map(_image, message.images)]
        return [{"type": "function_call_output", "call_id": message.call, "output": output}]
    ours = message.wire == "openai" and message.model == model
    return [item for part in message.parts if (item := _item(part, ours))]


def _image(image: Image) -> dict[str, Any]:
    return {"type": "input_image", "image_url": f"data:{image.media_type};base64,{image.data}"}


def _item(part: Part, ours: bool) -> dict[str, Any] | None:
    if isinstance(part, Text):
        return {"type": "message", "role": "assistant", "content": part.text}
    if isinstance(part, ToolCall):
        return {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": argument_text(part)}
    # without its encrypted content the server would look for the item in its store, where it is not
    return dict(part.opaque) if ours and part.opaque.get("encrypted_content") else None


async def _pieces(events: AsyncGenerator[Any], endpoint: Endpoint) -> AsyncGenerator[Piece]:
    """The SDK's events as ours."""
    is_itemised = False
    text, thinking = Characters().whole, Characters().whole
    async for event in events:
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                yield TextPiece(text=text(event.delta))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                yield TextPiece(text=thinking(event.delta), thinking=True)
            case "response.reasoning_summary_part.added" if event.summary_index:
                yield TextPiece(text="\n\n", thinking=True)
            case "response.output_item.done":
                is_itemised = True
                if part := _part(event.item):
                    yield PartDone(part=part)
            case "response.completed" | "response.incomplete":
                if event.response.usage is not None:
                    yield Spent(usage=_usage(event.response.usage))
                await read_out(events)
                for item in () if is_itemised else event.response.output or ():
                    if part := _part(item):
                        yield PartDone(part=part)
                yield _stopped(event.response)
                return
            case "response.failed":
                raise _failed(event.response.error, endpoint)
            case "error":
                raise _failed(event, endpoint)
    raise Retryable(f"The answer of {endpoint.host} ended in the middle")


def _part(item: Any) -> Part | None:
    match item.type:
        case "message":
            said = "".join(getattr(c, "text", "") or getattr(c, "refusal", "") for c in item.content)
            return Text(text=Characters().whole(said))
        case "function_call":
            return parsed_call(item.call_id, item.name, item.arguments)
        case "reasoning":
            text = "\n\n".join(part.text for part in item.summary or item.content or ())
            opaque = item.model_dump(mode="json", exclude_none=True, exclude={"status"})
            return Thinking(text=text, opaque=opaque)
    return None


def _stopped(response: Any) -> Stopped:
    if response.status != "incomplete":
        return Stopped(reason="end")
    reason = getattr(response.incomplete_details, "reason", "")
    return Stopped(reason="refusal" if reason == "content_filter" else "length")


def _usage(usage: Any) -> Usage:
    details = usage.input_tokens_details
    read = getattr(details, "cached_tokens", 0) or 0
    written = getattr(details, "cache_write_tokens", 0) or 0
    return Usage(
        input_tokens=max(0, usage.input_tokens - read - written),
        output_tokens=usage.output_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


class _StreamError(Exception):
    """An error told inside the stream, in the shape :func:`meaning` reads."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.body = {"code": code, "message": message}


def _failed(error: Any, endpoint: Endpoint) -> Exception:
    message = str(getattr(error, "message", "") or "no reason given")
    return meaning(_StreamError(str(getattr(error, "code", "") or ""), message), endpoint)

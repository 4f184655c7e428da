"""OpenAI Responses, as the openai SDK 3.54 reads it.

Every event has its place in the sequence; an item is announced, filled by deltas, and repeated whole when done, and the
whole response comes with ``response.completed``. A conversation arrives as a flat list of items; items an assistant
made in one response are one message here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from agents.offline.exchange import (
    BadRequest,
    Call,
    Fault,
    Frame,
    Message,
    ModelRequest,
    Part,
    Reply,
    Text,
    Thinking,
    Tool,
    argument_pieces,
    argument_text,
    checked_conversation,
    input_tokens,
    joined_text,
    output_tokens,
    parsed_arguments,
    text_pieces,
    thinking_tokens,
)

NAME = "openai"

Emit = Callable[..., Frame]


def parse_request(body: Mapping[str, Any]) -> ModelRequest:
    """The neutral form of a request.

    Raises:
        BadRequest: the real service would refuse it.
    """
    system = [joined_text(body.get("instructions"))]
    items = body.get("input")
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    messages: list[Message] = []
    for item in items or ():
        kind = item.get("type", "message")
        if kind == "function_call":
            _extend(messages, calls=(Call(item["name"], parsed_arguments(item["arguments"]), item["call_id"]),))
        elif kind == "function_call_output":
            messages.append(Message(role="tool", call=item["call_id"], text=joined_text(item.get("output"))))
        elif kind == "message" and item.get("role") == "assistant":
            _extend(messages, text=joined_text(item.get("content")))
        elif kind == "message" and item.get("role") == "user":
            messages.append(Message(role="user", text=joined_text(item.get("content"))))
        elif kind == "message":
            system.append(joined_text(item.get("content")))
        elif kind != "reasoning":
            raise BadRequest(f"Invalid value: '{kind}' as the type of an input item.")
    return ModelRequest(
        model=str(body.get("model", "")),
        system="\n\n".join(filter(None, system)),
        messages=checked_conversation(messages),
        tools=tuple(
            Tool(name=tool.get("name", ""), schema=tool.get("parameters") or {}) for tool in body.get("tools") or ()
        ),
        stream=bool(body.get("stream")),
        answer_schema=((body.get("text") or {}).get("format") or {}).get("schema") or {},
    )


def stream(request: ModelRequest, reply: Reply, reply_id: str) -> Iterator[Frame]:
    """The events of a streamed reply."""
    numbers = count()

    def emit(kind: str, *, is_delta: bool = False, **fields: Any) -> Frame:
        return Frame({"type": kind, "sequence_number": next(numbers), **fields}, kind, is_delta)

    begun = _response(request, reply, reply_id) | {"status": "in_progress", "output": [], "usage": None}
    begun["incomplete_details"] = None
    yield emit("response.created", response=begun)
    yield emit("response.in_progress", response=begun)
    for index, part in enumerate(reply.parts):
        yield from _item_events(emit, index, part, f"{reply_id}{index}")
    ended = _response(request, reply, reply_id)
    yield emit(f"response.{ended['status']}", response=ended)


def complete(request: ModelRequest, reply: Reply, reply_id: str) -> dict[str, Any]:
    """The reply in one piece."""
    return _response(request, reply, reply_id)


def error(fault: Fault) -> dict[str, Any]:
    """The body of an HTTP error."""
    return openai_error(fault)


def break_frame(message: str) -> Frame:
    """The event that tells of an error in the middle of a stream."""
    return Frame(
        {"type": "error", "code": "server_error", "message": message, "param": None, "sequence_number": 0}, "error"
    )


def openai_error(fault: Fault) -> dict[str, Any]:
    """The body of an HTTP error of either OpenAI format."""
    kinds = {401: "invalid_request_error", 429: "rate_limit_error", 400: "invalid_request_error"}
    codes = {401: "invalid_api_key", 429: "rate_limit_exceeded", 404: "model_not_found"}
    kind = kinds.get(fault.status, "server_error" if fault.status >= 500 else "invalid_request_error")
    return {"error": {"message": fault.message, "type": kind, "param": None, "code": codes.get(fault.status)}}


def _extend(messages: list[Message], text: str = "", calls: tuple[Call, ...] = ()) -> None:
    if messages and messages[-1].role == "assistant":
        last = messages.pop()
        text, calls = last.text + text, last.calls + calls
    messages.append(Message(role="assistant", text=text, calls=calls))


def _item_events(emit: Emit, index: int, part: Part, item_id: str) -> Iterator[Frame]:
    item = _item(part, item_id)
    place = {"item_id": item["id"], "output_index": index}
    empty: dict[str, Any] = {"content": []} if isinstance(part, Text) else {"summary": []}
    empty = {"arguments": ""} if isinstance(part, Call) else empty
    yield emit("response.output_item.added", output_index=index, item=item | empty | {"status": "in_progress"})
    if isinstance(part, Call):
        for piece in argument_pieces(part):
            yield emit("response.function_call_arguments.delta", is_delta=True, delta=piece, **place)
        yield emit("response.function_call_arguments.done", arguments=argument_text(part), name=part.name, **place)
    elif isinstance(part, Thinking):
        place["summary_index"] = 0
        summary = {"type": "summary_text", "text": part.text}
        yield emit("response.reasoning_summary_part.added", part=summary | {"text": ""}, **place)
        for piece in text_pieces(part.text):
            yield emit("response.reasoning_summary_text.delta", is_delta=True, delta=piece, **place)
        yield emit("response.reasoning_summary_text.done", text=part.text, **place)
        yield emit("response.reasoning_summary_part.done", part=summary, **place)
    else:
        place["content_index"] = 0
        content = item["content"][0]
        yield emit("response.content_part.added", part=content | {"text": ""}, **place)
        for piece in text_pieces(part.text):
            yield emit("response.output_text.delta", is_delta=True, delta=piece, logprobs=[], **place)
        yield emit("response.output_text.done", text=part.text, logprobs=[], **place)
        yield emit("response.content_part.done", part=content, **place)
    yield emit("response.output_item.done", output_index=index, item=item)


def _item(part: Part, item_id: str) -> dict[str, Any]:
    if isinstance(part, Call):
        return {
            "type": "function_call",
            "id": f"fc_{item_id}",
            "call_id": part.call,
            "name": part.name,
            "arguments": argument_text(part),
            "status": "completed",
        }
    if isinstance(part, Thinking):
        return {
            "type": "reasoning",
            "id": f"rs_{item_id}",
            "summary": [{"type": "summary_text", "text": part.text}],
            "encrypted_content": f"offline-{item_id}",
        }
    return {
        "type": "message",
        "id": f"msg_{item_id}",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}],
    }


def _response(request: ModelRequest, reply: Reply, reply_id: str) -> dict[str, Any]:
    is_cut = reply.ending == "length"
    sent, received = input_tokens(request), output_tokens(reply)
    return {
        "id": f"resp_{reply_id}",
        "object": "response",
        "created_at": int(time.time()),
        "model": request.model,
        "status": "incomplete" if is_cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "error": None,
        "output": [_item(part, f"{reply_id}{index}") for index, part in enumerate(reply.parts)],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": request.body.get("tools") or [],
        "usage": {
            "input_tokens": sent,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": received,
            "output_tokens_details": {"reasoning_tokens": thinking_tokens(reply)},
            "total_tokens": sent + received,
        },
    }

"""Anthropic Messages, as the anthropic SDK 2.12 reads it.

Event order and fields follow the SDK's own types: message_start, then for each block content_block_start, deltas and
content_block_stop, then message_delta with the stop reason and the output's usage, then message_stop.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
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
    checked_conversation,
    input_tokens,
    joined_text,
    output_tokens,
    text_pieces,
)

NAME = "anthropic"

_STOP = {"end": "end_turn", "tools": "tool_use", "length": "max_tokens"}
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def parse_request(body: Mapping[str, Any]) -> ModelRequest:
    """The neutral form of a request.

    Raises:
        BadRequest: the real service would refuse it.
    """
    if not isinstance(body.get("max_tokens"), int):
        raise BadRequest("max_tokens: Field required")
    messages: list[Message] = []
    system = [joined_text(body.get("system"))]
    for number, message in enumerate(body.get("messages") or ()):
        content = message.get("content")
        if message.get("role") == "system":
            system.append(joined_text(content))
        elif message.get("role") == "assistant":
            messages.append(_assistant(content, number))
        else:
            messages += _user(content, number)
    return ModelRequest(
        model=str(body.get("model", "")),
        system="\n\n".join(filter(None, system)),
        messages=checked_conversation(messages),
        tools=tuple(
            Tool(name=tool.get("name", ""), schema=tool.get("input_schema") or {}) for tool in body.get("tools") or ()
        ),
        stream=bool(body.get("stream")),
        answer_schema=((body.get("output_config") or {}).get("format") or {}).get("schema") or {},
    )


def stream(request: ModelRequest, reply: Reply, reply_id: str) -> Iterator[Frame]:
    """The events of a streamed reply."""
    message = _message(request, reply, reply_id) | {"content": [], "stop_reason": None}
    message["usage"] = _usage(request, 1)
    yield _frame("message_start", message=message)
    yield _frame("ping")
    for index, part in enumerate(reply.parts):
        yield from _block(index, part)
    yield _frame(
        "message_delta",
        delta={"stop_reason": _STOP[reply.ending], "stop_sequence": None},
        usage={"output_tokens": output_tokens(reply)},
    )
    yield _frame("message_stop")


def complete(request: ModelRequest, reply: Reply, reply_id: str) -> dict[str, Any]:
    """The reply in one piece."""
    return _message(request, reply, reply_id)


def error(fault: Fault) -> dict[str, Any]:
    """The body of an HTTP error."""
    kind = _ERRORS.get(fault.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": fault.message}, "request_id": None}


def break_frame(message: str) -> Frame:
    """The event that tells of an error in the middle of a stream."""
    return Frame({"type": "error", "error": {"type": "overloaded_error", "message": message}}, "error")


def signature(thinking: str) -> str:
    """The signature of a thinking block. A client must send the block back as it was."""
    return base64.b64encode(hashlib.sha256(b"offline" + thinking.encode()).digest()).decode()


def _frame(kind: str, *, is_delta: bool = False, **fields: Any) -> Frame:
    return Frame({"type": kind, **fields}, kind, is_delta)


def _block(index: int, part: Part) -> Iterator[Frame]:
    def delta(kind: str, **fields: Any) -> Frame:
        paced = kind != "signature_delta"
        return _frame("content_block_delta", is_delta=paced, index=index, delta={"type": kind, **fields})

    start = _content(part) | ({"input": {}} if isinstance(part, Call) else {})
    start |= {key: "" for key in ("text", "thinking", "signature") if key in start}
    yield _frame("content_block_start", index=index, content_block=start)
    if isinstance(part, Call):
        yield from (delta("input_json_delta", partial_json=piece) for piece in ("", *argument_pieces(part)))
    elif isinstance(part, Thinking):
        yield from (delta("thinking_delta", thinking=piece) for piece in text_pieces(part.text))
        yield delta("signature_delta", signature=signature(part.text))
    else:
        yield from (delta("text_delta", text=piece) for piece in text_pieces(part.text))
    yield _frame("content_block_stop", index=index)


def _content(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Thinking):
        return {"type": "thinking", "thinking": part.text, "signature": signature(part.text)}
    return {"type": "tool_use", "id": part.call, "name": part.name, "input": {} if part.raw else part.arguments}


def _message(request: ModelRequest, reply: Reply, reply_id: str) -> dict[str, Any]:
    return {
        "id": f"msg_{reply_id}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [_content(part) for part in reply.parts],
        "stop_reason": _STOP[reply.ending],
        "stop_sequence": None,
        "usage": _usage(request, output_tokens(reply)),
    }


def _usage(request: ModelRequest, output: int) -> dict[str, int]:
    return {
        "input_tokens": input_tokens(request),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
    }


def _assistant(content: object, number: int) -> Message:
    blocks = _blocks(content, number)
    for block in blocks:
        if block.get("type") == "thinking" and block.get("signature") != signature(block.get("thinking", "")):
            raise BadRequest(f"messages.{number}: Invalid `signature` in `thinking` block")
    return Message(
        role="assistant",
        text="".join(block.get("text", "") for block in blocks if block.get("type") == "text"),
        calls=tuple(
            Call(block["name"], block.get("input") or {}, block["id"])
            for block in blocks
            if block.get("type") == "tool_use"
        ),
    )


def _user(content: object, number: int) -> list[Message]:
    results: list[Message] = []
    texts: list[str] = []
    for block in _blocks(content, number):
        if block.get("type") == "tool_result":
            results.append(
                Message(
                    role="tool",
                    call=str(block.get("tool_use_id", "")),
                    text=joined_text(block.get("content")),
                    failed=bool(block.get("is_error")),
                )
            )
        elif block.get("type") == "text":
            texts.append(block["text"])
    return [*results, Message(role="user", text="\n\n".join(texts))] if texts or not results else results


def _blocks(content: object, number: int) -> list[dict[str, Any]]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise BadRequest(f"messages.{number}.content: a string or a list of blocks is required")
    if any(block.get("type") == "text" and not str(block.get("text") or "").strip() for block in content):
        raise BadRequest(f"messages.{number}: text content blocks must contain non-whitespace text")
    return content

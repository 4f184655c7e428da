"""OpenAI Chat Completions, as the openai SDK 3.54 reads it, with what compatible servers add.

Reasoning travels as ``reasoning_content`` beside ``content``, which is how the compatible servers that have it send it
(the field is not OpenAI's own). Usage comes in a chunk without choices when the client asked for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from agents.offline.exchange import (
    BadRequest,
    Call,
    Fault,
    Frame,
    Message,
    ModelRequest,
    Reply,
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
from agents.offline.wire_responses import openai_error

NAME = "openai-chat"

_FINISH = {"end": "stop", "tools": "tool_calls", "length": "length"}


def parse_request(body: Mapping[str, Any]) -> ModelRequest:
    """The neutral form of a request.

    Raises:
        BadRequest: the real service would refuse it.
    """
    system: list[str] = []
    messages: list[Message] = []
    for message in body.get("messages") or ():
        text = joined_text(message.get("content"))
        match message.get("role"):
            case "system" | "developer":
                system.append(text)
            case "user":
                messages.append(Message(role="user", text=text))
            case "assistant":
                messages.append(Message(role="assistant", text=text, calls=_calls(message)))
            case "tool":
                messages.append(Message(role="tool", call=str(message.get("tool_call_id", "")), text=text))
            case role:
                raise BadRequest(f"Invalid value: '{role}' as the role of a message.")
    tools = [tool.get("function") or {} for tool in body.get("tools") or ()]
    return ModelRequest(
        model=str(body.get("model", "")),
        system="\n\n".join(filter(None, system)),
        messages=checked_conversation(messages),
        tools=tuple(Tool(name=tool.get("name", ""), schema=tool.get("parameters") or {}) for tool in tools),
        stream=bool(body.get("stream")),
        answer_schema=((body.get("response_format") or {}).get("json_schema") or {}).get("schema") or {},
    )


def stream(request: ModelRequest, reply: Reply, reply_id: str) -> Iterator[Frame]:
    """The events of a streamed reply."""
    head = {
        "id": f"chatcmpl-{reply_id}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": request.model,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None, *, is_delta: bool = True) -> Frame:
        return Frame(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, "", is_delta)

    yield chunk({"role": "assistant", "content": ""}, is_delta=False)
    number = 0
    for part in reply.parts:
        if isinstance(part, Call):
            function = {"name": part.name, "arguments": ""}
            call = {"index": number, "id": part.call, "type": "function", "function": function}
            yield chunk({"tool_calls": [call]}, is_delta=False)
            for piece in argument_pieces(part):
                yield chunk({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
            number += 1
        else:
            key = "reasoning_content" if isinstance(part, Thinking) else "content"
            yield from (chunk({key: piece}) for piece in text_pieces(part.text))
    yield chunk({}, _FINISH[reply.ending], is_delta=False)
    if (request.body.get("stream_options") or {}).get("include_usage"):
        yield Frame(head | {"choices": [], "usage": _usage(request, reply)})
    yield Frame("[DONE]")


def complete(request: ModelRequest, reply: Reply, reply_id: str) -> dict[str, Any]:
    """The reply in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if thinking := "".join(part.text for part in reply.parts if isinstance(part, Thinking)):
        message["reasoning_content"] = thinking
    if reply.calls:
        message["tool_calls"] = [
            {"id": call.call, "type": "function", "function": {"name": call.name, "arguments": argument_text(call)}}
            for call in reply.calls
        ]
    return {
        "id": f"chatcmpl-{reply_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.model,
        "choices": [{"index": 0, "message": message, "finish_reason": _FINISH[reply.ending]}],
        "usage": _usage(request, reply),
    }


def error(fault: Fault) -> dict[str, Any]:
    """The body of an HTTP error."""
    return openai_error(fault)


def break_frame(message: str) -> Frame:
    """The event that tells of an error in the middle of a stream."""
    return Frame({"error": {"message": message, "type": "server_error", "param": None, "code": None}})


def _calls(message: Mapping[str, Any]) -> tuple[Call, ...]:
    functions = [(call["id"], call["function"]) for call in message.get("tool_calls") or ()]
    return tuple(Call(function["name"], parsed_arguments(function["arguments"]), call) for call, function in functions)


def _usage(request: ModelRequest, reply: Reply) -> dict[str, Any]:
    sent, received = input_tokens(request), output_tokens(reply)
    return {
        "prompt_tokens": sent,
        "completion_tokens": received,
        "total_tokens": sent + received,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thinking_tokens(reply)},
    }

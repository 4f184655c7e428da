"""Gemini's generateContent, as Google's SDKs read it (tried with the one in gemini-cli 0.43).

Each event of a stream is a whole response with the next parts; the last one says why it ends. A function call comes in
one piece. The model and whether the answer is streamed stand in the address of a request, not in its body. Ids of
function calls are optional in this format: one without belongs to the first open call of its name.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from agents.offline.exchange import (
    BadRequest,
    Call,
    Fault,
    Frame,
    Message,
    ModelRequest,
    Part,
    Reply,
    Thinking,
    Tool,
    checked_conversation,
    input_tokens,
    joined_text,
    output_tokens,
    text_pieces,
    thinking_tokens,
)

NAME = "gemini"

NO_SIGNATURE = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
"""What a client may say that has no signature for a call, as one from another model; the first as it is documented."""

_FINISH = {"end": "STOP", "tools": "STOP", "length": "MAX_TOKENS"}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    504: "DEADLINE_EXCEEDED",
}


def parse_request(body: Mapping[str, Any]) -> ModelRequest:
    """The neutral form of a request; ``model`` and ``stream`` are those of its address.

    Raises:
        BadRequest: the real service would refuse it.
    """
    messages: list[Message] = []
    for number, content in enumerate(body.get("contents") or ()):
        parts = content.get("parts") or ()
        if not parts:
            raise BadRequest(f"* GenerateContentRequest.contents[{number}].parts: contents.parts must not be empty.")
        if content.get("role") == "model":
            messages.append(_model(parts, number))
        else:
            messages += _user(parts, messages)
    system = body.get("systemInstruction") or body.get("system_instruction") or {}
    wanted = body.get("generationConfig") or {}
    declared = [
        function
        for tool in body.get("tools") or ()
        for function in tool.get("functionDeclarations") or tool.get("function_declarations") or ()
    ]
    return ModelRequest(
        model=str(body.get("model", "")),
        system=joined_text(system if isinstance(system, str) else system.get("parts")),
        messages=checked_conversation(messages),
        tools=tuple(
            Tool(name=each.get("name", ""), schema=each.get("parametersJsonSchema") or each.get("parameters") or {})
            for each in declared
        ),
        stream=bool(body.get("stream")),
        answer_schema=wanted.get("responseJsonSchema") or wanted.get("responseSchema") or {},
    )


def stream(request: ModelRequest, reply: Reply, reply_id: str) -> Iterator[Frame]:
    """The events of a streamed reply."""
    for part in reply.parts:
        if isinstance(part, Call):
            if not part.raw:
                yield Frame(_response(request, reply, reply_id, [_content(part)]), is_delta=True)
            continue
        for piece in text_pieces(part.text):
            content = {"text": piece} | ({"thought": True} if isinstance(part, Thinking) else {})
            yield Frame(_response(request, reply, reply_id, [content]), is_delta=True)
    yield Frame(_response(request, reply, reply_id, [{"text": ""}], ended=True))


def complete(request: ModelRequest, reply: Reply, reply_id: str) -> dict[str, Any]:
    """The reply in one piece."""
    parts = [_content(part) for part in reply.parts if not (isinstance(part, Call) and part.raw)]
    return _response(request, reply, reply_id, parts or [{"text": ""}], ended=True)


def error(fault: Fault) -> dict[str, Any]:
    """The body of an HTTP error."""
    status = _STATUS.get(fault.status, "UNAVAILABLE" if fault.status > 500 else "INVALID_ARGUMENT")
    told: dict[str, Any] = {"code": fault.status, "message": fault.message, "status": status}
    if fault.retry_after is not None:
        delay = f"{fault.retry_after:g}s"
        told["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    return {"error": told}


def break_frame(message: str) -> Frame:
    """The event that tells of an error in the middle of a stream."""
    return Frame({"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})


def signature(call: Call) -> str:
    """The signature of the thoughts that led to a call. A client must send it back with the call as it was."""
    said = call.name.encode() + msgspec.json.encode(call.arguments, order="sorted")
    return base64.b64encode(hashlib.sha256(b"offline" + said).digest()).decode()


def _content(part: Part) -> dict[str, Any]:
    if isinstance(part, Call):
        call = {"id": part.call, "name": part.name, "args": part.arguments}
        return {"functionCall": call, "thoughtSignature": signature(part)}
    return {"text": part.text} | ({"thought": True} if isinstance(part, Thinking) else {})


def _response(
    request: ModelRequest, reply: Reply, reply_id: str, parts: list[dict[str, Any]], *, ended: bool = False
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    sent, thought = input_tokens(request), thinking_tokens(reply)
    usage = {"promptTokenCount": sent, "totalTokenCount": sent}
    if ended:
        malformed = next((call for call in reply.calls if call.raw), None)
        candidate["finishReason"] = "MALFORMED_FUNCTION_CALL" if malformed else _FINISH[reply.ending]
        if malformed:
            candidate["finishMessage"] = f"Malformed function call: {malformed.name}({malformed.raw})"
        received = output_tokens(reply) - thought
        usage |= {"candidatesTokenCount": received, "totalTokenCount": sent + received + thought}
        usage |= {"thoughtsTokenCount": thought} if thought else {}
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": request.model,
        "responseId": reply_id,
    }


def _model(parts: list[dict[str, Any]], number: int) -> Message:
    calls: list[Call] = []
    for part in parts:
        if "functionCall" not in part:
            continue
        said = part["functionCall"]
        call = Call(said["name"], said.get("args") or {}, str(said.get("id") or f"{number}-{len(calls)}"))
        signed = part.get("thoughtSignature", "")
        if signed and signed not in (signature(call), *NO_SIGNATURE):
            raise BadRequest("Thought signature is not valid")
        calls.append(call)
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    return Message(role="assistant", text=text, calls=tuple(calls))


def _user(parts: list[dict[str, Any]], before: list[Message]) -> list[Message]:
    answered = {message.call for message in before if message.role == "tool"}
    last = next((message for message in reversed(before) if message.role == "assistant"), Message(role="assistant"))
    results: list[Message] = []
    for part in parts:
        if "functionResponse" not in part:
            continue
        said = part["functionResponse"]
        waiting = [call for call in last.calls if call.name == said["name"] and call.call not in answered]
        call = str(said.get("id") or "")
        if call not in {each.call for each in waiting}:
            if not waiting:
                raise BadRequest(
                    "Please ensure that the number of function response parts is equal to the number of function call "
                    "parts of the function call turn."
                )
            call = waiting[0].call
        answered.add(call)
        results.append(Message(role="tool", call=call, **_told(said.get("response"))))
    texts = [part["text"] for part in parts if part.get("text")]
    return [*results, Message(role="user", text="\n\n".join(texts))] if texts or not results else results


def _told(response: object) -> dict[str, Any]:
    """What a function answered: by custom its output or its error, else all of it."""
    if isinstance(response, Mapping):
        for key in ("output", "error"):
            if isinstance(response.get(key), str):
                return {"text": response[key], "failed": key == "error"}
    return {"text": "" if response is None else msgspec.json.encode(response).decode()}

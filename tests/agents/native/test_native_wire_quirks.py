"""Servers that follow the formats of Anthropic and OpenAI only nearly are understood all the same."""

from __future__ import annotations

from typing import Any

import pytest
from test_native_chat_quirks import LS, PWD, Wire, calls, parts, pieces

from agents.native.conversation import Assistant, Text, ToolCall, ToolResult, User
from agents.native.models import Retryable, Spent, Stopped, TextPiece, anthropic

USAGE = {"input_tokens": 5, "output_tokens": 1}
BEGIN = {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": []}}
TOLD = {"type": "message_start", "message": BEGIN["message"] | {"usage": USAGE}}  # type: ignore[operator]
WHY = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}
NO_COUNT = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": None}
END = {"type": "message_stop"}


def block(kind: str, index: int, **fields: object) -> dict[str, Any]:
    return {"type": f"content_block_{kind}", "index": index, **fields}


def begun(index: int, **fields: object) -> dict[str, Any]:
    return block("start", index, content_block=fields)


def a_call(index: int) -> dict[str, Any]:
    return begun(index, type="tool_use", id=f"call-{index}", name="bash", input={})


def more(index: int, kind: str, **fields: object) -> dict[str, Any]:
    return block("delta", index, delta={"type": kind, **fields})


SAID = (begun(0, type="text", text=""), more(0, "text_delta", text="Hi."), block("stop", 0))


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([BEGIN, *SAID, NO_COUNT, END], id="nothing is counted"),
        pytest.param([*SAID, WHY, END], id="no beginning"),
        pytest.param([TOLD, *SAID, WHY], id="no end"),
        pytest.param([TOLD, *SAID[:2], WHY, END], id="a part without an end"),
        pytest.param([TOLD, begun(0, type="text", text="Hi."), block("stop", 0), WHY, END], id="text at the start"),
        pytest.param([TOLD, {"type": "ping"}, {"type": "other", "x": 1}, *SAID, WHY, END], id="unknown events"),
    ],
)
async def test_messages_with_something_missing(events: list[dict[str, Any]]) -> None:
    found = await pieces(*events, provider="anthropic")
    assert parts(found) == [Text(text="Hi.")]
    assert found[-1] == Stopped(reason="end")
    assert any(isinstance(piece, Spent) for piece in found) == (WHY in events), "what is not told is not zero"


async def test_messages_with_neither_end_nor_reason_were_cut() -> None:
    with pytest.raises(Retryable):
        await pieces(TOLD, *SAID, provider="anthropic")


async def test_calls_that_are_written_side_by_side() -> None:
    ls, pwd = (more(n, "input_json_delta", partial_json=f'{{"command": "{c}"}}') for n, c in enumerate(("ls", "pwd")))
    events = [TOLD, a_call(0), a_call(1), ls, pwd, block("stop", 0), block("stop", 1), WHY, END]
    found = await pieces(*events, provider="anthropic")
    assert calls(found) == [LS, PWD]


@pytest.mark.parametrize("provider", ["anthropic", "openai"])
async def test_halves_of_characters_are_put_together(provider: Wire) -> None:
    text = {"type": "message", "id": "i", "content": [{"type": "output_text", "text": "half \ud83d\ude00 \ud83d"}]}
    whole = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [text]}}
    deltas = [{"type": "response.output_text.delta", "delta": half} for half in ("half \ud83d", "\ude00")]
    halves = [more(0, "text_delta", text=half) for half in ("half \ud83d", "\ude00 \ud83d")]
    events = [TOLD, SAID[0], *halves, SAID[2], WHY, END] if provider == "anthropic" else [*deltas, whole]
    found = await pieces(*events, provider=provider)
    assert parts(found) == [Text(text="half \U0001f600 ")]
    for piece in found:
        if isinstance(piece, TextPiece):
            piece.text.encode()  # or it could not be stored


async def test_text_of_blanks_alone_is_not_sent() -> None:
    answer = Assistant(parts=(ToolCall(id="a", name="bash"),), wire="anthropic", model="m")
    sent = anthropic.request_messages([User(text=" \n"), answer, ToolResult(call="a", text="\t")], "m")
    assert sent[0]["content"][0]["text"] == "(nothing)"
    assert sent[2]["content"][0]["content"][0]["text"] == "(no output)"


async def test_response_that_tells_its_parts_only_at_the_end() -> None:
    text = {"type": "message", "id": "i", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}
    made = {"type": "function_call", "id": "f", "call_id": "c", "name": "bash", "arguments": '{"command": "ls"}'}
    response = {"id": "r", "object": "response", "status": "completed", "output": [text, made], "usage": USAGE}
    whole = {"type": "response.completed", "response": response}
    found = await pieces(whole, provider="openai")
    assert parts(found)[0] == Text(text="Hi.")
    assert calls(found) == [LS]
    itemised = {"type": "response.output_item.done", "output_index": 0, "item": made}
    assert calls(await pieces(itemised, whole, provider="openai")) == [LS], "a call is made twice"

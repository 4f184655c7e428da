"""Compatible chat servers differ: what they send is understood all the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest

from agents.errors import ModelError
from agents.native.conversation import Assistant, Part, Text, Thinking, ToolCall, User, decode, encode, repair
from agents.native.models import PartDone, Piece, Retryable, Spent, Stopped, TextPiece, open_model
from agents.native.models.openai_chat import request_messages
from agents.native.tools import SPECS
from agents.profiles import NativeSection

Wire = Literal["anthropic", "openai", "openai-chat"]


@asynccontextmanager
async def a_server(events: Sequence[dict[str, Any] | str], document: str = "") -> AsyncIterator[str]:
    """A server that answers every request with these events, or a document, and then closes, as old HTTP does."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        await reader.readexactly(length)
        kind = "text/event-stream"
        if document:
            kind = f"{'text/html' if document[0] == '<' else 'application/json'}\r\ncontent-length: {len(document)}"
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{document}".encode())
        for event in events:
            if isinstance(event, dict) and "type" in event:
                writer.write(f"event: {event['type']}\n".encode())
            writer.write(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


def chunk(finish: str | None = None, **delta: object) -> dict[str, Any]:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call(arguments: object = None, *, name: str | None = None, **fields: object) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return chunk(tool_calls=[{**fields, "function": function}])


@asynccontextmanager
async def a_model(
    *events: dict[str, Any] | str, provider: Wire = "openai-chat"
) -> AsyncIterator[Callable[[], Awaitable[list[Piece]]]]:
    """Asks a model of a server that always answers with these events."""
    async with a_server(events) as url:
        model = open_model(NativeSection(provider=provider, model="m", needs_key=False), {}, url)

        async def ask() -> list[Piece]:
            return [piece async for piece in model.stream("s", [User(text="u")], SPECS)]

        try:
            yield ask
        finally:
            await model.close()


async def pieces(*events: dict[str, Any] | str, provider: Wire = "openai-chat") -> list[Piece]:
    async with a_model(*events, provider=provider) as ask:
        return await ask()


def parts(found: list[Piece]) -> list[Part]:
    return [piece.part for piece in found if isinstance(piece, PartDone)]


def calls(found: list[Piece]) -> list[tuple[str, dict[str, object]]]:
    return [(part.name, part.arguments) for part in parts(found) if isinstance(part, ToolCall)]


LS, PWD = ("bash", {"command": "ls"}), ("bash", {"command": "pwd"})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [call('{"comm', name="bash", index=0, id="a"), call('and": "ls"}', index=0)], [LS], id="arguments in pieces"
        ),
        pytest.param(
            [call('{"comm', name="bash", id="a"), call('and": "ls"}'), call('{"command": "pwd"}', name="bash", id="b")],
            [LS, PWD],
            id="no index",
        ),
        pytest.param(
            [
                call('{"command": "ls"}', name="bash", index=0, id="a"),
                call('{"command": "pwd"}', name="bash", index=0, id="b"),
            ],
            [LS, PWD],
            id="all calls under one index",
        ),
        pytest.param([call({"command": "ls"}, name="bash", index=0, id="a")], [LS], id="arguments as an object"),
        pytest.param([call('"{\\"command\\": \\"ls\\"}"', name="bash", index=0)], [LS], id="encoded twice, no id"),
        pytest.param(
            [
                call('{"command": "echo \ud83d', name="bash", index=0, id="a"),
                call('\ude00"}', index=0),
            ],
            [("bash", {"command": "echo \U0001f600"})],
            id="a character in two halves",
        ),
        pytest.param(
            [
                call(name="bash", index=0, id="a"),
                call(name="bash", index=1, id="b"),
                call('{"command": "pwd"}', index=1),
                call('{"command": "ls"}', index=0),
            ],
            [LS, PWD],
            id="interleaved",
        ),
    ],
)
async def test_tool_calls_in_odd_shapes(events: list[dict[str, Any]], expected: list[object]) -> None:
    assert calls(await pieces(*events, chunk("tool_calls"), "[DONE]")) == expected


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("functions.bash", "bash"),
        ("bash<|channel|>json", "bash"),
        ("Bash ", "bash"),
        ("web search!", "web_search_"),
        ("", "unnamed"),
        ("x" * 200, "x" * 64),
    ],
)
async def test_names_of_tools_are_such_that_they_can_be_sent_back(sent: str, name: str) -> None:
    found = await pieces(call('{"command": "ls"}', name=sent, index=0, id="a"), chunk("tool_calls"), "[DONE]")
    assert calls(found) == [(name, {"command": "ls"})]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_under_either_name(field: str) -> None:
    found = await pieces(chunk(**{field: "Hm."}), chunk(content="Yes."), chunk("stop"), "[DONE]")
    assert parts(found) == [Thinking(text="Hm.", opaque={"field": field}), Text(text="Yes.")]


async def test_answer_in_blocks_and_events_that_are_none_of_ours() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    odd = ["{}", "[]", '"ping"', {"choices": None}, {"choices": [{"delta": "x"}]}, chunk(tool_calls=[None])]
    blocks = [chunk(content=[thinking]), chunk(content=[{"type": "text", "text": "Yes."}, {"type": "reference"}])]
    found = await pieces(*odd, *blocks, chunk("stop"), "[DONE]")
    assert parts(found) == [Thinking(text="Hm."), Text(text="Yes.")]


@pytest.mark.parametrize(
    ("texts", "thinking", "answer"),
    [
        (["<think>Hm.\n</think>\n\nYes."], "Hm.\n", "Yes."),
        (["\n<th", "ink>H", "m.</", "thin", "k>Yes", "."], "Hm.", "Yes."),
        (["<think>1 </b> 2</think>Yes <think> is a tag."], "1 </b> 2", "Yes <think> is a tag."),
        (["<thi", "ck> is no tag, nor is <think>."], "", "<thick> is no tag, nor is <think>."),
        (["<th"], "", "<th"),
        (["<think>Cut in its", " middle</thi"], "Cut in its middle</thi", ""),
        (["half \ud83d", "\ude00 a face"], "", "half \U0001f600 a face"),
    ],
)
async def test_reasoning_in_tags_is_no_answer_and_no_piece_ends_in_half_a_character(
    texts: list[str], thinking: str, answer: str
) -> None:
    found = await pieces(*(chunk(content=text) for text in texts), chunk("stop"), "[DONE]")
    wanted = (Thinking(text=thinking), Text(text=answer))
    assert parts(found) == [part for part in wanted if part.text]
    shown = "".join(piece.text for piece in found if isinstance(piece, TextPiece) and not piece.thinking)
    assert answer.startswith(shown), "what is shown while it comes is not what it is"


async def test_arguments_nested_without_end_are_malformed() -> None:
    found = await pieces(call('{"a":' * 100_000, name="bash", index=0, id="a"), chunk("tool_calls"), "[DONE]")
    (made,) = parts(found)
    assert isinstance(made, ToolCall)
    assert made.malformed, "the model is not told"


@pytest.mark.parametrize(
    "cached", [{"prompt_tokens_details": {"cached_tokens": 4}}, {"prompt_cache_hit_tokens": 4}, {"cached_tokens": 4}]
)
async def test_usage_without_choices_and_no_usage_at_all(cached: dict[str, object]) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
    last = {"id": "c", "model": "m", "choices": [], "usage": usage | cached}
    found = await pieces(chunk(content="Yes."), chunk("stop"), last, "[DONE]")
    spent = [piece.usage for piece in found if isinstance(piece, Spent)]
    assert [(use.input_tokens, use.cache_read_tokens, use.output_tokens) for use in spent] == [(6, 4, 3)]
    without = await pieces(chunk(content="Yes."), chunk("stop"), "[DONE]")
    assert not [piece for piece in without if isinstance(piece, Spent)]
    assert without[-1] == Stopped(reason="end")


async def test_answer_that_stops_without_saying_why_was_cut() -> None:
    with pytest.raises(Retryable) as problem:
        await pieces(chunk(content="Half an ans"))
    assert "ended in the middle" in problem.value.reason


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource"])
async def test_answer_that_ends_by_a_fault_was_cut(reason: str) -> None:
    with pytest.raises(Retryable):
        await pieces(chunk(content="Half an ans"), chunk(reason), "[DONE]")


async def test_server_that_never_says_why_it_stops_is_believed_by_its_count_or_the_second_time() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 3}}
    whole = [call('{"command": "ls"}', name="bash", index=0, id="a"), usage, "[DONE]"]
    assert calls(await pieces(*whole)) == [LS]
    async with a_model(chunk(content="All of it."), "[DONE]") as ask:
        with pytest.raises(Retryable):
            await ask()
        for _ in range(2):
            assert (await ask())[-1] == Stopped(reason="end")
    with pytest.raises(Retryable):
        await pieces(usage)


async def test_reasoning_in_signed_pieces_is_sent_back_beside_calls() -> None:
    def piece(**fields: object) -> dict[str, object]:
        return {"type": "reasoning.text", "index": 0, "format": "f", **fields}

    found = await pieces(
        chunk(reasoning="Let me ", reasoning_details=[piece(text="Let me ")]),
        chunk(reasoning="see.", reasoning_details=[piece(text="see.")]),
        chunk(reasoning_details=[piece(text="", signature="s")]),
        chunk(reasoning_details=[piece(text="", signature=None)]),
        chunk(reasoning_details=[{"type": "reasoning.encrypted", "data": "d", "index": 1}, None]),
        call('{"command": "ls"}', name="bash", index=0, id="a"),
        chunk("tool_calls"),
        "[DONE]",
    )
    answer = Assistant(parts=tuple(parts(found)), wire="openai-chat", model="m")
    sent = request_messages(repair([User(text="u"), answer]), "m")[1]
    assert sent["reasoning"] == "Let me see."
    assert sent["reasoning_details"] == [
        piece(text="Let me see.", signature="s"),
        {"type": "reasoning.encrypted", "data": "d", "index": 1},
    ]
    assert "reasoning_details" not in request_messages([answer], "another")[0]


async def test_what_signs_a_call_is_sent_back_with_it() -> None:
    signed = {"google": {"thought_signature": "c2ln"}}
    first = call('{"comm', name="bash", index=0, id="a", extra_content=signed)
    (made,) = parts(await pieces(first, call('and": "ls"}', index=0), chunk("tool_calls"), "[DONE]"))
    stored = decode(encode(Assistant(parts=(made,), wire="openai-chat", model="m")))
    assert isinstance(stored, Assistant)
    sent, to_another = (request_messages([stored], model)[0]["tool_calls"][0] for model in ("m", "another"))
    assert sent["extra_content"] == signed
    assert "extra_content" not in to_another


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("<html>Log in</html>", "with text/html."),
        ('{"error": {"message": "Model is not loaded"}}', "with application/json: Model is not loaded."),
    ],
)
@pytest.mark.parametrize("provider", ["anthropic", "openai", "openai-chat"])
async def test_page_or_document_instead_of_events_is_for_a_person(provider: Wire, document: str, said: str) -> None:
    async with a_server([], document) as url:
        model = open_model(NativeSection(provider=provider, model="m", needs_key=False), {}, url)
        with pytest.raises(ModelError) as problem:
            await anext(model.stream("s", [User(text="u")], SPECS))
        await model.close()
    assert problem.value.message.endswith(f"does not answer with a stream of events, but {said}")
    assert "base_url" in problem.value.hint


async def test_answer_that_is_not_json_is_tried_again() -> None:
    with pytest.raises(Retryable) as problem:
        await pieces(chunk(content="Half"), '{"id": "c", oops')
    assert "cannot be read" in problem.value.reason

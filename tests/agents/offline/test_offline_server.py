"""The real SDKs against the offline server, in the three wire formats that they speak."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from agents.offline import Call, Fault, ModelRequest, OfflineServer, Reply, ScriptedPlayer, Text, Thinking, say
from agents.offline.script import Line

TOOLS = {"type": "object", "properties": {"path": {"type": "string"}}}
ASK = [{"role": "user", "content": "Mend it."}]
BOTH_FILES = say(
    Thinking("Two files look wrong."), "Reading.", Call("read", {"path": "a.py"}), Call("read", {"path": "ü"})
)


@asynccontextmanager
async def serving(*lines: Line) -> AsyncIterator[tuple[str, ScriptedPlayer]]:
    player = ScriptedPlayer(lines)
    server = OfflineServer(player, models=("offline", "other"))
    try:
        yield await server.start(), player
    finally:
        await server.close()


def claude(base: str) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(api_key="test", base_url=base, max_retries=0)


def gpt(base: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="test", base_url=f"{base}/v1", max_retries=0)


async def read_types(stream: AsyncIterator[Any], seen: list[str]) -> None:
    async for event in stream:
        seen.append(event.type)


def to_claude(**more: Any) -> dict[str, Any]:
    tools = [{"name": "read", "input_schema": TOOLS}]
    return {"model": "offline", "max_tokens": 100, "messages": ASK, "tools": tools, **more}


def to_chat(**more: Any) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": "read", "parameters": TOOLS}}]
    return {"model": "offline", "messages": ASK, "tools": tools, **more}


def to_responses(**more: Any) -> dict[str, Any]:
    tools = [{"type": "function", "name": "read", "parameters": TOOLS, "strict": False}]
    return {"model": "offline", "input": ASK, "tools": tools, **more}


async def test_anthropic_stream_builds_thinking_text_and_parallel_calls() -> None:
    async with serving(BOTH_FILES) as (base, player), claude(base) as client:
        async with client.messages.stream(**to_claude(system="Be short.")) as stream:
            message = await stream.get_final_message()
        thinking, text, first, second = message.content
        assert (thinking.type, text.type, first.type, second.type) == ("thinking", "text", "tool_use", "tool_use")
        assert thinking.thinking == "Two files look wrong."
        assert thinking.signature, "a thinking block must carry a signature"
        assert text.text == "Reading."
        assert (first.input, second.input) == ({"path": "a.py"}, {"path": "ü"})
        assert first.id != second.id
        assert message.stop_reason == "tool_use"
        assert message.usage.input_tokens > 10
        assert message.usage.output_tokens > 10
        request = player.requests[0]
        assert (request.wire, request.key, request.system, request.model) == (
            "anthropic",
            "test",
            "Be short.",
            "offline",
        )
        assert [tool.name for tool in request.tools] == ["read"]


async def test_anthropic_conversation_goes_round_with_tool_results_and_steering() -> None:
    async with serving(BOTH_FILES, "Done.") as (base, player), claude(base) as client:
        first = await client.messages.create(**to_claude())
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": "text", "is_error": block is first.content[-1]}
            for block in first.content
            if block.type == "tool_use"
        ]
        answer = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in first.content]}
        said = {"role": "user", "content": [*results, {"type": "text", "text": "And be quick."}]}
        second = await client.messages.create(**to_claude(messages=[*ASK, answer, said]))
        assert second.content[0].type == "text"
        assert second.content[0].text == "Done."
        messages = player.requests[1].messages
        assert [message.role for message in messages] == ["user", "assistant", "tool", "tool", "user"]
        assert [call.arguments for call in messages[1].calls] == [{"path": "a.py"}, {"path": "ü"}]
        assert [message.failed for message in messages[2:4]] == [False, True]
        assert messages[4].text == "And be quick."


async def test_anthropic_refuses_a_changed_thinking_block() -> None:
    async with serving(say(Thinking("Hm."), "Yes."), "never") as (base, _), claude(base) as client:
        first = await client.messages.create(**to_claude())
        content = [block.model_dump(exclude_none=True) for block in first.content]
        content[0]["thinking"] = "Something else."
        with pytest.raises(anthropic.BadRequestError, match="signature"):
            await client.messages.create(**to_claude(messages=[*ASK, {"role": "assistant", "content": content}, *ASK]))


async def test_responses_stream_builds_reasoning_text_and_parallel_calls() -> None:
    async with serving(BOTH_FILES) as (base, player), gpt(base) as client:
        async with client.responses.stream(**to_responses(instructions="Be short.")) as stream:
            response = await stream.get_final_response()
        reasoning, message, first, second = response.output
        assert reasoning.type == "reasoning"
        assert reasoning.summary[0].text == "Two files look wrong."
        assert reasoning.encrypted_content
        assert message.type == "message"
        assert response.output_text == "Reading."
        assert first.type == "function_call"
        assert second.type == "function_call"
        assert (first.arguments, second.arguments) == ('{"path":"a.py"}', '{"path":"ü"}')
        assert first.call_id != second.call_id
        assert response.status == "completed"
        assert response.usage is not None
        assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
        assert (player.requests[0].wire, player.requests[0].system) == ("openai", "Be short.")


async def test_responses_numbers_its_events_without_gaps() -> None:
    async with serving(BOTH_FILES) as (base, _), gpt(base) as client:
        events = [event async for event in await client.responses.create(**to_responses(stream=True))]
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
        done = [event.item for event in events if event.type == "response.output_item.done"]
        assert [item.type for item in done] == ["reasoning", "message", "function_call", "function_call"]


async def test_responses_items_of_one_answer_become_one_message() -> None:
    async with serving(BOTH_FILES, "Done.") as (base, player), gpt(base) as client:
        first = await client.responses.create(**to_responses())
        items = [item.model_dump(exclude_none=True) for item in first.output]
        outputs = [
            {"type": "function_call_output", "call_id": item.call_id, "output": "text"}
            for item in first.output
            if item.type == "function_call"
        ]
        second = await client.responses.create(**to_responses(input=[*ASK, *items, *outputs]))
        assert second.output_text == "Done."
        messages = player.requests[1].messages
        assert [message.role for message in messages] == ["user", "assistant", "tool", "tool"]
        assert (messages[1].text, len(messages[1].calls)) == ("Reading.", 2)


async def test_responses_cut_off_by_length_are_incomplete() -> None:
    async with serving(say("A beginning", stop="length")) as (base, _), gpt(base) as client:
        events = [event async for event in await client.responses.create(**to_responses(stream=True))]
        assert events[-1].type == "response.incomplete"
        assert events[-1].response.incomplete_details is not None
        assert events[-1].response.incomplete_details.reason == "max_output_tokens"


async def test_chat_stream_builds_text_and_parallel_calls_with_usage() -> None:
    async with serving(BOTH_FILES) as (base, player), gpt(base) as client:
        options = {"include_usage": True}
        async with client.chat.completions.stream(**to_chat(stream_options=options)) as stream:
            completion = await stream.get_final_completion()
        choice = completion.choices[0]
        assert choice.message.content == "Reading."
        assert (choice.message.model_extra or {})["reasoning_content"] == "Two files look wrong."
        calls = choice.message.tool_calls or []
        assert [call.function.arguments for call in calls] == ['{"path":"a.py"}', '{"path":"ü"}']
        assert len({call.id for call in calls}) == 2
        assert choice.finish_reason == "tool_calls"
        assert completion.usage is not None
        assert completion.usage.completion_tokens > 10
        assert player.requests[0].wire == "openai-chat"


async def test_chat_conversation_goes_round_with_tool_results() -> None:
    async with serving(BOTH_FILES, "Done.") as (base, player), gpt(base) as client:
        first = await client.chat.completions.create(**to_chat())
        message = first.choices[0].message
        results = [{"role": "tool", "tool_call_id": call.id, "content": "text"} for call in message.tool_calls or []]
        system = {"role": "system", "content": "Be short."}
        history = [system, *ASK, message.model_dump(exclude_none=True), *results]
        second = await client.chat.completions.create(**to_chat(messages=history))
        assert second.choices[0].message.content == "Done."
        assert second.choices[0].finish_reason == "stop"
        assert [message.role for message in player.requests[1].messages] == ["user", "assistant", "tool", "tool"]
        assert player.requests[1].system == "Be short."


@pytest.mark.parametrize(
    ("status", "expected_of_claude", "expected"),
    [
        (401, "AuthenticationError", "AuthenticationError"),
        (429, "RateLimitError", "RateLimitError"),
        (500, "InternalServerError", "InternalServerError"),
        (
            529,
            "OverloadedError",
            "InternalServerError",
        ),
    ],
)
async def test_faults_arrive_as_the_errors_of_each_sdk(status: int, expected_of_claude: str, expected: str) -> None:
    fault = Fault(status=status, message="No.", retry_after=7)
    async with serving(fault, fault, fault) as (base, _), claude(base) as one, gpt(base) as other:
        with pytest.raises(getattr(anthropic, expected_of_claude), match=r"No\.") as first:
            await one.messages.create(**to_claude(stream=True))
        with pytest.raises(getattr(openai, expected), match=r"No\.") as second:
            await other.responses.create(**to_responses(stream=True))
        with pytest.raises(getattr(openai, expected), match=r"No\.") as third:
            await other.chat.completions.create(**to_chat(stream=True))
        for problem in (first.value, second.value, third.value):
            assert problem.status_code == status
            assert problem.response.headers["retry-after"] == "7"


async def test_sdk_retries_after_the_time_the_server_names() -> None:
    async with serving(Fault(status=429, retry_after=0.01), "Now.") as (base, player):
        async with anthropic.AsyncAnthropic(api_key="test", base_url=base, max_retries=1) as client:
            message = await client.messages.create(**to_claude())
        assert message.content[0].type == "text"
        assert message.content[0].text == "Now."
        assert len(player.requests) == 2


async def test_a_cut_stream_ends_without_its_end_in_every_format() -> None:
    cut = Reply(parts=(Text("one two three four five six"),), breaks_after=5)
    async with serving(cut, cut, cut) as (base, _), claude(base) as one, gpt(base) as other:
        with pytest.raises((httpx2.RemoteProtocolError, anthropic.APIConnectionError)):
            _ = [event async for event in await one.messages.create(**to_claude(stream=True))]
        with pytest.raises((httpx2.RemoteProtocolError, openai.APIConnectionError)):
            _ = [event async for event in await other.responses.create(**to_responses(stream=True))]
        with pytest.raises((httpx2.RemoteProtocolError, openai.APIConnectionError)):
            _ = [event async for event in await other.chat.completions.create(**to_chat(stream=True))]


async def test_what_was_streamed_before_a_cut_arrives() -> None:
    cut = Reply(parts=(Text("one two three four five six"),), breaks_after=5)
    async with serving(cut) as (base, _), claude(base) as client:
        seen: list[str] = []
        with pytest.raises((httpx2.RemoteProtocolError, anthropic.APIConnectionError)):
            await read_types(await client.messages.create(**to_claude(stream=True)), seen)
        assert seen.count("content_block_delta") == 2, f"two pieces were sent before the cut, these arrived: {seen}"


async def test_an_error_event_in_the_middle_is_raised_by_the_sdks() -> None:
    broken = Reply(parts=(Text("one two three four"),), breaks_after=3, breaks_with="error")
    async with serving(broken, broken) as (base, _), claude(base) as one, gpt(base) as other:
        with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
            _ = [event async for event in await one.messages.create(**to_claude(stream=True))]
        with pytest.raises(openai.APIError, match="Overloaded"):
            _ = [event async for event in await other.chat.completions.create(**to_chat(stream=True))]


async def test_responses_error_event_in_the_middle_is_the_last_event() -> None:
    broken = Reply(parts=(Text("one two three four"),), breaks_after=3, breaks_with="error")
    async with serving(broken) as (base, _), gpt(base) as client:
        events = [event async for event in await client.responses.create(**to_responses(stream=True))]
        assert events[-1].type == "error"
        assert events[-1].message == "Overloaded."


async def test_malformed_arguments_arrive_as_they_are() -> None:
    broken = say(Call("bash", raw='{"command": "ls'))
    async with serving(broken, broken, broken) as (base, _), claude(base) as one, gpt(base) as other:
        events = [event async for event in await one.messages.create(**to_claude(stream=True))]
        pieces = [
            event.delta.partial_json
            for event in events
            if event.type == "content_block_delta" and event.delta.type == "input_json_delta"
        ]
        assert "".join(pieces) == '{"command": "ls'
        response = await other.responses.create(**to_responses())
        assert response.output[0].type == "function_call"
        assert response.output[0].arguments == '{"command": "ls'
        completion = await other.chat.completions.create(**to_chat())
        assert (completion.choices[0].message.tool_calls or [])[0].function.arguments == '{"command": "ls'


@pytest.mark.parametrize(
    "line", [Fault(silent=True), Reply(parts=(Text("one two"),), breaks_after=1, breaks_with="silence")]
)
async def test_silence_lasts_until_the_client_gives_up(line: Line) -> None:
    async with serving(line) as (base, _), claude(base).with_options(timeout=0.2) as client:
        with pytest.raises((anthropic.APITimeoutError, httpx2.ReadTimeout)):
            await read_types(await client.messages.create(**to_claude(stream=True)), [])


async def test_closing_the_server_does_not_wait_for_a_silent_answer() -> None:
    asked = asyncio.Event()

    def stay_silent(request: ModelRequest) -> Fault:
        asked.set()
        return Fault(silent=True)

    async with serving(stay_silent) as (base, _), claude(base) as client:
        asking = asyncio.create_task(client.messages.create(**to_claude()))
        await asked.wait()
    with pytest.raises(anthropic.APIConnectionError):
        await asking


async def test_a_tool_call_without_its_result_is_refused_in_every_format() -> None:
    async with serving() as (base, player), claude(base) as one, gpt(base) as other:
        use = {"type": "tool_use", "id": "c1", "name": "read", "input": {}}
        with pytest.raises(anthropic.BadRequestError, match="c1"):
            await one.messages.create(**to_claude(messages=[*ASK, {"role": "assistant", "content": [use]}, *ASK]))
        call = {"type": "function_call", "call_id": "c1", "name": "read", "arguments": "{}"}
        with pytest.raises(openai.BadRequestError, match="c1"):
            await other.responses.create(**to_responses(input=[*ASK, call, *ASK]))
        orphan = {"role": "tool", "tool_call_id": "c1", "content": "x"}
        with pytest.raises(openai.BadRequestError, match="c1"):
            await other.chat.completions.create(**to_chat(messages=[*ASK, orphan]))
        assert player.requests == [], "a refused request never reaches the player"


async def test_models_are_listed_for_both_sdks() -> None:
    async with serving() as (base, _), claude(base) as one, gpt(base) as other:
        assert [model.id async for model in one.models.list()] == ["offline", "other"]
        assert [model.id async for model in other.models.list()] == ["offline", "other"]


async def test_tokens_are_counted_without_asking_the_player() -> None:
    async with serving() as (base, _), claude(base) as client:
        count = await client.messages.count_tokens(model="offline", messages=[{"role": "user", "content": "x" * 400}])
        assert 100 < count.input_tokens < 150


async def test_an_unknown_address_and_a_broken_body_get_an_answer() -> None:
    async with serving() as (base, _), httpx2.AsyncClient() as client:
        assert (await client.post(f"{base}/v1/embeddings", json={})).status_code == 404
        answer = await client.post(f"{base}/v1/messages", content=b"{nope")
        assert answer.status_code == 400
        assert "not JSON" in answer.json()["error"]["message"]
        answer = await client.post(f"{base}/v1/responses", json={"input": [{"type": "function_call"}]})
        assert answer.status_code == 400


async def test_a_script_that_is_over_says_so() -> None:
    async with serving("one") as (base, player), claude(base) as client:
        await client.messages.create(**to_claude())
        with pytest.raises(anthropic.BadRequestError, match="1 answers; this is request 2"):
            await client.messages.create(**to_claude())
        player.add("two")


async def test_many_clients_at_once_get_their_own_answers() -> None:
    async with serving(*(lambda request: say(request.messages[-1].text) for _ in range(20))) as (base, _):
        async with gpt(base) as client:
            asked = [to_chat(messages=[{"role": "user", "content": f"number {n}"}]) for n in range(20)]
            answers = await asyncio.gather(*(client.chat.completions.create(**one) for one in asked))
        assert [answer.choices[0].message.content for answer in answers] == [f"number {n}" for n in range(20)]

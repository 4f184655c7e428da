"""Any prefix of a conversation can be made fit to be sent."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.native.conversation import (
    Assistant,
    Image,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    User,
    decode,
    encode,
    repair,
)
from agents.native.models.anthropic import request_messages as anthropic_messages
from agents.native.models.openai_chat import request_messages as chat_messages
from agents.native.models.openai_responses import request_items
from agents.offline import wire_anthropic, wire_chat, wire_responses

_text = st.sampled_from(["", " ", "Words."])
_ids = st.sampled_from(["a", "b", "c"])
_part = st.one_of(
    st.builds(Text, text=_text),
    st.builds(Thinking, text=_text),
    st.builds(ToolCall, id=_ids, name=st.just("bash")),
)
_message = st.one_of(
    st.builds(User, text=st.just("Do it.")),
    st.builds(ToolResult, call=_ids, text=st.just("done")),
    st.lists(_part, max_size=4).map(lambda parts: Assistant(parts=_with_unique_calls(parts), wire="anthropic")),
)


def _with_unique_calls(parts: list[Text | Thinking | ToolCall]) -> tuple[Text | Thinking | ToolCall, ...]:
    seen: set[str] = set()
    return tuple(part for part in parts if not isinstance(part, ToolCall) or not (part.id in seen or seen.add(part.id)))


on_a_busy_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@on_a_busy_machine
@given(st.lists(_message, max_size=12))
def test_repaired_conversation_is_accepted_by_every_provider(messages: list[Message]) -> None:
    whole = [*repair(messages), User(text="Go on.")]
    # the loopback server checks what the real services check, and raises otherwise
    body = {"model": "m", "max_tokens": 1, "messages": anthropic_messages(whole, "m")}
    wire_anthropic.parse_request(body)
    wire_responses.parse_request({"model": "m", "input": request_items(whole, "m")})
    wire_chat.parse_request({"model": "m", "messages": chat_messages(whole, "m")})


@on_a_busy_machine
@given(st.lists(_message, max_size=12))
def test_repairing_twice_changes_nothing(messages: list[Message]) -> None:
    assert repair(repair(messages)) == repair(messages)


@pytest.mark.parametrize(
    "message",
    [
        User(text="Zeile\n\x00 ü"),
        Assistant(
            parts=(
                Thinking(text="Hm.", opaque={"type": "thinking", "signature": "s=="}),
                Text(text="Yes."),
                ToolCall(id="1", name="edit", arguments={"edits": [{"oldText": "a"}]}),
                ToolCall(id="2", name="bash", malformed='{"comm'),
            ),
            wire="openai",
            model="m",
        ),
        ToolResult(call="1", text="done", is_error=True, images=(Image(media_type="image/png", data="AA=="),)),
    ],
)
def test_message_comes_back_as_it_was_stored(message: Message) -> None:
    assert decode(encode(message)) == message


def test_unfinished_call_is_answered_as_interrupted_right_after_its_message() -> None:
    calls = Assistant(parts=(ToolCall(id="1", name="bash"), ToolCall(id="2", name="bash")))
    repaired = repair([User(text="a"), calls, ToolResult(call="2", text="ok"), User(text="b")])
    assert [type(message).__name__ for message in repaired] == ["User", "Assistant", "ToolResult", "ToolResult", "User"]
    assert isinstance(answer := repaired[3], ToolResult)
    assert (answer.call, answer.is_error) == ("1", True)


def test_reasoning_that_led_nowhere_is_dropped() -> None:
    cut = Assistant(parts=(Text(text="I will look."), Thinking(text="Where")))
    assert repair([User(text="a"), cut])[1:] == [Assistant(parts=(Text(text="I will look."),))]


def test_two_answers_never_follow_each_other() -> None:
    answer = Assistant(parts=(Text(text="x"),))
    repaired = repair([User(text="a"), answer, answer])
    assert [type(message).__name__ for message in repaired] == ["User", "Assistant", "User", "Assistant"]


def test_reasoning_of_another_provider_or_model_is_not_sent() -> None:
    opaque = {"type": "thinking", "thinking": "t", "signature": "s", "encrypted_content": "e", "field": "reasoning"}
    answer = Assistant(
        parts=(Thinking(text="t", opaque=opaque), Text(text="x"), ToolCall(id="1", name="bash")), wire="w", model="m"
    )
    whole = [User(text="a"), answer, ToolResult(call="1", text="ok")]
    assert [block["type"] for block in anthropic_messages(whole, "m")[1]["content"]] == ["text", "tool_use"]
    assert [item["type"] for item in request_items(whole, "m")] == [
        "message",
        "message",
        "function_call",
        "function_call_output",
    ]
    assert "reasoning" not in chat_messages(whole, "m")[1]

"""The offline server's fourth wire format, Gemini's, as plain HTTP, and answers in a shape that the client wants."""

from __future__ import annotations

import json
from typing import Any

import httpx2
from test_offline_server import BOTH_FILES, TOOLS, claude, gpt, serving, to_chat, to_claude, to_responses

from agents.offline import Call, Fault, Reply, Text, say
from agents.offline.shapes import fitting

# Gemini has no SDK here: `make test-agents` drives gemini-cli, which has Google's.

DECLARED = [{"functionDeclarations": [{"name": "read", "parametersJsonSchema": TOOLS}]}]


def to_gemini(*contents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"contents": contents or ({"role": "user", "parts": [{"text": "Mend it."}]},), "tools": DECLARED, **more}


async def ask_gemini(base: str, body: dict[str, Any], action: str = "generateContent") -> httpx2.Response:
    async with httpx2.AsyncClient(headers={"x-goog-api-key": "test"}, timeout=10) as client:
        return await client.post(f"{base}/v1beta/models/gemini-2.5-pro:{action}", json=body)


def events_of(answer: httpx2.Response) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]


def parts_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return list(answer["candidates"][0]["content"]["parts"])


async def test_gemini_stream_has_thoughts_text_whole_calls_and_usage() -> None:
    async with serving(BOTH_FILES) as (base, player):
        body = to_gemini(systemInstruction={"parts": [{"text": "Be short."}]})
        answer = await ask_gemini(base, body, "streamGenerateContent?alt=sse")
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = events_of(answer)
        parts = [part for event in events for part in parts_of(event)]
        assert "".join(part["text"] for part in parts if part.get("thought")) == "Two files look wrong."
        assert "".join(part["text"] for part in parts if "text" in part and not part.get("thought")) == "Reading."
        calls = [part["functionCall"] for part in parts if "functionCall" in part]
        assert [call["args"] for call in calls] == [{"path": "a.py"}, {"path": "ü"}]
        assert len({call["id"] for call in calls}) == 2
        assert [event["candidates"][0].get("finishReason") for event in events][-2:] == [None, "STOP"]
        usage = events[-1]["usageMetadata"]
        counted = [usage[f"{name}TokenCount"] for name in ("prompt", "candidates", "thoughts")]
        assert min(counted) > 0
        assert usage["totalTokenCount"] == sum(counted)
        request = player.requests[0]
        assert (request.wire, request.key, request.system) == ("gemini", "test", "Be short.")
        assert (request.model, request.stream, request.tools[0].schema) == ("gemini-2.5-pro", True, TOOLS)


async def test_gemini_conversation_goes_round_with_and_without_ids() -> None:
    async with serving(BOTH_FILES, "Done.") as (base, player):
        first = (await ask_gemini(base, to_gemini())).json()
        said = first["candidates"][0]["content"]
        del said["parts"][-1]["functionCall"]["id"]
        results = [
            {"functionResponse": {"id": said["parts"][-2]["functionCall"]["id"], "name": "read", "response": {"a": 1}}},
            {"functionResponse": {"name": "read", "response": {"error": "no such file"}}},
            {"text": "And be quick."},
        ]
        asked = {"role": "user", "parts": [{"text": "Mend it."}]}
        second = (await ask_gemini(base, to_gemini(asked, said, {"role": "user", "parts": results}))).json()
        assert parts_of(second)[0]["text"] == "Done."
        messages = player.requests[1].messages
        assert [message.role for message in messages] == ["user", "assistant", "tool", "tool", "user"]
        assert messages[1].text == "Reading.", "thoughts are no part of it"
        assert [call.call for call in messages[1].calls] == [message.call for message in messages[2:4]]
        assert [(message.text, message.failed) for message in messages[2:4]] == [
            ('{"a":1}', False), ("no such file", True)
        ]  # fmt: skip
        assert messages[4].text == "And be quick."


async def test_gemini_refuses_what_the_service_refuses() -> None:
    async with serving(BOTH_FILES, "never") as (base, player):
        said = (await ask_gemini(base, to_gemini())).json()["candidates"][0]["content"]
        asked = {"role": "user", "parts": [{"text": "Mend it."}]}
        answer = await ask_gemini(base, to_gemini(asked, said, asked))
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT"), "unanswered calls"
        orphan = {"role": "user", "parts": [{"functionResponse": {"name": "read", "response": {}}}]}
        assert (await ask_gemini(base, to_gemini(asked, orphan))).status_code == 400, "an answer to no call"
        assert (await ask_gemini(base, to_gemini({"role": "user", "parts": []}))).status_code == 400, "nothing said"
        said["parts"][-1]["functionCall"]["args"] = {"path": "another"}
        answer = await ask_gemini(base, to_gemini(asked, said))
        assert "Thought signature" in answer.json()["error"]["message"]
        assert len(player.requests) == 1, "a refused request never reaches the player"


async def test_gemini_faults_say_when_to_try_again() -> None:
    broken = Reply(parts=(Text("one two three four"),), breaks_after=2, breaks_with="error")
    async with serving(Fault(status=429, message="No.", retry_after=7), broken) as (base, _):
        answer = await ask_gemini(base, to_gemini(), "streamGenerateContent?alt=sse")
        error = answer.json()["error"]
        assert (answer.status_code, error["status"], error["message"]) == (429, "RESOURCE_EXHAUSTED", "No.")
        assert error["details"][0]["retryDelay"] == "7s"
        answer = await ask_gemini(base, to_gemini(), "streamGenerateContent?alt=sse")
        assert events_of(answer)[-1]["error"]["status"] == "UNAVAILABLE"


async def test_gemini_ends_with_the_reason() -> None:
    async with serving(say("A beginning", stop="length"), say(Call("read", raw="{nope"))) as (base, _):
        cut = (await ask_gemini(base, to_gemini())).json()
        assert (parts_of(cut)[0]["text"], cut["candidates"][0]["finishReason"]) == ("A beginning", "MAX_TOKENS")
        malformed = (await ask_gemini(base, to_gemini())).json()["candidates"][0]
        assert malformed["finishReason"] == "MALFORMED_FUNCTION_CALL"
        assert "{nope" in malformed["finishMessage"]


async def test_gemini_counts_and_lists_and_says_what_it_has_not() -> None:
    async with serving() as (base, _), httpx2.AsyncClient() as client:
        body = {"contents": [{"role": "user", "parts": [{"text": "x" * 400}]}]}
        assert 100 < (await ask_gemini(base, body, "countTokens")).json()["totalTokens"] < 150
        models = (await client.get(f"{base}/v1beta/models")).json()["models"]
        assert [model["name"] for model in models] == ["models/offline", "models/other"]
        answer = await ask_gemini(base, body, "embedContent")
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


SHAPE = {
    "type": "OBJECT",
    "properties": {
        "score": {"type": "INTEGER", "minimum": 3},
        "why": {"type": ["string", "null"]},
        "choice": {"enum": ["flash", "pro"]},
        "list": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}},
        "left out": {"type": "string"},
    },
    "required": ["score", "why", "choice", "list"],
}


async def test_who_wants_json_gets_a_player_that_knows_its_shape() -> None:
    chat = {"type": "json_schema", "json_schema": {"name": "s", "schema": SHAPE}}
    text = {"format": {"type": "json_schema", "name": "s", "schema": SHAPE}}
    output = {"format": {"type": "json_schema", "schema": SHAPE}}
    async with serving("{}", "{}", "{}", "{}") as (base, player), claude(base) as one, gpt(base) as other:
        await ask_gemini(base, to_gemini(generationConfig={"responseJsonSchema": SHAPE}))
        await other.chat.completions.create(**to_chat(response_format=chat))
        await other.responses.create(**to_responses(text=text))
        await one.messages.create(**to_claude(output_config=output))
        assert [request.answer_schema for request in player.requests] == [SHAPE] * 4
        assert fitting(SHAPE) == {"score": 3, "why": "", "choice": "flash", "list": [False]}

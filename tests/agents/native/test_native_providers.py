"""The native driver through the real SDKs, against the loopback server, in the real sandbox."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from native_scene import WIRES, a_driver, a_profile, a_worktree

from agents.drivers import Notice, TextEnded, ToolEnded, ToolStarted, Used, Waiting
from agents.native.conversation import Assistant, Thinking, ToolCall, ToolResult, User
from agents.native.models import Patience
from agents.offline import Call, Fault, Reply, Text, say
from agents.offline import Thinking as Thought
from agents.profiles import Prices
from tests.images import a_picture

every_wire = pytest.mark.parametrize("wire", WIRES)


@every_wire
async def test_turn_streams_text_runs_tools_and_ends(tmp_path: Path, wire: str) -> None:
    a_worktree(tmp_path, hello__py="print('helo')\n")
    script = [
        say("Let me look.", Call("read", {"path": "hello.py"})),
        say(Call("edit", {"path": "hello.py", "edits": [{"oldText": "helo", "newText": "hello"}]})),
        say(Call("bash", {"command": "cat hello.py"})),
        "Corrected the **greeting**.",
    ]
    async with a_driver(tmp_path, script, profile=a_profile(wire)) as (driver, reports, player):
        end = await driver.run_turn("Correct the typo.")
    assert end.outcome == "done", end
    assert reports.outputs == ["print('helo')", "Changed hello.py at line 1.", "print('hello')"]
    assert reports.text == "Let me look.Corrected the **greeting**."
    assert "-print('helo')\n+print('hello')" in reports.of(ToolEnded)[1].diff
    assert [tool.title for tool in reports.of(ToolStarted)] == ["hello.py", "hello.py", "cat hello.py"]
    assert player.remaining == 0


def pictures_in(body: dict[str, Any]) -> list[str]:
    """The pictures of what was said last, in any wire format, as their Base64."""
    content = (body.get("messages") or body["input"])[-1]["content"]
    blocks = content if isinstance(content, list) else []
    found = [block for block in blocks if block["type"] in ("image", "input_image", "image_url")]
    address = [block.get("image_url", "") for block in found]
    urls = [url["url"] if isinstance(url, dict) else url for url in address]
    return [
        block["source"]["data"] if block["type"] == "image" else url.partition(",")[2]
        for block, url in zip(found, urls, strict=True)
    ]


@pytest.mark.parametrize(
    ("wire", "setting", "seen"),
    [("anthropic", None, 1), ("openai", None, 1), ("openai-chat", None, 0), ("openai-chat", True, 1),
     ("anthropic", False, 0)],
)  # fmt: skip
async def test_images_that_a_prompt_names_go_with_it_to_models_that_see_them(
    tmp_path: Path, wire: str, setting: bool | None, seen: int
) -> None:
    (a_worktree(tmp_path) / "shot.png").write_bytes(a_picture())
    async with a_driver(tmp_path, ["I see."], profile=a_profile(wire, images=setting)) as (driver, reports, player):
        end = await driver.run_turn("What is wrong in @shot.png?")
    assert end.outcome == "done", end
    assert pictures_in(player.requests[0].body) == [base64.b64encode(a_picture()).decode()] * seen
    (said,) = [message for message in reports.remembered if isinstance(message, User)]
    assert said.text == "What is wrong in @shot.png?"


@every_wire
async def test_parallel_calls_are_all_answered(tmp_path: Path, wire: str) -> None:
    calls = [Call("bash", {"command": f"echo number {number}"}) for number in range(4)]
    async with a_driver(tmp_path, [say(*calls), "Done."], profile=a_profile(wire)) as (driver, reports, player):
        end = await driver.run_turn("Count.")
    assert end.outcome == "done", end
    assert sorted(reports.outputs) == [f"number {number}" for number in range(4)]
    answers = [message.text for message in player.requests[1].messages if message.role == "tool"]
    assert sorted(answers) == [f"number {number}" for number in range(4)]


@every_wire
async def test_malformed_arguments_come_back_as_an_error_the_model_can_mend(tmp_path: Path, wire: str) -> None:
    script = [say(Call("bash", raw='{"command": "echo')), say(Call("bash", {"command": "echo better"})), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile(wire)) as (driver, reports, player):
        end = await driver.run_turn("Say better.")
    assert end.outcome == "done", end
    assert [tool.status for tool in reports.of(ToolEnded)] == ["failed", "done"]
    assert "not a JSON object" in player.requests[1].messages[-1].text


@every_wire
async def test_thinking_is_shown_and_sent_back_as_the_provider_wants_it(tmp_path: Path, wire: str) -> None:
    script = [say(Thought("Consider the folder first."), Call("bash", {"command": "ls"})), "Nothing there."]
    async with a_driver(tmp_path, script, profile=a_profile(wire, thinking="high")) as (driver, reports, player):
        end = await driver.run_turn("Look.")
    assert end.outcome == "done", end
    assert reports.thinking == "Consider the folder first."
    first = next(message for message in reports.remembered if isinstance(message, Assistant))
    assert isinstance(first.parts[0], Thinking)
    body = player.requests[1].body
    if wire == "anthropic":
        # the server has checked the signature
        assert body["messages"][1]["content"][0]["thinking"] == "Consider the folder first."
    elif wire == "openai":
        item = body["input"][1]
        assert item["type"] == "reasoning"
        assert item["encrypted_content"].startswith("offline-")
    else:
        assert body["messages"][2]["reasoning_content"] == "Consider the folder first."


@every_wire
async def test_thinking_and_answer_are_two_entries(tmp_path: Path, wire: str) -> None:
    async with a_driver(tmp_path, [say(Thought("Hm."), Text("Yes."))], profile=a_profile(wire)) as (driver, reports, _):
        await driver.run_turn("Is it?")
    assert len(reports.of(TextEnded)) == 2, reports.all


@every_wire
async def test_usage_is_reported_with_its_cost(tmp_path: Path, wire: str) -> None:
    profile = a_profile(wire, prices=Prices(input=3.0, output=15.0), context_window=1000)
    async with a_driver(tmp_path, ["Done."], profile=profile) as (driver, reports, _):
        await driver.run_turn("Work.")
    used = reports.of(Used)
    assert len(used) == 1
    usage = used[0].usage
    assert usage.input_tokens > 0
    assert usage.output_tokens > 0
    assert usage.cost_usd == pytest.approx((usage.input_tokens * 3 + usage.output_tokens * 15) / 1e6)
    assert (used[0].context_used, used[0].context_window, used[0].model) == (usage.tokens, 1000, "model-1")


@every_wire
async def test_answer_that_is_cut_is_counted_as_well_as_can_be(tmp_path: Path, wire: str) -> None:
    text = "Much was written before this was cut. " * 20
    cut = Reply(parts=(Text(text),), breaks_after=60, breaks_with="silence")
    profile = a_profile(wire, prices=Prices(input=3.0, output=15.0))
    async with a_driver(tmp_path, [cut], profile=profile) as (driver, reports, _):
        turn = asyncio.create_task(driver.run_turn("Say much."))
        await reports.until(lambda seen: len(seen.text) > 200)
        await driver.interrupt()
        assert (await turn).outcome == "interrupted"
    (used,) = reports.of(Used)
    assert used.usage.output_tokens >= 50, "what it wrote is not counted"
    assert used.usage.input_tokens > 200, "what it read is not counted"
    assert used.usage.cost_usd
    assert used.context_used == used.usage.tokens


async def test_cost_is_unknown_without_prices(tmp_path: Path) -> None:
    async with a_driver(tmp_path, ["Done."]) as (driver, reports, _):
        await driver.run_turn("Work.")
    assert reports.of(Used)[0].usage.cost_usd is None


@every_wire
async def test_wrong_key_blocks_and_names_its_variable(tmp_path: Path, wire: str) -> None:
    script = [Fault(status=401), "Now it works."]
    async with a_driver(
        tmp_path, script, profile=a_profile(wire, api_key_env="MY_KEY"), environment={"MY_KEY": "x"}
    ) as (
        driver,
        reports,
        _,
    ):
        end = await driver.run_turn("Work.")
        assert end.outcome == "blocked", end
        assert "MY_KEY" in end.reason
        assert "resume" in end.hint
        again = await driver.run_turn("")
    assert again.outcome == "done", again
    assert reports.text == "Now it works."


@every_wire
async def test_missing_key_blocks_before_anything_is_sent(tmp_path: Path, wire: str) -> None:
    async with a_driver(tmp_path, [], profile=a_profile(wire), environment={}) as (driver, reports, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "blocked"
    assert ("ANTHROPIC_API_KEY" if wire == "anthropic" else "OPENAI_API_KEY") in end.reason
    assert not player.requests
    assert not reports.all, "the prompt counts as delivered although it was not"


async def test_server_without_keys_gets_none(tmp_path: Path) -> None:
    profile = a_profile("openai-chat", needs_key=False)
    async with a_driver(tmp_path, ["Done."], profile=profile, environment={}) as (driver, _, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    assert player.requests[0].key == "none"


@every_wire
async def test_unknown_model_blocks_and_names_it(tmp_path: Path, wire: str) -> None:
    async with a_driver(tmp_path, [Fault(status=404)], profile=a_profile(wire)) as (driver, _, _):
        end = await driver.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "model-1" in end.reason


@every_wire
async def test_request_the_provider_does_not_take_blocks_with_its_words(tmp_path: Path, wire: str) -> None:
    fault = Fault(status=400, message="temperature is strange")
    async with a_driver(tmp_path, [fault], profile=a_profile(wire)) as (driver, _, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "temperature is strange" in end.reason
    assert len(player.requests) == 1


@every_wire
async def test_image_that_is_refused_is_left_out_and_said_and_the_next_one_is_shown(tmp_path: Path, wire: str) -> None:
    worktree = a_worktree(tmp_path)
    (worktree / "bad.png").write_bytes(a_picture())
    (worktree / "good.png").write_bytes(a_picture() + b"more")
    refused = Fault(status=400, message="messages.0.content.1: Could not process image")
    profile = a_profile(wire, images=True)
    async with a_driver(tmp_path, [refused, "Gone.", "Seen."], profile=profile) as (driver, reports, player):
        assert (await driver.run_turn("Look at @bad.png.")).outcome == "done", "the conversation can never go on"
        assert (await driver.run_turn("And at @good.png.")).outcome == "done"
    (notice,) = reports.of(Notice)
    assert "Could not process image" in notice.text
    bad, good = (base64.b64encode((worktree / name).read_bytes()).decode() for name in ("bad.png", "good.png"))
    sent = [str(request.body) for request in player.requests]
    assert [bad in body.replace(good, "") for body in sent] == [True, False, False]
    assert [good in body for body in sent] == [False, False, True]
    assert "An image that stood here is left out" in sent[1]


@every_wire
async def test_full_context_window_blocks_and_says_so(tmp_path: Path, wire: str) -> None:
    fault = Fault(status=400, message="prompt is too long: 210000 tokens > 200000 maximum")
    async with a_driver(tmp_path, [fault], profile=a_profile(wire)) as (driver, _, _):
        end = await driver.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "context window" in end.reason


@every_wire
async def test_rate_limit_waits_as_long_as_the_provider_asks(tmp_path: Path, wire: str) -> None:
    script = [Fault(status=429, retry_after=0.02), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile(wire)) as (driver, reports, _):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    notice = reports.of(Notice)[0]
    assert "status 429" in notice.text
    assert 0.02 <= reports.of(Waiting)[0].seconds <= 0.025
    assert notice.severity == "warning"


@every_wire
async def test_overload_that_does_not_end_blocks_after_some_tries(tmp_path: Path, wire: str) -> None:
    async with a_driver(tmp_path, [Fault(status=529)] * 3, profile=a_profile(wire)) as (driver, reports, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "overloaded" in end.reason
    assert len(reports.of(Notice)) == 2
    assert len(player.requests) == 3


@every_wire
@pytest.mark.parametrize("breaks_with", ["cut", "error"])
async def test_stream_that_breaks_keeps_its_text_and_goes_on(tmp_path: Path, wire: str, breaks_with: str) -> None:
    broken = Reply(
        parts=(Text("The first half of the answer "), Call("bash", {"command": "touch never"})),
        breaks_after=8,
        breaks_with=breaks_with,  # type: ignore[arg-type]
    )
    async with a_driver(tmp_path, [broken, "and the second."], profile=a_profile(wire)) as (driver, reports, player):
        end = await driver.run_turn("Write.")
    assert end.outcome == "done", end
    assert len(reports.of(Notice)) == 1
    assert not (tmp_path / "work" / "never").exists(), "a tool call of a broken answer was carried out"
    said = [message for message in player.requests[1].messages if message.role == "assistant"]
    assert said[0].text, "the text of the broken answer is lost"
    assert reports.text.startswith(said[0].text)
    assert reports.text.endswith("and the second.")


@every_wire
@pytest.mark.parametrize("where", ["before the answer", "in the answer"])
async def test_silence_is_given_up_and_tried_again(tmp_path: Path, wire: str, where: str) -> None:
    silent = (
        Fault(silent=True)
        if where == "before the answer"
        else Reply(parts=(Text("One two three four five six seven"),), breaks_after=7, breaks_with="silence")
    )
    before = where == "before the answer"
    patience = Patience(first_byte_seconds=0.3 if before else 60, idle_seconds=60 if before else 0.3)
    async with a_driver(tmp_path, [silent, "Done."], profile=a_profile(wire), patience=patience) as (
        driver,
        reports,
        _,
    ):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    assert "said nothing for" in reports.of(Notice)[0].text


@every_wire
async def test_server_that_is_not_there_is_tried_again_and_then_blocks(tmp_path: Path, wire: str) -> None:
    async with a_driver(tmp_path, [], profile=a_profile(wire, base_url="http://127.0.0.1:9/v1")) as (
        driver,
        reports,
        _,
    ):
        driver._base_url = ""
        end = await driver.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "cannot be reached" in end.reason
    assert len(reports.of(Notice)) == 2


@every_wire
async def test_conversation_goes_on_after_the_engine_was_away(tmp_path: Path, wire: str) -> None:
    script = [say(Thought("Hm."), "Looking.", Call("bash", {"command": "echo 1"})), "First done."]
    async with a_driver(tmp_path, script, profile=a_profile(wire, thinking="low")) as (driver, reports, _):
        await driver.run_turn("First.")
    history = reports.remembered
    async with a_driver(tmp_path, ["Second done."], profile=a_profile(wire), history=history) as (
        driver,
        reports,
        player,
    ):
        end = await driver.run_turn("Second.")
    assert end.outcome == "done", end
    roles = [message.role for message in player.requests[0].messages]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]
    reasoning = "offline-" if wire == "openai" else "'Hm.'"
    assert reasoning in str(player.requests[0].body), "reasoning is not sent back"


@every_wire
async def test_crash_between_call_and_result_leaves_a_conversation_that_goes_on(tmp_path: Path, wire: str) -> None:
    script = [say(Call("bash", {"command": "echo 1"}), Call("bash", {"command": "echo 2"})), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile(wire)) as (driver, reports, _):
        await driver.run_turn("Work.")
    told = reports.remembered
    cut = told[: next(number for number, message in enumerate(told) if isinstance(message, ToolResult)) + 1]
    async with a_driver(tmp_path, ["Going on."], profile=a_profile(wire), history=cut) as (driver, reports, player):
        end = await driver.run_turn("")
    assert end.outcome == "done", end
    assert "interrupted" in player.requests[0].messages[-1].text


async def test_cache_breakpoints_stand_where_the_last_request_ended_and_where_this_one_does(tmp_path: Path) -> None:
    script = [say(Call("bash", {"command": "echo 1"})), say(Call("bash", {"command": "echo 2"})), "Done."]
    async with a_driver(tmp_path, script) as (driver, _, player):
        await driver.run_turn("Work.")

    def marked(request: int) -> list[int]:
        messages = player.requests[request].body["messages"]
        return [number for number, message in enumerate(messages) if "cache_control" in message["content"][-1]]

    assert [marked(number) for number in range(3)] == [[0], [0, 2], [2, 4]]
    assert all("cache_control" in request.body["system"][0] for request in player.requests)


async def test_calls_of_another_providers_model_have_ids_that_are_taken(tmp_path: Path) -> None:
    call = ToolCall(id="functions.bash:0", name="bash", arguments={"command": "true"})
    answer = Assistant(parts=(call,), wire="openai-chat", model="other")
    history = [User(text="Look."), answer, ToolResult(call=call.id, text="(no output)")]
    async with a_driver(tmp_path, ["Seen."], history=history) as (driver, _, player):
        assert (await driver.run_turn("Go on.")).outcome == "done"
    asked, answered = (player.requests[0].body["messages"][number]["content"][0] for number in (1, 2))
    assert asked["id"] == answered["tool_use_id"] == "functions_bash_0"


async def test_first_request_is_small(tmp_path: Path) -> None:
    async with a_driver(tmp_path, ["Done."]) as (driver, _, player):
        await driver.run_turn("Work.")
    body = player.requests[0].body
    size = len(str(body["system"])) + len(str(body["tools"])) + len(str(body["messages"]))
    assert size / 4 < 2000, f"about {size // 4} tokens"


async def test_older_anthropic_model_gets_a_thinking_budget(tmp_path: Path) -> None:
    fault = Fault(status=400, message="adaptive thinking is not supported on this model")
    async with a_driver(tmp_path, [fault, "Done."], profile=a_profile(thinking="medium")) as (driver, _, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    assert player.requests[0].body["thinking"]["type"] == "adaptive"
    assert player.requests[1].body["thinking"] == {"type": "enabled", "budget_tokens": 8000}


async def test_chat_server_that_refuses_an_option_is_asked_without_it(tmp_path: Path) -> None:
    fault = Fault(status=400, message="Unknown parameter: stream_options")
    script = [fault, say(Call("bash", {"command": "true"})), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile("openai-chat")) as (driver, reports, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    assert ["stream_options" in request.body for request in player.requests] == [True, False, False]
    used = reports.of(Used)[0]
    assert used.usage.cost_usd is None, "a server that reports no usage has no known cost"
    assert used.context_used > 0


@pytest.mark.parametrize(
    "words",
    [
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Unexpected role 'user' after role 'tool'",
        "System role not supported",
    ],
)
async def test_chat_server_that_refuses_an_order_of_roles_gets_another(tmp_path: Path, words: str) -> None:
    history = [User(text="First."), User(text="Second.")]
    call = say(Call("bash", {"command": "true"}))
    script = [Fault(status=400, message=words), call, "Done."]
    async with a_driver(tmp_path, script, profile=a_profile("openai-chat"), history=history) as (
        driver,
        reports,
        player,
    ):
        turn = asyncio.create_task(driver.run_turn("Third."))
        await reports.until(lambda seen: seen.of(ToolStarted))
        assert driver.steer(1, "Fourth.")
        assert (await turn).outcome == "done"
    last = player.requests[-1].body["messages"]
    assert [message["role"] for message in last] == ["user", "assistant", "tool", "assistant", "user"]
    for said in ("You are a coding agent", "First.", "Second.", "Third."):
        assert said in last[0]["content"]
    assert last[-1]["content"] == "Fourth."


async def test_chat_server_that_wants_calls_signed_gets_what_it_takes_instead(tmp_path: Path) -> None:
    made = ToolCall(id="a", name="bash", arguments={"command": "true"})
    answer = Assistant(parts=(made,), wire="anthropic", model="other")
    history = [User(text="Look."), answer, ToolResult(call="a", text="(no output)")]
    refused = Fault(status=400, message="Function call is missing a thought_signature in functionCall parts.")
    profile = a_profile("openai-chat")
    async with a_driver(tmp_path, [refused, "Seen."], profile=profile, history=history) as (driver, _, player):
        assert (await driver.run_turn("Go on.")).outcome == "done"
    first, second = ((request.body["messages"][2]["tool_calls"][0]) for request in player.requests)
    assert "extra_content" not in first
    assert second["extra_content"] == {"google": {"thought_signature": "skip_thought_signature_validator"}}


async def test_responses_are_stateless(tmp_path: Path) -> None:
    async with a_driver(tmp_path, ["Done."], profile=a_profile("openai", thinking="low")) as (driver, _, player):
        await driver.run_turn("Work.")
    body = player.requests[0].body
    assert body["store"] is False
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["reasoning"]["effort"] == "low"

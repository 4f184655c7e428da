"""However a model or its provider fails, a person sees why and how long it takes, and nothing goes on for ever."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path

import pytest
from native_scene import WIRES, Answer, PlayedModel, Reports, a_driver, a_profile, a_tool_host
from test_native_loop import run

from agents.drivers import Notice, Waiting
from agents.errors import ModelError
from agents.native.budget import Limits
from agents.native.conversation import IN_CIRCLES, ToolCall, User
from agents.native.loop import Agent
from agents.native.models import Overflow, Retryable, Stopped, TextPiece, open_model
from agents.native.models.failures import meaning
from agents.offline import Fault
from agents.profiles import NativeSection

every_wire = pytest.mark.parametrize("wire", WIRES)

TRIED_AGAIN = {
    408: "timed out", 409: "conflict", 425: "too early", 429: "limiting requests", 500: "fault", 502: "fault",
    503: "overloaded", 504: "fault", 529: "overloaded",
}  # fmt: skip
FOR_A_PERSON = {
    401: ("does not accept the key", "API_KEY"), 402: ("", ""), 403: ("does not accept the key", "API_KEY"),
    404: ("does not know the model", "profile"), 422: ("does not take the request", "profile"),
    413: ("context window", "larger window"),
}  # fmt: skip


@every_wire
@pytest.mark.parametrize("status", TRIED_AGAIN)
async def test_what_may_pass_is_tried_again_and_its_wait_is_seen(tmp_path: Path, wire: str, status: int) -> None:
    async with a_driver(tmp_path, [Fault(status=status), "Done."], profile=a_profile(wire)) as (driver, reports, _):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    (notice,) = reports.of(Notice)
    assert f"status {status}" in notice.text
    assert TRIED_AGAIN[status] in notice.text, "the reason is not said"
    began, over = reports.of(Waiting)
    assert began.seconds > 0, "there is no countdown"
    assert f"status {status}" in began.reason
    assert over == Waiting(), "the countdown does not end"


@every_wire
@pytest.mark.parametrize("status", FOR_A_PERSON)
async def test_what_does_not_pass_blocks_at_once_with_a_way_on(tmp_path: Path, wire: str, status: int) -> None:
    fault = Fault(status=status, message="not like that")
    async with a_driver(tmp_path, [fault], profile=a_profile(wire)) as (driver, reports, player):
        end = await driver.run_turn("Work.")
    reason, hint = FOR_A_PERSON[status]
    assert end.outcome == "blocked", end
    assert reason in end.reason
    assert hint in end.hint
    assert end.hint, "it is not said what to do"
    assert len(player.requests) == 1
    assert not reports.of(Waiting)


def refusal(words: str, status: int) -> Exception:
    """An error as the SDKs make it of an answer, read by us."""
    error = Exception(words)
    error.status_code, error.body = status, {"error": {"message": words}}  # type: ignore[attr-defined]
    section = NativeSection(provider="anthropic", model="m", needs_key=False)
    return meaning(error, open_model(section, {}, "http://127.0.0.1:1").endpoint)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("input length and `max_tokens` exceed context limit: 199759 + 20000 > 200000", 400),
        ("Your input exceeds the context window of this model.", 400),
        ("Input tokens exceed the configured limit of 272000 tokens. Your messages have 300000 tokens.", 400),
        ("The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).", 400),
        ("This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 400),
        ("Please reduce the length of the messages or completion.", 400),
        ("prompt token count of 150000 exceeds the limit of 128000", 400),
        ("Your request exceeded model token limit: 131072 (requested: 140000)", 400),
        ("the request exceeds the available context size, try increasing it", 500),
        ("Input is too long for requested model.", 400),
        ("The prompt (length 40000) is longer than the maximum model length of 32768", 400),
    ],
)
def test_every_provider_has_words_of_its_own_for_a_full_window(words: str, status: int) -> None:
    assert isinstance(refusal(words, status), Overflow)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Too many tokens, please wait before trying again.", 429),
        ("max_tokens: 64000 > 8192, which is the maximum allowed number of output tokens for this model", 400),
        ("max_tokens is too large: 100000. This model supports at most 16384 completion tokens.", 400),
        ("thinking.budget_tokens: Input should be less than max_tokens", 400),
        ("Invalid 'input[3].content': string too long. Expected a string with maximum length 10485760", 400),
    ],
)
def test_other_limits_are_no_full_window(words: str, status: int) -> None:
    assert not isinstance(refusal(words, status), Overflow), "the conversation would be shortened for nothing"


FOREVER: dict[str, Answer] = {
    "cannot be reached": [Retryable("played is overloaded")],
    "is cut in its text": ["some", TextPiece(text=" text"), Retryable("The answer ended in the middle")],
    "is cut in a call": ["some", ToolCall(id="1", name="bash", malformed='{"comm'), Retryable("The answer ended")],
    "answers nothing": [],
    "never comes to an end": ["More", Stopped(reason="length")],
    "stops in a call": [ToolCall(id="1", name="bash", malformed='{"comm'), Stopped(reason="length")],
    "fills its window": ["More", Stopped(reason="overflow")],
    "does not take the conversation": [Overflow("The conversation is longer than the window", "Start anew.")],
    "makes no sense of its tools": [ToolCall(id="1", name="bash", malformed="{{")],
    "calls a tool that is not there": [ToolCall(id="1", name="browse", arguments={})],
    "does the same again and again": [run("true")],
    "refuses": [Stopped(reason="refusal")],
    "has no credit": [ModelError("There is no credit left", "Add credit.")],
}


@pytest.mark.parametrize("answer", FOREVER.values(), ids=FOREVER)
async def test_turn_comes_to_an_end_with_a_model_that_always(tmp_path: Path, answer: Answer) -> None:
    limits = Limits(steps=12, tries=3, first_wait_seconds=0.0)
    model, reports = PlayedModel(*repeat(answer, 100)), Reports()
    async with a_tool_host(tmp_path) as host:
        agent = Agent(model=model, tool_host=host, system="S", report=reports, limits=limits)
        end = await agent.run_turn("Work.")
        assert end.outcome == "blocked", end
        assert end.reason, "it is not said why"
        assert end.hint, "it is not said what to do"
        assert len(model.asked) <= 20, f"it asked {len(model.asked)} times"
        again = await agent.run_turn("")
    assert again.outcome == "blocked", "resuming it is no way on"


async def test_model_that_goes_round_in_circles_is_told_and_then_the_person_is_asked(tmp_path: Path) -> None:
    model, reports = PlayedModel(*repeat([run("echo the same")], 40)), Reports()
    async with a_tool_host(tmp_path) as host:
        agent = Agent(model=model, tool_host=host, system="S", report=reports)
        end = await agent.run_turn("Work.")
        assert (end.outcome, len(model.asked)) == ("blocked", 12), end
        again = await agent.run_turn("Try something else.")
    assert "same call with the same result" in end.reason
    assert "instead" in end.hint
    told = [bool(messages[-1] == User(text=IN_CIRCLES)) for messages in model.asked[:12]]
    assert told.index(True) == 4, "it is not told after the fourth time"
    assert told.count(True) == 1
    assert (again.outcome, len(model.asked)) == ("blocked", 24), "it gets as many tries again"


async def test_polling_for_something_that_changes_is_no_circle(tmp_path: Path) -> None:
    model, reports = PlayedModel(*repeat([run("echo x >> count; wc -l < count")], 30), ["Done."]), Reports()
    async with a_tool_host(tmp_path) as host:
        end = await Agent(model=model, tool_host=host, system="S", report=reports).run_turn("Wait.")
    assert end.outcome == "done", end
    assert not any(User(text=IN_CIRCLES) in messages for messages in model.asked)

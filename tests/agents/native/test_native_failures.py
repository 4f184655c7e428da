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
from agents.native.models import Overflow, Retryable, Stopped, TextPiece
from agents.offline import Fault

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

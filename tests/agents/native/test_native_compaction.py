"""A conversation that grows too long is shortened, and what is sent stays fit for every provider."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from native_scene import WIRES, Answer, PlayedModel, Reports, a_driver, a_profile, a_tool_host, a_worktree
from test_native_conversation import on_a_busy_machine

from agents.drivers import Notice, Remember, ToolEnded, ToolStarted, Used
from agents.errors import ModelError
from agents.model import Usage
from agents.native.budget import Limits
from agents.native.compaction import compacted, cut_point, material
from agents.native.conversation import (
    CUT_OFF,
    Assistant,
    Compacted,
    Message,
    Record,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    User,
    decode,
    encode,
    repair,
)
from agents.native.loop import Agent
from agents.native.models import Overflow, Retryable, Spent, Stopped
from agents.native.models.anthropic import request_messages as anthropic_messages
from agents.native.models.openai_chat import request_messages as chat_messages
from agents.native.models.openai_responses import request_items
from agents.offline import Call, Fault, say, wire_anthropic, wire_chat, wire_responses

FULL = Spent(usage=Usage(input_tokens=95_000, output_tokens=10))
SUMMARY = "## Goal\n- Mend the parser."


def run(command: str, call: str = "1") -> ToolCall:
    return ToolCall(id=call, name="bash", arguments={"command": command})


def read(path: str, call: str) -> ToolCall:
    return ToolCall(id=call, name="read", arguments={"path": path})


LONG = "z" * 60_000
"""About 15,000 tokens."""
PAST: tuple[Message, ...] = (
    User(text="Mend the parser."),
    Assistant(parts=(Text(text=LONG), read("parser.py", "p"))),
    ToolResult(call="p", text="def parse(): ..."),
    Assistant(parts=(Text(text="Read it."),)),
)


@asynccontextmanager
async def a_scene(
    tmp_path: Path,
    *answers: Answer,
    history: Sequence[Record] = (),
    window: int = 100_000,
    limits: Limits | None = None,
) -> AsyncIterator[tuple[Agent, PlayedModel, Reports]]:
    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    async with a_tool_host(tmp_path) as host:
        model, reports = PlayedModel(*answers), Reports()
        yield (
            Agent(
                model=model,
                tool_host=host,
                system="Tested.",
                report=reports,
                history=history,
                context_window=window,
                limits=limits,
                sleep=at_once,
            ),
            model,
            reports,
        )


def stored(reports: Reports) -> list[Record]:
    return [decode(report.message) for report in reports.of(Remember)]


async def test_conversation_near_the_window_is_shortened_before_the_next_request(tmp_path: Path) -> None:
    a_worktree(tmp_path, a__py="A = 1\n")
    writes = ToolCall(id="w", name="write", arguments={"path": "b.py", "content": "B = 2\n"})
    first = ["Looking." + LONG, read("a.py", "r"), writes, FULL, Stopped(reason="end")]
    async with a_scene(tmp_path, first, [SUMMARY], ["Done."]) as (agent, model, reports):
        end = await agent.run_turn("Mend the parser.")
    assert end.outcome == "done", end
    asked = model.asked[1]
    assert len(asked) == 1, "the summary is asked for in a conversation of its own"
    assert "Mend the parser." in asked[0].text  # type: ignore[union-attr]
    shown = model.asked[2][0]
    assert isinstance(shown, User)
    for words in (SUMMARY, "<said>\nMend the parser.\n</said>", "Files changed so far:\nb.py", "read so far:\na.py"):
        assert words in shown.text
    tool = reports.of(ToolEnded)[-1]
    assert (reports.of(ToolStarted)[-1].name, tool.status) == ("compact", "done")
    assert SUMMARY in tool.output
    used = [report.context_used for report in reports.of(Used)]
    assert 0 < used[2] < 30_000 < used[0], f"the context shown after shortening is {used}"


async def test_shortened_conversation_goes_on_the_same_after_a_restart(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [SUMMARY], ["Answered."], history=PAST) as (agent, model, reports):
        assert (await agent.compact()).outcome == "done"
        await agent.run_turn("Next.")
        sent = model.asked[1]
    again = [*PAST, *(record for record in stored(reports)[:2])]
    async with a_scene(tmp_path, ["Fine."], history=again) as (agent, model, _):
        await agent.run_turn("")
    assert model.asked[0] == sent, "what was sent before and after the restart differs"


async def test_overflow_error_is_answered_by_shortening_once(tmp_path: Path) -> None:
    too_long = Overflow("The conversation is longer than the model's context window.")
    async with a_scene(tmp_path, [too_long], [SUMMARY], ["Done."], history=PAST) as (agent, model, _):
        end = await agent.run_turn("Go on.")
    assert end.outcome == "done", end
    assert model.asked[2][-1] == User(text="Go on."), "the prompt nobody has answered must stay as it is"
    async with a_scene(tmp_path, [too_long], [SUMMARY], [too_long], history=PAST) as (agent, _, _):
        end = await agent.run_turn("Go on.")
    assert end.outcome == "blocked"
    assert "context window" in end.reason


async def test_material_that_does_not_fit_either_is_asked_for_in_smaller_parts(tmp_path: Path) -> None:
    too_long = Overflow("too long")
    async with a_scene(tmp_path, [too_long], [too_long], [SUMMARY], ["Done."], history=PAST, window=20_000) as (
        agent,
        model,
        _,
    ):
        assert (await agent.run_turn("Go on.")).outcome == "done"
    first, second = (asked[0].text for asked in model.asked[1:3])  # type: ignore[union-attr]
    assert len(second) < len(first) * 0.6


async def test_window_that_fills_while_the_model_answers_is_made_room_in(tmp_path: Path) -> None:
    answers = [["I have", Stopped(reason="overflow")], [SUMMARY], ["finished."]]
    async with a_scene(tmp_path, *answers, history=PAST) as (agent, model, reports):
        end = await agent.run_turn("Go on.")
    assert end.outcome == "done", end
    assert reports.text == "I havefinished."
    assert model.asked[2][-1] == User(text=CUT_OFF)


async def test_full_window_with_nothing_to_leave_out_blocks(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [Overflow("The conversation is too long.")]) as (agent, _, _):
        end = await agent.run_turn("x" * 1000)
    assert (end.outcome, end.reason) == ("blocked", "The conversation is too long.")


async def test_person_shortens_a_running_turn_before_its_next_request(tmp_path: Path) -> None:
    answers = [[run("echo begun; until [ -e gate ]; do sleep 0.01; done")], [SUMMARY], ["Done."]]
    async with a_scene(tmp_path, *answers, history=PAST) as (agent, model, reports):
        turn = asyncio.create_task(agent.run_turn("Wait."))
        await reports.until(lambda seen: "begun" in str(seen.all))
        assert (await agent.compact()).outcome == "done"
        (tmp_path / "work" / "gate").touch()
        assert (await turn).outcome == "done"
    assert SUMMARY in model.asked[2][0].text  # type: ignore[union-attr]


async def test_nothing_to_shorten_is_said(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as (agent, model, reports):
        assert (await agent.compact()).outcome == "done"
    assert "nothing" in reports.of(Notice)[0].text
    assert not model.asked


async def test_failing_summary_is_tried_again_and_interrupting_it_changes_nothing(tmp_path: Path) -> None:
    busy = [Retryable("The server is busy")]
    async with a_scene(tmp_path, busy, [], [SUMMARY], history=PAST) as (agent, model, reports):
        assert (await agent.compact()).outcome == "done"
    assert len(model.asked) == 3, "an empty summary must be asked for again"
    assert SUMMARY in reports.of(ToolEnded)[0].output
    async with a_scene(tmp_path, ["Half of it", ...], ["Hello."], history=PAST) as (agent, model, reports):
        work = asyncio.create_task(agent.compact())
        await model.held.wait()
        await agent.interrupt()
        assert (await work).outcome == "interrupted"
        await agent.run_turn("Hi.")
    assert reports.of(ToolEnded)[0].status == "interrupted"
    assert model.asked[1] == [*PAST, User(text="Hi.")]


async def test_shortening_again_carries_files_and_words_along(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [SUMMARY], ["Aye."], ["## Goal\n- Second."], history=PAST) as (agent, _, reports):
        await agent.compact()
        await agent.run_turn("Use tabs.")
        await agent.compact()
    last = stored(reports)[-1]
    assert isinstance(last, Compacted)
    assert last.summary == "## Goal\n- Second."
    assert last.said[0] == "Mend the parser."
    assert last.read == ("parser.py",)
    assert not any("was shortened" in said for said in last.said), "an earlier summary is not what the person said"


async def test_error_of_the_summary_blocks_with_its_hint(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [ModelError("No credit.", "Add some.")], history=PAST) as (agent, _, reports):
        end = await agent.compact()
    assert (end.outcome, end.hint) == ("blocked", "Add some.")
    assert reports.of(ToolEnded)[0].status == "failed"


@pytest.mark.parametrize("wire", WIRES)
async def test_every_provider_says_overflow_and_takes_the_shortened_conversation(tmp_path: Path, wire: str) -> None:
    texts = {
        "anthropic": "prompt is too long: 210000 tokens > 200000 maximum",
        "openai": "Your input exceeds the context window of this model.",
        "openai-chat": "This model's maximum context length is 32768 tokens.",
    }
    script = [
        say("Looking. " + LONG, Call("bash", {"command": "echo 1"})),
        Fault(status=400, message=texts[wire]),
        SUMMARY,
        "Done.",
    ]
    async with a_driver(tmp_path, script, profile=a_profile(wire)) as (driver, _, player):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    assert not player.requests[2].tools
    assert "tools" not in player.requests[2].body, "servers refuse an empty list of tools"
    assert SUMMARY in player.requests[3].messages[0].text


# --- properties -------------------------------------------------------------------------------------------------------

_ids = st.sampled_from(["a", "b", "c"])
_part = st.one_of(
    st.builds(Text, text=st.sampled_from(["", "Words.", "w" * 400])),
    st.builds(Thinking, text=st.just("Hm."), opaque=st.just({"type": "thinking", "thinking": "Hm.", "signature": "s"})),
    st.builds(ToolCall, id=_ids, name=st.just("bash"), arguments=st.just({"command": "ls"})),
)


def _answer(parts: list[Text | Thinking | ToolCall]) -> Assistant:
    seen: set[str] = set()
    kept = [p for p in parts if not isinstance(p, ToolCall) or not (p.id in seen or seen.add(p.id))]
    return Assistant(parts=tuple(kept), wire="anthropic", model="m")


_message = st.one_of(
    st.builds(User, text=st.sampled_from(["Do it.", "u" * 400])),
    st.builds(ToolResult, call=_ids, text=st.sampled_from(["done", "r" * 400])),
    st.lists(_part, max_size=3).map(_answer),
)


_step = st.sampled_from(["r", "r" * 200]).map(
    lambda text: [
        _answer([Text(text="Look."), ToolCall(id="s", name="bash", arguments={"command": "ls"})]),
        ToolResult(call="s", text=text),
    ]
)
_chunk = st.lists(st.one_of(_message.map(lambda message: [message]), _step), max_size=8).map(
    lambda parts: list(itertools.chain.from_iterable(parts))
)


@on_a_busy_machine
@given(st.lists(_chunk, min_size=1, max_size=3), st.integers(0, 150))
def test_conversation_shortened_at_any_point_is_accepted_by_every_provider(
    chunks: list[list[Message]], keep_tokens: int
) -> None:
    records: list[Record] = []
    before: Compacted | None = None
    for chunk in chunks:
        records += chunk
        whole = repair(records)
        cut = cut_point(whole, keep_tokens)
        assert not (cut < len(whole) and isinstance(whole[cut], ToolResult)), "a result without its call stays"
        before = compacted(whole, cut, "Summary.", before)
        assert repair([before])[1:] == repair([User(text="x"), *before.kept])[1:], "what stays is not whole by itself"
        material(whole[:cut], 1000)
        records.append(decode(encode(before)))
    whole = [*repair(records), User(text="Go on.")]
    wire_anthropic.parse_request({"model": "m", "max_tokens": 1, "messages": anthropic_messages(whole, "m")})
    wire_responses.parse_request({"model": "m", "input": request_items(whole, "m")})
    wire_chat.parse_request({"model": "m", "messages": chat_messages(whole, "m")})


@pytest.mark.parametrize("stop", range(1, 9))
async def test_interrupted_and_shortened_anywhere_the_next_request_is_valid(tmp_path: Path, stop: int) -> None:
    """The played model refuses every conversation that is not whole."""
    answers: list[Answer] = [
        ["A" + LONG, run("echo 1", "x"), run("echo 2", "y")],
        [Retryable("cut")],
        [run("echo 3", "z"), Stopped(reason="length")],
        ["Done."],
    ]
    async with a_scene(tmp_path, *answers) as (agent, _, reports):
        await agent.run_turn("Work.")
    told = stored(reports)[:stop]
    async with a_scene(tmp_path, [SUMMARY], ["Resumed."], ["More."], history=told) as (agent, model, reports):
        await agent.compact()
        shortened = len(model.asked)
        model._answers = [[]] * shortened + [["Resumed."], ["More."]]
        assert (await agent.run_turn("")).outcome == "done"
        assert (await agent.run_turn("And now?")).outcome == "done"
        wanted = model.asked[-1]
    async with a_scene(tmp_path, ["Again."], history=[*told, *stored(reports)[:-1]]) as (agent, model, _):
        await agent.run_turn("")
    assert model.asked[0] == wanted, "a restart sends something else"

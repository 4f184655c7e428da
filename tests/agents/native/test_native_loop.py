"""The loop, with a model in this process and the real tool host."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from native_scene import Answer, PlayedModel, Reports, a_tool_host

from agents.drivers import Delivered, Notice, Remember, TextDelta, TextEnded, ToolEnded, ToolOutput, ToolStarted
from agents.errors import ModelError
from agents.native.budget import Limits
from agents.native.conversation import Assistant, Message, Text, Thinking, ToolCall, ToolResult, User, repair
from agents.native.loop import Agent
from agents.native.models import Retryable, Stopped, TextPiece


def run(command: str, call: str = "1") -> ToolCall:
    return ToolCall(id=call, name="bash", arguments={"command": command})


class Scene:
    """An agent whose waits between tries are recorded instead of waited for."""

    def __init__(self, model: PlayedModel, reports: Reports) -> None:
        self.model = model
        self.reports = reports
        self.waits: list[float] = []
        self.agent: Agent

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


@asynccontextmanager
async def a_scene(
    tmp_path: Path, *answers: Answer, limits: Limits | None = None, history: Sequence[Message] = ()
) -> AsyncIterator[Scene]:
    async with a_tool_host(tmp_path) as host:
        scene = Scene(PlayedModel(*answers), Reports())
        scene.agent = Agent(
            model=scene.model,
            tool_host=host,
            system="You are tested.",
            report=scene.reports,
            history=history,
            limits=limits,
            sleep=scene.wait,
        )
        yield scene


async def test_steer_is_delivered_after_the_running_tools_and_before_the_next_request(tmp_path: Path) -> None:
    gate = tmp_path / "work" / "gate"
    answers = [[run("echo begun; until [ -e gate ]; do sleep 0.01; done; echo ended")], ["Understood."]]
    async with a_scene(tmp_path, *answers) as scene:
        turn = asyncio.create_task(scene.agent.run_turn("Wait."))
        await scene.reports.until(lambda seen: seen.of(ToolOutput))
        assert scene.agent.steer(7, "Use the other door.")
        gate.touch()
        end = await turn
    assert end.outcome == "done", end
    assert [report.prompt for report in scene.reports.of(Delivered)] == [7]
    last = scene.model.asked[1][-2:]
    assert isinstance(last[0], ToolResult), "the steer came before the result of the running tool"
    assert last[0].text == "begun\nended"
    assert last[1] == User(text="Use the other door.")


async def test_steer_during_the_last_answer_keeps_the_turn_going(tmp_path: Path) -> None:
    scene: Scene

    class Steering(PlayedModel):
        async def stream(self, system, messages, tools):  # type: ignore[no-untyped-def, override]
            if not self.asked:
                scene.agent.steer(3, "One more thing.")
            async for piece in super().stream(system, messages, tools):
                yield piece

    async with a_scene(tmp_path) as scene:
        scene.agent._model = scene.model = Steering(["Finished."], ["That too."])
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "done"
    assert scene.reports.text == "Finished.That too."
    assert scene.model.asked[1][-1] == User(text="One more thing.")


async def test_no_steer_is_taken_when_no_turn_runs(tmp_path: Path) -> None:
    async with a_scene(tmp_path, ["Done."]) as scene:
        assert not scene.agent.steer(1, "early")
        await scene.agent.run_turn("Work.")
        assert not scene.agent.steer(2, "late")
    assert not scene.reports.of(Delivered)


async def test_interrupt_in_the_middle_of_an_answer_keeps_its_text(tmp_path: Path) -> None:
    answers = [[TextPiece(text="I have begun to"), run("touch never"), ...], ["As you wish."]]
    async with a_scene(tmp_path, *answers) as scene:
        turn = asyncio.create_task(scene.agent.run_turn("Work."))
        await scene.model.held.wait()
        await scene.agent.interrupt()
        end = await turn
        assert end.outcome == "interrupted", end
        assert scene.reports.of(TextEnded), "the entry stays open"
        assert (await scene.agent.run_turn("Do something else.")).outcome == "done"
    sent = scene.model.asked[1]
    assert sent[1:] == [
        Assistant(parts=(Text(text="I have begun to"),), wire="anthropic", model="played"),
        User(text="Do something else."),
    ]
    assert repair(scene.reports.remembered)[:3] == sent


async def test_interrupt_while_tools_run_stops_them_and_leaves_a_whole_conversation(tmp_path: Path) -> None:
    answers = [[run("echo $$; sleep 1000 & sleep 1000", "a"), run("echo quick", "b")], ["Going on."]]
    async with a_scene(tmp_path, *answers) as scene:
        turn = asyncio.create_task(scene.agent.run_turn("Work."))
        await scene.reports.until(lambda seen: seen.of(ToolOutput) and seen.of(ToolEnded))
        await scene.agent.interrupt()
        assert (await turn).outcome == "interrupted"
        statuses = {report.call: report.status for report in scene.reports.of(ToolEnded)}
        assert statuses == {"a": "interrupted", "b": "done"}
        assert (await scene.agent.run_turn("")).outcome == "done"
    results = {m.call: m for m in scene.model.asked[1] if isinstance(m, ToolResult)}
    assert results["b"].text == "quick"
    assert results["a"].is_error
    printed = re.fullmatch(r"\d+\n\nCommand was interrupted before it ended, and stopped\.", results["a"].text)
    assert printed, results["a"].text


async def test_interrupt_while_waiting_for_another_try_ends_the_turn(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [Retryable("The server is busy")], ["Back."]) as scene:
        waiting = asyncio.Event()

        async def wait_for_ever(_: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        scene.agent._retries._sleep = wait_for_ever
        turn = asyncio.create_task(scene.agent.run_turn("Work."))
        await waiting.wait()
        await scene.agent.interrupt()
        assert (await turn).outcome == "interrupted"
        assert (await scene.agent.run_turn("")).outcome == "done"
    assert scene.model.asked[1] == [User(text="Work.")]


async def test_cancelling_the_turn_from_outside_passes_through(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [...]) as scene:
        turn = asyncio.create_task(scene.agent.run_turn("Work."))
        await scene.model.held.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn


async def test_what_is_remembered_is_reported_before_what_follows_from_it(tmp_path: Path) -> None:
    async with a_scene(tmp_path, ["Look:", run("echo 1")], ["Done."]) as scene:
        await scene.agent.run_turn("Work.")
    kinds = [type(report).__name__ for report in scene.reports.all]
    remembers = [number for number, kind in enumerate(kinds) if kind == "Remember"]
    assert remembers[0] == 0, "the prompt is the first thing to remember"
    assert remembers[1] < kinds.index("ToolStarted")
    assert remembers[2] < kinds.index("ToolEnded")


async def test_text_is_gathered_and_ends_with_its_part(tmp_path: Path) -> None:
    words = [TextPiece(text=f"{number} ") for number in range(200)]
    async with a_scene(tmp_path, [*words, Text(text="".join(word.text for word in words))]) as scene:
        await scene.agent.run_turn("Count.")
    deltas = scene.reports.of(TextDelta)
    assert len(deltas) < 20, f"{len(deltas)} reports for 200 pieces"
    assert scene.reports.text == "".join(word.text for word in words)
    assert len(scene.reports.of(TextEnded)) == 1


async def test_waits_between_tries_double_and_are_announced(tmp_path: Path) -> None:
    busy = [Retryable("The server is busy")]
    async with a_scene(tmp_path, busy, busy, busy, ["Done."]) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "done"
    waited_about(scene.waits, 2, 4, 8)
    assert re.fullmatch(r"The server is busy. Trying again in [45] seconds \(try 2 of 10\)\.", told(scene)[1])


async def test_tries_come_to_an_end_after_some_minutes(tmp_path: Path) -> None:
    async with a_scene(tmp_path, *[[Retryable("The server is busy")]] * 11) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "blocked"
    assert end.reason == "The server is busy, also after 10 more tries."
    waited_about(scene.waits, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60)
    assert len({wait % 1 for wait in scene.waits}) > 1, "agents that were turned away together come back together"


def waited_about(waits: list[float], *seconds: float) -> None:
    """The waits are as long as these, and by up to a quarter longer."""
    assert len(waits) == len(seconds), waits
    assert all(known <= wait <= known * 1.25 for wait, known in zip(waits, seconds, strict=True)), waits


def told(scene: Scene) -> list[str]:
    return [notice.text for notice in scene.reports.of(Notice)]


async def test_provider_that_asks_for_an_hour_blocks_at_once(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [Retryable("The limit is reached", retry_after=3600)]) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "3600 seconds" in end.reason
    assert not scene.waits


async def test_error_for_a_person_blocks_with_its_hint_and_keeps_the_text(tmp_path: Path) -> None:
    answers = [[TextPiece(text="So far "), ModelError("No credit left.", "Add credit.")], ["Done."]]
    async with a_scene(tmp_path, *answers) as scene:
        end = await scene.agent.run_turn("Work.")
        assert (end.outcome, end.reason, end.hint) == ("blocked", "No credit left.", "Add credit.")
        assert (await scene.agent.run_turn("")).outcome == "done"
    assert isinstance(scene.model.asked[1][1], Assistant)


async def test_unknown_tool_is_an_error_result_and_the_turn_goes_on(tmp_path: Path) -> None:
    answers = [[ToolCall(id="1", name="browse", arguments={"url": "x"})], ["Without, then."]]
    async with a_scene(tmp_path, *answers) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "done"
    assert scene.reports.of(ToolStarted)[0].name == "browse"
    assert scene.reports.outputs == ["There is no tool 'browse'. The tools are: read, bash, edit, write."]


async def test_ids_that_a_server_uses_again_are_made_unique(tmp_path: Path) -> None:
    answers = [[run("echo 1", "call_0")], [run("echo 2", "call_0"), run("echo 3", "")], ["Done."]]
    async with a_scene(tmp_path, *answers) as scene:
        assert (await scene.agent.run_turn("Work.")).outcome == "done"
    calls = [report.call for report in scene.reports.of(ToolStarted)]
    assert len(set(calls)) == 3, calls


async def test_steps_have_a_limit_and_the_turn_can_be_resumed(tmp_path: Path) -> None:
    answers = [[run(f"echo {number}", str(number))] for number in range(3)]
    async with a_scene(tmp_path, *answers, ["Done."], limits=Limits(steps=3)) as scene:
        end = await scene.agent.run_turn("Work.")
        assert end.outcome == "blocked"
        assert "3 requests" in end.reason
        assert (await scene.agent.run_turn("")).outcome == "done"


async def test_model_that_answers_nothing_is_asked_again_and_then_blocks(tmp_path: Path) -> None:
    async with a_scene(tmp_path, [], [Thinking(text="…")], []) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "answers nothing" in end.reason
    assert len(scene.model.asked) == 3


async def test_half_a_call_at_the_limit_of_an_answer_is_dropped_and_the_model_told(tmp_path: Path) -> None:
    half = ToolCall(id="1", name="write", malformed='{"path": "big", "cont')
    async with a_scene(tmp_path, ["Writing.", half, Stopped(reason="length")], ["Done."]) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "done"
    assert not scene.reports.of(ToolStarted)
    assert "smaller steps" in scene.model.asked[1][-1].text  # type: ignore[union-attr]


async def test_call_cut_before_its_arguments_is_dropped_and_the_calls_before_it_are_carried_out(tmp_path: Path) -> None:
    cut = ToolCall(id="2", name="write")
    answers = [[run("echo whole"), cut, Stopped(reason="length")], ["Done."]]
    async with a_scene(tmp_path, *answers) as scene:
        assert (await scene.agent.run_turn("Work.")).outcome == "done"
    assert [report.name for report in scene.reports.of(ToolStarted)] == ["bash"]
    result, told = scene.model.asked[1][-2:]
    assert isinstance(result, ToolResult)
    assert "smaller steps" in told.text, "the model must know that its last call was lost"


async def test_answers_that_never_fit_block_in_the_end(tmp_path: Path) -> None:
    long = ["More", Stopped(reason="length")]
    async with a_scene(tmp_path, long, long, long) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "max_output" in end.reason


async def test_refusal_blocks_and_its_calls_are_not_carried_out(tmp_path: Path) -> None:
    async with a_scene(tmp_path, ["I", run("echo 1"), Stopped(reason="refusal")]) as scene:
        end = await scene.agent.run_turn("Work.")
    assert end.outcome == "blocked"
    assert "refuses" in end.reason
    assert not scene.reports.of(ToolStarted)


async def test_nothing_to_go_on_with_is_said(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        end = await scene.agent.run_turn("")
    assert end.outcome == "failed"
    assert end.hint


async def test_every_prefix_of_what_is_remembered_can_be_resumed(tmp_path: Path) -> None:
    answers = [["A", run("echo 1", "x"), run("echo 2", "y")], [Retryable("cut")], [run("echo 3", "z")], ["Done."]]
    async with a_scene(tmp_path, *answers) as scene:
        await scene.agent.run_turn("Work.")
    told = scene.reports.remembered
    assert len(scene.reports.of(Remember)) == 7
    for length in range(1, len(told) + 1):
        # the played model checks every conversation it is sent
        async with a_scene(tmp_path, ["Resumed."], history=told[:length]) as resumed:
            end = await resumed.agent.run_turn("")
        assert end.outcome == "done", f"after {length} messages: {end}"

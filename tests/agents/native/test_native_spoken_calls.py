"""Calls that weak servers leave in the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from native_scene import a_driver, a_profile

from agents.drivers import ToolEnded
from agents.native.models.spoken_calls import spoken_calls
from agents.offline import Call, say

TOOLS = frozenset(("read", "bash", "edit", "write"))
LS = {"command": "ls"}


@pytest.mark.parametrize(
    ("text", "rest", "calls"),
    [
        ('Look.\n<tool_call>\n{"name": "bash", "arguments": {"command": "ls"}}\n</tool_call>', "Look.", [("bash", LS)]),
        ('<tool_call>{"name": "bash", "arguments": "{\\"command\\": \\"ls\\"}"}', "", [("bash", LS)]),
        (
            '<tool_call>{"name": "bash", "arguments": {"command": "ls"}}</tool_call>\n'
            '<tool_call>{"name": "read", "arguments": {"path": "a"}}</tool_call>',
            "",
            [("bash", LS), ("read", {"path": "a"})],
        ),
        (
            "So:\n<tool_call>\n<function=bash>\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>",
            "So:",
            [("bash", LS)],
        ),
        (
            '<function=edit><parameter=path>a</parameter><parameter=edits>[{"oldText": "x"}]</parameter></function>',
            "",
            [("edit", {"path": "a", "edits": [{"oldText": "x"}]})],
        ),
        ('[TOOL_CALLS] [{"name": "bash", "arguments": {"command": "ls"}}]', "", [("bash", LS)]),
        ('<|python_tag|>{"name": "bash", "parameters": {"command": "ls"}}', "", [("bash", LS)]),
        ('Now:\n```json\n{"name": "bash", "arguments": {"command": "ls"}}\n```', "Now:", [("bash", LS)]),
        ('{"name": "bash", "arguments": {"command": "ls"}}', "", [("bash", LS)]),
        ('{"function": {"name": "bash", "arguments": {"command": "ls"}}}', "", [("bash", LS)]),
    ],
)
def test_call_in_the_text_is_taken_for_one(text: str, rest: str, calls: list[tuple[str, object]]) -> None:
    found_rest, found = spoken_calls(text, TOOLS)
    assert [(call.name, call.arguments) for call in found] == calls
    assert found_rest == rest


@pytest.mark.parametrize(
    "text",
    [
        "Nothing of that kind.",
        '{"name": "shopfloor", "version": "1.0"}',
        '{"name": "browse", "arguments": {"url": "x"}}',
        'An example:\n```json\n{"name": "bash", "arguments": {"command": "ls"}}\n```\nThat is how it looks.',
        '```json\n{"scripts": {"bash": "x"}}\n```',
        "<tool_call>nonsense</tool_call>",
        "[1, 2]",
        "",
    ],
)
def test_what_is_no_call_stays_text(text: str) -> None:
    assert spoken_calls(text, TOOLS) == (text, [])


def test_malformed_call_is_one_the_model_can_mend() -> None:
    rest, (call,) = spoken_calls('<tool_call>{"name": "bash", "arguments": {"command": "l</tool_call>', TOOLS)
    assert (rest, call.name) == ("", "bash")
    assert call.malformed


async def test_turn_goes_on_with_a_call_in_the_text_and_sends_it_back_as_a_call(tmp_path: Path) -> None:
    script = [say('<tool_call>{"name": "bash", "arguments": {"command": "echo hi"}}</tool_call>'), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile("openai-chat")) as (driver, reports, player):
        end = await driver.run_turn("Say hi.")
    assert end.outcome == "done", end
    assert reports.of(ToolEnded)[0].output == "hi"
    assert [call.name for call in player.requests[1].messages[1].calls] == ["bash"]
    assert player.requests[1].messages[1].text == ""


async def test_servers_that_make_calls_themselves_are_believed(tmp_path: Path) -> None:
    text = '{"name": "bash", "arguments": {"command": "echo no"}}'
    script = [say(text, Call("bash", {"command": "echo yes"})), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile("openai-chat")) as (driver, reports, _):
        await driver.run_turn("Go.")
    assert reports.outputs == ["yes"]

"""Tool calls that a model wrote into its answer because its server does not know how to make calls of them.

Each family of models writes them in a form of its own; a call counts only when it names one of the tools it was given,
and inside running text only in a form that nobody uses by accident.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

import msgspec

from agents.native.conversation import ToolCall

_FUNCTION = re.compile(r"<function=([\w.-]+)>\s*(.*?)\s*(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>", re.DOTALL)
_NAME = re.compile(r'"name"\s*:\s*"([\w.-]+)"')

_FORMS = (
    # Hermes and Qwen: JSON, or the next form inside
    re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|\Z)", re.DOTALL),
    # Qwen coder: <function=bash><parameter=command>…</parameter></function>
    re.compile(r"(<function=[\w.-]+>.*?(?:</function>|\Z))", re.DOTALL),
    # Mistral
    re.compile(r"\[TOOL_CALLS\]\s*(\[.*\]|\{.*\})\s*", re.DOTALL),
    # Llama
    re.compile(r"<\|python_tag\|>\s*(\{.*\})\s*", re.DOTALL),
    # a block at the end of an answer; elsewhere it is an example
    re.compile(r"```(?:json|tool_call|tool_code)?\s*\n(\{.*?\}|\[.*?\])\s*\n```\s*\Z", re.DOTALL),
    # the whole answer
    re.compile(r"\A\s*(\{.*\}|\[.*\])\s*\Z", re.DOTALL),
)


def spoken_calls(text: str, tools: Collection[str]) -> tuple[str, list[ToolCall]]:
    """The calls written in an answer, and the answer without them."""
    for form in _FORMS:
        calls: list[ToolCall] = []
        rest = form.sub(_taking(calls, tools), text)
        if calls:
            return rest.strip(), calls
    return text, []


def _taking(calls: list[ToolCall], tools: Collection[str]) -> Callable[[re.Match[str]], str]:
    """Takes calls out of a text; what does not name a tool stays there."""

    def without(found: re.Match[str]) -> str:
        spoken = _read(found[1])
        if not spoken or not all(call.name in tools for call in spoken):
            return found[0]
        calls.extend(spoken)
        return ""

    return without


def _read(text: str) -> list[ToolCall]:
    """The calls in one of the marked places; empty when there is anything else."""
    if functions := _FUNCTION.findall(text):
        return [
            ToolCall(id="", name=name, arguments={key: _value(value) for key, value in _PARAMETER.findall(body)})
            for name, body in functions
        ]
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        # the model is told what is wrong with it, as with any malformed call
        named = _NAME.search(text)
        return [ToolCall(id="", name=named[1], malformed=text)] if named else []
    calls = [_call(item) for item in (value if isinstance(value, list) else [value])]
    return [call for call in calls if call] if all(calls) else []


def _value(text: str) -> object:
    """A list or an object as such; everything else stays text, which the tools take for numbers too."""
    if text[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
    return text


def _call(item: object) -> ToolCall | None:
    if not isinstance(item, Mapping):
        return None
    inner = item.get("function")
    item = inner if isinstance(inner, Mapping) else item
    name = item.get("name") or item.get("tool")
    arguments = next((item[key] for key in ("arguments", "parameters", "input") if key in item), None)
    if isinstance(arguments, str):
        try:
            arguments = msgspec.json.decode(arguments)
        except msgspec.DecodeError:
            return None
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return ToolCall(id="", name=name, arguments=arguments)

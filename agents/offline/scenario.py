"""Scenarios as data: what the offline player says and does in a prepared task.

A scenario is a TOML file in ``profiles/offline/``: the prompt it answers to, steps (each one answer of the "model":
reasoning, text, tool calls), and fixes prepared for review comments on lines it knows. All steps but the last call
tools. Whatever a tool really answers goes into the conversation; ``expects`` says what a step wants to have seen, and a
scenario that sees something else says so and ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from agents import paths
from agents.errors import UsageError
from agents.model import Struct
from agents.offline.exchange import Call, Tool
from agents.toml_file import read_toml


class Edit(Struct, kw_only=True, forbid_unknown_fields=True):
    """One replacement."""

    old: str
    """Exact text of the file, found once in it."""
    new: str


class PlannedCall(Struct, kw_only=True, forbid_unknown_fields=True):
    """A tool call as a scenario writes it; :func:`tool_call` puts it into the arguments the client's tools want."""

    tool: Literal["read", "bash", "edit", "write"]
    path: str = ""
    command: str = ""
    content: str = ""
    edits: tuple[Edit, ...] = ()


class Step(Struct, kw_only=True, forbid_unknown_fields=True):
    """One answer of the player."""

    text: str = ""
    """Markdown. ``{outcome}`` is the last line of the test run just seen, ``{ran}`` how many tests ran."""
    thinking: str = ""
    expects: str = ""
    """A regular expression to be found in the results of the step before."""
    call: tuple[PlannedCall, ...] = ()


class Fix(Struct, kw_only=True, forbid_unknown_fields=True):
    """A prepared answer to a review comment."""

    path: str
    line: str
    """Text to be found in the quoted lines."""
    edits: tuple[Edit, ...]
    says: str
    """What was done, half a sentence for the claim."""


class Scenario(Struct, kw_only=True, forbid_unknown_fields=True):
    """One prepared task."""

    title: str
    prompt: str
    """A task whose prompt contains this text is played by it."""
    step: tuple[Step, ...]
    fix: tuple[Fix, ...] = ()


def load_scenarios(folder: Path | None = None) -> dict[str, Scenario]:
    """All scenarios by their names (the files' names without ``.toml``).

    Args:
        folder: where they lie; the shipped ones by default.

    Raises:
        UsageError: one of them cannot be understood; names file, line and what was expected.
    """
    folder = folder or paths.shipped_profiles() / "offline"
    return {path.stem: load_scenario(path) for path in sorted(folder.glob("*.toml"))}


def load_scenario(path: Path) -> Scenario:
    """One scenario.

    Raises:
        UsageError: it is not there or cannot be understood.
    """
    try:
        scenario = read_toml(path, Scenario)
    except FileNotFoundError as error:
        raise UsageError(f"There is no scenario {path}.") from error
    *working, last = scenario.step or (Step(),)
    if last.call or not last.text or not all(step.call for step in working):
        raise UsageError(f"{path}: every step but the last must call tools, and the last must only say something.")
    for step in scenario.step:
        try:
            re.compile(step.expects)
        except re.error as error:
            raise UsageError(f"{path}: `expects = '{step.expects}'` is no regular expression: {error}.") from error
    return scenario


def tool_call(planned: PlannedCall, tools: Sequence[Tool], call: str) -> Call:
    """A planned call with the names the client's own tool schemas use.

    Args:
        tools: what the client offers.
        call: the id to give it.
    """
    schema = next((tool.schema for tool in tools if tool.name == planned.tool), {})
    if planned.tool == "bash":
        return Call("bash", {"command": planned.command}, call)
    arguments: dict[str, Any] = {"path": planned.path}
    if planned.tool == "write":
        arguments["content"] = planned.content
    if planned.tool == "edit":
        items = schema.get("properties", {}).get("edits", {}).get("items", {}).get("properties", {})
        old = next((name for name in items if name.startswith("old")), "oldText")
        new = next((name for name in items if name.startswith("new")), "newText")
        arguments["edits"] = [{old: edit.old, new: edit.new} for edit in planned.edits]
    return Call(planned.tool, arguments, call)

"""Files of a profile that its agent reads: settings that it is told of by a flag or a variable."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agents.sandbox import Policy, Runner
from agents.sandbox.planted import write_below

FOLDER = "shopfloor-files"


def write_files(files: Mapping[str, str], policy: Policy, runner: Runner, values: Mapping[str, str]) -> dict[str, str]:
    """Write them into the private temporary folder of a policy.

    Args:
        files: texts by names.
        values: what ``${…}`` stands for in them.

    Returns:
        The values with ``folder``, where the agent finds them.

    Raises:
        ShopfloorError: one cannot be written.
    """
    inside = temp_inside(policy, runner)
    words = dict(values) | {"folder": f"{inside}/{FOLDER}"}
    for name, text in files.items():
        write_below(Path(policy.temp), f"{FOLDER}/{Path(name).name}", filled(text, words))
    return words


def temp_inside(policy: Policy, runner: Runner) -> str:
    """The private temporary folder as the agent sees it."""
    return "/tmp" if runner.mounts else policy.temp


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with what its ``${…}`` stand for; others stay as they are."""
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text

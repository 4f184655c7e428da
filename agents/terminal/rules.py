"""``[terminal]`` of a profile: how a program is started in a PTY, and how what it shows tells how it stands.

What is known of foreign programs is data here, with a name for each rule, so that ``shopfloor explain`` can say which
one decided.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Literal

import msgspec

from agents.model import Struct

Where = Literal["screen", "title", "progress", "osc", "notification", "hook"]
"""``screen``: the lowest rows; ``title``: OSC 0 and 2; ``progress``: OSC 9;4; ``osc``: any other OSC, with its number;
``notification``: OSC 9 and 777; ``hook``: what the agent told ``${hook}``."""
Verdict = Literal["working", "blocked", "idle"]


class Rule(Struct, kw_only=True, forbid_unknown_fields=True):
    """Something to be seen that means something."""

    match: str
    """A regular expression, looked for anywhere in the text, or in the rows: with ``^`` and ``$`` at each, and without
    blanks at their ends."""
    on: Where = "screen"
    unless: str = ""
    """A regular expression that must not be found."""
    lines: Annotated[int, msgspec.Meta(ge=1, le=200)] = 12
    """For ``screen``: how many rows, from the lowest that is not empty."""
    name: str = ""
    """What it sees, in a few words."""
    reason: str = ""
    """For ``blocked``: what the agent waits for, one sentence. Empty: the rows that were found."""
    hint: str = ""
    """For ``blocked``: what to press or do."""
    press: tuple[str, ...] = ()
    """For ``blocked``: keys that answer it while the program starts, once: questions of a first start that the sandbox
    answers already."""

    @property
    def title(self) -> str:
        """How it is called when it decides."""
        return self.name or f"{self.on}: {self.match}"


class TerminalSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[terminal]``: any program, in a PTY.

    In ``command``, ``resume``, ``set`` and ``files`` these stand for something: ``${session}`` a UUID of the task's
    own, ``${worktree}`` and ``${project}`` its worktree and the main checkout, ``${folder}`` the folder of ``files``,
    ``${hook}`` a program that hands its standard input or its last argument, JSON on one line, to the rules on
    ``hook``.
    """

    command: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    resume: tuple[str, ...] = ()
    """The command that goes on with the conversation it had in this worktree; empty: there is no way."""
    environment: tuple[str, ...] = ()
    """Variables it is given besides the sandbox's, by name: the key for its model. Its commands see them too."""
    set: dict[str, str] = {}
    """Variables with a value of ours."""
    files: dict[str, str] = {}
    """Files written before it starts, by their names in ``${folder}``: settings it is told by a flag to read."""
    login: str = ""
    """How a person logs in, one sentence."""

    working: tuple[Rule, ...] = ()
    blocked: tuple[Rule, ...] = ()
    idle: tuple[Rule, ...] = ()
    """It waits for a prompt."""
    ready: tuple[Rule, ...] = ()
    """It has started and takes a prompt; empty: as ``idle``."""

    start_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    """How long it may take to be ready."""
    settle_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.7
    """How long nothing must be written before that counts as a sign of being idle beside another one."""
    quiet_seconds: Annotated[float, msgspec.Meta(ge=0)] = 4.0
    """The same where nothing else is known of the agent."""
    confirm_seconds: Annotated[float, msgspec.Meta(gt=0)] = 8.0
    """How long it may take to react to a prompt."""
    stop_seconds: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    """How long it may take to be idle after ``interrupt``."""
    interrupt: tuple[str, ...] = ("escape",)
    """Keys that end its turn."""
    newline: str = "shift+enter"
    """The key for a new line within a prompt, where pasting in brackets is not understood."""
    clear: tuple[str, ...] = ("ctrl+u",)
    """Keys that empty its prompt before one is typed again."""
    steer: bool = False
    """It takes a prompt while it works."""
    echoes: bool = True
    """What is typed shows on its screen."""


@cache
def pattern(expression: str) -> re.Pattern[str]:
    """A rule's expression, compiled.

    Raises:
        re.error: it is none.
    """
    return re.compile(expression, re.MULTILINE)


def problems_of(section: TerminalSection) -> list[str]:
    """What is wrong with the expressions of a section, a sentence each."""
    found = []
    for kind in ("working", "blocked", "idle", "ready"):
        for rule in getattr(section, kind):
            for expression in (rule.match, rule.unless):
                try:
                    pattern(expression)
                except re.error as error:
                    found.append(f"`terminal.{kind}`: {expression!r} is no regular expression: {error}.")
    return found


def found_in(rule: Rule, text: str) -> str:
    """What a rule finds in a text, one line of it; empty when it does not hold."""
    match = pattern(rule.match).search(text)
    if match is None or (rule.unless and pattern(rule.unless).search(text)):
        return ""
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    return " ".join(text[start : end if end >= 0 else len(text)].split())[:200] or "an empty row"


def lowest(rows: Sequence[str], count: int) -> str:
    """The lowest rows down to the last that is not empty."""
    end = len(rows)
    while end and not rows[end - 1].strip():
        end -= 1
    return "\n".join(rows[max(0, end - count) : end])

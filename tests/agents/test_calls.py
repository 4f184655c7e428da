"""When the person is called, in which words, and what a terminal is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from agents.calls import call_about, is_quiet
from agents.config import NotifySection
from agents.errors import UsageError
from agents.model import Question, Task
from app.calls import Calls


def a_task(**fields: Any) -> Task:
    given = {"title": "Mend it", "prompt": "", "project": "/p", "base": "main", "base_commit": "1", "profile": "x"}
    return Task(id="abcd", **{**given, **fields})


WORKING = a_task(state="working")
READY = a_task(state="ready", unseen=True)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, READY, ""),
        (WORKING, READY, "Mend it is ready."),
        (READY, READY, ""),
        (WORKING, a_task(state="ready"), ""),
        (WORKING, a_task(state="blocked", unseen=True, reason="No key."), "Mend it needs you. No key."),
        (WORKING, a_task(state="failed", unseen=True, reason="Gone."), "Mend it has failed. Gone."),
        (
            WORKING,
            a_task(state="blocked", unseen=True, question=Question(id="1", text="Which one?")),
            "Mend it asks: Which one?",
        ),
        (READY, a_task(state="failed", unseen=True), "Mend it has failed."),
        (READY, a_task(state="working"), ""),
    ],
)
def test_a_person_is_called_once_each_time_a_task_comes_to_need_them(
    before: Task | None, after: Task, words: str
) -> None:
    assert call_about(before, after) == words


@pytest.mark.parametrize(
    ("hours", "hour", "quiet"),
    [("", 3, False), ("22:00-07:30", 23, True), ("22:00-07:30", 3, True), ("22:00-07:30", 12, False),
     ("09:00-17:00", 12, True), ("09:00-17:00", 18, False)],
)  # fmt: skip
def test_quiet_hours_may_span_midnight(hours: str, hour: int, quiet: bool) -> None:
    assert is_quiet(hours, datetime(2026, 1, 1, hour, 15)) == quiet


def test_hours_that_are_none_are_named() -> None:
    with pytest.raises(UsageError, match=r"notify\.quiet"):
        is_quiet("at night", datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("environment", "way", "sequence"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, "auto", "\x1b]9;Mend it is ready.\x07\x07"),
        ({"TERM": "foot"}, "auto", "\x1b]777;notify;Shopfloor;Mend it is ready.\x07\x07"),
        ({"TERM": "xterm-256color"}, "auto", "\x07"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, "auto", "\x1bPtmux;\x1b\x1b]9;Mend it is ready.\x07\x1b\\\x07"),
        ({"TERM": "xterm"}, "osc777", "\x1b]777;notify;Shopfloor;Mend it is ready.\x07\x07"),
        ({"TERM_PROGRAM": "iTerm.app"}, "off", ""),
    ],
)
def test_each_terminal_is_told_in_its_own_way(environment: dict[str, str], way: Any, sequence: str) -> None:
    calls = Calls(NotifySection(terminal=way), environment)
    assert calls.sequence_for(WORKING, in_sight=False) == ""
    assert calls.sequence_for(READY, in_sight=False) == sequence
    assert calls.sequence_for(READY, in_sight=False) == "", "once"


def test_a_task_in_sight_calls_nobody_and_titles_cannot_control_the_terminal() -> None:
    calls = Calls(NotifySection(terminal="osc9"), {})
    calls.sequence_for(WORKING, in_sight=False)
    assert calls.sequence_for(READY, in_sight=True) == ""
    evil = msgspec.structs.replace(READY, title="\x1b]2;owned\x07", state="failed")
    assert calls.sequence_for(evil, in_sight=False).count("\x1b") == 1, "only our own sequence"

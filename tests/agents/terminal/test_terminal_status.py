"""How a program stands is decided from what it shows: one authority, two signs for idle, one for blocked."""

from __future__ import annotations

import pytest

from agents.terminal.rules import Rule, TerminalSection, found_in, lowest, problems_of
from agents.terminal.status import STUCK_SECONDS, Status

SECTION = TerminalSection(
    command=("agent",),
    settle_seconds=0.5,
    working=(Rule(on="hook", match="^Submit"), Rule(on="title", match="^⠂"), Rule(match="esc to interrupt")),
    blocked=(Rule(match=r"\[y/n\]", reason="It asks.", hint="Press y."), Rule(on="hook", match="^Permission")),
    idle=(Rule(on="hook", match="^Stop"), Rule(on="title", match="^✳"), Rule(match="^> ", unless="esc to interrupt")),
)
PROMPT = ["hello", "> "]
BUSY = ["hello", "esc to interrupt", "> "]


class Watched:
    """A status and the clock it lives by."""

    def __init__(self, section: TerminalSection = SECTION) -> None:
        self.now = 100.0
        self.status = Status(section, self.now)

    def after(self, seconds: float) -> str:
        """Let time pass without output, looking as often as the session does."""
        end = self.now + seconds
        while (wait := self.status.next_check(self.now)) is not None and self.now + wait < end:
            self.now += wait
            self.status.decide(self.now)
        self.now = end
        self.status.decide(self.now)
        return self.status.state

    def shows(self, *rows: str) -> str:
        """It writes, and its screen is this then."""
        self.now += 0.1
        self.status.saw_output(self.now)
        self.status.saw_screen(rows, self.now)
        self.status.decide(self.now)
        return self.status.state

    def says(self, where: str, text: str) -> str:
        self.now += 0.05
        self.status.saw(where, text, self.now)  # type: ignore[arg-type]
        self.status.decide(self.now)
        return self.status.state

    def ready(self) -> Watched:
        self.shows(*PROMPT)
        assert self.after(1.0) == "idle"
        return self


def test_it_is_idle_only_once_two_signs_say_so() -> None:
    seen = Watched().ready()
    assert seen.shows(*BUSY) == "working", "one sign is enough to be working"
    assert seen.shows(*PROMPT) == "working", "the screen alone does not make it idle"
    assert seen.after(0.6) == "idle"
    assert "silent" in seen.status.decision.rule, "the explanation names both"
    assert "screen" in seen.status.decision.rule


def test_the_best_source_that_has_spoken_is_the_authority() -> None:
    seen = Watched().ready()
    seen.says("hook", "Submit")
    assert seen.status.authority == "hook"
    assert seen.shows(*PROMPT) == "working", "what the agent says of itself counts, not its screen"
    assert seen.after(1.0) == "working"
    assert seen.says("hook", "Stop") == "idle"


def test_a_word_that_was_forgotten_does_not_make_it_work_for_ever() -> None:
    seen = Watched().ready()
    seen.says("hook", "Submit")
    seen.says("title", "⠂ busy")
    seen.says("title", "✳ done")  # interrupted: no hook tells of it
    seen.shows(*PROMPT)
    assert seen.after(1.0) == "working"
    assert seen.after(STUCK_SECONDS) == "idle"
    assert seen.shows("hello", "> typed by the person") == "idle", "what was overruled counts no more"


def test_progress_that_is_taken_back_at_the_start_says_nothing() -> None:
    seen = Watched()
    seen.says("progress", "remove")
    seen.shows("How do you want to log in?")
    assert seen.after(30.0) == "starting", "a prompt would be typed into a question"


def test_progress_of_a_part_of_the_work_is_not_all_of_it() -> None:
    seen = Watched().ready()
    seen.says("progress", "indeterminate")
    assert seen.shows(*BUSY) == "working"
    seen.says("progress", "remove")
    assert seen.status.state == "working", "its screen says that it works on"
    assert seen.shows(*PROMPT) == "working", "it may only draw its prompt between two parts"
    assert seen.after(1.0) == "idle"
    assert seen.shows(*BUSY) == "working", "a turn without any progress"
    seen.shows(*PROMPT)
    assert seen.after(1.0) == "idle"


def test_a_pause_in_a_tool_is_not_the_end_of_the_turn() -> None:
    seen = Watched().ready()
    seen.shows(*BUSY)
    seen.says("title", "⠂ busy")
    assert seen.after(60.0) == "working", "silence alone says nothing while it says that it works"


def test_blocked_needs_one_sign_and_ends_by_itself() -> None:
    seen = Watched().ready()
    seen.shows(*BUSY)
    assert seen.shows("Allow? [y/n]") == "blocked"
    assert (seen.status.decision.reason, seen.status.decision.hint) == ("It asks.", "Press y.")
    assert seen.shows(*BUSY) == "working"


def test_a_question_at_the_start_blocks_and_then_it_has_still_to_be_ready() -> None:
    seen = Watched()
    assert seen.shows("Trust this? [y/n]") == "blocked"
    assert seen.shows("loading") == "starting"
    assert seen.shows(*PROMPT) == "starting"
    assert seen.after(1.0) == "idle"


def test_a_question_told_by_a_hook_ends_when_it_works_on() -> None:
    seen = Watched().ready()
    seen.says("hook", "Submit")
    assert seen.says("hook", "Permission Bash") == "blocked"
    assert seen.says("title", "⠂ busy") == "working"


def test_a_prompt_that_is_drawn_all_the_time_is_a_prompt() -> None:
    seen = Watched()
    states = [seen.shows(*PROMPT) for _ in range(20)]
    assert states[-1] == "idle"


def test_without_rules_output_after_enter_is_work_and_a_long_silence_its_end() -> None:
    seen = Watched(TerminalSection(command=("shell",), quiet_seconds=1.0))
    seen.shows("$ ")
    assert seen.after(2.0) == "idle"
    assert seen.shows("$ l") == "idle", "the echo of a key is no work"
    seen.status.saw_enter(seen.now)
    assert seen.shows("$ ls", "a b c") == "working"
    assert seen.after(1.5) == "working"
    assert seen.after(1.0) == "idle"


def test_only_the_lowest_rows_count() -> None:
    rule = Rule(match="esc to interrupt", lines=3)
    rows = ["esc to interrupt", "a", "b", "> ", "", ""]
    assert found_in(rule, lowest(rows, rule.lines)) == ""
    assert found_in(Rule(match="^> $", lines=3), lowest(rows, 3)) == ">"


@pytest.mark.parametrize("expression", ["(", "[z-a]"])
def test_an_expression_that_is_none_is_said(expression: str) -> None:
    (problem,) = problems_of(TerminalSection(command=("a",), idle=(Rule(match=expression),)))
    assert "`terminal.idle`" in problem

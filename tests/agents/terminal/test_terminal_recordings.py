"""Recorded sessions of real agents: their profiles' rules never say idle while the model works, nor work afterwards.

How they were made: ``record_agents.py``.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.profiles import load_profile
from agents.terminal.emulator import Emulator, Sink, closing
from agents.terminal.status import Status

RECORDINGS = sorted(Path(__file__).with_name("recordings").glob("*.jsonl.gz"))
FIRST_RUNS = sorted(Path(__file__).with_name("first-runs").glob("*.jsonl.gz"))
STARTS_WITHOUT_A_LOGIN = ("opencode-terminal",)
"""They have a model of their own for everybody."""
LOOK_SECONDS = 0.12
LATE_SECONDS = 1.8
"""How long after the truth the state may follow; the next prompt came two seconds after it."""


class Moment(NamedTuple):
    at: float
    kind: str
    data: str


class Replay(Sink):
    """A recording played to a status, in its own time."""

    def __init__(self, path: Path) -> None:
        self.name = path.name.removesuffix(".jsonl.gz")
        section = load_profile(self.name).profile.terminal
        assert section is not None
        self.section = section
        self.now = 0.0
        self.status = Status(section, 0.0)
        with gzip.open(path, "rt") as file:
            self.moments = [self._moment(json.loads(line)) for line in file]
        self.states: list[tuple[float, str]] = [(0.0, "starting")]

    @staticmethod
    def _moment(line: dict[str, Any]) -> Moment:
        return Moment(line["at"], line["kind"], line["data"])

    def title(self, text: str) -> None:
        self.status.saw("title", text, self.now)

    def progress(self, state: str, percent: int) -> None:
        self.status.saw("progress", f"{state} {percent}" if percent >= 0 else state, self.now)

    def notification(self, title: str, body: str) -> None:
        self.status.saw("notification", f"{title} {body}".strip(), self.now)

    def other(self, command: str) -> None:
        self.status.saw("osc", command, self.now)

    def play(self) -> Iterator[Moment]:
        """Every moment, after all that the session would have looked at until then."""
        columns, _, rows = next(moment.data for moment in self.moments if moment.kind == "size").partition("x")
        with closing(Emulator(int(columns), int(rows), self)) as emulator:
            looked_at, look_at = -1.0, math.inf
            for moment in self.moments:
                while (due := min(look_at, self.now + (self.status.next_check(self.now) or math.inf))) < moment.at:
                    self.now = due
                    if due == look_at:
                        looked_at, look_at = due, math.inf
                        self._look(emulator)
                    else:
                        self._decide()
                self.now = moment.at
                if moment.kind == "output":
                    emulator.feed(base64.b64decode(moment.data))
                    self.status.saw_output(self.now)
                    look_at = min(look_at, max(self.now, looked_at + LOOK_SECONDS))
                elif moment.kind == "hook":
                    self.status.saw("hook", moment.data, self.now)
                elif moment.kind == "keys" and moment.data == " ".join(self.section.interrupt):
                    self.status.saw_interrupt(self.now)
                elif moment.kind == "keys" and "enter" in moment.data:
                    self.status.saw_enter(self.now)
                self._decide()
                yield moment

    def _look(self, emulator: Emulator) -> None:
        self.status.saw_screen(emulator.screen_text(), self.now)
        self._decide()

    def _decide(self) -> None:
        if decision := self.status.decide(self.now):
            self.states.append((self.now, decision.state))

    def state_at(self, at: float) -> str:
        return [state for since, state in self.states if since <= at][-1]


def test_there_are_recordings() -> None:
    assert RECORDINGS, "the recordings are not in the checkout"


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name.split(".")[0])
def test_the_rules_follow_what_a_real_agent_did(path: Path) -> None:
    replay = Replay(path)
    worked_from: float | None = None
    spans: list[tuple[float, float]] = []
    rests: list[tuple[float, float]] = []
    asked: list[float] = []
    for moment in replay.play():
        if moment.kind == "model":
            asked.append(moment.at)
        if moment.kind == "keys" and moment.data == "enter":
            worked_from = moment.at
        elif moment.kind == "truth" and moment.data in ("idle", "interrupted") and worked_from is not None:
            spans.append((worked_from, moment.at))
            worked_from = None
        if moment.kind == "truth" and moment.data in ("ready", "idle"):
            rests.append((moment.at, LATE_SECONDS if moment.data == "idle" else LOOK_SECONDS))
    assert len(spans) == 3, f"three turns were recorded, not {spans}"
    story = "\n".join(f"{at:7.2f} {state}" for at, state in replay.states)
    for begun, ended in spans:
        # on a busy machine an agent takes a while until it shows, and asks, anything
        seen = max(begun + 1.0, next((at + 0.5 for at in asked if begun < at < ended), 0.0))
        wrong = [(at, state) for at, state in replay.states if seen < at < ended - 1.0 and state != "working"]
        assert not wrong, f"{replay.name} was said to be {wrong} while it worked from {begun} to {ended}:\n{story}"
        assert replay.state_at(seen) == "working", f"{replay.name} was not seen to begin at {begun}:\n{story}"
    for at in asked:
        assert replay.state_at(at + 0.5) == "working", f"its model was asked at {at}, and it was said to rest:\n{story}"
    for at, late in rests:
        assert replay.state_at(at + late) == "idle", f"not idle after {at}:\n{story}"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ("   /home/me/worktrees/shop-3021/yaby-wait-for-go  8.2K (1%) · $0ctrl+p", "idle"),
        ("   ■■■■⬝⬝⬝⬝  esc interrupt                  tab agents  ctrl+p commands", "working"),
    ],
)
def test_opencode_in_a_worktree_with_a_long_path_is_seen_to_rest(row: str, verdict: str) -> None:
    section = load_profile("opencode-terminal").profile.terminal
    assert section is not None
    status = Status(section, 0.0)
    status.saw_screen(["  ┃", "  ┃  Build · Claude Sonnet", "  ╹▀▀▀▀", row, "   data  commands"], 1.0)
    assert status.claims["screen"].verdict == verdict


@pytest.mark.parametrize("path", FIRST_RUNS, ids=lambda path: path.name.split(".")[0])
def test_no_prompt_would_be_typed_into_the_questions_of_a_first_start(path: Path) -> None:
    replay = Replay(path)
    for _ in replay.play():
        pass
    story = "\n".join(f"{at:7.2f} {state}" for at, state in replay.states)
    if replay.name in STARTS_WITHOUT_A_LOGIN:
        assert replay.states[-1][1] == "idle", f"{replay.name} takes prompts, and was said not to:\n{story}"
        return
    states = {state for _, state in replay.states}
    assert states == {"starting", "blocked"}, f"{replay.name} asks who somebody is, and takes no prompt:\n{story}"
    decision = replay.status.decision
    assert "log in" in decision.reason or "login" in decision.reason, decision.reason
    assert decision.hint


@pytest.mark.parametrize(
    "path", RECORDINGS + FIRST_RUNS, ids=lambda path: f"{path.parent.name}-{path.name.split('.')[0]}"
)
def test_a_recording_holds_nothing_of_the_machine_it_was_made_on(path: Path) -> None:
    with gzip.open(path, "rt") as file:
        lines = [json.loads(line) for line in file]
    texts = [base64.b64decode(line["data"]) if line["kind"] == "output" else line["data"].encode() for line in lines]
    text = b"".join(texts)
    for word in (b"/root/", b"/opt/", b"/tmp/recording-", b"/trees/"):
        assert word not in text, f"{word.decode()} is in {path.name}"

"""What reviewers answer, and how it is read."""

from __future__ import annotations

import pytest

from agents.loops.reviewing import Malformed, read_findings, read_verdicts, reviewer_prompt
from agents.offline.reviewer import reviewer_answer
from agents.parts.reviewers import Reviewer

PATCH = b"""diff --git a/src/app.py b/src/app.py
index 1111111111111111111111111111111111111111..2222222222222222222222222222222222222222 100644
--- a/src/app.py
+++ b/src/app.py
@@ -1 +1,2 @@
 one
+two
"""
REVIEWER = Reviewer(name="tests", prompt="Look.", kinds=("fix", "question"))
ONE = '{"findings": [{"path": "%s", "start": 2, "severity": "low", "text": " Why two? "}]}'


@pytest.mark.parametrize(
    "answer",
    [ONE % "src/app.py", "Here:\n```json\n" + ONE % "b/src/app.py" + "\n```\nThat is all.",
     "So: " + ONE % "./src/app.py"],
    ids=["alone", "fenced", "after words"],
)  # fmt: skip
def test_findings_are_read_wherever_they_stand_in_the_answer(answer: str) -> None:
    (finding,) = read_findings(answer, REVIEWER, PATCH)
    assert (finding.path, finding.start, finding.end, finding.text) == (b"src/app.py", 2, 2, "Why two?")
    assert (finding.reviewer, finding.kind, finding.state) == ("tests", "fix", "found")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "no JSON object"),
        ('{"findings": [', "JSON"),
        ("[]", "no JSON object"),
        ('{"findings": [{"text": "x"}]}', "severity"),
        ('{"findings": [{"text": "x", "severity": "awful"}]}', "severity"),
        ('{"findings": [{"text": "  ", "severity": "low"}]}', "says nothing"),
        ('{"findings": [{"text": "x", "severity": "low", "kind": "note"}]}', "possible are fix, question"),
        ('{"findings": [{"text": "x", "severity": "low", "path": "/etc/passwd"}]}', "no file of the change"),
        ('{"findings": [{"text": "x", "severity": "low", "path": "src/app.py", "start": 5, "end": 2}]}', "ends before"),
        ('{"findings": [{"text": "x", "severity": "low", "start": -1}]}', "start"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(answer: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_findings(answer, REVIEWER, PATCH)


def test_the_offline_player_answers_a_reviewer_about_the_first_new_line() -> None:
    answer = reviewer_answer(reviewer_prompt(REVIEWER, "Do it.", PATCH))
    (finding,) = read_findings(answer, REVIEWER, PATCH)
    assert (finding.path, finding.start, finding.kind) == (b"src/app.py", 2, "question")


def test_a_judge_drops_only_with_a_reason_and_only_what_there_is() -> None:
    dropped = '{"verdicts": [{"finding": 1, "keep": true}, {"finding": 2, "keep": false, "reason": "Said  twice."}]}'
    assert read_verdicts(dropped, 2) == {2: "Said twice."}
    with pytest.raises(Malformed, match="without a reason"):
        read_verdicts('{"verdicts": [{"finding": 1, "keep": false}]}', 1)
    with pytest.raises(Malformed, match="there is no finding 2"):
        read_verdicts(dropped, 1)


def test_a_change_that_is_too_long_is_cut_and_its_files_are_named() -> None:
    long = PATCH.replace(b"@@ -1 +1,2 @@", b"@@ -1 +1,30001 @@").replace(b"+two\n", b"+twotwotwo\n" * 30_000)
    prompt = reviewer_prompt(REVIEWER, "Do it.", long)
    assert len(prompt) < 210_000
    assert "- src/app.py" in prompt
    assert "read in them what is missing" in prompt

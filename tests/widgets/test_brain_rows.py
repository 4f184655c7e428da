"""How the brain words, groups and filters tasks."""

from __future__ import annotations

from datetime import datetime

import pytest

from agents.model import PullRequest, QueueProgress, TaskState, Usage
from tests.app.floor_engine import NOW, a_task
from widgets.brain_groups import arrange, group_of, matches
from widgets.brain_rows import Look, facts_spans, rows_of, summary_spans, title_spans
from widgets.text_strips import Spans, cells, spans_cells


def text(spans: Spans) -> str:
    return "".join(part for part, _ in spans)


@pytest.mark.parametrize(
    ("state", "unseen", "group"),
    [
        ("blocked", False, "Needs you"),
        ("failed", False, "Needs you"),
        ("ready", True, "Needs you"),
        ("ready", False, "Today"),
        ("working", False, "Working"),
        ("checking", False, "Working"),
        ("preparing", False, "Working"),
        ("queued", False, "Queued"),
        ("stopped", False, "Today"),
        ("landed", False, "Off the floor"),
    ],
)
def test_task_stands_under_the_heading_of_what_it_asks(state: TaskState, unseen: bool, group: str) -> None:
    assert group_of(a_task("a1b2", state=state, unseen=unseen)) == group


def test_who_needs_the_person_comes_first_and_the_latest_change_first_within() -> None:
    tasks = [
        a_task("old1", state="working", changed_at=NOW - 50),
        a_task("new1", state="working", changed_at=NOW - 5),
        a_task("rdy1", unseen=True, changed_at=NOW - 1),
        a_task("blk1", state="blocked", changed_at=NOW - 500),
        a_task("fai1", state="failed", changed_at=NOW - 400),
    ]
    groups = [(name, [task.id for task in members]) for name, members in arrange(tasks)]
    assert groups == [("Needs you", ["blk1", "fai1", "rdy1"]), ("Working", ["new1", "old1"])]


@pytest.mark.parametrize("query", ["flaky", "MEND flaky", "k3f9/mend", "mia", "swap the clock", "k3f9", ""])
def test_filter_finds_title_branch_note_prompt_and_id_whatever_the_case(query: str) -> None:
    task = a_task("k3f9", "Mend the flaky tests", note="ask Mia", prompt="Swap the clock for a fake one.")
    assert matches(task, query), f"{query!r} did not find the task"


def test_filter_wants_every_word() -> None:
    assert not matches(a_task("k3f9", "Mend the flaky tests"), "mend parser")


def test_reason_of_a_blocked_task_stands_below_it_and_a_long_one_is_cut() -> None:
    task = a_task("k3f9", state="blocked", reason="The key was refused. " * 12)
    rows = [row for row in rows_of(arrange([task]), 36) if row.kind == "text"]
    assert len(rows) == 3
    assert text(rows[-1].spans).endswith("…"), "a reason that is cut does not say so"
    assert "The key was refused." in text(rows[0].spans)


@pytest.mark.parametrize("width", [12, 24, 36, 80])
def test_no_row_is_wider_than_the_brain_whatever_the_title_holds(width: int) -> None:
    titles = [
        "日本語のとても長い題名をここに書いておく" * 3,
        "plain words that go on " * 6,
        "tab\there\x1b[31m‮",
        "👩‍👩‍👧‍👦" * 30,
        "",
    ]
    tasks = [
        a_task(f"t{number}", title, state="blocked", reason=title * 3, note=title, additions=99999, deletions=88888,
               draft_comments=12, waiting_prompts=30, usage=Usage(cost_usd=1234.5), check_state="failed")
        for number, title in enumerate(titles)
    ]  # fmt: skip
    look = Look(width, NOW, current="t1", marks={"t0": "1", "t3": "4"})
    for task in tasks:
        for spans in (title_spans(task, look), facts_spans(task, look)):
            assert spans_cells(spans) <= width, f"{text(spans)!r} is {spans_cells(spans)} cells wide, not {width}"
    for row in rows_of(arrange(tasks), width):
        if row.kind == "text":
            assert spans_cells(row.spans) <= width, f"{text(row.spans)!r} is too wide"


def test_control_characters_of_a_title_are_shown_and_not_passed_on() -> None:
    spans = title_spans(a_task("k3f9", "evil\x1b[31m‮title"), Look(60, NOW))
    assert "\x1b" not in text(spans)
    assert "‮" not in text(spans)
    assert "␛" in text(spans)


def test_facts_name_state_age_size_cost_and_what_waits() -> None:
    task = a_task("k3f9", state="working", changed_at=NOW - 200, additions=12, deletions=3, draft_comments=2,
                  waiting_prompts=1, usage=Usage(cost_usd=1.5), check_state="failed")  # fmt: skip
    facts = text(facts_spans(task, Look(90, NOW)))
    for part in ("working 3m", "+12 −3", "✗ checks", "✎2", "»1", "$1.50", "k3f9/"):
        assert part in facts, f"{part!r} is missing in {facts!r}"


def test_project_stands_before_the_branch_when_several_are_shown() -> None:
    facts = text(facts_spans(a_task("k3f9"), Look(60, NOW, projects=True)))
    assert "bakery · k3f9/" in facts
    assert "bakery" not in text(facts_spans(a_task("k3f9"), Look(60, NOW)))


def test_summary_counts_who_needs_the_person_who_works_and_what_it_cost() -> None:
    tasks = [
        a_task("a", state="blocked", usage=Usage(cost_usd=0.5)),
        a_task("b", state="working", usage=Usage(cost_usd=0.25)),
        a_task("c", state="working"),
    ]
    assert text(summary_spans(tasks, 60)).strip() == "1 needs you · 2 working · $0.75"
    assert cells(text(summary_spans(tasks, 12))) <= 12


def test_what_only_some_tasks_have_stands_below_the_facts_in_as_many_rows_as_it_needs() -> None:
    task = a_task("k3f9", conflicts=("z5c7",), queue=QueueProgress(name="review-and-fix", position=4, total=12),
                  ports=(4310,), pull_request=PullRequest(number=12, url="x", checks="failed"))  # fmt: skip
    rows = [text(row.spans) for row in rows_of(arrange([task]), 36) if row.kind == "more"]
    assert [row.strip() for row in rows] == ["conflicts z5c7", "review-and-fix 4/12", "PR #12 open ✗ · :4310"]
    wide = [text(row.spans).strip() for row in rows_of(arrange([task]), 90) if row.kind == "more"]
    assert wide == ["conflicts z5c7 · review-and-fix 4/12 · PR #12 open ✗ · :4310"]


def test_waiting_on_today_and_earlier_are_headings_of_their_own() -> None:
    now = datetime(2026, 2, 4, 10, 30).timestamp()
    tasks = [
        a_task("not1", note="Mia", changed_at=now - 90),
        a_task("rem2", remind_at=now + 90, changed_at=now - 95),
        a_task("tod3", changed_at=now - 3600),
        a_task("yes4", changed_at=now - 86_400),
    ]
    groups = [(name, [task.id for task in members]) for name, members in arrange(tasks, now=now)]
    assert groups == [("Waiting on…", ["not1", "rem2"]), ("Today", ["tod3"]), ("Earlier", ["yes4"])]

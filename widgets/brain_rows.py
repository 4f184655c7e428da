"""What the brain shows, as rows: grouping, filtering and wording, without a widget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import Literal, NamedTuple

from agents.model import ACTIVE_STATES, FINAL_STATES, Task, TaskState, attention
from widgets.task_signs import SPINNER, age, mood, needs_person
from widgets.task_words import STATE_GLYPHS, money
from widgets.text_strips import Spans, cells, cut, printable, spans_cells, wrap

INDENT = 3
REASON_ROWS = 3
"""Rows a reason may take before it is cut."""

EXPLAINED: dict[TaskState, str] = {"blocked": "needs", "failed": "failed", "queued": "dim"}
"""States whose reason stands below the task, and its style."""

GROUPS = ("Needs you", "Working", "Queued", "Ready", "Stopped", "Off the floor")


class Row(NamedTuple):
    """One row: what it is about, and its text where that does not change from paint to paint."""

    kind: Literal["group", "title", "facts", "text", "blank"]
    task: str = ""
    spans: Spans = ()


class Look(NamedTuple):
    """What a row's wording depends on beside its task."""

    width: int
    now: float
    frame: int = 0
    """Which picture of the spinner."""
    current: str = ""
    """The task the composer talks to."""
    marks: Mapping[str, str] = {}
    """Task id to the digit that jumps to its pane."""
    projects: bool = False
    """Tasks of several projects are shown: name them."""


def group_of(task: Task) -> str:
    """The heading a task stands under."""
    if needs_person(task):
        return "Needs you"
    if task.state in ACTIVE_STATES:
        return "Working"
    if task.state in FINAL_STATES:
        return "Off the floor"
    return {"queued": "Queued", "stopped": "Stopped"}.get(task.state, "Ready")


def matches(task: Task, query: str) -> bool:
    """Every word of the query occurs in the title, branch, prompt, note or id, whatever the case."""
    if not query:
        return True
    text = "\n".join((task.title, task.branch, task.prompt, task.note, task.id)).casefold()
    return all(word in text for word in query.casefold().split())


def arrange(tasks: Iterable[Task], query: str = "") -> list[tuple[str, list[Task]]]:
    """Tasks under their headings, those that changed last first; headings without tasks are left out.

    Who needs the person is sorted by how urgently first.
    """
    groups: dict[str, list[Task]] = {name: [] for name in GROUPS}
    for task in tasks:
        if matches(task, query):
            groups[group_of(task)].append(task)
    for name, members in groups.items():
        urgent = name == "Needs you"
        members.sort(key=lambda task: (attention(task) if urgent else 0, -task.changed_at, task.id))
    return [(name, members) for name, members in groups.items() if members]


def rows_of(groups: Sequence[tuple[str, Sequence[Task]]], width: int) -> list[Row]:
    """The rows of the full brain."""
    rows: list[Row] = []
    for name, members in groups:
        if rows:
            rows.append(Row("blank"))
        style = "group needs" if name == "Needs you" else "group"
        rows.append(Row("group", spans=((f" {name.upper()}", style), (f" {len(members)}", "dim"))))
        for task in members:
            rows += [Row("title", task.id), Row("facts", task.id)]
            rows += [Row("text", task.id, spans) for spans in _explanation(task.state, task.reason, task.note, width)]
    return rows


def rail_rows(groups: Sequence[tuple[str, Sequence[Task]]]) -> list[Row]:
    """The rows of the brain when it is collapsed: one for each task."""
    rows: list[Row] = []
    for _, members in groups:
        if rows:
            rows.append(Row("blank"))
        rows += [Row("title", task.id) for task in members]
    return rows


@lru_cache(maxsize=1024)
def _explanation(state: TaskState, reason: str, note: str, width: int) -> tuple[Spans, ...]:
    """Why a task waits, and what the person waits for. Wrapped once, not at every event."""
    found: list[Spans] = []
    room = max(8, width - INDENT - 1)
    if reason and state in EXPLAINED:
        style = EXPLAINED[state]
        lines = wrap([(_one_line(reason), style)], room)
        found += lines[:REASON_ROWS]
        if len(lines) > REASON_ROWS:
            found[-1] = cut((*found[-1], (" " * room, style)), room)
    if note:
        found.append(cut([("~ ", "dim"), (_one_line(note), "note")], room))
    return tuple(((" " * INDENT, ""), *line) for line in found)


def title_spans(task: Task, look: Look) -> Spans:
    """First row of a task: mark, glyph, title, digit of its pane."""
    mark = look.marks.get(task.id, "")
    style = "title unseen" if task.unseen else "title"
    room = look.width - INDENT - (len(mark) + 1 if mark else 0) - 1
    title = cut([(_one_line(task.title) or task.id, style)], max(1, room))
    gap = " " * max(1, look.width - 1 - INDENT - spans_cells(title) - len(mark))
    return (*_lead(task, look), (" ", ""), *title, *(((gap, ""), (mark, "dim")) if mark else ()))


def rail_spans(task: Task, look: Look) -> Spans:
    """A task in the collapsed brain."""
    mark = look.marks.get(task.id, "")
    return (*_lead(task, look), (" ", ""), (mark or " ", "dim"))


def _lead(task: Task, look: Look) -> Spans:
    unread = ("•", "unread") if task.unseen else (" ", "")
    bar = ("▌", "current") if task.id == look.current else unread
    moving = task.state in ACTIVE_STATES
    glyph = SPINNER[look.frame % len(SPINNER)] if moving else STATE_GLYPHS.get(task.state, "?")
    return (bar, (glyph, mood(task)))


def facts_spans(task: Task, look: Look) -> Spans:
    """Second row of a task: state in words, age, size of its diff, cost, what waits, branch."""
    parts: list[Spans] = [((task.state, mood(task)), (f" {age(look.now - _since(task))}", "dim"))]
    if size := _diff_size(task):
        parts.append(size)
    if task.check_state == "failed":
        parts.append((("✗ checks", "failed"),))
    if task.draft_comments:
        parts.append(((f"✎{task.draft_comments}", "waiting"),))
    if task.waiting_prompts:
        parts.append(((f"»{task.waiting_prompts}", "waiting"),))
    if cost := money(task.usage.cost_usd):
        parts.append(((cost, "dim"),))
    place = PurePath(task.project).name if look.projects else task.branch.removeprefix("shopfloor/")
    room = look.width - INDENT - 1
    spans: list[tuple[str, str]] = []
    for number, part in enumerate(parts):
        gap = ((" · ", "faint"),) if number else ()
        if spans_cells(spans) + spans_cells(gap) + spans_cells(part) > room:
            break
        spans += [*gap, *part]
    left = room - spans_cells(spans) - 3
    if place and left >= 8:
        spans += [(" · ", "faint"), *cut([(_one_line(place), "faint")], left)]
    return ((" " * INDENT, ""), *cut(spans, room))


def _diff_size(task: Task) -> Spans:
    added, removed = (f"+{task.additions}", "added"), (f"−{task.deletions}", "removed")
    if task.additions and task.deletions:
        return (added, (" ", ""), removed)
    return ((added,) if task.additions else ()) + ((removed,) if task.deletions else ())


def _since(task: Task) -> float:
    return task.changed_at or task.created_at


def summary_spans(tasks: Iterable[Task], width: int) -> Spans:
    """How many need the person and work, and what it all cost."""
    known = list(tasks)
    needs = sum(needs_person(task) for task in known)
    working = sum(task.state in ACTIVE_STATES for task in known)
    spent = sum(task.usage.cost_usd or 0.0 for task in known)
    parts: list[tuple[str, str]] = []
    if needs:
        parts.append((f"{needs} need{'s' if needs == 1 else ''} you", "needs"))
    if working:
        parts.append((f"{working} working", "working"))
    if not parts:
        parts.append((f"{len(known)} task{'' if len(known) == 1 else 's'}", "dim"))
    if cost := money(spent):
        parts.append((cost, "dim"))
    spans: list[tuple[str, str]] = [(" ", "")]
    for number, part in enumerate(parts):
        spans += [(" · ", "faint"), part] if number else [part]
    return cut(spans, width)


def filter_spans(query: str, shown: int, total: int, width: int, typing: bool) -> Spans:
    """The filter as it is typed, and how many tasks are left."""
    count = f" {shown}/{total} "
    room = max(1, width - 3 - cells(count))
    text = _one_line(query)
    while cells(text) > room - 1:
        text = text[1:]
    cursor = (("▏", "current"),) if typing else ()
    used = 3 + cells(text) + len(cursor)
    return (
        (" / ", "current"),
        (text, "title"),
        *cursor,
        (" " * max(0, width - used - cells(count)), ""),
        (count, "dim"),
    )


def _one_line(text: str) -> str:
    """Text as one printable line, its white space as single blanks."""
    return printable(" ".join(text.split()))

"""What the brain shows, as rows of words, without a widget (headings and order: :mod:`widgets.brain_groups`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import Literal, NamedTuple

from agents.model import ACTIVE_STATES, FINAL_STATES, Task, TaskState
from widgets.brain_answer import Answering
from widgets.brain_groups import NEEDS_YOU, last_change
from widgets.task_signs import SPINNER, age, mood, needs_person
from widgets.task_words import STATE_GLYPHS, moment, money, queue_span
from widgets.text_strips import Span, Spans, cells, cut, one_line, spans_cells, wrap

INDENT = 3
REASON_ROWS = 3
"""Rows a reason may take before it is cut."""

EXPLAINED: dict[TaskState, str] = {"blocked": "needs", "failed": "failed", "queued": "dim"}
"""States whose reason stands below the task, and its style."""
_CHECKS: Mapping[str, Span] = {
    "failed": ("✗ checks", "failed"), "passed": ("✓ checks", "ready"), "running": ("… checks", "working")
}  # fmt: skip


class Row(NamedTuple):
    """One row: what it is about, and its text where that does not change from paint to paint."""

    kind: Literal["group", "title", "facts", "more", "text", "option", "answer", "blank"]
    task: str = ""
    spans: Spans = ()
    option: int = -1
    """For an answer that can be chosen: which, from 0."""


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
    selected: Collection[str] = ()
    """Tasks that the next act is about."""
    moves: bool = True
    """Something may move by itself."""
    answering: Answering | None = None
    """The answer that the person is giving."""


def rows_of(
    groups: Sequence[tuple[str, Sequence[Task]]], width: int, answering: str = "", now: float = 0.0
) -> list[Row]:
    """The rows of the full brain at a time; ``answering`` is the task whose question is being answered."""
    rows: list[Row] = []
    for name, members in groups:
        if rows:
            rows.append(Row("blank"))
        style = "group needs" if name == NEEDS_YOU else "group"
        heading = cut(((f" {one_line(name).upper()}", style),), max(1, width - 6))
        rows.append(Row("group", spans=(*heading, (f" {len(members)}", "dim"))))
        for task in members:
            rows += [Row("title", task.id), Row("facts", task.id)]
            rows += [Row("more", task.id, spans) for spans in more_rows(task, width, now)]
            rows += [Row("text", task.id, spans) for spans in _explanation(*_why(task), task.note, width)]
            if task.question is not None:
                rows += [Row("option", task.id, option=number) for number in range(len(task.question.options))]
                if task.question.takes_text and task.id == answering:
                    rows.append(Row("answer", task.id, option=len(task.question.options)))
    return rows


def _why(task: Task) -> tuple[str, str]:
    """Why it does not go on, and the style of that; both empty when it does."""
    if task.question is not None:
        return task.question.text, "needs"
    return (task.reason, EXPLAINED[task.state]) if task.reason and task.state in EXPLAINED else ("", "")


def rail_rows(groups: Sequence[tuple[str, Sequence[Task]]]) -> list[Row]:
    """The rows of the brain when it is collapsed: one for each task."""
    rows: list[Row] = []
    for _, members in groups:
        if rows:
            rows.append(Row("blank"))
        rows += [Row("title", task.id) for task in members]
    return rows


@lru_cache(maxsize=1024)
def _explanation(reason: str, style: str, note: str, width: int) -> tuple[Spans, ...]:
    """Why a task waits, and what the person waits for. Wrapped once, not at every event."""
    found: list[Spans] = []
    room = max(8, width - INDENT - 1)
    if reason:
        lines = wrap([(one_line(reason), style)], room)
        found += lines[:REASON_ROWS]
        if len(lines) > REASON_ROWS:
            found[-1] = cut((*found[-1], (" " * room, style)), room)
    if note:
        found.append(cut([("~ ", "dim"), (one_line(note), "note")], room))
    return tuple(((" " * INDENT, ""), *line) for line in found)


def row_spans(task: Task, row: Row, look: Look, *, is_rail: bool) -> Spans:
    """What a row about a task says now."""
    if is_rail:
        return rail_spans(task, look)
    if row.kind == "title":
        return title_spans(task, look)
    if row.kind == "facts":
        return facts_spans(task, look)
    return option_spans(task, row, look) if row.kind in ("option", "answer") else row.spans


def title_spans(task: Task, look: Look) -> Spans:
    """First row of a task: mark, glyph, title, digit of its pane."""
    mark = look.marks.get(task.id, "")
    style = "title unseen" if task.unseen else "title"
    room = look.width - INDENT - (len(mark) + 1 if mark else 0) - 1
    title = cut([(one_line(task.title) or task.id, style)], max(1, room))
    gap = " " * max(1, look.width - 1 - INDENT - spans_cells(title) - len(mark))
    return (*_lead(task, look), (" ", ""), *title, *(((gap, ""), (mark, "dim")) if mark else ()))


def rail_spans(task: Task, look: Look) -> Spans:
    """A task in the collapsed brain."""
    mark = look.marks.get(task.id, "")
    return (*_lead(task, look), (" ", ""), (mark or " ", "dim"))


def _lead(task: Task, look: Look) -> Spans:
    unread = ("•", "unread") if task.unseen else (" ", "")
    bar = ("▌", "current") if task.id == look.current else unread
    if task.id in look.selected:
        bar = ("+", "picked")
    moving = task.state in ACTIVE_STATES and look.moves
    glyph = SPINNER[look.frame % len(SPINNER)] if moving else STATE_GLYPHS.get(task.state, "?")
    return (bar, (glyph, mood(task)))


def facts_spans(task: Task, look: Look) -> Spans:
    """Second row of a task: state in words, age, size of its diff, checks, cost, what waits, branch or project."""
    word = "asks" if task.question is not None else task.state
    parts: list[Spans] = [((word, mood(task)), (f" {age(look.now - last_change(task))}", "dim"))]
    if size := _diff_size(task):
        parts.append(size)
    if task.check_state != "none":
        parts.append((_CHECKS[task.check_state],))
    if task.draft_comments:
        parts.append(((f"✎{task.draft_comments}", "waiting"),))
    if task.waiting_prompts:
        parts.append(((f"»{task.waiting_prompts}", "waiting"),))
    if cost := money(task.usage.cost_usd):
        parts.append(((cost, "dim"),))
    places = [PurePath(task.project).name] if look.projects else []
    places.append(task.branch.removeprefix("shopfloor/"))
    room = look.width - INDENT - 1
    spans = list(_joined(parts, room))
    left = room - spans_cells(spans) - 3
    for place in places:
        if place and left >= 8:
            shown = cut([(one_line(place), "faint")], left)
            spans += [(" · ", "faint"), *shown]
            left -= spans_cells(shown) + 3
    return ((" " * INDENT, ""), *cut(spans, room))


def more_rows(task: Task, width: int, now: float) -> list[Spans]:
    """What a task has to tell that others have not: its conflicts, queue, pull request, reminder and ports."""
    parts: list[Spans] = []
    if task.conflicts:
        parts.append(((f"conflicts {' '.join(task.conflicts)}", "failed"),))
    if task.queue is not None:
        parts.append((queue_span(task.queue, "waiting"),))
    if task.landing and task.state not in FINAL_STATES:
        parts.append(((one_line(task.landing), "failed" if task.landing.startswith("failed") else "waiting"),))
    if task.reviewing:
        parts.append(((one_line(task.reviewing), "waiting"),))
    if task.pull_request is not None:
        request = task.pull_request
        mark = {"passed": " ✓", "failed": " ✗", "running": " …"}.get(request.checks, "")
        if request.checks == "running":
            mark = " waiting on CI"
        parts.append(((f"PR #{request.number} {request.state}{mark}", "failed" if mark == " ✗" else "waiting"),))
    if task.remind_at:
        parts.append(((f"call me {moment(task.remind_at, now)}", "note"),))
    if task.ports:
        parts.append(((f":{' :'.join(map(str, task.ports))}", "dim"),))
    room = max(1, width - INDENT - 1)
    rows: list[Spans] = []
    for part in parts:
        longer = (*rows[-1], (" · ", "faint"), *part) if rows else part
        if rows and spans_cells(longer) <= room:
            rows[-1] = longer
        else:
            rows.append(cut(part, room))
    return [((" " * INDENT, ""), *row) for row in rows]


def _joined(parts: Iterable[Spans], room: int) -> Spans:
    """As many parts as there is room for, dots between them."""
    spans: list[Span] = []
    for number, part in enumerate(parts):
        gap = ((" · ", "faint"),) if number else ()
        if spans_cells(spans) + spans_cells(gap) + spans_cells(part) > room:
            break
        spans += [*gap, *part]
    return tuple(spans)


def option_spans(task: Task, row: Row, look: Look) -> Spans:
    """An answer that can be chosen: its number and what it says, or what the person writes instead."""
    question = task.question
    if question is None:
        return ()
    answering = look.answering if look.answering and look.answering.task == task.id else None
    chosen = answering is not None and answering.place == row.option
    mark = ("▸ ", "current") if chosen else ("  ", "")
    room = max(1, look.width - INDENT - 3)
    if row.kind == "answer":
        text = one_line(answering.text) if answering else ""
        while cells(text) > room - 2:
            text = text[1:]
        said = ((text, "title"), ("▏", "current")) if chosen else ((text or "in your own words", "note"),)
        return ((" " * INDENT, ""), mark, *cut(said, room))
    words = [(f"{row.option + 1} ", "needs"), (one_line(question.options[row.option]), "title" if chosen else "")]
    return ((" " * INDENT, ""), mark, *cut(words, room))


def _diff_size(task: Task) -> Spans:
    added, removed = (f"+{task.additions}", "added"), (f"−{task.deletions}", "removed")
    if task.additions and task.deletions:
        return (added, (" ", ""), removed)
    return ((added,) if task.additions else ()) + ((removed,) if task.deletions else ())


def heading_spans(name: str, badge: str, totals: Spans, width: int) -> Spans:
    """The first row of all: whose tasks these are, a warning, and what today cost where there is room for it."""
    shown_badge: Spans = ((" ", ""), (f" {badge} ", "badge")) if badge else ()
    if width < spans_cells(totals) + spans_cells(shown_badge) + 12:
        totals = ()
    room = max(4, width - 2 - spans_cells(shown_badge) - spans_cells(totals))
    left = ((" ", ""), *cut([(name, "name")], room), *shown_badge)
    gap = " " * max(0, width - spans_cells(left) - spans_cells(totals)) if totals else ""
    return (*left, (gap, ""), *totals)


def nothing_spans(line: int, *, is_filtered: bool) -> Spans:
    """A line of what stands where no task does."""
    lines = ("No task contains that.", "Esc shows all.") if is_filtered else ("No tasks yet.", "n starts one.")
    return ((f" {lines[line]}", "dim"),) if line < len(lines) else ()


def summary_spans(tasks: Iterable[Task], width: int, selected: int = 0) -> Spans:
    """How many need the person and work, and what it all cost; while tasks are selected, how many."""
    if selected:
        return cut([(" ", ""), (f"{selected} selected", "picked"), (" · acts are about them", "dim")], width)
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
    text = one_line(query)
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

"""Under which heading a task stands in the brain, in which order, and which tasks a search finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Literal, get_args

from agents.model import ACTIVE_STATES, FINAL_STATES, Task, attention
from widgets.task_signs import needs_person

Grouping = Literal["attention", "project", "profile"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)

NEEDS_YOU = "Needs you"
GROUPS = (NEEDS_YOU, "Working", "Queued", "Waiting on…", "Today", "Earlier", "Off the floor")


def group_of(task: Task, midnight: float = 0.0) -> str:
    """The heading a task stands under by what it asks of the person; ``midnight`` is when today began."""
    if needs_person(task):
        return NEEDS_YOU
    if task.state in ACTIVE_STATES:
        return "Working"
    if task.state in FINAL_STATES:
        return "Off the floor"
    if task.state == "queued":
        return "Queued"
    if task.note or task.remind_at or _is_in_ci(task):
        return "Waiting on…"
    return "Today" if last_change(task) >= midnight else "Earlier"


def _is_in_ci(task: Task) -> bool:
    """The checks of its open pull request run."""
    request = task.pull_request
    return request is not None and request.state in ("draft", "open") and request.checks == "running"


def midnight_before(now: float) -> float:
    """When the day of a moment began here, both since the epoch."""
    day = time.localtime(now)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 0, 0, 0, 0, 0, -1))


def last_change(task: Task) -> float:
    """When the state of a task last changed."""
    return task.changed_at or task.created_at


def arrange(
    tasks: Iterable[Task],
    query: str = "",
    by: Grouping = "attention",
    now: float = 0.0,
    files: Mapping[str, str] | None = None,
) -> list[tuple[str, list[Task]]]:
    """Tasks under their headings, those that changed last first; headings without tasks are left out.

    Who needs the person is sorted by how urgently first.

    Args:
        tasks: All there are.
        query: What they must contain (see :func:`matches`).
        by: What the headings are.
        now: Since the epoch; by it the last groups are told apart.
        files: Task id to the names of the files it changed, one a line.
    """
    midnight = midnight_before(now) if now else 0.0
    headings: Mapping[Grouping, Callable[[Task], str]] = {
        "attention": lambda task: group_of(task, midnight),
        "project": lambda task: PurePath(task.project).name,
        "profile": lambda task: task.profile,
    }
    heading = headings[by]
    groups: dict[str, list[Task]] = {name: [] for name in GROUPS} if by == "attention" else {}
    for task in tasks:
        if not query or matches(task, query, (files or {}).get(task.id, "")):
            groups.setdefault(heading(task), []).append(task)
    for name, members in groups.items():
        urgent = name == NEEDS_YOU or by != "attention"
        members.sort(key=lambda task: (attention(task) if urgent else 0, -last_change(task), task.id))
    found = [(name, members) for name, members in groups.items() if members]
    return found if by == "attention" else sorted(found, key=lambda group: group[0].casefold())


def matches(task: Task, query: str, files: str = "") -> bool:
    """Every word of the query occurs in the title, branch, prompt, note, id, project, profile, question or the names
    of changed files, whatever the case."""
    asked = task.question.text if task.question else ""
    text = "\n".join(
        (task.title, task.branch, task.prompt, task.note, task.id, task.project, task.profile, asked, files)
    ).casefold()  # fmt: skip
    return all(word in text for word in query.casefold().split())

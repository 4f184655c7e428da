"""Hooks of a project file, in the engine: which events there are, and what becomes of one that hangs."""

from __future__ import annotations

from typing import Any

import pytest

from agents.engine import hooks
from agents.engine.hooks import events_of
from agents.model import Task
from tests.shop import Shop, home, shop

__all__ = ["home", "shop"]


def a_task(**fields: Any) -> Task:
    given = {"title": "T", "prompt": "", "project": "/p", "base": "main", "base_commit": "1", "profile": "x"}
    return Task(id="abcd", **{**given, **fields})


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (None, a_task(), ["task-created"]),
        (a_task(state="queued"), a_task(state="preparing"), []),
        (a_task(state="working"), a_task(state="working", worked_seconds=1.0), ["turn-ended"]),
        (a_task(state="checking"), a_task(state="ready"), ["task-ready"]),
        (a_task(state="working"), a_task(state="blocked"), ["task-blocked"]),
        (a_task(state="preparing"), a_task(state="failed"), ["task-blocked"]),
        (a_task(state="ready"), a_task(state="queued", round=1), ["comment-sent"]),
        (a_task(state="ready"), a_task(state="landed"), ["landed"]),
        (a_task(state="ready"), a_task(state="ready", note="x"), []),
    ],
)
def test_each_event_is_told_once(before: Task | None, after: Task, events: list[str]) -> None:
    assert events_of(before, after) == events


async def test_a_hook_that_hangs_is_ended_and_said_and_stops_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "HOOK_SECONDS", 0.3)
    text = '[hooks]\ntask-created = "sleep 600"\n'
    (shop.repository / ".shopfloor.toml").write_text(text)
    await shop.engine.projects.trust(str(shop.repository), text)
    shop.model.add("Done.")
    task = await shop.task()
    await shop.rests(task.id)
    said = await shop.entry(task.id, lambda entry: "task-created" in entry.text, "what became of the hook")
    assert said.text == "The hook task-created failed (not done after 0.3 seconds)."

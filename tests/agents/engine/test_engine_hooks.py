"""Hooks of a project file, in the engine: which events there are, and what becomes of one that hangs."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from agents.engine import hooks
from agents.engine.hooks import HookCall, events_of
from agents.events import EngineNotice
from agents.model import NewTask, Task
from tests.shop import Shop, home, shop, writes

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


async def test_break_fix_reviewers_and_races_call_hooks_with_what_came_of_them(shop: Shop) -> None:
    events = ("break-fix-ended", "review-ended", "race-ended")
    text = "[hooks]\n" + "".join(f'{event} = "cat >> {event}.log"\n' for event in events)
    (shop.repository / ".shopfloor.toml").write_text(text)
    await shop.engine.projects.trust(str(shop.repository), text)
    (shop.profiles / "other.toml").write_text((shop.profiles / "test.toml").read_text())
    nothing = '```json\n{"findings": []}\n```'
    shop.model.add(writes("new.txt", "new\n"), "Done.", "Done too.")

    new = NewTask(project=str(shop.repository), prompt="do it", check=False)
    race = await shop.engine.races.start(new, ["test", "other"])
    for task in race.tasks:
        await shop.rests(task)
    first = max(race.tasks, key=lambda task: shop.engine.ledger.tasks[task].files_changed)
    await shop.engine.break_fix.start(first)
    report = await shop.engine.break_fix.finish(first)
    shop.model.add(nothing)
    await shop.engine.reviewers.start(first, ["security"])
    await shop.engine.reviewers.finish(first)

    said = {event: await the_call(shop, event) for event in events}
    assert said["race-ended"].task.id == race.id
    assert all(f"{task} (" in said["race-ended"].said for task in race.tasks), said["race-ended"].said
    assert (said["break-fix-ended"].task.id, said["break-fix-ended"].said) == (first, report.reason)
    assert said["review-ended"].task.id == first
    assert "The reviewers are done." in said["review-ended"].said


async def the_call(shop: Shop, event: str) -> HookCall:
    """What a hook was told, when it has run; it must have run once."""
    log = shop.repository / f"{event}.log"
    for _ in range(1_500):
        if log.exists() and log.read_bytes().endswith(b"\n"):
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail(f"the hook {event} did not run")
    (line,) = log.read_bytes().splitlines()
    return msgspec.json.decode(line, type=HookCall)


async def test_hooks_of_an_untrusted_file_do_not_run_for_break_fix_either(shop: Shop) -> None:
    (shop.repository / ".shopfloor.toml").write_text('[hooks]\nbreak-fix-ended = "touch ran"\n')
    shop.model.add(writes("new.txt", "new\n"), "Done.")
    task = await shop.rests((await shop.task(check=False)).id)
    listener = await shop.engine.subscribe()
    await shop.engine.break_fix.start(task.id)
    await shop.engine.break_fix.finish(task.id)
    async with asyncio.timeout(30):
        async for batch in listener:
            if any(isinstance(event, EngineNotice) and "Hooks do not run" in event.text for event in batch):
                break
    await listener.close()
    assert not (shop.repository / "ran").exists()


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

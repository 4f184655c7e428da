"""``shopfloor race``: one prompt to several profiles, of which one is kept."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agents.api import Api
from agents.errors import UsageError
from agents.events import TaskChanged
from agents.model import ACTIVE_STATES, NewTask
from agents.parts.races import Lane, Race, RaceView
from app.images import with_images
from app.verbs.printing import age, cost, print_json, safe
from app.verbs.tasks import engine

CHECKS = {"none": "no checks", "running": "checks run", "passed": "✓ checks", "failed": "✗ checks"}


async def race(options: argparse.Namespace) -> int:
    """``shopfloor race``."""
    async with engine() as api:
        if options.keep:
            known = await api.races.keep(options.keep)
            _print_view(await api.races.show(known.id), options.json)
            return 0
        if options.show:
            _print_view(await api.races.show(options.show), options.json)
            return 0
        if not options.prompt:
            return await _list(api, options.json)
        prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
        if len(options.profile) < 2:
            raise UsageError("A race needs at least two profiles.", "Name each with -p.")
        new = NewTask(
            project=str(Path.cwd()),
            prompt=await with_images(api, prompt),
            title=options.title,
            base=options.base,
            check=not options.no_check,
        )
        known = await api.races.start(new, options.profile)
        if options.wait:
            await _wait(api, known)
        view = await api.races.show(known.id)
        _print_view(view, options.json)
        if not options.wait:
            return 0
        states = {lane.task.state for lane in view.lanes}
        return 0 if "ready" in states else 4 if "blocked" in states else 1


async def _list(api: Api, as_json: bool) -> int:
    found = await api.races.list(str(Path.cwd()))
    for known in found:
        if as_json:
            print_json(known)
        else:
            kept = f"  kept {known.kept}" if known.kept else ""
            print(f"{known.id:<5} {age(known.at):>4}  {len(known.tasks)} tasks{kept}  {safe(known.title)}")
    if not found and not as_json:
        print("There was no race yet: `shopfloor race PROMPT -p ONE -p OTHER` starts one.")
    return 0


async def _wait(api: Api, known: Race) -> None:
    """Until none of its tasks works any more."""
    events = await api.subscribe()
    try:
        states = {task: (await api.task(task)).state for task in known.tasks}
        async for batch in events:
            states |= {
                event.task.id: event.task.state
                for event in batch
                if isinstance(event, TaskChanged) and event.task.id in states
            }
            if not any(state in ACTIVE_STATES or state == "queued" for state in states.values()):
                return
    finally:
        await events.close()
    await api.info()  # the engine is gone: this says so


def _print_view(view: RaceView, as_json: bool) -> None:
    if as_json:
        for lane in view.lanes:
            print_json(_lane_object(view.race, lane))
        return
    print(f"race {view.race.id}  {safe(view.race.title)}")
    for lane in view.lanes:
        task = lane.task
        kept = "  kept" if view.race.kept == task.id else ""
        size = (
            f"{len(lane.files)} files +{sum(f.additions for f in lane.files)} -{sum(f.deletions for f in lane.files)}"
        )
        print(
            f"{task.id:<5} {safe(task.profile):<16} {task.state:<9} {size:<20} {CHECKS[task.check_state]:<10} "
            f"{cost(task.usage.cost_usd):>8} {task.worked_seconds:5.0f}s{kept}"
        )
        for file in lane.files:
            print(f"        +{file.additions:<4} -{file.deletions:<4} {safe(file.path.decode('utf-8', 'replace'))}")


def _lane_object(known: Race, lane: Lane) -> dict[str, object]:
    """A task of a race as ``--json`` prints it."""
    task = lane.task
    return {
        "race": known.id,
        "kept": known.kept == task.id,
        "task": task.id,
        "profile": task.profile,
        "model": task.model,
        "state": task.state,
        "reason": task.reason,
        "check_state": task.check_state,
        "cost_usd": task.usage.cost_usd,
        "seconds": task.worked_seconds,
        "files": [
            {
                "path": file.path.decode("utf-8", "backslashreplace"),
                "additions": file.additions,
                "deletions": file.deletions,
            }
            for file in lane.files
        ],
    }

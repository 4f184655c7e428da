"""Verbs about the project's own scripts, and about where tasks live."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from agents.api import Api
from agents.errors import UsageError
from agents.events import AnyEvent, EntryChanged, EntryGrew, TranscriptOpened
from agents.model import Entry, Task
from agents.parts.scripts import ScriptRun
from app.verbs.printing import age, print_json, safe, task_object
from app.verbs.tasks import engine


async def do(options: argparse.Namespace) -> int:
    """``shopfloor do``."""
    async with engine() as api:
        if not options.name:
            return await _offered(api, options.json)
        task = await _task(api, options.task)
        run = await api.scripts.start(task.id, options.name)
        if run.kind == "service":
            await api.scripts.stop(task.id, options.name)
            raise UsageError(f"“{options.name}” is a service.", f"`shopfloor service start {options.name} {task.id}`.")
        try:
            if not options.json:
                await _follow(api, run)
            run = await api.scripts.finish(task.id, options.name)
        except asyncio.CancelledError:
            await api.scripts.stop(task.id, options.name)
            raise
    return _ended(run, options.json)


def _ended(run: ScriptRun, as_json: bool) -> int:
    if as_json:
        print_json(run)
    elif run.status != "passed":
        print(f"\nshopfloor: “{run.name}”: {run.reason}.", file=sys.stderr)
    return 0 if run.status == "passed" else 1


async def _offered(api: Api, as_json: bool) -> int:
    found = await api.scripts.offered(str(Path.cwd()))
    for script in found:
        if as_json:
            print_json(script)
        else:
            print(f"{script.name:<20} {script.kind:<8} {safe(script.run)}")
    if not found and not as_json:
        print("The project file offers no commands or services.")
    return 0


async def _follow(api: Api, run: ScriptRun) -> None:
    """Print what a script prints until it ends."""
    said = _Said()
    subscription = await api.subscribe()
    await subscription.watch([run.task])
    async for batch in subscription:
        for event in batch:
            if isinstance(event, EntryGrew) and event.entry == run.entry:
                said.add(event.text)
            for entry in entries_of(event):
                if entry.id == run.entry and entry.tool is not None:
                    said.complete(entry.tool.output)
                    if entry.done:
                        return


def entries_of(event: AnyEvent) -> tuple[Entry, ...]:
    """The whole entries that an event tells."""
    if isinstance(event, TranscriptOpened):
        return event.entries
    return (event.entry,) if isinstance(event, EntryChanged) else ()


class _Said:
    """What was printed of an output that is told in pieces and as a whole, of which only the end may be kept."""

    def __init__(self) -> None:
        self._tail = ""

    def add(self, text: str) -> None:
        print(safe(text), end="", flush=True)
        self._tail = (self._tail + text)[-500:]

    def complete(self, output: str) -> None:
        """Print what of the whole output was not."""
        place = output.rfind(self._tail.rstrip()) if self._tail else -1
        rest = output[place + len(self._tail.rstrip()) :] if place >= 0 else output
        if rest.strip():
            self.add(rest)


async def service(options: argparse.Namespace) -> int:
    """``shopfloor service``."""
    async with engine() as api:
        if options.action == "ls":
            runs = [run for run in await api.scripts.running(options.name) if run.kind == "service"]
            for run in runs:
                _print_run(run, options.json)
            if not runs and not options.json:
                print("No service has been started.")
            return 0
        if not options.name:
            raise UsageError("Which service?", "`shopfloor do` lists what the project file offers.")
        task = await _task(api, options.task)
        if options.action == "restart":
            running = [run for run in await api.scripts.running(task.id) if run.name == options.name]
            if running and running[0].status == "running":
                await api.scripts.stop(task.id, options.name)
        if options.action == "stop":
            run = await api.scripts.stop(task.id, options.name)
        else:
            run = await api.scripts.start(task.id, options.name)
        _print_run(run, options.json)
    return 0


def _print_run(run: ScriptRun, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    why = f" ({run.reason})" if run.reason else ""
    where = f"  {safe(run.url)}" if run.url and run.status == "running" else ""
    print(f"{run.task:<5} {run.name:<16} {run.status}{why}, since {age(run.started_at)}{where}")


async def _task(api: Api, named: str) -> Task:
    """The task that is meant: by its id, by the script that runs for it, or by the worktree one stands in."""
    if named or os.environ.get("SHOPFLOOR_TASK"):
        return await api.task(named or os.environ["SHOPFLOOR_TASK"])
    here = Path.cwd().resolve()
    for task in await api.tasks(everything=True):
        if task.worktree and here.is_relative_to(Path(task.worktree).resolve()):
            return task
    raise UsageError("Which task?", "Name it, or go to its worktree; `shopfloor ls` lists the tasks.")


async def worktrees(options: argparse.Namespace) -> int:
    """``shopfloor worktrees``."""
    async with engine() as api:
        found = await api.worktrees.list("" if options.all else str(Path.cwd()))
    for info in found:
        if options.json:
            print_json(info)
        else:
            size = f"{info.bytes / 1e6:.1f} MB"
            print(f"{info.task:<5} {info.state:<9} {size:>10} {age(info.created_at):>4}  {safe(info.path)}")
    if not found and not options.json:
        print("No task has a worktree.")
    return 0


async def adopt(options: argparse.Namespace) -> int:
    """``shopfloor adopt``."""
    async with engine() as api:
        task = await api.worktrees.adopt(str(Path.cwd()), options.what, options.prompt, options.profile)
    if options.json:
        print_json(task_object(task))
    else:
        print(f"{task.id}  {task.state}  {safe(task.title)}\n      in {safe(task.worktree)}")
        if not options.prompt:
            print(f"      `shopfloor send {task.id} TEXT` says what to do.")
    return 0

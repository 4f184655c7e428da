"""``shopfloor engine``: the process that keeps agents at work."""

from __future__ import annotations

import asyncio

import msgspec

from agents.client import connect, stop_engine
from agents.installation import REPLACED, RESTART
from app.verbs.printing import age, counted, print_json

_KNOWN_AS = {
    "task": "tasks", "workspace": "worktrees", "entry": "transcripts", "prompt": "prompts", "comment": "comments",
    "message": "conversations as agents remember them", "turn": "turns", "round": "review rounds",
    "draft": "unsent texts", "trust": "trusted project files", "reviewed": "marks of what was reviewed",
    "kept": "texts and settings put by", "queue_run": "queues on tasks", "queue_copy": "earlier queues",
    "check_report": "reports of checks",
}  # fmt: skip
"""What the tables of the store hold."""


def engine(action: str, as_json: bool, when_idle: bool) -> int:
    """Do one of ``start``, ``stop``, ``restart``, ``status``, ``run``, ``mend``."""
    match action:
        case "run":
            from agents.server import run_engine

            return run_engine()
        case "mend":
            return _mend(as_json)
        case "stop":
            return asyncio.run(_stop(as_json, when_idle))
        case "restart":
            return asyncio.run(_restart(as_json, when_idle))
    return asyncio.run(_status(action == "start", as_json))


async def _status(start: bool, as_json: bool) -> int:
    client = await connect(start=start)
    info = await client.info()
    await client.disconnect()
    if as_json:
        print_json(info)
        return 0
    print(f"The engine runs: version {info.version}, process {info.pid}, since {age(info.started_at)}.")
    at_work = f"{counted(info.tasks, 'task')}, {info.working} at work, {counted(info.clients, 'screen')}."
    print(f"{at_work} Sandbox: {info.sandbox or 'none'}.")
    if info.replaced:
        print(f"{REPLACED} {RESTART}")
    for damage in info.damages:
        print(damage)
    if info.sandbox_problem:
        print(f"Agents cannot start: {info.sandbox_problem}")
    print(f"State in {info.home}, log in {info.log}.")
    return 0


async def _stop(as_json: bool, when_idle: bool) -> int:
    info = await stop_engine(when_idle)
    if as_json:
        print_json({"stopped": info is not None, "pid": info.pid if info else None})
    elif info is None:
        print("No engine is running.")
    else:
        print("The engine has stopped. Interrupted turns go on when it starts again.")
    return 0


def _mend(as_json: bool) -> int:
    from agents.server import mend_store

    mended = mend_store()
    if as_json:
        print_json({"mended": mended is not None, **(msgspec.to_builtins(mended) if mended else {})})
        return 0
    if mended is None:
        print("All of the store can be read; it is left as it is.")
        return 0
    print(f"A new store is in the place of the damaged one, which is kept as {mended.aside}.")
    for table in mended.damaged:
        rows = counted(table.read, "row")
        copied = f"{table.copied} more are those of the daily copy" if mended.copied_at else "there is no daily copy"
        print(f"Not all could be read of the {_KNOWN_AS[table.name]}: {rows} could, {copied}.")
    if mended.damaged and mended.copied_at:
        print(f"That copy was made {age(mended.copied_at)} ago: what came to these since may be missing.")
    for gap in mended.gaps:
        print(gap)
    print("Worktrees, branches and snapshots are in their repositories, untouched. `shopfloor` opens the floor.")
    return 0


async def _restart(as_json: bool, when_idle: bool) -> int:
    await stop_engine(when_idle)
    return await _status(True, as_json)

"""``shopfloor engine``: the process that keeps agents at work."""

from __future__ import annotations

import asyncio

from agents.client import connect, stop_engine
from agents.installation import REPLACED, RESTART
from app.verbs.printing import age, counted, print_json


def engine(action: str, as_json: bool, when_idle: bool) -> int:
    """Do one of ``start``, ``stop``, ``restart``, ``status``, ``run``."""
    match action:
        case "run":
            from agents.server import run_engine

            return run_engine()
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


async def _restart(as_json: bool, when_idle: bool) -> int:
    await stop_engine(when_idle)
    return await _status(True, as_json)

"""``shopfloor engine``: the process that keeps agents at work."""

from __future__ import annotations

import asyncio
import time

from agents.client import Client, connect, lock_is_free
from agents.errors import EngineUnreachable, ShopfloorError
from app.verbs.printing import age, print_json

STOP_SECONDS = 30.0


def engine(action: str, as_json: bool) -> int:
    """Do one of ``start``, ``stop``, ``status``, ``run``."""
    if action == "run":
        from agents.server import run_engine

        return run_engine()
    return asyncio.run({"start": _status, "status": _status, "stop": _stop}[action](action == "start", as_json))


async def _status(start: bool, as_json: bool) -> int:
    client = await connect(start=start)
    info = await client.info()
    await client.disconnect()
    if as_json:
        print_json(info)
        return 0
    print(f"The engine runs: version {info.version}, process {info.pid}, since {age(info.started_at)}.")
    print(f"{info.tasks} tasks, {info.working} at work, {info.clients} screens. Sandbox: {info.sandbox or 'none'}.")
    if info.sandbox_problem:
        print(f"Agents cannot start: {info.sandbox_problem}")
    print(f"State in {info.home}, log in {info.log}.")
    return 0


async def _stop(_: bool, as_json: bool) -> int:
    try:
        client = await connect(start=False)
    except EngineUnreachable:
        if as_json:
            print_json({"stopped": False})
        else:
            print("No engine is running.")
        return 0
    info = await client.info()
    await client.shutdown()
    until = time.monotonic() + STOP_SECONDS
    while await _answers(client) or not lock_is_free():
        if time.monotonic() > until:
            raise ShopfloorError(f"The engine (process {info.pid}) has not ended after {STOP_SECONDS:g} seconds.")
        await asyncio.sleep(0.02)
    await client.disconnect()
    if as_json:
        print_json({"stopped": True, "pid": info.pid})
    else:
        print("The engine has stopped. Interrupted turns go on when it starts again.")
    return 0


async def _answers(client: Client) -> bool:
    try:
        await client.info()
    except EngineUnreachable:
        return False
    return True

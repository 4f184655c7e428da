"""The two programs behind the benchmarks of the native agent: a model server, and our agent on one prompt.

``python -m tests.bench.native_parts serve STEPS FILE`` listens on a loopback port, says which, answers conversations
with STEPS commands and then an end, and writes into FILE when each request came. ``… run URL FOLDER`` works on a prompt
as a task's agent does, without the engine around it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from agents.drivers import AnyReport
from agents.offline import Call, Fault, ModelRequest, OfflineServer, Reply, say

END = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
"""One of the competitors ends when a command prints this; to the others it is a command like any other."""


class Steps:
    """A player: so many commands, then an end."""

    def __init__(self, steps: int, file: Path) -> None:
        self._steps = steps
        self._file = file

    def __call__(self, request: ModelRequest) -> Reply | Fault:
        with self._file.open("a") as log:
            log.write(f"{time.perf_counter()} {len(str(request.body))}\n")
        done = sum(message.role == "assistant" for message in request.messages)
        if done > self._steps:
            return say("Done.")
        command = END if done == self._steps else f"echo step {done}"
        return say(f"Step {done}: I look at what there is and go on.", Call("bash", {"command": command}))


async def serve(steps: int, file: Path) -> None:
    """Serve until standard input ends."""
    server = OfflineServer(Steps(steps, file), models=("claude-sonnet-4-5", "model-1"))
    print(await server.start(), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


async def run(url: str, folder: Path) -> None:
    """Work on one prompt."""
    from agents.drivers.native import NativeDriver
    from agents.profiles import NativeSection, Profile
    from agents.sandbox import choose_runner
    from agents.sandbox.defaults import agent_policy

    work, temp, cache = (folder / name for name in ("work", "temp", "cache"))
    for place in (work, temp, cache):
        place.mkdir(exist_ok=True)
    native = NativeSection(provider="anthropic", model="claude-sonnet-4-5", base_url=url)

    def ignore(_: AnyReport) -> None:
        pass

    driver = NativeDriver(
        profile=Profile(name="Bench", native=native),
        runner=await choose_runner(),
        policy=agent_policy(work, temp=temp, cache=cache, profile=None, repository=None),
        worktree=str(work),
        report=ignore,
        environment={"ANTHROPIC_API_KEY": "none"},
    )
    end = await driver.run_turn("Count the steps.")
    await driver.close()
    if end.outcome != "done":
        raise SystemExit(f"the turn ended as {end}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", steps, file]:
            asyncio.run(serve(int(steps), Path(file)))
        case ["run", url, folder]:
            os.chdir(folder)
            asyncio.run(run(url, Path(folder)))
        case _:
            raise SystemExit(__doc__)

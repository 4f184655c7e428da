"""``shopfloor demo``: agents at work on a sample repository, played by the offline model. Nothing leaves the machine.

Everything is in a folder of its own: the repository, and a Shopfloor home with its own engine and its own settings.
The agents are real: worktrees, sandboxes, the model SDK over HTTP, tests that run. Only the model is not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from agents import paths
from agents.client import Client, connect
from agents.errors import EngineUnreachable, ShopfloorError, UsageError
from agents.events import TaskChanged
from agents.model import NewTask, Task
from agents.offline.sample import demo_tasks, make_sample_repository
from app.verbs.printing import STATE_GLYPHS, print_json, safe, task_object
from app.verbs.tasks import RESTING

STOP_SECONDS = 20.0
MOST_AGENTS = 200
SOCKET_PATH_BYTES = 100
"""A socket's path must fit in 104 bytes on some systems."""


def main(arguments: Sequence[str]) -> int:
    """Run the demo. Headless, the status is 0 only if every task is ready, has changed files and passes its tests.

    Raises:
        ShopfloorError: it cannot be set up here.
    """
    from app.main import parser

    options = parser().parse_args(["demo", *arguments])
    if not 1 <= options.agents <= MOST_AGENTS:
        raise UsageError(f"A demo can have 1 to {MOST_AGENTS} agents, not {options.agents}.")
    if options.json and not options.headless:
        raise UsageError("--json goes with --headless.", "With a screen there is nothing to print.")
    if not options.headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The demo needs a terminal.", "`shopfloor demo --headless` works without one.")
    try:
        return asyncio.run(_demo(options))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


async def _demo(options: argparse.Namespace) -> int:
    if (demo := asyncio.current_task()) is not None:
        for ending in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal must not leave an engine behind
            asyncio.get_running_loop().add_signal_handler(ending, demo.cancel)
    with _home(options) as folder:
        project = await make_sample_repository(folder)
        async with _engine() as api:
            text, _ = await api.projects.file(str(project))
            await api.projects.trust(str(project), text)  # it is our own
            tasks = demo_tasks(project, options.agents)
            if options.headless:
                return await _headless(api, tasks, options)
            for new in tasks:
                await api.create_task(new)
            from app.verbs.floor import open_floor

            return await open_floor(str(project), demo=True)


# --- headless ---------------------------------------------------------------------------------------------------------


async def _headless(api: Client, tasks: Sequence[NewTask], options: argparse.Namespace) -> int:
    if not options.json:
        print("The offline player is at work. It is not a model; the tools it calls really run.", file=sys.stderr)
    waiting = [(await api.create_task(new)).id for new in tasks]
    rested: list[Task] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(options.timeout):
            async for task in _as_they_rest(api, waiting):
                rested.append(task)
                _print_task(task, options.json)
    for name in sorted(set(waiting) - {task.id for task in rested}):
        _print_task(await api.task(name), options.json)
    good = sum(map(is_good, rested))
    if not options.json:
        print(f"{good} of {len(tasks)} tasks are ready, have changed files and pass their tests.", file=sys.stderr)
    return 0 if good == len(tasks) else 1


async def _as_they_rest(api: Client, waiting: Sequence[str]) -> AsyncIterator[Task]:
    """Each of these tasks when it has come to rest."""
    left = set(waiting)
    async for batch in await api.subscribe():
        for event in batch:
            if isinstance(event, TaskChanged) and event.task.id in left and event.task.state in RESTING:
                left.discard(event.task.id)
                yield event.task
        if not left:
            return
    await api.info()  # the engine is gone: this says so


def is_good(task: Task) -> bool:
    """What the demo promises of a task."""
    return task.state == "ready" and task.files_changed > 0 and task.check_state == "passed"


def _print_task(task: Task, as_json: bool) -> None:
    if as_json:
        print_json(task_object(task))
        return
    turns = "1 turn" if task.turn == 1 else f"{task.turn} turns"
    files = "1 file" if task.files_changed == 1 else f"{task.files_changed} files"
    changes = f"{files} +{task.additions} -{task.deletions}"
    checks = {"none": "tests did not run"}.get(task.check_state, f"tests {task.check_state}")
    reason = f"  {task.reason}" if task.state != "ready" and task.reason else ""
    print(
        f"{STATE_GLYPHS[task.state]} {task.id}  {task.state:<7}  {turns}  {changes:<17}  {checks:<12}  "
        f"{task.worked_seconds:5.1f} s  {safe(task.title + reason)}",
        flush=True,
    )


# --- a home of its own ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _home(options: argparse.Namespace) -> Iterator[Path]:
    """A folder for the demo, and this process set up to use it; gone afterwards unless it is to be kept."""
    folder = _new_folder()
    os.environ["SHOPFLOOR_HOME"] = str(folder / "home")
    settings = paths.make_private(paths.config_dir()) / "config.toml"
    settings.write_text(
        f'[engine]\nmax_active = {options.agents}\n\n[defaults]\nprofile = "offline"\n\n'
        f"[offline]\ndelay_ms = {1 if options.headless else 20}\n",
        "utf-8",
    )
    try:
        yield folder
    finally:
        if options.keep:
            print(
                f"The demo's repository and state are in {folder}.\n"
                f"Go on there: SHOPFLOOR_HOME={folder / 'home'} shopfloor {folder / 'daybook'}",
                file=sys.stderr,
            )
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _new_folder() -> Path:
    for parent in (None, "/tmp"):
        try:
            folder = Path(tempfile.mkdtemp(prefix="shopfloor-demo-", dir=parent)).resolve()
        except OSError as error:
            raise ShopfloorError(f"No temporary folder can be made: {error.strerror or error}.") from error
        if len(os.fsencode(folder / "home" / "run" / "engine.sock")) <= SOCKET_PATH_BYTES:
            return folder
        folder.rmdir()
    raise ShopfloorError("The temporary folder's path is too long for a socket.", "Set TMPDIR to a shorter one.")


@contextlib.asynccontextmanager
async def _engine() -> AsyncIterator[Client]:
    """The demo's own engine, told no key; ended afterwards."""
    api = await connect(environment={})
    try:
        yield api
    finally:
        await _end_engine(api)


async def _end_engine(api: Client) -> None:
    until = time.monotonic() + STOP_SECONDS
    with contextlib.suppress(EngineUnreachable):
        process = (await api.info()).pid
        await api.shutdown()
        while not _has_ended(process):
            if time.monotonic() > until:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            await asyncio.sleep(0.02)
    await api.disconnect()


def _has_ended(process: int) -> bool:
    """Whether the engine's process is over; it is our child."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:  # somebody else has waited for it
        pass
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False

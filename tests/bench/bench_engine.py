"""Start-up, worktrees, snapshots, confinement, memory: what the engine side costs."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.bench.measure import Figure, summary

if TYPE_CHECKING:
    from agents.sandbox import Runner

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 7


def clean_environment(folder: Path) -> dict[str, str]:
    """Nothing but what a process needs, all folders below one."""
    (folder / ".gitconfig").write_text("[user]\n\tname = Bench\n\temail = bench@example.invalid\n")
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "SHOPFLOOR_HOME": str(folder / "home")}


@contextmanager
def scratch() -> Iterator[Path]:
    """A short folder that is gone afterwards. Not in /tmp, where no repository lies: commands see one of their own, and
    to show something of the real one in it costs mounts."""
    folder = Path(tempfile.mkdtemp(prefix=".sf-", dir=Path.home()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def imports() -> Sequence[Figure]:
    """Import time of the screen and of the engine, beyond starting Python itself."""

    def seconds(statement: str) -> list[float]:
        found = []
        for _ in range(RUNS + 1):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)
            found.append((time.perf_counter() - began) * 1000)
        return found[1:]  # the first one writes bytecode

    bare = sorted(seconds("pass"))[RUNS // 2]
    return [
        summary("import of the screen (app.app)", [value - bare for value in seconds("import app.app")], "ms"),
        summary(
            "import of the engine (agents.server)", [value - bare for value in seconds("import agents.server")], "ms"
        ),
        Figure("bare python", bare, "ms", None, f"{RUNS} runs, median"),
    ]


def a_repository(folder: Path, files: int) -> Path:
    """A repository with many small files in one commit."""
    folder.mkdir()
    for number in range(files):
        path = folder / f"part{number // 50}" / f"file{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'"""File {number}."""\n' + f"VALUE = {number}\n" * 40)
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def workspaces() -> Sequence[Figure]:
    """A new task's worktree beside ``git worktree add`` alone, and snapshots."""
    with scratch() as folder:
        environment = clean_environment(folder)
        saved = dict(os.environ)
        os.environ.clear()
        os.environ.update(environment)
        try:
            return asyncio.run(_workspaces(folder))
        finally:
            os.environ.clear()
            os.environ.update(saved)


async def _workspaces(folder: Path) -> Sequence[Figure]:
    from agents.sandbox import choose_runner
    from agents.workspace import Workspaces

    repository = a_repository(folder / "repository", 2_000)
    strongest = Workspaces(await choose_runner())
    plain, ours = [], []
    await strongest.create(str(repository), "warm", "up", "main")
    for number in range(RUNS):  # in turns, so that a noisy machine is noisy for both
        began = time.perf_counter()
        path = folder / f"plain{number}"
        command = ["git", "worktree", "add", "-q", "-b", f"plain{number}", str(path), "main"]
        subprocess.run(command, cwd=repository, check=True)
        plain.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        await strongest.create(str(repository), f"t{number}", "bench", "main")
        ours.append((time.perf_counter() - began) * 1000)
    beyond = [mine - theirs for mine, theirs in zip(ours, plain, strict=True)]
    figures = [
        summary("git worktree add alone, 2,000 files", plain, "ms"),
        summary("new task's worktree, all of it", ours, "ms"),
        summary("new task beyond git worktree add", beyond, "ms", 100),
    ]
    for runner in await _backends():
        figures += await _snapshots(repository, runner)
    return figures


async def _backends() -> list[Runner]:
    """Every backend that works here."""
    from agents.errors import SandboxError
    from agents.sandbox import choose_runner
    from agents.sandbox.runner import BACKENDS

    found = []
    for name in BACKENDS.get(sys.platform, ()):
        try:
            found.append(await choose_runner(name))
        except SandboxError:
            continue
    return found


async def _snapshots(repository: Path, runner: Runner) -> Sequence[Figure]:
    """From a new task to its first confined command, and snapshots of its worktree."""
    from agents import paths
    from agents.sandbox.defaults import agent_policy
    from agents.workspace import Workspaces

    service = Workspaces(runner)
    starts = []
    for number in range(RUNS):
        began = time.perf_counter()
        workspace = await service.create(str(repository), f"{runner.name}{number}", "bench", "main")
        await service.prepare(workspace, runner)
        grants = service.grants(workspace, runner)
        policy = agent_policy(
            Path(workspace.worktree),
            temp=paths.make_private(paths.task_dir(workspace.task) / "tmp"),
            cache=paths.make_private(paths.cache_dir() / "agents" / "bench"),
            profile=None,
            repository=repository,
            read=map(Path, grants.read),
            write=map(Path, grants.write),
            protect=map(Path, grants.protect),
            binds=grants.binds,
        )
        process = await runner.start(["/bin/true"], policy)
        assert await process.wait() == 0
        starts.append((time.perf_counter() - began) * 1000)
    commands = []
    for _ in range(3 * RUNS):
        began = time.perf_counter()
        assert await (await runner.start(["/bin/true"], policy)).wait() == 0
        commands.append((time.perf_counter() - began) * 1000)
    await asyncio.sleep(1.1)  # as old as the index of its second, every file would be read again
    cold: list[float] = []
    warm: list[float] = []
    unchanged: list[float] = []
    for number in range(2 * RUNS + 1):
        Path(workspace.worktree, "new.txt").write_text(f"{number}\n")
        for times in (warm if number else cold, unchanged):
            began = time.perf_counter()
            await service.snapshot(workspace, "bench", "bench")
            times.append((time.perf_counter() - began) * 1000)
    return [
        summary(f"new task to its first command, {runner.name}", starts, "ms"),
        summary(f"a command with all a task has around it, {runner.name}", commands, "ms"),
        summary(f"snapshot of 2,000 files, {runner.name}, first", cold, "ms"),
        summary(f"snapshot of 2,000 files, {runner.name}, one changed", warm, "ms", 40),
        summary(f"snapshot of 2,000 files, {runner.name}, none changed", unchanged, "ms", 40),
    ]


def confinement() -> Sequence[Figure]:
    """A command under each backend beside the same command started by nobody but asyncio."""
    with scratch() as folder:
        return asyncio.run(_confinement(folder))


async def _confinement(folder: Path) -> Sequence[Figure]:
    from agents.sandbox import choose_runner
    from agents.sandbox.defaults import agent_policy

    worktree, temp, cache = (folder / name for name in ("worktree", "temp", "cache"))
    for made in (worktree, temp, cache):
        made.mkdir()
    policy = agent_policy(worktree, temp=temp, cache=cache, profile=None, repository=None)
    runners = [await choose_runner("none"), *await _backends()]
    times: dict[str, list[float]] = {"plain": [], **{runner.name: [] for runner in runners}}
    for _ in range(40):  # in turns, so that a noisy machine is noisy for all
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec("/bin/true")
        await process.wait()
        times["plain"].append((time.perf_counter() - began) * 1000)
        for runner in runners:
            began = time.perf_counter()
            confined = await runner.start(["/bin/true"], policy)
            await confined.wait()
            times[runner.name].append((time.perf_counter() - began) * 1000)
    plain = times.pop("plain")
    base, least = statistics.median(plain), min(plain)
    rows = [summary("a command started plainly", plain, "ms")]
    for name, values in times.items():
        budget = None if name == "none" else 10
        beyond = [value - base for value in values]
        rows.append(summary(f"a command under {name}, beyond plain", beyond, "ms", budget))
        rows.append(Figure(f"the same, least of {len(values)}", min(values) - least, "ms", budget))
    return rows


def engine_process() -> Sequence[Figure]:
    """The real process: start, answer, memory, idle CPU with nothing to do."""
    with scratch() as folder:
        environment = clean_environment(folder)
        command = [sys.executable, str(ROOT / "app" / "launch.py"), "engine"]
        starts = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run([*command, "start"], env=environment, check=True, capture_output=True)
            starts.append((time.perf_counter() - began) * 1000)
            if len(starts) < 3:
                subprocess.run([*command, "stop"], env=environment, check=True, capture_output=True)
        try:
            pid = int((folder / "home" / "state" / "engine.lock").read_text())
            process = psutil.Process(pid)
            memory = process.memory_info().rss / 1e6
            before = process.cpu_times()
            time.sleep(10)
            after = process.cpu_times()
            idle = (after.user + after.system - before.user - before.system) / 10 * 100
        finally:
            subprocess.run([*command, "stop"], env=environment, check=True, capture_output=True)
        return [
            summary("`engine start` from nothing to an answer", starts, "ms"),
            Figure("memory of an idle engine", memory, "MB", None, "resident, once"),
            Figure("CPU of an idle engine", idle, "%", 1, "of a core, over 10 s"),
        ]

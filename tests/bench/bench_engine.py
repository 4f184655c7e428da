"""Start-up, worktrees, snapshots, confinement, memory: what the engine side costs."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.bench.measure import Figure, summary

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 7


def clean_environment(folder: Path) -> dict[str, str]:
    """Nothing but what a process needs, all folders below one."""
    (folder / ".gitconfig").write_text("[user]\n\tname = Bench\n\temail = bench@example.invalid\n")
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "SHOPFLOOR_HOME": str(folder / "home")}


@contextmanager
def scratch() -> Iterator[Path]:
    """A short folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sf-"))
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
    service = Workspaces(await choose_runner())
    plain, ours = [], []
    workspace = await service.create(str(repository), "warm", "up", "main")
    for number in range(RUNS):  # in turns, so that a noisy machine is noisy for both
        began = time.perf_counter()
        path = folder / f"plain{number}"
        command = ["git", "worktree", "add", "-q", "-b", f"plain{number}", str(path), "main"]
        subprocess.run(command, cwd=repository, check=True)
        plain.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        workspace = await service.create(str(repository), f"t{number}", "bench", "main")
        ours.append((time.perf_counter() - began) * 1000)
    beyond = [mine - theirs for mine, theirs in zip(ours, plain, strict=True)]
    cold, warm, unchanged = [], [], []
    for number in range(RUNS + 1):
        Path(workspace.worktree, "new.txt").write_text(f"{number}\n")
        began = time.perf_counter()
        await service.snapshot(workspace, "bench", "bench")
        (warm if number else cold).append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        await service.snapshot(workspace, "bench", "bench")
        unchanged.append((time.perf_counter() - began) * 1000)
    return [
        summary("git worktree add alone, 2,000 files", plain, "ms"),
        summary("new task's worktree, all of it", ours, "ms"),
        summary("new task beyond git worktree add", beyond, "ms", 100),
        summary("snapshot of 2,000 files, first", cold, "ms"),
        summary("snapshot of 2,000 files, warm, one file changed", warm, "ms", 40),
        summary("snapshot of 2,000 files, warm, nothing changed", unchanged, "ms", 40),
    ]


def confinement() -> Sequence[Figure]:
    """A command under each backend beside the same command under none."""
    with scratch() as folder:
        return asyncio.run(_confinement(folder))


async def _confinement(folder: Path) -> Sequence[Figure]:
    from agents.errors import SandboxError
    from agents.sandbox import Policy, Runner, choose_runner

    policy = Policy(directory=str(folder), write=(str(folder),), environment={"PATH": "/usr/bin:/bin"})

    async def milliseconds(runner: Runner) -> float:
        began = time.perf_counter()
        process = await runner.start(["/bin/true"], policy)
        await process.wait()
        return (time.perf_counter() - began) * 1000

    runners = []
    for name in ("none", "bubblewrap", "landlock"):
        try:
            runners.append(await choose_runner(name))
        except SandboxError:
            continue
    times: dict[str, list[float]] = {runner.name: [] for runner in runners}
    for _ in range(30):
        for runner in runners:
            times[runner.name].append(await milliseconds(runner))
    base = sorted(times["none"])[15]
    return [
        summary(f"cost of a command under {name} beyond none", [value - base for value in values], "ms", 10)
        for name, values in times.items()
        if name != "none"
    ]


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

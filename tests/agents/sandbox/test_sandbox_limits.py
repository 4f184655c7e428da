"""What bounds a confined process that wants too much: of processes, of output."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from sandbox_scene import PATIENCE_SECONDS, Scene

import agents
from agents.sandbox import Policy, Runner

LIMIT = 40
BOMB = """
import os
count = 0
try:
    while count < 2000:
        if os.fork() == 0:
            os.read(0, 1)
            os._exit(0)
        count += 1
except OSError as error:
    print(error.strerror)
print(count)
"""
STARTER = """
import asyncio, sys
sys.path[:0] = {paths!r}
import msgspec
from agents.sandbox import Policy, choose_runner

async def main():
    runner = await choose_runner({backend!r})
    policy = msgspec.json.decode({policy!r}, type=Policy)
    process = await runner.start([sys.executable, "-I", "-S", "-c", {bomb!r}], policy, stdin="pipe", stderr="stdout")
    print((await process.stdout.readline()).decode() + (await process.stdout.readline()).decode(), flush=True)
    process.kill()
    await process.wait()

asyncio.run(main())
"""
NOBODY = 65534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can work in."""
    with tempfile.TemporaryDirectory(prefix="sf-", dir="/tmp") as folder:
        for path in (Path(folder), Path(folder, "temp")):
            path.mkdir(exist_ok=True)
            path.chmod(0o777)
        yield Path(folder)


async def test_a_fork_bomb_comes_to_its_limit(runner: Runner, open_folder: Path) -> None:
    policy = Policy(
        directory=str(open_folder),
        write=(str(open_folder),),
        temp=str(open_folder / "temp"),
        max_processes=LIMIT,
        environment={"PATH": "/usr/bin:/bin"},
    )
    program = STARTER.format(
        paths=_paths(), backend=runner.name, policy=msgspec.json.encode(policy), bomb=BOMB
    )  # fmt: skip
    said = _as_somebody_the_kernel_counts(program, open_folder).split("\n")
    assert said[0] == "Resource temporarily unavailable", said
    threads = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    assert int(said[1]) <= LIMIT + (0 if runner.mounts else 2 * threads), f"{said[1]} processes were let start"


def _as_somebody_the_kernel_counts(program: str, folder: Path) -> str:
    """Run a Python program as the one who runs the tests; root's processes are not counted, so as nobody then."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    if os.geteuid():
        return _printed([sys.executable, "-c", program], environment)
    python = shutil.which("python3", path="/usr/bin:/bin") or ""
    known = f"import sys; sys.path[:0] = {_paths()!r}; import msgspec, agents.sandbox"
    tried = [python, "-c", known]
    if not python or subprocess.run(tried, user=NOBODY, group=NOBODY, cwd="/", env=environment, check=False).returncode:
        pytest.skip("root is not limited, and there is no Python here that another user can run")
    return _printed([python, "-c", program], environment, user=NOBODY, group=NOBODY, extra_groups=[])


def _paths() -> list[str]:
    return [str(Path(module.__path__[0]).parent) for module in (agents, msgspec)]


def _printed(command: list[str], environment: dict[str, str], **who: object) -> str:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, cwd="/", env=environment, stdout=subprocess.PIPE, text=True, timeout=60, check=False, **who
    ).stdout


FILL = """
kept = []
try:
    for _ in range(64):
        kept.append(bytearray(16 * 1024 * 1024))
except MemoryError:
    print("enough after", len(kept))
"""


async def test_memory_of_a_process_comes_to_its_limit(scene: Scene) -> None:
    ran = await scene.with_policy(max_memory_mb=256).python(FILL)
    assert ran.output.startswith("enough after"), f"a gigabyte was filled: {ran.output}"
    assert 4 < int(ran.output.split()[-1]) < 16
    assert "enough" not in (await scene.with_policy(max_memory_mb=0).python(FILL)).output


async def test_memory_that_is_only_reserved_does_not_count(scene: Scene) -> None:
    reserve = (
        "import mmap; mmap.mmap(-1, 1 << 40, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=0); print('fine')"
    )
    assert (await scene.with_policy(max_memory_mb=256).python(reserve)).output == "fine\n"


async def test_the_kernel_ends_an_agents_commands_before_the_persons_when_memory_runs_short(scene: Scene) -> None:
    ours = int(Path("/proc/self/oom_score_adj").read_text())
    ran = await scene.run("cat /proc/self/oom_score_adj")
    assert int(ran.output) > ours


async def test_a_gigabyte_of_output_passes_without_being_kept(scene: Scene) -> None:
    process = await scene.start("head", "-c", str(1 << 30), "/dev/zero")
    assert process.stdout is not None
    before, seen = psutil.Process().memory_info().rss, 0
    while chunk := await process.stdout.read(1 << 20):
        seen += len(chunk)
    assert (seen, await process.wait()) == (1 << 30, 0)
    grown = psutil.Process().memory_info().rss - before
    assert grown < 200 << 20, f"the output was kept: {grown >> 20} MB more memory"


async def test_endless_output_that_nobody_reads_waits_and_its_end_is_not_in_the_way(scene: Scene) -> None:
    process = await scene.start("yes")
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await process.stdout.readline() == b"y\n"
        process.kill()
        while await process.stdout.read(1 << 16):
            pass
        assert await process.wait() != 0


async def test_a_limit_of_processes_leaves_ordinary_work_alone(scene: Scene) -> None:
    scene.with_policy(max_processes=4096)
    ran = await scene.run("seq 20 | xargs -P 20 -I{} sh -c 'echo {}' | wc -l")
    assert (ran.status, ran.output.strip()) == (0, "20")

"""The demo as a person runs it: a process of its own, with nothing but a PATH."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.verbs.tasks import RESTING

LAUNCHER = Path(__file__).resolve().parents[2] / "app" / "launch.py"


@pytest.fixture
def temp() -> Iterator[Path]:
    """A temporary folder with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="sf-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def start(temp: Path, *arguments: str, **variables: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(LAUNCHER),
        *arguments,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(temp / "nobody"),
            "TMPDIR": str(temp),
            "LANG": "C.UTF-8",
            **variables,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def shopfloor(temp: Path, *arguments: str, **variables: str) -> tuple[int | None, str, str]:
    process = await start(temp, *arguments, **variables)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def left_behind(temp: Path) -> list[str]:
    """Folders of demos, and processes that work in them."""
    processes = []
    for process in psutil.process_iter():
        try:
            home = process.environ().get("SHOPFLOOR_HOME", "")
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if home.startswith(str(temp)):
            processes.append(f"{process.pid}: {' '.join(process.cmdline())}")
    return [path.name for path in temp.glob("shopfloor-demo-*")] + processes


async def test_headless_demo_ends_with_every_task_ready_changed_and_tested(temp: Path) -> None:
    status, out, err = await shopfloor(temp, "demo", "--headless", "--json", "--agents", "5")
    tasks = [json.loads(line) for line in out.splitlines()]
    assert status == 0, out + err
    assert len({task["title"] for task in tasks}) == 5
    for task in tasks:
        assert (task["state"], task["check_state"], task["turns"]) == ("ready", "passed", 1), task
        assert task["files_changed"] > 0, task
        assert task["sandbox"] not in ("", "none"), task
        assert task["seconds"] > 0, task
        assert task["tokens"] > 1000, "usage is estimated, but it is there"
    assert left_behind(temp) == []


async def test_a_line_for_each_task_and_a_place_to_go_on_when_kept(temp: Path) -> None:
    status, out, err = await shopfloor(temp, "demo", "--headless", "--agents", "1", "--keep")
    assert status == 0, out + err
    (line,) = out.splitlines()
    assert "ready    1 turn  2 files +35 -10" in line
    assert "tests passed" in line
    assert "not a model" in err
    (folder,) = temp.glob("shopfloor-demo-*")
    assert f"SHOPFLOOR_HOME={folder / 'home'} shopfloor {folder / 'daybook'}" in err
    home = {"SHOPFLOOR_HOME": str(folder / "home")}
    status, out, err = await shopfloor(temp, "ls", "--all", "--json", **home)
    assert json.loads(out)["state"] == "ready", err
    assert (await shopfloor(temp, "engine", "stop", **home))[0] == 0


async def test_tasks_that_take_too_long_are_told_and_fail_the_demo(temp: Path) -> None:
    status, out, _ = await shopfloor(temp, "demo", "--headless", "--json", "--agents", "2", "--timeout", "0.001")
    assert status == 1
    assert [json.loads(line)["state"] == "ready" for line in out.splitlines()] == [False, False]
    assert left_behind(temp) == []


async def test_demo_that_is_terminated_leaves_nothing_behind(temp: Path) -> None:
    process = await start(temp, "demo", "--headless")
    assert process.stderr is not None
    assert b"at work" in await process.stderr.readline()
    process.terminate()
    await process.communicate()
    assert process.returncode == 143
    assert left_behind(temp) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "needs a terminal"),
        (("--headless", "--agents", "0"), "1 to 200 agents, not 0"),
        (("--headless", "--agents", "many"), "--agents"),
        (("--json",), "--json goes with --headless"),
        (("--loud",), "--loud"),
    ],
)
async def test_wrong_use_is_one_sentence_and_makes_nothing(
    temp: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    status, out, err = await shopfloor(temp, "demo", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("shopfloor: ")
    assert sentence in err
    assert left_behind(temp) == []


async def test_scenarios_are_played_to_their_end_however_often_the_engine_is_interrupted(temp: Path) -> None:
    await shopfloor(temp, "demo", "--headless", "--agents", "2", "--timeout", "0.001", "--keep")
    (folder,) = temp.glob("shopfloor-demo-*")
    home = {"SHOPFLOOR_HOME": str(folder / "home")}
    for _ in range(3):
        _, out, err = await shopfloor(temp, "engine", "status", "--json", **home)
        if "pid" not in out:
            _, out, err = await shopfloor(temp, "engine", "start", "--json", **home)
        os.kill(json.loads(out)["pid"], signal.SIGKILL)
    states: list[str] = []
    while len(states) < 2 or not set(states) <= RESTING:
        _, out, err = await shopfloor(temp, "ls", "--all", "--json", **home)
        tasks = [json.loads(line) for line in out.splitlines()]
        states = [task["state"] for task in tasks]
    await shopfloor(temp, "engine", "stop", **home)
    assert states == ["ready", "ready"], f"{tasks}\n{err}"
    assert {task["check_state"] for task in tasks} == {"passed"}
    assert {task["files_changed"] for task in tasks} == {2, 3}

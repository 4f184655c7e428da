"""Killed at any moment: what was recorded is there, what was interrupted goes on, nothing is left behind."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path

import psutil

from tests.processes import still_alive
from tests.shell import Shell
from tests.shop import runs, writes


def engine_pid(shell: Shell) -> int:
    return int((shell.folder / "home" / "state" / "engine.lock").read_text())


async def transcript(shell: Shell, task: str) -> list[dict[str, object]]:
    return list(json.loads((await shell("show", task, "--transcript", "--json"))[1])["transcript"])


async def test_a_killed_engine_takes_its_children_along_and_loses_nothing(shell: Shell) -> None:
    shell.model.add(writes("one.txt", "1\n"), runs("sleep 600"), "Went on.")
    _, out, err = await shell("run", "Long work", "-p", "test", "--json")
    task = json.loads(out)["id"]
    status, out, err = await shell("engine", "status", "--json")
    assert status == 0, err
    await shell.until(task, lambda known: known["files_changed"] >= 0 and known["state"] == "working", "its turn")
    while not any("sleep 600" in json.dumps(entry) for entry in await transcript(shell, task)):
        pass
    await shell("comment", task, ".", "a draft that must survive")
    before = await transcript(shell, task)
    engine = psutil.Process(engine_pid(shell))
    children = engine.children(recursive=True)
    assert children, "the tool host runs"
    os.kill(engine.pid, signal.SIGKILL)
    alive = await still_alive(children)
    assert not alive, f"left behind: {alive}"
    known = await shell.until(task, lambda known: known["state"] == "ready", "its end after the restart")
    after = await transcript(shell, task)
    assert [entry["id"] for entry in after] == list(range(1, len(after) + 1)), "every entry once and in order"
    assert [entry["kind"] for entry in after][: len(before)] == [entry["kind"] for entry in before]
    assert after[-1]["text"] == "Went on."
    assert Path(known["worktree"], "one.txt").exists()
    assert known["draft_comments"] == 1
    assert "must survive" in (await shell("comments", task))[1]


async def test_random_kills_never_lose_a_recorded_entry(shell: Shell) -> None:
    shell.model.add(*[writes(f"file{number}.txt", "x\n") for number in range(400)])
    _, out, _ = await shell("run", "Many steps", "-p", "test", "--json")
    task = json.loads(out)["id"]
    await shell.until(task, lambda known: known["state"] == "working", "its turn")
    chance = random.Random(7)
    for _ in range(4):
        for _ in range(chance.randrange(3)):
            before = await transcript(shell, task)
        before = await transcript(shell, task)
        os.kill(engine_pid(shell), signal.SIGKILL)
        after = await transcript(shell, task)
        assert [entry["id"] for entry in after] == list(range(1, len(after) + 1)), "every entry once and in order"
        assert len(after) >= len(before), "an entry that was shown is gone"
        for old, new in zip(before, after, strict=False):
            assert old["kind"] == new["kind"], f"{old} became {new}"
    assert (await shell("stop", task))[0] == 0

"""Killed at any moment: what was recorded is there, what was interrupted goes on, nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import psutil

from agents.model import Entry
from tests.processes import still_alive
from tests.shell import Shell
from tests.shop import runs, writes


def engine_pid(shell: Shell) -> int:
    return int((shell.folder / "home" / "state" / "engine.lock").read_text())


async def transcript(shell: Shell, task: str) -> list[Entry]:
    client = await shell.connected(task)
    try:
        return await client.transcript(task, limit=10_000)
    finally:
        await client.disconnect()


async def test_a_killed_engine_takes_its_children_along_and_loses_nothing(shell: Shell) -> None:
    shell.model.add(writes("one.txt", "1\n"), runs("sleep 600"), "Went on.")
    _, out, _ = await shell("run", "Long work", "-p", "test", "--json")
    task = json.loads(out)["id"]
    await shell.until(task, lambda known: known["files_changed"] >= 0 and known["state"] == "working", "its turn")
    while not any(entry.tool and "sleep 600" in entry.tool.title for entry in await transcript(shell, task)):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
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
    assert [entry.id for entry in after] == list(range(1, len(after) + 1)), "every entry once and in order"
    assert [entry.kind for entry in after][: len(before)] == [entry.kind for entry in before]
    assert after[-1].text == "Went on."
    assert Path(known["worktree"], "one.txt").exists()
    assert known["draft_comments"] == 1
    assert "must survive" in (await shell("comments", task))[1]

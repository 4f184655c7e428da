"""Folders that are not as they should be: the socket's, a worktree that was deleted, a repository that was moved."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from agents.errors import ShopfloorError
from agents.model import NewTask
from tests.app.fault_house import RESTING, House, house, task_that
from tests.shell import Shell
from tests.shop import runs, writes

__all__ = ["house"]


async def test_a_socket_folder_open_to_others_is_closed_before_it_is_used(house: House) -> None:
    folder = house.home / "run"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    await house.start()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "engine.sock").stat().st_mode & 0o777 == 0o600


async def test_a_socket_folder_of_somebody_else_is_not_used(house: House) -> None:
    folder = house.home / "run"
    folder.mkdir(parents=True)
    try:
        os.chown(folder, 65_534, 65_534)
    except PermissionError:
        pytest.skip("only root can give a folder to somebody else")
    for verb in (["ls"], ["engine", "run"], ["engine", "status"]):
        status, out, err = await house.shopfloor(*verb)
        assert status in (1, 3), f"{verb}: {out}{err}"
        assert str(folder) in err
        assert "belongs to somebody else" in err
        assert len(err.strip().splitlines()) == 1, f"one plain sentence, not: {err}"


@pytest.mark.parametrize("place", ["run", "state", "run/engine.sock/in-the-way", "state/engine.lock/in-the-way"])
async def test_a_file_or_folder_in_the_way_is_named(house: House, place: str) -> None:
    path = house.home / place
    if path.name == "in-the-way":
        path.mkdir(parents=True)
        named = path.parent
    else:
        path.parent.mkdir(parents=True)
        path.write_text("a file where a folder should be")
        named = path
    for verb in (["ls"], ["engine", "run"]):
        status, out, err = await house.shopfloor(*verb)
        assert status in (1, 3), f"{verb}: {out}{err}"
        assert str(named) in err
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) == 1, f"one plain sentence, not: {err}"
    shutil.rmtree(path.parent if path.is_dir() else path, ignore_errors=True)
    path.unlink(missing_ok=True)
    await house.start()


async def test_a_worktree_deleted_under_a_running_task_blocks_it_alone_and_can_be_restored(shell: Shell) -> None:
    shell.model.add(writes("made.txt", "made\n"), "Made.")  # type: ignore[arg-type]
    task = await _json(shell, "run", "Make it", "-p", "test", "--wait", "--json")
    waiting = runs("touch here; while [ -e here ]; do sleep 0.05; done")
    shell.model.add(waiting, "Done.", "Done.")  # type: ignore[arg-type]
    assert (await shell("send", task["id"], "Wait for it"))[0] == 0
    known = await shell.until(task["id"], lambda known: Path(known["worktree"], "here").exists(), "its command")
    shutil.rmtree(known["worktree"])
    resting = await shell.until(task["id"], lambda known: known["state"] in RESTING, "its rest")
    assert resting["state"] == "blocked", resting
    assert known["worktree"] in resting["reason"]
    assert resting["hint"], "it says what can be done"
    status, patch, err = await shell("diff", task["id"])
    assert (status, "+made" in patch) == (0, True), f"the last snapshot can still be read: {patch}{err}"
    restored = await _json(shell, "restore", task["id"], "--json")
    assert Path(restored["worktree"], "made.txt").read_text() == "made\n", "what its last snapshot had"
    shell.model.add("Done.", "Done.")
    assert (await shell("resume", task["id"]))[0] == 0
    await shell.until(task["id"], lambda known: known["state"] == "ready", "its end")


async def _json(shell: Shell, *arguments: str) -> dict[str, str]:
    import json

    status, out, err = await shell(*arguments)
    assert status == 0, err
    return dict(json.loads(out))


async def test_a_repository_moved_away_is_missed_in_words_and_works_again_when_it_is_back(house: House) -> None:
    await house.with_sample(delay_ms=0)
    engine = await house.start()
    async with house.client() as client:
        (task,) = await house.give_tasks(client, 1)
        before = await task_that(client, task.id, lambda known: known.state == "ready", "a finished task")
    elsewhere = house.folder / "moved"
    for again in ("in the same engine", "in a new engine"):
        async with house.client() as client:
            house.project.rename(elsewhere)
            for asked in (client.changes.diff, client.checks.run):
                with pytest.raises(ShopfloorError, match="not there any more") as refused:
                    await asked(task.id)
                assert str(house.project) in str(refused.value), again
            elsewhere.rename(house.project)
            assert b"diff --git" in (await client.changes.diff(task.id)).patch, again
        if again == "in the same engine":
            await house.kill(engine)
            engine = await house.start()
    async with house.client() as client:
        house.project.rename(elsewhere)
        await client.send(task.id, "What is there to say?")
        rests = await task_that(client, task.id, lambda known: known.state in RESTING, "its rest without a repository")
        assert rests.state in ("blocked", "failed"), f"{rests.state}: {rests.reason}"
        assert str(house.project) in rests.reason, rests.reason
        elsewhere.rename(house.project)
        await client.resume(task.id)
        after = await task_that(client, task.id, lambda known: known.state in RESTING, "its answer")
        assert after.state == "ready", f"{after.state}: {after.reason} {after.hint}"
        assert (after.files_changed, after.additions) == (before.files_changed, before.additions)


async def test_a_new_task_for_a_repository_that_is_gone_is_refused(house: House) -> None:
    await house.with_sample(delay_ms=0)
    await house.start()
    async with house.client() as client:
        await client.projects.file(str(house.project))
        shutil.rmtree(house.project)
        with pytest.raises(ShopfloorError, match="no folder"):
            await client.create_task(NewTask(project=str(house.project), prompt="x", profile="offline"))

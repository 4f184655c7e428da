"""A store that is damaged or cannot be written: a sentence, nothing lost, and work that goes on when it can."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from agents.client import Client
from agents.errors import ShopfloorError
from agents.events import EngineNotice, EntryChanged, TranscriptOpened
from agents.model import NewTask
from tests.app.fault_house import RESTING, House, event_that, house, line, said, task_that

__all__ = ["house"]


async def _three_finished_tasks(house: House, client: Client) -> list[str]:
    tasks = [task.id for task in await house.give_tasks(client, 3)]
    for task in tasks:
        await task_that(client, task, lambda known: known.state == "ready", "a finished task")
    return tasks


async def _with_a_finished_task(house: House) -> str:
    """A home whose engine has ended; its task."""
    await house.with_sample(delay_ms=0)
    engine = await house.start()
    async with house.client() as client:
        (task,) = await house.give_tasks(client, 1)
        await task_that(client, task.id, lambda known: known.state == "ready", "a finished task")
    engine.terminate()
    await engine.wait()
    return task.id


async def _with_a_held_task(house: House) -> str:
    """A home whose engine has ended; its task, on which no agent has worked."""
    await house.with_sample()
    engine = await house.start()
    async with house.client() as client:
        task = await client.create_task(NewTask(project=str(house.project), prompt="x", profile="offline", held=True))
    await house.kill(engine)
    return task.id


async def _refused(house: House) -> str:
    """What the command line says while the engine cannot start; twice the same, each time one sentence and an end."""
    sentences = []
    for _ in range(2):
        status, out, err = await house.shopfloor("ls", "--all")
        assert status == 3, f"exit status {status}: {out}{err}"
        assert "Traceback" not in err, err
        assert len(err.strip().splitlines()) == 1, f"one plain sentence, not: {err}"
        sentences.append(err)
    assert sentences[0] == sentences[1]
    assert not [process for process in house.processes() if "engine run" in process], "no engine is left trying"
    return sentences[0]


async def test_a_damaged_store_is_refused_and_kept_until_it_is_mended(house: House) -> None:
    task = await _with_a_finished_task(house)
    good = house.store.read_bytes()
    damages = {
        "garbage": b"not a database, " * 4096,
        "truncated": good[: len(good) // 2],
        "a page of noise": good[:8192] + b"\xff" * 4096 + good[12_288:],
    }
    for damage, data in damages.items():
        house.store.write_bytes(data)
        engine = await house.spawn()
        assert await engine.wait() == 3
        sentence = await said(engine)
        assert len(sentence.strip().splitlines()) == 1, f"{damage}: one plain sentence, not: {sentence}"
        assert str(house.store) in sentence, f"{damage}: {sentence}"
        assert "`shopfloor engine mend` makes a new one" in sentence, f"{damage}: {sentence}"
        assert house.store.read_bytes() == data, f"{damage}: the file is kept as it is"
    assert (await _refused(house)).endswith(sentence.removeprefix("shopfloor: "))
    status, out, err = await house.shopfloor("engine", "mend")
    assert status == 0, err
    assert "Not all could be read of the worktrees: 0 rows could, there is no daily copy." in out, out
    assert house.store.with_name("store.sqlite.damaged-1").read_bytes() == data, "what was damaged is kept"
    status, patch, err = await house.shopfloor("diff", task)
    assert (status, patch[:10]) == (0, "diff --git"), f"its worktree is not known any more: {err}"
    assert (await house.shopfloor("engine", "mend"))[0] == 3, "it was mended under an engine"
    assert (await house.shopfloor("engine", "stop"))[0] == 0


async def test_records_that_cannot_be_read_are_named_and_kept_and_tasks_made_of_the_rest(
    house: House,
) -> None:
    await house.with_sample(delay_ms=0)
    engine = await house.start()
    async with house.client() as client:
        lost, whole, partly = await _three_finished_tasks(house, client)
        entries = await client.transcript(partly)
        kept = await client.transcript(whole)
        before = {task.id: task for task in await client.tasks()}
    engine.terminate()
    await engine.wait()
    kinds = ("race", "landing", "script", "reviewers", "break-fix", "spent-past", "spent-beside", "yank")
    with contextlib.closing(sqlite3.connect(house.store)) as store, store:
        store.execute("UPDATE task SET data = x'ff00' WHERE id = ?", (lost,))
        store.execute("UPDATE entry SET data = '{' WHERE task = ? AND id = 2", (partly,))
        for table in ("turn", "prompt", "workspace"):
            store.execute(f"UPDATE {table} SET data = 'null' WHERE task = ?", (partly,))
        for kind in kinds:
            store.execute("INSERT OR REPLACE INTO kept VALUES (?, 'key', x'ff')", (kind,))
    await house.start()
    async with house.client() as client:
        after = {task.id: task for task in await client.tasks(everything=True)}
        assert after.keys() == before.keys()
        again, was = after[lost], before[lost]
        assert (again.state, again.reason[:32]) == ("stopped", "Its record could not be read; th")
        for field in ("prompt", "project", "base", "base_commit", "branch", "worktree", "turn", "profile"):
            assert getattr(again, field) == getattr(was, field), f"{field} of a task without a record"
        shutil.rmtree(after[partly].worktree)
        restored = await client.restore_task(partly)
        assert Path(restored.worktree).is_dir(), "its worktree is not known any more"
        assert await client.transcript(whole) == kept
        assert await client.transcript(partly) == [entry for entry in entries if entry.id != 2]
        for ask in (client.prompts(partly), client.turns(partly), client.writing.said(), client.writing.yanked()):
            await ask
        await client.costs.spending(5)
        damages = "\n".join((await client.info()).damages)
        rows = [f"{table} {partly}" for table in ("entry", "turn", "prompt", "workspace")]
        for what in (f"task {lost}", *rows, *(f"{kind} key" for kind in kinds)):
            assert f": {what} (" in damages, f"{what} is not named in\n{damages}"
        events = aiter(await client.subscribe())
        told = await event_that(events, lambda event: isinstance(event, EngineNotice), "a notice")
        assert isinstance(told, EngineNotice)
        assert "cannot be read and is passed over" in told.text
    status, out, err = await house.shopfloor("doctor")
    assert status == 1, out + err
    assert f"entry {partly}" in out
    aside = house.store.with_name("store.sqlite.damaged")
    assert str(aside) in out
    with contextlib.closing(sqlite3.connect(aside)) as store:
        assert store.execute("SELECT data FROM task WHERE id = ?", (lost,)).fetchone() == (b"\xff\x00",)


async def test_a_store_on_a_read_only_file_system_is_named(house: House) -> None:
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        pytest.skip("a read-only file system is made with bubblewrap, which is not installed")
    await _with_a_held_task(house)
    for read_only in (house.store, house.home / "state"):
        wrapper = [bubblewrap, "--dev-bind", "/", "/", "--ro-bind", str(read_only), str(read_only)]
        probe = await asyncio.create_subprocess_exec(*wrapper, "true", stderr=asyncio.subprocess.DEVNULL)
        if await probe.wait() != 0:
            pytest.skip("bubblewrap does not work here")
        engine = await house.spawn(*wrapper)
        assert await engine.wait() == 3
        words = await said(engine)
        assert str(read_only) in words
        assert "Traceback" not in words
        assert len(words.strip().splitlines()) == 1, f"one plain sentence, not: {words}"


async def test_a_store_without_write_permission_is_made_writable_by_its_owner(house: House) -> None:
    task = await _with_a_held_task(house)
    house.store.chmod(0o400)
    (house.home / "state").chmod(0o500)
    status, out, err = await house.shopfloor("ls", "--all")
    assert (status, task in out) == (0, True), out + err
    assert (await house.shopfloor("engine", "stop"))[0] == 0


def _limit_files(process: int, limit_bytes: int) -> None:
    """As a full disk: from now on no file of this process grows beyond so many bytes. Needs no privileges."""
    if sys.platform != "linux":
        pytest.skip("the limits of another process can be set on Linux only")
    resource.prlimit(process, resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))


def _wal_bytes(store: Path) -> int:
    return store.with_name(f"{store.name}-wal").stat().st_size


async def test_a_full_disk_is_said_to_everyone_and_what_was_refused_is_written_when_there_is_room(house: House) -> None:
    await house.with_sample(delay_ms=0)
    engine = await house.start()
    async with house.client() as client, house.client() as listener:
        (task,) = await house.give_tasks(client, 1)
        await task_that(client, task.id, lambda known: known.state == "ready", "a finished task")
        events = await listener.subscribe()
        _limit_files(engine.pid, _wal_bytes(house.store))
        with pytest.raises(ShopfloorError, match="Nothing is lost yet"):
            await client.writing.save_draft(task.id, "a draft that the disk refuses")
        notice = await event_that(aiter(events), lambda event: isinstance(event, EngineNotice), "a notice")
        assert isinstance(notice, EngineNotice)
        assert notice.severity == "error"
        assert "cannot write its store" in notice.text
        status, _, err = await house.shopfloor("send", task.id, "a prompt that the disk refuses")
        assert status == 1
        assert "Nothing is lost yet" in err
        assert len(err.strip().splitlines()) == 1, f"one plain sentence, not: {err}"
        assert (await client.info()).pid == engine.pid, "the engine goes on"
        assert (await client.changes.diff(task.id)).patch, "what is there can be read on a full disk"
        _limit_files(engine.pid, resource.RLIM_INFINITY)
        notice = await event_that(aiter(events), lambda event: isinstance(event, EngineNotice), "a second notice")
        assert isinstance(notice, EngineNotice)
        assert "can be written again" in notice.text
        assert await client.writing.draft(task.id) == "a draft that the disk refuses"
    await house.kill(engine)
    await house.start()
    async with house.client() as client:
        assert await client.writing.draft(task.id) == "a draft that the disk refuses", (
            "it is in the file, not in memory only"
        )
        assert "a prompt that the disk refuses" in [prompt.text for prompt in await client.prompts(task.id)]


async def test_on_a_full_disk_no_verb_says_done_and_all_of_it_happens_when_there_is_room(house: House) -> None:
    await house.with_sample(delay_ms=0)
    engine = await house.start()
    async with house.client() as client:
        told, queued, landing = await _three_finished_tasks(house, client)
        _limit_files(engine.pid, _wal_bytes(house.store))
        for order in (
            ["budget", "20"],
            ["queue", "run", "review-and-fix", queued],
            ["land", landing],
            ["send", told, "a prompt that the disk refuses"],
            ["engine", "stop"],
        ):
            status, out, err = await house.shopfloor(*order, at=house.project)
            assert status == 1, f"{order}: exit status {status}: {out}{err}"
            assert "cannot write its store" in err, f"{order}: {err}"
            assert len(err.strip().splitlines()) == 1, f"one plain sentence, not: {err}"
        assert (await client.info()).pid == engine.pid, "an engine that would lose something does not stop"
        _limit_files(engine.pid, resource.RLIM_INFINITY)
        await task_that(client, told, lambda known: known.turn == 2, "the turn of the prompt that was refused")
        await task_that(client, queued, lambda known: known.turn == 2, "the turn of the queue that was refused")
        await task_that(client, landing, lambda known: known.state == "landed", "the landing that was refused")
        assert (await client.costs.today()).budget_usd == 20


async def test_agents_at_work_while_the_disk_is_full_keep_their_transcripts(house: House) -> None:
    await house.with_sample(delay_ms=3)
    engine = await house.start()
    async with house.client() as client, house.client() as listener:
        tasks = await house.give_tasks(client, 2)
        events = await listener.subscribe()
        await events.watch([task.id for task in tasks])
        stream = aiter(events)
        await event_that(
            stream,
            lambda event: isinstance(event, EntryChanged) and event.entry.kind == "tool" and event.entry.done,
            "the end of a first tool call",
        )
        _limit_files(engine.pid, _wal_bytes(house.store))
        await event_that(stream, lambda event: isinstance(event, EngineNotice), "a notice")
        _limit_files(engine.pid, resource.RLIM_INFINITY)
        opened = await event_that(stream, lambda event: isinstance(event, TranscriptOpened), "transcripts told anew")
        assert isinstance(opened, TranscriptOpened)
        for task in tasks:
            known = await task_that(client, task.id, lambda known: known.state in RESTING, "its end")
            if known.state == "blocked":  # what it needed could not be written: said, and it goes on when asked to
                assert "cannot write" in known.reason or "No space" in known.reason, known.reason
                await client.resume(task.id)
                known = await task_that(client, task.id, lambda known: known.state == "ready", "its end, resumed")
            entries = await client.transcript(task.id, limit=10_000)
            story = "\n".join(map(line, entries))
            assert known.state == "ready", f"{known.state}: {known.reason}\n{story}"
            assert [entry.id for entry in entries] == list(range(1, len(entries) + 1)), story
            assert known.check_state == "passed", story
    await house.kill(engine)
    await house.start()
    async with house.client() as client:
        assert await client.transcript(tasks[1].id, limit=10_000) == entries, "it is in the file, not in memory only"

"""Queues on tasks, through the engine's part for them, with a real worktree, sandbox, SDK and loopback model."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.engine import Engine
from agents.engine.hooks import events_of
from agents.errors import NotFound, UsageError
from agents.model import Task
from agents.offline import Call, ModelRequest, say
from agents.parts.queues import QueueItem, QueueRun
from tests.shop import KEY, Shop, runs, writes


def an_item(title: str, **fields: object) -> QueueItem:
    """An item whose title is all it says."""
    return QueueItem(title=title, prompt=title, **fields)  # type: ignore[arg-type]


async def trusted(shop: Shop, text: str) -> None:
    """A project file that the person trusts."""
    (shop.repository / ".shopfloor.toml").write_text(text)
    await shop.engine.projects.trust(str(shop.repository), text)


async def ended(shop: Shop, task: str, state: str = "ready") -> QueueRun:
    """Wait until a queue has come to its end and the task rests."""
    await shop.until(
        task,
        lambda known: known.queue is None and known.state not in ("queued", "working", "preparing", "checking"),
        "end",
    )
    await shop.rests(task, state)
    run = await shop.engine.queues.run(task)
    assert run is not None
    return run


def outcomes(run: QueueRun) -> list[str]:
    """What became of each item."""
    return [item.state for item in run.items]


async def a_resting_task(shop: Shop, **fields: object) -> Task:
    """A task that has had one turn, which changed nothing."""
    shop.model.add("Ready.")
    return await shop.rests((await shop.task(**fields)).id)


async def said(shop: Shop, task: str) -> list[str]:
    """All that was said to the agent, in order."""
    return [entry.text for entry in await shop.engine.transcript(task) if entry.kind == "prompt"]


async def test_items_are_said_one_at_a_time_and_each_has_its_own_outcome_and_diff(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(writes("one.txt", "1\n"), "Made.", "Nothing to do.", writes("three.txt", "3\n"), "Made.")
    items = [an_item("Make one"), an_item("Look"), QueueItem(title="Make three", prompt="Write three.txt")]
    (run,) = await shop.engine.queues.start([task.id], "mine", items)
    assert run.name == "mine"
    run = await ended(shop, task.id)
    assert outcomes(run) == ["changed", "no change", "changed"]
    assert (await said(shop, task.id))[1:] == [
        "[1 of 3] Make one",
        "[2 of 3] Look",
        "[3 of 3] Make three\n\nWrite three.txt",
    ]
    assert [item.turn for item in run.items] == [2, 3, 4]
    third = run.items[2]
    diff = await shop.engine.changes.diff(task.id, "refs", third.before, third.after)
    assert b"three.txt" in diff.patch
    assert b"one.txt" not in diff.patch, "the diff of an item is its own"
    assert (await shop.engine.task(task.id)).queue is None
    assert {prompt.origin for prompt in (await shop.engine.prompts(task.id))[1:]} == {"queue"}


async def test_progress_is_in_the_task_while_the_queue_runs(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "Done.", "Done.")
    await shop.engine.queues.start([task.id], "mine", [an_item("a"), an_item("b")])
    at_work = await shop.until(task.id, lambda known: known.state == "working", "the first item")
    assert at_work.queue is not None
    assert (at_work.queue.name, at_work.queue.position, at_work.queue.total) == ("mine", 1, 2)
    (Path(task.worktree) / "go").touch()
    await ended(shop, task.id)


async def test_a_queue_started_while_the_agent_works_waits_for_the_end_of_the_turn(shop: Shop) -> None:
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "First done.", "Reviewed.")
    task = await shop.task()
    task = await shop.until(task.id, lambda known: known.state == "working" and bool(known.worktree), "work")
    await shop.engine.queues.start([task.id], "mine", [an_item("review")])
    assert await said(shop, task.id) in ([], ["do it"])
    (Path(task.worktree) / "go").touch()
    run = await ended(shop, task.id)
    assert await said(shop, task.id) == ["do it", "[1 of 1] review"]
    assert run.items[0].turn == 2


async def test_conditions_decide_which_items_have_anything_to_do(shop: Shop) -> None:
    await trusted(shop, '[[check]]\nname = "tests"\nrun = "true"\n')
    shop.model.add(writes("src.py", "x = 1\n"), "Made.", "Seen.")
    task = await shop.rests((await shop.task()).id)
    items = [
        an_item("docs", if_changed=("docs/**", "*.md")),
        an_item("python", if_changed=("*.py",)),
        an_item("tests", if_tests_changed=True),
        an_item("red", if_failed="tests"),
    ]
    await shop.engine.queues.start([task.id], "mine", items)
    run = await ended(shop, task.id)
    assert outcomes(run) == ["skipped", "no change", "skipped", "skipped"]
    assert [item.reason for item in run.items] == [
        "Nothing was changed that matches docs/**, *.md.",
        "",
        "No test was changed.",
        "The check tests has not failed.",
    ]


async def test_an_item_fails_when_its_checks_are_given_up_and_the_next_ones_still_run(shop: Shop) -> None:
    await trusted(shop, '[[check]]\nname = "tests"\nrun = "! grep -q bad hello.txt"\n[defaults]\ncheck_rounds = 1\n')
    task = await a_resting_task(shop)
    shop.model.add(writes("hello.txt", "bad 1\n"), "Oh.", writes("hello.txt", "bad 2\n"), "Oh.")
    shop.model.add(writes("hello.txt", "good\n"), "Mended.")
    await shop.engine.queues.start([task.id], "mine", [an_item("break it"), an_item("mend it", if_failed="tests")])
    run = await ended(shop, task.id)
    assert outcomes(run) == ["failed", "changed"]
    assert run.items[0].reason == "The checks fail after it."
    assert (run.items[0].turn, run.items[0].last_turn) == (2, 3), "the round of its checks belongs to it"


async def test_an_item_that_the_others_depend_on_pauses_the_queue_when_it_fails(shop: Shop) -> None:
    await trusted(shop, '[[check]]\nname = "tests"\nrun = "! grep -q bad hello.txt"\n[defaults]\ncheck_rounds = 0\n')
    task = await a_resting_task(shop)
    shop.model.add(writes("hello.txt", "bad\n"), "Oh.")
    await shop.engine.queues.start([task.id], "mine", [an_item("first", stop_on_failure=True), an_item("second")])
    task = await shop.until(task.id, lambda known: known.state == "blocked", "a call for the person")
    assert "Item 1, first, failed" in task.reason
    assert task.queue is not None
    assert task.queue.paused
    shop.model.add(writes("hello.txt", "good\n"), "Mended.")
    await shop.engine.queues.resume(task.id)
    assert outcomes(await ended(shop, task.id)) == ["failed", "changed"]


async def test_what_the_person_says_goes_first_and_the_queue_goes_on_after_it(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "One.", "Yours.", "Two.")
    await shop.engine.queues.start([task.id], "mine", [an_item("one"), an_item("two")])
    await shop.until(task.id, lambda known: known.state == "working", "the first item")
    await shop.engine.send(task.id, "by the way", "after")
    (Path(task.worktree) / "go").touch()
    run = await ended(shop, task.id)
    assert (await said(shop, task.id))[1:] == ["[1 of 2] one", "by the way", "[2 of 2] two"]
    assert [item.turn for item in run.items] == [2, 4]


async def test_a_paused_queue_lets_its_item_end_and_goes_on_when_told(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "One.")
    await shop.engine.queues.start([task.id], "mine", [an_item("one"), an_item("two")])
    await shop.until(task.id, lambda known: known.state == "working", "the first item")
    await shop.engine.queues.pause(task.id)
    (Path(task.worktree) / "go").touch()
    task = await shop.rests(task.id)
    assert task.queue is not None
    assert task.queue.paused
    shop.model.add("Two.")
    await shop.engine.queues.resume(task.id)
    assert outcomes(await ended(shop, task.id)) == ["changed", "no change"]


async def test_skipping_ends_the_item_at_work_and_goes_on_with_the_next(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("echo half > half.txt; sleep 60"), "Two.", "Four.")
    items = [an_item(name) for name in ("one", "two", "three", "four")]
    await shop.engine.queues.start([task.id], "mine", items)
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the first item's command")
    await shop.engine.queues.skip(task.id, 3)
    await shop.engine.queues.skip(task.id)
    run = await ended(shop, task.id)
    assert outcomes(run) == ["skipped", "no change", "skipped", "no change"]
    assert run.items[0].reason == "Skipped by you."
    assert run.items[0].turn == 2, "what it had done until then can be read"


async def test_an_aborted_queue_interrupts_its_item_and_nothing_of_it_goes_on(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("echo half > half.txt; sleep 60"), "Never said.")
    await shop.engine.queues.start([task.id], "mine", [an_item("one"), an_item("two")])
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the first item's command")
    run = await shop.engine.queues.abort(task.id)
    assert (run.state, outcomes(run)) == ("aborted", ["skipped", "skipped"])
    task = await shop.rests(task.id, "stopped")
    assert task.queue is None
    over = await shop.engine.queues.run(task.id)
    assert over is not None
    assert over.items[0].after, "what it had done until then can be read"
    with pytest.raises(NotFound, match="No queue runs"):
        await shop.engine.queues.pause(task.id)


async def test_items_that_wait_can_be_inserted_moved_reworded_and_taken_out(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "1.", "2.", "3.")
    items = [an_item(name) for name in ("one", "two", "three")]
    await shop.engine.queues.start([task.id], "mine", items)
    await shop.until(task.id, lambda known: known.state == "working", "the first item")
    await shop.engine.queues.edit_run(task.id, 1, [items[2], an_item("new")])
    with pytest.raises(UsageError, match="gone on"):
        await shop.engine.queues.edit_run(task.id, 0, items)
    (Path(task.worktree) / "go").touch()
    await ended(shop, task.id)
    assert (await said(shop, task.id))[1:] == ["[1 of 3] one", "[2 of 3] three", "[3 of 3] new"]


async def test_another_agent_works_on_an_item_in_a_conversation_of_its_own(shop: Shop) -> None:
    text = (shop.profiles / "test.toml").read_text()
    (shop.profiles / "other.toml").write_text(text.replace("claude-test", "claude-other"))
    task = await a_resting_task(shop)
    shop.model.add(writes("other.txt", "x\n"), "Other done.", "Third done.", "Own done.")
    items = [an_item("by other", profile="other"), an_item("by model", model="claude-small"), an_item("by own")]
    await shop.engine.queues.start([task.id], "mine", items)
    run = await ended(shop, task.id)
    assert outcomes(run) == ["changed", "no change", "no change"]
    asked = shop.model.requests[1:]
    assert [request.model for request in asked] == ["claude-other", "claude-other", "claude-small", "claude-test"]
    assert "do it" not in _texts(asked[0]), "the conversation of the item is a fresh one"
    assert "by other" not in _texts(asked[2])
    assert "do it" in _texts(asked[3]), "the task's own conversation goes on"
    assert "Another agent has worked on the files since your last turn, in turn 2" in _texts(asked[3])
    turns = await shop.engine.turns(task.id)
    assert [turn.profile for turn in turns] == ["", "other", "test", ""]
    assert (await shop.engine.task(task.id)).model == "claude-test"


def _texts(request: ModelRequest) -> str:
    return repr(request)


async def test_the_tasks_own_queue_runs_after_each_turn_that_the_person_started(shop: Shop) -> None:
    await shop.engine.queues.save("after", [an_item("check yourself")])
    shop.model.add("Did it.", "Checked.", "Did more.", "Checked again.")
    task = await shop.task(queue="after")
    await ended(shop, task.id)
    assert await said(shop, task.id) == ["do it", "[1 of 1] check yourself"]
    await shop.engine.send(task.id, "more")
    await shop.until(task.id, lambda known: known.turn == 4, "the queue's second run")
    await ended(shop, task.id)
    assert len(await shop.engine.queues.runs(task.id)) == 2
    await shop.engine.queues.attach(task.id, "")
    shop.model.add("Alone.")
    await shop.engine.send(task.id, "and now")
    await shop.until(task.id, lambda known: known.turn == 5, "the last turn")
    await ended(shop, task.id)
    assert len(await shop.engine.queues.runs(task.id)) == 2


async def test_the_project_names_the_queue_of_its_new_tasks(shop: Shop) -> None:
    folder = shop.repository / ".shopfloor" / "queues"
    folder.mkdir(parents=True)
    (folder / "house.md").write_text("## Look again\n")
    (shop.repository / ".shopfloor.toml").write_text('[defaults]\nqueue = "house"\n')
    shop.model.add("Did it.", "Looked.", "Alone.")
    task = await shop.task()
    assert outcomes(await ended(shop, task.id)) == ["no change"]
    alone = await shop.rests((await shop.task(queue="")).id)
    assert await said(shop, alone.id) == ["do it"]


async def test_a_queue_runs_on_many_tasks_or_when_one_cannot_on_none(shop: Shop) -> None:
    first, second = await a_resting_task(shop), await a_resting_task(shop)
    shop.model.add("a", "b")
    await shop.engine.queues.start([first.id, second.id], "mine", [an_item("look")])
    for task in (first, second):
        assert outcomes(await ended(shop, task.id)) == ["no change"]
    await shop.engine.close_task(second.id)
    with pytest.raises(UsageError, match="left the floor"):
        await shop.engine.queues.start([first.id, second.id], "mine", [an_item("look")])
    assert len(await shop.engine.queues.runs(first.id)) == 1
    with pytest.raises(NotFound, match="There is no queue “nothing”"):
        await shop.engine.queues.start([first.id], "nothing")


async def test_a_stopped_item_goes_on_when_the_task_is_resumed(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("sleep 60"))
    await shop.engine.queues.start([task.id], "mine", [an_item("one"), an_item("two")])
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the first item's command")
    await shop.engine.stop_task(task.id)
    run = await shop.engine.queues.run(task.id)
    assert run is not None
    assert outcomes(run) == ["working", "waiting"]
    shop.model.add(say(Call(name="write", arguments={"path": "late.txt", "content": "x"})), "One.", "Two.")
    await shop.engine.resume(task.id)
    run = await ended(shop, task.id)
    assert outcomes(run) == ["changed", "no change"]
    assert [item.turn for item in run.items] == [2, 3], "the cut turn went on"


async def test_what_another_agent_cost_is_counted_as_its_own(shop: Shop) -> None:
    text = (shop.profiles / "test.toml").read_text()
    (shop.profiles / "other.toml").write_text(text.replace("claude-test", "claude-other"))
    task = await a_resting_task(shop)
    shop.model.add("Looked.")
    await shop.engine.queues.start([task.id], "mine", [an_item("look", profile="other")])
    await ended(shop, task.id)
    spent = {row.profile: row.turns for row in await shop.engine.costs.spending()}
    assert spent == {"test": 1, "other": 1}


async def test_an_item_cannot_leave_the_sandbox_of_its_task(shop: Shop) -> None:
    text = (shop.profiles / "test.toml").read_text()
    (shop.profiles / "bare.toml").write_text(f'{text}\n[sandbox]\nmode = "none"\n')
    task = await a_resting_task(shop)
    shop.model.add("Two.")
    await shop.engine.queues.start([task.id], "mine", [an_item("one", profile="bare"), an_item("two")])
    task = await shop.until(task.id, lambda known: known.state == "blocked", "a call for the person")
    assert "is not confined" in task.reason
    await shop.engine.queues.skip(task.id)
    await shop.engine.resume(task.id)
    run = await ended(shop, task.id)
    assert outcomes(run) == ["skipped", "no change"]
    assert len(shop.model.requests) == 2, "nothing was said to the agent that is not confined"


async def test_an_item_of_another_agent_goes_on_in_its_conversation_after_the_engine_was_stopped(shop: Shop) -> None:
    text = (shop.profiles / "test.toml").read_text()
    (shop.profiles / "other.toml").write_text(text.replace("claude-test", "claude-other"))
    task = await a_resting_task(shop)
    shop.model.add(runs("sleep 60"), "Went on.", "Own.")
    await shop.engine.queues.start([task.id], "mine", [an_item("by other", profile="other"), an_item("by own")])
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the other's command")
    await shop.engine.stop()
    shop.engine = Engine({"PATH": "/usr/bin:/bin", KEY: "secret-test-key"})
    await shop.engine.start()
    run = await ended(shop, task.id)
    assert outcomes(run) == ["no change", "no change"]
    assert [item.turn for item in run.items] == [2, 3]
    cut, own = shop.model.requests[2:]
    assert cut.model == "claude-other"
    assert "by other" in _texts(cut), "it knows what it was asked"
    assert "do it" not in _texts(cut)
    assert own.model == "claude-test"


async def test_a_task_that_leaves_the_floor_ends_its_queue(shop: Shop) -> None:
    task = await a_resting_task(shop)
    shop.model.add(runs("sleep 60"))
    await shop.engine.queues.start([task.id], "mine", [an_item("one"), an_item("two")])
    await shop.entry(task.id, lambda entry: entry.tool is not None, "the first item's command")
    closed = await shop.engine.close_task(task.id)
    assert closed.queue is None
    run = await shop.engine.queues.run(task.id)
    assert run is not None
    assert (run.state, run.reason) == ("aborted", "The task was closed.")


async def test_a_hook_can_wait_for_the_end_of_a_queue(shop: Shop) -> None:
    happened: list[str] = []
    shop.engine.ledger.on_change.append(lambda before, after: happened.extend(events_of(before, after)))
    task = await a_resting_task(shop)
    shop.model.add("Looked.")
    await shop.engine.queues.start([task.id], "mine", [an_item("look")])
    await ended(shop, task.id)
    assert happened == ["task-created", "turn-ended", "task-ready", "turn-ended", "queue-ended", "task-ready"]

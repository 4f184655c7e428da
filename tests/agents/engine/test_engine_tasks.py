"""A task from prompt to rest, through the engine's methods, with a real worktree, sandbox, SDK and loopback model."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from agents import paths
from agents.errors import GitError, NotFound, ShopfloorError, UsageError
from agents.events import EntryChanged, TaskChanged, TranscriptOpened
from agents.model import NewTask
from agents.offline import Call, Fault, say
from agents.parts.review import CommentDraft
from agents.review import parse_diff
from tests.shop import KEY, Shop, git, runs, writes


async def test_a_task_works_in_its_own_worktree_and_ends_ready_with_a_diff(shop: Shop) -> None:
    shop.model.add(writes("made.txt", "made\n"), "Done: **made.txt** is there.")
    task = await shop.rests((await shop.task("Make a file")).id)
    assert task.turn == 1
    assert (task.files_changed, task.additions, task.deletions) == (1, 1, 0)
    assert task.unseen, "finished and not looked at yet"
    assert (Path(task.worktree) / "made.txt").read_text() == "made\n"
    assert not (shop.repository / "made.txt").exists(), "the person's checkout must stay as it was"
    assert task.branch == f"shopfloor/{task.id}/make-a-file"
    diff = parse_diff((await shop.engine.changes.diff(task.id)).patch)
    assert [file.path for file in diff.files] == [b"made.txt"]
    kinds = [entry.kind for entry in await shop.engine.transcript(task.id)]
    assert kinds == ["prompt", "text", "tool", "text"], kinds


async def test_tokens_and_cost_are_added_up(shop: Shop) -> None:
    shop.model.add("Nothing to do.")
    task = await shop.rests((await shop.task()).id)
    assert task.usage.output_tokens > 0
    assert task.usage.cost_usd is not None
    assert task.usage.cost_usd > 0, "the profile has prices"


async def test_the_agents_commits_come_into_the_repository_on_its_branch_only(shop: Shop) -> None:
    before = git(shop.repository, "rev-parse", "main")
    shop.model.add(runs("echo more >> hello.txt && git commit -qam agent && git stash list"), "Committed.")
    task = await shop.rests((await shop.task()).id)
    assert git(shop.repository, "log", "-1", "--format=%s", task.branch) == "agent"
    assert git(shop.repository, "rev-parse", "main") == before
    assert git(shop.repository, "status", "--porcelain") == ""


async def test_keys_are_not_in_the_environment_of_commands(shop: Shop) -> None:
    shop.model.add(runs("env"), "Seen.")
    task = await shop.rests((await shop.task()).id)
    (tool,) = [entry.tool for entry in await shop.engine.transcript(task.id) if entry.tool]
    assert KEY not in tool.output, tool.output
    assert "secret-test-key" not in tool.output
    assert f"SHOPFLOOR_TASK={task.id}" in tool.output, tool.output


async def test_a_steering_prompt_reaches_the_running_turn(shop: Shop) -> None:
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "Both done.")
    task = await shop.task("first")
    running = await shop.entry(task.id, lambda entry: entry.kind == "tool", "the tool call")
    await shop.engine.send(task.id, "and also this", "now")
    worktree = Path((await shop.engine.task(task.id)).worktree)
    (worktree / "go").touch()
    task = await shop.rests(task.id)
    assert running.tool is not None
    assert task.turn == 1, "a steer belongs to the running turn"
    prompts = await shop.engine.prompts(task.id)
    assert [(prompt.text, prompt.delivery, prompt.turn) for prompt in prompts][1] == ("and also this", "delivered", 1)
    assert "and also this" in str(shop.model.requests[-1].body), "the model must have seen it"


async def test_a_follow_up_waits_for_the_turn_to_end(shop: Shop) -> None:
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "First done.", "Second done.")
    task = await shop.task("first")
    await shop.entry(task.id, lambda entry: entry.kind == "tool", "the tool call")
    await shop.engine.send(task.id, "then this", "after")
    waiting = await shop.engine.task(task.id)
    assert waiting.waiting_prompts == 1
    (Path(waiting.worktree) / "go").touch()
    task = await shop.until(task.id, lambda known: known.state == "ready", "ready task")
    assert task.turn == 2
    assert task.waiting_prompts == 0


async def test_a_clock_set_back_during_a_turn_takes_no_time_off_the_task(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.model.add(runs("until [ -e go ]; do sleep 0.02; done"), "Done.")
    task = await shop.task()
    await shop.entry(task.id, lambda entry: entry.kind == "tool", "the tool call")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    Path((await shop.engine.task(task.id)).worktree, "go").touch()
    task = await shop.rests(task.id)
    assert task.state == "ready", task.reason
    assert 0 < task.worked_seconds < 60, "hooks know by it that a turn has ended"


async def test_stop_interrupts_and_resume_goes_on_with_a_valid_conversation(shop: Shop) -> None:
    shop.model.add(runs("sleep 600"))
    task = await shop.task()
    await shop.entry(task.id, lambda entry: entry.kind == "tool", "the tool call")
    stopped = await shop.engine.stop_task(task.id)
    assert stopped.state == "stopped", stopped.reason
    (tool,) = [entry.tool for entry in await shop.engine.transcript(task.id) if entry.tool]
    assert tool.status == "interrupted"
    shop.model.add("Went on.")
    await shop.engine.resume(task.id)
    task = await shop.rests(task.id)
    texts = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "text"]
    assert texts[-1] == "Went on."


async def test_a_wrong_key_blocks_with_the_variable_and_resumes_when_it_is_right(shop: Shop) -> None:
    shop.model.add(Fault(status=401), "Now it works.")
    task = await shop.rests((await shop.task()).id, "blocked")
    assert KEY in task.reason + task.hint, f"{task.reason} {task.hint}"
    await shop.engine.offer_environment({KEY: "right"})
    await shop.engine.resume(task.id)
    task = await shop.rests(task.id)
    assert shop.model.requests[-1].key == "right"
    assert task.state == "ready"


async def test_a_missing_key_blocks_before_anything_is_asked(shop: Shop) -> None:
    other = shop.profiles / "other.toml"
    other.write_text((shop.profiles / "test.toml").read_text().replace(KEY, "A_KEY_NOBODY_HAS"))
    task = await shop.rests((await shop.task(profile="other")).id, "blocked")
    assert "A_KEY_NOBODY_HAS" in task.reason + task.hint, f"{task.reason} {task.hint}"
    assert shop.model.requests == []


async def test_only_so_many_work_at_once_and_the_others_say_why_they_wait(shop: Shop, monkeypatch) -> None:
    limit = shop.engine._config.engine.max_active
    hold = runs("until [ -e go ]; do sleep 0.02; done")
    shop.model.add(*[hold] * limit, *["Done."] * (limit + 2))
    tasks = [await shop.task(f"task {number}") for number in range(limit + 1)]
    last = await shop.until(tasks[-1].id, lambda known: str(limit) in known.reason, "the reason why it waits")
    assert last.state == "queued"
    for task in tasks[:-1]:
        known = await shop.until(task.id, lambda known: bool(known.worktree), "a worktree")
        (Path(known.worktree) / "go").touch()
    for task in tasks:
        await shop.until(task.id, lambda known: known.state in ("ready", "failed"), "the end of all")


async def test_close_takes_the_worktree_and_keeps_branch_snapshot_and_transcript(shop: Shop) -> None:
    shop.model.add(writes("made.txt", "made\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    closed = await shop.engine.close_task(task.id)
    assert closed.state == "closed"
    assert not Path(task.worktree).exists()
    assert git(shop.repository, "show", f"refs/shopfloor/{task.id}/closed:made.txt") == "made"
    assert git(shop.repository, "rev-parse", "--verify", task.branch)
    assert await shop.engine.transcript(task.id)
    assert await shop.engine.tasks() == []
    with pytest.raises(UsageError, match="left the floor"):
        await shop.engine.send(task.id, "hello?")


async def test_an_interrupted_engine_goes_on_where_it_was(shop: Shop) -> None:
    shop.model.add(writes("one.txt", "1\n"), runs("sleep 600"))
    task = await shop.task()
    await shop.entry(task.id, lambda entry: bool(entry.tool and entry.tool.name == "bash"), "the second call")
    from agents.engine import Engine

    await shop.engine.stop()
    shop.model.add("Went on after the restart.")
    shop.engine = Engine({"PATH": "/usr/bin:/bin", KEY: "k"})
    await shop.engine.start()
    try:
        known = await shop.rests(task.id)
        texts = [entry.text for entry in await shop.engine.transcript(task.id)]
        assert texts[-1] == "Went on after the restart."
        assert (Path(known.worktree) / "one.txt").exists()
        ids = [entry.id for entry in await shop.engine.transcript(task.id)]
        assert ids == list(range(1, len(ids) + 1)), "every entry once and in order"
    finally:
        await shop.engine.stop()
        shop.engine = Engine({})  # for the fixture to stop


async def test_failing_checks_go_back_to_the_agent_until_they_pass(shop: Shop) -> None:
    text = '[[check]]\nname = "tests"\nrun = "grep -q good hello.txt || { echo hello.txt is not good; exit 3; }"\n'
    (shop.repository / ".shopfloor.toml").write_text(text)
    await shop.engine.projects.trust(str(shop.repository), text)
    shop.model.add("I think it is fine.", writes("hello.txt", "good\n"), "Mended.")
    task = await shop.rests((await shop.task()).id)
    assert task.check_state == "passed"
    assert task.turn == 2
    prompts = await shop.engine.prompts(task.id)
    assert prompts[-1].origin == "check"
    assert "hello.txt is not good" in prompts[-1].text
    assert "exit status 3" in prompts[-1].text


async def test_nothing_of_an_untrusted_project_file_runs(shop: Shop, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (shop.repository / ".shopfloor.toml").write_text(f'[[check]]\nname = "evil"\nrun = "touch {marker}"\n')
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    assert not marker.exists()
    assert task.check_state == "none"
    notices = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    assert any("trust" in notice for notice in notices), notices


async def test_comments_become_one_prompt_and_the_agents_answers_claims(shop: Shop) -> None:
    shop.model.add(writes("hello.txt", "hello\nthere\nworld\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    engine = shop.engine
    first = await engine.review.add(task.id, CommentDraft(text="Say *friend*.", path=b"hello.txt", start=2, end=2))
    second = await engine.review.add(task.id, CommentDraft(text="Add a test.", target="change"))
    assert (first.id, second.id) == ("R1-C1", "R1-C2")
    assert first.quote == ("+there",)
    shop.model.add(writes("hello.txt", "hello\nfriend\nworld\n"), "R1-C1: done\nR1-C2: declined: no test runner here")
    await engine.review.send(task.id)
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    asked = str(shop.model.requests[-1].body)
    assert "R1-C1 [fix] hello.txt:2" in asked
    comments = await engine.review.comments(task.id)
    assert [(comment.state, comment.claim) for comment in comments] == [("claimed", "done"), ("claimed", "declined")]
    assert comments[1].claim_text == "no test runner here"
    since_review = parse_diff((await engine.changes.diff(task.id, "review")).patch)
    assert (since_review.additions, since_review.deletions) == (1, 1), "only what changed since the round was sent"
    resolved = await engine.review.resolve(task.id, "R1-C1")
    assert resolved.state == "resolved"


async def test_drafts_can_be_edited_and_dropped_but_not_once_sent(shop: Shop) -> None:
    shop.model.add(writes("hello.txt", "bye\n"), "Done.", "R1-C1: done")
    task = await shop.rests((await shop.task()).id)
    engine = shop.engine
    await engine.review.add(task.id, CommentDraft(text="a", path=b"hello.txt", start=1, end=1))
    await engine.review.add(task.id, CommentDraft(text="b", path=b"hello.txt", start=1, end=1))
    await engine.review.edit(task.id, "R1-C1", "better")
    await engine.review.delete(task.id, "R1-C2")
    assert [comment.text for comment in await engine.review.comments(task.id)] == ["better"]
    await engine.review.send(task.id)
    with pytest.raises(UsageError, match="sent already"):
        await engine.review.edit(task.id, "R1-C1", "too late")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")


async def test_a_comment_outside_the_change_is_refused_with_a_sentence(shop: Shop) -> None:
    shop.model.add(writes("hello.txt", "bye\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    with pytest.raises(NotFound, match=r"nowhere\.txt is not part of this change"):
        await shop.engine.review.add(task.id, CommentDraft(text="x", path=b"nowhere.txt", start=1))
    with pytest.raises(UsageError, match="there is no line 99"):
        await shop.engine.review.add(task.id, CommentDraft(text="x", path=b"hello.txt", start=99))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"base": "no-such-branch"}, "no-such-branch"),
        ({"profile": "nobody"}, "nobody"),
        ({"prompt": "  "}, "needs a prompt"),
        ({"project": "/"}, "not in a git repository"),
    ],
)
async def test_a_task_that_cannot_be_is_refused_with_a_sentence(shop: Shop, fields, sentence: str) -> None:
    values = {"project": str(shop.repository), "prompt": "p", "profile": "test", **fields}
    with pytest.raises(ShopfloorError, match=sentence):
        await shop.engine.create_task(NewTask(**values))
    assert await shop.engine.tasks() == []


async def test_a_worktree_deleted_by_hand_blocks_its_task_with_a_sentence(shop: Shop) -> None:
    import shutil

    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    shutil.rmtree(task.worktree)
    await shop.engine.send(task.id, "go on")
    known = await shop.until(task.id, lambda known: known.state in ("blocked", "failed"), "a blocked task")
    assert task.worktree in known.reason, known.reason


async def test_composer_drafts_are_kept_per_task(shop: Shop) -> None:
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.writing.save_draft(task.id, "half a")
    await shop.engine.writing.save_draft("", "a new")
    assert await shop.engine.writing.draft(task.id) == "half a"
    assert await shop.engine.writing.draft("") == "a new"


async def test_two_tasks_do_not_see_each_other(shop: Shop) -> None:
    shop.model.add(*[writes("same.txt", "x\n"), "Done."] * 2)
    one, two = await asyncio.gather(shop.task("one"), shop.task("two"))
    first, second = await shop.rests(one.id), await shop.rests(two.id)
    assert first.worktree != second.worktree
    assert first.branch != second.branch


async def test_half_a_surrogate_pair_from_a_model_is_no_fault(shop: Shop) -> None:
    call = Call(name="write", raw='{"path": "odd.txt", "content": "a\\ud800b"}')
    shop.model.add(say(call), "Done.")
    task = await shop.rests((await shop.task()).id)
    (tool,) = [entry.tool for entry in await shop.engine.transcript(task.id) if entry.tool]
    assert tool.status in ("done", "failed"), "the tool may refuse it, but the transcript can be stored"


async def test_who_comes_back_gets_only_what_changed_since(shop: Shop) -> None:
    shop.model.add("First.", "Second.", "Third.")
    one = await shop.rests((await shop.task("one")).id)
    listener = await shop.engine.subscribe()
    await listener.watch([one.id])
    batch = await asyncio.wait_for(anext(aiter(listener)), 5)
    known = max(event.task.sequence for event in batch if isinstance(event, TaskChanged))
    (opened,) = [event for event in batch if isinstance(event, TranscriptOpened)]
    entries_known = max(entry.sequence for entry in opened.entries)
    await listener.close()
    two = await shop.rests((await shop.task("two")).id)
    again = await shop.engine.subscribe(known)
    batch = await asyncio.wait_for(anext(aiter(again)), 5)
    assert [event.task.id for event in batch if isinstance(event, TaskChanged)] == [two.id]
    await shop.engine.send(one.id, "more")
    await shop.until(one.id, lambda task: task.state == "ready" and task.turn == 2, "the second turn")
    late = await shop.engine.subscribe(known)
    await late.watch([one.id], {one.id: entries_known})
    batch = await asyncio.wait_for(anext(aiter(late)), 5)
    kinds = [event.entry.kind for event in batch if isinstance(event, EntryChanged)]
    assert kinds == ["prompt", "text"], "only the entries of the second turn"
    assert not any(isinstance(event, TranscriptOpened) for event in batch)


async def test_to_adopt_there_must_be_a_name(shop: Shop) -> None:
    with pytest.raises(UsageError, match="Name a branch"):
        await shop.engine.worktrees.adopt(str(shop.repository), " ", profile="test")


async def test_a_task_whose_repository_is_gone_leaves_the_floor_with_its_files_and_comes_back(shop: Shop) -> None:
    shop.model.add(writes("new.txt", "new\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    away = shop.repository.rename(shop.repository.with_name("away"))
    with pytest.raises(GitError, match=r"is not there any more\. Bring it back"):
        await shop.engine.changes.diff(task.id)
    closed = await shop.engine.close_task(task.id)
    assert closed.state == "closed"
    assert task.worktree in closed.reason
    assert Path(task.worktree, "new.txt").read_text() == "new\n"
    kept = paths.task_dir(task.id)
    await shop.engine.worktrees.prune(await shop.engine.worktrees.leftovers())
    assert kept.is_dir(), "what belongs to a worktree that was left is no leftover"
    away.rename(shop.repository)
    assert (await shop.engine.restore_task(task.id)).state == "stopped"
    shop.model.add("Gone on.")
    await shop.engine.resume(task.id)
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "another turn")
    assert b"new.txt" in (await shop.engine.changes.diff(task.id)).patch


async def test_a_worktree_without_its_private_git_folder_is_restored_and_goes_on(shop: Shop) -> None:
    shop.model.add(writes("new.txt", "new\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    shutil.rmtree(paths.task_dir(task.id))
    git(shop.repository, "update-ref", "-d", f"refs/heads/{task.branch}")
    await shop.engine.send(task.id, "go on")
    task = await shop.until(task.id, lambda known: known.state == "blocked", "a task that cannot go on")
    assert task.hint == f"`shopfloor restore {task.id}` makes it again."
    await shop.engine.restore_task(task.id)
    shop.model.add(runs("git add -A && git commit -qm 'all of it' && git log --format=%s"), "Done.")
    await shop.engine.resume(task.id)
    task = await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "another turn")
    assert git(shop.repository, "log", "-1", "--format=%s", task.branch) == "all of it"
    assert b"new.txt" in (await shop.engine.changes.diff(task.id)).patch


async def test_what_works_on_a_deleted_worktree_says_how_it_comes_back(shop: Shop) -> None:
    shop.model.add(writes("new.txt", "new\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    shutil.rmtree(task.worktree)
    with pytest.raises(UsageError, match=f"is gone. `shopfloor restore {task.id}` makes it again"):
        await shop.engine.undo(task.id)
    (shop.repository / ".shopfloor.toml").write_text('[[command]]\nname = "hello"\nrun = "echo hello"\n')
    text, _ = await shop.engine.projects.file(str(shop.repository))
    await shop.engine.projects.trust(str(shop.repository), text)
    with pytest.raises(UsageError, match=f"`shopfloor restore {task.id}` makes it again"):
        await shop.engine.scripts.start(task.id, "hello")
    await shop.engine.landing.land(task.id)
    assert (await shop.engine.landing.finish(task.id)).hint == f"`shopfloor restore {task.id}` makes it again."
    await shop.engine.restore_task(task.id)
    await shop.engine.undo(task.id)
    assert not Path(task.worktree, "new.txt").exists()


async def test_a_worktree_that_git_has_pruned_while_it_was_elsewhere_is_restored_and_goes_on(shop: Shop) -> None:
    shop.model.add(runs("echo one > one.txt && git add -A && git commit -qm one"), "Done.")
    task = await shop.rests((await shop.task()).id)
    worktree = Path(task.worktree)
    elsewhere = worktree.rename(worktree.with_name("elsewhere"))
    git(shop.repository, "worktree", "prune")
    elsewhere.rename(worktree)
    with pytest.raises(GitError, match=f"`shopfloor restore {task.id}` makes it again"):
        await shop.engine.close_task(task.id)
    await shop.engine.restore_task(task.id)
    assert git(worktree, "status", "--porcelain") == "", "the person's git works in it again"
    shop.model.add(runs("echo two > two.txt && git add -A && git commit -qm two"), "Done.")
    await shop.engine.send(task.id, "and two")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    assert git(shop.repository, "log", "-1", "--format=%s", task.branch) == "two"
    await shop.engine.close_task(task.id)
    assert not worktree.exists()


async def test_a_closed_task_is_restored_as_it_was_last_though_its_worktree_and_its_branch_were_deleted(
    shop: Shop,
) -> None:
    shop.model.add(runs("echo one > one.txt && git add -A && git commit -qm one"), "Done.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.close_task(task.id)
    git(shop.repository, "branch", "-qD", task.branch)
    await shop.engine.restore_task(task.id)
    assert git(shop.repository, "log", "-1", "--format=%s", task.branch) == "one", "the branch is made again"
    shop.model.add(writes("two.txt", "two\n"), "Done.")
    await shop.engine.send(task.id, "and two")
    await shop.until(task.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    Path(task.worktree, "mine.txt").write_text("by hand\n")
    await shop.engine.changes.diff(task.id)
    shutil.rmtree(task.worktree)
    await shop.engine.close_task(task.id)
    await shop.engine.worktrees.prune(await shop.engine.worktrees.leftovers())
    await shop.engine.restore_task(task.id)
    assert {path.name for path in Path(task.worktree).iterdir()} == {
        ".git",
        "hello.txt",
        "one.txt",
        "two.txt",
        "mine.txt",
    }


async def test_a_landing_is_over_when_its_task_has_left_the_floor(shop: Shop) -> None:
    shop.model.add(writes("new.txt", "new\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    await shop.engine.landing.land(task.id)
    assert (await shop.engine.landing.finish(task.id)).state == "landed"
    assert (await shop.engine.task(task.id)).state == "landed"
    assert not Path(task.worktree).exists()


async def test_a_title_is_one_line(shop: Shop) -> None:
    assert (await shop.task(title=" two\nlines ", held=True)).title == "two lines"

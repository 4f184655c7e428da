"""Rounds, replies, marks, scopes and patches: a review through the engine, on a real worktree."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents import paths
from agents.errors import GitError, NotFound, UsageError
from agents.model import Task
from agents.offline import Call, say
from agents.parts.changes import Diff, Scope
from agents.parts.review import CommentDraft, EditedPrompt
from agents.review import FileDiff, parse_diff
from agents.review.marks import marks_of
from agents.review.model import Hunk
from agents.review.select import select_lines
from tests.images import a_picture
from tests.shop import Shop, git, runs, writes

TEXT = "".join(f"line {number}\n" for number in range(1, 41))
SINCE: tuple[Scope, ...] = ("review", "turn")
CHANGED = TEXT.replace("line 5\n", "five\n").replace("line 30\n", "thirty\nand more\n")


def hunk_patch(file: FileDiff, hunk: Hunk, reverse: bool = False) -> bytes:
    """One hunk as a patch."""
    return select_lines(file, hunk.indexes, reverse=reverse)


async def a_change(shop: Shop) -> Task:
    """A task whose agent changed two places of one file."""
    (shop.repository / "a.txt").write_text(TEXT)
    git(shop.repository, "add", "-A")
    git(shop.repository, "commit", "-q", "-m", "a text")
    shop.model.add(writes("a.txt", CHANGED), say("Done."))
    task = await shop.task()
    return await shop.rests(task.id)


def only_file(diff: Diff) -> FileDiff:
    (file,) = parse_diff(diff.patch).files
    return file


def text_of(task: Task) -> str:
    return Path(task.worktree, "a.txt").read_text()


async def test_a_hunk_is_taken_back_and_the_opposite_patch_brings_it_again(shop: Shop) -> None:
    task = await a_change(shop)
    file = only_file(await shop.engine.changes.diff(task.id))
    back = hunk_patch(file, file.hunks[0], reverse=True)
    after = await shop.engine.changes.apply(task.id, back, "You took a hunk of a.txt back.")
    assert text_of(task) == TEXT.replace("line 30\n", "thirty\nand more\n")
    assert (after.additions, after.deletions) == (2, 1), "the numbers of the task are those of its files now"
    said = [entry.text for entry in await shop.engine.transcript(task.id) if entry.kind == "notice"]
    assert "You took a hunk of a.txt back." in said
    await shop.engine.changes.apply(task.id, hunk_patch(file, file.hunks[0]), "And brought it again.")
    assert text_of(task) == CHANGED


async def test_single_lines_are_taken_back(shop: Shop) -> None:
    task = await a_change(shop)
    file = only_file(await shop.engine.changes.diff(task.id))
    added = next(index for index in range(len(file.lines)) if file.lines.raw(index) == b"and more")
    await shop.engine.changes.apply(task.id, select_lines(file, [added], reverse=True), "back")
    assert text_of(task) == CHANGED.replace("and more\n", "")


async def test_a_patch_that_does_not_fit_changes_nothing_and_says_so(shop: Shop) -> None:
    task = await a_change(shop)
    file = only_file(await shop.engine.changes.diff(task.id))
    Path(task.worktree, "a.txt").write_text(CHANGED.replace("five\n", "5\n"))
    with pytest.raises(GitError, match="does not fit"):
        await shop.engine.changes.apply(task.id, hunk_patch(file, file.hunks[0], reverse=True), "back")
    assert text_of(task) == CHANGED.replace("five\n", "5\n")


async def test_a_patch_does_not_follow_a_link_out_of_the_worktree(shop: Shop, tmp_path: Path) -> None:
    task = await a_change(shop)
    file = only_file(await shop.engine.changes.diff(task.id))
    outside = tmp_path / "outside.txt"
    outside.write_text(CHANGED)
    Path(task.worktree, "a.txt").unlink()
    Path(task.worktree, "a.txt").symlink_to(outside)
    with pytest.raises(GitError):
        await shop.engine.changes.apply(task.id, hunk_patch(file, file.hunks[0], reverse=True), "back")
    assert outside.read_text() == CHANGED


async def test_marks_are_kept_and_fall_with_their_lines(shop: Shop) -> None:
    task = await a_change(shop)
    marks = marks_of(only_file(await shop.engine.changes.diff(task.id)))
    await shop.engine.review.mark(task.id, marks.all)
    assert set(await shop.engine.review.reviewed(task.id)) == set(marks.all)
    Path(task.worktree, "a.txt").write_text(CHANGED.replace("five", "FIVE"))
    changed = marks_of(only_file(await shop.engine.changes.diff(task.id)))
    known = await shop.engine.review.reviewed(task.id)
    assert not changed.is_reviewed(known)
    assert changed.runs[1][1] in known, "what did not change is still reviewed"
    await shop.engine.review.mark(task.id, marks.all, False)
    assert await shop.engine.review.reviewed(task.id) == []


async def test_a_private_note_is_never_sent(shop: Shop) -> None:
    task = await a_change(shop)
    await shop.engine.review.add(
        task.id, CommentDraft(text="my secret thought", path=b"a.txt", start=5, end=5, kind="note")
    )
    with pytest.raises(UsageError, match="no comments to send"):
        await shop.engine.review.send(task.id)
    assert (await shop.engine.task(task.id)).draft_comments == 0
    await shop.engine.review.add(task.id, CommentDraft(text="say five", path=b"a.txt", start=5, end=5))
    assert "my secret thought" not in await shop.engine.review.prompt(task.id)
    shop.model.add(say("R1-C2: done"))
    await shop.engine.review.send(task.id)
    await shop.rests(task.id)
    assert [comment.state for comment in await shop.engine.review.comments(task.id)] == ["draft", "claimed"]


async def test_a_reply_opens_a_comment_again_and_goes_with_the_next_round(shop: Shop) -> None:
    task = await a_change(shop)
    comment = await shop.engine.review.add(task.id, CommentDraft(text="say five", path=b"a.txt", start=5, end=5))
    shop.model.add(say("R1-C1: done — it says so"), say("R1-C1: done — now really"))
    await shop.engine.review.send(task.id)
    await shop.rests(task.id)
    await shop.engine.review.reply(task.id, comment.id, "It still says five.")
    assert (await shop.engine.task(task.id)).draft_comments == 1
    prompt = await shop.engine.review.prompt(task.id)
    assert "You said: done: it says so" in prompt
    assert "Now: It still says five." in prompt
    await shop.engine.review.send(task.id)
    await shop.rests(task.id)
    (known,) = await shop.engine.review.comments(task.id)
    assert (known.state, known.claim_text, known.replies[0].round) == ("claimed", "now really", 2)
    assert (await shop.engine.task(task.id)).draft_comments == 0


async def test_the_prompt_of_a_round_can_be_edited_before_it_goes(shop: Shop) -> None:
    task = await a_change(shop)
    await shop.engine.review.add(task.id, CommentDraft(text="say five", path=b"a.txt", start=5, end=5))
    shop.model.add(say("fine"))
    edited = EditedPrompt(text="Only this.", composed="All of it.")
    await shop.engine.review.keep_edited_prompt(task.id, edited)
    assert await shop.engine.review.edited_prompt(task.id) == edited, "what was written waits to be sent"
    prompt = await shop.engine.review.send(task.id, text="Only this.")
    assert prompt.text == "Only this."
    await shop.rests(task.id)
    assert (await shop.engine.review.comments(task.id))[0].state == "sent"
    assert not (await shop.engine.review.edited_prompt(task.id)).text, "it was sent"


async def test_one_commit_and_two_refs_are_scopes(shop: Shop) -> None:
    commit = "git -c user.name=A -c user.email=a@b commit -qam"
    shop.model.add(
        say(*[Call(name="bash", arguments={"command": f"echo one >> hello.txt && {commit} 'first step'"})]),
        runs(f"echo two >> hello.txt && {commit} 'second step'"),
        say("Done."),
    )
    task = await shop.task()
    await shop.rests(task.id)
    second, first = await shop.engine.changes.commits(task.id)
    assert (first.subject, second.subject) == ("first step", "second step")
    diff = await shop.engine.changes.diff(task.id, "commit", first.id)
    assert only_file(diff).additions == 1
    assert b"+one" in diff.patch
    assert b"+two" not in diff.patch
    between = await shop.engine.changes.diff(task.id, "refs", first.id)
    assert b"+two" in between.patch
    assert b"+one" not in between.patch
    both = await shop.engine.changes.diff(task.id, "refs", "main", second.id)
    assert only_file(both).additions == 2
    with pytest.raises(NotFound):
        await shop.engine.changes.diff(task.id, "refs", "no-such-ref")
    with pytest.raises(UsageError):
        await shop.engine.changes.diff(task.id, "commit")


async def test_a_question_is_answered_beside_the_task_and_edits_nothing_of_it(shop: Shop) -> None:
    task = await a_change(shop)
    shop.model.add(writes("a.txt", "overwritten"), say("It makes five of it."))
    about = CommentDraft(text="", path=b"a.txt", start=5, end=5)
    side = await shop.engine.review.explain(task.id, "Explain line 5. Do not edit.", about)
    rested = await shop.rests(side.id)
    assert text_of(task) == CHANGED, "the side thread has a worktree of its own"
    assert rested.worktree != task.worktree
    answer = [entry.text for entry in await shop.engine.transcript(side.id) if entry.kind == "text"]
    assert answer[-1] == "It makes five of it."
    assert side.check is False
    said = await shop.engine.transcript(task.id)
    assert f"Task {side.id} has answered" in said[-1].text, "who has left the review is told in the task's pane"
    (note,) = await shop.engine.review.comments(task.id)
    assert (note.kind, note.start, note.text) == ("note", 5, "It makes five of it."), "nobody needs to wait for it"


# --- staging


def _index_text(task: Task) -> str:
    """The text of a.txt in the index, as the person's git in the worktree shows it."""
    import subprocess

    return subprocess.run(
        ["git", "-C", task.worktree, "show", ":a.txt"], capture_output=True, text=True, check=True
    ).stdout


async def test_a_hunk_is_staged_in_the_index_and_the_files_stay(shop: Shop) -> None:
    task = await a_change(shop)
    file = only_file(await shop.engine.changes.diff(task.id))
    head, index = await shop.engine.staging.staged(task.id)
    assert head == index, "something is staged already"
    after = await shop.engine.staging.stage(task.id, hunk_patch(file, file.hunks[0]))
    assert after[0] == head
    assert _index_text(task) == TEXT.replace("line 5\n", "five\n")
    assert text_of(task) == CHANGED
    staged = only_file(await shop.engine.changes.diff(task.id, "refs", *after))
    assert marks_of(staged).all == marks_of(file).of_hunk(file.hunks[0])
    assert await shop.engine.staging.stage(task.id, hunk_patch(file, file.hunks[0]), True) == (head, head)


async def test_what_does_not_fit_the_index_is_refused_in_a_sentence(shop: Shop) -> None:
    task = await a_change(shop)
    file = only_file(await shop.engine.changes.diff(task.id))
    patch = hunk_patch(file, file.hunks[0])
    await shop.engine.staging.stage(task.id, patch)
    with pytest.raises(GitError, match="in the index or in the last commit already"):
        await shop.engine.staging.stage(task.id, patch)
    with pytest.raises(GitError, match="does not fit what the index holds"):
        await shop.engine.staging.stage(task.id, hunk_patch(file, file.hunks[1]), True)
    assert _index_text(task) == TEXT.replace("line 5\n", "five\n")


async def test_staging_runs_nothing_that_an_agent_left_in_its_worktree(shop: Shop) -> None:
    task = await a_change(shop)
    trap = shop.repository.parent / "sprung"
    script = Path(task.worktree, "trap.sh")
    script.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    script.chmod(0o755)
    Path(task.worktree, ".gitattributes").write_text("*.txt filter=trap\n")
    Path(task.worktree, ".git").write_text("gitdir: /nowhere\n")
    file = next(f for f in parse_diff((await shop.engine.changes.diff(task.id)).patch).files if f.path == b"a.txt")
    await shop.engine.staging.stage(task.id, hunk_patch(file, file.hunks[0]))
    assert not trap.exists()
    head, index = await shop.engine.staging.staged(task.id)
    assert head != index


# --- images


async def test_an_image_in_a_comment_is_the_tasks_until_the_agent_sees_it_in_this_round_and_the_next(
    shop: Shop, tmp_path: Path
) -> None:
    shot = tmp_path / "shot.png"
    shot.write_bytes(a_picture())
    task = await a_change(shop)
    chip = await shop.engine.writing.attach_image(str(shot))
    note = await shop.engine.review.add(task.id, CommentDraft(text="Like", path=b"a.txt", start=5, end=5))
    note = await shop.engine.review.edit(task.id, note.id, f"Like {chip}?")
    assert note.text == f"Like {chip}?", "it is still a chip when one goes on writing"
    shot.unlink()
    shop.engine.writing.drop_unused()  # as every start of the engine does
    shop.model.add("R1-C1: done")
    sent = await shop.engine.review.send(task.id)
    (copy,) = paths.attachments_dir(task.id).iterdir()
    assert f"Like @{copy}?" in sent.text
    await shop.rests(task.id)
    content = shop.model.requests[-1].body["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["text", "image"], "the model sees it with the comment"
    (tmp_path / "wide.png").write_bytes(a_picture() + b"wide")
    other = await shop.engine.writing.attach_image(str(tmp_path / "wide.png"))
    await shop.engine.review.reply(task.id, note.id, f"No, like {other}.")
    shop.engine.writing.drop_unused()
    shop.model.add("R1-C1: done")
    sent = await shop.engine.review.send(task.id)
    assert sent.text.count("/attachments/") == 2, f"both are named in the next round:\n{sent.text}"


# --- from a shell


async def test_a_range_that_reaches_out_of_a_hunk_is_quoted_as_a_whole(shop: Shop) -> None:
    task = await a_change(shop)
    note = await shop.engine.review.add(task.id, CommentDraft(text="All", path=b"a.txt", start=1, end=35))
    new_side = [line[1:] for line in note.quote if line[0] != "-"]
    assert new_side == CHANGED.split("\n")[:35]
    assert [line for line in note.quote if line[0] in "+-"] == ["-line 5", "+five", "-line 30", "+thirty", "+and more"]
    beyond = await shop.engine.review.add(task.id, CommentDraft(text="All", path=b"a.txt", start=40, end=90))
    assert (beyond.start, beyond.end) == (40, 41), "it ends with the file"
    with pytest.raises(UsageError, match="has 41 lines"):
        await shop.engine.review.add(task.id, CommentDraft(text="Where?", path=b"a.txt", start=80, end=90))


# --- what the agent does to its branch


@pytest.mark.parametrize(
    ("command", "text"),
    [("git merge -q {main}", TEXT), ("git rebase -q {main}", TEXT),
     ("git merge -q -X ours {main}", TEXT.replace("line 5\n", "V\n").replace("line 20\n", "their 20\n"))],
    ids=["merge", "rebase", "conflict"],
)  # fmt: skip
async def test_what_others_did_on_the_base_is_no_part_of_the_change_once_the_agent_has_it(
    shop: Shop, command: str, text: str
) -> None:
    task = await a_change(shop)
    await shop.engine.review.add(task.id, CommentDraft(text="Bring main in.", target="change"))
    (shop.repository / "a.txt").write_text(text)
    (shop.repository / "theirs.txt").write_text("theirs\n")
    git(shop.repository, "add", "-A")
    git(shop.repository, "commit", "-q", "-m", "their work")
    main = git(shop.repository, "rev-parse", "HEAD").strip()
    shop.model.add(runs(f"git commit -qam mine && {command.format(main=main)}"), "Done.")
    await shop.engine.review.send(task.id)
    await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the second turn")
    assert Path(task.worktree, "theirs.txt").exists(), [
        entry.tool.output for entry in await shop.engine.transcript(task.id) if entry.tool
    ]
    diff = await shop.engine.changes.diff(task.id)
    assert [file.path for file in parse_diff(diff.patch).files] == [b"a.txt"]
    mine = Path(task.worktree, "a.txt")
    since = await shop.engine.changes.diff(task.id, "review")
    assert not since.patch.strip(b"\0"), "the agent has done nothing since the round"
    mine.write_text(mine.read_text().replace("thirty\n", "dreissig\n"))
    for scope in SINCE:
        since = await shop.engine.changes.diff(task.id, scope)
        assert [(file.path, file.additions) for file in parse_diff(since.patch).files] == [(b"a.txt", 1)], scope
    after = await shop.engine.task(task.id)
    assert (after.files_changed, after.base_commit) == (1, main)

"""What helps a person write: names of files, earlier prompts, texts put by, pasted texts, templates, drafts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents import paths
from agents.errors import ShopfloorError
from agents.parts.writing import TaskDraft
from agents.prompts.chips import chip_of, expand, is_long
from agents.prompts.image_chips import image_chip
from agents.prompts.templates import parse_template, read_templates
from agents.store import Store
from tests.images import a_picture
from tests.shop import Shop, git, runs, writes


async def test_files_of_a_task_are_those_of_its_worktree_now(shop: Shop) -> None:
    (shop.repository / ".gitignore").write_text("secret\n")
    git(shop.repository, "add", "-A")
    git(shop.repository, "commit", "-q", "-m", "ignore")
    shop.model.add(writes("new/one.txt", "1\n"), "Done.")
    task = await shop.rests((await shop.task()).id)
    (Path(task.worktree) / "secret").write_text("x")
    (Path(task.worktree) / "two.txt").write_text("not committed")
    assert await shop.engine.writing.files(task.id) == [".gitignore", "hello.txt", "new/one.txt", "two.txt"]


async def test_files_of_a_new_task_are_those_of_its_base(shop: Shop) -> None:
    git(shop.repository, "branch", "before")
    (shop.repository / "later.txt").write_text("x")
    git(shop.repository, "add", "-A")
    git(shop.repository, "commit", "-q", "-m", "later")
    assert await shop.engine.writing.project_files(str(shop.repository)) == ["hello.txt", "later.txt"]
    assert await shop.engine.writing.project_files(str(shop.repository), "before") == ["hello.txt"]


async def test_what_was_said_to_any_task_comes_latest_first_and_each_once(shop: Shop) -> None:
    shop.model.add("One.", "Two.", "Three.")
    one = await shop.rests((await shop.task("first words")).id)
    await shop.rests((await shop.task("second words")).id)
    await shop.engine.send(one.id, "second words")
    await shop.until(one.id, lambda known: known.state == "ready" and known.turn == 2, "the second turn")
    said = await shop.engine.writing.said()
    assert [(each.text, each.task) for each in said] == [("second words", one.id), ("first words", one.id)]


async def test_texts_put_by_are_there_after_the_engine_ended(shop: Shop) -> None:
    first = await shop.engine.writing.yank("one")
    await shop.engine.writing.yank("two\nlines")
    await shop.engine.writing.drop_yank(first.id)
    await shop.engine.stop()
    store = Store(paths.state_dir() / "store.sqlite")
    assert len(store.kept("yank")) == 1
    assert b"two" in store.kept("yank")[0][1]
    store.close()


async def test_a_chip_is_sent_as_the_text_that_was_pasted(shop: Shop) -> None:
    long = "line\n" * 40
    chip = await shop.engine.writing.attach(long)
    assert len(chip) < 60
    shop.model.add("Done.")
    task = await shop.rests((await shop.task(f"Look at this:\n{chip}\nand fix it")).id)
    told = str(shop.model.requests[-1].body["messages"])
    assert told.count("line") >= 40
    assert "⟦" not in told
    assert task.title == "Look at this:"
    assert (await shop.engine.prompts(task.id))[0].text == f"Look at this:\n{long}\nand fix it"


async def test_an_image_from_elsewhere_is_an_attachment_that_the_confined_agent_reads(
    shop: Shop, tmp_path: Path
) -> None:
    shot = tmp_path / "person" / "Bildschirmfoto 1.png"
    shot.write_bytes(a_picture())
    shop.model.add("Done.")
    task = await shop.rests((await shop.task()).id)
    chip = await shop.engine.writing.attach_image(str(shot))
    folder = paths.attachments_dir(task.id)
    shop.model.add(runs(f"cat {folder}/*.png | wc -c; touch {folder}/mine 2>/dev/null || echo kept"), "Read.")
    await shop.engine.send(task.id, f"Like {chip}?")
    await shop.until(task.id, lambda known: known.turn == 2 and known.state == "ready", "the second turn")
    (copy,) = folder.iterdir()
    (prompt,) = [each.text for each in await shop.engine.prompts(task.id) if "Like" in each.text]
    assert prompt == f"Like @{copy}?"
    assert copy.read_bytes() == a_picture()
    content = shop.model.requests[1].body["messages"][-1]["content"]
    assert [block["type"] for block in content] == ["text", "image"], "the model sees it with the prompt"
    tools = [entry.tool.output for entry in await shop.engine.transcript(task.id) if entry.tool]
    assert tools == [f"{len(a_picture())}\nkept"], "its commands may read it, and write nothing there"


async def test_a_prompt_waits_for_the_copies_of_its_images(shop: Shop, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    shot.write_bytes(a_picture())
    shop.model.add("Done.")
    keeping = asyncio.create_task(shop.engine.writing.attach_image(str(shot)))
    await asyncio.sleep(0)  # it has begun, no more
    task = await shop.task(f"{image_chip(str(shot))} is wrong")
    await keeping
    assert "/attachments/" in task.prompt
    assert task.title == "[image: shot.png] is wrong"


async def test_what_is_no_image_is_refused_in_words(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("text")
    for name, words in (("text.png", "is no image"), ("gone.png", "cannot be read")):
        with pytest.raises(ShopfloorError, match=words):
            await shop.engine.writing.attach_image(str(tmp_path / name))


async def test_copies_of_images_that_no_draft_names_are_dropped(shop: Shop, tmp_path: Path) -> None:
    for name in ("kept.png", "lost.png"):
        (tmp_path / name).write_bytes(a_picture())
        chip = await shop.engine.writing.attach_image(str(tmp_path / name))
        if name == "kept.png":
            await shop.engine.writing.keep_task_draft(str(shop.repository), TaskDraft(prompt=f"see {chip}"))
    shop.engine.writing.drop_unused()
    assert [image.name.partition("-")[2] for image in paths.images_dir().iterdir()] == ["kept.png"]


async def test_pasted_texts_that_a_draft_names_outlive_the_engine_and_others_do_not(shop: Shop) -> None:
    kept = await shop.engine.writing.attach("kept\n" * 40)
    lost = await shop.engine.writing.attach("lost\n" * 40)
    await shop.engine.writing.keep_task_draft(str(shop.repository), TaskDraft(prompt=f"see {kept}"))
    shop.engine.writing.drop_unused()
    assert await shop.engine.writing.expanded(kept) == "kept\n" * 40
    assert await shop.engine.writing.expanded(lost) == lost


async def test_each_project_has_a_draft_of_its_own(shop: Shop, tmp_path: Path) -> None:
    from tests.shop import a_repository

    other = a_repository(tmp_path / "other")
    await shop.engine.writing.keep_task_draft(
        str(shop.repository), TaskDraft(prompt="here", profile="test", several=True)
    )
    await shop.engine.writing.keep_task_draft(str(other), TaskDraft(prompt="there"))
    here = await shop.engine.writing.task_draft(str(shop.repository))
    assert (here.prompt, here.profile, here.several) == ("here", "test", True)
    assert (await shop.engine.writing.task_draft(str(other))).prompt == "there"


async def test_a_draft_from_before_drafts_had_projects_is_found_once(shop: Shop) -> None:
    await shop.engine.writing.save_draft("", "written long ago")
    assert (await shop.engine.writing.task_draft(str(shop.repository))).prompt == "written long ago"
    await shop.engine.writing.keep_task_draft(str(shop.repository), TaskDraft(prompt="mine now"))
    assert await shop.engine.writing.draft("") == ""


async def test_templates_are_the_persons_and_the_projects(shop: Shop) -> None:
    yours, theirs = paths.config_dir() / "templates", shop.repository / ".shopfloor" / "templates"
    for folder in (yours, theirs):
        folder.mkdir(parents=True)
    (yours / "bug.md").write_text("---\nname: Fix a bug\nprofile: test\ncheck: no\n---\nFix this bug:\n\n")
    (theirs / "docs.md").write_text("Write docs.\n")
    (theirs / "bug.md").write_text("---\nname: Fix a bug\n---\nThe project's.\n")
    (theirs / "broken.md").write_bytes(b"\xff\xfe")
    found = [each for each in await shop.engine.writing.templates(str(shop.repository)) if not each.problem]
    assert [(each.name, each.source, each.text) for each in found] == [
        ("docs", "project", "Write docs."),
        ("Fix a bug", "yours", "Fix this bug:"),
    ]
    assert (found[1].profile, found[1].check) == ("test", False)


@pytest.mark.parametrize("text", ["---\nno end\n", "--- \n---\nx", "x", "---", ""])
def test_a_head_that_does_not_end_is_text(text: str) -> None:
    assert parse_template(text, "name").name == "name"


def test_chips_stand_for_what_was_pasted_and_unknown_ones_stay() -> None:
    text = "a\n" * 30
    chip = chip_of(text)
    assert is_long(text)
    assert not is_long("short\nlines")
    known = {chip[-11:-1]: text}
    assert expand(f"<{chip}> and {chip}", known.get) == f"<{text}> and {text}"
    assert expand(chip, {}.get) == chip


def test_a_template_that_cannot_be_read_says_why_and_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_bytes("Größer".encode("latin-1"))
    (tmp_path / "long.md").write_text("x" * 200_001)
    (tmp_path / "good.md").write_text("Do it.")
    good, long, old = read_templates(tmp_path, tmp_path / "none")
    assert (good.text, good.problem) == ("Do it.", "")
    assert long.problem == f"{tmp_path}/long.md is no regular file, or has more than 200,000 bytes."
    assert old.problem == f"{tmp_path}/old.md is not UTF-8."

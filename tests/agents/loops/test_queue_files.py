"""Queues as Markdown: read, written, and kept on the shelf."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents import paths
from agents.engine.queue_shelf import Shelf
from agents.errors import NotFound, UsageError
from agents.loops.conditions import glob, unmet_condition
from agents.loops.queue_file import checked_name, item_text, parse_item, parse_queue, queue_text
from agents.parts.queues import QueueItem
from agents.store import Store

FILE = """\
# House rules

What we look at here.

## Docs follow the code

```toml
if_changed = ["src/**", "*.py"]
profile = "codex"
stop_on_failure = true
```

Read the docs.

```
## not a heading
```

\\## a line of the prompt

## Only a heading
"""
HERE = Path("house.md")


def test_an_item_begins_with_a_heading_and_may_have_settings() -> None:
    description, items = parse_queue(FILE, HERE)
    assert description == "What we look at here."
    assert items == (
        QueueItem(
            title="Docs follow the code",
            prompt="Read the docs.\n\n```\n## not a heading\n```\n\n## a line of the prompt",
            if_changed=("src/**", "*.py"),
            profile="codex",
            stop_on_failure=True,
        ),
        QueueItem(title="Only a heading", prompt="Only a heading"),
    )


@pytest.mark.parametrize(
    "prompt",
    ["one", "several\n\nlines", "## heading\nin it", "\\## escaped", "```toml\nx = 1\n```\nafter", "~~~~\n## x\n~~~~"],
)
def test_what_is_written_reads_back_as_it_was(prompt: str) -> None:
    item = QueueItem(title="A title", prompt=prompt, if_tests_changed=True, if_failed="tests", model="m")
    assert parse_queue(queue_text("x", "Why.\n\nBecause.", [item, item]), HERE) == ("Why.\n\nBecause.", (item, item))
    assert parse_item(item_text(item)) == item


def test_a_prompt_without_heading_is_named_by_its_first_line() -> None:
    item = parse_item("\n- look at the *docs*\nand mend them\n")
    assert (item.title, item.prompt) == ("look at the *docs", "- look at the *docs*\nand mend them")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing here\n", "there is no prompt in it"),
        ("## a\n```toml\nif_chnged = []\n```\n", "there is no setting `if_chnged`"),
        ("## a\n```toml\nif_tests_changed = 3\n```\n", "must be true or false"),
        ("## a\n```toml\nif_changed = [\n```\n", "“a”"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_queue(text, HERE)
    assert said in caught.value.message
    assert "house.md" in caught.value.message


@pytest.mark.parametrize("name", ["", "a b", "a/b", "..", ".x", "-x", "a:b", "x" * 61, "a\nb"])
def test_names_that_could_not_be_files_or_typed_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checked_name(name)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.py", "a/b/c.py", True),
        ("src/**", "src/a/b", True),
        ("src/", "src/a/b", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/**/test_?.py", "src/test_a.py", True),
        ("a.c", "abc", False),
        ("**/x", "x", True),
        ("[x].py", "[x].py", True),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, matches: bool) -> None:
    assert bool(glob(pattern).fullmatch(path)) is matches


def test_all_conditions_must_hold() -> None:
    item = QueueItem(title="x", prompt="x", if_changed=("*.py",), if_tests_changed=True, if_failed="lint")
    assert unmet_condition(item, [b"tests/test_a.py"], ["lint"]) == ""
    assert unmet_condition(item, [b"a.py"], ["lint"]) == "No test was changed."
    assert unmet_condition(item, [b"tests/test_a.py"], []) == "The check lint has not failed."
    assert unmet_condition(item, [b"\xff.txt"], ["lint"]) == "Nothing was changed that matches *.py."


def test_the_queues_that_come_along_can_be_read() -> None:
    files = sorted((paths.shipped_profiles() / "queues").glob("*.md"))
    assert [file.stem for file in files] == ["review-and-fix", "security", "simplify", "test-hygiene"]
    for file in files:
        description, items = parse_queue(file.read_text("utf-8"), file)
        assert description, file
        assert all(item.prompt != item.title for item in items), f"{file}: an item without a prompt"
        text = queue_text(file.stem, description, items)
        assert parse_queue(text, file) == (description, items), f"{file} does not read back"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path / "home"))
    return Shelf(Store(tmp_path / "store.sqlite"))


ONE = [QueueItem(title="one", prompt="one")]
TWO = [QueueItem(title="two", prompt="two")]


def test_the_persons_own_queue_holds_over_the_projects_and_that_over_the_shipped_one(
    shelf: Shelf, tmp_path: Path
) -> None:
    project = str(tmp_path / "project")
    assert shelf.queue("security", project).place == "shipped"
    shelf.save("security", ONE, project, "project", "")
    assert shelf.queue("security", project).place == "project"
    assert shelf.queue("security", "").place == "shipped", "another project does not see it"
    shelf.save("security", TWO, project, "user", "")
    assert shelf.queue("security", project).items == tuple(TWO)


def test_a_queue_is_saved_where_it_is_and_a_shipped_one_with_the_persons_own(shelf: Shelf, tmp_path: Path) -> None:
    project = str(tmp_path / "project")
    shelf.save("house", ONE, project, "project", "Why.")
    saved = shelf.save("house", TWO, project, None, "")
    assert (saved.place, saved.description, saved.items) == ("project", "Why.", tuple(TWO))
    assert shelf.save("simplify", ONE, project, None, "").place == "user"


def test_what_is_overwritten_renamed_or_deleted_can_be_brought_back(shelf: Shelf) -> None:
    shelf.save("mine", ONE, "", None, "")
    shelf.save("mine", TWO, "", None, "")
    assert shelf.restore("mine", "").items == tuple(ONE)
    assert shelf.restore("mine", "").items == tuple(TWO), "what was there before restoring is kept too"
    shelf.delete("mine", "")
    with pytest.raises(NotFound):
        shelf.queue("mine", "")
    assert shelf.restore("mine", "").items == tuple(TWO)
    shelf.rename("mine", "yours", "")
    assert [queue.name for queue in shelf.all("") if queue.place == "user"] == ["yours"]
    assert [copy.why for copy in shelf.copies("mine")][:2] == ["renamed", "deleted"]


def test_what_came_along_is_neither_deleted_nor_renamed(shelf: Shelf) -> None:
    with pytest.raises(UsageError, match="came with Shopfloor"):
        shelf.delete("security", "")
    shelf.save("mine", ONE, "", None, "")
    with pytest.raises(UsageError, match="already"):
        shelf.rename("mine", "security", "")


def test_a_broken_file_is_named_and_hides_no_other(shelf: Shelf) -> None:
    folder = paths.config_dir() / "queues"
    folder.mkdir(parents=True)
    (folder / "broken.md").write_bytes(b"## \xff\n")
    queues = {queue.name: queue for queue in shelf.all("")}
    assert "not UTF-8" in queues["broken"].problem
    assert queues["security"].items
    with pytest.raises(UsageError, match="not UTF-8"):
        shelf.queue("broken", "")

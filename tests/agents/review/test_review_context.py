"""More lines around a hunk are the lines that git itself would print."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.review import parse_diff
from agents.review.context import EVERYTHING, with_context
from agents.review.model import FileDiff
from agents.review.select import select_file
from tests.agents.review.review_repository import Repository

CODE = b"".join(b"line %d\n" % number for number in range(1, 81))
AFTER = CODE.replace(b"line 20\n", b"twenty\nand more\n").replace(b"line 40\n", b"").replace(b"line 70\n", b"seventy\n")


def shape(file: FileDiff) -> list[tuple[object, ...]]:
    lines = file.lines
    return [
        (hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count,
         [(lines.kind[i], lines.raw(i), lines.old[i], lines.new[i]) for i in hunk.indexes])
        for hunk in file.hunks
    ]  # fmt: skip


@pytest.mark.parametrize("more", [1, 4, 6, 7, 12, 30, EVERYTHING])
@pytest.mark.parametrize("ending", [b"", b"no line feed"])
def test_more_context_is_what_git_prints_with_it(tmp_path: Path, more: int, ending: bytes) -> None:
    repository = Repository(tmp_path / "r")
    old = repository.write("a", CODE + ending).tree()
    new = repository.write("a", AFTER + ending).tree()
    (file,) = repository.diff(old, new).files
    (expected,) = parse_diff(repository.raw_diff(old, new, f"-U{min(3 + more, 999)}")).files
    widened = with_context(file, AFTER + ending, dict.fromkeys(range(len(file.hunks)), more))
    assert shape(widened) == shape(expected)


def test_one_hunk_is_widened_and_the_others_stay(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    old, new = repository.write("a", CODE).tree(), repository.write("a", AFTER).tree()
    (file,) = repository.diff(old, new).files
    widened = with_context(file, AFTER, {1: 5})
    assert [hunk.new_count for hunk in widened.hunks] == [8, 16, 7]
    assert shape(widened)[0] == shape(file)[0]


def test_a_hunk_that_reaches_the_next_one_joins_it_and_still_applies(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    old, new = repository.write("a", CODE).tree(), repository.write("a", AFTER).tree()
    (file,) = repository.diff(old, new).files
    widened = with_context(file, AFTER, {0: 20})
    assert len(widened.hunks) == 2
    assert repository.tree_after(old, select_file(widened)) == new
    assert repository.tree_after(new, select_file(widened, reverse=True)) == old

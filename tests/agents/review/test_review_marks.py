"""Reviewed marks follow content, not places."""

from __future__ import annotations

from pathlib import Path

from agents.review.marks import marks_of
from tests.agents.review.review_repository import Repository

CODE = b"".join(b"line %d\n" % number for number in range(1, 61))
CHANGED = CODE.replace(b"line 10\n", b"ten\n").replace(b"line 50\n", b"fifty\n")


def test_a_mark_survives_a_rebase_that_moves_its_lines(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    first = repository.diff(repository.write("a", CODE).tree(), repository.write("a", CHANGED).tree())
    above = b"new base\n" * 7
    second = repository.diff(repository.write("a", above + CODE).tree(), repository.write("a", above + CHANGED).tree())
    assert marks_of(first.files[0]).all == marks_of(second.files[0]).all


def test_a_further_turn_unmarks_only_what_it_changed(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    base = repository.write("a", CODE).tree()
    before = marks_of(repository.diff(base, repository.write("a", CHANGED).tree()).files[0])
    later = CHANGED.replace(b"fifty\n", b"fifty!\n")
    diff = repository.diff(base, repository.write("a", later).tree())
    after = marks_of(diff.files[0])
    reviewed = set(before.all)
    first, second = diff.files[0].hunks
    assert reviewed.issuperset(after.of_hunk(first)), "the first hunk is as it was"
    assert reviewed.isdisjoint(after.of_hunk(second)), "the second one is another"
    assert not after.is_reviewed(reviewed)


def test_more_context_changes_no_mark(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    base, head = repository.write("a", CODE).tree(), repository.write("a", CHANGED).tree()
    from agents.review import parse_diff

    wide = parse_diff(repository.raw_diff(base, head, "-U100"))
    assert len(wide.files[0].hunks) == 1, "the scenario is another one"
    assert marks_of(wide.files[0]).all == marks_of(repository.diff(base, head).files[0]).all


def test_equal_changes_of_a_file_have_marks_of_their_own(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    base = repository.write("a", CODE).tree()
    twice = CODE.replace(b"line 10\n", b"line 10\nlog()\n").replace(b"line 50\n", b"line 50\nlog()\n")
    marks = marks_of(repository.diff(base, repository.write("a", twice).tree()).files[0]).all
    assert len(set(marks)) == 2


def test_the_same_change_in_another_file_is_another_mark(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r")
    base = repository.write("a", CODE).write("b", CODE).tree()
    diff = repository.diff(base, repository.write("a", CHANGED).write("b", CHANGED).tree())
    assert set(marks_of(diff.files[0]).all).isdisjoint(marks_of(diff.files[1]).all)


def test_mode_binary_and_rename_have_a_mark_without_lines(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r").write("run", b"x\n").write("pic", b"\0a").write("old", CODE)
    base = repository.tree()
    repository.write("run", b"x\n", 0o755).write("pic", b"\0b").remove("old").write("new", CODE)
    diff = repository.diff(base, repository.tree())
    assert [len(marks_of(file).all) for file in diff.files] == [1, 1, 1]

"""What became of commented lines: the whole way from two trees to the evidence."""

from __future__ import annotations

from pathlib import Path

from agents.parts.review import Comment
from agents.review import DiffSet
from agents.review.evidence import evidence_for, new_lines, unasked_hunks
from tests.agents.review.review_repository import Repository

CODE = b"".join(b"line %d\n" % number for number in range(1, 61))


def since(folder: Path, before: dict[str, bytes], after: dict[str, bytes]) -> DiffSet:
    repository = Repository(folder / "repository")
    for name, content in before.items():
        repository.write(name, content)
    old = repository.tree()
    repository.clear()
    for name, content in after.items():
        repository.write(name, content)
    return repository.diff(old, repository.tree())


def a_comment(start: int, end: int = 0, **more: object) -> Comment:
    fields = {"id": "R1-C1", "task": "t", "round": 1, "text": "x", "path": b"a.py", "start": start, "end": end or start}
    return Comment(**(fields | more))  # type: ignore[arg-type]


def test_changed_lines_are_evidence_with_both_snippets(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE}, {"a.py": CODE.replace(b"line 20\n", b"twenty\n")})
    found = evidence_for(a_comment(20), diff)
    assert found.touched == "lines"
    assert "line 20" in found.before
    assert "twenty" in found.after
    assert "line 20" not in found.after


def test_other_lines_of_the_file_are_not_the_commented_ones(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE}, {"a.py": CODE.replace(b"line 24\n", b"x\n")})
    assert evidence_for(a_comment(20, 23), diff).touched == "file"


def test_an_untouched_file_is_nothing(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE, "b.py": b"1\n"}, {"a.py": CODE, "b.py": b"2\n"})
    assert evidence_for(a_comment(20), diff).touched == "nothing"


def test_a_line_put_between_commented_lines_touches_them_and_one_after_them_does_not(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE}, {"a.py": CODE.replace(b"line 21\n", b"line 21\nnew\n")})
    assert evidence_for(a_comment(20, 22), diff).touched == "lines"
    assert evidence_for(a_comment(20, 21), diff).touched == "file"


def test_a_renamed_file_is_followed(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE}, {"b.py": CODE.replace(b"line 20\n", b"twenty\n")})
    assert diff.files[0].status == "renamed", "the scenario is another one"
    assert evidence_for(a_comment(20), diff).touched == "lines"


def test_a_deleted_file_touches_all_its_lines(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE, "b": b"b\n"}, {"b": b"b\n"})
    assert evidence_for(a_comment(20), diff).touched == "lines"


def test_a_deleted_line_brought_back_is_evidence_for_a_comment_on_the_old_side(tmp_path: Path) -> None:
    back = since(tmp_path, {"a.py": b"one\n"}, {"a.py": b"one\ncheck(user)\n"})
    comment = a_comment(7, side="old", quote=("-check(user)",))
    assert evidence_for(comment, back).touched == "lines"
    assert evidence_for(a_comment(7, side="old", quote=("-other()",)), back).touched == "file"


def test_hunks_far_from_every_comment_are_unasked(tmp_path: Path) -> None:
    after = CODE.replace(b"line 5\n", b"five\n").replace(b"line 40\n", b"forty\nand more\n")
    diff = since(tmp_path, {"a.py": CODE, "b.py": b"1\n"}, {"a.py": after, "b.py": b"2\n"})
    found = unasked_hunks(diff, [a_comment(8)])
    assert [(file.path, new_lines(file, hunk)) for file, hunk in found] == [(b"a.py", (40, 41)), (b"b.py", (1, 1))]


def test_a_comment_on_the_file_or_the_change_asks_for_all_of_it(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE}, {"a.py": CODE.replace(b"line 40\n", b"forty\n")})
    assert unasked_hunks(diff, [a_comment(0, target="file")]) == []
    assert unasked_hunks(diff, [a_comment(0, target="change", path=b"")]) == []


def test_do_not_touch_and_notes_ask_for_nothing(tmp_path: Path) -> None:
    diff = since(tmp_path, {"a.py": CODE}, {"a.py": CODE.replace(b"line 40\n", b"forty\n")})
    asked = [a_comment(2), a_comment(40, kind="do-not-touch"), a_comment(40, kind="note")]
    assert len(unasked_hunks(diff, asked)) == 1

"""Parts of a change as patches that git applies."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from review_repository import Repository

from agents.review import DiffError, FileDiff
from agents.review.model import ADD, DELETE
from agents.review.select import select_file, select_lines


def changed_lines(file: FileDiff) -> list[int]:
    return [index for index in range(len(file.lines)) if file.lines.kind[index] in (ADD, DELETE)]


BASE = b"".join(b"line %d\n" % number for number in range(1, 31))
CASES: dict[str, tuple[dict[str, bytes | str], dict[str, bytes | str]]] = {
    "edit": ({"f": BASE}, {"f": BASE.replace(b"line 3\n", b"three\nmore\n").replace(b"line 20\n", b"")}),
    "new file": ({}, {"f": b"a\nb\n"}),
    "new file without final line feed": ({}, {"f": b"a\nb"}),
    "new empty file": ({"k": b"x\n"}, {"k": b"x\n", "f": b""}),
    "deleted file": ({"f": b"a\nb\n"}, {}),
    "deleted empty file": ({"f": b"", "k": b"x\n"}, {"k": b"x\n"}),
    "line feed lost": ({"f": b"a\nb\n"}, {"f": b"a\nb"}),
    "line feed gained": ({"f": b"a\nb"}, {"f": b"a\nb\n"}),
    "lines after a last line without line feed": ({"f": b"a\nb"}, {"f": b"a\nB\nc\nd"}),
    "returns": ({"f": b"a\r\nb\r\nc\r\n"}, {"f": b"a\r\nB\r\nc\r\nd\r\n"}),
    "not utf-8": ({"f": b"\xff\n\xe9\n"}, {"f": b"\xff\n\xe8\n\x0c\n"}),
    "renamed": ({"old name": BASE}, {"new\tname": BASE}),
    "renamed and edited": ({"old": BASE}, {"dir/new": BASE.replace(b"line 9\n", b"nine\n")}),
    "file to link": ({"f": b"text\n"}, {"f": "elsewhere"}),
    "link to file": ({"f": "elsewhere"}, {"f": b"text\n"}),
    "emptied": ({"f": b"a\n"}, {"f": b""}),
    "filled": ({"f": b""}, {"f": b"a\n"}),
    "odd name": ({"a b/x b": b"1\n"}, {"a b/x b": b"2\n"}),
}


def a_change(tmp_path: Path, case: str) -> tuple[Repository, str, str, FileDiff]:
    repository = Repository(tmp_path)
    trees = []
    for state in CASES[case]:
        repository.clear()
        for name, content in state.items():
            if isinstance(content, bytes):
                repository.write(name, content)
            else:
                repository.link(name, content)
        trees.append(repository.tree())
    files = repository.diff(*trees).files
    assert len(files) == 1
    return repository, trees[0], trees[1], files[0]


@pytest.mark.parametrize("case", CASES)
def test_a_whole_file_is_applied_and_taken_back(tmp_path: Path, case: str) -> None:
    repository, old, new, file = a_change(tmp_path, case)
    assert repository.tree_after(old, select_file(file)) == new, "applied to the old side it must give the new one"
    assert repository.tree_after(new, select_file(file, reverse=True)) == old, "and the other way round"


def test_a_mode_is_applied_and_taken_back(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("f", b"a\n")
    old = repository.tree()
    new = repository.write("f", b"b\n", 0o755).tree()
    file = repository.diff(old, new).files[0]
    assert repository.tree_after(old, select_file(file)) == new
    assert repository.tree_after(new, select_file(file, reverse=True)) == old


def test_one_hunk_of_two_is_applied_and_the_other_stays(tmp_path: Path) -> None:
    repository, old, new, file = a_change(tmp_path, "edit")
    first, second = file.hunks
    staged = repository.tree_after(old, select_lines(file, first.indexes))
    assert repository.content(staged, "f") == BASE.replace(b"line 3\n", b"three\nmore\n")
    reverted = repository.tree_after(new, select_lines(file, second.indexes, reverse=True))
    assert reverted == staged


@pytest.mark.parametrize(
    "case",
    [
        "edit", "new file", "new file without final line feed", "deleted file", "line feed lost", "line feed gained",
        "lines after a last line without line feed", "returns", "renamed and edited",
    ],
)  # fmt: skip
def test_any_selection_and_its_rest_together_are_the_whole_change(tmp_path: Path, case: str) -> None:
    repository, old, new, file = a_change(tmp_path, case)
    lines = changed_lines(file)
    chance = random.Random(7)
    subsets = list(itertools.chain.from_iterable(itertools.combinations(lines, size) for size in range(len(lines) + 1)))
    for chosen in subsets if len(subsets) <= 12 else chance.sample(subsets, 12):
        rest = [line for line in lines if line not in chosen]
        forward = repository.tree_after(old, select_lines(file, chosen))
        backward = repository.tree_after(new, select_lines(file, rest, reverse=True))
        names = [name for name in (file.old_path.decode(), file.new_path.decode()) if name]
        contents = [
            next((repository.content(tree, name) for name in names if has(repository, tree, name)), b"")
            for tree in (forward, backward)
        ]
        assert contents[0] == contents[1], f"lines {chosen} applied and lines {rest} taken back differ"


def has(repository: Repository, tree: str, name: str) -> bool:
    return bool(repository.git("ls-tree", tree, "--", name))


def test_selected_lines_alone_change_the_file(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("f", b"a\nb\nc\n")
    old = repository.tree()
    file = repository.diff(old, repository.write("f", b"A\nB\nc\n").tree()).files[0]
    marks = {file.lines.raw(index): index for index in range(len(file.lines))}
    one = select_lines(file, [marks[b"b"], marks[b"B"]])
    assert repository.content(repository.tree_after(old, one), "f") == b"a\nB\nc\n"
    only_added = select_lines(file, [marks[b"A"]])
    assert repository.content(repository.tree_after(old, only_added), "f") == b"a\nb\nA\nc\n"


def test_a_line_after_a_last_line_without_line_feed_begins_a_line_of_its_own(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("f", b"a\nb")
    old = repository.tree()
    new = repository.write("f", b"a\nB\nc").tree()
    file = repository.diff(old, new).files[0]
    marks = {file.lines.raw(index): index for index in range(len(file.lines))}
    assert repository.content(repository.tree_after(old, select_lines(file, [marks[b"c"]])), "f") == b"a\nb\nc"
    assert repository.content(repository.tree_after(old, select_lines(file, [marks[b"B"]])), "f") == b"a\nb\nB\n"
    taken_back = select_lines(file, [marks[b"b"]], reverse=True)
    assert repository.content(repository.tree_after(new, taken_back), "f") == b"a\nb\nB\nc"


def test_context_alone_selects_nothing(tmp_path: Path) -> None:
    _, _, _, file = a_change(tmp_path, "edit")
    context = [index for index in range(len(file.lines)) if index not in changed_lines(file)]
    assert select_lines(file, context) == b""


def test_random_edits_of_a_real_file_round_trip(tmp_path: Path) -> None:
    chance = random.Random(11)
    repository = Repository(tmp_path)
    content = Path(__file__).read_bytes().split(b"\n")
    for _ in range(12):
        repository.write("f", b"\n".join(content))
        old = repository.tree()
        edited = list(content)
        for _ in range(chance.randint(1, 9)):
            place = chance.randrange(len(edited))
            edited[place : place + chance.randint(0, 3)] = [b"new %d" % chance.randrange(9)] * chance.randint(0, 3)
        repository.write("f", b"\n".join(edited))
        new = repository.tree()
        for file in repository.diff(old, new).files:
            assert repository.tree_after(old, select_file(file)) == new
            assert repository.tree_after(new, select_file(file, reverse=True)) == old
            chosen = [line for line in changed_lines(file) if chance.random() < 0.5]
            rest = [line for line in changed_lines(file) if line not in chosen]
            forward = repository.tree_after(old, select_lines(file, chosen))
            assert forward == repository.tree_after(new, select_lines(file, rest, reverse=True))


def test_binary_content_is_refused_in_words(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("b", b"\0")
    old = repository.tree()
    file = repository.diff(old, repository.write("b", b"\0\1").tree()).files[0]
    with pytest.raises(DiffError, match="b is binary"):
        select_file(file)

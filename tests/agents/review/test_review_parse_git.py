"""Reading what git prints between two trees."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from review_repository import Repository, texts

from agents.review import DIFF_ARGUMENTS, DIFF_CONFIG, DiffError, FileDiff, parse_diff, parse_patch
from agents.review.parse import BINARY_BLOBS
from agents.review.sizes import binary_words

Step = Callable[[Repository], object]


def the_file(tmp_path: Path, before: Step, after: Step) -> FileDiff:
    repository = Repository(tmp_path)
    before(repository)
    old = repository.tree()
    after(repository)
    diff = repository.diff(old, repository.tree())
    assert len(diff.files) == 1, f"one file changed, but {len(diff.files)} came out"
    assert diff.leftover == b"", "nothing of git's own diff may be left over"
    return diff.files[0]


def test_modified_file_has_names_ids_counts_and_numbered_lines(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("a.py", b"def f():\n    a\n    b\n    c\n")
    old = repository.tree()
    new = repository.write("a.py", b"def f():\n    a\n    B\n    B2\n    c\n").tree()
    file = repository.diff(old, new).files[0]
    assert (file.status, file.old_path, file.new_path, file.path) == ("modified", b"a.py", b"a.py", b"a.py")
    assert (file.additions, file.deletions, file.old_mode, file.new_mode) == (2, 1, "100644", "100644")
    assert repository.git("cat-file", "blob", file.new_blob).startswith(b"def f"), "the blob id must be whole"
    assert list(zip(file.lines.kind, file.lines.old, file.lines.new, strict=True)) == [
        (0, 1, 1), (0, 2, 2), (2, 3, 0), (1, 0, 3), (1, 0, 4), (0, 4, 5),
    ]  # fmt: skip
    hunk = file.hunks[0]
    assert (hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count) == (1, 4, 1, 5)
    assert (hunk.first, hunk.last) == (0, 6)


def test_hunk_names_the_function_around_it(tmp_path: Path) -> None:
    body = b"".join(b"    step_%d()\n" % n for n in range(12))
    file = the_file(
        tmp_path,
        lambda r: r.write("a.py", b"def outer(x):\n" + body),
        lambda r: r.write("a.py", b"def outer(x):\n" + body.replace(b"step_9", b"other")),
    )
    assert file.hunks[0].section == "def outer(x):"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            lambda r: None, lambda r: r.write("n", b"x\n"), ("added", b"", b"n", "", "100644", 1, 0), id="added"
        ),
        pytest.param(
            lambda r: r.write("n", b"x\n"), lambda r: r.remove("n"), ("deleted", b"n", b"", "100644", "", 0, 1),
            id="deleted",
        ),
        pytest.param(
            lambda r: None, lambda r: r.write("n", b""), ("added", b"", b"n", "", "100644", 0, 0), id="added-empty"
        ),
        pytest.param(
            lambda r: r.write("n", b""), lambda r: r.remove("n"), ("deleted", b"n", b"", "100644", "", 0, 0),
            id="deleted-empty",
        ),
        pytest.param(
            lambda r: r.write("n", b"x\n"), lambda r: r.write("n", b""),
            ("modified", b"n", b"n", "100644", "100644", 0, 1), id="emptied",
        ),
        pytest.param(
            lambda r: r.write("n", b"x\n"), lambda r: r.write("n", b"x\n", 0o755),
            ("mode-changed", b"n", b"n", "100644", "100755", 0, 0), id="mode",
        ),
        pytest.param(
            lambda r: r.write("n", b"x\n"), lambda r: r.write("n", b"y\n", 0o755),
            ("modified", b"n", b"n", "100644", "100755", 1, 1), id="mode-and-content",
        ),
        pytest.param(
            lambda r: r.write("old name", b"x\n" * 9), lambda r: r.remove("old name").write("new name", b"x\n" * 9),
            ("renamed", b"old name", b"new name", "100644", "100644", 0, 0), id="renamed",
        ),
        pytest.param(
            lambda r: r.write("p", b"target"), lambda r: r.link("p", "elsewhere"),
            ("type-changed", b"p", b"p", "100644", "120000", 1, 1), id="file-to-link",
        ),
        pytest.param(
            lambda r: r.link("p", "one"), lambda r: r.link("p", "two"),
            ("modified", b"p", b"p", "120000", "120000", 1, 1), id="link",
        ),
    ],
)  # fmt: skip
def test_kind_of_change_names_modes_and_counts(
    tmp_path: Path, before: Step, after: Step, expected: tuple[object, ...]
) -> None:
    file = the_file(tmp_path, before, after)
    found = (
        file.status, file.old_path, file.new_path, file.old_mode, file.new_mode, file.additions, file.deletions,
    )  # fmt: skip
    assert found == expected


def test_rename_with_an_edit_tells_how_similar_the_files_are(tmp_path: Path) -> None:
    lines = b"".join(b"line %d\n" % n for n in range(20))
    file = the_file(
        tmp_path,
        lambda r: r.write("a", lines),
        lambda r: r.remove("a").write("dir/b", lines.replace(b"line 7", b"LINE 7")),
    )
    assert (file.status, file.old_path, file.new_path) == ("renamed", b"a", b"dir/b")
    assert 80 <= file.similarity < 100
    assert (file.additions, file.deletions) == (1, 1)


@pytest.mark.parametrize(
    "name",
    [
        b"with blank", b"tab\there", b'quote"d', b"back\\slash", b"new\nline", b"-dash", b"a b/x b/y", b"caf\xe9.txt",
        "naïve-日本.txt".encode(), b"esc\x1b[31m", b"b/a/b", b"a/x b/a/x", b"d/ trailing ",
    ],
)  # fmt: skip
def test_names_are_the_bytes_git_knows(tmp_path: Path, name: bytes) -> None:
    file = the_file(tmp_path, lambda r: r.write(name, b"1\n"), lambda r: r.write(name, b"2\n", 0o755))
    assert file.path == name
    assert file.additions == 1, "the patch of this name was not found"


def test_names_with_only_a_mode_change_are_told_apart(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("x b/x", b"1\n").write("x", b"1\n")
    old = repository.tree()
    new = repository.write("x b/x", b"1\n", 0o755).write("x", b"2\n").tree()
    assert [(f.path, f.status, f.additions) for f in repository.diff(old, new).files] == [
        (b"x b/x", "mode-changed", 0),
        (b"x", "modified", 1),
    ] or [(f.path, f.status, f.additions) for f in repository.diff(old, new).files] == [
        (b"x", "modified", 1),
        (b"x b/x", "mode-changed", 0),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"a\nb", b"a\nb\n", [b" a", b"-b", b"\\ No newline at end of file", b"+b"]),
        (b"a\nb\n", b"a\nb", [b" a", b"-b", b"+b", b"\\ No newline at end of file"]),
        (b"a\r\nb\r\n", b"a\r\nc\r\n", [b" a\r", b"-b\r", b"+c\r"]),
        (b"x\ry\n", b"x\rz\n", [b"-x\ry", b"+x\rz"]),
        (b"\xff\xfe\xe9\n", b"\xff\xfe\xe8\n", [b"-\xff\xfe\xe9", b"+\xff\xfe\xe8"]),
        (b"a\x0cb\x0b\x1c\x1d\x1e\xc2\x85\xe2\x80\xa8\n", b"", [b"-a\x0cb\x0b\x1c\x1d\x1e\xc2\x85\xe2\x80\xa8"]),
        (b"-- x\n", b"++ y\n", [b"--- x", b"+++ y"]),
        (
            b"",
            b"diff --git a/x b/x\n@@ -1 +1 @@\n--- a/x\n+++ b/x\n\\ not a note\n",
            [b"+diff --git a/x b/x", b"+@@ -1 +1 @@", b"+--- a/x", b"++++ b/x", b"+\\ not a note"],
        ),
        (b"a\n\nb\n", b"a\n\nc\n", [b" a", b" ", b"-b", b"+c"]),
        (b"x" * 200_000 + b"\n", b"y\n", [b"-" + b"x" * 200_000, b"+y"]),
    ],
    ids=["ends", "ended", "crlf", "lone-cr", "not-utf8", "separators", "markers", "headers", "blank", "huge-line"],
)
def test_lines_are_the_bytes_of_the_file(tmp_path: Path, old: bytes, new: bytes, expected: list[bytes]) -> None:
    repository = Repository(tmp_path).write("f", old)
    before = repository.tree()
    diff = repository.diff(before, repository.write("f", new).tree())
    assert texts(diff) == expected


def test_binary_and_utf16_files_are_known_as_binary(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("b", b"\0\1").write("u", "text\n".encode("utf-16"))
    old = repository.tree()
    new = repository.write("b", b"\0\2").write("u", "other\n".encode("utf-16")).tree()
    assert [(f.path, f.is_binary, f.hunks) for f in repository.diff(old, new).files] == [
        (b"b", True, ()),
        (b"u", True, ()),
    ]


def test_binary_files_have_the_sizes_that_are_known_of_their_blobs(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("b", b"\0" * 812).write("gone", b"\0\1")
    old = repository.tree()
    new = repository.write("b", b"\0" * 3400).remove("gone").write("new", b"\0" * 12_000_000).tree()
    printed = repository.git(*DIFF_CONFIG, *DIFF_ARGUMENTS, old, new)
    blobs = {name.decode() for found in BINARY_BLOBS.finditer(printed) for name in found.groups()} - {"0" * 40}
    assert len(blobs) == 4, "not every binary blob was found"
    sizes = {blob: int(repository.git("cat-file", "-s", blob)) for blob in blobs}
    files = {file.path: file for file in parse_diff(printed, sizes).files}
    assert {path: (file.old_size, file.new_size) for path, file in files.items()} == {
        b"b": (812, 3400),
        b"gone": (2, None),
        b"new": (None, 12_000_000),
    }
    assert [binary_words(files[path]) for path in (b"b", b"gone", b"new")] == [
        "binary, 812 bytes ⟶ 3.4 kB", "binary, 2 bytes", "binary, 12 MB",
    ]  # fmt: skip
    assert {file.old_size for file in parse_diff(printed).files} == {None}


def test_a_patch_that_holds_binary_content_tells_its_sizes(tmp_path: Path) -> None:
    chance = random.Random(1)
    repository = Repository(tmp_path).write("b", chance.randbytes(300))
    old = repository.tree()
    new = repository.write("b", chance.randbytes(20)).write("c", b"\0" * 9).tree()
    files = parse_patch(repository.git("diff", "--binary", old, new)).files
    assert [(file.old_size, file.new_size) for file in files] == [(300, 20), (None, 9)]


def test_submodule_shows_its_two_commits(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "outer")
    inner = Repository(tmp_path / "outer" / "sub")
    first = inner.write("f", b"1\n").commit()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{first},sub")
    old = repository.git("write-tree").decode().strip()
    second = inner.write("f", b"2\n").commit()
    repository.git("update-index", "--cacheinfo", f"160000,{second},sub")
    diff = repository.diff(old, repository.git("write-tree").decode().strip())
    assert diff.files[0].is_submodule
    assert texts(diff) == [b"-Subproject commit " + first.encode(), b"+Subproject commit " + second.encode()]


def test_intent_to_add_and_untracked_files_are_new_files(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit()
    repository.write("planned", b"1\n2\n").git("add", "-N", "planned")
    arguments = ["diff", "--raw", "-z", "--patch", "--full-index", "--no-color"]
    file = parse_diff(repository.git(*arguments)).files[0]
    assert (file.status, file.new_path, file.additions) == ("added", b"planned", 2)


def test_unmerged_file_is_kept_with_its_combined_diff(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("f", b"1\nmiddle\n3\n")
    base = repository.commit()
    repository.write("f", b"1\nmine\n3\n").commit()
    repository.git("checkout", "-q", "-b", "other", base)
    repository.write("f", b"1\ntheirs\n3\n").commit()
    repository.git("merge", "-q", "main", statuses=(1,))
    listed = parse_diff(repository.git("diff", "--raw", "-z", "--patch", "--no-color"))
    assert [(file.path, file.is_combined, file.parents) for file in listed.files] == [(b"f", True, 2)]
    diff = parse_patch(repository.git("diff", "--no-color"))
    assert [(file.path, file.is_combined, file.parents) for file in diff.files] == [(b"f", True, 2)]
    lines = diff.files[0].lines
    shown = [lines.text(index) for index in range(len(lines))]
    assert "mine" in shown
    assert any(line.startswith("<<<<<<<") for line in shown)
    staged = parse_patch(repository.git("diff", "--cached"))
    assert [(file.path, file.status) for file in staged.files] == [(b"f", "unmerged")]


def test_settings_of_a_person_do_not_change_what_is_read(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("src/a.py", b"def f():\n    a\n\n    b\n").write("k", b"0\n" * 9)
    old = repository.tree()
    repository.write("src/a.py", b"def f():\n    a\n\n    c\n").remove("k").write("moved", b"0\n" * 9)
    new = repository.tree()
    expected = repository.raw_diff(old, new)
    for name, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "color.ui": "always",
        "diff.suppressBlankEmpty": "true",
        "diff.external": "false",
        "diff.renames": "false",
        "diff.context": "0",
        "diff.orderFile": str(tmp_path / "order"),
        "core.quotePath": "false",
        "diff.colorMoved": "zebra",
        "diff.wordRegex": ".",
        "diff.algorithm": "patience",
        "core.pager": "false",
    }.items():
        repository.git("config", name, value)
    (tmp_path / "order").write_text("src/*\n")
    assert repository.raw_diff(old, new) == expected


def test_no_difference_gives_no_files(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("a", b"1\n")
    tree = repository.tree()
    assert repository.diff(tree, tree).files == ()


def test_a_cut_list_of_files_is_said_to_be_cut(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("a", b"1\n")
    old = repository.tree()
    data = repository.raw_diff(old, repository.write("a", b"2\n").tree())
    with pytest.raises(DiffError, match="not complete"):
        parse_diff(data[:60])


def test_a_changed_file_without_a_patch_is_still_there(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("a.py", b"if x:\n  y\n").write("b", b"1\n")
    old = repository.tree()
    new = repository.write("a.py", b"if x:\n    y\n").write("b", b"2\n").tree()
    files = parse_diff(repository.raw_diff(old, new, "-w")).files
    assert [(file.path, len(file.hunks)) for file in files] == [(b"a.py", 0), (b"b", 1)]

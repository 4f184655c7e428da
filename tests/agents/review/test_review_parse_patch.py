"""Reading unified diffs from anywhere: other tools, other prefixes, mangled by mail, or no diff at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_repository import Repository, texts

from agents.review import DiffError, parse_diff, parse_patch

HUNK = b"@@ -1 +1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("header", "old", "new"),
    [
        (b"--- a/src/x.c\n+++ b/src/x.c\n", b"src/x.c", b"src/x.c"),
        (b"--- src/x.c\n+++ src/x.c\n", b"src/x.c", b"src/x.c"),
        (b"--- x.c.orig\t2024-01-01 10:00:00.0 +0000\n+++ x.c\t2024-01-02 10:00:00.0 +0000\n", b"x.c.orig", b"x.c"),
        (b"diff -ru old/x.c new/x.c\n--- old/x.c\t2024-01-01\n+++ new/x.c\t2024-01-02\n", b"x.c", b"x.c"),
        (b"Index: l/x.c\n" + b"=" * 67 + b"\n--- l/x.c\t(revision 1)\n+++ l/x.c\t(working copy)\n", b"l/x.c", b"l/x.c"),
        (b"diff -r 9117c6561b0b -r 273ce12ad8f1 x.c\n--- a/x.c\tThu Jan 1\n+++ b/x.c\tThu Jan 1\n", b"x.c", b"x.c"),
        (b"diff --git x.txt x.txt\n--- x.txt\n+++ x.txt\n", b"x.txt", b"x.txt"),
        (b"diff --git a/x.txt a/x.txt\n--- a/x.txt\n+++ a/x.txt\n", b"a/x.txt", b"a/x.txt"),
        (b"diff --git i/x.txt w/x.txt\n--- i/x.txt\n+++ w/x.txt\n", b"x.txt", b"x.txt"),
        (b"diff --git left/x.txt right/x.txt\n--- left/x.txt\n+++ right/x.txt\n", b"x.txt", b"x.txt"),
        (b'diff --git "a/t\\tb" "b/t\\tb"\n--- "a/t\\tb"\n+++ "b/t\\tb"\n', b"t\tb", b"t\tb"),
        (b"diff --git a/a b c b/a b c\n--- a/a b c\t\n+++ b/a b c\t\n", b"a b c", b"a b c"),
        (b"--- a/x.c\r\n+++ b/x.c\r\n", b"x.c", b"x.c"),
    ],
    ids=[
        "git-like", "bare", "orig", "diff-r", "subversion", "mercurial", "no-prefix", "no-prefix-in-a", "mnemonic",
        "custom-prefix", "quoted", "blanks", "returns",
    ],
)  # fmt: skip
def test_names_of_every_dialect(header: bytes, old: bytes, new: bytes) -> None:
    file = parse_patch(header + HUNK).files[0]
    assert (file.old_path, file.new_path) == (old, new)
    assert (file.additions, file.deletions) == (1, 1)


@pytest.mark.parametrize(
    ("patch", "status", "path"),
    [
        (b"--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n", "added", b"x"),
        (b"--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "deleted", b"x"),
        (b"--- x\t1970-01-01 00:00:00.0 +0000\n+++ x\t2024-01-01 00:00:00.0 +0000\n@@ -0,0 +1 @@\n+a\n", "added", b"x"),
        (b"diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n", "renamed", b"y"),
        (b"diff --git a/x b/y\nsimilarity index 90%\ncopy from x\ncopy to y\n", "copied", b"y"),
        (b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "mode-changed", b"x"),
        (b"diff --git a/x b/x b/x b/x\nold mode 100644\nnew mode 100755\n", "mode-changed", b"x b/x"),
        (b"Binary files a/x.png and b/x.png differ\n", "modified", b"x.png"),
        (b"* Unmerged path some/x\n", "unmerged", b"some/x"),
    ],
)
def test_what_happened_to_a_file_without_a_raw_part(patch: bytes, status: str, path: bytes) -> None:
    file = parse_patch(patch).files[0]
    assert (file.status, file.path) == (status, path)


def test_git_binary_patch_is_kept_whole_in_the_header(tmp_path: Path) -> None:
    repository = Repository(tmp_path).write("b", bytes(range(256))).write("t", b"1\n")
    old = repository.tree()
    new = repository.write("b", bytes(reversed(range(256)))).write("t", b"2\n").tree()
    patch = repository.git("diff", "--binary", old, new)
    diff = parse_patch(patch)
    assert [(file.path, file.is_binary, len(file.hunks)) for file in diff.files] == [(b"b", True, 0), (b"t", False, 1)]
    assert any(line.startswith((b"literal ", b"delta ")) for line in diff.files[0].header)
    assert diff.leftover == b""


def test_mail_around_a_patch_is_left_over_and_not_lost() -> None:
    mail = b"From 1234 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\nWords.\n---\n x | 2 +-\n\n"
    diff = parse_patch(mail + b"diff --git a/x b/x\n--- a/x\n+++ b/x\n" + HUNK + b"-- \n2.39.5\n")
    assert diff.leftover == mail + b"-- \n2.39.5\n"
    assert texts(diff) == [b"-a", b"+b"]


def test_blank_context_lines_that_lost_their_blank_are_context() -> None:
    patch = b"--- a/x\n+++ b/x\n@@ -1,4 +1,4 @@\n one\n\n-two\n+TWO\n three\n"
    diff = parse_patch(patch)
    assert texts(diff) == [b" one", b" ", b"-two", b"+TWO", b" three"]
    lines = diff.files[0].lines
    assert (lines.start[1], lines.end[1]) == (lines.end[0] + 1,) * 2, "an empty line has no place of its own"
    returns = parse_patch(patch.replace(b"\n", b"\r\n"))
    assert texts(returns) == [b" one\r", b" \r", b"-two\r", b"+TWO\r", b" three\r"]


def test_a_hunk_that_ends_early_keeps_what_it_has_and_what_follows() -> None:
    diff = parse_patch(b"--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n one\n-two\nsomething else\n")
    assert texts(diff) == [b" one", b"-two"]
    assert diff.leftover == b"something else\n"


def test_a_merge_of_three_parents_counts_each_of_them(tmp_path: Path) -> None:
    patch = (
        b"diff --cc f\nindex 1,2,3..4\n--- a/f\n+++ b/f\n@@@@ -1,2 -1,2 -1,2 +1,3 @@@@\n   same\n"
        b"++ new\n- -gone\n + part\ndiff --git a/g b/g\n--- a/g\n+++ b/g\n" + HUNK
    )
    diff = parse_patch(patch)
    assert [(file.path, file.is_combined, file.parents) for file in diff.files] == [(b"f", True, 3), (b"g", False, 1)]
    assert [diff.files[0].lines.text(i) for i in range(4)] == ["same", "new", "gone", "part"]


@pytest.mark.parametrize("data", [b"hello\n", b"PK\x03\x04\0\0", b"--- a\n+++ b\nno hunk\n", b"@@ -1 +1 @@\n-a\n+b\n"])
def test_what_is_no_diff_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(DiffError) as error:
        parse_patch(data)
    assert error.value.message == "This is not a unified diff."
    assert error.value.hint


def test_nothing_is_an_empty_diff() -> None:
    assert parse_patch(b"").files == parse_diff(b"").files == ()


PIECES = st.sampled_from(
    [
        b"diff --git a/x b/x\n", b"diff --git ", b"diff --cc x\n", b"--- a/x\n", b"+++ b/x\n", b"--- /dev/null\n",
        b"@@ -1 +1 @@\n", b"@@ -1,3 +1,3 @@ f\n", b"@@@ -1 -1 +1,2 @@@\n", b"@@ -999999999,1 +1 @@\n",
        b"@@ -99999999999 +1 @@\n", b"+a\n", b"-a\n", b" a\n", b"\n", b"\\ No newline at end of file\n", b"++a\n",
        b"GIT binary patch\n", b"literal 3\n", b"zcmZ\n", b"rename from x\n", b"rename to y\n", b"index 1..2 100644\n",
        b'diff --git "a/\\', b'"\n', b"old mode 100644\n", b"new mode 100755\n", b"similarity index x%\n", b"\r\n",
        b":100644 100644 a b M\0x\0", b":100644 100644 a b R1\0x\0y\0", b"::1 1 1 a b c MM\0x\0", b"\0", b"Index: x\n",
        b"Binary files a and b differ\n", b"* Unmerged path x\n",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None, database=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=24).map(b"".join))
def test_any_bytes_give_a_diff_or_its_own_error_and_no_line_is_lost(data: bytes) -> None:
    for parse in (parse_patch, parse_diff):
        try:
            diff = parse(data)
        except DiffError:
            continue
        for file in diff.files:
            assert len(file.lines) == (file.hunks[-1].last if file.hunks else 0)
            columns = (file.lines.start, file.lines.end, file.lines.old, file.lines.new)
            assert {len(column) for column in columns} == {len(file.lines)}
            assert all(a <= b <= len(data) for a, b in zip(file.lines.start, file.lines.end, strict=True))
    if parse_safely(data):
        kept = sum(_length(file) for file in parse_patch(data).files) + len(parse_patch(data).leftover)
        assert kept >= len(data) - data.count(b"\n") - 1 - _hunk_lines(data), "bytes of the input are nowhere"


def parse_safely(data: bytes) -> bool:
    try:
        parse_patch(data)
    except DiffError:
        return False
    return True


def _length(file: object) -> int:
    lines, header = file.lines, file.header  # type: ignore[attr-defined]
    marks = file.parents * len(lines)  # type: ignore[attr-defined]
    return sum(map(len, header)) + sum(lines.end) - sum(lines.start) + marks


def _hunk_lines(data: bytes) -> int:
    return sum(len(line) for line in data.split(b"\n") if line.startswith(b"@@"))

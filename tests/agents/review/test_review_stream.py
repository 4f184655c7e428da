"""Cutting a diff that is still coming."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_review_parse_patch import PIECES

from agents.review import DiffError, DiffSet, parse_patch
from agents.review.stream import Patch, Text, split_patch

FILES = (
    b"commit 1234\n\n    Words.\n\n"
    b"diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@ def f\n one\n-two\n+TWO\n three\n"
    b"@@ -10,2 +10,1 @@\n ten\n-eleven\n\\ No newline at end of file\n"
    b"diff --git a/y b/z\nsimilarity index 100%\nrename from y\nrename to z\n"
    b"diff --cc m\nindex 1,2..3\n--- a/m\n+++ b/m\n@@@ -1,2 -1,2 +1,3 @@@\n  a\n++b\n  c\n-- \n2.39\n"
)


def everything(diff: DiffSet) -> list[tuple[object, ...]]:
    return [
        (file.path, file.lines.kind[i], file.lines.old[i], file.lines.new[i], file.lines.raw(i))
        for file in diff.files
        for i in range(len(file.lines))
    ]


def joined(data: bytes, piece_lines: int) -> tuple[list[tuple[object, ...]], bytes]:
    lines: list[tuple[object, ...]] = []
    text = b""
    for piece in split_patch(io.BytesIO(data), piece_lines):
        if isinstance(piece, Text):
            text += piece.data
        else:
            lines += everything(parse_patch(piece.data))
    return lines, text


@pytest.mark.parametrize("piece_lines", [0, 1, 2, 3, 1000])
def test_pieces_together_are_the_whole_whatever_their_size(piece_lines: int) -> None:
    whole = parse_patch(FILES)
    assert joined(FILES, piece_lines) == (everything(whole), whole.leftover)


def test_a_long_hunk_comes_in_pieces_that_say_that_they_go_on() -> None:
    body = b"".join(b" c%d\n-d%d\n+e%d\n" % (n, n, n) for n in range(100))
    data = b"--- a/x\n+++ b/x\n@@ -1,200 +1,200 @@ f\n" + body
    pieces = [piece for piece in split_patch(io.BytesIO(data), 50) if isinstance(piece, Patch)]
    assert len(pieces) > 4
    assert [(piece.continues_file, piece.continues_hunk) for piece in pieces][:2] == [(False, False), (True, True)]
    assert max(piece.data.count(b"\n") for piece in pieces) < 120
    assert all(parse_patch(piece.data).files[0].path == b"x" for piece in pieces)


def test_a_note_about_a_line_stays_with_it() -> None:
    note = b"\\ No newline at end of file\n"
    data = b"--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n zero\n-one\n-two\n" + note + b"+TWO\n" + note
    for size in (1, 2, 3):
        pieces = [piece.data for piece in split_patch(io.BytesIO(data), size) if isinstance(piece, Patch)]
        bodies = [piece.split(b"@@\n", 1)[1] for piece in pieces]
        assert not any(body.startswith(b"\\") for body in bodies), "a piece begins with a note about another's line"


def test_a_file_is_given_before_the_rest_of_the_input_is_there() -> None:
    read = 0

    def lines() -> Iterator[bytes]:
        nonlocal read
        for line in FILES.splitlines(keepends=True) * 100:
            read += 1
            yield line

    first = next(piece for piece in split_patch(lines()) if isinstance(piece, Patch))
    assert parse_patch(first.data).files[0].path == b"x"
    assert read < 40, f"{read} lines were read before the first file came out"


def test_colours_that_git_put_there_are_taken_off_a_file_and_left_on_text() -> None:
    data = (
        b"\x1b[33mcommit 1234\x1b[m\n\x1b[1mdiff --git a/x b/x\x1b[m\n\x1b[1m--- a/x\x1b[m\n\x1b[1m+++ b/x\x1b[m\n"
        b"\x1b[36m@@ -1 +1 @@\x1b[m\n\x1b[31m-a\x1b[m\n\x1b[32m+\x1b[m\x1b[32mb\x1b[m\x1b[41m \x1b[m\n"
    )
    text, patch = split_patch(io.BytesIO(data))
    assert text == Text(b"\x1b[33mcommit 1234\x1b[m\n")
    assert isinstance(patch, Patch)
    assert b"\x1b" not in patch.data
    assert [line[-1] for line in everything(parse_patch(patch.data))] == [b"a", b"b "]


def test_escapes_in_a_file_without_colours_stay_content() -> None:
    data = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+\x1b[31mred\n"
    (patch,) = split_patch(io.BytesIO(data))
    assert everything(parse_patch(patch.data))[1][-1] == b"\x1b[31mred"


WORDS = (
    b"\x1b[1mdiff --git a/x b/x\x1b[m\n\x1b[1m--- a/x\x1b[m\n\x1b[1m+++ b/x\x1b[m\n"
    b"\x1b[36m@@ -1,2 +1,2 @@\x1b[m\n- item\x1b[m\nsome \x1b[31mold\x1b[m\x1b[32mnew\x1b[m words\n"
    b"\x1b[36m@@ -9,2 +9,2 @@\x1b[m\n  return \x1b[31m1\x1b[m\x1b[32m2\x1b[m\n  end\x1b[m\n"
)


def test_a_word_diff_is_text_with_its_colours_beneath_the_places_it_names() -> None:
    pieces = [*split_patch(io.BytesIO(WORDS + b"\x1b[33mcommit 1\x1b[m\n" + FILES), word_diffs=True)]
    lines = WORDS.splitlines(keepends=True)
    assert [piece.data for piece in pieces if isinstance(piece, Text)][:5] == [
        *lines[4:6],
        *lines[7:9],
        b"\x1b[33mcommit 1\x1b[m\n",
    ]
    patches = [piece.data for piece in pieces if isinstance(piece, Patch)]
    assert [parse_patch(patch).files[0].hunks[-1].new_start for patch in patches[:2]] == [1, 9]
    assert b"rename from y" in patches[3], "the files that follow are lost"


def test_lines_that_git_coloured_as_moved_are_known_by_their_index() -> None:
    data = (
        b"\x1b[1m--- a/x\x1b[m\n\x1b[1m+++ b/x\x1b[m\n\x1b[36m@@ -1,4 +1,4 @@\x1b[m\n\x1b[1;35m-a\x1b[m\n"
        b"\x1b[31m-b\x1b[m\n c\x1b[m\n\x1b[32m+\x1b[m\x1b[32mB\x1b[m\n\x1b[1;36m+\x1b[m\x1b[1;36ma\x1b[m\n d\n"
    )
    (patch,) = split_patch(io.BytesIO(data))
    assert isinstance(patch, Patch)
    assert patch.moved == {0, 4}


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=24).map(b"".join), st.sampled_from([0, 2]))
def test_any_bytes_stream_like_they_parse(data: bytes, piece_lines: int) -> None:
    found, _ = joined(data, piece_lines)
    try:
        whole = parse_patch(data)
    except DiffError:
        assert found == []
        return
    assert found == everything(whole)

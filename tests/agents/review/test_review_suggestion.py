"""A suggestion becomes a patch that git applies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.parts.review import CommentDraft
from agents.review import DiffError
from agents.review.suggestion import reversed_patch, suggested_text, suggestion_block, suggestion_patch
from tests.agents.review.review_repository import Repository

CODE = b"one\ntwo\nthree\nfour\nfive\n"


@pytest.mark.parametrize(
    ("content", "start", "end", "suggested", "expected"),
    [
        (CODE, 3, 3, "drei\n", b"one\ntwo\ndrei\nfour\nfive\n"),
        (CODE, 1, 5, "all\n", b"all\n"),
        (CODE, 2, 3, "", b"one\nfour\nfive\n"),
        (CODE, 5, 5, "five\nsix\n", CODE + b"six\n"),
        (CODE[:-1], 5, 5, "5\n", b"one\ntwo\nthree\nfour\n5"),
        (CODE[:-1], 2, 2, "2\n", b"one\n2\nthree\nfour\nfive"),
        (CODE.replace(b"\n", b"\r\n"), 2, 2, "2\n", b"one\r\n2\r\nthree\r\nfour\r\nfive\r\n"),
        (CODE.replace(b"\n", b"\r\n"), 2, 2, "2\r\n", b"one\r\n2\r\nthree\r\nfour\r\nfive\r\n"),
        (b"caf\xe9\nna\xefve\n", 1, 2, "caf\\xe9\nso na\\xefve\n", b"caf\xe9\nso na\xefve\n"),
        (b"caf\xc3\xa9 \\xe9\n", 1, 1, "un caf\u00e9 \\xe9\n", b"un caf\xc3\xa9 \\xe9\n"),
    ],
)
def test_git_applies_it(tmp_path: Path, content: bytes, start: int, end: int, suggested: str, expected: bytes) -> None:
    repository = Repository(tmp_path / "r").write("a b.txt", content)
    tree = repository.tree()
    after = repository.tree_after(tree, suggestion_patch(b"a b.txt", content, start, end, suggested))
    assert repository.content(after, "a b.txt") == expected


def test_lines_that_are_not_there_are_refused() -> None:
    with pytest.raises(DiffError, match="5 lines"):
        suggestion_patch(b"a", CODE, 6, 6, "x\n")


def test_a_suggestion_that_changes_nothing_is_refused() -> None:
    with pytest.raises(DiffError, match="already"):
        suggestion_patch(b"a", CODE, 2, 2, "two\n")


def test_the_block_is_found_among_words_and_with_longer_fences() -> None:
    assert suggested_text("Better:\n```suggestion\na\n b\n```\nno?") == "a\n b\n"
    assert suggested_text("````suggestion\n```\n````") == "```\n"
    assert suggested_text("```python\na\n```") is None


def test_the_opposite_patch_undoes_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r").write("a", CODE)
    tree = repository.tree()
    patch = suggestion_patch(b"a", CODE, 2, 3, "zwei\ndrei\nund\n")
    assert repository.tree_after(repository.tree_after(tree, patch), reversed_patch(patch)) == tree


def about(quote: tuple[str, ...], start: int, end: int, **more: Any) -> CommentDraft:
    return CommentDraft(text="", path=b"a", start=start, end=end, quote=quote, **more)


@pytest.mark.parametrize(
    ("comment", "block"),
    [
        (about((" a", "-b", "+c"), 4, 5), "```suggestion\na\nc\n```"),
        (about(("+a\r", "+b\r"), 1, 2), "```suggestion\na\nb\n```"),
        (about(("+```", "+b"), 1, 2), "````suggestion\n```\nb\n````"),
        (about(("+a", "@@ -9,3 +9,3 @@", "+b"), 1, 10), "```suggestion\n```"),
        (about(("-a",), 1, 1, side="old"), "```suggestion\n```"),
        (about(("+a\x0cb",), 1, 1), "```suggestion\n```"),
    ],
    ids=["lines", "carriage returns", "fences", "a gap between hunks", "the old side", "a form feed"],
)
def test_a_block_begins_with_the_lines_it_stands_for_where_all_are_known(comment: CommentDraft, block: str) -> None:
    assert suggestion_block(comment) == block

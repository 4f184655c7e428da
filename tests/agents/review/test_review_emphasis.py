"""Which lines are paired, and which words of them are marked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.review import parse_patch
from agents.review.alignment import INSERTED, KEEP, align, few_edits
from agents.review.emphasis import SUBHUNK_CELLS, emphasize, emphasize_hunk
from agents.review.words import tokens


def marked(old: str, new: str) -> tuple[list[str], list[str]]:
    """What is marked in a pair of lines."""
    found = emphasize([old], [new])
    assert found.pairs == ((0, 0),), "the two lines were not taken for a pair"
    return [old[a:b] for a, b in found.deleted[0]], [new[a:b] for a, b in found.added[0]]


@pytest.mark.parametrize(
    ("old", "new", "deleted", "added"),
    [
        ("for k in data.iteritems():", "for k in data.items():", ["iteritems"], ["items"]),
        ("x aaa y", "x aba y", ["aaa"], ["aba"]),
        ("f([element,])", "f([element],)", [","], [","]),
        ("a a", "a b a", [], ["b "]),
        ("see the commit here now", "see a number here now", ["the commit"], ["a number"]),
        ("value = old_name + 1", "value = newName + 1", ["old_name"], ["newName"]),
        ("return café(x)", "return cafe\u0301(x)", ["café"], ["cafe\u0301"]),
        ("print('日本語', x)", "print('日本国', x)", ["日本語"], ["日本国"]),
        ("same text", "same text", [], []),
        ("\tif a:", "\tif b:", ["a"], ["b"]),
        ("key:\tone two three", "key:\tone TWO three", ["two"], ["TWO"]),
        ("ends here please\r", "ends there please", ["here"], ["there"]),
        ("flags 🇩🇪 are here now", "flags 🇫🇷 are here now", ["🇩🇪"], ["🇫🇷"]),
    ],
)
def test_changed_words_of_a_pair_are_marked(old: str, new: str, deleted: list[str], added: list[str]) -> None:
    assert marked(old, new) == (deleted, added)


def test_a_moved_word_is_one_deletion_and_one_insertion() -> None:
    old, new = marked('test_write "%s\\n" s y y | git add -p && git diff', "test_write s y y | git add -p && git diff")
    assert (old, new) == (['"%s\\n" '], [])


def test_edits_are_kept_together_rather_than_scattered() -> None:
    # The dearer of two paths of equal length would keep a letter in the middle of the change.
    old, new = marked("k(A, A, A, B, B, B)", "k(A, C, B)")
    assert len(old) == 1, f"the deletion was torn apart: {old}"
    assert len(new) == 1, f"the insertion was torn apart: {new}"


def test_lines_that_share_little_are_not_paired() -> None:
    found = emphasize(["alpha beta gamma"], ["one two three four"])
    assert found.pairs == ((0, None), (None, 0))
    assert found.deleted == found.added == ((),)


def test_lines_just_too_different_are_not_paired_and_just_near_enough_are() -> None:
    assert emphasize(["d.iteritems()"], ["d.items()"]).pairs == ((0, None), (None, 0)), "14 of 22 columns changed"
    assert emphasize(["dd.iteritems()"], ["dd.items()"]).pairs == ((0, 0),), "14 of 24 columns changed"


def test_the_first_near_line_is_taken_not_the_nearest() -> None:
    found = emphasize(["call(one, two, three)"], ["call(one, two, other)", "call(one, two, three )"])
    assert found.pairs == ((0, 0), (None, 1))


def test_pairs_never_cross_and_skipped_lines_stand_between() -> None:
    found = emphasize(["aaaa a aaa", "bbbb b bbb", "cccc c ccc"], ["bbbb ! bbb", "dddd d ddd", "cccc ! ccc"])
    assert found.pairs == ((0, None), (1, 0), (None, 1), (2, 2))


def test_white_space_alone_at_the_end_is_marked_on_the_side_that_has_it() -> None:
    assert marked("return value", "return value  ") == ([], ["  "])


def test_tokens_are_words_and_single_characters() -> None:
    assert tokens("fn coalesce<'a>(é\u0301x, 日本)") == [
        "fn", " ", "coalesce", "<", "'", "a", ">", "(", "é\u0301x", ",", " ", "日本", ")",
    ]  # fmt: skip


LINES = st.lists(st.text(alphabet="ab c\t.(é日\u0301", max_size=24), max_size=6)


@settings(max_examples=150, deadline=None, database=None)
@given(LINES, LINES)
def test_every_line_appears_once_in_order_and_ranges_fit_their_lines(old: list[str], new: list[str]) -> None:
    found = emphasize(old, new)
    assert [one for one, _ in found.pairs if one is not None] == list(range(len(old)))
    assert [other for _, other in found.pairs if other is not None] == list(range(len(new)))
    for lines, ranges in ((old, found.deleted), (new, found.added)):
        for line, parts in zip(lines, ranges, strict=True):
            positions = [position for part in parts for position in part]
            assert positions == sorted(set(positions)), "ranges overlap, touch or run backwards"
            assert not positions or positions[-1] <= len(line)


@settings(max_examples=150, deadline=None, database=None)
@given(LINES, LINES)
def test_what_is_not_marked_is_the_same_text_on_both_sides(old: list[str], new: list[str]) -> None:
    found = emphasize(old, new)
    for one, other in found.pairs:
        if one is None or other is None:
            continue
        kept = [unmarked(old[one], found.deleted[one]), unmarked(new[other], found.added[other])]
        assert "".join(kept[0].split()) == "".join(kept[1].split()), "the unmarked rest differs"


def unmarked(line: str, ranges: tuple[tuple[int, int], ...]) -> str:
    for start, end in reversed(ranges):
        line = line[:start] + line[end:]
    return line


def test_a_long_line_and_a_large_block_do_bounded_work() -> None:
    words = [f"w{number} " for number in range(4000)]
    found = emphasize(["".join(words)], ["".join(reversed(words))])
    assert found.pairs == ((0, None), (None, 0)), "a table of millions of cells was filled"
    chance = random.Random(1)
    block = [" ".join(chance.choice("abcdefgh") for _ in range(60)) for _ in range(400)]
    other = [" ".join(chance.choice("abcdefgh") for _ in range(60)) for _ in range(400)]
    found = emphasize(block, other)
    paired = sum(one is not None and two is not None for one, two in found.pairs)
    assert paired * 60 * 60 <= 2 * SUBHUNK_CELLS, "the block was compared without end"
    assert len(found.deleted) == len(found.added) == 400


def test_a_hunk_is_split_in_its_runs_and_its_rows_stand_side_by_side() -> None:
    lines = b" one\n-old call(a)\n-gone entirely\n+old call(b)\n two\n-x = 1\n+x = 2\n three\n"
    patch = b"--- a/x\n+++ b/x\n@@ -1,6 +1,5 @@\n" + lines
    file = parse_patch(patch).files[0]
    found = emphasize_hunk(file, file.hunks[0])
    assert found.rows == ((0, 0), (1, 3), (2, None), (4, 4), (5, 6), (7, 7))
    assert found.partner == {1: 3, 3: 1, 5: 6, 6: 5}
    assert found.ranges[1] == ((9, 10),)
    assert 2 not in found.ranges, "a line without a partner has no ranges of its own"


def test_a_missing_final_line_feed_does_not_part_a_pair() -> None:
    patch = (
        b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x = 1\n\\ No newline at end of file\n+x = 2\n\\ No newline at end of file\n"
    )
    file = parse_patch(patch).files[0]
    assert emphasize_hunk(file, file.hunks[0]).partner == {0: 2, 2: 0}


def test_words_far_into_a_long_line_are_found_and_its_halves_paired() -> None:
    old = "var a=" + ",".join(f'"k{number}":{number}' for number in range(4000)) + ";"
    new = old.replace('"k1500"', '"renamed"').replace(":2900", ":0")
    found = emphasize([old], [new])
    assert found.pairs == ((0, 0),)
    assert [old[start:end] for start, end in found.deleted[0]] == ["k1500", "2900"]
    assert [new[start:end] for start, end in found.added[0]] == ["renamed", "0"]


def test_a_long_line_that_became_another_has_no_partner() -> None:
    old, new = (",".join(f"{prefix}{number}" for number in range(2000)) for prefix in ("a", "b"))
    assert emphasize([old], [new]).pairs == ((0, None), (None, 0))


@given(old=st.lists(st.sampled_from("abc"), max_size=9), new=st.lists(st.sampled_from("abc"), max_size=9))
def test_few_edits_turn_one_list_into_the_other_by_no_more_edits_than_an_alignment(
    old: list[str], new: list[str]
) -> None:
    operations = few_edits(old, new, 18)
    assert operations is not None
    made, left = list[str](), list(old)
    for operation, count in operations:
        if operation == INSERTED:
            made += new[len(made) : len(made) + count]
        else:
            made += left[:count] if operation == KEEP else []
            del left[:count]
    assert (made, left) == (new, [])
    assert sum(count for kind, count in operations if kind) <= sum(count for kind, count in align(old, new) if kind)
    assert few_edits(["a"] * 9, ["b"] * 9, 17) is None

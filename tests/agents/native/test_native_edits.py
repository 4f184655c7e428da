"""What an edit finds, what it replaces, and what it leaves alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.native.host.edits import apply_edits
from agents.native.host.text import Refused, printed, tail, unified


def edit(original: str, *pairs: tuple[str, str]) -> str:
    return apply_edits("a.txt", original, [{"oldText": old, "newText": new} for old, new in pairs])[0]


@pytest.mark.parametrize(
    ("original", "old", "new", "changed"),
    [
        pytest.param("one\ntwo\n", "two", "2", "one\n2\n", id="exact"),
        pytest.param("one\ntwo", "two", "2", "one\n2", id="no newline at the end"),
        pytest.param("one\ntwo\n", "one\n", "", "two\n", id="deletion"),
        pytest.param("\tif x:\n\t\ty()\n", "\t\ty()", "\t\tz()", "\tif x:\n\t\tz()\n", id="tabs"),
        pytest.param("a\r\nb\r\nc\r\n", "a\nb", "1\n2", "1\r\n2\r\nc\r\n", id="CRLF file, LF quotation"),
        pytest.param("a\nb\n", "a\r\nb", "1\r\n2", "1\n2\n", id="LF file, CRLF quotation"),
        pytest.param("a\r\nb\nc\n", "b\nc", "2\n3", "a\r\n2\n3\n", id="mixed line ends stay mixed"),
        pytest.param("a\r\nb", "b", "b\nc", "a\r\nb\r\nc", id="new lines take the file's line end"),
        pytest.param("x = 1   \ny = 2\n", "x = 1\ny = 2", "x = 1\ny = 3", "x = 1   \ny = 3\n", id="trailing blanks"),
        pytest.param("say “hi”\n", 'say "hi"', 'say "ho"', 'say "ho"\n', id="typographic quotes"),
        pytest.param("a – b\n", "a - b", "a + b", "a + b\n", id="dash"),
        pytest.param("a\u00a0b\n", "a b", "c", "c\n", id="no-break space"),
        pytest.param("cafe\u0301 = 1\n", "caf\u00e9 = 1", "tea = 1", "tea = 1\n", id="two ways to write é"),
        pytest.param("a\x1b[1mb\n", "a[1mb", "c", "c\n", id="control characters read does not show"),
        pytest.param("a\n\nb\n", "\n\n", "\n", "a\nb\n", id="only newlines"),
        pytest.param("a b\u2028c\n", "c", "d", "a b\u2028d\n", id="line separators are text"),
    ],
)
def test_edit(original: str, old: str, new: str, changed: str) -> None:
    assert edit(original, (old, new)) == changed


def test_fuzzy_match_leaves_lines_it_does_not_change_as_they_are() -> None:
    original = "‘first’  \nsecond\t\nthird “x”   \nfourth\n"
    quoted = "'first'\nsecond\nthird \"x\"\nfourth"
    changed = edit(original, (quoted, quoted.replace("second", "2nd")))
    assert changed == "‘first’  \n2nd\t\nthird “x”   \nfourth\n"


def test_several_edits_all_refer_to_the_original() -> None:
    assert edit("a b c\n", ("a", "b"), ("c", "a"), ("b", "c")) == "b c a\n"


@pytest.mark.parametrize(
    ("original", "pairs", "words"),
    [
        ("x\nx\n", [("x", "y")], "found 2 times in a.txt (lines 1, 2)"),
        ("x \ny\nx\t\ny\n", [("x\ny", "z")], "found 2 times in a.txt (lines 1, 3)"),
        ("abc\n", [("xyz", "z")], "is not in a.txt"),
        ("abc\n", [("", "z")], "oldText is empty"),
        ("abc\n", [("abc", "abc")], "changes nothing"),
        ("abcd\n", [("abc", "x"), ("cd", "y")], "edits[0] and edits[1] overlap"),
        ("abcd\n", [("abcd", "x"), ("zz", "y")], "edits[1]: oldText is not in"),
        ("def f():\n    return 1\n", [("def f():\n  return 2", "x")], "first line is like line 1"),
    ],
)
def test_edit_that_cannot_be_made_says_why(original: str, pairs: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(Refused) as refused:
        edit(original, *pairs)
    assert words in str(refused.value)


def test_exact_match_wins_over_similar_ones() -> None:
    assert edit('say "x"\nsay “x”\n', ('say "x"', "a")) == "a\nsay “x”\n"


def test_edits_that_touch_do_not_overlap() -> None:
    assert edit("abcd", ("ab", "1"), ("cd", "2")) == "12"


def test_edit_of_a_large_file_is_exact() -> None:
    lines = [f"line number {number} with some words ‘quoted’  " for number in range(25_000)]
    original = "\r\n".join(lines)
    changed = edit(original, ("number 17000 with some words 'quoted'\nline number 17001 ", "seventeen\nthousand "))
    expected = original.replace(
        "number 17000 with some words ‘quoted’  \r\nline number 17001 ", "seventeen\r\nthousand "
    )
    assert len(original) > 1_000_000
    assert changed == expected


@given(st.text("ab \t\n\r“é", max_size=30), st.text("ab \t\n“é", min_size=1, max_size=6), st.text("xy\n", max_size=5))
def test_nothing_outside_the_replaced_range_changes(before: str, old: str, new: str) -> None:
    original = f"<<{before}>>{old}<<{before}>>"
    try:
        changed = edit(original, (f">>{old}<<", f">>{new}<<"))
    except Refused:
        return
    assert changed.startswith(f"<<{before}>>")
    assert changed.endswith(f"<<{before}>>")


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("\x1b[1;31mred\x1b[0m\x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "redlink"),
        ("\x1b]0;never ended\nnext", "0;never ended\nnext"),
        ("\x1bPq#0;2\x1b\\after", "after"),
    ],
)
def test_terminal_output_reads_as_a_person_would_read_it(raw: str, seen: str) -> None:
    assert printed(raw) == seen


def test_tail_of_wide_characters_never_ends_in_half_of_one() -> None:
    assert tail(["ü" * 60_000])[0].strip("ü") == ""


def test_diff_of_a_change_far_down_has_its_line_numbers() -> None:
    before = "".join(f"{number}\n" for number in range(1, 101))
    diff = unified("a.txt", before, before.replace("90\n", "ninety\n"))
    assert diff == ("--- a/a.txt\n+++ b/a.txt\n@@ -87,7 +87,7 @@\n 87\n 88\n 89\n-90\n+ninety\n 91\n 92\n 93\n")

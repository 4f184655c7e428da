"""Where comments stand after the code changed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.review.anchors import Placement, place_anchor
from agents.review.linemap import map_lines, split_lines

CODE = b"""import os


def load(path):
    with open(path) as file:
        return file.read()


def save(path, text):
    with open(path, "w") as file:
        file.write(text)


def main():
    text = load("in")
    save("out", text)
"""


def lines_of(content: bytes, placement: Placement) -> list[bytes]:
    return split_lines(content)[placement.start - 1 : placement.end]


def test_comment_stays_when_the_file_is_the_same() -> None:
    assert place_anchor(b"a.py", 4, 6, CODE, CODE) == Placement("placed", b"a.py", 4, 6)


def test_comment_stays_placed_when_code_changes_below() -> None:
    after = CODE.replace(b'load("in")', b'load("other")')
    assert place_anchor(b"a.py", 4, 6, CODE, after) == Placement("placed", b"a.py", 4, 6)


def test_comment_moves_with_its_lines_when_code_is_inserted_above() -> None:
    after = b"# a licence\n# of two lines\n" + CODE
    assert place_anchor(b"a.py", 4, 6, CODE, after) == Placement("moved", b"a.py", 6, 8)


def test_comment_moves_with_a_function_that_moved_to_the_end() -> None:
    block = b"".join(line + b"\n" for line in split_lines(CODE)[3:8])
    after = CODE.replace(block, b"") + b"\n\n" + block
    found = place_anchor(b"a.py", 4, 6, CODE, after)
    assert found.state == "moved"
    assert lines_of(after, found) == split_lines(CODE)[3:6]


def test_comment_on_a_line_that_was_edited_is_marked_edited_and_covers_the_new_line() -> None:
    after = CODE.replace(b'open(path, "w") as file', b'open(path, "w", encoding="utf-8") as file')
    found = place_anchor(b"a.py", 10, 10, CODE, after)
    assert (found.state, found.start, found.end) == ("edited", 10, 10)


def test_comment_on_lines_that_got_another_between_them_covers_all_of_them() -> None:
    after = CODE.replace(b"        file.write(text)", b"        check(text)\n        file.write(text)")
    found = place_anchor(b"a.py", 9, 11, CODE, after)
    assert (found.state, found.start, found.end) == ("edited", 9, 12)


def test_comment_on_deleted_code_is_orphaned_where_it_stood() -> None:
    after = CODE.replace(b"\n".join(split_lines(CODE)[8:13]) + b"\n", b"")
    found = place_anchor(b"a.py", 9, 11, CODE, after)
    assert (found.state, found.start, found.end) == ("orphaned", 9, 8)


def test_comment_on_rewritten_code_is_orphaned_and_not_put_on_the_new_code() -> None:
    after = CODE.replace(b"        file.write(text)", b"        raise NotImplementedError")
    assert place_anchor(b"a.py", 11, 11, CODE, after).state == "orphaned"


def test_comment_on_a_lone_brace_does_not_jump_to_another_brace() -> None:
    before = b"fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n"
    after = b"fn b() {\n    two();\n}\n"
    assert place_anchor(b"x.rs", 3, 3, before, after).state == "orphaned"


def test_comment_on_a_lone_brace_is_not_put_on_the_only_brace_left() -> None:
    before = b"if one {\n    first();\n}\n"
    after = b"while two {\n    second();\n    third();\n}\nlast();\n"
    assert place_anchor(b"x.rs", 3, 3, before, after).state == "orphaned"


def test_comment_on_repeated_code_goes_to_the_place_with_the_same_surroundings() -> None:
    before = b"def a():\n    check(value)\n    go_a()\n\ndef b():\n    check(value)\n    go_b()\n"
    after = b"def b():\n    check(value)\n    go_b()\n\ndef a():\n    check(value)\n    go_a()\n"
    found = place_anchor(b"x.py", 2, 2, before, after)
    assert (found.state, found.start) == ("moved", 6)


def test_comment_follows_its_lines_into_another_file() -> None:
    block = b"\n".join(split_lines(CODE)[3:6])
    after = CODE.replace(block, b"")
    found = place_anchor(b"a.py", 4, 6, CODE, after, {b"io.py": b"# io\n" + block + b"\n", b"no.py": b"x\n"})
    assert found == Placement("moved", b"io.py", 2, 4)


def test_comment_in_a_deleted_file_is_orphaned_or_found_elsewhere() -> None:
    assert place_anchor(b"a.py", 4, 6, CODE, None).state == "orphaned"
    assert place_anchor(b"a.py", 4, 6, CODE, None, {b"b.py": CODE}) == Placement("moved", b"b.py", 4, 6)


def test_comment_outside_its_file_is_orphaned() -> None:
    assert place_anchor(b"a.py", 90, 91, CODE, CODE + b"x\n").state == "orphaned"


@pytest.mark.parametrize("after", [b"", b"\n", b"\n\n\n"])
def test_comment_on_a_file_that_was_emptied_is_orphaned(after: bytes) -> None:
    assert place_anchor(b"a.py", 4, 6, CODE, after).state == "orphaned"


SOURCE = split_lines(Path(__file__).read_bytes())


@settings(max_examples=80, deadline=None, database=None)
@given(st.integers(0, 2**32), st.integers(1, len(SOURCE) - 12), st.integers(0, 8))
def test_placed_and_moved_comments_always_stand_on_the_same_text(seed: int, start: int, length: int) -> None:
    chance = random.Random(seed)
    edited = list(SOURCE)
    for _ in range(chance.randint(1, 8)):
        place, size = chance.randrange(len(edited)), chance.randint(0, 12)
        taken = chance.choice([[b"    new line %d" % place] * size, edited[place : place + size][::-1], []])
        edited[place : place + size] = taken
        where = chance.randrange(len(edited) + 1)
        edited[where:where] = chance.choice([[], taken, SOURCE[start : start + 3]])
    before, after = b"\n".join(SOURCE) + b"\n", b"\n".join(edited) + b"\n"
    found = place_anchor(b"f", start, start + length, before, after)
    if found.state in ("placed", "moved"):
        assert lines_of(after, found) == SOURCE[start - 1 : start + length], f"{found} is on other text"
    assert (found.state == "placed") <= (found.start == start)


@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(0, 2**32), st.integers(1, len(SOURCE) - 12), st.integers(0, 8))
def test_inserting_elsewhere_never_loses_a_comment(seed: int, start: int, length: int) -> None:
    chance = random.Random(seed)
    edited = list(SOURCE)
    where = chance.choice([chance.randrange(start), chance.randrange(start + length, len(SOURCE) + 1)])
    edited[where:where] = [b"inserted %d" % number for number in range(chance.randint(1, 400))]
    before, after = b"\n".join(SOURCE) + b"\n", b"\n".join(edited) + b"\n"
    found = place_anchor(b"f", start, start + length, before, after)
    assert found.state in ("placed", "moved")
    assert lines_of(after, found) == SOURCE[start - 1 : start + length]


LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"}", b"unique 1", b"unique 2"]), max_size=12)


@settings(max_examples=200, deadline=None, database=None)
@given(LINES, LINES)
def test_line_map_pairs_equal_lines_in_order(old: list[bytes], new: list[bytes]) -> None:
    mapped = map_lines(old, new)
    pairs = [(number, mapped.new_number(number)) for number in range(1, len(old) + 1)]
    kept = [(one, other) for one, other in pairs if other is not None]
    assert all(old[one - 1] == new[other - 1] for one, other in kept)
    targets = [other for _, other in kept]
    assert targets == sorted(set(targets)), "lines crossed"

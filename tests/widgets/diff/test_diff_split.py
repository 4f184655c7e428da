"""Side by side: what stands beside what, and how high a row is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.review.model import FileDiff
from tests.widgets.diff.diff_scene import diff_of, numbered
from widgets.diff.rows import LINE, SAME, Layout, Section, file_section
from widgets.diff.state import SPLIT_COLUMNS, DiffState


def section_of(folder: Path, before: str, after: str, **layout: object) -> Section:
    (file,) = diff_of(folder, {"a.py": before}, {"a.py": after}).files
    fields = {"split_width": 60, **layout}
    return file_section(file, Layout(80, **fields))  # type: ignore[arg-type]


def sides(section: Section) -> list[tuple[str, str]]:
    """The text of both sides of every row of code."""
    file = section.file
    assert isinstance(file, FileDiff)
    found = []
    for row, kind in enumerate(section.kinds):
        if kind in (LINE, SAME):
            old, new = section.numbers(row)
            texts = {file.lines.kind[index]: file.lines.text(index) for index in section.shown_lines(row)}
            left, right = texts.get(2, texts.get(0, "") if old else ""), texts.get(1, texts.get(0, "") if new else "")
            found.append((left, right))
    return found


def test_lines_that_are_like_each_other_stand_side_by_side(tmp_path: Path) -> None:
    before = "keep\nvalue = compute(1)\nend\n"
    after = "keep\nimport something_else\nvalue = compute(2)\nend\n"
    rows = sides(section_of(tmp_path, before, after))
    assert ("value = compute(1)", "value = compute(2)") in rows
    assert ("", "import something_else") in rows
    assert rows[0] == ("keep", "keep")


def test_in_a_huge_change_lines_stand_beside_the_one_at_the_same_place(tmp_path: Path) -> None:
    rows = sides(section_of(tmp_path, "a = 1\nb = 2\n", "unlike this\na = 3\nb = 4\n", is_exact=False))
    assert rows == [("a = 1", "unlike this"), ("b = 2", "a = 3"), ("", "b = 4")]


def test_a_missing_line_feed_does_not_part_a_pair(tmp_path: Path) -> None:
    assert ("value = 1", "value = 2") in sides(section_of(tmp_path, "x\nvalue = 1", "x\nvalue = 2"))


def test_a_row_is_as_high_as_its_higher_side(tmp_path: Path) -> None:
    section = section_of(tmp_path, "value = f(1)\n", f"value = f({', '.join(['1'] * 40)})\n", split_width=40)
    (row,) = [row for row, kind in enumerate(section.kinds) if kind == LINE]
    assert section.tops[row + 1] - section.tops[row] >= 3


def test_changes_of_white_space_only_stay_hidden(tmp_path: Path) -> None:
    rows = sides(section_of(tmp_path, "if x:\n  a()\n  b()\n", "if x:\n    a()\n    c()\n"))
    assert ("  b()", "    c()") in rows
    assert len(rows) == 3


@pytest.mark.parametrize(("width", "expected"), [(SPLIT_COLUMNS, True), (SPLIT_COLUMNS - 1, False)])
def test_files_are_split_by_themselves_where_there_is_room_and_both_sides_have_lines(
    tmp_path: Path, width: int, expected: bool
) -> None:
    diff = diff_of(tmp_path, {"a": numbered(9)}, {"a": numbered(9).replace("line 5", "five"), "new": "x\n"})
    state = DiffState()
    state.layout = Layout(140, split_width=width)
    state.show(diff, ())
    assert [state.is_split(file) for file in diff.files] == [expected, False], "an added file has one side only"
    state.split = True
    assert all(state.is_split(file) for file in diff.files)

"""What checks say about lines stands beneath them."""

from __future__ import annotations

from pathlib import Path

from tests.widgets.diff.diff_scene import diff_of, numbered
from widgets.diff.line_marks import LineMark, mark_rows
from widgets.diff.rows import MARK, Layout
from widgets.diff.state import DiffState


def a_state(folder: Path) -> DiffState:
    state = DiffState()
    state.layout = Layout(60)
    before, after = numbered(40), numbered(40).replace("line 10\n", "ten\n").replace("line 30\n", "thirty\n")
    state.show(diff_of(folder, {"a.py": before}, {"a.py": after}), ())
    return state


def row_above_mark(state: DiffState) -> str:
    section = state.table.sections[1]
    row = section.kinds.index(MARK)
    assert section.file is not None
    return section.file.lines.text(section.refs[row - 1])


def test_a_mark_stands_beneath_its_line(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    state.take_marks([LineMark(b"a.py", 10, "expected 10", source="tests")])
    assert row_above_mark(state) == "ten"
    state.take_marks([])
    assert MARK not in state.table.sections[1].kinds


def test_a_mark_on_a_line_that_is_not_shown_stands_where_that_line_would(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    state.take_marks([LineMark(b"a.py", 20, "unused name")])
    assert row_above_mark(state) == "line 13"


def test_marks_outlive_another_diff_and_those_of_other_files_are_listed_first(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    state.take_marks([LineMark(b"a.py", 30, "wrong"), LineMark(b"b.py", 3, "no such name", source="mypy")])
    state.show(state.diff, ())
    assert row_above_mark(state) == "thirty"
    assert state.table.sections[0].notes == ("✗ b.py:3: mypy: no such name",)


def test_a_comment_on_a_mark_is_about_its_line_and_begins_with_what_it_says(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    state.take_marks([LineMark(b"a.py", 10, "expected 10", source="tests")])
    spot = state.table.find(state.cursor, MARK, 1)
    assert spot is not None
    state.cursor = spot
    draft = state.draft()
    assert (draft.start, draft.quote, draft.text) == (10, ("+ten",), "tests: expected 10\n")


def test_a_long_message_takes_four_rows_and_no_control_reaches_the_terminal() -> None:
    mark = LineMark(b"a.py", 1, "E   \x1b[31massert " + "x" * 400, source="tests")
    rows = mark_rows(mark, 40)
    assert len(rows) == 4
    shown = "".join(text for row in rows for text, _ in row)
    assert "\x1b" not in shown
    assert "tests: E" in shown
    assert shown.endswith("…")

"""Blocks that only moved are one row; files can be read one at a time; a search unfolds what holds its text."""

from __future__ import annotations

from pathlib import Path

from tests.widgets.diff.diff_scene import a_comment, diff_of, numbered
from widgets.diff import Placed
from widgets.diff.choices import Choices
from widgets.diff.rows import FOLD, LINE, Layout
from widgets.diff.search import matching_rows, unfold_for
from widgets.diff.state import DiffState

BLOCK = "def rounded(amount):\n    remainder = amount % 5\n    return amount - remainder\n"
BEFORE = {"a.py": numbered(4) + BLOCK + numbered(4, "more"), "b.py": numbered(3), "uv.lock": numbered(3)}
AFTER = {
    "a.py": numbered(4) + numbered(4, "more"),
    "b.py": numbered(3) + BLOCK + "a new line\n",
    "uv.lock": numbered(3) + "needle\n",
}


def a_state(folder: Path, placed: tuple[Placed, ...] = (), *, split: int = 0) -> DiffState:
    state = DiffState()
    state.layout = Layout(60, split_width=split)
    state.split = bool(split)
    state.show(diff_of(folder, BEFORE, AFTER), placed)
    return state


def go_to_fold(state: DiffState) -> None:
    spot = state.table.find(state.cursor, FOLD, 1)
    assert spot is not None, "nothing is folded"
    state.cursor = spot


def test_both_ends_of_a_moved_block_say_where_the_other_is(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    assert [fold.text for section in state.table.sections for fold in section.folds] == [
        "− 3 lines moved to b.py:4",
        "+ 3 lines moved here from a.py:5",
    ]
    shown = [
        section.file.lines.text(ref)
        for section in state.table.sections
        for kind, ref in zip(section.kinds, section.refs, strict=True)
        if kind == LINE and section.file is not None
    ]
    assert "a new line" in shown
    assert not any("remainder" in line for line in shown)


def test_side_by_side_folds_them_too(tmp_path: Path) -> None:
    state = a_state(tmp_path, split=30)
    assert sum(section.kinds.count(FOLD) for section in state.table.sections) == 2


def test_a_block_that_is_commented_on_is_not_folded(tmp_path: Path) -> None:
    comment = a_comment(path="b.py", start=5)
    state = a_state(tmp_path, (Placed(comment, b"b.py", 5, 5),))
    assert [section.kinds.count(FOLD) for section in state.table.sections if section.file] == [1, 0, 0]


def test_a_fold_is_commented_and_selected_as_its_lines(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    go_to_fold(state)
    draft = state.draft()
    assert (draft.side, draft.start, draft.end, len(draft.quote)) == ("old", 5, 7, 3)
    state.anchor = state.cursor
    state.cursor = state.table.step(state.cursor, 1)
    selected = state.selected_lines()
    assert selected is not None
    assert len(selected[1] or ()) == 4
    assert len(state.selected_text().split("\n")) == 4, "all of it is copied, what is folded too"


def test_a_single_fold_and_all_folds_are_opened(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    choices = Choices(state, state.build, state.rebuild)
    go_to_fold(state)
    choices.fold()
    assert [section.kinds.count(FOLD) for section in state.table.sections if section.file] == [0, 1, 0]
    choices.moved()
    assert not any(section.kinds.count(FOLD) for section in state.table.sections)


def test_a_search_unfolds_files_and_blocks_that_hold_its_text(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    state.rebuild(unfold_for(state, "remainder"))
    assert len(matching_rows(state.table, "remainder")) == 4
    assert not matching_rows(state.table, "needle")
    state.rebuild(unfold_for(state, "needle"))
    assert len(matching_rows(state.table, "needle")) == 1


def test_files_are_read_one_at_a_time(tmp_path: Path) -> None:
    state = a_state(tmp_path)
    choices = Choices(state, state.build, state.rebuild)
    state.cursor = state.spot_of_file(b"b.py") or state.cursor
    choices.alone()
    assert [bool(len(section)) for section in state.table.sections if section.file] == [False, True, False]
    assert state.neighbour(1) == b"uv.lock"
    assert state.position().files == 3
    choices.alone()
    assert all(len(section) for section in state.table.sections if section.file)

"""The reader of a diff: where they are, what they hide, what a comment of theirs is about."""

from __future__ import annotations

from pathlib import Path

from agents.review.places import Placed
from agents.review.suggestion import suggestion_block
from tests.widgets.diff.diff_scene import a_comment, diff_of, numbered
from widgets.diff.rows import LINE, SAME, Layout, Spot
from widgets.diff.search import matching_rows
from widgets.diff.state import DiffState


def reading(folder: Path, before: dict[str, str], after: dict[str, str], *comments: Placed) -> DiffState:
    state = DiffState()
    state.layout = Layout(80)
    state.show(diff_of(folder, before, after), comments)
    first = state.table.first()
    assert first is not None, "the diff is empty"
    state.cursor = first
    return state


def put_cursor(state: DiffState, text: str, kind: str = "") -> None:
    """On the row with this code; ``kind`` is + or - where both sides have it."""
    for index, section in enumerate(state.table.sections):
        for row, row_kind in enumerate(section.kinds):
            if row_kind in (LINE, SAME) and section.file is not None:
                line = section.refs[row]
                if section.file.lines.text(line) == text and kind in ("", " +-\\"[section.file.lines.kind[line]]):
                    state.cursor = Spot(index, row)
                    return
    raise AssertionError(f"no row shows {text!r}")


def test_a_comment_on_an_added_line_names_its_new_number_quote_and_blob(tmp_path: Path) -> None:
    before = "def f():\n    a = 1\n    b = 2\n    return a\n"
    state = reading(tmp_path, {"a.py": before}, {"a.py": before.replace("a = 1", "a = 10")})
    put_cursor(state, "    a = 10")
    draft = state.draft()
    assert (draft.path, draft.target, draft.side, draft.start, draft.end) == (b"a.py", "lines", "new", 2, 2)
    assert draft.quote == ("+    a = 10",)
    assert draft.blob == state.diff.files[0].new_blob


def test_a_range_over_both_sides_is_on_the_new_side_and_quotes_all_of_it(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.py": "one\ntwo\nthree\n"}, {"a.py": "one\n2\nthree\n"})
    put_cursor(state, "two")
    state.anchor = state.cursor
    put_cursor(state, "three")
    draft = state.draft()
    assert (draft.side, draft.start, draft.end) == ("new", 2, 3)
    assert draft.quote == ("-two", "+2", " three")


def test_a_range_of_deleted_lines_is_on_the_old_side(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.py": "one\ntwo\nthree\nfour\n"}, {"a.py": "one\nfour\n"})
    put_cursor(state, "three")
    state.anchor = state.cursor
    put_cursor(state, "two")
    draft = state.draft()
    assert (draft.side, draft.start, draft.end) == ("old", 2, 3)
    assert draft.blob == state.diff.files[0].old_blob


def test_on_a_hunk_header_the_comment_is_on_the_hunk(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.py": numbered(30)}, {"a.py": numbered(30).replace("line 9\n", "nine\n")})
    state.cursor = Spot(1, 1)
    draft = state.draft()
    assert (draft.target, draft.start, draft.end) == ("hunk", 6, 12)
    assert "+nine" in draft.quote


def test_on_a_file_name_the_comment_is_on_the_file(tmp_path: Path) -> None:
    state = reading(tmp_path, {}, {"a.py": "x\n"})
    assert (state.draft().target, state.draft().path, state.draft().start) == ("file", b"a.py", 0)


def test_a_comment_on_a_deleted_file_is_on_the_old_side(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.py": "x\n"}, {"b": "1\n"})
    put_cursor(state, "x")
    assert (state.draft().path, state.draft().side, state.draft().start) == (b"a.py", "old", 1)


def test_a_suggestion_begins_with_the_new_side_in_a_fence_longer_than_any_inside(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.md": "one\n"}, {"a.md": "1\n````\n"})
    put_cursor(state, "one")
    state.anchor = state.cursor
    put_cursor(state, "````")
    assert suggestion_block(state.draft()) == "`````suggestion\n1\n````\n`````"


def test_the_reader_stays_on_the_same_code_when_lines_are_inserted_above(tmp_path: Path) -> None:
    text = numbered(40).replace("line 20\n", "here\n")
    state = reading(tmp_path / "1", {"a.py": numbered(40)}, {"a.py": text})
    put_cursor(state, "here")
    keep = state.keep(state.table.top(state.cursor) - 5)
    assert keep is not None
    state.show(diff_of(tmp_path / "2", {"a.py": numbered(40)}, {"a.py": "new\n" * 7 + text}), ())
    top = state.restore(keep)
    section = state.section
    assert section is not None
    assert section.file is not None
    assert section.file.lines.text(section.refs[state.cursor.row]) == "here"
    assert state.table.top(state.cursor) - top == 5, "the line moved on the screen"


def test_the_reader_lands_nearby_when_the_line_is_gone(tmp_path: Path) -> None:
    base = numbered(40)
    state = reading(tmp_path / "1", {"a.py": base}, {"a.py": base.replace("line 20\n", "here\n")})
    put_cursor(state, "here")
    keep = state.keep(0)
    assert keep is not None
    state.show(diff_of(tmp_path / "2", {"a.py": base}, {"a.py": base.replace("line 20\n", "other\n")}), ())
    state.restore(keep)
    assert state.position().new == 20


def test_the_reader_survives_a_file_that_left_the_change(tmp_path: Path) -> None:
    state = reading(tmp_path / "1", {}, {"a.py": "1\n", "b.py": numbered(30)})
    put_cursor(state, "line 30")
    keep = state.keep(0)
    assert keep is not None
    state.show(diff_of(tmp_path / "2", {}, {"a.py": "1\n"}), ())
    state.restore(keep)
    assert state.position().path == b"a.py"
    state.show(diff_of(tmp_path / "3", {"a": "1\n"}, {"a": "1\n"}), ())
    state.restore(keep)
    assert state.position().files == 0, "an empty diff has no place to be"


def test_hidden_files_have_no_rows_and_come_back(tmp_path: Path) -> None:
    state = reading(tmp_path, {}, {"a.py": "1\n", "tests/test_a.py": "2\n"})
    height = state.table.height
    state.hide_tests = True
    state.build()
    assert state.position().files == 1
    assert all(section.hidden for section in state.table.sections if section.file and b"test" in section.file.path)
    state.hide_tests = False
    state.build()
    assert state.table.height == height


def test_lock_files_are_folded_until_they_are_asked_for(tmp_path: Path) -> None:
    state = reading(tmp_path, {"uv.lock": "a\n"}, {"uv.lock": "b\n"})
    assert state.is_folded(state.diff.files[0])
    state.folds[b"uv.lock"] = False
    state.build()
    put_cursor(state, "b")


def test_search_finds_rows_and_ignores_case_unless_a_capital_is_given(tmp_path: Path) -> None:
    state = reading(tmp_path, {}, {"a.py": "Cart\ncart\nnone\n", "b.py": "my CART\n"})
    assert len(matching_rows(state.table, "cart")) == 3
    assert len(matching_rows(state.table, "Cart")) == 1
    assert matching_rows(state.table, "cart\nnone") == [], "a match never goes over the end of a line"
    state.hidden.add(b"b.py")
    state.build()
    assert len(matching_rows(state.table, "cart")) == 2, "what is hidden is not found"


def test_comments_on_files_that_left_the_change_stand_before_all_files(tmp_path: Path) -> None:
    gone = Placed(a_comment(path="gone.py"), b"gone.py", state="orphaned")
    state = reading(tmp_path, {}, {"a.py": "1\n"}, gone)
    assert state.table.sections[0].comments == (gone,)
    assert state.spot_of_comment("R1-C1") == Spot(0, 0)


def test_copied_is_code_without_marks(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.py": "one\n"}, {"a.py": "1\n2\n"})
    put_cursor(state, "1")
    state.anchor = state.cursor
    put_cursor(state, "2")
    assert state.selected_text() == "1\n2"


def test_what_git_notes_about_a_line_is_not_copied_as_code(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.py": "one\ntwo"}, {"a.py": "one\n2"})
    put_cursor(state, "two")
    state.anchor = state.cursor
    state.cursor = Spot(state.cursor.section, len(state.table.sections[state.cursor.section]) - 1)
    assert state.selected_text() == "two\n2"


def test_a_comment_on_the_note_about_a_missing_line_feed_is_on_its_line(tmp_path: Path) -> None:
    state = reading(tmp_path, {"a.py": "one\ntwo\n"}, {"a.py": "one\ntwo"})
    put_cursor(state, " No newline at end of file")
    draft = state.draft()
    assert (draft.side, draft.start, draft.end) == ("new", 2, 2)
    assert draft.quote == ("+two", "\\ No newline at end of file")


def test_a_range_over_two_hunks_quotes_where_lines_are_left_out(tmp_path: Path) -> None:
    after = numbered(40).replace("line 5\n", "five\n").replace("line 30\n", "thirty\n")
    state = reading(tmp_path, {"a.py": numbered(40)}, {"a.py": after})
    put_cursor(state, "line 8")
    state.anchor = state.cursor
    put_cursor(state, "line 27")
    draft = state.draft()
    assert (draft.start, draft.end) == (8, 27)
    assert draft.quote == (" line 8", "@@ -27,7 +27,7 @@", " line 27")
    assert suggestion_block(draft) == "```suggestion\n```", "the lines between are not there to be changed"

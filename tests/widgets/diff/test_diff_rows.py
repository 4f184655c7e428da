"""The row table: which rows there are, how high they are, and which line of the screen is which row."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.review import DiffSet, FileDiff
from tests.widgets.diff.diff_scene import a_comment, diff_of, numbered
from widgets.diff.rows import COMMENT, FILE, HUNK, LINE, NOTE, SAME, Editor, Layout, Placed, Spot, file_section
from widgets.diff.shown import row_starts, show_line
from widgets.diff.state import DiffState

NAMES = dict(enumerate(("file", "hunk", "line", "same", "comment", "note", "editor")))


def shown(file: FileDiff, layout: Layout = Layout(80), **options: object) -> list[str]:  # noqa: B008
    """The rows of a file in words: code with its mark, the kind of everything else."""
    section = file_section(file, layout, **options)  # type: ignore[arg-type]
    rows = []
    for row, kind in enumerate(section.kinds):
        index = section.refs[row]
        if kind == LINE:
            rows.append(" +-\\"[file.lines.kind[index]] + file.lines.text(index))
        elif kind == SAME:
            rows.append(" " + file.lines.text(index))
        else:
            rows.append(f"<{NAMES[kind]}>")
    return rows


def state_of(diff: DiffSet, width: int = 80, comments: tuple[Placed, ...] = ()) -> DiffState:
    state = DiffState()
    state.layout = Layout(width)
    state.show(diff, comments)
    return state


def test_rows_are_name_hunks_and_lines_in_git_order(tmp_path: Path) -> None:
    diff = diff_of(tmp_path, {"a.py": "one\ntwo\n"}, {"a.py": "one\n2\n"})
    assert shown(diff.files[0]) == ["<file>", "<hunk>", " one", "-two", "+2"]


def test_lines_that_differ_in_white_space_only_are_shown_once_as_unchanged(tmp_path: Path) -> None:
    before = {"a.py": "if x:\n  one()\n  two()\n  three()\n"}
    after = {"a.py": "if x:\n    one()\n    2()\n    three()\n"}
    file = diff_of(tmp_path, before, after).files[0]
    assert shown(file) == ["<file>", "<hunk>", " if x:", "     one()", "-  two()", "+    2()", "     three()"]
    section = file_section(file, Layout(80))
    assert section.numbers(3) == (2, 2), "a line that differs in white space only has the numbers of both sides"
    assert section.numbers(4) == (3, 0), "a deleted line has an old number only"


def test_white_space_changes_appear_when_they_are_asked_for(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": "if x:\n  one()\n"}, {"a.py": "if x:\n    one()\n"}).files[0]
    assert shown(file, Layout(80, hide_space=False)) == ["<file>", "<hunk>", " if x:", "-  one()", "+    one()"]
    assert shown(file) == ["<file>", "<note>"], "a place where only white space differs is left out"
    assert "white space" in file_section(file, Layout(80)).notes[0], "it is said that something was left out"


def test_a_line_feed_missing_at_the_end_is_a_change_that_counts(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": "one\ntwo"}, {"a.py": "one\ntwo\n"}).files[0]
    assert shown(file) == ["<file>", "<hunk>", " one", "-two", "\\" + file.lines.text(2), "+two"]


@pytest.mark.parametrize(
    ("before", "after", "executable", "says"),
    [
        ({}, {"x.bin": b"\0\1"}, (), "binary"),
        ({"x": "1\n"}, {"x": "1\n"}, ("x",), "mode"),
        ({"x": numbered(20)}, {"y": numbered(20)}, (), "renamed"),
        ({}, {"x": ""}, (), "empty"),
    ],
)
def test_a_file_without_lines_says_why(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], executable: tuple[str, ...], says: str
) -> None:
    diff = diff_of(tmp_path, before, after, executable=frozenset(executable))
    section = file_section(diff.files[0], Layout(80))
    assert list(section.kinds) == [FILE, NOTE]
    assert says in section.notes[0], section.notes


def test_every_line_of_the_screen_is_a_row_and_every_row_is_found_again(tmp_path: Path) -> None:
    long = "x = " + "word " * 60
    before = {f"f{n}.py": numbered(40) for n in range(5)}
    after = {f"f{n}.py": numbered(20) + long + "\n" + numbered(15, "\tnew") for n in range(5)}
    state = state_of(diff_of(tmp_path, before, after), width=50)
    seen = []
    for y in range(state.table.height):
        spot, sub = state.table.at(y)
        assert state.table.top(spot) + sub == y, f"line {y} is line {sub} of {spot}, which starts elsewhere"
        assert sub < state.table.row_height(spot)
        if not seen or seen[-1] != spot:
            seen.append(spot)
    steps = [state.table.first()]
    while (following := state.table.step(steps[-1], 1)) != steps[-1]:
        steps.append(following)
    assert seen == steps, "walking by lines and walking by rows give different rows"
    assert state.table.step(steps[0], len(steps) - 1) == steps[-1]
    assert state.table.step(steps[-1], -(len(steps) - 1)) == steps[0]


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "x" * 500,
        "    deep " * 40,
        "日本語の文" * 30,
        "a\tb\t" * 40,
        "\x1b[31m" * 30,
        "word " * 80,
        "e\u0301" * 90,
    ],
)
@pytest.mark.parametrize("width", [20, 47, 120])
def test_a_wrapped_line_is_exactly_as_high_as_geometry_says_and_loses_nothing(
    tmp_path: Path, text: str, width: int
) -> None:
    file = diff_of(tmp_path, {"a": "old\n"}, {"a": f"{text}\n"}).files[0]
    section = file_section(file, Layout(width, hide_space=False))
    row = len(section) - 1
    line = show_line(text)
    starts = row_starts(line.text, width)
    assert section.tops[row + 1] - section.tops[row] == len(starts)
    pieces = [line.text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    assert "".join(pieces) == line.text, "wrapping lost or doubled something"


def test_characters_that_act_on_a_terminal_are_marks(tmp_path: Path) -> None:
    line = show_line("a\x1b]0;x\x07\u202eb\tc")
    assert all(character.isprintable() for character in line.text), repr(line.text)
    assert [line.text[start:end] for start, end in line.marks] == ["␛", "␇", "<U+202E>"]
    start, end = line.range(10, 11)
    assert line.text[start:end] == "c", "offsets after marks and tabs are wrong"


def test_comment_stands_below_its_last_line(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": numbered(9)}, {"a.py": numbered(9).replace("line 5", "five")}).files[0]
    placed = Placed(a_comment(start=4, end=5), b"a.py", 4, 5)
    rows = shown(file, comments=[placed])
    assert rows[rows.index("<comment>") - 1] == "+five"


def test_comment_on_the_old_side_stands_below_the_deleted_line(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": "one\ntwo\nthree\n"}, {"a.py": "one\nthree\n"}).files[0]
    placed = Placed(a_comment(start=2, side="old"), b"a.py", 2, 2)
    rows = shown(file, comments=[placed])
    assert rows[rows.index("<comment>") - 1] == "-two"


def test_orphan_stands_below_the_name_of_its_file(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": "one\n"}, {"a.py": "1\n"}).files[0]
    rows = shown(file, comments=[Placed(a_comment(), b"a.py", state="orphaned")])
    assert rows[:2] == ["<file>", "<comment>"]


def test_comments_stay_visible_in_a_folded_file(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": "one\n"}, {"a.py": "1\n"}).files[0]
    assert shown(file, folded=True, comments=[Placed(a_comment(), b"a.py", 1, 1)]).count("<comment>") == 1


def test_several_comments_on_a_line_keep_their_order(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": "one\n"}, {"a.py": "1\n"}).files[0]
    comments = [Placed(a_comment(id=f"R1-C{n}"), b"a.py", 1, 1) for n in (1, 2, 3)]
    section = file_section(file, Layout(80), comments)
    order = [section.comments[section.ref(row)].comment.id for row, kind in enumerate(section.kinds) if kind == COMMENT]
    assert order == ["R1-C1", "R1-C2", "R1-C3"]


def test_rows_are_kept_free_for_the_comment_being_written(tmp_path: Path) -> None:
    file = diff_of(tmp_path, {"a.py": "one\n"}, {"a.py": "1\n"}).files[0]
    plain, editing = file_section(file, Layout(80)), file_section(file, Layout(80), editor=Editor("new", 1, 7))
    assert editing.height == plain.height + 7


def test_finding_goes_through_files_in_both_directions(tmp_path: Path) -> None:
    diff = diff_of(tmp_path, {}, dict.fromkeys(("a", "b", "c"), "x\n"))
    state = state_of(diff)
    first = state.table.first()
    assert first == Spot(1, 0)
    second = state.table.find(first, FILE, 1)
    assert second == Spot(2, 0)
    assert state.table.find(second, FILE, -1) == first
    assert state.table.find(first, FILE, -1) is None
    assert state.table.find(state.table.last(), HUNK, -1) == Spot(3, 1)


def test_line_ends_are_shown_only_where_they_differ(tmp_path: Path) -> None:
    same = diff_of(tmp_path / "same", {"a": "one\r\ntwo\r\n"}, {"a": "one\r\n2\r\n"}).files[0]
    mixed = diff_of(tmp_path / "mixed", {"a": "one\ntwo\n"}, {"a": "one\r\n2\r\n"}).files[0]
    assert not file_section(same, Layout(80)).keep_return
    assert file_section(mixed, Layout(80)).keep_return


def test_of_a_long_line_what_differs_is_shown_wherever_it_stands(tmp_path: Path) -> None:
    before = "var a=" + ",".join(f'"k{number}":{number}' for number in range(4000)) + ";\n"
    after = before.replace('"k3000"', '"renamed"')
    state = DiffState()
    state.layout = Layout(80)
    state.show(diff_of(tmp_path, {"a.js": before}, {"a.js": after}), ())
    section = state.table.sections[1]
    row = len(section) - 1
    line = show_line(after[:-1], section.parts[section.refs[row]])
    assert section.tops[row + 1] - section.tops[row] == len(row_starts(line.text, 80)) < 6
    assert line.text.startswith('var a="k0":0')
    said = [line.text[start:end] for start, end in line.notes]
    hidden = sum(int(each.split()[1].replace(",", "")) for each in said)
    assert len(line.text) - len("".join(said)) + hidden == len(after) - 1, "characters are neither shown nor counted"
    at = after.index("renamed")
    start, end = line.range(at, at + 7)
    assert line.text[start:end] == "renamed"


def test_marks_of_a_conflict_are_known_by_their_rows(tmp_path: Path) -> None:
    after = "a\n<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> side\n"
    section = file_section(diff_of(tmp_path, {}, {"a.py": after}).files[0], Layout(80))
    rows = [
        row for row, kind in enumerate(section.kinds) if kind == LINE and section.is_conflict(row, section.ref(row))
    ]
    assert [section.refs[row] for row in rows] == [1, 3, 5]

"""Reading a change in the review screen: keys, mouse, what stands on the screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.color import Color

from agents.errors import UsageError
from app.editor import editor_command
from app.review.editor import arguments_at, file_in
from tests.app.review_scene import Scene, go_to_line, line_at_cursor, opened, screen_text, until
from tests.app.test_review_pictures import contrast
from tests.presses import presses
from tests.widgets.diff.diff_scene import numbered
from widgets.diff.rows import FILE, HUNK

BEFORE = {"a.py": numbered(60), "b.py": "def f():\n  return 1\n", "tests/test_a.py": "one\n"}
AFTER = {
    "a.py": numbered(60).replace("line 10\n", "ten\n").replace("line 50\n", "fifty\n"),
    "b.py": "def f():\n    return 1\n\n\nx = 2\n",
    "tests/test_a.py": "two\n",
}


async def test_the_change_is_named_with_scope_base_directory_and_position(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: "file 1/3" in screen_text(app), "the position is named")
        text = screen_text(app)
        for wanted in (
            "Speed up the cart",
            "the whole change",
            "main (1a2b3c4)",
            "/src/shop",
            "a.py",
            "+ten",
            "-line 10",
        ):
            assert wanted in text, f"{wanted!r} is not on the screen:\n{text}"
        assert app.api.seen_tasks == ["abcd"]


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (40, 10)])
async def test_it_draws_within_any_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=size) as pilot:
        view = await opened(pilot, app)
        await pilot.press("G", "g", "d", "u")
        assert view.size.width <= size[0]
        strips = view._screen.paint(view.top, view.size, "", True, lambda strip: strip)[0]
        assert {strip.cell_length for strip in strips} == {view.size.width}, "a line is not as wide as the view"
        assert len(strips) == view.size.height


@presses(
    "diff.bottom",
    "diff.half-page-down",
    "diff.half-page-up",
    "diff.line-down",
    "diff.line-up",
    "diff.next-file",
    "diff.next-hunk",
    "diff.previous-file",
    "diff.previous-hunk",
    "diff.top",
)
async def test_keys_go_to_lines_hunks_files_and_ends(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(100, 30)) as pilot:
        view = await opened(pilot, app)
        state = view.state

        def kind() -> int:
            return state.table.sections[state.cursor.section].kinds[state.cursor.row]

        await pilot.press("right_square_bracket")
        assert kind() == HUNK
        assert state.position().hunk == 1
        await pilot.press("right_square_bracket")
        assert state.position().hunk == 2
        await pilot.press("left_square_bracket")
        assert state.position().hunk == 1
        await pilot.press("f")
        assert (kind(), state.position().path) == (FILE, b"b.py")
        await pilot.press("j", "F")
        assert state.position().path == b"b.py", "F goes to the beginning of the file first"
        await pilot.press("F")
        assert state.position().path == b"a.py"
        await pilot.press("G")
        assert state.cursor == state.table.last()
        await pilot.press("g")
        assert state.cursor == state.table.first()
        row = state.position().row
        await pilot.press("j", "j", "k")
        assert state.position().row > row
        await pilot.press("d")
        half = state.position().row
        await pilot.press("u")
        assert state.position().row < half


async def test_the_file_name_stays_at_the_top_while_its_lines_are_read(tmp_path: Path) -> None:
    app = Scene(tmp_path, {}, {"long_name.py": numbered(200), "x/folder/" * 12 + "next.py": numbered(99)}).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("d", "d", "d", "d")
        await pilot.pause()
        assert "long_name.py" in screen_text(app).split("\n")[2]
        await pilot.press("f")
        await pilot.pause()
        assert "next.py" in screen_text(app).split("\n")[2], "the end of the file before stands above the next one"


async def test_the_cursor_is_always_on_the_screen(tmp_path: Path) -> None:
    app = Scene(tmp_path, {}, {"a.py": "word " * 100 + "\n" + numbered(80), "b.py": numbered(5)}).app()
    async with app.run_test(size=(60, 16)) as pilot:
        view = await opened(pilot, app)
        for key in ("j", "d", "f", "k", "G", "u", "F", "right_square_bracket", "g", "d", "d", "k"):
            await pilot.press(key)
            y = view.state.table.top(view.state.cursor) - view.top
            assert 0 <= y < view.size.height, f"after {key} the cursor is on line {y} of {view.size.height}"


@presses("diff.white-space")
async def test_white_space_is_hidden_until_w_shows_it(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(100, 50)) as pilot:
        await opened(pilot, app)
        assert "-  return 1" not in screen_text(app)
        assert "white space hidden" in screen_text(app)
        await pilot.press("w")
        await until(pilot, lambda: "-  return 1" in screen_text(app), "the white-space change is shown")
        assert "white space hidden" not in screen_text(app)


@presses("diff.hide", "diff.show-all")
async def test_tests_and_single_files_can_be_hidden_and_shown_again(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(90, 50)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("t")
        await until(pilot, lambda: "test_a.py" not in screen_text(app), "the test file is hidden")
        assert "tests hidden" in screen_text(app)
        await pilot.press("h")
        await until(pilot, lambda: "a.py" not in screen_text(app), "the file at the cursor is hidden")
        assert view.state.position().path == b"b.py"
        await pilot.press("h")
        await until(pilot, lambda: "Every file is hidden" in screen_text(app), "an empty view says why")
        await pilot.press("H")
        await until(pilot, lambda: "test_a.py" in screen_text(app), "everything is back")


async def test_a_file_is_folded_to_its_name_and_unfolded(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(90, 50)) as pilot:
        await opened(pilot, app)
        await pilot.press("j", "j", "Z")
        await until(pilot, lambda: "+ten" not in screen_text(app), "the lines are folded away")
        assert "folded" in screen_text(app)
        await pilot.press("Z")
        await until(pilot, lambda: "+ten" in screen_text(app), "the lines are back")


@presses("diff.next", "diff.previous", "review.leave", "review.search")
async def test_search_goes_from_match_to_match_and_escape_ends_it(tmp_path: Path) -> None:
    app = Scene(tmp_path, {}, {"a.py": numbered(50) + "needle one\n", "b.py": "a needle\n"}).app()
    async with app.run_test(size=(90, 24)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("slash", *"needle", "enter")
        assert line_at_cursor(view) == "needle one"
        await until(pilot, lambda: "“needle” 1/2" in screen_text(app), "the number of the match is named")
        await pilot.press("n")
        assert line_at_cursor(view) == "a needle"
        await pilot.press("n")
        assert line_at_cursor(view) == "needle one", "after the last match comes the first"
        await pilot.press("N")
        assert line_at_cursor(view) == "a needle"
        await pilot.press("escape")
        assert view.searched == ""
        assert app.screen is app.review, "the first Escape ends the search only"
        await pilot.press("slash", *"nowhere", "enter")
        await until(pilot, lambda: "is nowhere" in screen_text(app), "a search without matches says so")


@presses("diff.copy")
async def test_copy_hands_out_the_range(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(90, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "line 9")
        await pilot.press("v")
        await until(pilot, lambda: "range of 1 line ·" in screen_text(app), "it is said how much is selected")
        await pilot.press("j", "y")
        await until(pilot, lambda: app.copied, "something is copied")
        assert app.copied == "line 9\nline 10"


async def test_mouse_points_selects_scrolls_and_chooses_files(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(120, 30)) as pilot:
        view = await opened(pilot, app)
        await pilot.click("#diff", offset=(30, 5))
        assert view.state.table.top(view.state.cursor) == 5
        await pilot.mouse_down("#diff", offset=(30, 4))
        await pilot.hover("#diff", offset=(30, 7))
        await pilot.mouse_up("#diff", offset=(30, 7))
        first, last = view.state.selection()
        assert last.row - first.row == 3, "dragging over four lines selects them"
        view.scroll_by(20)
        assert view.top
        assert view.state.selection() == (first, last), "the wheel changed what is selected"
        await pilot.click("#files", offset=(10, 3))
        assert view.state.position().path == b"tests/test_a.py"
        top = view.top
        view.scroll_by(-6)
        assert view.top < top


async def test_code_is_coloured_by_its_syntax_when_the_colours_arrive(tmp_path: Path) -> None:
    app = Scene(tmp_path, {}, {"a.py": 'def f():\n    """doc\n    string"""\n    return "x"\n'}).app()
    async with app.run_test(size=(90, 30)) as pilot:
        view = await opened(pilot, app)
        await until(pilot, lambda: view.is_coloured(b"a.py", "new"), "the syntax of the file arrives")
        await pilot.pause()
        keyword = view._styles["add code-keyword"].color
        strips = view.render_lines(view.size.region)
        colours = {segment.text.strip(): segment.style.color for strip in strips for segment in strip if segment.style}
        assert colours["return"] == keyword, "a keyword has no colour of its own"
        assert colours["def"] == keyword


async def test_terminal_controls_in_code_and_names_are_drawn_as_marks(tmp_path: Path) -> None:
    app = Scene(tmp_path, {}, {"a\x1b[2J.py": "print('\x1b]52;c;eA==\x07')  # \u202ereversed\n"}).app()
    async with app.run_test(size=(100, 20)) as pilot:
        await opened(pilot, app)
        text = screen_text(app)
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\u202e" not in text
        assert "␛]52" in text
        assert "<U+202E>" in text
        for theme in ("shopfloor-dark", "shopfloor-light"):
            app.theme = theme
            await pilot.pause()
            strips = app.screen._compositor.render_strips(app.size)
            (style,) = [style for strip in strips for text, style, _ in strip if text == "<U+202E>" and style]
            assert style.color
            assert style.bgcolor
            letters, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            assert contrast(letters, ground) > 4.5, f"a mark cannot be read in {theme}"


@presses("review.files")
async def test_the_list_of_files_is_shown_when_there_is_room_or_on_its_key(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        files = app.review.query_one("#files")
        assert not files.display
        await pilot.press("b")
        assert files.display
        await pilot.press("b")
        assert not files.display


@presses("review.help")
async def test_help_shows_every_key_and_leaves_again(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(100, 150)) as pilot:
        await opened(pilot, app)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Show or hide changes of white space only" in screen_text(app), "the help is shown")
        assert "Keep the comment and go on reading" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.review, "the review is back")


def test_the_legend_names_the_persons_own_keys_and_the_way_out_in_80_columns() -> None:
    from app.review.keys import review_hints

    legend = [(hint.key, hint.text) for hint in review_hints({"diff.range": "V,f2", "review.back": "Q"})]
    assert ("V", "range") in legend
    assert ("Q", "back") in legend
    used = 1
    for key, words in legend[: legend.index(("Q", "back")) + 1]:
        used += len(key) + len(words) + 3
    assert used <= 80, f"help and the way back need {used} columns: {legend}"


async def test_help_names_the_persons_own_keys_under_each_other(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app(keymap={"review.send": "Z"})
    async with app.run_test(size=(70, 130)) as pilot:
        await opened(pilot, app)
        await pilot.press("question_mark")
        await until(pilot, lambda: "See the prompt of this round" in screen_text(app), "the help is shown")
        rows = screen_text(app).splitlines()
        row = next(row for row in rows if "See the prompt of this round" in row)
        assert " Z " in row, f"the person's own key is not shown: {row}"
        meaning = row.index("See the prompt")
        wrapped = next(n for n, row in enumerate(rows) if "Go to the next comment, or" in row)
        assert not rows[wrapped + 1][:meaning].strip(" ▌▐│┃█"), f"the meaning runs under the keys:\n{rows[wrapped + 1]}"


async def test_every_binding_has_an_id_and_a_tooltip() -> None:
    from app.review.keys import REVIEW_KEYS
    from widgets.comment_box import CommentBox
    from widgets.diff.keys import DIFF_KEYS

    ids = [binding.id for binding in (*REVIEW_KEYS, *DIFF_KEYS, *CommentBox.BINDINGS)]  # type: ignore[union-attr]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert all(binding.tooltip for binding in (*REVIEW_KEYS, *DIFF_KEYS))


@presses("diff.range", "review.back")
async def test_q_goes_back_from_anywhere(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(90, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("v", "q")
        await until(pilot, lambda: app.screen is not app.review, "the review is left")


@presses("review.reload")
async def test_a_change_that_cannot_be_read_says_so_and_can_be_read_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    scene.api.failing = "diff"
    app = scene.app()
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda: "The engine cannot be reached." in screen_text(app), "the problem is said")
        scene.api.failing = ""
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "+ten" in screen_text(app), "the change is shown")


async def test_scope_that_does_not_exist_leaves_the_one_there_is(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(160, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("o")
        await until(pilot, lambda: "not committed yet" in screen_text(app), "the next scope is named")
        await pilot.press("o")
        await until(pilot, lambda: "the last turn" in screen_text(app), "the next scope is named")
        await pilot.press("o")
        await until(pilot, lambda: "Nothing was sent for review yet" in screen_text(app), "why there is no such diff")
        assert "the last turn" in screen_text(app)


async def test_an_unchanged_task_says_that_nothing_differs(tmp_path: Path) -> None:
    app = Scene(tmp_path, {"a": "1\n"}, {"a": "1\n"}).app()
    async with app.run_test(size=(90, 24)) as pilot:
        await until(pilot, lambda: "Nothing differs." in screen_text(app), "an empty change says so")
        await pilot.press(
            "j", "k", "d", "f", "right_square_bracket", "n", "v", "y", "z", "h", "G", "slash", "x", "enter"
        )


def test_the_editor_is_the_persons_own() -> None:
    assert editor_command({"EDITOR": "vim -R", "VISUAL": ""}) == ["vim", "-R"]
    assert editor_command({"EDITOR": "vim", "VISUAL": "code --wait"}) == ["code", "--wait"]
    with pytest.raises(UsageError, match="no editor"):
        editor_command({})


def test_editors_are_told_the_line_in_their_own_way() -> None:
    assert arguments_at("nvim", "/w/a.py", 7) == ["+7", "/w/a.py"]
    assert arguments_at("/opt/bin/code", "/w/a.py", 7) == ["--goto", "/w/a.py:7"]
    assert arguments_at("hx", "/w/a.py", 7) == ["/w/a.py:7"]


def test_a_link_out_of_the_worktree_is_not_opened(tmp_path: Path) -> None:
    worktree, secret = tmp_path / "worktree", tmp_path / "secret"
    worktree.mkdir()
    secret.write_text("key")
    (worktree / "a.py").write_text("x")
    (worktree / "link").symlink_to(secret)
    assert file_in(str(worktree), b"a.py") == worktree / "a.py"
    with pytest.raises(UsageError, match="leads out"):
        file_in(str(worktree), b"link")
    with pytest.raises(UsageError, match="not in the worktree"):
        file_in(str(worktree), b"missing")


@presses("review.edit")
async def test_editor_key_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    assert "EDITOR" not in os.environ
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(120, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("e")
        await until(pilot, lambda: "There is no editor set." in screen_text(app), "the problem is said")


async def test_until_a_change_is_read_nothing_is_said_about_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    scene.api.failing = "diff"
    app = scene.app()
    async with app.run_test(size=(120, 24)) as pilot:
        said = "The engine cannot be reached. Start it again."
        await until(pilot, lambda: screen_text(app).count(said) == 2, "why there is no diff stands in its place too")
        assert "Nothing differs" not in screen_text(app)
        assert "0 files" not in screen_text(app)
        scene.api.failing = ""
        await pilot.press("ctrl+r")
        await opened(pilot, app)
        assert screen_text(app).count(said) < 2, "the diff is there now"

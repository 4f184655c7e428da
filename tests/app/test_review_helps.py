"""What helps a reviewer beside reading and writing: completion, history, the same comment twice, staging, the palette,
the list of files, what a check says about a line."""

from __future__ import annotations

import re
from pathlib import Path

from textual import events
from textual.command import CommandPalette
from textual.widgets import Input

from agents.parts.checks import Finding
from tests.app.review_scene import Scene, go_to_line, line_at_cursor, opened, screen_text, until
from tests.app.test_review_marks_and_acts import BASE, FIRST, claimed
from tests.presses import presses
from tests.widgets.diff.diff_scene import a_comment
from widgets.comment_area import CommentArea
from widgets.diff import DiffView
from widgets.diff.rows import MARK
from widgets.file_list import FileList


@presses("comment.complete")
async def test_tab_completes_paths_and_words_of_the_change_in_a_comment(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c")
        await until(pilot, lambda: app.screen.query(CommentArea), "the box is open")
        area = app.screen.query_one("CommentBox CommentArea", CommentArea)
        await until(pilot, lambda: area.words.paths, "the words are here")
        await pilot.press(*"as test_b")
        await until(pilot, lambda: "Tab tests/test_b.py" in screen_text(app), "a file is offered")
        await pilot.press("tab")
        assert area.text == "as tests/test_b.py"
        await pilot.press(*" thi", "tab")
        assert area.text == "as tests/test_b.py thirty"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: scene.api.notes, "the comment is kept")


async def test_earlier_comments_lie_above_the_first_line(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"Say why", "ctrl+s")
        await until(pilot, view.state.comment, "the comment is kept, and the cursor on it")
        await go_to_line(pilot, view, "thirty")
        await pilot.press("c", *"And", "up", "up")
        area = app.screen.query_one("CommentBox CommentArea", CommentArea)
        assert area.text == "Say why"
        await pilot.press("down", "down")
        assert area.text == "And", "what was being written is lost"


@presses("review.again")
async def test_the_same_comment_is_put_on_several_places(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"Say why", "ctrl+t", "ctrl+s")
        await until(pilot, view.state.comment, "the comment is kept, and the cursor on it")
        await go_to_line(pilot, view, "thirty")
        await pilot.press("v", "j", "plus")
        await until(pilot, lambda: len(scene.api.notes) == 2, "it is there a second time")
        first, second = scene.api.notes
        assert (second.text, second.kind) == (first.text, first.kind)
        assert (second.start, second.end, second.quote) == (30, 31, ("+thirty", "+more"))


@presses("review.stage")
async def test_a_hunk_is_staged_and_taken_out_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("S")
        await until(pilot, lambda: "▣ staged" in screen_text(app), "the hunk says that it is staged")
        staged = scene.repository.git("cat-file", "blob", f"{scene.api.staging.index}:a.py").decode()
        assert staged == BASE["a.py"].replace("line 10\n", "ten\n")
        assert scene.api.head != scene.api.staging.index, "the files changed"
        await pilot.press("S")
        await until(pilot, lambda: scene.api.staging.index == scene.api.base, "it is out again")
        await until(pilot, lambda: "▣ staged" not in screen_text(app), "and says so no more")


async def test_every_action_of_the_review_is_in_its_palette(tmp_path: Path) -> None:
    from app.review.keys import REVIEW_KEYS
    from app.review.palette import ReviewCommands
    from widgets.diff.keys import DIFF_KEYS

    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        offered = [title for title, _, _ in ReviewCommands(app.review).commands()]
        wanted = {binding.description for binding in (*REVIEW_KEYS, *DIFF_KEYS)} - {"Commands"}
        assert wanted == {re.sub(r"  \(.*\)\Z", "", title) for title in offered}
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette), "the palette is open")
        await pilot.press(*"hide this file")
        await until(pilot, lambda: "Hide file" in screen_text(app), "the action is found by what it does")
        await pilot.press("enter")
        await until(pilot, lambda: b"a.py" in view.state.hidden, "it is done")


@presses("review.filter-files", "review.tree")
async def test_the_list_of_files_is_filtered_and_shown_as_a_tree(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        files = app.screen.query_one(FileList)
        await pilot.press("L", *"tb")
        await until(pilot, lambda: files.letters == "tb", "the letters arrive")
        listed = "\n".join(strip.text for strip in files.render_lines(files.size.region))
        assert "test_b.py" in listed
        assert "a.py" not in listed
        await pilot.press("enter")
        await until(pilot, lambda: view.state.position().path == b"tests/test_b.py", "the reader is there")
        await pilot.press("L", "escape", "T")
        await until(pilot, lambda: files.as_tree and not files.letters, "a tree of all files")
        listed = [strip.text.rstrip() for strip in files.render_lines(files.size.region)]
        assert listed[1].startswith(" ▾ tests/"), listed[:5]
        await pilot.click(FileList, offset=(3, 1))
        assert "test_b.py" not in files.render_lines(files.size.region)[2].text
        assert not app.screen.query_one("#filter", Input).display


async def test_what_a_check_says_stands_beneath_its_line_and_the_warning_key_goes_there(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    scene.check_says(Finding(path=b"b.py", line=1, message="expected 1"))
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await until(pilot, lambda: "✗ tests: expected 1" in screen_text(app), "the mark is shown")
        assert "failing 1" in screen_text(app)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: line_at_cursor(view) == "x = 2", "the reader is at that line")
        await pilot.press("j")
        section = view.state.section
        assert section is not None
        assert section.kinds[view.state.cursor.row] == MARK
        await pilot.press("c")
        await until(pilot, lambda: view.is_editing, "a comment is written on it")
        area = app.screen.query_one("CommentBox CommentArea", CommentArea)
        assert area.text == "tests: expected 1\n"


@presses("diff.fold-all", "diff.moved", "review.open")
async def test_enter_unfolds_what_is_folded(tmp_path: Path) -> None:
    before = {"a.py": "".join(f"value_{n} = {n}\n" for n in range(9)), "b.py": "", "c.py": "x = 1\n"}
    after = {"a.py": "", "b.py": before["a.py"], "c.py": "x = 2\n"}
    app = Scene(tmp_path, before, after).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        assert "9 lines moved to b.py:1" in screen_text(app)
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: "value_3 = 3" in screen_text(app), "its lines are shown")
        await pilot.press("m", "m", "E")
        await until(pilot, lambda: all(view.state.is_folded(file) for file in view.state.diff.files), "all are folded")
        await pilot.press("g", "enter")
        assert not view.state.is_folded(view.state.diff.files[0])


@presses("diff.alone")
async def test_files_are_read_one_at_a_time(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("1")
        assert "b.py" not in "\n".join(line[33:] for line in screen_text(app).split("\n")[3:-3])
        assert "file 1/3" in screen_text(app)
        await pilot.press("f")
        assert view.state.position().path == b"b.py"
        await pilot.press("F")
        assert view.state.position().path == b"a.py"
        await pilot.press("1")
        assert len([section for section in view.state.table.sections if len(section)]) == 3


@presses("review.whole")
async def test_the_whole_file_is_shown_and_folded_again(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 60)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("equals_sign")
        await until(pilot, lambda: "line 20" in screen_text(app), "the unchanged lines are shown")
        assert line_at_cursor(view) == "ten"
        await pilot.press("equals_sign")
        await until(pilot, lambda: "line 20" not in screen_text(app), "they are gone again")
        assert line_at_cursor(view) == "ten"


@presses("review.copy-place", "review.path")
async def test_the_place_is_copied_and_put_into_the_prompt(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(160, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("Y")
        assert app.copied == "a.py:10"
        await pilot.press("p")
        await until(pilot, lambda: app.screen.query_one("#prompt CommentArea", CommentArea).has_focus, "one can write")
        await pilot.press(*"Why?", "enter")
        await until(pilot, lambda: scene.api.sent, "it is sent")
        assert scene.api.sent[0].text == "a.py:10\nWhy?"


@presses("review.explain-all", "review.explain-file")
async def test_a_file_and_everything_shown_are_explained(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press("t", "ctrl+x")
        await until(pilot, lambda: scene.api.questions, "it is asked about the file")
        assert "+ten" in scene.api.questions[0]
        assert "x = 2" not in scene.api.questions[0]
        await pilot.press("X")
        await until(pilot, lambda: len(scene.api.questions) == 2, "it is asked about everything")
        assert "+x = 2" in scene.api.questions[1]
        assert "test_b" not in scene.api.questions[1], "what is hidden was sent"


async def test_what_a_check_said_before_a_file_changed_is_about_the_file(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    scene.check_says(Finding(path=b"b.py", line=1, message="expected 1"), tree=scene.api.base)
    app = scene.app()
    async with app.run_test(size=(120, 60)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: "line 1 before the last change: expected 1" in screen_text(app), "it is told")


async def test_comments_on_hidden_files_are_not_sent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 50)) as pilot:
        view = await opened(pilot, app)
        for line in ("ten", "x = 2"):
            await go_to_line(pilot, view, line)
            await pilot.press("c", *"Why?", "ctrl+s")
            await until(pilot, view.state.comment, "the comment is kept, and the cursor on it")
        await go_to_line(pilot, view, "ten")
        await pilot.press("h", "s")
        await until(pilot, lambda: "on hidden files (1) stays here" in screen_text(app), "it says what is left out")
        await pilot.press("enter")
        await until(pilot, lambda: scene.api.sent, "the round is sent")
        assert "b.py" in scene.api.sent[0].text
        assert "a.py" not in scene.api.sent[0].text
        assert [note.state for note in scene.api.notes] == ["draft", "sent"]


async def test_the_keys_in_a_comments_box_are_clicked_and_the_right_button_offers_everything(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    claimed(scene, "R1-C1", "ten")
    app = scene.app()
    async with app.run_test(size=(120, 50)) as pilot:
        view = await opened(pilot, app)
        await until(pilot, lambda: "a accept" in screen_text(app), "the claim is shown")
        lines = screen_text(app).split("\n")
        y = next(index for index, line in enumerate(lines) if "a accept" in line)
        await pilot.click(offset=(lines[y].index("reopen and") + 2, y))
        await until(pilot, lambda: view.is_editing, "a click on x opens it again")
        await pilot.press("escape")
        await until(pilot, lambda: not view.is_editing, "the box is closed")
        await pilot.click(offset=(lines[y].index("a accept") + 1, y))
        await until(pilot, lambda: scene.api.notes[0].state == "resolved", "a click on a accepts")
        await pilot.click(DiffView, offset=(30, 5), button=3)
        await until(pilot, lambda: isinstance(app.screen, CommandPalette), "the right button offers all actions")


async def test_the_place_is_there_again_after_a_scope_that_does_not_have_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    only_b = scene.repository.tree({**BASE, "b.py": "x = 2\n"})
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "thirty")
        await app.review.read_change(scope="refs", named=(scene.api.base, only_b))
        assert [file.path for file in view.state.diff.files] == [b"b.py"]
        await app.review.read_change(scope="branch")
        assert line_at_cursor(view) == "thirty"


async def test_several_lines_are_pasted_into_a_comment_as_they_are(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c")
        await until(pilot, lambda: app.screen.query("CommentBox CommentArea"), "the box is open")
        area = app.screen.query_one("CommentBox CommentArea", CommentArea)
        area.post_message(events.Paste("one\r\ntwo\r\rthree"))
        await until(pilot, lambda: area.text == "one\ntwo\n\nthree", f"the lines are there, not {area.text!r}")


async def test_what_reviewing_agents_wrote_is_counted_before_it_is_sent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    scene.api.notes += [a_comment(id="R1-C1", start=10), a_comment(id="R1-C2", start=30, author="reviewer")]
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press("s")
        await until(pilot, lambda: "Send 2 comments, 1 of them not written by you" in screen_text(app), "it says so")


async def test_the_keys_beneath_a_comment_and_a_prompt_are_clicked(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()

    def place(words: str) -> tuple[int, int]:
        lines = screen_text(app).split("\n")
        y = next(index for index, line in enumerate(lines) if words in line)
        return lines[y].index(words) + 1, y

    async with app.run_test(size=(140, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"Why?")
        await until(pilot, lambda: "^T kind" in screen_text(app), "the box is open")
        await pilot.click(offset=place("^T kind"))
        await pilot.click(offset=place("^S save"))
        await until(pilot, lambda: scene.api.notes and not view.is_editing, "a click saves it")
        assert scene.api.notes[-1].kind == "question"
        await pilot.press("tab", *"Go on")
        await until(pilot, lambda: "F4 all" in screen_text(app), "one writes a prompt")
        await pilot.click(offset=place("F4 all"))
        await pilot.click(offset=place("Enter send"))
        await until(pilot, lambda: scene.api.sent, "a click sends it")
        assert "+x = 2" in scene.api.sent[0].text

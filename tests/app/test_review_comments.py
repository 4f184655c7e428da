"""Writing, keeping, sending and judging comments in the review screen."""

from __future__ import annotations

from pathlib import Path

from rich.style import Style
from textual.events import Paste
from textual.geometry import Region
from textual.pilot import Pilot

from agents.escape import escape
from app.review.send import SendScreen
from tests.app.review_scene import ReviewApp, Scene, go_to_line, line_at_cursor, opened, screen_text, until
from tests.images import a_picture
from tests.presses import presses
from tests.widgets.diff.diff_scene import numbered
from widgets.chip_area import ChipArea
from widgets.comment_area import CommentArea
from widgets.comment_box import CommentBox
from widgets.diff import DiffView

BEFORE = {"a.py": numbered(30), "b.py": "x = 1\n"}
AFTER = {"a.py": numbered(30).replace("line 10\n", "ten\nand more\n"), "b.py": "x = 2\n"}


def box_of(app: ReviewApp) -> CommentBox | None:
    boxes = app.review.query(CommentBox)
    return boxes.first() if boxes else None


def styles_of(app: ReviewApp, text: str) -> list[Style]:
    """How a text is drawn, wherever it stands."""
    strips = app.screen._compositor.render_strips(app.size)
    return [style for strip in strips for shown, style, _ in strip if text in shown and style is not None]


async def test_a_comment_is_written_on_a_line_and_stands_below_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"Say why", "enter", *"and test it", "ctrl+s")
        await until(pilot, lambda: scene.api.notes and not view.is_editing, "the comment is kept")
        (note,) = scene.api.notes
        assert (note.text, note.path, note.side, note.start, note.end) == (
            "Say why\nand test it",
            b"a.py",
            "new",
            10,
            10,
        )
        assert note.quote == ("+ten",)
        assert (note.base_tree, note.head_tree) == (scene.api.base, scene.api.head)
        await until(pilot, lambda: "R1-C1" in screen_text(app), "its box is shown")
        lines = screen_text(app).split("\n")
        box = next(index for index, line in enumerate(lines) if "R1-C1" in line and "draft" in line)
        assert "+ten" in lines[box - 1]
        assert "Say why" in lines[box + 1]
        assert "and test it" in lines[box + 2]
        assert "+and more" in lines[box + 3]


async def test_a_range_is_commented_as_a_whole(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "line 10")
        await pilot.press("v", "j", "j", "c", *"All of it", "ctrl+s")
        await until(pilot, lambda: scene.api.notes and not view.is_editing, "the comment is kept")
        (note,) = scene.api.notes
        assert (note.start, note.end, note.quote) == (10, 11, ("-line 10", "+ten", "+and more"))


@presses("review.comment-change", "review.comment-file")
async def test_files_hunks_and_the_whole_change_can_be_commented(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        for keys in (("C",), ("right_square_bracket", "c"), ("ctrl+g",)):
            before = len(scene.api.notes)
            await pilot.press("g", *keys, *"text", "ctrl+s")
            await until(pilot, lambda n=before: len(scene.api.notes) > n and not view.is_editing, f"{keys} is kept")
        assert [note.target for note in scene.api.notes] == ["file", "hunk", "change"]
        assert [note.path for note in scene.api.notes] == [b"a.py", b"a.py", b""]


async def test_what_is_typed_is_kept_at_every_pause_before_it_is_saved(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"half a th")
        said = "the engine has the draft while it is written"
        await until(pilot, lambda: [note.text for note in scene.api.notes] == ["half a th"], said)
        assert view.is_editing
        await pilot.press(*"ought")
        await until(pilot, lambda: scene.api.notes[0].text == "half a thought", "the engine has the rest")
        assert len(scene.api.notes) == 1, "one comment, not one for each pause"
        assert scene.api.notes[0].state == "draft"


async def test_escape_leaves_and_keeps_the_draft(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("c", *"keep me", "escape")
        await until(pilot, lambda: not view.is_editing, "the editor is closed")
        assert [note.text for note in scene.api.notes] == ["keep me"]
        assert app.screen is app.review, "Escape leaves the comment, not the review"
        assert view.has_focus


async def test_a_comment_without_text_is_dropped(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("c", "escape")
        await until(pilot, lambda: not view.is_editing, "the editor is closed")
        assert scene.api.notes == []
        await pilot.press("c", "x")
        await until(pilot, lambda: scene.api.notes, "the draft is kept at the pause")
        await pilot.press("backspace", "ctrl+s")
        await until(pilot, lambda: not view.is_editing and not scene.api.notes, "the emptied draft is dropped")


@presses("review.drop")
async def test_a_draft_is_gone_on_with_where_it_was_left(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"first", "ctrl+s")
        await until(pilot, lambda: not view.is_editing and view.state.comment(), "the cursor is on the new comment")
        await pilot.press("enter", *" second", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the editor is closed")
        assert [(note.id, note.text) for note in scene.api.notes] == [("R1-C1", "first second")]
        await pilot.press("D")
        await until(pilot, lambda: not scene.api.notes, "the draft is dropped")


async def test_the_kind_goes_round_and_a_suggestion_begins_with_the_lines(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", "ctrl+t")
        box = box_of(app)
        assert box is not None
        assert box.kind == "question"
        await pilot.press("ctrl+t")
        assert (box.kind, box.text) == ("suggestion", "```suggestion\nten\n```")
        await pilot.press("ctrl+t")
        assert (box.kind, box.text) == ("do-not-touch", ""), "an unchanged suggestion goes away with its kind"
        await pilot.press("ctrl+t", "ctrl+t", "ctrl+t", "ctrl+t", *"!", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the editor is closed")
        (note,) = scene.api.notes
        assert (note.kind, note.text) == ("suggestion", "```suggestion\nten!\n```")


async def test_another_kind_after_the_first_save_leaves_one_comment(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("c", *"why")
        await until(pilot, lambda: scene.api.notes, "the draft is kept")
        await pilot.press("ctrl+t", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the editor is closed")
        assert [(note.kind, note.text) for note in scene.api.notes] == [("question", "why")]


async def test_a_comment_that_cannot_be_kept_stays_open(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    scene.api.failing = "add"
    app = scene.app()
    async with app.run_test(size=(140, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("c", *"precious", "ctrl+s")
        await until(pilot, lambda: "it stays open" in screen_text(app), "the problem is said")
        box = box_of(app)
        assert box is not None
        assert box.text == "precious"
        scene.api.failing = ""
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the editor is closed")
        assert [note.text for note in scene.api.notes] == ["precious"]


async def test_n_goes_from_comment_to_comment(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        for path in ("ten", "x = 2"):
            await go_to_line(pilot, view, path)
            await pilot.press("c", *"text", "ctrl+s")
            await until(pilot, lambda: not view.is_editing, "the editor is closed")
        await pilot.press("g", "n")
        assert view.state.comment() == scene.api.notes[0]
        await pilot.press("n")
        assert view.state.comment() == scene.api.notes[1]
        await pilot.press("N")
        assert view.state.comment() == scene.api.notes[0]


@presses("send.leave")
async def test_sending_shows_the_prompt_first_and_the_screen_stays(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"Say why", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the comment is kept")
        await pilot.press("s")
        await until(pilot, lambda: "### R1-C1 [fix] a.py:10" in screen_text(app), "the prompt is shown")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.review, "the review is back")
        assert scene.api.sent == [], "nothing goes before it is confirmed"
        await pilot.press("s")
        await until(pilot, lambda: app.screen is not app.review, "the prompt is shown again")
        await pilot.press("enter")
        await until(pilot, lambda: scene.api.sent, "the round is sent")
        assert scene.api.sent[0].when == "now"
        await until(pilot, lambda: app.screen is app.review and "sent" in screen_text(app), "the comment shows as sent")


@presses("send.after")
async def test_alt_enter_sends_after_the_turn(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER, state="working")
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("c", *"Say why", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the comment is kept")
        await pilot.press("s")
        await until(pilot, lambda: "steer it now" in screen_text(app), "it says what Enter does")
        await pilot.press("alt+enter")
        await until(pilot, lambda: scene.api.sent, "the round is sent")
        assert scene.api.sent[0].when == "after"


async def test_sending_that_fails_marks_nothing_as_sent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("s")
        await until(pilot, lambda: "There are no comments to send" in screen_text(app), "the problem is said")
        await pilot.press("c", *"Say why", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the comment is kept")
        scene.api.failing = "send_round"
        await pilot.press("s")
        await until(pilot, lambda: app.screen is not app.review, "the prompt is shown")
        await pilot.press("enter")
        await until(pilot, lambda: "The engine cannot be reached." in screen_text(app), "the problem is said")
        assert [note.state for note in scene.api.notes] == ["draft"]


async def test_a_claim_is_shown_and_only_the_person_resolves_or_reopens(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"Say why", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the comment is kept")
        await scene.api.review.send("abcd")
        scene.api.claim("R1-C1", "done", "added a reason")
        await until(pilot, lambda: "✓ claimed done" in screen_text(app), "the claim is shown")
        assert "added a reason" in screen_text(app)
        await pilot.press("g", "n", "a")
        await until(pilot, lambda: scene.api.notes[0].state == "resolved", "it is resolved")
        await until(pilot, lambda: "✓ resolved" in screen_text(app), "the verdict is shown")
        await pilot.press("x")
        await until(pilot, lambda: scene.api.notes[0].state == "sent", "it is open again")


async def test_judging_without_a_comment_says_where_to_go(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(140, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("a")
        await until(pilot, lambda: "Put the cursor on a comment" in screen_text(app), "what to do is said")
        assert "resolve" not in scene.api.calls
        assert line_at_cursor(view) == "ten"


async def test_a_comment_box_that_was_taken_away_can_still_be_asked_to_draw_itself(tmp_path: Path) -> None:
    app = Scene(tmp_path, {"a.py": "old\n"}, {"a.py": "new\n"}).app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.press("j", "j", "j", "c")
        await until(pilot, lambda: app.screen.query(CommentArea), "the box is open")
        area = app.screen.query_one(CommentArea)
        size = area.size
        await app.screen.query_one(CommentBox).remove()
        strips = area.render_lines(Region(0, 0, *size))  # as the compositor does until the next layout
        assert [strip.cell_length for strip in strips] == [size.width] * size.height


async def test_the_path_of_an_image_pasted_into_a_comment_is_a_chip_until_the_agent_gets_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    (tmp_path / "a shot.png").write_bytes(a_picture())
    (tmp_path / "other.png").write_bytes(a_picture())
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", *"Like ")
        area = app.review.query_one(CommentBox).query_one(CommentArea)
        area.post_message(Paste(f"file://{tmp_path}/a%20shot.png"))
        await until(pilot, lambda: "⟦image a shot.png #" in area.text, "a chip stands for it")
        await until(pilot, lambda: "⟦image a shot.png #" in screen_text(app), "it is shown")
        assert styles_of(app, "⟦image")[0].color == area.get_component_rich_style("chip-area--chip").color
        area.post_message(Paste(f"'{tmp_path}/other.png'"))
        await until(pilot, lambda: "⟦image other.png #" in area.text, "a chip stands for the other")
        await pilot.press("backspace")
        assert "other.png" not in area.text, "a chip is deleted as a whole"
        await pilot.press(*f" not @{tmp_path}/other.png", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the comment is kept")
        (note,) = scene.api.notes
        assert note.text.startswith("Like ⟦image a shot.png #")
        assert "not ⟦image other.png #" in note.text, "a path that is typed is found too"
        kept = [f"{tmp_path}/{name}" for name in ("a shot.png", "other.png", "other.png")]
        assert scene.api.writing.images == kept, "the engine keeps copies"
        assert all(style.bold for style in styles_of(app, "⟦image")), "chips stand out in the comment's box"
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SendScreen), "the prompt is shown")
        await pilot.press("e", *"And ")
        app.screen.query_one(ChipArea).post_message(Paste(f"{tmp_path}/other.png"))
        await until(pilot, lambda: len(scene.api.writing.images) == 4, "an image goes into the prompt too")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: scene.api.sent, "it is sent")
        assert scene.api.sent[0].text.startswith("And ⟦image other.png #")


async def test_a_long_text_pasted_into_a_comment_stands_there(tmp_path: Path) -> None:
    app = Scene(tmp_path, BEFORE, AFTER).app()
    async with app.run_test(size=(100, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press("c")
        area = app.review.query_one(CommentBox).query_one(CommentArea)
        area.post_message(Paste("trace\r\n" * 40))
        await until(pilot, lambda: area.text == "trace\n" * 40, "it is no chip: a comment is read where it stands")


async def test_code_in_a_suggestion_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    app = Scene(tmp_path, {"a.py": "old\n"}, {"a.py": "a\x1b[31mred\x9b1m\x07\u202e!\n"}).app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "a\x1b[31mred\x9b1m\x07\u202e!")
        await pilot.press("c", "ctrl+t", "ctrl+t")
        await until(pilot, lambda: screen_text(app).count("a␛[31mred") == 2, "the line is in the box too")
        acting = [
            text
            for strip in app.screen._compositor.render_strips(app.size)
            for text, _, _ in strip
            if escape(text).marks
        ]
        assert not acting, f"these act on the terminal: {acting}"


@presses("send.other")
async def test_a_prompt_that_was_edited_and_not_sent_is_there_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    first = scene.app()

    async def shows(app: ReviewApp, pilot: Pilot[None], text: str) -> None:
        await until(pilot, lambda: text in screen_text(app), f"it says {text!r}")

    async def comments(app: ReviewApp, pilot: Pilot[None], text: str) -> None:
        await pilot.press("c", *text, "ctrl+s")
        await until(pilot, lambda: not app.review.query_one(DiffView).is_editing, "the comment is kept")

    async with first.run_test(size=(100, 40)) as pilot:
        await opened(pilot, first)
        await comments(first, pilot, "Say why")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(first.screen, SendScreen), "the prompt is shown")
        await pilot.press("e", *"Mind: ", "escape", "escape")
        await until(pilot, lambda: first.screen is first.review, "the dialog is left")
    assert not scene.api.sent
    app = scene.app()  # another screen, later
    async with app.run_test(size=(100, 40)) as pilot:
        await opened(pilot, app)
        scene.api.failing = "send_round"
        await pilot.press("s")
        await shows(app, pilot, "Mind: Review round 1")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.review, "the dialog is left")
        scene.api.failing = ""
        await pilot.press("G")
        await comments(app, pilot, "And this")
        await pilot.press("s")
        await shows(app, pilot, "Mind: Review round 1")
        await shows(app, pilot, "not sent with it: R1-C2")
        await shows(app, pilot, "Send 1 comment")
        await pilot.press("o")
        await until(pilot, lambda: "Mind:" not in screen_text(app), "the prompt is shown as it is now")
        await pilot.press("o", "enter")
        await until(pilot, lambda: scene.api.sent, "it is sent")
        assert scene.api.sent[0].text.startswith("Mind: Review round 1")
        states = [note.state for note in scene.api.notes]
        assert states == ["sent", "draft"], "what is not in the prompt is not sent"


async def test_what_was_made_of_a_prompt_is_put_by_when_another_one_is_sent(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BEFORE, AFTER)
    app = scene.app()
    async with app.run_test(size=(100, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("c", *"Say why", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the comment is kept")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SendScreen), "the prompt is shown")
        await pilot.press("e", *"One: ", "escape", "o", "e", *"Two: ", "escape", "o", "enter")
        await until(pilot, lambda: scene.api.sent, "it is sent")
        assert scene.api.sent[0].text.startswith("Review round 1")
        await until(pilot, lambda: len(scene.api.writing.put_by) == 2, "both are put by")
        assert [text[:5] for text in scene.api.writing.put_by] == ["One: ", "Two: "]

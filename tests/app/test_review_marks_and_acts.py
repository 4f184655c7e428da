"""Reviewed marks, warnings, claims, taking back, suggestions, questions, scopes: by their keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.events import Paste
from textual.pilot import Pilot

from agents.model import Task
from agents.parts.review import Comment
from app.keys import PRESETS, default_keys, read_keymap
from app.review.pick import PickScreen
from tests.app.review_scene import ReviewApp, Scene, go_to_line, line_at_cursor, opened, screen_text, until
from tests.images import a_picture
from tests.presses import presses
from tests.widgets.diff.diff_scene import a_comment, numbered
from widgets.chip_bar import ChipBar
from widgets.comment_box import CommentBox
from widgets.diff import DiffView
from widgets.diff.rows import FILE

BASE = {"a.py": numbered(40), "b.py": "x = 1\n", "tests/test_b.py": "def test_b():\n    assert b() == 1\n"}
FIRST = {
    "a.py": numbered(40).replace("line 10\n", "ten\n").replace("line 30\n", "thirty\nmore\n"),
    "b.py": "x = 2\n",
    "tests/test_b.py": "def test_b():\n    b()\n",
}


def head_text(scene: Scene, name: str) -> str:
    return scene.repository.git("cat-file", "blob", f"{scene.api.head}:{name}").decode()


def claimed(scene: Scene, id: str, line: str, **more: object) -> Comment:
    """A comment on a line of the first state's a.py that the agent claims to have dealt with."""
    number = FIRST["a.py"].split("\n").index(line) + 1
    blob = scene.repository.git("rev-parse", f"{scene.api.head}:a.py").decode().strip()
    fields = {"state": "claimed", "claim": "done", "head_tree": scene.api.head, "blob": blob}
    comment = a_comment(id=id, start=number, quote=(f"+{line}",), **(fields | more))  # type: ignore[arg-type]
    scene.api.notes.append(comment)
    return comment


# --- marks


async def test_r_marks_the_file_and_goes_to_the_next_one(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("r")
        await until(pilot, lambda: scene.api.marks, "the mark is kept")
        assert view.state.position().path == b"b.py"
        assert "1 of 3 files reviewed" in screen_text(app)
        await pilot.press("F", "F", "r")
        await until(pilot, lambda: not scene.api.marks, "the mark is taken away again")
        assert "0 of 3 files reviewed" in screen_text(app)


@presses("review.mark-hunk")
async def test_all_hunks_reviewed_is_the_file_reviewed(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("R")
        await until(pilot, lambda: "✓ reviewed" in screen_text(app), "the hunk is marked")
        assert "0 of 3" in screen_text(app)
        await pilot.press("R")
        await until(pilot, lambda: "1 of 3 files reviewed" in screen_text(app), "both hunks make the file")


async def test_marks_stay_with_what_a_turn_left_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("r", "r")
        await until(pilot, lambda: "2 of 3" in screen_text(app), "two files are reviewed")
        scene.agent_writes({**FIRST, "a.py": "import os\n" + FIRST["a.py"].replace("ten\n", "TEN\n")})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "1 of 3 files reviewed" in screen_text(app), "only the file that stayed is reviewed")
        assert [view.state.remarks_on(file).is_reviewed for file in view.state.diff.files] == [False, True, False]
        assert len(view.state.remarks_on(view.state.diff.files[0]).reviewed_hunks) == 1, "its other hunk still is"


@presses("review.hide-reviewed", "review.mark-file", "review.next-unreviewed")
async def test_reviewed_files_are_hidden_and_the_next_unreviewed_is_found(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("f", "r")
        await until(pilot, lambda: "1 of 3" in screen_text(app), "b.py is reviewed")
        await pilot.press("M")
        shown = [file.path for file in view.state.diff.files if not view.state.is_hidden(file)]
        assert shown == [b"a.py", b"tests/test_b.py"]
        await pilot.press("g", "full_stop")
        assert view.state.position().path == b"tests/test_b.py"
        await pilot.press("M")
        assert not any(view.state.is_hidden(file) for file in view.state.diff.files)


# --- warnings


@presses("review.next-warning")
async def test_warnings_come_as_chips_and_the_key_goes_to_their_places(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        assert "tests weakened 1" in screen_text(app)
        await pilot.press("exclamation_mark")
        assert line_at_cursor(view) == "    assert b() == 1"
        assert "1 check fewer than before" in screen_text(app)


@presses("review.filter")
async def test_a_chip_filters_by_key_and_by_mouse(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)

        def shown() -> list[bytes]:
            return [file.path for file in view.state.diff.files if not view.state.is_hidden(file)]

        await pilot.press("O")
        assert shown() == [b"tests/test_b.py"]
        line = screen_text(app).split("\n")[1]
        await pilot.click(ChipBar, offset=(line.index("tests weakened") + 2, 0))
        assert len(shown()) == 3, "a click on the chosen chip shows everything again"
        await pilot.click(ChipBar, offset=(line.index("tests weakened") + 2, 0))
        assert shown() == [b"tests/test_b.py"]


# --- claims


async def turned(pilot: Pilot[None], scene: Scene, app: ReviewApp) -> DiffView:
    """The review after a turn that changed line ten and, unasked, line 30."""
    view = await opened(pilot, app)
    scene.agent_writes({**FIRST, "a.py": FIRST["a.py"].replace("ten\n", "10\n").replace("thirty\n", "30\n")})
    app.review.refresh_task(scene.at_work())
    app.review.refresh_task(scene.after_turn())
    await until(pilot, lambda: b"+10\n" in view.state.diff.files[0].lines.data, "the new diff is shown")
    return view


async def test_a_claim_shows_evidence_and_both_states_of_its_lines(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST, round=1)
    claimed(scene, "R1-C1", "ten")
    app = scene.app()
    async with app.run_test(size=(120, 50)) as pilot:
        await turned(pilot, scene, app)
        text = screen_text(app)
        assert "● its lines changed" in text
        lines = text.split("\n")
        at = next(number for number, line in enumerate(lines) if "its lines changed" in line)
        card = "\n".join(lines[at : at + 6])
        assert "- ten" in card
        assert "+ 10" in card
        assert "nobody asked for this" in text, "the other hunk of the turn is not marked"


@presses("review.resolve")
async def test_claims_are_judged_one_after_the_other_untouched_ones_first(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST, round=1)
    claimed(scene, "R1-C1", "ten")
    claimed(scene, "R1-C2", "line 20")
    app = scene.app()
    async with app.run_test(size=(120, 50)) as pilot:
        view = await turned(pilot, scene, app)
        assert "2 to judge" in screen_text(app)
        await pilot.press("semicolon")
        comment = view.state.comment()
        assert comment is not None
        assert comment.id == "R1-C2", "what was claimed and not touched comes first"
        assert "▲ its lines did not change" in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: scene.api.notes[1].state == "resolved", "it is accepted")
        await until(pilot, lambda: (c := view.state.comment()) and c.id == "R1-C1", "the next claim is there")
        await pilot.press("x")
        await until(pilot, lambda: app.screen.query(CommentBox), "it asks what is missing")
        await pilot.press(*"Still ten", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the follow-up is kept")
        note = scene.api.notes[0]
        assert (note.state, [reply.text for reply in note.replies]) == ("sent", ["Still ten"])
        assert "goes with the next round" in screen_text(app)


@presses("comment.leave", "review.next-claim", "review.reopen")
async def test_leaving_a_follow_up_empty_changes_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST, round=1)
    claimed(scene, "R1-C1", "ten")
    app = scene.app()
    async with app.run_test(size=(120, 50)) as pilot:
        view = await turned(pilot, scene, app)
        await pilot.press("semicolon", "x", "escape")
        await until(pilot, lambda: not view.is_editing, "the box is closed")
        assert (scene.api.notes[0].state, scene.api.notes[0].replies) == ("claimed", ())


# --- acts


@presses("review.revert", "review.undo")
async def test_a_hunk_is_taken_back_and_the_undo_brings_it_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        scene.api.wait = asyncio.Event()
        await pilot.press("minus", "minus")
        scene.api.wait.set()
        await until(pilot, lambda: scene.api.said, "the hunk is taken back")
        assert head_text(scene, "a.py") == FIRST["a.py"].replace("ten\n", "line 10\n")
        assert scene.api.calls.count("apply") == 1, "a key that is pressed twice takes it back once"
        await until(pilot, lambda: len(view.state.diff.files[0].hunks) == 1, "the diff is read again")
        await pilot.press("ctrl+z")
        await until(pilot, lambda: head_text(scene, "a.py") == FIRST["a.py"], "it is undone")


async def test_a_range_of_lines_and_a_whole_file_are_taken_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "more")
        await pilot.press("v", "j", "minus")
        await until(pilot, lambda: head_text(scene, "a.py") == FIRST["a.py"].replace("more\n", ""), "the line is gone")
        view.go_to_file(b"b.py")
        assert view.state.section is not None
        assert view.state.section.kinds[view.state.cursor.row] == FILE
        await pilot.press("minus")
        await until(pilot, lambda: head_text(scene, "b.py") == "x = 1\n", "the file is as it was")


@presses("comment.kind", "review.apply")
async def test_a_suggestion_is_applied_without_a_turn(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("c", "ctrl+t", "ctrl+t", *"!", "ctrl+s")
        await until(pilot, lambda: not view.is_editing and view.state.comment(), "the suggestion is a draft")
        await pilot.press("A")
        await until(pilot, lambda: "ten!" in head_text(scene, "a.py"), "it is applied")
        await until(pilot, lambda: not scene.api.notes, "the draft is settled")
        assert scene.api.sent == []


async def test_code_is_explained_in_a_task_of_its_own(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("x")
        await until(pilot, lambda: scene.api.questions, "it is asked")
        assert "a.py:10" in scene.api.questions[0]
        assert "+ten" in scene.api.questions[0]
        side = {name: getattr(scene.task, name) for name in Task.__struct_fields__} | {"id": "side", "state": "ready"}
        app.review.other_task(Task(**side))
        await until(pilot, lambda: "Task side has answered" in screen_text(app), "it is said where the answer is")
        assert [(about.path, about.start) for about in scene.api.review.asked_about] == [(b"a.py", 10)]


# --- going about


@presses("review.expand")
async def test_more_context_is_shown_around_the_hunk_and_the_reader_stays(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 60)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        assert "line 20" not in screen_text(app)
        await pilot.press("z")
        await until(pilot, lambda: "line 20" in screen_text(app), "more lines are shown")
        assert line_at_cursor(view) == "ten"


@presses("review.go-to-file")
async def test_a_file_is_found_by_some_letters_of_its_name(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("at")
        await until(pilot, lambda: isinstance(app.screen, PickScreen), "it asks for a file")
        await pilot.press(*"tsb", "enter")
        await until(pilot, lambda: view.state.position().path == b"tests/test_b.py", "the file is there")


@presses("review.compare", "review.scope")
async def test_a_commit_and_two_refs_are_compared_from_the_list(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    middle = scene.repository.tree({**BASE, "b.py": "x = 2\n"})
    scene.api.trees = {"second step": middle}
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "second step" in screen_text(app), "the commits are listed")
        await pilot.press(*f"{scene.api.base}..{middle}", "enter")
        await until(pilot, lambda: len(view.state.diff.files) == 1, "only what lies between both is shown")
        assert "two states" in screen_text(app)
        await pilot.press("o")
        await until(pilot, lambda: len(view.state.diff.files) == 3, "the whole change again")


async def test_a_file_is_shown_side_by_side_and_comments_go_to_the_side_pointed_at(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(140, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        await pilot.press("backslash")
        line = next(line for line in screen_text(app).split("\n") if "+ten" in line)
        assert "-line 10" in line, "the deleted line does not stand beside the added one"
        assert line_at_cursor(view) == "ten"
        await pilot.press("left", "c", *"why", "ctrl+s")
        await until(pilot, lambda: scene.api.notes and not view.is_editing, "the comment is kept")
        note = scene.api.notes[0]
        assert (note.side, note.start, note.quote) == ("old", 10, ("-line 10",))


# --- the prompt beside the diff


@presses(
    "diff.tests",
    "prompt.attach-all",
    "prompt.new-line",
    "prompt.path",
    "prompt.send",
    "prompt.send-after",
    "review.prompt",
)
async def test_a_prompt_is_written_beside_the_diff_with_path_and_visible_diff(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(160, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("t")  # tests are hidden, and so left out
        await go_to_line(pilot, view, "ten")
        await pilot.press("tab", *"See ", "f2", "ctrl+j", *"now", "f4")
        await until(pilot, lambda: "whole diff goes along" in screen_text(app), "it says what goes along")
        await pilot.press("alt+enter")
        await until(pilot, lambda: scene.api.sent, "it is sent")
        prompt = scene.api.sent[0]
        assert prompt.when == "after"
        assert prompt.text.startswith("See a.py:10\nnow\n\n")
        assert "+ten" in prompt.text
        assert "+x = 2" in prompt.text
        assert "test_b" not in prompt.text
        await pilot.press("tab", *"again", "enter")
        await until(pilot, lambda: len(scene.api.sent) == 2, "Enter sends")
        assert (scene.api.sent[1].when, scene.api.sent[1].text) == ("now", "again")
        (tmp_path / "a shot.png").write_bytes(a_picture())
        await pilot.press("tab", *"like ")
        app.focused.post_message(Paste(f"file://{tmp_path}/a%20shot.png"))  # type: ignore[union-attr]
        await until(pilot, lambda: "⟦image a shot.png #" in app.focused.text, "a chip stands for it")  # type: ignore[union-attr]
        await pilot.press("enter")
        await until(pilot, lambda: len(scene.api.sent) == 3, "it is sent")
        assert scene.api.sent[2].text.startswith("like ⟦image a shot.png #"), "the engine has a copy"


@presses("prompt.complete")
async def test_leaving_the_prompt_keeps_its_text(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(80, 24)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("tab", *"half", "tab")
        await until(pilot, lambda: scene.api.composer == "half", "the text is kept as the task's draft")
        assert view.has_focus
        assert "half" in screen_text(app)


@presses("comment.save", "review.comment", "review.send", "send.edit", "send.now")
async def test_the_prompt_of_a_round_is_edited_before_it_goes(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("c", *"Say why", "ctrl+s")
        await until(pilot, lambda: not view.is_editing, "the comment is kept")
        await pilot.press("s")
        await until(pilot, lambda: "This is what it will read" in screen_text(app), "the prompt is shown")
        await pilot.press("e", *"Please: ", "ctrl+s")
        await until(pilot, lambda: scene.api.sent, "the round is sent")
        assert scene.api.sent[0].text.startswith("Please: Review round 1")


# --- presets


def test_every_preset_names_actions_that_exist_and_gives_no_key_twice(tmp_path: Path) -> None:
    for name, keys in PRESETS.items():
        file = tmp_path / f"{name}.toml"
        file.write_text(f'preset = "{name}"\n')
        keymap = read_keymap(file)
        assert keymap.problems == (), name
        assert keymap.keys == keys
        assert set(keys) <= set(default_keys()), name


def test_own_keys_win_over_the_preset_and_an_unknown_preset_is_named(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('preset = "pie"\n"review.comment" = "c"\n"diff.next-hunk" = "m"\n')
    assert read_keymap(file).keys["review.comment"] == "c"
    file.write_text('preset = "emacs"\n')
    assert "no preset 'emacs'" in read_keymap(file).problems[0]


async def test_a_suggestion_for_lines_that_were_not_seen_is_not_applied(tmp_path: Path) -> None:
    scene = Scene(
        tmp_path, {"a.py": numbered(40)}, {"a.py": numbered(40).replace("e 5\n", "5\n").replace("e 30", "30")}
    )
    app = scene.app()
    async with app.run_test(size=(140, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "line 8")
        await pilot.press("v")
        await pilot.press(*"jj", "c", "ctrl+t", "ctrl+t", "ctrl+s")
        await until(pilot, lambda: not view.is_editing and view.state.comment(), "the suggestion is a draft")
        assert (scene.api.notes[0].start, scene.api.notes[0].end) == (8, 27)
        await pilot.press("A")
        await until(pilot, lambda: "lines between two hunks" in screen_text(app), "it says why not")
        assert "apply" not in scene.api.calls

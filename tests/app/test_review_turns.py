"""What the review does when the agent's turn ends: the new diff, the reader's place, the comments' places."""

from __future__ import annotations

from pathlib import Path

from agents.parts.review import Comment
from tests.app.review_scene import Scene, go_to_line, line_at_cursor, opened, screen_text, until
from tests.presses import presses
from tests.widgets.diff.diff_scene import a_comment, numbered
from widgets.diff import DiffView

BASE = {"a.py": numbered(40), "b.py": "x = 1\n"}
FIRST = {"a.py": numbered(40).replace("line 20\n", "value = compute(20)\n"), "b.py": "x = 2\n"}


def on_line(scene: Scene, view: DiffView, text: str, **more: object) -> Comment:
    """A sent comment on a line of the first file, as written on the diff that is shown."""
    file = view.state.diff.files[0]
    index = next(i for i in range(len(file.lines)) if file.lines.text(i) == text)
    comment = a_comment(
        path=file.path.decode(), start=file.lines.new[index], quote=(f"+{text}",), blob=file.new_blob, state="sent",
        head_tree=scene.api.head, **more,
    )  # fmt: skip
    scene.api.notes.append(comment)
    return comment


async def test_the_new_diff_is_shown_when_the_turn_ends_and_a_bar_says_what_changed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        app.review.refresh_task(scene.at_work())
        await until(pilot, lambda: "the agent is working" in screen_text(app), "the title says that the agent works")
        scene.agent_writes({**FIRST, "a.py": FIRST["a.py"].replace("compute(20)", "compute(21)"), "c.py": "new\n"})
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "compute(21)" in screen_text(app), "the new diff is shown")
        bar = screen_text(app).split("\n")[1]
        assert "Turn 2" in bar, bar
        assert "1 file changed (a.py)" in bar, bar
        assert "1 file new (c.py)" in bar, bar


async def test_the_reader_stays_on_the_same_line_of_code(tmp_path: Path) -> None:
    first = {**FIRST, "c.py": numbered(60)}
    scene = Scene(tmp_path, BASE, first)
    app = scene.app()
    async with app.run_test(size=(100, 30)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "value = compute(20)")
        y = view.state.table.top(view.state.cursor) - view.top
        scene.agent_writes({**first, "a.py": "import os\n" * 9 + FIRST["a.py"]})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: b"import os" in view.state.diff.files[0].lines.data, "the new diff is shown")
        assert line_at_cursor(view) == "value = compute(20)"
        assert view.state.table.top(view.state.cursor) - view.top == y, "the line moved on the screen"


async def test_a_comment_moves_with_its_lines_when_code_is_inserted_above(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(100, 50)) as pilot:
        view = await opened(pilot, app)
        on_line(scene, view, "value = compute(20)")
        scene.agent_writes({**FIRST, "a.py": "import os\n" * 9 + FIRST["a.py"]})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "moved with its lines" in screen_text(app), "the comment says that it moved")
        lines = screen_text(app).split("\n")
        box = next(index for index, line in enumerate(lines) if "R1-C1" in line)
        assert "value = compute(20)" in lines[box - 1]


async def test_a_comment_whose_lines_are_gone_is_listed_with_its_old_code(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(100, 50)) as pilot:
        view = await opened(pilot, app)
        on_line(scene, view, "value = compute(20)")
        scene.agent_writes({**FIRST, "a.py": numbered(40).replace("line 20\n", "")})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "its lines are gone" in screen_text(app), "the comment says that it is orphaned")
        lines = screen_text(app).split("\n")
        box = next(index for index, line in enumerate(lines) if "R1-C1" in line)
        assert "+value = compute(20)" in lines[box + 1], "its old code is not shown"
        assert "a.py" in lines[box - 2], "it does not stand below the name of its file"


async def test_a_comment_on_a_file_that_left_the_change_is_still_there(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 50)) as pilot:
        view = await opened(pilot, app)
        on_line(scene, view, "value = compute(20)")
        scene.agent_writes({**BASE, "b.py": "x = 2\n"})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "a.py is no longer part of the change" in screen_text(app), "the comment is shown")
        assert "+value = compute(20)" in screen_text(app)


async def test_a_comment_without_a_known_blob_is_found_by_its_quote(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    scene.api.notes.append(a_comment(start=3, quote=("+value = compute(20)",), state="sent", head_tree="0" * 40))
    app = scene.app()
    async with app.run_test(size=(100, 50)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: "moved with its lines" in screen_text(app), "the comment is placed by its quote")
        lines = screen_text(app).split("\n")
        box = next(index for index, line in enumerate(lines) if "R1-C1" in line)
        assert "value = compute(20)" in lines[box - 1]


async def test_the_view_is_frozen_while_a_comment_is_written(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "value = compute(20)")
        await pilot.press("c", *"Use")
        scene.agent_writes({**FIRST, "a.py": FIRST["a.py"].replace("compute(20)", "compute(21)")})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "The change is different now" in screen_text(app), "a bar says so")
        assert "compute(21)" not in screen_text(app), "the code moved under the comment"
        await pilot.press(*" 3", "ctrl+s")
        await until(pilot, lambda: "compute(21)" in screen_text(app), "the new diff is shown")
        assert [note.text for note in scene.api.notes] == ["Use 3"]


async def test_a_turn_without_changes_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "Nothing changed in what you see" in screen_text(app), "the bar says so")


@presses("diff.fold")
async def test_folds_and_hidden_files_outlive_a_turn(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(90, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("f", "h", "g", "Z")
        scene.agent_writes({**FIRST, "c.py": "new\n"})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: len(view.state.diff.files) == 3, "the new diff is shown")
        assert view.state.is_folded(view.state.diff.files[0])
        assert view.state.is_hidden(view.state.diff.files[1])

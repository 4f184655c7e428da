"""The keys of a review that no other test presses; and that no key is left without a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.binding import Binding

from app.keys import PRESETS, default_keys, widget_bindings
from tests.app.review_scene import Scene, go_to_line, opened, screen_text, until
from tests.app.test_review_marks_and_acts import BASE, FIRST
from tests.presses import presses
from tests.widgets.diff.diff_scene import numbered
from widgets.comment_area import CommentArea

PLACES = (
    "In a review", "In the diff of a review", "While writing a comment", "In the prompt beside a diff",
    "Before a round is sent",
)  # fmt: skip


def bindings() -> list[Binding]:
    return [binding for place, found in widget_bindings() if place in PLACES for binding in found]


def pressed_keys() -> set[str]:
    """What the tests of the review hand to ``press``, or go through in a loop that does."""
    found: set[str] = set()
    for path in (*Path(__file__).parent.glob("test_review_*.py"), Path(__file__).with_name("review_house.py")):
        for call in re.findall(
            r"press\(([^)]*)\)|for [\w, ]*key[\w, ]* in \((.*?)\):|\), *\(([^)]*)\)", path.read_text()
        ):
            found.update(re.findall(r'"([^"]+)"', " ".join(call)))
    return found


@pytest.mark.parametrize("binding", bindings(), ids=lambda binding: binding.id)
def test_a_test_presses_the_key(binding: Binding) -> None:
    keys = binding.key.split(",")
    assert pressed_keys().intersection(keys), f"no test presses {binding.key} ({binding.id})"


@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_gives_one_key_to_the_review_and_to_its_diff(preset: str) -> None:
    keys = {**default_keys(), **PRESETS[preset]}
    taken: dict[str, str] = {}
    for name, given in keys.items():
        if name.partition(".")[0] in ("review", "diff"):
            for key in given.split(","):
                assert key not in taken, f"{key} is the key of {taken.get(key)} and of {name}"
                taken[key] = name


@presses("diff.page-down", "diff.page-up")
async def test_pages_and_half_pages(tmp_path: Path) -> None:
    app = Scene(tmp_path, {"a.py": ""}, {"a.py": numbered(300)}).app()
    async with app.run_test(size=(100, 30)) as pilot:
        view = await opened(pilot, app)
        rows = []
        for key in ("pagedown", "space", "pageup", "ctrl+d", "ctrl+u"):
            await pilot.press(key)
            rows.append(view.state.cursor.row)
        assert rows[0] < rows[1]
        assert rows[2] == rows[0] == rows[4]
        assert rows[0] < rows[3] < rows[1]


@presses("review.next-news")
async def test_comma_goes_through_what_a_turn_changed(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(120, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("comma")
        assert "Nothing changed that you have not seen" in screen_text(app)
        scene.agent_writes({**FIRST, "tests/test_b.py": "def test_b():\n    assert b()\n", "c.py": "new = 1\n"})
        app.review.refresh_task(scene.at_work())
        app.review.refresh_task(scene.after_turn())
        await until(pilot, lambda: "1 file changed (tests/test_b.py), 1 file new (c.py)" in screen_text(app), "news")
        seen = []
        for _ in range(2):
            await pilot.press("comma")
            seen.append(view.state.position().path)
        assert seen == [b"c.py", b"tests/test_b.py"]


@presses("diff.new-side", "diff.old-side", "diff.split", "diff.split-all")
async def test_left_and_right_point_at_a_side(tmp_path: Path) -> None:
    app = Scene(tmp_path, BASE, FIRST).app()
    async with app.run_test(size=(140, 40)) as pilot:
        view = await opened(pilot, app)
        await go_to_line(pilot, view, "ten")
        chosen = []
        for _ in range(3):
            await pilot.press("vertical_line")
            chosen.append(view.state.split)
        assert chosen == [True, False, None], "all side by side, none, as there is room"
        await pilot.press("backslash", "left")
        assert "old side" in screen_text(app)
        assert view.draft().side == "old"
        await pilot.press("right")
        assert "old side" not in screen_text(app)
        assert view.draft().side == "new"


@presses("prompt.attach-file", "prompt.clear", "prompt.leave")
async def test_f3_sends_the_diff_of_the_file_and_f8_empties_the_prompt(tmp_path: Path) -> None:
    scene = Scene(tmp_path, BASE, FIRST)
    app = scene.app()
    async with app.run_test(size=(160, 40)) as pilot:
        view = await opened(pilot, app)
        await pilot.press("tab", *"Nonsense", "f8")
        await until(pilot, lambda: view.has_focus, "the reader is back in the diff")
        await until(pilot, lambda: not scene.api.composer, "the text is forgotten")
        await pilot.press("tab", *"Why?", "f3", "enter")
        await until(pilot, lambda: scene.api.sent, "it is sent")
        assert "+ten" in scene.api.sent[0].text
        assert "x = 2" not in scene.api.sent[0].text
        await pilot.press("tab", *"Wh")
        area = app.screen.query_one("#prompt CommentArea", CommentArea)
        await until(pilot, lambda: area.text == "Wh", "one writes again")
        await pilot.press("escape")
        await until(pilot, lambda: view.has_focus, "Escape leaves")

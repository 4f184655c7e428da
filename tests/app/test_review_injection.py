"""Whatever stands in code, names, comments, answers and findings: nothing of it acts on the terminal or as markup."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from textual.app import App

from agents.parts.checks import Finding
from agents.parts.review import Reply
from app.review.pick import PickScreen
from app.review.send import SendScreen
from tests.app.review_scene import Scene, opened, until
from tests.widgets.diff.diff_scene import a_comment

EVIL = (
    "\x1b[2J\x1b[31mred \x1b]0;title\x07 \x1b]52;c;eA==\x07 \x1b]8;;http://a.invalid\x1b\\\\link \x1bPq#0\x1b\\\\ "
    "\x9b2J \x90q\x9c \x07\x08\x7f\x0b\x0c \u202egnp.exe \u2066\u2069 \u200b\ufeff [@click=app.quit]click[/] [bold]"
)
RAW = b"raw C1: \x9b2J \x9d0;x\x9c\x84\n"
INVISIBLE = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff"


def acting(app: App[None]) -> list[str]:
    """Characters on the screen that a terminal would obey, or that would turn text around."""
    text = "".join(part for strip in app.screen._compositor.render_strips(app.size) for part, _, _ in strip)
    return sorted({hex(ord(each)) for each in text if unicodedata.category(each) == "Cc" or each in INVISIBLE})


def a_scene(folder: Path) -> Scene:
    name = "a\x1b[2J\n\u202e[red]b.py"
    scene = Scene(
        folder, {"plain.py": "x = 1\n"}, {name: f"# {EVIL}\n", "plain.py": f"x = '{EVIL}'\n", "raw.txt": RAW},
        title=f"Title {EVIL}",
    )  # fmt: skip
    scene.api.notes += [
        a_comment(EVIL, id="R1-C1", path="plain.py", kind="suggestion"),
        a_comment(
            EVIL, id="R1-C2", path="plain.py", state="claimed", claim="done", claim_text=EVIL, author=EVIL,
            head_tree=scene.api.head, replies=(Reply(text=EVIL, author=EVIL, round=1),),
        ),
        a_comment(EVIL, id="R1-C3", path=name, start=40, quote=(f"+{EVIL}",), state="sent", head_tree="0" * 40),
    ]  # fmt: skip
    scene.check_says(Finding(path=b"plain.py", line=1, message=EVIL), name=EVIL)
    scene.api.trees = {f"subject {EVIL}": scene.api.base}
    return scene


async def test_nothing_in_a_change_acts_on_the_terminal(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    app = scene.app()
    async with app.run_test(size=(120, 50)) as pilot:
        view = await opened(pilot, app)
        for key in ("g", "f", "f", "vertical_line", "n", "n", "n", "G", "T", "exclamation_mark"):
            await pilot.press(key)
            await pilot.pause()
            assert not acting(app), f"after {key}: {acting(app)}"
        shown = "".join(strip.text for strip in app.screen._compositor.render_strips(app.size))
        assert "[@click=app.quit]click[/]" in shown, "markup is not shown as it is written"
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SendScreen), "the prompt is shown")
        assert not acting(app)
        await pilot.press("escape", "ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickScreen), "the commits are listed")
        assert not acting(app)
        await pilot.press("escape", "at")
        await until(pilot, lambda: isinstance(app.screen, PickScreen), "the files are listed")
        assert not acting(app)
        await pilot.press("escape", "tab", "f2")
        await until(pilot, lambda: not view.has_focus, "one writes a prompt")
        assert not acting(app)

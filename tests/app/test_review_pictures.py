"""What the review looks like, at three sizes, at one of them in both themes: what stands where, and on which ground.

A picture is a text file: each line of the screen, below it one letter for each column, and what the letters mean. The
colour of letters is left out, because the lexers of languages decide it and change. After a change that is meant::

    python -m tests.app.test_review_pictures

draws them anew; look at the difference before you keep it (``python -m tests.app.review_house FOLDER`` draws PNGs).
"""

from __future__ import annotations

import asyncio
import difflib
import string
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest
from rich.style import Style
from textual.app import App
from textual.color import Color

from tests.app.review_house import SIZES, THEMES, looks

FOLDER = Path(__file__).with_name("pictures")
LEAST_CONTRAST = 2.0
"""Of letters to their ground; below it nothing can be read."""


def themes_at(size: tuple[int, int]) -> Sequence[str]:
    """What stands where is the same in all themes."""
    return THEMES if size == (120, 40) else THEMES[:1]


def ground(style: Style) -> str:
    """What a style is, apart from the colour of its letters."""
    words = [str(style.bgcolor.name) if style.bgcolor else "none"]
    words += [name for name in ("reverse", "underline", "strike") if getattr(style, name)]
    return " ".join(words)


def picture(app: App[None]) -> str:
    """The screen as text."""
    letters: dict[str, str] = {}
    rows: list[str] = []
    for strip in app.screen._compositor.render_strips(app.size):
        text = strip.text
        kinds = [ground(style or Style()) for part, style, _ in strip for _ in part]
        for kind in kinds:
            letters.setdefault(kind, string.ascii_letters[len(letters)])
        marks = "".join(letters[kind] for kind in kinds)
        runs = " ".join(f"{letter}{len(list(group))}" for letter, group in groupby(marks))
        rows += [f"{text.rstrip()}", f"    ~ {runs}"]
    rows += [f"{letter} = {kind}" for kind, letter in letters.items()]
    return "\n".join(rows) + "\n"


def unreadable(app: App[None]) -> list[str]:
    """Pieces of text that hardly differ from their ground."""
    found = []
    for strip in app.screen._compositor.render_strips(app.size):
        for text, style, _ in strip:
            if style is None or style.color is None or style.bgcolor is None or not any(map(str.isalnum, text)):
                continue
            letters, back = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            if contrast(letters, back) < LEAST_CONTRAST:
                found.append(f"{text.strip()!r} in {letters.hex} on {back.hex}")
    return found


def contrast(one: Color, other: Color) -> float:
    """The ratio of two luminances, 1 to 21 (WCAG)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def file_of(look: str, size: tuple[int, int], theme: str) -> Path:
    return FOLDER / f"{look}-{size[0]}x{size[1]}-{theme}.txt"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_review_looks_as_it_did(tmp_path: Path, size: tuple[int, int]) -> None:
    different: list[str] = []
    faint: list[str] = []
    async for look, theme, app in looks(tmp_path, size, themes_at(size)):
        kept, now = file_of(look, size, theme), picture(app)
        before = kept.read_text("utf-8") if kept.exists() else ""
        if now != before:
            lines = difflib.unified_diff(before.split("\n"), now.split("\n"), kept.name, "now", lineterm="", n=1)
            different.append("\n".join(list(lines)[:40]))
        if not app.screen.is_modal:  # what lies behind a dialog is dimmed
            faint += [f"{kept.name}: {text}" for text in unreadable(app)]
    assert not faint, f"text that cannot be read: {faint[:5]}"
    assert not different, (
        f"{len(different)} pictures are different; `python -m tests.app.test_review_pictures` draws them anew:\n"
        + "\n".join(different[:3])
    )


async def _keep() -> None:
    FOLDER.mkdir(exist_ok=True)
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            async for look, theme, app in looks(Path(scratch), size, themes_at(size)):
                file_of(look, size, theme).write_text(picture(app), "utf-8")


if __name__ == "__main__":
    asyncio.run(_keep())

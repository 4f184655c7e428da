"""What a screen that is opened for the first time costs, and how it looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.color import Color
from textual.css import stylesheet
from textual.dom import DOMNode

from app.new_task import NewTaskScreen
from app.note import NoteScreen
from tests.app.floor_stage import a_floor, some_tasks


async def test_a_screen_is_styled_without_parsing_or_styling_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    styled: list[DOMNode] = []
    parse, apply = stylesheet.parse, stylesheet.Stylesheet.apply

    def note_parse(scope: str, css: str, read_from: tuple[str, str], **options: Any) -> Any:
        parsed.append(Path(read_from[0]).name)
        return parse(scope, css, read_from, **options)

    def note_apply(sheet: stylesheet.Stylesheet, node: DOMNode, **options: Any) -> None:
        styled.append(node)
        apply(sheet, node, **options)

    async with a_floor(*some_tasks()) as stage:
        monkeypatch.setattr(stylesheet, "parse", note_parse)
        monkeypatch.setattr(stylesheet.Stylesheet, "apply", note_apply)
        await stage.press("n")
        await stage.until(lambda: isinstance(stage.app.screen, NewTaskScreen), "the dialog opens")
        assert "new_task.tcss" in parsed
        assert "floor.tcss" not in parsed, "the floor's sheet was parsed again"
        assert stage.floor.legend not in styled, "the floor's looks were worked out again"


async def test_a_screen_has_its_looks_when_it_is_opened_first_and_with_other_colours() -> None:
    async with a_floor(*some_tasks()) as stage:
        for theme in ("shopfloor-dark", "shopfloor-light"):
            stage.app.theme = theme
            await stage.press("w")
            await stage.until(lambda: isinstance(stage.app.screen, NoteScreen), "the dialog opens")
            panel = Color.parse(stage.app.get_css_variables()["panel"])
            dialog = stage.app.screen.query("Vertical").first()
            assert dialog.styles.background == panel, f"the dialog is not coloured in {theme}"
            assert dialog.region.x > 0, "the dialog is not in the middle"
            await stage.press("escape")

"""Writing only what has changed leaves the same picture as painting everything."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate
from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from agents.terminal.emulator import Emulator
from widgets.direct_painting import PlacesUpdate, paint_directly

COLUMNS, ROWS = 60, 20


class Field(Widget):
    """Rows whose content says how often each was changed; with wide characters at odd places."""

    DEFAULT_CSS = "Field { width: 1fr; height: 8; }"

    def __init__(self, mark: str, name: str) -> None:
        super().__init__(id=name)
        self._mark = mark
        self._changes = [0] * 60

    def change(self, region: Region) -> None:
        """Other content in these rows, of which only the region is told."""
        for row in region.line_range:
            self._changes[row] += 1
        self.refresh(region)

    def render_line(self, y: int) -> Strip:
        """See Widget."""
        words = f"{self._mark}{y}字{self._changes[y]}" * 60
        return Strip([Segment(words)]).crop(0, self.size.width)


class Board(Screen[None]):
    """Fields side by side, one in a folder that is scrolled, and one that lies over two others."""

    def __init__(self) -> None:
        super().__init__()
        paint_directly(self)

    def compose(self) -> ComposeResult:
        """See Screen."""
        with Horizontal():
            yield Field("a", "left")
            yield Field("b", "right")
        with VerticalScroll(can_focus=False):
            yield Field("c", "long")
        yield Field("o", "over")


class Bench(App[None]):
    """The board alone."""

    CSS = """
    Board { layers: base top; }
    #over { layer: top; width: 22; height: 5; offset: 8 4; }
    VerticalScroll { height: 6; }
    #long { height: 15; }
    """

    def get_default_screen(self) -> Board:
        """See App."""
        return Board()


def written(emulator: Emulator, update: object) -> None:
    """Let a terminal take a frame."""
    assert isinstance(update, CompositorUpdate)
    emulator.feed(update.render_segments(Console(color_system=None)).encode())


def picture(strips: Iterable[Strip]) -> list[str]:
    """What a terminal would show that was painted from the beginning."""
    fresh = Emulator(COLUMNS, ROWS)
    for row, strip in enumerate(strips):
        fresh.feed(f"\x1b[{row + 1};1H{strip.text}".encode())
    return fresh.screen_text()


@pytest.mark.parametrize("seed", range(6))
async def test_changes_in_many_places_end_in_the_picture_of_the_whole(seed: int) -> None:
    dice = random.Random(seed)
    app, emulator = Bench(), Emulator(COLUMNS, ROWS)
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        board = app.screen
        board.query_one(VerticalScroll).scroll_to(y=4, animate=False)
        await pilot.pause()
        compositor = board._compositor
        written(emulator, compositor.render_update(full=True))
        kinds = set()
        for step in range(40):
            changed = dice.sample(list(board.query(Field)), dice.randint(1, 3))
            for field in changed:
                top = dice.randrange(field.size.height)
                field.change(Region(0, top, field.size.width, dice.randint(1, field.size.height - top)))
            compositor.update_widgets(set(changed))
            board._dirty_widgets.clear()
            update = compositor.render_update()
            if update is None:
                continue  # out of sight
            kinds.add(type(update))
            written(emulator, update)
            assert emulator.screen_text() == picture(compositor.render_strips()), f"step {step}: {type(update)}"
        assert kinds == {PlacesUpdate, ChopsUpdate}, "both ways were taken"


async def test_only_what_changed_is_asked_for_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Bench()
    asked: list[str] = []
    original = Widget.render_lines

    def note(self: Widget, crop: Region) -> list[Strip]:
        asked.append(self.id or type(self).__name__)
        return original(self, crop)

    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        app.screen._compositor.render_update()
        monkeypatch.setattr(Widget, "render_lines", note)
        field = app.screen.query_one("#right", Field)
        field.change(Region(0, 0, field.size.width, 2))
        app.screen._compositor.update_widgets({field})
        update = app.screen._compositor.render_update()
        monkeypatch.undo()
        assert asked == ["right"], "the others have not changed"
        assert isinstance(update, PlacesUpdate)
        assert [(x, y) for x, y, _ in update.pieces] == [(30, 0), (30, 1)]

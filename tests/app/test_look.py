"""Themes, colours of poor terminals, motion, keys that clash, the palette."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.command import CommandPalette
from textual.widgets import Input

from app.few_colours import NearestOf256, nearest
from app.key_conflicts import conflicts
from app.keys import default_keys, read_keymap
from app.review.screen import ReviewScreen
from app.themes import ANSI, DARK, LIGHT, THEMES, first_theme, own_themes
from tests.app.floor_stage import a_floor, some_tasks
from tests.presses import presses


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path))
    for variable in ("SHOPFLOOR_THEME", "SHOPFLOOR_REDUCED_MOTION", "COLORFGBG", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)


def brightness(color: Color) -> float:
    """As WCAG counts it."""
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [theme for theme in THEMES if theme is not ANSI], ids=lambda theme: theme.name)
def test_every_colour_of_text_can_be_read_on_every_ground(theme: object) -> None:
    names = ("foreground", "primary", "secondary", "accent", "success", "warning", "error")
    for ground in ("background", "surface", "panel"):
        for name in names:
            pair = sorted(brightness(Color.parse(getattr(theme, each))) for each in (ground, name))
            contrast = (pair[1] + 0.05) / (pair[0] + 0.05)
            assert contrast >= 4.5, f"{name} on {ground} has a contrast of {contrast:.1f}"


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_theme_paints_the_floor(theme: str) -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.app.theme = theme
        await stage.pilot.pause()
        assert "Parse prices" in "".join(stage.floor.brain.render_line(y).text for y in range(12))


def test_a_theme_of_the_persons_own_takes_the_rest_from_ours(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('primary = "#ffb86c"\n[variables]\nscrollbar = "#444444"\n')
    (tmp_path / "day.toml").write_text('dark = false\nprimary = "navy"\n')
    mine = {theme.name: theme for theme in own_themes(tmp_path).themes}["mine"]
    assert (mine.primary, mine.background, mine.variables["scrollbar"]) == ("#ffb86c", DARK.background, "#444444")
    assert {theme.name: theme for theme in own_themes(tmp_path).themes}["day"].background == LIGHT.background


@pytest.mark.parametrize(
    ("text", "said"),
    [("primary = 3", "mine.toml"), ('primary = "#zz"', "no colour"), ('first = "red"', "first"), ("= x", "mine.toml")],
)
def test_a_theme_that_cannot_be_used_is_named_and_left_out(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    found = own_themes(tmp_path)
    assert found.themes == ()
    assert said in found.problems[0]


async def test_own_themes_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "themes").mkdir(parents=True)
    (tmp_path / "config" / "themes" / "mine.toml").write_text('primary = "#ffb86c"\n')
    monkeypatch.setenv("SHOPFLOOR_THEME", "mine")
    async with a_floor(*some_tasks()) as stage:
        assert stage.app.theme == "mine"


@pytest.mark.parametrize(
    ("environment", "kept", "configured", "theme"),
    [
        ({}, "", "", DARK.name),
        ({"COLORFGBG": "0;15"}, "", "", LIGHT.name),
        ({"COLORFGBG": "0;15"}, "", "one", "one"),
        ({}, "two", "one", "two"),
        ({"SHOPFLOOR_THEME": "three"}, "two", "one", "three"),
        ({"SHOPFLOOR_THEME": "gone"}, "gone too", "one", "one"),
    ],
)
def test_which_theme_comes_first(
    tmp_path: Path, environment: dict[str, str], kept: str, configured: str, theme: str
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "theme").write_text(kept)
    known = {DARK.name, LIGHT.name, "one", "two", "three"}
    assert first_theme(known, configured, environment) == theme


@pytest.mark.parametrize("ground", ["background", "surface", "panel"])
def test_dark_grounds_stay_grey_with_256_colours(ground: str) -> None:
    color = Color.parse(getattr(DARK, ground))
    assert 232 < nearest(color.r, color.g, color.b) < 238, "a ground would be black or coloured"


def test_256_colours_keep_attributes_and_what_is_no_colour() -> None:
    bold = Style.parse("bold #ff7b86 on #1a1d24")
    (segment, plain) = NearestOf256().apply([Segment("x", bold), Segment("y")], Color(0, 0, 0))
    assert segment.style is not None
    assert segment.style.bold
    assert segment.style.color is not None
    assert segment.style.color.triplet is None
    assert plain == Segment("y")


async def test_nothing_moves_when_the_person_wants_that(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_floor(*some_tasks(), moving=True) as stage:
        assert stage.floor.brain.is_spinning
    monkeypatch.setenv("SHOPFLOOR_REDUCED_MOTION", "1")
    async with a_floor(*some_tasks(), moving=True) as stage:
        assert not stage.floor.brain.is_spinning
        assert stage.app.animation_level == "none"


async def test_no_colour_means_none_in_list_and_panes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with a_floor(*some_tasks()) as stage:
        pane = stage.floor.grid.pane("wrk1")
        assert pane is not None
        for strip in (stage.floor.brain.render_line(4), pane.render_lines(pane.size.region)[0]):
            for segment in strip:
                color = segment.style.color if segment.style else None
                if color is not None and color.triplet is not None:
                    assert len(set(color.triplet)) == 1, f"{segment.text!r} has the colour {color.triplet}"


async def test_a_mistake_in_the_configuration_is_said_and_the_floor_opens(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("reduced_motion = 3\n")
    async with a_floor(*some_tasks()) as stage:
        await stage.until(lambda: stage.app._notifications, "it is said")
        assert any("config.toml" in note.message for note in stage.app._notifications)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"floor.stop": "j"}, "floor.stop and of brain.next, pane.down"),
        ({"brain.next": "n"}, "brain.next and of floor.new-task"),
        ({"app.quit": "tab"}, "app.quit and of floor.area"),
        ({"review.comment": "j"}, "review.comment and of diff"),
        ({"composer.leave": "q"}, "'q' is written in a text"),
        ({"floor.zoom": "ctrl+r"}, "floor.zoom and of composer.history"),
    ],
)
def test_keys_that_clash_where_both_are_active_are_named(changed: dict[str, str], said: str) -> None:
    assert any(said in problem for problem in conflicts(default_keys(), changed)), list(
        conflicts(default_keys(), changed)
    )


@pytest.mark.parametrize(
    "changed",
    [{"floor.stop": "s,S"}, {"review.comment": "n"}, {"floor.filter": "slash"}, {"floor.zoom": "full_stop"}, {}],
)
def test_keys_of_places_that_are_never_active_together_do_not_clash(changed: dict[str, str]) -> None:
    if changed == {"floor.stop": "s,S"} or changed == {"floor.zoom": "full_stop"}:
        assert list(conflicts(default_keys(), changed))  # the list's own key, the next page
    elif changed == {"review.comment": "n"}:
        assert not any("floor.new-task" in problem for problem in conflicts(default_keys(), changed))
    else:
        assert list(conflicts(default_keys(), changed)) == []


def test_the_default_keys_clash_nowhere_else_than_they_mean_to() -> None:
    known = default_keys()
    shared = {
        problem for name in known for problem in conflicts({**known, name: ""}, {name: known[name]})
    }  # fmt: skip
    assert not [problem for problem in shared if "is written" in problem], shared


def test_every_binding_has_an_id_that_is_remapped(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('"app.new-task" = "f9"\n"pick-text.drop" = "f10"\n')
    keymap = read_keymap(path)
    assert keymap.keys["app.new-task"] == "f9"
    assert keymap.problems == ()


@presses("floor.review")
async def test_the_palette_of_a_review_has_the_reviews_actions() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.go_to("rdy3")
        await stage.press("r")
        review = stage.app.screen
        assert isinstance(review, ReviewScreen)
        await stage.press("ctrl+p")
        await stage.until(lambda: isinstance(stage.app.screen, CommandPalette), "the palette is open")
        await stage.press(*"back to the floor")
        entered = stage.app.screen.query_one(Input)
        await stage.until(lambda: entered.value == "back to the floor", "the words stand in the palette")
        await stage.press("escape")

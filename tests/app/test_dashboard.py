"""The dashboard, the totals in the list's header, the tour, and an engine that was stopped on purpose."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
from textual.widgets import Static

from agents.errors import EngineStopped
from agents.model import Usage
from agents.parts.costs import Spending, Today
from app.charts import days_chart, short
from app.dashboard import MEASURES, DashboardScreen, day_names, summed, today_text
from app.totals import totals_text
from app.tour import TourScreen, was_shown
from tests.app.floor_engine import EngineInMemory
from tests.app.floor_stage import SIZES, Stage, a_floor, some_tasks
from tests.presses import presses


def some_rows() -> list[Spending]:
    """Three projects over a week, until today."""
    rows = []
    for ago, day in enumerate(reversed(day_names(7, time.time()))):
        for number, project in enumerate(("bakery", "mill", "a-project-with-a-rather-long-name")):
            usd = ((ago * 7 + number * 3) % 11) / 4
            rows.append(Spending(
                day=day, profile=("claude-api", "codex", "offline")[number], project=f"/projects/{project}",
                tasks=number + 1, turns=3, steps=9, seconds=600.0 * (number + 1), known_usd=usd,
                usage=Usage(input_tokens=40_000 * (number + 1), cost_usd=usd),
            ))  # fmt: skip
    return rows


async def opened(stage: Stage) -> DashboardScreen:
    """Press D, and wait for the charts."""
    await stage.press("D")
    screen = stage.app.screen
    assert isinstance(screen, DashboardScreen)
    await stage.until(lambda: "█" in text(screen, "#by-day"), "the chart is drawn")
    return screen


def text(screen: DashboardScreen, name: str) -> str:
    return str(screen.query_one(name, Static).content)


@pytest.mark.parametrize("size", [*SIZES, (200, 60)])
async def test_charts_show_days_profiles_and_projects_within_the_terminal(size: tuple[int, int]) -> None:
    async with a_floor(*some_tasks(), size=size) as stage:
        stage.engine.costs.rows = some_rows()
        screen = await opened(stage)
        assert "claude-api" in text(screen, "#by-profile")
        assert "bakery" in text(screen, "#by-project")
        for name in ("#by-day", "#by-profile", "#by-project"):
            place = screen.query_one(name, Static)
            lines = text(screen, name).splitlines()
            assert max(map(len, lines)) <= place.size.width, f"{name} is wider than its place"
            assert len(lines) <= place.size.height, f"{name} is higher than its place"


@presses("dashboard.fewer", "dashboard.leave", "dashboard.measure", "dashboard.more", "floor.dashboard")
async def test_tab_counts_something_else_and_plus_shows_more_days() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.costs.rows = some_rows()
        screen = await opened(stage)
        assert "cost, US$ a day · 14 days" in text(screen, "#day-title")
        for name in ("tokens", "minutes at work", "tasks", "cost, US$"):
            await stage.press("tab")
            assert name in text(screen, "#day-title")
        await stage.press("plus")
        await stage.until(lambda: "30 days" in text(screen, "#day-title"), "more days are shown")
        await stage.press("minus", "minus")
        await stage.until(lambda: "7 days" in text(screen, "#day-title"), "fewer days are shown")
        await stage.press("escape")
        assert stage.app.screen is stage.floor


@presses("dashboard.budget")
async def test_a_budget_that_is_spent_is_said_and_raised_here() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.costs.rows = some_rows()
        stage.engine.costs.budget = 0.5
        screen = await opened(stage)
        assert "New turns wait" in text(screen, "#held")
        await stage.press("b", *"50", "enter")
        await stage.until(lambda: stage.engine.costs.budget == 50, "the budget is raised")
        await stage.until(lambda: "of $50.00" in text(screen, "#today"), "it is shown")
        await stage.press("b", *"lots", "enter")
        await stage.until(lambda: any("no amount" in n.message for n in stage.app._notifications), "it is said")


async def test_nothing_spent_is_shown_as_nothing() -> None:
    async with a_floor(*some_tasks()) as stage:
        await stage.press("D")
        screen = stage.app.screen
        assert isinstance(screen, DashboardScreen)
        await stage.until(lambda: "Nothing yet" in text(screen, "#by-profile"), "it is said")


def test_many_names_are_put_together() -> None:
    rows = [Spending(day="d", profile=f"p{number}", known_usd=float(number)) for number in range(9)]
    pairs = summed(rows, lambda row: row.profile, MEASURES[0])
    assert pairs[0] == ("p8", 8.0)
    assert pairs[-1] == ("others", 0.0 + 1.0 + 2.0)


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (0.25, "0.25"), (12.4, "12"), (1_500, "1.5k"), (2e6, "2.0M")])
def test_numbers_are_short(value: float, said: str) -> None:
    assert short(value) == said


async def test_what_today_cost_stands_in_the_header() -> None:
    async with a_floor(*some_tasks()) as stage:
        stage.engine.costs.rows = [Spending(day="2026-01-31", profile="x", usage=Usage(cost_usd=1.25), known_usd=1.25)]
        stage.engine.change("wrk1", turn=2)
        await stage.until(lambda: stage.floor.totals._soon is not None, "a new figure is on its way")
        stage.floor.totals._soon = None
        await stage.floor.totals._read()
        assert "$1.25" in stage.floor.brain.render_line(0).text
        stage.engine.costs.budget = 1.0
        await stage.floor.totals._read()
        assert "$1.25 of $1 !" in stage.floor.brain.render_line(0).text


def test_totals_in_words() -> None:
    assert totals_text(Today(day="d")) == ""
    assert totals_text(Today(day="d", spent_usd=2.5, budget_usd=5.0)) == "$2.50 of $5"
    unknown = Today(day="d", spent_usd=1.0, usage=Usage(cost_usd=None), tasks=1, seconds=120)
    assert "some prices are not known" in today_text(unknown)


@presses("floor.tour")
async def test_the_tour_has_three_screens_and_is_never_shown_again_by_itself() -> None:
    async with a_floor(*some_tasks(), tour=True) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, TourScreen), "the tour is shown")
        titles = set()
        for _ in range(3):
            titles.add(str(stage.app.screen.query_one("#tour-title", Static).content))
            assert "{" not in str(stage.app.screen.query_one("#tour-text", Static).content)
            await stage.press("enter")
        assert len(titles) == 3
        assert stage.app.screen is stage.floor
        assert was_shown()
        await stage.press("f3")
        assert isinstance(stage.app.screen, TourScreen)


@presses("tour.skip")
async def test_the_tour_is_skipped_by_escape() -> None:
    async with a_floor(*some_tasks(), tour=True) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, TourScreen), "the tour is shown")
        await stage.press("escape")
        assert stage.app.screen is stage.floor
        assert was_shown()


@presses("floor.start-engine")
async def test_an_engine_stopped_on_purpose_is_started_only_when_asked() -> None:
    engine, other = EngineInMemory(*some_tasks()), EngineInMemory(*some_tasks())
    asked: list[str] = []

    async def reconnect() -> Any:
        asked.append("again")
        raise EngineStopped("The engine was stopped.")

    async def start() -> Any:
        asked.append("start")
        return other

    async with a_floor(*some_tasks(), engine=engine, reconnect=reconnect, start=start) as stage:
        engine.go_away()
        await stage.until(lambda: "E starts it again" in stage.bar, "it is said")
        assert "start" not in asked
        await stage.press("E")
        await stage.until(lambda: other.subscriptions, "the floor listens to the new engine")
        await stage.until(lambda: not stage.bar, "the bar is gone")
        await stage.press("E")
        assert "The engine runs" in stage.legend


async def test_files_replaced_under_the_engine_are_said_at_the_top() -> None:
    engine = EngineInMemory(*some_tasks())
    engine.replaced = True
    async with a_floor(*some_tasks(), engine=engine) as stage:
        await stage.until(lambda: "engine restart" in stage.bar, "it is said")
        await asyncio.sleep(0)


@pytest.mark.parametrize(("days", "width"), [(14, 78), (7, 78), (28, 78), (90, 160)])
def test_days_are_named_evenly_beneath_their_bars_the_last_among_them(days: int, width: int) -> None:
    names = [f"{place:05}" for place in range(1, days + 1)]
    line = days_chart(names, [1.0] * days, width, 8, (1, 2, 3)).plain.rstrip().splitlines()[-1]
    places = [int(name) for name in line.split()]
    assert places[-1] == days, f"the last day is not named: {line}"
    assert len({after - before for before, after in pairwise(places)}) == 1, line

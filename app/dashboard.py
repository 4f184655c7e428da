"""The dashboard: what agents have cost, by day, profile and project, and what today may cost."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input, Static

from agents.api import Api
from agents.errors import ShopfloorError
from agents.parts.costs import Spending, Today
from app.charts import days_chart, names_chart, plotting, short
from widgets.text_strips import printable

SPANS = (7, 14, 30, 90)
NAMES_SHOWN = 6


class Measure(NamedTuple):
    """Something that can be counted."""

    name: str
    value: Callable[[Spending], float]
    said: Callable[[float], str]


MEASURES = (
    Measure("cost, US$", lambda spent: spent.known_usd, lambda value: f"${value:,.2f}"),
    Measure("tokens", lambda spent: float(spent.usage.tokens), short),
    Measure("minutes at work", lambda spent: spent.seconds / 60, lambda value: f"{value:,.0f} min"),
    Measure("tasks", lambda spent: float(spent.tasks), lambda value: f"{value:.0f}"),
)


def day_names(days: int, now: float) -> list[str]:
    """The latest days, the oldest first."""
    return [time.strftime("%Y-%m-%d", time.localtime(now - ago * 86_400)) for ago in range(days - 1, -1, -1)]


def summed(rows: Sequence[Spending], key: Callable[[Spending], str], measure: Measure) -> list[tuple[str, float]]:
    """What each key comes to, the largest first; what is beyond the first few is put together."""
    sums: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        sums[key(row)] += measure.value(row)
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    head, rest = ordered[:NAMES_SHOWN], ordered[NAMES_SHOWN:]
    return [*head, ("others", sum(value for _, value in rest))] if rest else head


def today_text(today: Today) -> str:
    """What was spent today, in a line."""
    budget = "" if today.budget_usd is None else f" of ${today.budget_usd:,.2f}"
    unknown = " (some prices are not known)" if today.usage.cost_usd is None else ""
    tasks = "1 task" if today.tasks == 1 else f"{today.tasks} tasks"
    return (
        f"Today ${today.spent_usd:,.2f}{budget}{unknown} · {short(today.usage.tokens)} tokens · {tasks} · "
        f"{today.seconds / 60:,.0f} min at work"
    )


class DashboardScreen(Screen[None]):
    """Charts of what was spent."""

    AUTO_FOCUS = ""
    CSS = """
    DashboardScreen { layout: vertical; background: $background; padding: 0 1; }
    DashboardScreen Static { width: 1fr; height: 1fr; text-wrap: nowrap; }
    DashboardScreen #heading { height: 1; text-style: bold; background: $panel; padding: 0 1; }
    DashboardScreen #today, DashboardScreen #held { height: 1; padding: 0 1; }
    DashboardScreen #held { color: $warning; text-style: bold; display: none; }
    DashboardScreen .chart--title { height: 1; color: $foreground 75%; padding: 0 1; margin-top: 1; }
    DashboardScreen #by-day, DashboardScreen #by-profile, DashboardScreen #by-project { padding: 0 1; }
    DashboardScreen #by-day-box { height: 3fr; }
    DashboardScreen #names { height: 2fr; }
    DashboardScreen Input { height: 1; border: none; padding: 0 1; background: $boost; display: none; }
    DashboardScreen #keys { height: 1; color: $foreground 68%; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,m,right", "measure(1)", "Count", id="dashboard.measure", priority=True,
                tooltip="Count something else: cost, tokens, time, tasks."),
        Binding("shift+tab,left", "measure(-1)", "Count before", id="dashboard.measure-back", priority=True,
                tooltip="Count what was counted before."),
        Binding("plus,equals_sign,up", "span(1)", "More days", id="dashboard.more", tooltip="Show more days."),
        Binding("minus,down", "span(-1)", "Fewer days", id="dashboard.fewer", tooltip="Show fewer days."),
        Binding("b", "budget", "Budget", id="dashboard.budget", tooltip="Set what today may cost in all."),
        Binding("r,ctrl+r", "read", "Read again", id="dashboard.read", tooltip="Read the figures again."),
        Binding("escape,q", "leave", "Back", id="dashboard.leave", tooltip="Back to the floor."),
    ]  # fmt: skip

    def __init__(self, api: Api) -> None:
        super().__init__()
        self._api = api
        self._rows: list[Spending] = []
        self._measure = 0
        self._span = 1
        self._today: Today | None = None

    def compose(self) -> ComposeResult:
        yield Static("What agents have cost", id="heading", markup=False)
        yield Static("Reading…", id="today", markup=False)
        yield Static(id="held", markup=False)
        with Vertical(id="by-day-box"):
            yield Static(classes="chart--title", id="day-title", markup=False)
            yield Static(id="by-day", markup=False)
        with Horizontal(id="names"):
            with Vertical():
                yield Static("by profile", classes="chart--title", markup=False)
                yield Static(id="by-profile", markup=False)
            with Vertical():
                yield Static("by project", classes="chart--title", markup=False)
                yield Static(id="by-project", markup=False)
        yield Input(placeholder="US dollars that today may cost in all; Enter sets it", id="amount")
        yield Static("Tab count · + − days · b budget · r read again · Esc back", id="keys", markup=False)

    def on_mount(self) -> None:
        self.action_read()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def action_read(self) -> None:
        """Read the figures again."""
        self._read()

    @work(group="dashboard", exclusive=True)
    async def _read(self) -> None:
        try:
            self._rows = await self._api.costs.spending(SPANS[self._span])
            self._today = await self._api.costs.today()
            await asyncio.to_thread(plotting)
        except ShopfloorError as error:
            self.query_one("#today", Static).update(printable(str(error)))
            return
        self._draw()

    def _draw(self) -> None:
        if self._today is None:
            return
        measure = MEASURES[self._measure]
        self.query_one("#today", Static).update(today_text(self._today))
        held = self.query_one("#held", Static)
        held.update(f"{self._today.holds} New turns wait; b raises it.")
        held.display = bool(self._today.holds)
        days = day_names(SPANS[self._span], time.time())
        sums = dict(summed_by_day(self._rows, measure))
        total = measure.said(sum(sums.get(day, 0.0) for day in days))
        self.query_one("#day-title", Static).update(f"{measure.name} a day · {len(days)} days · {total} in all")
        self._chart("#by-day", "primary", lambda w, h, colour: days_chart(
            [day[5:] for day in days], [sums.get(day, 0.0) for day in days], w, h, colour))  # fmt: skip
        for name, key in (
            ("#by-profile", lambda row: row.profile),
            ("#by-project", lambda row: Path(row.project).name),
        ):
            pairs = summed(self._rows, key, measure)
            labels = [f"{printable(label)[:18]} {measure.said(value)}" for label, value in pairs]
            values = [value for _, value in pairs]
            self._chart(name, "secondary", lambda w, h, colour, labels=labels, values=values: names_chart(
                labels, values, w, h, colour) if values else "Nothing yet.")  # fmt: skip

    def _chart(self, name: str, variable: str, draw: Callable[..., object]) -> None:
        place = self.query_one(name, Static)
        colour = Color.parse(self.app.get_css_variables()[variable])
        drawn = draw(place.size.width - 1, place.size.height, (colour.r, colour.g, colour.b))
        place.update(drawn)  # type: ignore[arg-type]

    def action_measure(self, step: int) -> None:
        """Count something else."""
        self._measure = (self._measure + step) % len(MEASURES)
        self._draw()

    def action_span(self, step: int) -> None:
        """More or fewer days."""
        self._span = max(0, min(self._span + step, len(SPANS) - 1))
        self.action_read()

    def action_budget(self) -> None:
        """Ask for an amount."""
        amount = self.query_one("#amount", Input)
        amount.display = True
        amount.focus()

    @on(Input.Submitted)
    async def _amount_given(self, event: Input.Submitted) -> None:
        self.query_one("#amount", Input).display = False
        self.set_focus(None)
        text = event.value.strip().lstrip("$").replace(",", ".")
        if not text:
            return
        try:
            self._today = await self._api.costs.raise_budget(float(text))
            event.input.value = ""
        except ValueError:
            self.notify(f"“{event.value}” is no amount. Write one such as 20.", severity="warning", markup=False)
        except ShopfloorError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
        self.action_read()

    def action_leave(self) -> None:
        """Out of the amount, then back."""
        amount = self.query_one("#amount", Input)
        if amount.display:
            amount.display = False
            self.set_focus(None)
        else:
            self.dismiss(None)


def summed_by_day(rows: Sequence[Spending], measure: Measure) -> list[tuple[str, float]]:
    """What each day comes to."""
    sums: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        sums[row.day] += measure.value(row)
    return sorted(sums.items())

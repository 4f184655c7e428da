"""Today's cost in the header of the list: asked for a while after something was spent, never while nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.timer import Timer

from agents.api import Api
from agents.errors import ShopfloorError
from agents.parts.costs import Today

if TYPE_CHECKING:
    from app.floor import FloorScreen

REST_SECONDS = 3.0
"""Between something spent and the new figure."""


def totals_text(today: Today) -> str:
    """``$1.20``, with a budget ``$1.20 of $5``; empty while nothing was spent and there is no budget."""
    if today.budget_usd is None:
        return f"${today.spent_usd:,.2f}" if today.spent_usd >= 0.005 else ""
    return f"${today.spent_usd:,.2f} of ${today.budget_usd:,.2f}".replace(".00", "")


class Totals:
    """Keeps the figure of one floor."""

    def __init__(self, floor: FloorScreen, api: Api) -> None:
        self._floor = floor
        self._api = api
        self._soon: Timer | None = None

    def stir(self, seconds: float = REST_SECONDS) -> None:
        """Something may have been spent."""
        if self._soon is None and self._floor.is_mounted:
            self._soon = self._floor.set_timer(seconds, self._read)

    async def _read(self) -> None:
        self._soon = None
        try:
            today = await self._api.costs.today()
        except ShopfloorError:
            return  # the bar says that the engine is away; the figure comes with the next change
        self._floor.brain.set_totals(totals_text(today), bool(today.holds))

"""Reviewers from the floor: choose, see what it costs, start, watch, cancel, read."""

from __future__ import annotations

import json

from textual.widgets import SelectionList

from agents.offline import Fault
from app.review.screen import ReviewScreen
from app.ship.reviewers import ReviewersScreen
from tests.app.test_floor_shipping import Hands, a_ready_task, the_floor
from tests.presses import presses
from tests.shop import Shop, home, shop

__all__ = ["home", "shop"]
FINDING = {"path": "hello.txt", "start": 2, "end": 2, "severity": "high", "kind": "fix", "text": "Say it louder."}


async def opened(hands: Hands) -> SelectionList[str]:
    await hands.press("V")
    await hands.opened(ReviewersScreen)
    listed = hands.app.screen.query_one(SelectionList)
    await hands.until(lambda: listed.option_count == 4, "the reviewers are listed")
    await hands.until(lambda: "At least" in hands.text("#facts"), "the cost is estimated")
    return listed


@presses("reviewers.read")
async def test_a_review_is_started_watched_and_read(shop: Shop) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task, size=(80, 24)) as hands:
        listed = await opened(hands)
        assert set(listed.selected) == {"performance", "security", "simplicity", "tests"}
        whole = hands.text("#facts")
        assert "$" in whole
        for _ in range(3):
            await hands.press("space", "down")
        assert listed.selected == ["tests"]
        assert hands.text("#facts") != whole, "the estimate is that of the chosen ones"
        shop.model.add(json.dumps({"findings": [FINDING]}))
        await hands.press("ctrl+s")
        await hands.until(lambda: "Say it louder. (R1-C1)" in hands.text("#told"), "what was found is shown as a draft")
        assert "1 finding" in hands.text("#told")
        await hands.until(lambda: "^R" in hands.text("#foot"), "the way to the review is shown")
        await hands.press("ctrl+r")
        await hands.opened(ReviewScreen)


@presses("floor.reviewers", "reviewers.cancel", "reviewers.leave", "reviewers.start")
async def test_a_review_goes_on_behind_the_floor_and_is_cancelled(shop: Shop) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        await opened(hands)
        shop.model.add(*[Fault(silent=True)] * 3)
        await hands.press("ctrl+s")
        await hands.until(lambda: "● performance" in hands.text("#told"), "it reads")
        await hands.press("escape")
        await hands.until(lambda: shop.engine.ledger.tasks[task.id].reviewing == "reviewers 0/4", "it goes on")
        await hands.press("V")
        await hands.opened(ReviewersScreen)
        await hands.until(lambda: "^X cancel" in hands.text("#foot"), "it is found again")
        await hands.press("ctrl+x")
        await hands.until(lambda: "Cancelled by you" in hands.text("#told"), "it is cancelled")
        assert hands.app.screen.query_one(SelectionList).display, "another one can be started"


async def test_what_cannot_start_is_said_in_the_dialog(shop: Shop) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        listed = await opened(hands)
        listed.deselect_all()
        await hands.press("ctrl+s")
        await hands.until(lambda: "No reviewer is chosen" in hands.text("#problem"), "the refusal is shown")

"""What is written in a review when it, or the whole program, is left."""

from __future__ import annotations

import pytest

from agents.errors import ShopfloorError
from agents.parts.review import Comment
from app.review.screen import ReviewScreen
from tests.app.test_floor_shipping import Hands, a_ready_task, the_floor
from tests.shop import Shop, home, shop
from widgets.comment_box import CommentBox
from widgets.diff import DiffView
from widgets.prompt_pane import PromptPane

__all__ = ["home", "shop"]


async def read(hands: Hands) -> None:
    """Open the review of the task at hand."""
    await hands.press("r")
    await hands.opened(ReviewScreen)
    view = hands.app.screen.query_one(DiffView)
    await hands.until(lambda: view.state.diff.files, "the change is shown")


def has_left(hands: Hands) -> bool:
    return not hands.app.is_running or hands.app.return_code is not None


async def test_leaving_the_program_keeps_a_comment_as_it_is_written(shop: Shop) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        await read(hands)
        await hands.press("c")
        await hands.until(lambda: hands.app.screen.query(CommentBox), "the box is open")
        await hands.press(*"half a tho", "ctrl+q")
        await hands.until(lambda: has_left(hands), "the program is left")
    (note,) = await shop.engine.review.comments(task.id)
    assert note.text == "half a tho"


async def test_leaving_says_once_that_a_comment_cannot_be_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> Comment:
        raise ShopfloorError("The disk is full.")

    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        await read(hands)
        monkeypatch.setattr(shop.engine.review, "add", refuse)
        await hands.press("c")
        await hands.until(lambda: hands.app.screen.query(CommentBox), "the box is open")
        await hands.press(*"half", "ctrl+q")
        said = "Leaving again leaves without it"
        await hands.until(lambda: any(said in str(each.message) for each in hands.app._notifications), "it is said")
        assert not has_left(hands)
        await hands.press("ctrl+q")
        await hands.until(lambda: has_left(hands), "the program is left")


async def test_the_prompt_beside_the_diff_and_the_composer_hold_the_same_text(shop: Shop) -> None:
    task = await a_ready_task(shop)
    async with the_floor(shop, task) as hands:
        area = hands.app.floor.composer.area
        await hands.press("i", *"one", "escape")
        await hands.until(lambda: area.text == "one", "it is written")
        await read(hands)
        pane = hands.app.screen.query_one(PromptPane)
        await hands.press("tab")
        await hands.until(lambda: pane.text == "one", "what was written before is there")
        await hands.press(*" two", "escape", "q")
        await hands.until(lambda: hands.app.screen is hands.app.floor, "the review is left")
        await hands.until(lambda: area.text == "one two", f"the composer has it too, not {area.text!r}")
        await hands.press("i", *"!", "escape")
        await hands.until(lambda: shop.engine.ledger.store.draft(task.id) == "one two!", "nothing is lost")

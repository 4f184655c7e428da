"""What an agent offers is chosen in a dialog."""

from __future__ import annotations

from agents.parts.sessions import Choice, Session, Setting
from app.choose import ChooseScreen
from tests.app.floor_engine import a_task
from tests.app.floor_stage import a_floor
from tests.app.test_floor_screen import screen_text
from tests.presses import presses

MODELS = (Choice(value="s", name="Small"), Choice(value="l", name="[b]Large", description="Slow and thorough."))
OFFERS = Session(
    settings=(
        Setting(id="mode", name="Mode", value="ask", choices=(Choice(value="ask"), Choice(value="free"))),
        Setting(id="model", name="Model", value="s", choices=MODELS),
    )
)


async def test_a_model_is_chosen_with_the_keyboard() -> None:
    async with a_floor(a_task("aaa1"), size=(80, 24)) as stage:
        stage.engine.sessions.offers = OFFERS
        await stage.go_to("aaa1")
        await stage.press("M")
        await stage.until(lambda: isinstance(stage.app.screen, ChooseScreen), "the dialog opens")
        shown = screen_text(stage)
        assert "● Small" in shown, shown
        assert "○ [b]Large  Slow and thorough." in shown, "names of agents are no markup"
        await stage.press("down", "j", "down", "enter")
        await stage.until(lambda: ("choose model l", "aaa1") in stage.engine.calls, "the engine is asked to set it")


@presses("floor.choose")
async def test_an_agent_that_offers_nothing_says_so() -> None:
    async with a_floor(a_task("aaa1")) as stage:
        await stage.go_to("aaa1")
        await stage.press("M")
        await stage.until(lambda: "nothing that could be chosen" in stage.legend, "it is said")

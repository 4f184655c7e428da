"""What a turn may take, and waits that can be skipped."""

from __future__ import annotations

import asyncio
from pathlib import Path

from native_scene import a_driver, a_profile

from agents.drivers import Notice, Waiting
from agents.native.budget import Limits
from agents.offline import Call, Fault, say
from agents.profiles import Prices


async def test_cost_has_a_limit_with_its_figure_and_resuming_goes_on(tmp_path: Path) -> None:
    step = say(Call("bash", {"command": "echo 1"}))
    profile = a_profile(prices=Prices(input=1000.0, output=1000.0), max_cost_usd=0.5)
    async with a_driver(tmp_path, [step, step, "Done."], profile=profile) as (driver, _, player):
        end = await driver.run_turn("Work.")
        assert end.outcome == "blocked", end
        assert "has cost $" in end.reason
        assert "max_cost_usd" in end.hint
        asked = len(player.requests)
        while end.outcome == "blocked":
            end = await driver.run_turn("")
    assert end.outcome == "done", end
    assert len(player.requests) > asked


async def test_limit_that_cannot_be_kept_because_no_price_is_known_is_said_once(tmp_path: Path) -> None:
    script = [say(Call("bash", {"command": "echo 1"})), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile(max_cost_usd=0.5)) as (driver, reports, _):
        end = await driver.run_turn("Work.")
    assert end.outcome == "done", end
    assert ["max_cost_usd" in notice.text for notice in reports.of(Notice)] == [True]


async def test_minutes_have_a_limit_also_while_a_tool_runs(tmp_path: Path) -> None:
    script = [say(Call("bash", {"command": "sleep 1000"})), "Done."]
    async with a_driver(tmp_path, script, profile=a_profile(max_minutes=0.01)) as (driver, _, player):
        end = await driver.run_turn("Work.")
        assert (end.outcome, end.reason) == ("blocked", "The turn has taken 0.01 minutes, which is its limit.")
        end = await driver.run_turn("")
    assert end.outcome == "done", end
    assert "interrupted" in player.requests[1].messages[-1].text


async def test_wait_is_announced_with_its_seconds_and_can_be_skipped(tmp_path: Path) -> None:
    limits = Limits(first_wait_seconds=200.0)
    async with a_driver(tmp_path, [Fault(status=529), "Done."], limits=limits) as (driver, reports, _):
        assert not driver.skip_wait()
        turn = asyncio.create_task(driver.run_turn("Work."))
        await reports.until(lambda seen: seen.of(Waiting))
        assert driver.skip_wait()
        end = await asyncio.wait_for(turn, 20)
    assert end.outcome == "done", end
    first, last = reports.of(Waiting)
    assert 200.0 <= first.seconds <= 250.0
    assert "overloaded" in first.reason
    assert last.seconds == 0.0, "the end of the wait must be told"


async def test_interrupt_during_a_wait_tells_its_end(tmp_path: Path) -> None:
    async with a_driver(tmp_path, [Fault(status=529)], limits=Limits(first_wait_seconds=200.0)) as (driver, reports, _):
        turn = asyncio.create_task(driver.run_turn("Work."))
        await reports.until(lambda seen: seen.of(Waiting))
        await driver.interrupt()
        assert (await turn).outcome == "interrupted"
    assert reports.of(Waiting)[-1].seconds == 0.0

"""One pane on the screen: what it shows, how it scrolls, and what keys and the mouse do."""

from __future__ import annotations

from typing import Any

import pytest
from pane_scenes import NOW, PaneApp, Script, a_task, until

from agents.model import Usage
from tests.presses import presses
from widgets.agent_pane import AgentPane


def long_script(rows: int = 80) -> Script:
    """One text entry of so many rows."""
    script = Script()
    script.add("text", "\n".join(f"row {n}" for n in range(rows)), done=False)
    return script


async def shown(app: PaneApp, pilot: Any, text: str) -> None:
    """Wait until a text is painted."""
    await until(pilot, lambda: any(text in line for line in app.lines()), f"{text!r} was not painted: {app.lines()}")


async def test_the_header_says_state_title_and_figures() -> None:
    app = PaneApp(a_task(waiting_prompts=2))
    async with app.run_test(size=(110, 12)) as pilot:
        await shown(app, pilot, "working")
        head = app.lines()[0]
        for part in ("● working", "Fix the rounding of totals", "2 queued", "turn 1", "ctx 21%", "$0.12", "1m 05s"):
            assert part in head, f"{part!r} is missing in {head!r}"
        assert "UNCONFINED" not in head


@pytest.mark.parametrize("width", [24, 30, 40, 60, 100])
async def test_an_unconfined_agent_is_called_so_at_any_width(width: int) -> None:
    app = PaneApp(a_task(sandbox="none", title="A title that is far too long for this pane"))
    async with app.run_test(size=(width, 10)) as pilot:
        await shown(app, pilot, "UNCONFINED")
        assert "●" in app.lines()[0]


async def test_a_blocked_task_says_why_and_what_to_do() -> None:
    app = PaneApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.pane.show_task(a_task(state="blocked", reason="No key is set.", hint="Set it, then resume."))
        await shown(app, pilot, "! blocked")
        assert "No key is set. Set it, then resume." in app.lines()[1]


async def test_text_appears_when_it_streams_in() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), script.add("text", "", done=False))
        app.feed(script.grow("The **answer"))
        await shown(app, pilot, "The **answer")
        app.feed(script.grow("** is 42."))
        await shown(app, pilot, "The answer is 42.")


async def test_the_end_stays_in_view_while_text_streams_in() -> None:
    app, script = PaneApp(), long_script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened())
        await shown(app, pilot, "row 79")
        app.feed(script.grow("\nthe end"))
        await shown(app, pilot, "the end")
        assert app.pane.is_following


@presses("pane.page-up")
async def test_the_view_stays_where_the_reader_is_and_says_how_much_is_new() -> None:
    app, script = PaneApp(), long_script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened())
        await shown(app, pilot, "row 79")
        await pilot.press("pageup", "pageup")
        await until(pilot, lambda: not app.pane.is_following, "it still follows")
        await pilot.pause()
        before = app.lines()[1:-1]
        app.feed(script.grow("\n\nmore\nand more"))
        await shown(app, pilot, "↓ 3 new lines")
        assert app.lines()[1:-1] == before, "the view jumped while the reader was up"
        await pilot.press("G")
        await shown(app, pilot, "and more")
        assert app.pane.is_following
        assert not any("new line" in line for line in app.lines())


@presses("pane.down")
async def test_scrolling_to_the_end_follows_again() -> None:
    app, script = PaneApp(), long_script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened())
        await shown(app, pilot, "row 79")
        await pilot.press("k", "k", "up")
        assert not app.pane.is_following
        await pilot.press("j", "j", "down")
        assert app.pane.is_following


@presses("pane.end", "pane.half-down", "pane.half-up", "pane.page-down", "pane.start")
async def test_keys_reach_both_ends_and_a_scrollbar_shows_the_place() -> None:
    app, script = PaneApp(), long_script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened())
        await shown(app, pilot, "row 79")
        assert not any(line.endswith("┃") for line in app.lines()), "a scrollbar at the end"
        await pilot.press("g")
        await shown(app, pilot, "row 0")
        assert app.lines()[1].endswith("┃"), "no grip at the top"
        await pilot.press("d")
        await pilot.press("u")
        await shown(app, pilot, "row 0")
        await pilot.press("pagedown")
        await until(pilot, lambda: "row 0" not in "\n".join(app.lines()), "a page down was not shown")
        await pilot.press("end")
        await shown(app, pilot, "row 79")


async def test_the_wheel_scrolls() -> None:
    app, script = PaneApp(), long_script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened())
        await shown(app, pilot, "row 79")
        from textual.events import MouseScrollUp

        app.pane.post_message(MouseScrollUp(app.pane, 5, 5, 0, -1, 0, False, False, False))
        await until(pilot, lambda: "row 76" in app.lines()[-1], "three rows up were not shown")


@presses("pane.toggle")
async def test_enter_unfolds_the_last_call_and_its_row_stays_in_place() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), *[script.add("text", f"text {n}") for n in range(8)])
        app.feed(script.tool("bash", "make", output="\n".join(f"out {n}" for n in range(30))))
        await shown(app, pilot, "✓ bash")
        line = next(index for index, text in enumerate(app.lines()) if "✓ bash" in text)
        await pilot.press("enter")
        await until(pilot, lambda: "▾" in app.lines()[line], f"unfolding moved the row: {app.lines()}")
        await pilot.press("enter")
        await shown(app, pilot, "make ▸")


async def test_a_click_on_a_call_unfolds_it() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), script.add("thinking", "first\nsecond"))
        await shown(app, pilot, "▸ thought")
        await pilot.click(app.pane, offset=(5, 2))
        await shown(app, pilot, "  second")


@presses("pane.next", "pane.next-prompt", "pane.previous", "pane.previous-prompt")
async def test_brackets_mark_entries_and_braces_prompts() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 30)) as pilot:
        app.feed(
            script.opened(), script.add("prompt", "first"), script.add("text", "answer"), script.add("text", "more")
        )
        await shown(app, pilot, "more")
        await pilot.press("[")
        await until(pilot, lambda: any(line.startswith("▌ more") for line in app.lines()), "the last is not marked")
        await pilot.press("[")
        await until(pilot, lambda: any(line.startswith("▌ answer") for line in app.lines()), "no step back")
        await pilot.press("{")
        await until(pilot, lambda: any(line.startswith("▌ ▌ first") for line in app.lines()), "no step to the prompt")
        await pilot.press("]")
        await until(pilot, lambda: any(line.startswith("▌ answer") for line in app.lines()), "no step forward")
        app.feed(script.add("prompt", "second"))
        await shown(app, pilot, "second")
        await pilot.press("}")
        await until(pilot, lambda: any(line.startswith("▌ ▌ second") for line in app.lines()), "no step to the next")


async def test_y_offers_the_text_of_the_marked_entry() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), script.add("text", "one **two**"), script.tool("bash", "make", output="done\n"))
        await shown(app, pilot, "✓ bash")
        await pilot.press("y", "[", "[", "y")
        copied = [message.text for message in app.said if isinstance(message, AgentPane.CopyText)]
        assert copied == ["make\ndone", "one **two**"]


async def test_the_first_row_asks_for_earlier_entries_and_they_keep_the_view() -> None:
    app, script = PaneApp(), Script()
    older = [script.add("text", f"old {n}").entry for n in range(5)]
    newer = [script.add("text", f"new {n}") for n in range(20)]
    async with app.run_test(size=(60, 12)) as pilot:
        late = Script()
        late.entries = [event.entry for event in newer]
        app.feed(late.opened(earlier=True))
        await shown(app, pilot, "new 19")
        await pilot.press("home")
        await shown(app, pilot, "↑ earlier output")
        wanted = [message.before for message in app.said if isinstance(message, AgentPane.EarlierWanted)]
        assert wanted == [6]
        line = next(index for index, text in enumerate(app.lines()) if "new 0" in text)
        app.pane.show_earlier(older, earlier=False)
        await pilot.pause()
        assert "new 0" in app.lines()[line] or "new 0" in app.lines()[line - 1], app.lines()
        await pilot.press("g")
        await shown(app, pilot, "old 0")


async def test_missed_events_are_told_once() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), script.add("text", "a", done=False))
        script.grow("b")
        app.feed(script.grow("c"), script.grow("d"))
        await until(
            pilot, lambda: any(isinstance(said, AgentPane.DetailsLost) for said in app.said), "nothing was said"
        )
        assert sum(isinstance(said, AgentPane.DetailsLost) for said in app.said) == 1
        app.feed(script.opened())
        await shown(app, pilot, "abcd")


@pytest.mark.parametrize("size", [(60, 5), (23, 20), (12, 3)])
async def test_a_small_pane_is_a_single_row(size: tuple[int, int]) -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=size) as pilot:
        app.feed(script.opened(), script.add("text", "the answer"))
        await shown(app, pilot, "●")
        await pilot.pause()
        lines = app.lines()
        assert not any(line.strip("▏▌ ") for line in lines[1:]), lines
        if size[0] == 60:
            await shown(app, pilot, "the answer")


async def test_a_resize_lays_the_text_out_anew() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), script.add("text", "one two three four five six seven eight nine ten"))
        await shown(app, pilot, "nine ten")
        await pilot.resize_terminal(30, 12)
        await until(pilot, lambda: any(line.endswith("five six") for line in app.lines()), str(app.lines()))
        assert all(len(line) <= 30 for line in app.lines())


async def test_another_task_begins_with_an_empty_transcript() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), script.add("text", "of the first task"))
        await shown(app, pilot, "of the first task")
        app.pane.show_task(a_task("cd34", title="Second", state="queued", usage=Usage()))
        await shown(app, pilot, "Waits for a free place.")
        assert "Second" in app.lines()[0]
        assert not any("of the first task" in line for line in app.lines())
        app.pane.show_task(a_task("ef56", title="Third", state="queued", held=True, usage=Usage()))
        await shown(app, pilot, "It has not begun.")


async def test_the_time_of_a_running_turn_moves_and_that_of_a_resting_one_does_not() -> None:
    now = [NOW]
    app = PaneApp(clock=lambda: now[0])
    async with app.run_test(size=(80, 12)) as pilot:
        await shown(app, pilot, "1m 05s")
        assert app.pane.has_clock
        now[0] += 10
        app.pane.tick()
        await shown(app, pilot, "1m 15s")
        app.pane.show_task(a_task(state="ready", worked_seconds=77.0))
        await shown(app, pilot, "1m 17s")
        assert not app.pane.has_clock


async def test_colours_follow_the_theme() -> None:
    app, script = PaneApp(), Script()
    async with app.run_test(size=(60, 12)) as pilot:
        app.feed(script.opened(), script.add("text", "hello"))
        await shown(app, pilot, "hello")
        dark = app.screen._compositor.render_strips(app.size)[2]
        app.theme = "textual-light"
        await pilot.pause()
        await until(
            pilot,
            lambda: app.screen._compositor.render_strips(app.size)[2] != dark,
            "the light theme looks as the dark",
        )


async def test_a_double_click_on_the_header_asks_for_zoom() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 12)) as pilot:
        await shown(app, pilot, "working")
        await pilot.click(app.pane, offset=(10, 0), times=2)
        await until(
            pilot, lambda: any(isinstance(said, AgentPane.PaneZoomed) for said in app.said), "nothing was asked"
        )

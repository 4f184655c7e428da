"""Searching in a pane, copying what is seen, opening what an agent names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pane_scenes import PaneApp, Script, until

from tests.presses import presses
from widgets.agent_pane import AgentPane
from widgets.text_strips import spans_cells
from widgets.transcript.links import links_in
from widgets.transcript.marking import Place, chosen_text, search, styled
from widgets.transcript.model import Transcript
from widgets.transcript.rows import RowTable

SAID = "The total is rounded too early in shop/till.py:12, see https://example.org/a_(b)?x=1. Also in the receipt."


def a_table(width: int, *texts: str) -> RowTable:
    """Rows of some texts."""
    transcript, script = Transcript(), Script()
    for text in texts:
        script.add("text", text)
    transcript.feed(script.opened())
    return RowTable(transcript, width)


# --- links


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/x.", ["https://example.org/x"]),
        ("(https://example.org/a_(b)?x=1)", ["https://example.org/a_(b)?x=1"]),
        ("in shop/till.py:12 and ./a.c:3:7", ["shop/till.py:12", "a.c:3"]),
        ("Makefile:3 has no point and no slash", []),
        ('  File "shop/till.py", line 8, in total', ["shop/till.py:8"]),
        ("at 12:30, ratio 3:2, http://127.0.0.1:8000/x", ["http://127.0.0.1:8000/x"]),
        ("/abs/path/to.py:99", ["/abs/path/to.py:99"]),
    ],
)
def test_links_are_addresses_and_files_with_a_line(text: str, found: list[str]) -> None:
    assert [link.address or f"{link.path}:{link.line}" for link in links_in(text)] == found


# --- what is found and chosen


def test_search_finds_text_across_the_end_of_a_row_whatever_the_case() -> None:
    rows = a_table(24, SAID)
    (found,) = search("Rounded Too", rows, ())
    assert len(found.stretches) == 2 or found.stretches[0].end - found.stretches[0].start == len("rounded too")
    assert search("nowhere", rows, ()) == []


def test_chosen_text_is_what_is_seen_in_either_direction() -> None:
    rows = a_table(80, "first line\nsecond line\nthird line")
    forwards = chosen_text(Place(1, 6), Place(2, 6), rows)
    assert forwards == "line\nsecond"
    assert chosen_text(Place(2, 6), Place(1, 6), rows) == forwards


@given(st.text("ab漢 é👍", max_size=20), st.integers(0, 30), st.integers(0, 30))
def test_style_of_a_part_changes_no_text(text: str, start: int, end: int) -> None:
    spans = ((text, "strong"), ("tail", ""))
    marked = styled(spans, start, max(start, end), "chosen")
    assert "".join(part for part, _ in marked) == text + "tail"
    assert spans_cells(marked) == spans_cells(spans)


# --- in the pane


class TextApp(PaneApp):
    """A pane, and what it offered."""

    def on_agent_pane_address_opened(self, message: AgentPane.AddressOpened) -> None:
        self.said.append(message)

    def on_agent_pane_place_opened(self, message: AgentPane.PlaceOpened) -> None:
        self.said.append(message)

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.said if isinstance(message, kind)]


async def _say(app: TextApp, pilot: Any, *texts: str) -> Script:
    script = Script()
    for text in texts:
        script.add("text", text)
    app.feed(script.opened())
    await until(pilot, lambda: any(texts[-1].split()[-1] in line for line in app.lines()), "it was not painted")
    return script


@presses("pane.drop", "pane.found-after", "pane.found-before", "pane.search")
async def test_search_goes_to_what_is_found_and_names_how_many() -> None:
    app = TextApp()
    async with app.run_test(size=(60, 16)) as pilot:
        await _say(app, pilot, *(f"Paragraph {n} about {'mills' if n % 10 == 3 else 'bakeries'}." for n in range(40)))
        await pilot.press("slash", *"mills")
        await until(pilot, lambda: "4/4" in app.lines()[0], app.lines()[0])
        await pilot.press("enter", "n")
        await until(pilot, lambda: "3/4" in app.lines()[0], app.lines()[0])
        assert any("Paragraph 23" in line for line in app.lines())
        await pilot.press("N", "N")
        await until(pilot, lambda: "1/4" in app.lines()[0], "it does not go round")
        await pilot.press("escape")
        await until(pilot, lambda: "find:" not in app.lines()[0], "the search is still there")


async def test_search_unfolds_what_hides_the_text() -> None:
    app = TextApp()
    async with app.run_test(size=(60, 16)) as pilot:
        script = Script()
        script.tool("bash", "make", output="line\n" * 20 + "needle in here\n")
        script.add("text", "Done.")
        app.feed(script.opened())
        await until(pilot, lambda: any("Done." in line for line in app.lines()), "it was not painted")
        assert not any("needle" in line for line in app.lines())
        await pilot.press("slash", *"needle", "enter")
        await until(pilot, lambda: any("needle in here" in line for line in app.lines()), "it is still folded")


async def test_n_is_not_taken_while_nothing_is_searched() -> None:
    app = TextApp()
    async with app.run_test(size=(60, 16)):
        assert app.pane.check_action("go_to_found", (-1,)) is False


async def test_mouse_copies_what_it_is_drawn_over_and_the_text_stands_still_meanwhile() -> None:
    app = TextApp()
    async with app.run_test(size=(60, 16)) as pilot:
        script = await _say(app, pilot, "\n".join(f"row number {n}" for n in range(30)))
        y = next(y for y, line in enumerate(app.lines()) if "row number 25" in line)
        await pilot.mouse_down(app.pane, offset=(6, y))
        await pilot.hover(app.pane, offset=(12, y + 1))
        app.feed(script.add("text", "more"), script.add("text", "and more"))
        await pilot.pause(0.1)
        assert "row number 25" in app.lines()[y], "the text moved while it was chosen"
        await pilot.mouse_up(app.pane, offset=(12, y + 1))
        await until(pilot, lambda: bool(app.of(AgentPane.CopyText)), "nothing was copied")
        assert app.of(AgentPane.CopyText)[0].text == "number 25\nrow number"
        await until(pilot, lambda: any("and more" in line for line in app.lines()), "it does not follow any more")


@presses("pane.choose", "pane.copy", "pane.up")
async def test_keys_choose_rows_and_y_copies_them_as_they_are_seen() -> None:
    app = TextApp()
    async with app.run_test(size=(60, 16)) as pilot:
        await _say(app, pilot, "\n".join(f"row number {n}" for n in range(30)))
        await pilot.press("v", "k", "k", "y")
        await until(pilot, lambda: bool(app.of(AgentPane.CopyText)), "nothing was copied")
        assert app.of(AgentPane.CopyText)[0].text == "row number 27\nrow number 28\nrow number 29"
        await pilot.press("k")
        assert not app.pane.is_following, "k does not scroll any more"


async def test_click_on_an_address_or_a_place_opens_it() -> None:
    app = TextApp()
    async with app.run_test(size=(40, 16)) as pilot:
        await _say(app, pilot, SAID)
        y, x = next((y, line.index("till.py")) for y, line in enumerate(app.lines()) if "till.py" in line)
        await pilot.click(app.pane, offset=(x, y))
        await until(pilot, lambda: bool(app.of(AgentPane.PlaceOpened)), "the place was not opened")
        opened = app.of(AgentPane.PlaceOpened)[0]
        assert (opened.path, opened.line) == ("shop/till.py", 12)
        y, x = next((y, line.index("https")) for y, line in enumerate(app.lines()) if "https" in line)
        await pilot.click(app.pane, offset=(x + 2, y))
        await until(pilot, lambda: bool(app.of(AgentPane.AddressOpened)), "the address was not opened")
        assert app.of(AgentPane.AddressOpened)[0].address == "https://example.org/a_(b)?x=1"


@presses("pane.open")
async def test_o_opens_one_link_after_the_other() -> None:
    app = TextApp()
    async with app.run_test(size=(60, 16)) as pilot:
        await _say(app, pilot, SAID)
        await pilot.press("o", "o")
        await until(pilot, lambda: bool(app.of(AgentPane.AddressOpened)), "the second link was not opened")
        assert len(app.of(AgentPane.PlaceOpened)) == 1

"""Terminal agents on the floor: their terminals are shown, keys go to them until they are taken back."""

from __future__ import annotations

import msgspec
import pytest

from agents.events import TerminalOpened, TerminalWrote
from agents.terminal.emulator import Emulator
from app.ask import TellScreen
from tests.app.floor_engine import NOW, a_task
from tests.app.floor_stage import Stage, a_floor
from tests.presses import presses
from widgets.terminal.pane import TerminalPane


def a_terminal_task(name: str = "trm1") -> object:
    return a_task(name, "Fix prices", driver="terminal", state="ready", created_at=NOW - 10)


def opened(task: str, text: bytes = b"", columns: int = 70, rows: int = 30) -> TerminalOpened:
    emulator = Emulator(columns, rows)
    emulator.feed(text)
    state = emulator.snapshot()
    emulator.close()
    return TerminalOpened(task=task, state=state, columns=columns, rows=rows, offset=len(text))


def shown(stage: Stage) -> str:
    pane = stage.app.focused
    assert isinstance(pane, TerminalPane)
    return "\n".join(strip.text for strip in pane.render_lines(pane.size.region))


async def in_terminal(stage: Stage, text: bytes) -> TerminalPane:
    stage.floor.go_to("trm1")
    await stage.until(lambda: isinstance(stage.app.focused, TerminalPane), "the terminal has the focus")
    stage.engine.tell(opened("trm1", text))
    await stage.until(lambda: "▏" in shown(stage) or "▌" in shown(stage), "it is painted")
    pane = stage.app.focused
    assert isinstance(pane, TerminalPane)
    await stage.until(lambda: pane.terminal.alive, "the terminal is known")
    return pane


def wrote(data: bytes, after: bytes) -> TerminalWrote:
    return TerminalWrote(task="trm1", offset=len(after), data=data)


@presses("floor.zoom")
async def test_what_the_program_writes_is_shown_and_keys_go_to_it_until_taken_back() -> None:
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        await in_terminal(stage, b"\x1b[1;31mhello\x1b[0m there\r\n> ")
        await stage.until(lambda: "hello there" in shown(stage), "the text is shown")
        await stage.press("q", "tab", "ctrl+c", "enter", "n")
        await stage.until(lambda: stage.engine.terminals.written, "keys arrive")
        assert b"".join(stage.engine.terminals.written) == b"q\t\x03\rn", "no key is the floor's"
        assert "take the keys back" in stage.legend
        await stage.press("ctrl+right_square_bracket", "z")
        assert b"".join(stage.engine.terminals.written) == b"q\t\x03\rn"
        assert stage.floor.grid.zoomed, "the floor's keys work again"


async def test_what_comes_in_does_not_move_the_reader_and_enter_goes_back_to_the_agent() -> None:
    text = b"".join(b"line %d\r\n" % number for number in range(200))
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        pane = await in_terminal(stage, text)
        await stage.press("shift+pageup")
        before = shown(stage).splitlines()[3]
        stage.engine.tell(wrote(b"more\r\n" * 50, text))
        await stage.until(lambda: "50 new" in shown(stage), "the reader is told of new rows")
        assert shown(stage).splitlines()[3] == before, "the view moved under the reader"
        await stage.press("x")
        await stage.until(lambda: pane.is_following, "typing goes to the end")
        assert stage.engine.terminals.written == [b"x"]


async def test_words_are_found_in_what_has_left_the_screen() -> None:
    text = b"".join(b"line %d\r\n" % number for number in range(200))
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        await in_terminal(stage, text)
        await stage.press("ctrl+right_square_bracket", "ctrl+f", *"line 17")
        await stage.until(lambda: "11 of 11" in shown(stage), "the places are counted, the last one first")
        await stage.press("backspace", "backspace", "3", "7", "enter")
        await stage.until(lambda: "line 37" in shown(stage), "the place is brought into view")
        await stage.press("escape")
        assert stage.engine.terminals.written == [], "what is searched for is not typed"


async def test_text_is_chosen_with_the_mouse_and_copied() -> None:
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        pane = await in_terminal(stage, b"alpha beta\r\ngamma")
        await stage.until(lambda: "gamma" in shown(stage), "the text is shown")
        await stage.pilot.mouse_down(pane, offset=(1, 1))
        await stage.pilot.hover(pane, offset=(5, 2))
        await stage.pilot.mouse_up(pane, offset=(5, 2))
        await stage.until(lambda: "Copied" in stage.legend, "it is copied")
        assert stage.app.clipboard == "alpha beta\ngamma"


async def test_the_program_is_told_the_size_it_is_shown_in() -> None:
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        pane = await in_terminal(stage, b"")
        await stage.until(lambda: stage.engine.terminals.sizes, "a size is asked for")
        dark = stage.app.current_theme.dark
        assert stage.engine.terminals.sizes[-1] == ("trm1", pane.size.width - 1, pane.size.height - 1, dark)


@presses("terminal.type")
async def test_a_program_that_has_ended_says_so_and_enter_starts_it_again() -> None:
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        pane = await in_terminal(stage, b"bye")
        stage.engine.tell(msgspec.structs.replace(opened("trm1", b"bye"), alive=False))
        await stage.until(lambda: not pane.terminal.alive, "it has ended")
        assert "Enter starts it again" in shown(stage)
        await stage.press("enter")
        assert stage.engine.terminals.started == ["trm1"]


async def test_what_is_still_typed_into_a_program_that_has_just_ended_acts_on_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("widgets.terminal.pane.LEFT_OVER_SECONDS", 3600)
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        pane = await in_terminal(stage, b"> ")
        await stage.press("r")
        stage.engine.tell(msgspec.structs.replace(opened("trm1", b"bye"), alive=False))
        await stage.until(lambda: not pane.terminal.alive, "it has ended")
        await stage.press("z", "enter", "question_mark")
        assert not stage.floor.grid.zoomed, "a letter that was meant for the program acts on the floor"
        assert stage.floor.is_active, "a letter that was meant for the program opens something"
        assert stage.engine.terminals.started == [], "the end of what was typed starts the program again"
        monkeypatch.setattr("widgets.terminal.pane.LEFT_OVER_SECONDS", 0)
        await stage.press("z", "enter")
        assert stage.floor.grid.zoomed, "the keys are never the floor's again"
        assert stage.engine.terminals.started == ["trm1"]


@presses("terminal.leave", "terminal.take")
async def test_the_agent_cannot_write_the_clipboard_but_may_offer() -> None:
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        await in_terminal(stage, b"")
        stage.engine.tell(wrote(b"\x1b]52;c;c2VjcmV0\x07", b""))
        await stage.until(lambda: "has copied 6" in stage.legend, "it is offered")
        assert stage.app.clipboard == ""
        await stage.press("ctrl+right_square_bracket", "Y")
        assert stage.app.clipboard == "secret"


async def test_sequences_of_the_program_do_not_reach_the_screen() -> None:
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        await in_terminal(
            stage, b"safe\x1b]0;title\x07\x1b[>1u\x1b[?2026hheld\x1b[?2026l\x1b]8;;http://x\x07link\x1b]8;;\x07"
        )
        await stage.until(lambda: "safeheldlink" in shown(stage), "only the text is shown")
        assert "\x1b" not in shown(stage)


@presses("tell.go-on")
async def test_keys_typed_into_a_terminal_that_leaves_the_floor_do_not_go_to_another_agent() -> None:
    other = a_task("trm2", "Count stock", driver="terminal", state="ready", created_at=NOW - 5)
    async with a_floor(a_terminal_task(), other) as stage:  # type: ignore[arg-type]
        stage.engine.tell(opened("trm2", b"> "))
        await in_terminal(stage, b"> ")
        await stage.press("r", "m")
        stage.engine.change("trm1", state="closed")
        await stage.until(lambda: stage.current == "trm2", "the task has left the floor")
        await stage.press("q", "i", "n")
        assert stage.engine.terminals.written == [b"r", b"m"], "keys went to the agent of another task"
        assert isinstance(stage.app.screen, TellScreen), "keys that were meant for an agent act on the floor"
        await stage.press("enter")
        await stage.until(lambda: stage.floor.is_active, "the person goes on")
        assert "keys to the agent" in stage.legend, "the other agent has the keys without being given them"


async def test_rows_of_a_question_push_empty_rows_out_and_not_the_prompt() -> None:
    asks = a_task(
        "trm1", "Fix prices", driver="terminal", state="blocked", reason="Something not sent stands there. " * 4
    )
    async with a_floor(asks) as stage:
        await in_terminal(stage, b"agent ready\r\n> half a pro")
        rows = stage.app.focused.size.height - 1  # type: ignore[union-attr]
        stage.engine.tell(opened("trm1", b"agent ready\r\n> half a prompt", rows=rows))
        await stage.until(lambda: "half a prompt" in shown(stage), "what is typed is in view")
        assert "agent ready" in shown(stage)
        full = b"agent ready" + b"\r\n" * rows + b"> last"
        stage.engine.tell(opened("trm1", full, rows=rows))
        await stage.until(lambda: "> last" in shown(stage), "a full screen shows its end")

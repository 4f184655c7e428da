"""Terminal agents on the floor: their terminals are shown, keys go to them until they are taken back."""

from __future__ import annotations

from agents.model import TerminalOpened, TerminalWrote
from agents.terminal.emulator import Emulator
from tests.app.floor_engine import NOW, a_task
from tests.app.floor_stage import Stage, a_floor
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


async def test_what_the_program_writes_is_shown_and_keys_go_to_it_until_taken_back() -> None:
    async with a_floor(a_terminal_task()) as stage:  # type: ignore[arg-type]
        await in_terminal(stage, b"\x1b[1;31mhello\x1b[0m there\r\n> ")
        await stage.until(lambda: "hello there" in shown(stage), "the text is shown")
        stage.engine.tell(TerminalWrote(task="trm1", offset=30 - 4, data=b""))
        await stage.press("q", "tab", "ctrl+c", "enter", "n")
        await stage.until(lambda: stage.engine.terminals.written, "keys arrive")
        assert b"".join(stage.engine.terminals.written) == b"q\t\x03\rn", "no key is the floor's"
        assert "take the keys back" in stage.legend
        await stage.press("ctrl+right_square_bracket", "z")
        assert b"".join(stage.engine.terminals.written) == b"q\t\x03\rn"
        assert stage.floor.grid.zoomed, "the floor's keys work again"

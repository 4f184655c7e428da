"""The pieces below a terminal agent: what programs ask a terminal, keys, what is typed, what is kept, what is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.drivers.terminal.record import LIMIT_BYTES, Record, read_record
from agents.drivers.terminal.replay import replayed
from agents.drivers.terminal.signals import read_signal
from agents.engine.hub import TERMINAL_LIMIT, Hub
from agents.events import AnyEvent, TerminalOpened, TerminalWrote
from agents.terminal.emulator import Emulator, Sink, closing
from agents.terminal.input import Keyboard
from agents.terminal.typed import Typed


class Heard(Sink):
    """Everything a terminal told."""

    def __init__(self) -> None:
        self.replies = b""
        self.said: list[tuple[str, str]] = []

    def reply(self, data: bytes) -> None:
        self.replies += data

    def title(self, text: str) -> None:
        self.said.append(("title", text))

    def progress(self, state: str, percent: int) -> None:
        self.said.append(("progress", f"{state} {percent}"))

    def notification(self, title: str, body: str) -> None:
        self.said.append(("notification", f"{title}|{body}"))

    def other(self, command: str) -> None:
        self.said.append(("other", command))

    def copied(self, text: str) -> None:
        self.said.append(("copied", text))


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"\x1b[c", b"\x1b[?62"),
        (b"\x1b[6n", b"\x1b[1;1R"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b[?u", b"\x1b[?0u"),
        (b"\x1b]11;?\x07", b"\x1b]11;rgb:"),
        (b"\x1b[18t", b"\x1b[8;10;40t"),
        (b"\x1b[>q", b"\x1bP>|"),
    ],
)
def test_what_programs_ask_a_terminal_is_answered(asked: bytes, answer: bytes) -> None:
    heard = Heard()
    with closing(Emulator(40, 10, heard)) as emulator:
        emulator.feed(asked)
        assert heard.replies.startswith(answer)
        assert emulator.screen_text()[0] == "", "a question draws nothing"


def test_what_programs_tell_beside_their_screen_is_told() -> None:
    heard = Heard()
    with closing(Emulator(40, 10, heard)) as emulator:
        emulator.feed(
            b"\x1b]0;busy\x07\x1b]9;4;3\x07\x1b]9;look\x07\x1b]7501;state=idle\x07\x1b]52;c;aGk=\x07\x1b]52;c;?\x07"
        )
        assert heard.said == [
            ("title", "busy"), ("progress", "indeterminate -1"), ("notification", "|look"),
            ("other", "7501;state=idle"), ("copied", "hi"),
        ]  # fmt: skip
        assert heard.replies == b"", "nobody may read the clipboard"


def test_the_state_of_a_terminal_goes_on_elsewhere_also_in_the_middle_of_a_sequence() -> None:
    with closing(Emulator(20, 4)) as first:
        first.feed(b"one\r\n\x1b[31mtwo\x1b[3")
        with closing(Emulator(1, 1, state=first.snapshot())) as second:
            assert second.screen_text()[:2] == ["one", "two"]
            assert (second.columns, second.rows) == (20, 4)
            second.feed(b"2mgreen")
            assert second.lines(1, 2)[0][-1] == ("green", "38;5;2")


def test_the_state_of_a_terminal_in_an_endless_sequence_is_what_is_drawn() -> None:
    with closing(Emulator(20, 4)) as first:
        first.feed(b"one\x1b]52;c;" + b"QUJD" * 100_000)
        with closing(Emulator(1, 1, state=first.snapshot())) as second:
            assert second.screen_text()[0] == "one"


@pytest.mark.parametrize("columns", [80, 200])
def test_thousands_of_rows_are_kept_above_the_screen_also_where_it_is_shown(columns: int) -> None:
    lines = b"".join(b"line %d\r\n" % number for number in range(20_000))
    with closing(Emulator(columns, 40)) as emulator:
        emulator.feed(lines)
        assert 1_800 < emulator.total_rows < 10_000, "many, and not all"
        with closing(Emulator(1, 1, state=emulator.snapshot())) as shown:
            assert shown.total_rows == emulator.total_rows
            shown.feed(lines)
            assert 1_800 < shown.total_rows < 10_000


def test_keys_are_encoded_as_the_program_asked() -> None:
    with closing(Emulator(20, 4)) as emulator:
        keyboard = Keyboard(emulator)
        assert [keyboard.key(name) for name in ("up", "ctrl+c", "escape", "shift+enter")] == [
            b"\x1b[A", b"\x03", b"\x1b", b"\x1b\r",
        ]  # fmt: skip
        emulator.feed(b"\x1b[>1u\x1b[?2004h\x1b[?1000h\x1b[?1006h")
        assert [keyboard.key(name) for name in ("ctrl+c", "escape", "shift+enter")] == [
            b"\x1b[99;5u", b"\x1b[27u", b"\x1b[13;2u",
        ]  # fmt: skip
        assert keyboard.paste("a\nb\x1b[201~") == b"\x1b[200~a\rb[201~\x1b[201~", "nothing gets out of the brackets"
        assert keyboard.mouse("left", 2, 1) == b"\x1b[<0;3;2M"


@pytest.mark.parametrize(
    ("keys", "unsent"),
    [
        (b"abc\x7f", "ab"),
        (b"two words\x17", "two"),
        (b"gone\x15", ""),
        (b"gone\x03", ""),
        (b"a\x1b\rb", "a\nb"),
        (b"\x1b[200~p\rq\x1b[201~", "p\nq"),
        (b"\x1b[97;;97u\x1b[98;;98u\x1b[127u", "a"),
        (b"a\x1b[D\x1b[Ib", "ab"),
        (b"sent\r", ""),
    ],
)
def test_what_stands_unsent_is_known_from_the_keys(keys: bytes, unsent: str) -> None:
    typed = Typed()
    typed.feed(keys)
    assert typed.unsent == unsent


def test_what_was_kept_shows_the_same_terminal_again_and_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "terminal.log"
    with closing(Emulator(40, 5)) as emulator:
        record = Record(path, emulator.snapshot)
        record.flush(0.0)
        block = b"x" * 39 + b"\r\n"
        for number in range(40):
            data = block * 5_000 + b"part %d\r\n" % number
            emulator.feed(data)
            record.add("output", data, 0.0)
            record.flush(0.0)
        emulator.resize(30, 5)
        record.add("size", b"30x5", 0.0)
        record.flush(0.0)
        shown = emulator.screen_text()
    assert path.stat().st_size < 2 * LIMIT_BYTES
    with path.open("ab") as file:
        file.write(b"torn")
    again = replayed(path)
    assert again is not None
    with closing(again):
        assert again.screen_text() == shown
        assert again.columns == 30
    assert list(read_record(tmp_path / "absent")) == []


@pytest.mark.parametrize("line", [b"", b"no json", b"[1]", b'{"a": 1}'])
def test_a_signal_that_is_none_is_left_out(line: bytes) -> None:
    assert read_signal(line) is None


class NoTasks:
    def tasks_since(self, sequence: int) -> list[AnyEvent]:
        return []

    def transcript_since(self, task: str, sequence: int) -> list[AnyEvent]:
        return []


async def test_a_listener_that_is_too_slow_is_told_the_terminal_anew() -> None:
    hub = Hub()
    hub.terminal_of = lambda task: TerminalOpened(task=task, state=b"state", columns=1, rows=1, offset=7)
    listener = hub.join(NoTasks())
    await listener.watch(["a"])
    batches = aiter(listener)
    assert [type(event) for event in await anext(batches)] == [TerminalOpened]
    hub.wrote("a", 7, b"x")
    hub.wrote("a", 8, b"y")
    hub.wrote("b", 0, b"nobody watches")
    assert await anext(batches) == [TerminalWrote(task="a", offset=7, data=b"xy")], "merged"
    for number in range(10):
        hub.wrote("a", 9 + number * TERMINAL_LIMIT, b"z" * TERMINAL_LIMIT)
    async with asyncio.timeout(20):
        assert [type(event) for event in await anext(batches)] == [TerminalOpened], "not all that was written"
    await listener.close()

"""A program in a PTY for as long as it lives: what it writes, how it stands, what is typed into it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from agents.drivers.settings_files import filled, temp_inside, write_files
from agents.drivers.terminal.record import Record
from agents.drivers.terminal.signals import PIPE, Signal, SignalPipe
from agents.errors import ShopfloorError
from agents.sandbox import Policy, Process, Runner
from agents.sandbox.policy import PtySize
from agents.terminal.emulator import Emulator, Mark, Sink
from agents.terminal.input import Keyboard
from agents.terminal.rules import TerminalSection
from agents.terminal.status import Decision, Status
from agents.terminal.typed import Typed

DEFAULT_SIZE = PtySize(columns=100, rows=30)
"""Of a program that nobody looks at yet."""
TERM = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TERM_PROGRAM": "ghostty", "TERM_PROGRAM_VERSION": "1.3.0"}
"""What programs are told about their terminal: the emulator is Ghostty's own."""

_READ_BYTES = 65_536
_TICK_SECONDS = 1 / 30
_TICK_BYTES = 1_500_000
"""A program that writes more within a tick waits: the others have their turn."""
_CALM_BYTES = 2_048
"""A terminal that nobody watches and that writes less at a time is read once in a tick: what a piece costs is above all
to be woken for it."""
TALK_SECONDS = 0.5
"""For so long after it was told something, what it writes is read at once all the same."""
_LOOK_SECONDS = 0.12
"""At most so often the screen is read for rules."""
_FLUSH_SECONDS = 0.5
_RETRY_SECONDS = 2.0
"""After the disk has refused what a terminal shows."""
_ANSWER_SECONDS = 0.5
"""A question stands for so long before it is answered: it may still be drawn."""
_INPUT_LIMIT_BYTES = 4_000_000
_EXIT_SECONDS = 2.0


class Session(Sink):
    """One program. Start it with :meth:`start`; it ends by itself or by :meth:`end`."""

    def __init__(self, section: TerminalSection, folder: Path, size: PtySize = DEFAULT_SIZE) -> None:
        """
        Args:
            folder: the task's private folder.
        """
        self._section = section
        self.size = size
        self._emulator = Emulator(size.columns, size.rows, self)
        self.keyboard = Keyboard(self._emulator)
        self.status = Status(section, time.monotonic())
        self.typed = Typed()
        self._answering = Typed()
        """What was typed since it asks something."""
        self.offset = 0
        """Bytes that it has written."""
        self.exit_status: int | None = None
        self.on_output: Callable[[int, bytes], None] = lambda _offset, _data: None
        self.on_state: Callable[[Decision], None] = lambda _decision: None
        self.on_resize: Callable[[], None] = lambda: None
        self.is_watched: Callable[[], bool] = lambda: True
        """Somebody sees what it writes, and wants to see it at once."""
        self.on_problem: Callable[[str], None] = lambda _text: None
        """Something that belongs to the program goes wrong, said in words for the person."""
        self.on_signal: Callable[[Signal], None] = lambda _signal: None
        self.changed = asyncio.Event()
        """Set after every look at how it stands; whoever waits clears it."""
        self.person_turn = False
        """The person has started the turn that runs, by typing."""
        self.was_typed_into = False
        """The person has pressed keys since the last turn ended."""
        self.person_mark: Mark | None = None
        """Where the cursor was when the person sent something last."""
        self.submits = 0
        """Signs of the agent's own that a prompt has arrived."""
        self._process: Process | None = None
        self._pipe: SignalPipe | None = None
        self._record = Record(folder / "terminal.log", self._emulator.snapshot)
        self._reading = False
        self._read_in_tick = 0
        self._told_at = -1.0
        """When something was written into its terminal last, in monotonic seconds: keys, or an answer of ours."""
        self._output = bytearray()
        """To be written into the PTY."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._looked_at = 0.0
        self._answered: set[str] = set()
        """Rules whose question was answered at the start."""
        self._ended: asyncio.Task[None] | None = None

    # life

    async def start(self, runner: Runner, policy: Policy, command: tuple[str, ...], values: Mapping[str, str]) -> None:
        """Start a command in the sandbox.

        Args:
            values: what ``${…}`` stands for, besides ``${folder}`` and ``${hook}``.

        Raises:
            ShopfloorError: it could not be started.
        """
        inside = temp_inside(policy, runner)
        self._pipe = SignalPipe(Path(policy.temp), inside, self._told)
        words = write_files(self._section.files, policy, runner, dict(values) | {"hook": self._pipe.hook})
        given = TERM | {name: filled(text, words) for name, text in self._section.set.items()}
        environment = policy.environment | given | {"SHOPFLOOR_SIGNALS": f"{inside}/{PIPE}"}
        self._process = await runner.start(
            [filled(word, words) for word in command],
            msgspec.structs.replace(policy, environment=environment),
            pty=self.size,
        )
        self._listen()
        self._ended = asyncio.create_task(self._wait(self._process))

    @property
    def alive(self) -> bool:
        """The program runs."""
        return self._process is not None and self.exit_status is None

    @property
    def pid(self) -> int:
        """Of the head of its process tree; 0 when none runs."""
        return self._process.pid if self._process is not None and self.alive else 0

    async def end(self) -> None:
        """End the whole tree. Safe to repeat."""
        if self._process is not None:
            self._deaf()
            self._process.kill()
        if self._ended is not None:
            await asyncio.wait((self._ended,), timeout=_EXIT_SECONDS)
        self._close()

    async def _wait(self, process: Process) -> None:
        status = await process.wait()
        self._read()  # what it wrote last
        self._deaf()
        process.kill()
        self.exit_status = status
        decision = self.status.saw_end(f"exit status {status}", time.monotonic())
        self._flush()
        self.on_state(decision)
        self.changed.set()

    def _close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._pipe is not None:
            self._pipe.close()

    # what it writes

    def _listen(self) -> None:
        if not self._reading and self._process is not None and self._process.pty is not None:
            self._reading = True
            asyncio.get_running_loop().add_reader(self._process.pty, self._read)

    def _pause(self) -> None:
        """Read no more before the next tick."""
        if self._reading and self._process is not None and self._process.pty is not None:
            asyncio.get_running_loop().remove_reader(self._process.pty)
        self._reading = False

    def _deaf(self) -> None:
        self._pause()
        if self._process is not None and self._process.pty is not None:
            asyncio.get_running_loop().remove_writer(self._process.pty)

    def _read(self) -> None:
        descriptor = self._process.pty if self._process is not None else None
        if descriptor is None:
            return
        pieces = []
        size = 0
        while size < 4 * _READ_BYTES:
            try:
                data = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                break
            except OSError:  # nobody has the other end any more
                data = b""
            if not data:
                self._deaf()
                break
            pieces.append(data)
            size += len(data)
        if pieces:
            self._wrote(b"".join(pieces))
            self._read_in_tick += size
            if "tick" not in self._timers:
                self._later("tick", _TICK_SECONDS, self._tick)
            talks = time.monotonic() - self._told_at < TALK_SECONDS
            is_calm = size < _CALM_BYTES and not talks and not self.is_watched()
            if is_calm or self._read_in_tick > _TICK_BYTES:
                self._pause()

    def _tick(self) -> None:
        self._read_in_tick = 0
        if self.alive:
            self._listen()

    def _wrote(self, data: bytes) -> None:
        self._emulator.feed(data)
        offset, self.offset = self.offset, self.offset + len(data)
        now = time.monotonic()
        self._record.add("output", data, time.time())
        if "flush" not in self._timers:
            self._later("flush", _FLUSH_SECONDS, self._flush)
        self.status.saw_output(now)
        self.on_output(offset, data)
        if "look" not in self._timers:
            self._drop("quiet")
            self._later("look", max(0.0, self._looked_at + _LOOK_SECONDS - now), self._look)

    def _flush(self) -> None:
        try:
            self._record.flush(time.time())
        except OSError as error:
            self.on_problem(
                f"What its terminal shows cannot be kept ({error.strerror}): after a crash it is not shown."
            )
            if self.alive:
                self._later("flush", _RETRY_SECONDS, self._flush)

    # how it stands

    def _look(self) -> None:
        """Read the screen for rules, decide, and look again when silence may mean something."""
        now = self._looked_at = time.monotonic()
        if self.status.state != "ended":
            self.status.saw_screen(self._emulator.screen_text(), now)
        self._decide()

    def _decide(self) -> None:
        now = time.monotonic()
        decision = self.status.decide(now)
        if decision is not None:
            if decision.state == "blocked":
                self._answering = Typed()
            self._answer_first_question(decision)
            self.on_state(decision)
        self.changed.set()
        wait = self.status.next_check(now)
        if wait is not None and "look" not in self._timers:
            self._later("quiet", wait, self._decide)

    def _answer_first_question(self, decision: Decision) -> None:
        """Press the keys that a profile names for what is asked at a first start, once for each question."""
        if (
            decision.state == "blocked"
            and decision.press
            and self.status.starts
            and decision.rule not in self._answered
        ):
            self._answered.add(decision.rule)
            self.status.note_input("a question of the start is answered", " ".join(decision.press), time.monotonic())

            for number, key in enumerate(decision.press, 1):  # apart: one may move what the next one chooses
                self._later(f"answer {number}", number * _ANSWER_SECONDS, partial(self._press_if_alive, key))

    def _press_if_alive(self, key: str) -> None:
        if self.alive:
            self.press(key)

    def _saw(self, where: str, text: str) -> None:
        self.status.saw(where, text, time.monotonic())  # type: ignore[arg-type]
        # we are in the middle of feeding: decide afterwards
        self._later("decide", 0, self._decide)

    def title(self, text: str) -> None:
        """See :class:`Sink`."""
        self._saw("title", text)

    def progress(self, state: str, percent: int) -> None:
        """See :class:`Sink`."""
        self._saw("progress", f"{state} {percent}" if percent >= 0 else state)

    def notification(self, title: str, body: str) -> None:
        """See :class:`Sink`."""
        self._saw("notification", f"{title} {body}".strip())

    def other(self, command: str) -> None:
        """See :class:`Sink`."""
        self._saw("osc", command)

    def _told(self, signal: Signal) -> None:
        if signal.prompt:
            self.submits += 1
        self.on_signal(signal)
        self._saw("hook", signal.text)

    async def until(self, condition: Callable[[], object], seconds: float) -> bool:
        """Wait for something that is looked at after every change; False when it does not come in time."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            return bool(condition())
        return True

    # what is typed

    def type(self, data: bytes) -> None:
        """Write into the program's terminal.

        Raises:
            ShopfloorError: it has ended, or it takes nothing any more.
        """
        if self._process is None or self._process.pty is None or not self.alive:
            raise ShopfloorError("The agent's program has ended.", "Start it again, or resume the task.")
        if len(self._output) + len(data) > _INPUT_LIMIT_BYTES:
            raise ShopfloorError("The agent's program does not read what is typed.", "Stop the task.")
        if b"\r" in data:
            self.status.saw_enter(time.monotonic())
        self._output += data
        self._write()

    def press(self, *keys: str) -> None:
        """Press keys by their names."""
        if keys == self._section.interrupt:
            self.status.saw_interrupt(time.monotonic())
        self.type(b"".join(self.keyboard.key(key) for key in keys))

    def typed_by_person(self, data: bytes) -> None:
        """What the person's keys are, which is followed to know what stands unsent."""
        self.was_typed_into = True
        if data == self.keyboard.key(self._section.interrupt[0]):
            self.status.saw_interrupt(time.monotonic())
        typed = self.typed if self.status.state != "blocked" else self._answering  # that stands in no prompt
        if typed.feed(data):
            self.typed.sent = typed.sent
            if self.person_mark is not None:
                self.person_mark.forget()
            self.person_mark = self.mark()
        self.type(data)

    def reply(self, data: bytes) -> None:
        """See :class:`Sink`: an answer to what the program asked its terminal."""
        if self.alive and len(self._output) < _INPUT_LIMIT_BYTES:
            self._output += data
            self._write()

    def _write(self) -> None:
        self._told_at = time.monotonic()
        if self.alive:
            self._listen()
        descriptor = self._process.pty if self._process is not None else None
        if descriptor is None:
            self._output.clear()
            return
        loop = asyncio.get_running_loop()
        try:
            while self._output:
                written = os.write(descriptor, self._output[:_READ_BYTES])
                del self._output[:written]
        except BlockingIOError:
            loop.add_writer(descriptor, self._write)
            return
        except OSError as error:
            self._output.clear()
            self.on_problem(f"Its agent's program took nothing of what was typed last: {error.strerror}.")
        loop.remove_writer(descriptor)

    def resize(self, size: PtySize) -> None:
        """Another size."""
        if size == self.size:
            return
        self.size = size
        self._emulator.resize(size.columns, size.rows)
        self._record.add("size", f"{size.columns}x{size.rows}".encode(), time.time())
        if self._process is not None and self.alive:
            self._process.resize(size)
        self.on_resize()

    def show_colours(self, dark: bool) -> None:
        """Whether it is dark where the program is shown."""
        self._emulator.show_colours(dark)

    # what is seen

    def snapshot(self) -> bytes:
        """Its terminal, to go on from elsewhere; what it writes from :attr:`offset` on follows."""
        return self._emulator.snapshot()

    @property
    def emulator(self) -> Emulator:
        """Its terminal, for reading."""
        return self._emulator

    def mark(self) -> Mark:
        """The row where the cursor is."""
        emulator = self._emulator
        return emulator.mark(emulator.total_rows - emulator.rows + emulator.cursor.row)

    def text_since(self, mark: Mark | None, limit: int) -> str:
        """What stands below a mark, the last rows of it; of a program that has the whole screen, the screen."""
        emulator = self._emulator
        total = emulator.total_rows
        start = (mark.row if mark else None) or 0
        if emulator.alternate:
            start = total - emulator.rows
        rows = emulator.text(max(start, total - limit), total)
        return "\n".join(rows).strip("\n")

    # timers

    def _later(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        self._drop(name)

        def run() -> None:
            self._timers.pop(name, None)
            call()

        self._timers[name] = asyncio.get_running_loop().call_later(seconds, run)

    def _drop(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

"""An agent that has only a terminal, as a driver: turns are made of what its program shows."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Protocol

import msgspec

from agents.drivers import (
    Alive,
    Blocked,
    Delivered,
    NotDelivered,
    Notice,
    Remember,
    Reporter,
    TextDelta,
    TextEnded,
    TurnEnd,
)
from agents.drivers.endings import how_it_ended
from agents.drivers.stopping import unless_stopped
from agents.drivers.terminal.delivery import Delivery
from agents.drivers.terminal.session import Session
from agents.drivers.terminal.signals import Signal
from agents.errors import ShopfloorError
from agents.model import Struct
from agents.terminal.emulator import Mark
from agents.terminal.rules import TerminalSection
from agents.terminal.status import Decision, waits_for

GO_ON = "Your work was interrupted. Go on where you stopped."
SHOWN_ROWS = 200
"""Rows of a turn that go into the transcript."""
FAILED_START_SECONDS = 10.0
"""A resumed program that ends so soon could not be resumed."""
_ALIVE_SECONDS = 5.0
_UNSENT = "The prompt waits: something that is not sent stands in the agent's prompt."
_UNSENT_HINT = "Send it or delete it; then the prompt is typed."


class Conversation(Struct, kw_only=True):
    """What is remembered of an agent's conversation; the last one counts."""

    session: str
    prompt: str = ""
    """The one it was at work on; empty when it was done."""


class Stage(Protocol):
    """Where a driver finds the program of its task: it lives longer than the driver."""

    @property
    def session(self) -> Session | None:
        """The program that runs; None when none does."""

    async def start(self, conversation: str, resume: bool) -> Session:
        """Start it, anew or going on with its conversation."""


class TerminalDriver:
    """See :class:`agents.drivers.Driver`. Closing it leaves the program at work; its stage ends it."""

    def __init__(
        self, *, name: str, section: TerminalSection, stage: Stage, report: Reporter, history: Sequence[bytes] = ()
    ) -> None:
        """
        Args:
            history: every message reported as Remember so far, in order.
        """
        self._name = name
        self._section = section
        self._stage = stage
        self._report = report
        self._known = msgspec.json.decode(history[-1], type=Conversation) if history else None
        self._stop = asyncio.Event()
        self._answer = ""
        self._unsaid = ""
        """A warning that is told when the prompt has arrived."""
        self._steering: set[asyncio.Task[None]] = set()
        self._blocked = ""
        self._alive_at = 0.0

    async def run_turn(self, prompt: str) -> TurnEnd:
        """See :meth:`agents.drivers.Driver.run_turn`."""
        self._stop.clear()
        self._answer = ""
        try:
            return await self._turn(prompt)
        except ShopfloorError as problem:
            return self._trouble(problem.message, problem.hint)
        finally:
            self._unblock()
            if self._stage.session is not None:
                self._stage.session.on_signal = lambda _signal: None
                self._stage.session.was_typed_into = False

    async def _turn(self, prompt: str) -> TurnEnd:
        session = self._stage.session
        by_person = session is not None and session.person_turn
        if session is None:
            session, prompt = await self._open(prompt)
        elif not prompt:
            prompt = self._going_on()
        session.person_turn = False
        session.on_signal = self._signal
        mark: Mark | None = None
        began = session.status.worked_at
        try:
            if not by_person:
                if not await self._until_it_takes_one(session):
                    return self._cut(session) or TurnEnd(outcome="interrupted")
                mark = session.mark()
                delivery = Delivery(session, self._section, prompt)
                arrived = await unless_stopped(self._stop, delivery.run())
                if arrived is None:
                    return await self._interrupted(session)
                if not arrived:
                    return self._not_delivered(session, delivery.trouble)
                began = delivery.sent_at
            else:
                mark = session.person_mark or session.mark()
                session.person_mark = None
            self._remember(prompt)
            if self._unsaid:
                self._report(Notice(text=self._unsaid, severity="warning"))
                self._unsaid = ""
            return await self._until_idle(session, mark, began)
        finally:
            if mark is not None:
                mark.forget()

    # the beginning

    async def _open(self, prompt: str) -> tuple[Session, str]:
        """Start the program, and what it is to be told."""
        if self._known is None:
            conversation = str(uuid.uuid4())
            session = await self._stage.start(conversation, resume=False)
            self._known = Conversation(session=conversation)
            return session, prompt or GO_ON
        if self._section.resume:
            session = await self._stage.start(self._known.session, resume=True)
            await session.until(lambda: session.status.state != "starting", FAILED_START_SECONDS)
            if session.alive:
                return session, prompt or self._going_on()
            self._unsaid = f"{self._name} could not go on with its conversation; it begins anew."
        conversation = str(uuid.uuid4())
        asked = prompt or self._known.prompt
        self._known = Conversation(session=conversation)
        return await self._stage.start(conversation, resume=False), asked or GO_ON

    def _going_on(self) -> str:
        asked = self._known.prompt if self._known else ""
        return f"{GO_ON} What you were asked:\n\n{asked}" if asked else GO_ON

    async def _until_it_takes_one(self, session: Session) -> bool:
        """Wait until it is idle and its prompt is empty; False when that did not come."""
        limit = self._section.start_seconds
        waited = asyncio.get_running_loop().time()
        while not self._stop.is_set():
            state = session.status.state
            if state == "ended":
                return False
            if state == "blocked":
                waited = asyncio.get_running_loop().time()
                self._block(session.status.decision)
            elif state == "idle" and session.typed.unsent.strip():
                self._tell_blocked(_UNSENT, _UNSENT_HINT)
            elif state == "idle":
                self._unblock()
                return True
            elif state == "starting" and asyncio.get_running_loop().time() - waited > limit:
                raise ShopfloorError(
                    f"{self._name} was not ready after {limit:g} seconds. It shows: {_last_row(session)}",
                    "Look at its pane; when it waits for a prompt, resume the task.",
                )
            else:
                self._unblock()
            await self._change(session)
        return False

    # the end

    async def _until_idle(self, session: Session, mark: Mark, began: float) -> TurnEnd:
        """Wait for the end of what began then; one that was never seen working may have been very quick."""
        patience = max(2.0, 2 * self._section.settle_seconds, self._section.quiet_seconds)
        while True:
            late = time.monotonic() - max(began, session.status.worked_at) > patience
            if self._stop.is_set():
                return await self._interrupted(session)
            state = session.status.state
            if state == "ended":
                self._tell_answer(session, mark)
                return self._cut(session) or TurnEnd(outcome="interrupted")
            if session.status.is_done(began) or (state == "idle" and late):
                self._unblock()
                self._tell_answer(session, mark)
                self._remember("")
                return TurnEnd(outcome="done")
            if state == "blocked":
                self._block(session.status.decision)
            else:
                self._unblock()
            await self._change(session)

    async def _change(self, session: Session) -> None:
        """Wait for something to happen; say now and then that it lives."""
        loop = asyncio.get_running_loop()
        before = session.offset
        stopped = asyncio.create_task(self._stop.wait())
        session.changed.clear()
        changed = asyncio.create_task(session.changed.wait())
        try:
            await asyncio.wait((stopped, changed), timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            changed.cancel()
        if session.offset != before and loop.time() - self._alive_at > _ALIVE_SECONDS:
            self._alive_at = loop.time()
            self._report(Alive())

    async def _interrupted(self, session: Session) -> TurnEnd:
        if session.alive and session.status.state in ("working", "blocked"):
            session.press(*self._section.interrupt)
            if not await session.until(lambda: session.status.state in ("idle", "ended"), self._section.stop_seconds):
                self._report(
                    Notice(
                        text=f"{self._name} did not stop by {' '.join(self._section.interrupt)}.", severity="warning"
                    )
                )
        session.typed.clear()
        return TurnEnd(outcome="interrupted")

    def _cut(self, session: Session) -> TurnEnd | None:
        if session.alive or self._stop.is_set():
            return None
        last = _last_row(session)
        shown = f" It showed last: “{last}”." if last else ""
        ended = how_it_ended(session.exit_status or 0)
        return self._trouble(f"{self._name} {ended}.{shown}", "Resume the task to start it again.")

    def _not_delivered(self, session: Session, trouble: str) -> TurnEnd:
        self._report(NotDelivered())
        if not session.alive:
            return self._cut(session) or TurnEnd(outcome="interrupted")
        hint = "Look at its pane; resume the task to send it again."
        return self._trouble(f"The prompt did not arrive. {trouble}", hint)

    def _trouble(self, reason: str, hint: str) -> TurnEnd:
        if self._stop.is_set():
            return TurnEnd(outcome="interrupted")
        return TurnEnd(outcome="blocked", reason=reason, hint=hint or "Resume the task to try again.")

    def _tell_answer(self, session: Session, mark: Mark) -> None:
        """What it said in the turn: its own words if it told them, else what its screen shows."""
        text = self._answer
        if not text:
            shown = session.text_since(mark, SHOWN_ROWS)
            fence = "`" * max(3, _longest_fence(shown) + 1)
            text = f"{fence}\n{shown}\n{fence}" if shown else ""
        if text:
            self._report(TextDelta(text=text))
            self._report(TextEnded())

    # what it says in between

    def _signal(self, signal: Signal) -> None:
        if signal.answer:
            self._answer = signal.answer
        if signal.session and self._known is not None and signal.session != self._known.session:
            self._known = msgspec.structs.replace(self._known, session=signal.session)

    def _remember(self, prompt: str) -> None:
        assert self._known is not None
        self._known = msgspec.structs.replace(self._known, prompt=prompt)
        self._report(Remember(message=msgspec.json.encode(self._known)))

    def _block(self, decision: Decision) -> None:
        self._tell_blocked(*waits_for(self._name, decision), dialog=True)

    def _tell_blocked(self, reason: str, hint: str, *, dialog: bool = False) -> None:
        if reason != self._blocked:
            self._blocked = reason
            self._report(Blocked(reason=reason, hint=hint, dialog=dialog))

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = ""
            self._report(Blocked())

    # from outside

    def steer(self, prompt_id: int, text: str) -> bool:
        """See :meth:`agents.drivers.Driver.steer`."""
        session = self._stage.session
        if not self._section.steer or session is None or session.status.state != "working" or session.typed.unsent:
            return False
        steering = asyncio.create_task(self._steer(session, prompt_id, text))
        self._steering.add(steering)
        steering.add_done_callback(self._steering.discard)
        return True

    async def _steer(self, session: Session, prompt_id: int, text: str) -> None:
        try:
            if await Delivery(session, self._section, text).run():
                self._report(Delivered(prompt=prompt_id))
        except ShopfloorError:
            pass  # the turn ends with what is wrong, and the prompt is sent after it

    async def interrupt(self) -> None:
        """See :meth:`agents.drivers.Driver.interrupt`."""
        self._stop.set()

    def answer(self, question: str, option: str = "", text: str = "") -> bool:
        """See :meth:`agents.drivers.Driver.answer`: what it asks is answered in its pane."""
        return False

    def skip_wait(self) -> bool:
        """See :meth:`agents.drivers.Driver.skip_wait`: the agent waits by itself."""
        return False

    async def compact(self) -> TurnEnd:
        """See :meth:`agents.drivers.Driver.compact`."""
        return TurnEnd(
            outcome="blocked",
            reason=f"{self._name} shortens its conversation by itself.",
            hint="Type its own command for it in its pane.",
        )

    async def close(self) -> None:
        """See :meth:`agents.drivers.Driver.close`: the program goes on."""
        self._stop.set()
        for steering in list(self._steering):
            steering.cancel()


def _last_row(session: Session) -> str:
    rows = [row.strip() for row in session.emulator.screen_text() if row.strip()]
    return rows[-1][:200] if rows else "nothing"


def _longest_fence(text: str) -> int:
    longest = run = 0
    for sign in text:
        run = run + 1 if sign == "`" else 0
        longest = max(longest, run)
    return longest

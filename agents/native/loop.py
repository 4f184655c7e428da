"""The agent: ask the model, carry out the tools it calls, until it calls none.

Everything it does is reported, and what must be remembered is reported before what follows from it; so an interrupt or
a crash at any moment leaves a prefix of a conversation, which :func:`~agents.native.conversation.repair` makes whole.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import msgspec

from agents import drivers
from agents.drivers import AnyReport, TurnEnd
from agents.errors import ModelError, ShopfloorError
from agents.model import Usage
from agents.native import compaction, tools
from agents.native.budget import Budget, Limits, cost
from agents.native.calls import Calls, Tools
from agents.native.conversation import (
    CUT_OFF,
    GO_ON,
    IN_CIRCLES,
    SAY_SOMETHING,
    TOO_LONG,
    Assistant,
    Image,
    Message,
    Part,
    Record,
    Text,
    ToolCall,
    User,
    encode,
    estimate_tokens,
    images_of,
    last_compacted,
    repair,
    retold,
    without_images,
)
from agents.native.models import ImagesRefused, Model, Overflow, PartDone, Retryable, Spent, Stopped, TextPiece
from agents.native.models.failures import overflow
from agents.native.repeats import ENDED_AFTER, TOLD_AFTER, Repeats, in_circles
from agents.native.retries import Retries
from agents.native.voice import Voice
from agents.profiles import Prices

NUDGES = 2
"""How often in a row a model that answers nothing, or too much, is told to go on."""


class Agent:
    """One conversation, its model and its tools. One turn runs at a time."""

    def __init__(
        self,
        *,
        model: Model,
        tool_host: Tools,
        system: str,
        report: Callable[[AnyReport], None],
        history: Sequence[Record] = (),
        limits: Limits | None = None,
        prices: Prices | None = None,
        context_window: int = 0,
        specs: Sequence[tools.ToolSpec] = tools.SPECS,
        images: Callable[[str], tuple[Image, ...]] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            context_window: tokens; 0 when it is not known, then the provider says when it is full.
            specs: the tools that the model is told about.
            images: those that a prompt names; None when the model sees none.
            sleep, clock: how waits before further tries and seconds of tools are measured.
        """
        self._model = model
        self._system = system
        self._voice = Voice(report)
        self._report = self._voice.report
        self._messages = repair(history)
        self._shortened = last_compacted(history)
        """What the beginning of the conversation was shortened to, if it was."""
        self._known_calls = {call.id for m in self._messages if isinstance(m, Assistant) for call in m.calls}
        self._limits = limits or Limits()
        self._budget = Budget(self._limits)
        self._prices = prices
        self._window = context_window
        self._specs = specs
        self._images = images
        self._measured = (len(system) // 4, 0)
        """Tokens of the context as last told, and how many messages they were for."""
        self._is_cached = False
        """The provider keeps what it was sent before, and takes less for it."""
        self._retries = Retries(self._limits, self._report, sleep)
        self._calls = Calls(tool_host, self._report, self._remember, clock)
        self._steering: list[tuple[int, str]] = []
        self._work: asyncio.Task[TurnEnd] | None = None
        self._cut: TurnEnd | None = None
        """Why the running turn was cancelled from here."""
        self._compact_wanted = False
        self._refused: frozenset[Image] = frozenset()
        """Images that the provider does not take."""
        self._price_missed = False
        self._nudges = 0

    # from outside

    async def run_turn(self, prompt: str) -> TurnEnd:
        """Say something and work until idle; an empty prompt goes on where the last turn was interrupted."""
        return await self._run(self._turn(prompt))

    async def compact(self) -> TurnEnd:
        """Shorten the conversation: now, or before the running turn's next request."""
        if self._work is not None:
            self._compact_wanted = True
            return TurnEnd(outcome="done")
        return await self._run(self._compact_at_rest())

    def _begin(self, work: Coroutine[Any, Any, TurnEnd]) -> asyncio.Task[TurnEnd]:
        self._cut = None
        self._budget = Budget(self._limits)
        self._work = asyncio.create_task(work)
        return self._work

    async def _run(self, work: Coroutine[Any, Any, TurnEnd]) -> TurnEnd:
        running = self._begin(work)
        minutes = self._limits.minutes
        alarm = asyncio.get_running_loop().call_later(minutes * 60, self._time_is_over) if minutes else None
        try:
            return await running
        except asyncio.CancelledError:
            if self._cut is None:
                raise
            return self._cut
        except ModelError as problem:
            return TurnEnd(outcome="blocked", reason=problem.message, hint=problem.hint)
        except ShopfloorError as problem:
            return TurnEnd(outcome="failed", reason=problem.message, hint=problem.hint)
        finally:
            if alarm is not None:
                alarm.cancel()
            self._work = None
            self._steering.clear()
            self._messages = repair(self._messages)
            self._voice.flush()

    def steer(self, prompt_id: int, text: str) -> bool:
        """Say something into the running turn: it is delivered before the next request. False when none runs."""
        if self._work is None or self._work.done() or self._cut is not None:
            return False
        self._steering.append((prompt_id, text))
        return True

    def skip_wait(self) -> bool:
        """Try again now what waits to be tried again; False when nothing does."""
        return self._retries.skip()

    async def interrupt(self) -> None:
        """End the running turn; returns when nothing of it runs any more."""
        if self._work is None:
            return
        work = self._work
        self._end_with(TurnEnd(outcome="interrupted"))
        await asyncio.wait([work])

    def _time_is_over(self) -> None:
        self._end_with(self._budget.out_of_time())

    def _end_with(self, end: TurnEnd) -> None:
        if self._work is not None and self._cut is None:
            self._cut = end
            self._work.cancel()

    # a turn

    async def _turn(self, prompt: str) -> TurnEnd:
        self._nudges = 0
        repeats = Repeats()
        if prompt:
            self._remember(self._said(prompt))
        elif not self._messages:
            return TurnEnd(outcome="failed", reason="There is nothing to go on with.", hint="Send a prompt.")
        elif isinstance(self._messages[-1], Assistant):
            self._remember(User(text=GO_ON))
        while (end := self._budget.take_step()) is None:
            await self._make_room()
            answer, stopped = await self._answer()
            if answer.calls:
                await self._calls.carry_out(answer.calls)
                if stopped.reason == "length":
                    self._remember(User(text=TOO_LONG))
                elif (repeated := repeats.count(answer.calls, self._messages)) == TOLD_AFTER:
                    self._remember(User(text=IN_CIRCLES))
                elif repeated >= ENDED_AFTER:
                    return in_circles()
            if steered := self._deliver_steering():
                repeats.forget()
            if answer.calls or steered:
                self._nudges = 0
            elif end := await self._after(answer, stopped):
                return end
        return end

    async def _after(self, answer: Assistant, stopped: Stopped) -> TurnEnd | None:
        """How the turn ends after an answer without calls; None when it goes on."""
        if stopped.reason == "refusal":
            return TurnEnd(
                outcome="blocked",
                reason="The model refuses to go on.",
                hint="Say the task in other words, or take over.",
            )
        if stopped.reason == "end" and answer.says_something:
            return TurnEnd(outcome="done")
        self._nudges += 1
        if stopped.reason == "overflow":
            if answer.says_something:
                self._remember(User(text=CUT_OFF))
            if self._nudges > NUDGES or not await self._compact():
                raise overflow("")
            return None
        if self._nudges > NUDGES:
            what = "answers nothing" if stopped.reason == "end" else "does not come to an end within max_output"
            return TurnEnd(outcome="blocked", reason=f"The model {what}, again and again.", hint="Send a prompt.")
        self._remember(User(text=SAY_SOMETHING if stopped.reason == "end" else TOO_LONG))
        return None

    def _deliver_steering(self) -> bool:
        steering, self._steering = self._steering, []
        for number, text in steering:
            self._remember(self._said(text))
            self._report(drivers.Delivered(prompt=number))
        return bool(steering)

    def _said(self, prompt: str) -> User:
        return User(text=prompt, images=self._images(prompt) if self._images is not None else ())

    def _remember(self, message: Message) -> None:
        self._messages.append(message)
        self._report(drivers.Remember(message=encode(message)))

    # room in the context window

    def _context(self) -> int:
        """Tokens the next request takes, about."""
        tokens, count = self._measured
        return tokens + estimate_tokens(self._messages[count:])

    async def _make_room(self) -> None:
        """Shorten the conversation when a person wants it, or when the next answer may not fit any more."""
        wanted, self._compact_wanted = self._compact_wanted, False
        if not wanted:
            limit = self._window - compaction.reserve(self._window, self._model.endpoint.max_output)
            if not self._window or self._context() <= limit:
                return
            cut = compaction.cut_point(self._messages, compaction.keep(self._messages, self._window))
            if estimate_tokens(self._messages[:cut]) < self._window // 8:
                return  # it would gain little, and again and again: the provider decides
        await self._compact()

    async def _compact_at_rest(self) -> TurnEnd:
        if not await self._compact():
            self._notice("There is nothing in the conversation yet that could be shortened.")
        return TurnEnd(outcome="done")

    async def _compact(self) -> bool:
        """Put a summary in the place of all but the last messages; False when there is nothing to leave out."""
        messages = repair(self._messages)
        cut = compaction.cut_point(messages, compaction.keep(messages, self._window))
        if cut <= (1 if self._shortened else 0):
            return False
        call = self._own_id("compact")
        before = self._context()
        title = f"the conversation, {before:,} tokens"
        self._report(drivers.ToolStarted(call=call, name="compact", title=title, arguments={}))
        try:
            summary = await self._summary(messages[:cut], call)
        except (asyncio.CancelledError, ShopfloorError) as problem:
            status = "failed" if isinstance(problem, ShopfloorError) else "interrupted"
            self._report(drivers.ToolEnded(call=call, status=status, output=str(problem)))  # type: ignore[arg-type]
            raise
        self._shortened = compaction.compacted(messages, cut, summary, self._shortened)
        self._messages = repair([self._shortened])
        self._report(drivers.Remember(message=encode(self._shortened)))
        self._measured = (len(self._system) // 4, 0)
        output = f"{before:,} → {self._context():,} tokens.\n\n{retold(self._shortened)}"
        self._report(drivers.ToolEnded(call=call, status="done", output=output))
        self._used(Usage(), self._context())
        return True

    async def _summary(self, messages: Sequence[Message], call: str) -> str:
        """What the model makes of messages; of less and less of them when even they do not fit."""
        share = 1.0
        while True:
            text = compaction.material(messages, self._window, share)
            try:
                return await self._retries(
                    partial(
                        compaction.summarise,
                        self._model,
                        text,
                        lambda piece: self._report(drivers.ToolOutput(call=call, text=piece)),
                        self._paid,
                    )
                )
            except Overflow:
                share /= 2
                if share < 0.1:
                    raise

    # one request

    async def _answer(self) -> tuple[Assistant, Stopped]:
        """Ask until there is a whole answer, within reason. A conversation that is too long is shortened once, and goes
        on without its images when one of them is refused."""
        try:
            return await self._retries(self._ask)
        except Overflow:
            if not await self._compact():
                raise
        except ImagesRefused as problem:
            found = images_of(self._messages) - self._refused
            if not found:
                raise
            self._refused |= found
            self._notice(f"{problem.message} The images of the conversation are left out from now on.")
        return await self._retries(self._ask)

    async def _ask(self) -> tuple[Assistant, Stopped]:
        """One request. What it said is remembered whatever happens; of a cut answer only the text is."""
        parts: list[Part] = []
        open_text: list[str] = []
        spent: Usage | None = None
        characters = 0
        try:
            messages = without_images(repair(self._messages), self._refused)
            stream = self._model.stream(self._system, messages, self._specs)
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    match piece:
                        case TextPiece(text=text, thinking=thinking):
                            self._voice.say(text, thinking)
                            characters += len(text)
                            if not thinking:
                                open_text.append(text)
                        case PartDone(part=part):
                            self._voice.end()
                            open_text = [] if isinstance(part, Text) else open_text
                            parts.append(part)
                        case Spent(usage=usage):
                            spent = usage
                        case Stopped():
                            if spent is None:
                                self._unknown_cost()
                            return self._whole(parts, piece), piece
            raise Retryable(f"The answer of {self._model.endpoint.host} ended in the middle")
        except (Retryable, ModelError, asyncio.CancelledError) as problem:
            self._voice.end()
            spent = self._spent_until_cut(spent, characters)
            self._keep_text([*parts, Text(text="".join(open_text))], goes_on=isinstance(problem, Retryable))
            raise
        finally:
            if spent is not None:
                self._is_cached = bool(spent.cache_read_tokens or spent.cache_write_tokens)
                self._measured = (spent.tokens, len(self._messages))
                self._paid(spent, spent.tokens)

    def _spent_until_cut(self, told: Usage | None, characters: int) -> Usage | None:
        """About what a cut answer has taken: it is paid for, and providers tell of it only at the end of an answer."""
        if not characters:
            return told
        if told is None:
            cached = self._measured[0] if self._is_cached else 0
            told = Usage(input_tokens=max(0, self._context() - cached), cache_read_tokens=cached)
        return msgspec.structs.replace(told, output_tokens=max(told.output_tokens, characters // 4))

    def _whole(self, parts: list[Part], stopped: Stopped) -> Assistant:
        if stopped.reason == "refusal":
            parts = [part for part in parts if not isinstance(part, ToolCall)]
        last = parts[-1] if parts else None
        if stopped.reason != "end" and isinstance(last, ToolCall) and (last.malformed or not last.arguments):
            parts = parts[:-1]  # half a call
        answer = self._assistant(self._with_own_ids(part) if isinstance(part, ToolCall) else part for part in parts)
        if answer.says_something:
            self._remember(answer)
        return answer

    def _assistant(self, parts: Iterable[Part]) -> Assistant:
        kept = tuple(part for part in parts if not isinstance(part, Text) or part.text.strip())
        return Assistant(parts=kept, wire=self._model.endpoint.wire, model=self._model.endpoint.model)

    def _keep_text(self, parts: list[Part], goes_on: bool) -> None:
        """Remember a cut answer: its calls never began, and reasoning at its end leads nowhere."""
        answer = self._assistant(part for part in parts if not isinstance(part, ToolCall))
        if answer.says_something:
            self._remember(answer)
            if goes_on:
                self._remember(User(text=CUT_OFF))

    def _with_own_ids(self, call: ToolCall) -> ToolCall:
        """Ids are unique in the task; some servers count from 0 in each answer or send none."""
        identity = self._own_id(call.id or "call")
        return call if identity == call.id else msgspec.structs.replace(call, id=identity)

    def _own_id(self, wanted: str) -> str:
        identity, number = wanted, 1
        while identity in self._known_calls:
            number += 1
            identity = f"{wanted}_{number}"
        self._known_calls.add(identity)
        return identity

    def _paid(self, spent: Usage, context: int = 0) -> None:
        self._used(msgspec.structs.replace(spent, cost_usd=cost(spent, self._prices)), context)

    def _unknown_cost(self) -> None:
        """A server that does not say what an answer took: nobody knows what it cost."""
        self._used(Usage(cost_usd=None), self._context())

    def _used(self, usage: Usage, context: int) -> None:
        self._budget.spend(usage)
        if usage.cost_usd is None and self._limits.cost_usd and not self._price_missed:
            self._price_missed = True
            self._notice("The limit max_cost_usd cannot be kept: what this model costs is not known.")
        model = self._model.endpoint.model
        self._report(drivers.Used(usage=usage, context_used=context, context_window=self._window, model=model))

    def _notice(self, text: str) -> None:
        self._report(drivers.Notice(text=text, severity="warning"))

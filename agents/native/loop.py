"""The agent: ask the model, carry out the tools it calls, until it calls none.

Everything it does is reported, and what must be remembered is reported before what follows from it; so an interrupt or
a crash at any moment leaves a prefix of a conversation, which :func:`~agents.native.conversation.repair` makes whole.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

import msgspec

from agents import drivers
from agents.drivers import AnyReport, TurnEnd
from agents.errors import ModelError, ShopfloorError
from agents.model import Struct, ToolStatus, Usage
from agents.native import tools
from agents.native.conversation import (
    CUT_OFF,
    INTERRUPTED,
    Assistant,
    Message,
    Part,
    Text,
    ToolCall,
    ToolResult,
    User,
    encode,
    estimate_tokens,
    repair,
)
from agents.native.models import Model, PartDone, Retryable, Spent, Stopped, TextPiece
from agents.native.models.failures import overflow
from agents.native.voice import Voice
from agents.profiles import Prices

GO_ON = "Go on with the task from where you were interrupted."
SAY_SOMETHING = "Your last answer was empty. Go on with the task, or say in a sentence that it is done."
TOO_LONG = "Your last answer reached the limit of tokens for one answer. Go on from there, in smaller steps."
NUDGES = 2
"""How often in a row a model that answers nothing, or too much, is told to go on."""


class Tools(Protocol):
    """What carries out tool calls: :class:`agents.native.tools.ToolHost`."""

    async def call(
        self, name: str, arguments: Mapping[str, object], on_output: Callable[[str], None]
    ) -> tools.ToolResult:
        """Carry out one call with normalised arguments; cancelling it stops it."""


class Limits(Struct, kw_only=True):
    """What bounds a turn."""

    steps: int = 200
    """Requests in one turn."""
    tries: int = 5
    """Further tries of one request that failed."""
    first_wait_seconds: float = 2.0
    """Before the first further try; each next one waits twice as long."""
    longest_wait_seconds: float = 300.0
    """A provider that asks for more is left to the person."""


class Agent:
    """One conversation, its model and its tools. One turn runs at a time."""

    def __init__(
        self,
        *,
        model: Model,
        tool_host: Tools,
        system: str,
        report: Callable[[AnyReport], None],
        history: Sequence[Message] = (),
        limits: Limits | None = None,
        prices: Prices | None = None,
        context_window: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._tools = tool_host
        self._system = system
        self._voice = Voice(report)
        self._report = self._voice.report
        self._messages = repair(history)
        self._known_calls = {call.id for m in self._messages if isinstance(m, Assistant) for call in m.calls}
        self._limits = limits or Limits()
        self._prices = prices
        self._window = context_window
        self._sleep = sleep
        self._clock = clock
        self._steering: list[tuple[int, str]] = []
        self._work: asyncio.Task[TurnEnd] | None = None
        self._interrupted = False
        self._nudges = 0

    # from outside

    async def run_turn(self, prompt: str) -> TurnEnd:
        """Say something and work until idle; an empty prompt goes on where the last turn was interrupted."""
        self._interrupted = False
        self._work = asyncio.create_task(self._turn(prompt))
        try:
            return await self._work
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            return TurnEnd(outcome="interrupted")
        except ModelError as problem:
            return TurnEnd(outcome="blocked", reason=problem.message, hint=problem.hint)
        except ShopfloorError as problem:
            return TurnEnd(outcome="failed", reason=problem.message, hint=problem.hint)
        finally:
            self._work = None
            self._steering.clear()
            self._messages = repair(self._messages)
            self._voice.flush()

    def steer(self, prompt_id: int, text: str) -> bool:
        """Say something into the running turn: it is delivered before the next request. False when none runs."""
        if self._work is None or self._work.done() or self._interrupted:
            return False
        self._steering.append((prompt_id, text))
        return True

    async def interrupt(self) -> None:
        """End the running turn; returns when nothing of it runs any more."""
        work = self._work
        if work is None:
            return
        self._interrupted = True
        work.cancel()
        await asyncio.wait([work])

    # a turn

    async def _turn(self, prompt: str) -> TurnEnd:
        self._nudges = 0
        if prompt:
            self._remember(User(text=prompt))
        elif not self._messages:
            return TurnEnd(outcome="failed", reason="There is nothing to go on with.", hint="Send a prompt.")
        elif isinstance(self._messages[-1], Assistant):
            self._remember(User(text=GO_ON))
        for _ in range(self._limits.steps):
            answer, stopped = await self._answer()
            if answer.calls:
                await self._carry_out(answer.calls)
            steered = self._deliver_steering()
            if answer.calls or steered:
                self._nudges = 0
            elif end := self._after(answer, stopped):
                return end
        return TurnEnd(
            outcome="blocked",
            reason=f"The turn has made {self._limits.steps} requests, which is its limit.",
            hint="Resume the task to let it go on, or raise max_steps in the profile.",
        )

    def _after(self, answer: Assistant, stopped: Stopped) -> TurnEnd | None:
        """How the turn ends after an answer without calls; None when it goes on."""
        if stopped.reason == "overflow":
            raise overflow("")
        if stopped.reason == "refusal":
            return TurnEnd(
                outcome="blocked",
                reason="The model refuses to go on.",
                hint="Say the task in other words, or take over.",
            )
        if stopped.reason == "end" and answer.says_something:
            return TurnEnd(outcome="done")
        self._nudges += 1
        if self._nudges > NUDGES:
            what = "answers nothing" if stopped.reason == "end" else "does not come to an end within max_output"
            return TurnEnd(outcome="blocked", reason=f"The model {what}, again and again.", hint="Send a prompt.")
        self._remember(User(text=SAY_SOMETHING if stopped.reason == "end" else TOO_LONG))
        return None

    def _deliver_steering(self) -> bool:
        steering, self._steering = self._steering, []
        for number, text in steering:
            self._remember(User(text=text))
            self._report(drivers.Delivered(prompt=number))
        return bool(steering)

    def _remember(self, message: Message) -> None:
        self._messages.append(message)
        self._report(drivers.Remember(message=encode(message)))

    # one request

    async def _answer(self) -> tuple[Assistant, Stopped]:
        """Ask until there is a whole answer, within reason."""
        tries = 0
        while True:
            try:
                return await self._ask()
            except Retryable as problem:
                tries += 1
                wait = problem.retry_after
                if wait is None:
                    wait = self._limits.first_wait_seconds * 2 ** (tries - 1)
                if tries > self._limits.tries:
                    raise ModelError(
                        f"{problem.reason}, also after {self._limits.tries} more tries.",
                        "Resume the task when it is over.",
                    ) from problem
                if wait > self._limits.longest_wait_seconds:
                    raise ModelError(
                        f"{problem.reason} and asks to wait {wait:.0f} seconds.", "Resume the task after that."
                    ) from problem
                count = f"try {tries} of {self._limits.tries}"
                self._notice(f"{problem.reason}. Trying again in {wait:g} seconds ({count}).")
                await self._sleep(wait)

    async def _ask(self) -> tuple[Assistant, Stopped]:
        """One request. What it said is remembered whatever happens; of a cut answer only the text is."""
        parts: list[Part] = []
        open_text: list[str] = []
        spent: Usage | None = None
        try:
            stream = self._model.stream(self._system, repair(self._messages), tools.SPECS)
            async with aclosing(stream) as pieces:
                async for piece in pieces:
                    match piece:
                        case TextPiece(text=text, thinking=thinking):
                            self._voice.say(text, thinking)
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
            self._keep_text([*parts, Text(text="".join(open_text))], goes_on=isinstance(problem, Retryable))
            raise
        finally:
            if spent is not None:
                self._paid(spent)

    def _whole(self, parts: list[Part], stopped: Stopped) -> Assistant:
        if stopped.reason == "length" and parts and isinstance(parts[-1], ToolCall) and parts[-1].malformed:
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
        identity, number = call.id or "call", 1
        while identity in self._known_calls or not identity:
            number += 1
            identity = f"{call.id or 'call'}_{number}"
        self._known_calls.add(identity)
        return call if identity == call.id else msgspec.structs.replace(call, id=identity)

    def _paid(self, spent: Usage) -> None:
        self._used(msgspec.structs.replace(spent, cost_usd=cost(spent, self._prices)), spent.tokens)

    def _unknown_cost(self) -> None:
        """A server that does not say what an answer took: nobody knows what it cost."""
        self._used(Usage(cost_usd=None), estimate_tokens(self._messages))

    def _used(self, usage: Usage, context: int) -> None:
        model = self._model.endpoint.model
        self._report(drivers.Used(usage=usage, context_used=context, context_window=self._window, model=model))

    def _notice(self, text: str) -> None:
        self._report(drivers.Notice(text=text, severity="warning"))

    # tools

    async def _carry_out(self, calls: Sequence[ToolCall]) -> None:
        """Run all calls of an answer side by side; their results are remembered as they come."""
        results = await asyncio.gather(*(self._one(call) for call in calls), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _one(self, call: ToolCall) -> None:
        started = self._clock()
        try:
            if call.malformed:
                raise tools.BadArguments(f"{call.name}: the arguments are not a JSON object: {call.malformed[:500]}")
            arguments = tools.normalise(call.name, call.arguments)
        except tools.BadArguments as problem:
            self._begin(call, call.arguments or {"malformed": call.malformed})
            self._end(call, tools.ToolResult(text=str(problem), is_error=True), "failed", 0.0)
            return
        self._begin(call, arguments)
        try:
            result = await self._tools.call(
                call.name, arguments, lambda text: self._report(drivers.ToolOutput(call=call.id, text=text))
            )
        except (asyncio.CancelledError, ShopfloorError):
            stopped = tools.ToolResult(text=INTERRUPTED, is_error=True)
            self._end(call, stopped, "interrupted", self._clock() - started)
            raise
        self._end(call, result, "failed" if result.is_error else "done", self._clock() - started)

    def _begin(self, call: ToolCall, arguments: dict[str, object]) -> None:
        title = tools.title(call.name, arguments)
        self._report(drivers.ToolStarted(call=call.id, name=call.name, title=title, arguments=arguments))

    def _end(self, call: ToolCall, result: tools.ToolResult, status: ToolStatus, seconds: float) -> None:
        self._remember(ToolResult(call=call.id, text=result.text, is_error=result.is_error, images=result.images))
        self._report(
            drivers.ToolEnded(call=call.id, status=status, output=result.text, diff=result.diff, seconds=seconds)
        )


def cost(usage: Usage, prices: Prices | None) -> float | None:
    """US dollars of a request; None when the prices are not known."""
    if prices is None:
        return None
    return (
        usage.input_tokens * prices.input
        + usage.output_tokens * prices.output
        + usage.cache_read_tokens * prices.cache_read
        + usage.cache_write_tokens * prices.cache_write
    ) / 1_000_000

"""Carrying out the tools that an answer calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from agents.drivers import AnyReport, ToolEnded, ToolOutput, ToolStarted
from agents.errors import ShopfloorError
from agents.model import ToolStatus
from agents.native import tools
from agents.native.conversation import INTERRUPTED, Message, ToolCall, ToolResult


class Tools(Protocol):
    """What carries out tool calls: :class:`agents.native.tools.ToolHost`."""

    async def call(
        self, name: str, arguments: Mapping[str, object], on_output: Callable[[str], None]
    ) -> tools.ToolResult:
        """Carry out one call with normalised arguments; cancelling it stops it, and may raise
        :class:`agents.native.tools.Stopped`."""


class Calls:
    """Runs the calls of one answer at a time: side by side, each result remembered before it is reported."""

    def __init__(
        self,
        host: Tools,
        report: Callable[[AnyReport], None],
        remember: Callable[[Message], None],
        clock: Callable[[], float],
    ) -> None:
        self._host = host
        self._report = report
        self._remember = remember
        self._clock = clock

    async def carry_out(self, calls: Sequence[ToolCall]) -> None:
        """Run calls to their ends. What goes wrong in a tool is its result.

        Raises:
            ShopfloorError: no tool can run at all.
        """
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
            result = await self._host.call(
                call.name, arguments, lambda text: self._report(ToolOutput(call=call.id, text=text))
            )
        except (asyncio.CancelledError, ShopfloorError) as problem:
            unknown = tools.ToolResult(text=INTERRUPTED, is_error=True)
            stopped = problem.result if isinstance(problem, tools.Stopped) else unknown
            self._end(call, stopped, "interrupted" if stopped.is_error else "done", self._clock() - started)
            raise
        self._end(call, result, "failed" if result.is_error else "done", self._clock() - started)

    def _begin(self, call: ToolCall, arguments: dict[str, object]) -> None:
        title = tools.title(call.name, arguments)
        self._report(ToolStarted(call=call.id, name=call.name, title=title, arguments=arguments))

    def _end(self, call: ToolCall, result: tools.ToolResult, status: ToolStatus, seconds: float) -> None:
        self._remember(ToolResult(call=call.id, text=result.text, is_error=result.is_error, images=result.images))
        self._report(ToolEnded(call=call.id, status=status, output=result.text, diff=result.diff, seconds=seconds))

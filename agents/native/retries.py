"""Trying a request again, where everyone can see it, and not for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agents.drivers import AnyReport, Notice, Waiting
from agents.errors import ModelError
from agents.native.budget import Limits
from agents.native.models import Retryable

Answer = TypeVar("Answer")
LONGEST_STEP_SECONDS = 60.0
SPREAD = 0.25
"""Each wait is longer by up to this share of it."""


class Retries:
    """Makes requests until one has a whole answer, within limits. One request at a time."""

    def __init__(
        self, limits: Limits, report: Callable[[AnyReport], None], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._limits = limits
        self._report = report
        self._sleep = sleep
        self._pause: asyncio.Future[None] | None = None

    async def __call__(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of ``ask``, which may be called several times.

        Raises:
            ModelError: ``ask`` raises it, or the tries are used up.
        """
        tries = 0
        while True:
            try:
                return await ask()
            except Retryable as problem:
                tries += 1
                await self._wait(problem, tries)

    async def _wait(self, problem: Retryable, tries: int) -> None:
        limits = self._limits
        wait = problem.retry_after
        if wait is None:
            wait = min(
                limits.first_wait_seconds * 2 ** (tries - 1), max(LONGEST_STEP_SECONDS, limits.first_wait_seconds)
            )
        if tries > limits.tries:
            raise ModelError(
                f"{problem.reason}, also after {limits.tries} more tries.", "Resume the task when it is over."
            ) from problem
        if wait > limits.longest_wait_seconds:
            raise ModelError(
                f"{problem.reason} and asks to wait {wait:.0f} seconds.", "Resume the task after that."
            ) from problem
        # agents that were turned away together must not come back together
        wait *= 1 + SPREAD * random.random()
        count = f"try {tries} of {limits.tries}"
        text = f"{problem.reason}. Trying again in {max(1, round(wait))} seconds ({count})."
        self._report(Notice(text=text, severity="warning"))
        self._report(Waiting(reason=f"{problem.reason} ({count}).", seconds=wait))
        self._pause = asyncio.ensure_future(self._sleep(wait))
        try:
            await asyncio.wait([self._pause])
        finally:
            self._pause.cancel()
            self._pause = None
            self._report(Waiting())

    def skip(self) -> bool:
        """Try again now; False when nothing waits."""
        return self._pause is not None and self._pause.cancel()

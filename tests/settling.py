"""Pilots that go on as soon as the application has settled.

Textual's own wait sleeps 20 milliseconds at a time until the processor rests, two or three times for every key: most
of what a test with a pilot takes. :func:`settle` waits for what can be known: callbacks that are ready, timers that are
due within those 20 milliseconds, threads at work. Where none of these is left nothing can happen, and the test goes on.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import BaseEventLoop
from concurrent.futures import Executor
from typing import Any
from weakref import WeakKeyDictionary

os.environ.setdefault("TEXTUAL_FPS", "120")  # as the program has it; read when Textual is imported

import textual.app
import textual.pilot
from textual._wait import SLEEP_GRANULARITY

TIMERS_AT_ONCE = 5
MOST_SECONDS = 10.0

_at_work: WeakKeyDictionary[asyncio.AbstractEventLoop, set[asyncio.Future[Any]]] = WeakKeyDictionary()
"""What runs in threads, by the loop that waits for it."""
_run_in_executor = BaseEventLoop.run_in_executor


def pilots_wait_for_what_is_left() -> None:
    """From now on pilots wait by :func:`settle`."""
    BaseEventLoop.run_in_executor = _run_and_remember  # type: ignore[method-assign, assignment]
    textual.app.wait_for_idle = settle  # type: ignore[attr-defined]
    textual.pilot.wait_for_idle = settle  # type: ignore[attr-defined]


async def settle(min_sleep: float = SLEEP_GRANULARITY, max_sleep: float = 1) -> None:
    """Wait until the application rests, at least ``min_sleep`` and at most ``max_sleep`` seconds.

    It rests when no callback is ready, no thread at work, and no timer due within 20 milliseconds. What has timers all
    the time, as something that spins on a busy machine, is not waited for more than a few of them.
    """
    loop: Any = asyncio.get_running_loop()
    begun = loop.time()
    timers = 0
    while timers < TIMERS_AT_ONCE and loop.time() - begun < MOST_SECONDS:
        now = loop.time()
        due = min((timer.when() for timer in loop._scheduled if not timer.cancelled()), default=now + max_sleep)
        if loop._ready:
            await asyncio.sleep(0)
        elif due - now < SLEEP_GRANULARITY:
            timers += 1
            await asyncio.sleep(max(0.0, due - now))
        elif _at_work.get(loop) and now - begun < max_sleep:
            await asyncio.sleep(0.001)
        else:
            await asyncio.sleep(0)  # looks at what has come from outside
            if not loop._ready:
                break
    await asyncio.sleep(max(0.0, begun + min_sleep - loop.time()))


def _run_and_remember(
    self: BaseEventLoop, executor: Executor | None, work: Any, *arguments: Any
) -> asyncio.Future[Any]:
    future: asyncio.Future[Any] = _run_in_executor(self, executor, work, *arguments)
    running = _at_work.setdefault(self, set())
    running.add(future)
    future.add_done_callback(running.discard)
    return future

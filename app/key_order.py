"""Keys have their effects in the order in which they are pressed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App, ScreenError
from textual.message_pump import MessagePump
from textual.screen import Screen

PATIENCE_SECONDS = 2.0
"""A key whose effect takes longer than this is not waited for: something hangs, and it must be possible to leave."""
MOST_ROUNDS = 8
"""How often a queue is looked at in which there is always something new."""


class KeyOrder:
    """Dispatches a key once the one before has had its effect: the focus has moved, the screen it opens has its fields.

    Textual asks who has the focus as soon as a key arrives, but does what a key is bound to after the key has gone from
    the focused widget up to the application. In a burst (a fast typist on a slow line, a script), keys after one that
    opens something would go to what was there before, and start actions there.
    """

    def __init__(self, app: App[Any], dispatch: Callable[[events.Event], Awaitable[None]]) -> None:
        """``dispatch`` gives an event to whoever it is for."""
        self._app = app
        self._dispatch = dispatch
        self._waiting: deque[events.Event] = deque()
        self._effect: asyncio.Task[None] | None = None
        """Waits for the effect of the last key."""
        self._ready: Screen[Any] | None = None
        """The screen that had its fields when it was looked at last."""

    async def take(self, event: events.Event) -> None:
        """A key or a paste has arrived."""
        if self._effect is None:
            await self._send(event)
        else:
            self._waiting.append(event)

    async def _send(self, event: events.Event) -> None:
        if not self._app.screen_stack:
            return  # the program is being left
        widget = self._app.focused or self._app.screen
        await self._dispatch(event)
        self._effect = asyncio.create_task(self._wait_for_effect(widget))

    async def _wait_for_effect(self, widget: MessagePump) -> None:
        """Wait, and let the next key be sent by the application, as it would send it itself."""
        with contextlib.suppress(TimeoutError, ScreenError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._has_effect(widget)
        self._app.call_later(self._next)

    async def _next(self) -> None:
        self._effect = None
        if self._waiting:
            await self._send(self._waiting.popleft())

    async def _has_effect(self, widget: MessagePump) -> None:
        """What this widget was given is through: the key itself, then what the action of the key has told the widget.
        Both go up to the application."""
        for _ in range(2):
            node = widget
            while node is not self._app:
                parent = node._parent or self._app  # from now on it may be taken off the screen
                await _is_through(node)
                node = parent
            await _is_through(self._app)
        while self._ready is not self._app.screen:
            self._ready = self._app.screen
            await _is_through(self._ready)
            await _is_through(self._app)


async def _is_through(node: MessagePump) -> None:
    """All that a node was told is dealt with."""
    for _ in range(MOST_ROUNDS):
        reached = asyncio.Event()
        if not node.call_later(reached.set):
            return
        await reached.wait()
        if not node.message_queue_size:
            return

"""Keys have their effects in the order in which they are pressed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget

PATIENCE_SECONDS = 2.0
"""A key whose effect takes longer than this is not waited for: something hangs, and it must be possible to leave."""
MOST_LOOKS = 8
"""How often a queue is looked at in which there is always something new."""


@dataclass
class _Passage:
    """A key on its way."""

    way: Sequence[MessagePump]
    """The focused widget and all above it, up to the application."""
    field: Widget | None
    """What it is written in; None when it does something."""
    is_answered: bool = False
    """What its action told a widget on the way is followed too."""


class KeyOrder:
    """Dispatches a key once the one before has had its effect: the focus has moved, the screen it opens has its fields.

    Textual asks who has the focus as soon as a key arrives, but does what a key is bound to after the key has gone from
    the focused widget up to the application. In a burst (a fast typist on a slow line, a script), keys after one that
    opens something would go to what was there before, and start actions there.

    A call follows each key through the same queues. What is written in one field goes there without waiting: it opens
    nothing.
    """

    def __init__(self, app: App[Any], dispatch: Callable[[events.Event], Awaitable[None]]) -> None:
        """``dispatch`` gives an event to whoever it is for."""
        self._app = app
        self._dispatch = dispatch
        self._waiting: deque[events.Event] = deque()
        self._last: _Passage | None = None
        """The last key, until it is through."""
        self._ready: Screen[Any] | None = None
        """The screen that had its fields when it was looked at last."""
        self._patience: asyncio.TimerHandle | None = None
        self._asked = 0
        """How many keys wait for the engine before they open something."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """The engine is asked for what a key opens: keys after it wait until this ends and that is there."""
        passage = self._last
        self._asked += 1
        try:
            yield
        finally:
            self._asked -= 1
            if passage is not None and passage is self._last:
                self._app.call_later(self._settle, passage)

    async def take(self, event: events.Event) -> None:
        """A key or a paste has arrived."""
        field = self._field(event)
        is_next = self._last is None or (field is not None and field is self._last.field)
        if self._waiting or not is_next:
            self._waiting.append(event)
        else:
            await self._send(event)

    def _field(self, event: events.Event) -> Widget | None:
        """Where a key is written; None when it is one that does something."""
        focused = self._app.focused
        if focused is None or not isinstance(event, events.Key):
            return None
        return focused if focused.check_consume_key(event.key, event.character) else None

    async def _send(self, event: events.Event) -> None:
        if not self._app.screen_stack:
            return  # the program is being left
        passage = _Passage((self._app.focused or self._app.screen).ancestors_with_self, self._field(event))
        await self._dispatch(event)
        if not event.is_forwarded:
            passage.field = None  # it is bound to an action, which was done
        self._last = passage
        if self._patience is not None:
            self._patience.cancel()
        give_up = partial(self._app.call_later, self._through, passage)
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, give_up)
        self._follow(passage, (passage.field, self._app) if passage.field else passage.way)

    def _follow(self, passage: _Passage, way: Sequence[MessagePump], looks: int = 0) -> None:
        """Go behind a key through the queues of these nodes, of which the last is the application."""
        while way and not way[0].call_later(self._reached, passage, way, looks):
            way = way[1:]  # it was taken off the screen and hands nothing on any more

    def _reached(self, passage: _Passage, way: Sequence[MessagePump], looks: int) -> None:
        if way[0].message_queue_size and looks < MOST_LOOKS:
            self._follow(passage, way, looks + 1)
        elif len(way) > 1:
            self._follow(passage, way[1:])
        elif passage.field is not None:
            self._app.call_next(self._through, passage)
        elif not passage.is_answered and any(node.message_queue_size for node in passage.way):
            passage.is_answered = True
            self._follow(passage, passage.way)
        else:  # in a moment: what a worker opens is opened in its first step
            asyncio.get_running_loop().call_soon(self._app.call_later, self._settle, passage)

    async def _settle(self, passage: _Passage) -> None:
        """What the key is bound to was done; a screen that it has opened has to be ready as well."""
        if self._asked:
            return  # comes again when that is over
        if self._app.screen_stack and self._app.screen is not self._ready:
            self._ready = self._app.screen
            self._follow(passage, (self._ready, self._app))
        else:
            await self._through(passage)

    async def _through(self, passage: _Passage) -> None:
        if passage is not self._last:
            return
        self._last = None
        if self._waiting:
            await self._send(self._waiting.popleft())


def keys_wait(app: App[Any]) -> AbstractContextManager[None]:
    """While the engine is asked for what a key opens: see :meth:`KeyOrder.held`."""
    order = getattr(app, "key_order", None)
    return order.held() if isinstance(order, KeyOrder) else nullcontext()

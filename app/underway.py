"""What a key has begun and what goes on: pressed twice, it does it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable


class Underway:
    """What one screen has begun."""

    def __init__(self) -> None:
        self._begun: set[Hashable] = set()

    async def once(self, about: Hashable, do: Callable[[], Awaitable[object]]) -> None:
        """Do something; nothing while something about the same goes on."""
        if about in self._begun:
            return
        self._begun.add(about)
        try:
            await do()
        finally:
            self._begun.discard(about)

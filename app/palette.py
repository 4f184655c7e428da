"""The command palette: everything that can be done here and now, and every task, found by a few letters."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.fuzzy import Matcher

from app.keys import FLOOR, PANE_DIGITS, pretty
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen

Command = tuple[str, str, Callable[[], object]]
"""Its title, what it does in a sentence, and how to do it."""


class Commands(Provider):
    """Commands for the palette, which may have to ask for something first."""

    LISTED: ClassVar[frozenset[str]] = frozenset()
    """The ids of keys that it lists wherever the focus is, on the screens that name it."""

    async def prepare(self) -> None:
        """Ask for what :meth:`commands` needs; the person may type meanwhile."""

    @abstractmethod
    def commands(self) -> Iterator[Command]:
        """All there are now."""

    def score(self, matcher: Matcher, title: str, help_text: str) -> float:
        """How well a command is what the person types; 0: not at all."""
        return matcher.match(title)

    async def startup(self) -> None:
        """Begin to prepare. Textual awaits this in every search, and cancels it with a search that is not wanted any
        more because the person types on; then nothing would be found ever after."""
        self._prepared = asyncio.create_task(self.prepare())

    async def shutdown(self) -> None:
        """The palette is closed."""
        self._prepared.cancel()

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        await asyncio.shield(self._prepared)
        for title, help_text, run in self.commands():
            yield DiscoveryHit(title, run, title, help_text)

    async def search(self, query: str) -> Hits:
        """What matches, the best first."""
        await asyncio.shield(self._prepared)
        matcher = self.matcher(query)
        for title, help_text, run in self.commands():
            if (score := self.score(matcher, title, help_text)) > 0:
                yield Hit(score, matcher.highlight(title), run, title, help_text)


class FloorCommands(Commands):
    """Actions with their keys, then the tasks; on other screens what keys do there."""

    def commands(self) -> Iterator[Command]:
        """See :class:`Commands`."""
        from app.floor import FloorScreen

        if isinstance(self.screen, FloorScreen):
            yield from self._of_floor(self.screen)
        else:
            others = [kind for kind in self.screen.COMMANDS if isinstance(kind, type) and issubclass(kind, Commands)]
            yield from self._active(frozenset[str]().union(*(kind.LISTED for kind in others)))

    def _of_floor(self, floor: FloorScreen) -> Iterator[Command]:
        for action in FLOOR:
            if action.id != "floor.palette":
                keys = floor.keymap.get(action.id) or action.keys
                run = partial(self.app.run_action, action.action, floor)
                yield f"{action.title}  ({pretty(keys.split(',')[0])})", action.help, run
        for script in floor.acts.shipping.offered:
            yield (
                f"Run {printable(script.name)}" + (f"  ({pretty(script.key)})" if script.key else ""),
                f"{script.kind} of the project · {printable(script.run)}",
                partial(floor.acts.shipping.run, script.name),
            )
        yield from self._active({action.id for action in (*FLOOR, *PANE_DIGITS)})
        for task in floor.roster.shown:
            yield (
                f"Go to {printable(' '.join(task.title.split()))}",
                f"{task.state} · {task.id}",
                partial(floor.go_to, task.id),
            )

    def _active(self, but: Collection[str]) -> Iterator[Command]:
        """What the keys do here and now, wherever the focus is."""
        told = set(but)
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            if not binding.id or not enabled or binding.id in told:
                continue
            told.add(binding.id)
            run = partial(self.app.run_action, binding.action, node)
            yield f"{binding.description}  ({pretty(binding.key)})", tooltip or binding.tooltip, run

"""The command palette: everything that can be done here and now, and every task, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from app.keys import FLOOR, PANE_DIGITS, pretty
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen

_Command = tuple[str, str, Callable[[], object]]


class FloorCommands(Provider):
    """Actions with their keys, then the tasks."""

    def _floor(self) -> FloorScreen | None:
        from app.floor import FloorScreen

        return self.screen if isinstance(self.screen, FloorScreen) else None

    def _commands(self) -> Iterator[_Command]:
        floor = self._floor()
        if floor is None:
            yield from self._active(())
            return
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

    def _active(self, but: Collection[str]) -> Iterator[_Command]:
        """What the keys do here and now, wherever the focus is."""
        told = set(but)
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            if not binding.id or not enabled or binding.id in told:
                continue
            told.add(binding.id)
            run = partial(self.app.run_action, binding.action, node)
            yield f"{binding.description}  ({pretty(binding.key)})", tooltip or binding.tooltip, run

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for title, help_text, run in self._commands():
            yield DiscoveryHit(title, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """What matches, the best first."""
        matcher = self.matcher(query)
        for title, help_text, run in self._commands():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run, help=help_text)

"""The command palette of a review: every action of its keys, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from app.review.keys import REVIEW_KEYS, key_of, screen_actions
from widgets.diff.keys import DIFF_KEYS

if TYPE_CHECKING:
    from app.review.screen import ReviewScreen


class ReviewCommands(Provider):
    """Actions with their keys."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        screen: ReviewScreen = self.screen  # type: ignore[assignment]  # only that screen names this provider
        actions = screen_actions()
        for binding in (*REVIEW_KEYS, *DIFF_KEYS):
            name = binding.id or ""
            if name != "review.palette":
                title = f"{binding.description}  ({key_of(name, screen.keymap)})"
                yield title, binding.tooltip, partial(screen.run_action, actions[name])

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for title, help_text, run in self._commands():
            yield DiscoveryHit(title, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """What matches, the best first; words of the help count too, less."""
        matcher = self.matcher(query)
        for title, help_text, run in self._commands():
            score = max(matcher.match(title), matcher.match(help_text) / 2)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=help_text)

"""The command palette of a review: every action of its keys, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.fuzzy import Matcher

from app.palette import Command, Commands
from app.review.keys import REVIEW_KEYS, key_of, screen_actions
from widgets.diff.keys import DIFF_KEYS

if TYPE_CHECKING:
    from app.review.screen import ReviewScreen


class ReviewCommands(Commands):
    """Actions with their keys."""

    LISTED = frozenset(binding.id or "" for binding in (*REVIEW_KEYS, *DIFF_KEYS))

    def commands(self) -> Iterator[Command]:
        """See :class:`Commands`."""
        screen: ReviewScreen = self.screen  # type: ignore[assignment]  # only that screen names this provider
        actions = screen_actions()
        for binding in (*REVIEW_KEYS, *DIFF_KEYS):
            name = binding.id or ""
            if name != "review.palette":
                title = f"{binding.description}  ({key_of(name, screen.keymap)})"
                yield title, binding.tooltip, partial(screen.run_action, actions[name])

    def score(self, matcher: Matcher, title: str, help_text: str) -> float:
        """Words of the help count too, less."""
        return max(matcher.match(title), matcher.match(help_text) / 2)

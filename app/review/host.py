"""What the parts of a review ask of its screen."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Protocol

from textual.app import App

from agents.model import Task
from agents.parts.changes import Diff, Scope
from agents.review import DiffSet


class Host(Protocol):
    """The screen, as its parts see it."""

    @property
    def app(self) -> App[object]:
        """The application."""

    @property
    def reviewed(self) -> Task:
        """The task under review, as it is now."""

    @property
    def shown(self) -> Diff | None:
        """The diff that is shown; None before there is one."""

    def say(self, text: str, *, error: bool = False) -> None:
        """Say a sentence in the legend."""

    def start(self, work: Coroutine[object, object, object]) -> None:
        """Do something that takes a moment beside everything else."""

    async def read_change(
        self,
        *,
        ended: bool = False,
        is_own: bool = False,
        scope: Scope | None = None,
        named: tuple[str, str] | None = None,
    ) -> bool:
        """Read the change and show it; the reader stays on the same code. Says whether it could be read.

        Args:
            ended: a turn has ended: say what it changed, even when that is nothing.
            is_own: the person changed it from here, and needs not be told.
            named: what to compare, for the scopes that need to be told.
        """

    async def read_comments(self) -> None:
        """Read the comments and marks again."""

    async def show_change(self, parsed: DiffSet) -> None:
        """Show the same change with other context."""

    def show_facts(self) -> None:
        """Show what is known about the files as it is now."""

    def unhide(self, path: bytes) -> None:
        """Take away what hides a file."""

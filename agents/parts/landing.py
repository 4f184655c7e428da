"""Landing: bringing a task's work onto the branch it started from, one task after the other."""

from __future__ import annotations

from typing import Literal, Protocol

from agents.model import Struct

LandingHow = Literal["squash", "merge", "rebase"]
"""One commit with everything; a merge commit; the task's own commits made again on the branch."""
LandingState = Literal["waiting", "combining", "checking", "landed", "failed", "conflict", "cancelled", "undone"]
"""``conflict``: the agent of the task has been told to resolve it. ``undone``: it was landed and taken back."""


class Landing(Struct, kw_only=True):
    """A task on its way onto a branch, or how that ended; the latest try counts."""

    task: str
    project: str
    onto: str
    """The local branch."""
    how: LandingHow = "squash"
    message: str = ""
    """Of the commit that is made; empty: made from the task."""
    check: bool = True
    """The project's checks run on the combined result first."""
    state: LandingState = "waiting"
    reason: str = ""
    """Where it stands, or why it did not land, in words."""
    hint: str = ""
    base: str = ""
    """Where the branch was: the commit that this landed on, or that it conflicts with."""
    commit: str = ""
    """Where the branch is since."""
    at: float = 0.0
    """When it was asked for; the line is in this order."""


class Landings(Protocol):
    """What can be asked about landing. The line of a project moves by itself, one task at a time."""

    async def land(
        self, task: str, how: LandingHow = "squash", onto: str = "", message: str = "", check: bool = True
    ) -> Landing:
        """Put a resting task into the line. ``onto``: a local branch; empty: the one the task started from."""

    async def finish(self, task: str) -> Landing:
        """Wait until it has landed or did not."""

    async def line(self, project: str = "") -> list[Landing]:
        """The landings of a project (any folder in it; empty: of all) that wait or run, in order, then the ended ones,
        the latest first."""

    async def cancel(self, task: str) -> Landing:
        """Take a task out of the line, or stop its landing before the branch moves."""

    async def hold(self, project: str, held: bool = True) -> None:
        """Let no landing of a project begin, or let them go on."""

    async def held(self) -> list[str]:
        """The projects whose line is held."""

    async def undo(self, task: str) -> Landing:
        """Take a landed task's work off the branch again: by moving it back when nothing came after, else by a commit
        that reverts it. The task comes back to the floor."""

    async def message(self, task: str) -> str:
        """The commit message that landing would use: the task's title and the subjects of its commits."""

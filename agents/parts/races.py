"""Races: one prompt to several profiles at once, of which the person keeps one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agents.model import NewTask, Struct, Task


class Race(Struct, kw_only=True):
    """Tasks that work on the same prompt."""

    id: str
    """Short; that of its first task."""
    project: str
    title: str
    prompt: str
    tasks: tuple[str, ...]
    kept: str = ""
    """The task that the person kept; empty while none is chosen."""
    at: float = 0.0
    ended_at: float = 0.0
    """When all its tasks had come to rest for the first time."""


class LaneFile(Struct, kw_only=True):
    """A file that a task of a race changed."""

    path: bytes
    additions: int
    deletions: int


class Lane(Struct, kw_only=True):
    """A task of a race, and what it changed so far."""

    task: Task
    files: tuple[LaneFile, ...] = ()


class RaceView(Struct, kw_only=True):
    """A race side by side."""

    race: Race
    lanes: tuple[Lane, ...]


class Races(Protocol):
    """Part ``races`` of the Api. Wherever a race is asked for, its id or any of its tasks will do."""

    async def start(self, new: NewTask, profiles: Sequence[str]) -> Race:
        """Start a task for each profile, all from the same commit; at least two, and none when one cannot be used."""

    async def list(self, project: str = "") -> list[Race]:
        """The races of a project (any folder in it; empty: of all), the latest first."""

    async def show(self, race: str) -> RaceView:
        """How its tasks stand."""

    async def find(self, task: str) -> Race | None:
        """The race that a task runs in, if there is one."""

    async def keep(self, task: str) -> Race:
        """Keep this task and close the others of its race that are on the floor; their branches and snapshots stay."""

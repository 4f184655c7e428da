"""The conflict radar: which tasks change the same files, and which of them would not go together."""

from __future__ import annotations

from typing import Protocol

from agents.model import Struct


class Overlap(Struct, kw_only=True):
    """Another task that changes files which this one changes too."""

    task: str
    title: str
    files: tuple[bytes, ...]
    """All that both change."""
    conflicting: tuple[bytes, ...]
    """Those among them that git could not merge."""


class Radar(Protocol):
    """What can be asked about tasks that meet."""

    async def overlaps(self, task: str) -> list[Overlap]:
        """The tasks of its project on the floor that change the same files, those that conflict first. As of the last
        look, which is at the end of a turn and now and then while one runs."""

"""Opening what an agent names: an address in the browser, a place in a file in its review or in the editor."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from agents.api import Api
from agents.errors import ShopfloorError
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen


class Opening:
    """Opens things for one floor."""

    def __init__(self, floor: FloorScreen, api: Api) -> None:
        self._floor = floor
        self._api = api

    def address(self, address: str) -> None:
        """Show it in the browser, and here for whoever has none on this machine."""
        self._floor.app.open_url(address)
        self._floor.legend.say(f"Opened {printable(address)}")

    async def place(self, name: str, path: str, line: int) -> None:
        """Show a place in a file of a task: in the review if the file was changed, else in the person's editor."""
        from app.review.editor import open_in_editor

        task = self._floor.roster.get(name)
        if task is None:
            return
        changed = (await self._api.finding.changed_files()).get(task.id, [])
        if (known := _named(path, task.worktree, changed)) is not None:
            self._floor.host.open_review(task, at=(known, line))
            return
        try:
            open_in_editor(self._floor.app, task.worktree, os.fsencode(_inside(path, task.worktree)), line)
        except ShopfloorError as error:
            self._floor.legend.say(error.message, "warning")


def _inside(path: str, worktree: str) -> str:
    """A path as it is called in its worktree."""
    given = PurePath(path)
    return str(given.relative_to(worktree)) if worktree and given.is_relative_to(worktree) else path


def _named(path: str, worktree: str, files: Sequence[bytes]) -> bytes | None:
    """The file that an agent means: the one of that name, else the only one whose name ends so."""
    wanted = os.fsencode(_inside(path, worktree))
    if wanted in files:
        return wanted
    ending = [name for name in files if name.endswith(b"/" + wanted)]
    return ending[0] if len(ending) == 1 else None

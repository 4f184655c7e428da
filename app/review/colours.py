"""Syntax colours for the files in view, as they come into view."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from agents.api import Api
from agents.errors import ShopfloorError
from agents.review.highlighter import Highlighter
from agents.review.model import FileDiff
from app.review.host import Host
from widgets.diff import DiffView

BLOBS_KEPT_BYTES = 32_000_000


class Contents:
    """Contents of blobs of one task, the ones read last kept. A blob's id names its content, so nothing grows stale."""

    def __init__(self, api: Api, task: str) -> None:
        self._api = api
        self._task = task
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    async def read(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The contents of these blobs.

        Raises:
            ShopfloorError: one of them cannot be read.
        """
        missing = [blob for blob in dict.fromkeys(ids) if blob not in self._kept]
        fresh = await self._api.changes.blobs(self._task, missing) if missing else []
        found = {blob: self._kept[blob] for blob in ids if blob in self._kept}
        found |= dict(zip(missing, fresh, strict=True))
        for blob, data in found.items():
            self._kept[blob] = data
            self._kept.move_to_end(blob)
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > BLOBS_KEPT_BYTES:
            self._kept.popitem(last=False)
        return found


class Colourer:
    """Hands syntax to a view for the files it shows, both sides, each file once."""

    def __init__(self, view: DiffView, contents: Contents, host: Host) -> None:
        self._view = view
        self._contents = contents
        self._host = host
        self._highlighter = Highlighter()
        self._asked: set[tuple[str, str]] = set()

    def forget(self) -> None:
        """Another diff is shown: everything has to be handed out again."""
        self._asked.clear()

    def colour_files_in_view(self) -> None:
        """Colour what is on the screen and the file after it, unless that was done."""
        files = self._view.state.diff.files
        shown = self._view.files_in_view()
        ahead = [shown[-1] + 1] if shown and shown[-1] + 1 < len(files) else []
        for priority, file in enumerate(files[index] for index in (*shown, *ahead)):
            if not self._view.state.is_folded(file) and (file.old_blob, file.new_blob) not in self._asked:
                self._host.start(self._colour(file, priority))

    async def _colour(self, file: FileDiff, priority: int) -> None:
        """Colour one file; those of lower ``priority`` go first."""
        name = (file.old_blob, file.new_blob)
        if name in self._asked or file.is_binary or file.is_submodule or not file.hunks:
            return
        self._asked.add(name)
        sides = [("new", file.new_path, file.new_blob)] if file.new_path else []
        if file.deletions:
            sides.append(("old", file.old_path, file.old_blob))
        try:
            contents = await self._contents.read([blob for _, _, blob in sides])
        except ShopfloorError as error:
            self._asked.discard(name)
            self._host.say(str(error), error=True)
            return
        except BaseException:
            self._asked.discard(name)
            raise
        language = file.attributes.get("linguist-language", "")
        await asyncio.gather(*(self._side(*side, contents[side[2]], language, priority) for side in sides))

    async def _side(self, side: str, path: bytes, blob: str, data: bytes, language: str, priority: int) -> None:
        syntax = await self._highlighter.highlight(path, data, key=blob, attribute=language, priority=priority)
        if syntax.language and any(blob in name for name in self._asked):
            self._view.colour(path, side, syntax)

    async def close(self) -> None:
        """End the worker process."""
        await self._highlighter.close()

"""Going about in a review: to a file, to a text, to another comparison, into the editor, further around a hunk."""

from __future__ import annotations

from textual.widgets import Input

from agents.api import Api
from agents.errors import ShopfloorError
from agents.escape import escape_name
from agents.review import DiffSet, FileDiff
from agents.review.context import EVERYTHING, with_context
from app.review.editor import open_in_editor
from app.review.host import Host
from app.review.pick import PickScreen, pick_scope
from app.review.reading import Reading
from app.review.words import SCOPES
from widgets.diff import DiffView

CONTEXT_STEP = 15
"""Lines that one step of widening a hunk adds above and below."""


class Going:
    """Takes the reader of one view elsewhere."""

    def __init__(self, api: Api, view: DiffView, search: Input, reading: Reading, host: Host) -> None:
        self._api = api
        self._view = view
        self._search = search
        self._reading = reading
        self._host = host
        self._short: dict[bytes, tuple[str, str, FileDiff]] = {}
        """Files that are shown whole, as the diff had them."""

    # search

    def search(self) -> None:
        """Ask for a text to look for."""
        self._search.display = True
        self._search.value = self._view.searched
        self._search.focus()

    def searched(self, text: str) -> None:
        """Look for a text in everything that is shown."""
        self.close_search()
        found = self._view.search(text)
        if text and not found:
            self._host.say(f"“{text}” is nowhere in what is shown.")

    def close_search(self) -> None:
        """Back to the diff."""
        self._search.display = False
        self._view.focus()

    # elsewhere

    def to_place(self, path: bytes, line: int) -> None:
        """Go to a line of a file as it is now, or to the nearest one that is shown of it."""
        file = next((file for file in self._view.state.diff.files if file.path == path), None)
        if file is None:
            self._host.say(f"{escape_name(path)} is not in this change.")
            return
        near = [(abs(number - line), index) for index, number in enumerate(file.lines.new) if number]
        self._view.go_to_next([(path, min(near)[1] if near else -1)])

    def to_file(self) -> None:
        """Pick a file by some letters of its name."""
        self._host.start(self._pick_file())

    async def _pick_file(self) -> None:
        files = self._view.state.diff.files
        names = [escape_name(file.path) for file in files]
        picked = await self._host.app.push_screen_wait(PickScreen("a file", names))
        if isinstance(picked, int):
            self.show_file(files[picked].path)

    def show_file(self, path: bytes) -> None:
        """Go to a file, even when a filter hides it."""
        if self._view.state.spot_of_file(path) is None:
            self._host.unhide(path)
        self._view.go_to_file(path)

    def compare(self) -> None:
        """Pick what to compare: a scope, a commit, two refs."""
        self._host.start(self._compare())

    async def _compare(self) -> None:
        try:
            chosen = await pick_scope(self._host.app, self._api, self._host.reviewed.id)
        except ShopfloorError as error:
            self._host.say(str(error), error=True)
            return
        if chosen is not None:
            await self._host.read_change(scope=chosen[0], named=chosen[1])

    def scope(self) -> None:
        """Compare with something else."""
        now = self._host.shown
        at = SCOPES.index(now.scope) if now is not None and now.scope in SCOPES else -1
        self._host.start(self._host.read_change(scope=SCOPES[(at + 1) % len(SCOPES)]))

    def reload(self) -> None:
        """Read the change again."""
        self._host.start(self._host.read_change())

    def edit(self) -> None:
        """Open the file at the cursor in the person's editor."""
        position = self._view.state.position()
        if not position.path:
            self._host.say("Put the cursor on a file.")
            return
        try:
            open_in_editor(self._host.app, self._host.reviewed.worktree, position.path, position.new or position.old)
        except ShopfloorError as error:
            self._host.say(str(error), error=True)
            return
        self._view.screen.refresh(layout=True)
        self.reload()

    # around a hunk

    def expand(self) -> None:
        """Show more lines around the hunk at the cursor."""
        self._host.start(self._expand())

    async def _expand(self) -> None:
        section = self._view.state.section
        hunk = section.hunk_of(self._view.state.cursor.row) if section is not None else None
        if section is None or section.file is None or hunk is None or not section.file.new_path:
            self._host.say("Put the cursor on a hunk.")
            return
        file = section.file
        wider = await self._wider(file, {file.hunks.index(hunk): CONTEXT_STEP})
        if wider is not None and wider.hunks == file.hunks:
            self._host.say("Everything around this hunk is shown.")
        elif wider is not None:
            self._short.setdefault(file.path, (file.old_blob, file.new_blob, file))
            await self._instead(file, wider)

    def whole(self) -> None:
        """Show the unchanged lines of the file at the cursor too, or only the changes and a few lines around again."""
        self._host.start(self._whole())

    async def _whole(self) -> None:
        section = self._view.state.section
        file = section.file if section is not None else None
        if file is None or not file.new_path or not file.hunks:
            self._host.say("Put the cursor on a file whose lines are shown.")
            return
        short = self._short.pop(file.path, None)
        if short is not None and short[:2] == (file.old_blob, file.new_blob):
            await self._instead(file, short[2])
            return
        wider = await self._wider(file, dict.fromkeys(range(len(file.hunks)), EVERYTHING))
        if wider is not None:
            self._short[file.path] = (file.old_blob, file.new_blob, file)
            await self._instead(file, wider)

    async def _wider(self, file: FileDiff, more: dict[int, int]) -> FileDiff | None:
        try:
            content = (await self._reading.contents.read([file.new_blob]))[file.new_blob]
        except ShopfloorError as error:
            self._host.say(str(error), error=True)
            return None
        return with_context(file, content, more)

    async def _instead(self, file: FileDiff, other: FileDiff) -> None:
        diff = self._view.state.diff
        files = tuple(other if each is file else each for each in diff.files)
        await self._host.show_change(DiffSet(files, diff.leftover))

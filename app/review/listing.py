"""The list of files beside the diff: what it shows, its filter, its tree, and what changed since it was looked at."""

from __future__ import annotations

from collections.abc import Collection

from textual.widgets import Input

from app.review.around import listed_files
from app.review.going import Going
from app.review.host import Host
from widgets.diff import DiffView
from widgets.file_list import FileList

LIST_WIDTH_FROM = 100
"""Columns from which on the list of files is shown by itself."""


class Listing:
    """The list of files of one review; methods without arguments are what keys do."""

    def __init__(self, files: FileList, field: Input, view: DiffView, going: Going, host: Host) -> None:
        self._files = files
        self._field = field
        self._view = view
        self._going = going
        self._host = host
        self._wanted: bool | None = None
        """Whether the person wants it; None while they have not said."""
        self._unread: set[bytes] = set()
        """Files that changed since the reader was in them."""

    def fit(self, width: int) -> None:
        """Show it when the person wants it, or when there is room and they have not said."""
        self._files.display = width >= LIST_WIDTH_FROM if self._wanted is None else self._wanted

    def show(self) -> None:
        """Show what is known now."""
        if not self._view.state.missing:
            self._files.show(listed_files(self._view.state, self._unread))

    def changed(self, paths: Collection[bytes]) -> None:
        """These files changed under the reader."""
        self._unread |= set(paths)

    def mark(self, path: bytes) -> None:
        """The reader is in this file now."""
        if path in self._unread:
            self._unread.discard(path)
            self.show()
        self._files.mark(path)

    def toggle(self) -> None:
        """Show or hide the list."""
        self._want(not self._files.display)

    def _want(self, wanted: bool) -> None:
        self._wanted = self._files.display = wanted

    def tree(self) -> None:
        """A tree, or one below the other."""
        self._want(True)
        self._files.as_tree = not self._files.as_tree
        self._files.lay_rows()

    def next_news(self) -> None:
        """Go to the next file that changed since the reader was in it."""
        paths = [file.path for file in self._view.state.diff.files]
        here = self._view.state.position().path
        at = paths.index(here) + 1 if here in paths else 0
        following = next((path for path in (*paths[at:], *paths[:at]) if path in self._unread), None)
        if following is None:
            self._host.say("Nothing changed that you have not seen.")
        else:
            self._going.show_file(following)

    # filter

    def filter(self) -> None:
        """List only files with some letters in their names."""
        self._want(True)
        self._field.value = self._files.letters
        self._field.display = True
        self._field.focus()

    def typed(self, letters: str) -> None:
        """List the files that hold these."""
        self._files.letters = letters.strip()
        self._files.lay_rows()

    def entered(self) -> None:
        """Go to the first of them; they stay the only ones listed."""
        self._field.display = False
        self._view.focus()
        if self._files.letters and (path := self._files.first()) is not None:
            self._going.show_file(path)

    def left(self) -> None:
        """List all files again."""
        self._field.value = ""
        self._field.display = False
        self._view.focus()

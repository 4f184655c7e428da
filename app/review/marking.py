"""Going through a change file by file: what was looked at, what to look at first, what to leave out."""

from __future__ import annotations

from collections.abc import Sequence

from agents.api import Api
from agents.errors import ShopfloorError
from app.review.facts import Facts
from app.review.host import Host
from widgets.chip_bar import Chip, ChipBar
from widgets.diff import DiffView

_QUIET = ("to review", "lock file")
"""Chips that are no warning."""


class Marking:
    """Reviewed marks, warnings and filters of the change in a view."""

    def __init__(self, api: Api, task: str, view: DiffView, chips: ChipBar, host: Host) -> None:
        self._api = api
        self._task = task
        self._view = view
        self._chips = chips
        self._host = host
        self._filter = ""
        """The chip whose files alone are shown."""
        self.facts = Facts()

    def show(self, to_judge: int) -> None:
        """Show the facts as they are now.

        Args:
            to_judge: comments that wait for the person's verdict.
        """
        self._view.take_remarks(self.facts.remarks())
        self._show_chips(to_judge)

    def _show_chips(self, to_judge: int | None = None) -> None:
        if to_judge is None:
            to_judge = sum(placed.comment.state == "claimed" for placed in self._view.state.placed)
        done, total = self.facts.progress()
        chips = [Chip(name, len(paths), name not in _QUIET) for name, paths in self.facts.groups().items()]
        judge = f" · {to_judge} to judge ({self._view.judge_keys[2]})" if to_judge else ""
        words = f" {done} of {total} files reviewed{judge} ·"
        self._chips.show(chips, self._filter, words)
        self._chips.display = bool(total)

    # marks

    def mark_file(self) -> None:
        """The file at the cursor was looked at, and on to the next one that was not; once more: it was not."""
        path = self._view.state.position().path
        marks = self.facts.marks(path)
        if not marks.all:
            return
        reviewed = not self.facts.is_reviewed(path)
        self._mark(marks.all, reviewed)
        if reviewed:
            self.next_unreviewed()

    def mark_hunk(self) -> None:
        """The hunk at the cursor was looked at, or was not."""
        section = self._view.state.section
        hunk = section.hunk_of(self._view.state.cursor.row) if section is not None else None
        if section is None or section.file is None or hunk is None:
            self._host.say("Put the cursor on a hunk.")
            return
        marks = self.facts.marks(section.file.path).of_hunk(hunk)
        reviewed = not self.facts.reviewed.issuperset(marks)
        self._mark(marks, reviewed)
        if reviewed:
            self._view.action_hunk(1)

    def _mark(self, marks: Sequence[str], reviewed: bool) -> None:
        (self.facts.reviewed.update if reviewed else self.facts.reviewed.difference_update)(marks)
        self._host.show_facts()
        self._host.start(self._keep(marks, reviewed))

    async def _keep(self, marks: Sequence[str], reviewed: bool) -> None:
        try:
            await self._api.review.mark(self._task, marks, reviewed)
        except ShopfloorError as error:
            self._host.say(f"Not kept: {error}", error=True)

    def next_unreviewed(self) -> None:
        """Go to the next file that was not looked at."""
        state = self._view.state
        paths = [section.file.path for section in state.table.sections if section.file is not None and len(section)]
        here = state.position().path
        at = paths.index(here) if here in paths else -1
        order = [*paths[at + 1 :], *paths[: at + 1]]
        following = next((path for path in order if not self.facts.is_reviewed(path)), None)
        if following is not None:
            self._view.go_to_file(following)
        elif self.facts.progress()[0] == self.facts.progress()[1]:
            self._host.say("You have reviewed every file.")
        else:
            self._host.say("You have reviewed every file that is shown.")

    # filters

    def hide_reviewed(self) -> None:
        """Hide or show what was looked at."""
        self._view.state.hide_reviewed = not self._view.state.hide_reviewed
        self._view.filter()

    def next_warning(self) -> None:
        """Go to the next place to look at first."""
        places = [(warning.path, warning.line) for warning in self.facts.warnings()]
        places += self.facts.failing_lines()
        self._view.go_to_next(places)
        if not places:
            self._host.say("There is nothing to warn of.")

    def next_filter(self) -> None:
        """Show only the files of the next chip; after the last all again."""
        names = ["", *self.facts.groups()]
        at = names.index(self._filter) if self._filter in names else 0
        self.choose(names[(at + 1) % len(names)])

    def toggle(self, name: str) -> None:
        """Show only the files of a chip, or all again."""
        self.choose("" if name == self._filter else name)

    def choose(self, name: str) -> None:
        """Show only the files of a chip; all with the empty name."""
        self._filter = name
        self._view.state.only = self.facts.groups().get(name) if name else None
        self._view.filter()
        self._show_chips()
        if name:
            self._host.say(f"Only files with “{name}” are shown. O goes on, and back to all.")

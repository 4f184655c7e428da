"""Where the keys go on the floor, and what there is room for: the list, the panes, the composer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from widgets.brain import Brain
from widgets.terminal.pane import TerminalPane

if TYPE_CHECKING:
    from app.floor import FloorScreen

NARROW_COLUMNS = 100
"""Below it either the list or the panes are shown."""

Area = Literal["brain", "panes", "composer"]
ORDER: tuple[Area, ...] = ("brain", "panes", "composer")


class Areas:
    """The areas of one floor: which are shown, and which has the focus."""

    def __init__(self, floor: FloorScreen) -> None:
        self._floor = floor
        self.is_rail = False
        """The list is collapsed."""
        self._list_open = True
        """In a narrow terminal: the list is in front of the panes."""
        self._was_narrow = False
        self._wanted: Area | None = None
        """To be entered once it is laid out."""

    @property
    def is_narrow(self) -> bool:
        """Either the list or the panes are shown."""
        return self._floor.app.size.width < NARROW_COLUMNS

    @property
    def focused(self) -> Area:
        """Where the keys go now."""
        focused = self._floor.focused
        if focused is None or isinstance(focused, Brain):
            return "brain"
        return "composer" if self._floor.composer in focused.ancestors else "panes"

    @property
    def hinted(self) -> str:
        """What the legend speaks of: an area, or in a terminal whether its agent has the keys."""
        focused = self._floor.focused
        if isinstance(focused, TerminalPane):
            return "terminal" if focused.is_typing else "terminal-read"
        return self.focused

    def arrange(self) -> None:
        """Show what there is room for: wide terminals show everything, narrow ones the list or the panes."""
        floor, narrow = self._floor, self.is_narrow
        if narrow and not self._was_narrow:
            self._list_open = self.focused == "brain"  # the person stays where they are
        self._was_narrow = narrow
        floor.brain.set_class(narrow, "-only")
        floor.brain.set_class(self.is_rail and not narrow, "-rail")
        floor.arranging.fit()
        floor.brain.display = not narrow or self._list_open
        floor.query_one("#main").display = not narrow or not self._list_open
        floor.show_hints()

    def go(self, area: Area) -> None:
        """Show an area and put the focus there; an empty floor has only the list."""
        if not self._floor.roster.shown:
            area = "brain"
        if self.is_narrow and self._list_open != (area == "brain"):
            self._list_open = area == "brain"
            self._floor.set_focus(None)  # else Textual, when what has the focus is hidden, gives it to the first pane
            self.arrange()
        self._enter(area)

    def step(self, count: int) -> None:
        """Go to the next area, or with -1 to the one before."""
        self.go(ORDER[(ORDER.index(self.focused) + count) % len(ORDER)])

    def _enter(self, area: Area) -> None:
        floor = self._floor
        self._wanted = None
        if area == "brain":
            floor.brain.focus()
        elif area == "composer":
            floor.composer.focus_text()
        elif not floor.grid.size:
            self._wanted = area  # it has no panes before it is laid out
            floor.call_after_refresh(self.enter_wanted)
        elif floor.roster.current:
            floor.grid.focus_task(floor.roster.current)

    def enter_wanted(self) -> bool:
        """The panes have been laid out: enter what was to be entered then; False when there is nothing."""
        if self._wanted is None:
            return False
        self._enter(self._wanted)
        return True

    def toggle_list(self) -> None:
        """Collapse the list; in a narrow terminal change between list and panes."""
        if self.is_narrow:
            self.go("panes" if self._list_open else "brain")
            return
        self.is_rail = not self.is_rail
        self.arrange()
        self._floor.arranging.list_changed()

    def open_list(self) -> None:
        """Show the whole list and go there."""
        self.is_rail = False
        self.go("brain")
        self.arrange()

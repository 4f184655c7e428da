"""How the floor is arranged: layout, order, pins, the width of the list. What the person changes is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.arrangement import ORDER_WORDS, ORDERS, Arrangement, keep_arrangement, load_arrangement
from widgets.brain_groups import Grouping
from widgets.pane_layout import LAYOUTS, LayoutName

if TYPE_CHECKING:
    from app.floor import FloorScreen

WIDTH_STEP = 4

_LAYOUT_WORDS: dict[LayoutName, str] = {
    "grid": "Panes stand in a grid.",
    "columns": "Panes stand side by side.",
    "focus": "One large pane, the others in a strip.",
}


class Arranging:
    """The arrangement of one floor. Its methods without an underscore are acts (see :mod:`app.acts`)."""

    def __init__(self, floor: FloorScreen, project: str) -> None:
        self._floor = floor
        self._project = project
        self._kept: Arrangement | None = None

    @property
    def _arrangement(self) -> Arrangement:
        if self._kept is None:
            self._kept = load_arrangement(self._project)
        return self._kept

    def restore(self) -> None:
        """Arrange the floor as it was left."""
        floor, kept = self._floor, self._arrangement
        floor.grid.set_arrangement(kept.layout)
        floor.grid.pin(kept.pinned)
        floor.roster.sort(kept.order, kept.hand)
        floor.brain.group_by(kept.grouping)
        if kept.all_projects and not floor.roster.all_projects:
            floor.roster.toggle_projects()
        floor.areas.is_rail = kept.rail
        self._set_width(kept.brain_width)

    def _keep(self) -> None:
        try:
            keep_arrangement(self._project, self._arrangement)
        except OSError as error:
            self._floor.legend.say(f"The arrangement cannot be kept for the next time: {error}.", "warning")

    # --- panes

    def next_layout(self) -> None:
        """Grid, columns, one large pane with a strip, grid…"""
        kept = self._arrangement
        kept.layout = LAYOUTS[(LAYOUTS.index(kept.layout) + 1) % len(LAYOUTS)]
        self._floor.grid.zoom(False)
        self._floor.grid.set_arrangement(kept.layout)
        self._floor.legend.say(_LAYOUT_WORDS[kept.layout])
        self._keep()

    def next_order(self) -> None:
        """By age, those first that need the person, or by hand."""
        self._sort(ORDERS[(ORDERS.index(self._arrangement.order) + 1) % len(ORDERS)])
        self._floor.legend.say(ORDER_WORDS[self._arrangement.order])

    def move(self, step: int) -> None:
        """Put the current pane before or after its neighbour."""
        floor = self._floor
        floor.roster.place(floor.roster.current, step)
        self._arrangement.hand = floor.roster.hand
        self._sort("hand")

    def _sort(self, order: str) -> None:
        floor, kept = self._floor, self._arrangement
        kept.order = next(known for known in ORDERS if known == order)
        if order == "hand" and not kept.hand:
            kept.hand = [task.id for task in floor.roster.shown]
        floor.roster.sort(kept.order, kept.hand)
        floor.show_tasks()
        self._keep()

    def pin(self) -> None:
        """Let the current task stand first on every page, or not any more."""
        floor, kept = self._floor, self._arrangement
        task = floor.roster.current
        if not task:
            floor.legend.say("There is no task to pin.", "warning")
            return
        known = [pinned for pinned in kept.pinned if floor.roster.get(pinned)]  # those that are gone need no pin
        is_pinned = task in known
        kept.pinned = [other for other in known if other != task] if is_pinned else [*known, task]
        floor.grid.pin(kept.pinned)
        floor.legend.say("It is pinned no more." if is_pinned else "It stands first on every page.")
        self._keep()

    # --- the list

    def widen(self, steps: int) -> None:
        """Give the list of tasks more columns, or fewer."""
        brain, wanted = self._floor.brain, self._arrangement.brain_width
        width = brain.fitting_width(wanted) if wanted else brain.size.width  # it may not have got it yet
        self.set_width(width + steps * WIDTH_STEP)

    def set_width(self, columns: int) -> None:
        """Give the list of tasks so many columns."""
        brain = self._floor.brain
        self._arrangement.brain_width = brain.fitting_width(columns)
        self._set_width(self._arrangement.brain_width)
        self._keep()

    def _set_width(self, columns: int) -> None:
        floor = self._floor
        floor.brain.styles.width = columns if columns and not (floor.areas.is_rail or floor.areas.is_narrow) else None

    def fit(self) -> None:
        """The list is shown in another way: it has its own width only where it is whole and not alone."""
        self._set_width(self._arrangement.brain_width)

    def list_changed(self) -> None:
        """The list was collapsed or opened, or shows other projects."""
        floor, kept = self._floor, self._arrangement
        kept.rail, kept.all_projects = floor.areas.is_rail, floor.roster.all_projects
        self._keep()

    def regroup(self, grouping: Grouping) -> None:
        """The list has other headings."""
        self._arrangement.grouping = grouping
        words = {"attention": "by what they ask of you", "project": "by project", "profile": "by profile"}
        self._floor.legend.say(f"Tasks are grouped {words[grouping]}.")
        self._keep()

"""The first-run tour: three screens that say how this is used. Shown once, and again when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from agents import paths
from app.keys import default_keys, pretty

PAGES = (
    (
        "Many agents, each in a worktree of its own",
        "{new-task} writes what to do, and an agent starts in its own worktree.\n"
        "{app.new-task} does the same from anywhere; one per line makes several.\n\n"
        "The list says who needs you. {next-needed} goes there, {back} goes back.\n"
        "Panes show the agents live; {zoom} shows one alone, {review} reads its change.",
    ),
    (
        "Say something at any time",
        "{say} writes to the agent. What Enter does stands above: steer, or a new turn.\n\n"
        "@ names a file, / runs a command, ↑ brings the last prompt,\n{composer.history} searches all of them.\n"
        "{composer.yank} puts a text by, {composer.pop} takes it again, {composer.editor} opens your own editor.",
    ),
    (
        "You decide what is good",
        "{review} shows the change. c comments on a line, s sends all as one round.\n"
        "Then each comment shows what really changed; only you resolve it.\n\n"
        "{quit} leaves: agents go on and are here when you return.\n"
        "{help} shows all keys, {palette} finds everything by name.",
    ),
)


def was_shown() -> bool:
    """The person has seen the tour, or skipped it."""
    return (paths.state_dir() / "tour").exists()


def remember_shown() -> None:
    """Never show it by itself again. Raises OSError where that cannot be kept."""
    paths.state_dir().mkdir(mode=0o700, parents=True, exist_ok=True)
    (paths.state_dir() / "tour").touch()


class TourScreen(ModalScreen[None]):
    """One page at a time."""

    CSS = """
    TourScreen { align: center middle; background: $background 70%; }
    TourScreen > Vertical { width: 88; max-width: 96%; height: auto; background: $panel; padding: 1 3; }
    TourScreen Static { height: auto; }
    TourScreen #tour-title { text-style: bold; color: $primary; margin-bottom: 1; }
    TourScreen #tour-foot { color: $foreground 68%; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right,n", "turn(1)", "Next", id="tour.next", tooltip="The next page; after the last, on."),
        Binding("left,p", "turn(-1)", "Before", id="tour.previous", tooltip="The page before."),
        Binding("escape,q,s", "leave", "Skip", id="tour.skip", tooltip="Skip it; it is not shown again by itself."),
    ]

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._page = 0
        known = {**default_keys(), **keymap}
        self._keys = {name: pretty(keys.split(",")[0].strip()) for name, keys in known.items()}

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="tour-title", markup=False)
            yield Static(id="tour-text", markup=False)
            yield Static(id="tour-foot", markup=False)

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        title, text = PAGES[self._page]
        for name, key in self._keys.items():
            text = text.replace("{" + name.removeprefix("floor.") + "}", key)
        self.query_one("#tour-title", Static).update(title)
        self.query_one("#tour-text", Static).update(text)
        more = "Enter next" if self._page + 1 < len(PAGES) else "Enter begins"
        self.query_one("#tour-foot", Static).update(f"{self._page + 1} of {len(PAGES)} · {more} · ← before · Esc skip")

    def action_turn(self, step: int) -> None:
        """Another page."""
        page = self._page + step
        if page >= len(PAGES):
            self.action_leave()
        elif page >= 0:
            self._page = page
            self._show()

    def action_leave(self) -> None:
        """Begin, and never show this again by itself."""
        try:
            remember_shown()
        except OSError as error:
            self.app.notify(f"That you saw the tour cannot be kept: {error}.", severity="warning", markup=False)
        self.dismiss(None)

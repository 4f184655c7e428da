"""Races on the screen: the dialog that starts one, and its tasks side by side."""

from __future__ import annotations

import time
from typing import ClassVar, Literal, NamedTuple

import msgspec
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import NewTask
from agents.parts.races import Lane, Race
from app.images import keep_pasted, with_images
from app.new_task import Tick
from app.ship.dialog import act, ask, close, say
from widgets.chip_area import ChipArea
from widgets.task_words import money, working_seconds
from widgets.text_strips import one_line, printable

REFRESH_SECONDS = 1.0
NARROWEST_LANE = 23
"""Columns; where they do not all fit, one scrolls."""
CHECKS = {"none": "no checks ran", "running": "◍ checks run", "passed": "✓ checks passed", "failed": "✗ checks fail"}


class Chosen(NamedTuple):
    """What the person wants of a race's task."""

    act: Literal["review", "go"]
    task: str


class StartRaceScreen(ModalScreen[Race | None]):
    """A prompt and the profiles that race for it. The prompt is kept where that of a new task is, until one is made."""

    CSS = """
    StartRaceScreen #profiles { height: auto; max-height: 8; margin: 1 0; }
    StartRaceScreen #profiles Tick { margin: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter,alt+enter", "start", "Start", id="race.start", priority=True,
                tooltip="Start a task for each chosen profile."),
        Binding("escape", "leave", "Back", id="race.leave-start", tooltip="Start nothing; what was written is kept."),
    ]  # fmt: skip

    def __init__(self, api: Api, project: str) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._project = project
        self._kept = ""
        """The prompt as the engine has it."""
        self._warned_of = ""
        """A prompt that could not be kept, which the person was told."""
        self._area = ChipArea(soft_wrap=True, placeholder="What to do.", id="prompt", tab_behavior="focus")

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Race", classes="heading", markup=False)
            yield Static("Each chosen profile works on the prompt by itself; you keep one.", classes="facts")
            self._area.cursor_blink = False
            yield self._area
            yield VerticalScroll(id="profiles", can_focus=False)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static("^S start   Tab profiles   Space choose   Esc back", classes="foot", markup=False)

    def on_mount(self) -> None:
        self._area.focus()
        ask(self, self._fill())

    async def _fill(self) -> None:
        self._kept = (await self._api.writing.task_draft(self._project)).prompt
        if self._kept and not self._area.text:
            self._area.text = self._kept
            self._area.move_cursor(self._area.document.end)
        found = [info for info in await self._api.projects.profiles(self._project) if info.ready]
        ticks = [
            Tick(Text(f"{info.id}  {one_line(info.name)}"), value=False, name=info.id, compact=True) for info in found
        ]
        await self.query_one("#profiles").mount(*ticks)

    @on(ChipArea.Pasted)
    def _pasted(self, event: ChipArea.Pasted) -> None:
        ask(self, keep_pasted(self._api, event))

    def action_start(self) -> None:
        """Start."""
        act(self, self._start)

    async def _start(self) -> None:
        say(self, "")
        profiles = [tick.name or "" for tick in self.query(Tick) if tick.value]
        prompt = await with_images(self._api, self._area.expanded)
        race = await self._api.races.start(NewTask(project=self._project, prompt=prompt), profiles)
        await self._keep("")
        close(self, race)

    def action_leave(self) -> None:
        """Back."""
        ask(self, self._leave())

    async def _leave(self) -> None:
        text = self._area.text
        try:
            await self._keep(text)
        except ShopfloorError as error:
            if self._warned_of != text:
                self._warned_of = text
                hint = "The prompt would be lost; Esc once more leaves without it."
                raise ShopfloorError(error.message, hint) from error
        close(self)

    async def keep_draft(self) -> bool:
        """Keep what is written as it is now; False when that cannot be, which is said."""
        try:
            await self._keep(self._area.text)
        except ShopfloorError as error:
            say(self, str(error))
            return False
        return True

    async def _keep(self, prompt: str) -> None:
        if prompt == self._kept:
            return
        draft = await self._api.writing.task_draft(self._project)
        await self._api.writing.keep_task_draft(self._project, msgspec.structs.replace(draft, prompt=prompt))
        self._kept = prompt


class LanePanel(Static, can_focus=True):
    """One task of a race."""

    DEFAULT_CSS = """
    LanePanel { width: 1fr; height: 1fr; border: round $foreground 30%; padding: 0 1; }
    LanePanel:focus { border: heavy $primary; }
    """

    def __init__(self, task: str) -> None:
        super().__init__(id=f"lane-{task}", markup=False)
        self.task_id = task

    def show(self, lane: Lane, kept: str) -> None:
        """What it did so far."""
        task = lane.task
        self.border_title = one_line(task.profile)
        self.update(lane_text(lane, kept))


def lane_text(lane: Lane, kept: str) -> Text:
    """A lane as lines: state, size, checks, cost, time, files."""
    task = lane.task
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{task.state}{'  ★ kept' if kept == task.id else ''}\n", "bold")
    text.append(f"{one_line(task.model) or task.driver} · {task.id}\n", "dim")
    additions, deletions = sum(file.additions for file in lane.files), sum(file.deletions for file in lane.files)
    text.append(f"{len(lane.files)} file{'s' if len(lane.files) != 1 else ''} +{additions} −{deletions}\n")
    text.append(f"{CHECKS[task.check_state]}\n")
    cost = money(task.usage.cost_usd) or "no cost yet"
    text.append(f"{cost} · {working_seconds(task, time.time()):.0f} s\n")
    if task.reason:
        text.append(f"{one_line(task.reason)}\n", "italic")
    text.append("\n")
    for file in lane.files:
        text.append(f"+{file.additions:<4}−{file.deletions:<4}", "dim")
        text.append(f"{printable(file.path.decode('utf-8', 'backslashreplace'))}\n")
    return text


class RaceScreen(ModalScreen[Chosen | None]):
    """The tasks of a race side by side: what each changed, its checks, cost and time."""

    CSS = """
    RaceScreen > Vertical { width: 96%; max-width: 180; height: 90%; max-height: 90%; }
    RaceScreen #lanes { height: 1fr; overflow-x: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Left", id="race.left", tooltip="The task on the left."),
        Binding("right,l", "step(1)", "Right", id="race.right", tooltip="The task on the right."),
        Binding("enter,r", "choose('review')", "Review", id="race.review", tooltip="Read its change."),
        Binding("g", "choose('go')", "Its pane", id="race.go", tooltip="Go to its pane."),
        Binding("k", "keep", "Keep", id="race.keep", tooltip="Keep this task; the key again closes the others."),
        Binding("escape,q", "dismiss", "Back", id="race.leave", tooltip="Back to the floor; they go on."),
    ]

    def __init__(self, api: Api, race: Race) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._race = race
        self._sure = ""
        """The task that was asked to be kept, until another key is pressed."""

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(f"Race: {one_line(self._race.title)}", classes="heading", markup=False)
            with Horizontal(id="lanes"):
                for task in self._race.tasks:
                    yield LanePanel(task)
            yield Static(id="problem", classes="problem", markup=False)
            with Horizontal(classes="row"):
                yield Static("←→ task   Enter review   g its pane   k keep   Esc back", classes="foot", markup=False)

    def on_mount(self) -> None:
        self._panels()[0].focus()
        ask(self, self._refresh())
        self.set_interval(REFRESH_SECONDS, lambda: ask(self, self._refresh()))

    def on_resize(self, event: events.Resize) -> None:
        """Share the width between the lanes."""
        panels = self._panels()
        inside = min(180, event.size.width * 96 // 100) - 6
        for panel in panels:
            panel.styles.width = max(NARROWEST_LANE, inside // len(panels))

    def _panels(self) -> list[LanePanel]:
        return list(self.query(LanePanel))

    def _current(self) -> LanePanel:
        return next((panel for panel in self._panels() if panel.has_focus), self._panels()[0])

    async def _refresh(self) -> None:
        view = await self._api.races.show(self._race.id)
        lanes = {lane.task.id: lane for lane in view.lanes}
        for panel in self._panels():
            if lane := lanes.get(panel.task_id):
                panel.show(lane, view.race.kept)

    def action_step(self, step: int) -> None:
        """Go to the next lane."""
        panels = self._panels()
        panels[(panels.index(self._current()) + step) % len(panels)].focus()
        self._calm()

    def _calm(self) -> None:
        self._sure = ""
        say(self, "")

    def action_choose(self, act: Literal["review", "go"]) -> None:
        """Close, and go there."""
        self.dismiss(Chosen(act, self._current().task_id))

    def action_keep(self) -> None:
        """Keep it; at the second press."""
        task = self._current().task_id
        if self._sure != task:
            self._sure = task
            others = len(self._race.tasks) - 1
            say(
                self,
                f"k again keeps {task} and closes the other{'s' if others > 1 else ''}; branches and snapshots stay.",
            )
            return
        self._calm()
        act(self, lambda: self._keep(task))

    async def _keep(self, task: str) -> None:
        await self._api.races.keep(task)
        close(self, Chosen("go", task))

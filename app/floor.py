"""The floor: the list of tasks, their panes, and the composer.

It turns what widgets tell into calls to the engine, and what the engine tells into calls to widgets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from agents.api import Api, Subscription
from agents.errors import ShopfloorError
from agents.model import AnyEvent, CommentsChanged, EngineNotice, Task, TaskChanged
from app.areas import Areas
from app.ask import AskScreen
from app.keys import FLOOR, PANE_DIGITS, bindings, hints, pretty
from app.roster import Roster
from widgets.agent_pane import AgentPane
from widgets.brain import Brain
from widgets.composer import Composer
from widgets.legend import Legend
from widgets.pane_grid import PaneGrid
from widgets.pump import Pump
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.app import ShopfloorApp

KEEP_SECONDS = 3.0
"""How long leaving waits for the engine to take what was sent."""
EARLIER_ENTRIES = 300
"""How many older entries are fetched at once."""

WELCOME = """\
No task yet.

{new}   write what to do; an agent starts in a worktree of its own
{review}   when it is ready, read its change and comment on lines
{quit}   leave at any time: agents go on, and are here when you return"""


class FloorScreen(Screen[None]):
    """The main screen."""

    @dataclass
    class LeaveWanted(Message):
        """The person wants to leave the program."""

        again: bool = False
        """It has gone through the composer."""

    CSS_PATH = "floor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings((*FLOOR, *PANE_DIGITS))

    def __init__(self, api: Api, pump: Pump, project: str, demo: bool, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._api = api
        self._pump = pump
        self._project = project
        self._demo = demo
        self.keymap = keymap
        """The person's own keys."""
        self.roster = Roster(project)
        """The tasks and which of them is current."""
        self._subscription: Subscription | None = None
        self.areas = Areas(self)
        """Where the keys go."""
        self._page_found = False
        """The page of the first current task was turned to, as soon as the first page was known."""
        self._was_warned = False
        self._keeping: set[asyncio.Task[bool]] = set()

    def compose(self) -> ComposeResult:
        yield Static(id="bar", markup=False)
        with Horizontal(id="floor"):
            name = Path(self._project).name if self._project else "all projects"
            yield Brain(name, badge="offline model" if self._demo else "", id="brain")
            with Vertical(id="main"):
                yield Static(id="empty", markup=False)
                yield PaneGrid(self._pump)
                yield Composer(id="composer")
        yield Legend(id="legend")

    @property
    def brain(self) -> Brain:
        """The list."""
        return self.query_one(Brain)

    @property
    def grid(self) -> PaneGrid:
        """The panes."""
        return self.query_one(PaneGrid)

    @property
    def composer(self) -> Composer:
        """The composer."""
        return self.query_one(Composer)

    @property
    def legend(self) -> Legend:
        """The line at the bottom."""
        return self.query_one(Legend)

    @property
    def _host(self) -> ShopfloorApp:
        return cast("ShopfloorApp", self.app)

    # --- what the engine tells

    async def connected(self, subscription: Subscription) -> None:
        """The engine is there: show what it knows, from now on by this subscription."""
        self._subscription = subscription
        self.roster.replace(await self._api.tasks())
        problem = (await self._api.info()).sandbox_problem
        self._show_bar(f"Agents cannot start: {problem}" if problem else "")
        self._show_tasks()
        await subscription.watch(self.grid.tasks_in_view, self.grid.known)

    def lost(self, problem: str, retrying: bool) -> None:
        """The engine is not there."""
        self._subscription = None
        then = "Trying to reach it again." if retrying else "Leave with q and start shopfloor again."
        self._show_bar(f"{problem or 'The engine has gone.'} {then} What you type stays here.")

    def take(self, batch: Sequence[AnyEvent]) -> None:
        """Events of the engine, in the order they happened."""
        changed: list[Task] = []
        others = False
        for event in batch:
            match event:
                case TaskChanged(task=task):
                    changed.append(task)
                    others = self.roster.put(task) or others
                case EngineNotice(text=text, severity=severity):
                    self.notify(printable(text), severity=severity, markup=False)
                    self.legend.say(text, severity)
                case CommentsChanged():
                    pass  # a review asks again; the counts come with the task
                case _:
                    self.grid.feed(event)
        if others:
            self._show_tasks()
        elif changed:
            for task in changed:
                self.grid.update_task(task)
            self._show_states()

    def _show_tasks(self) -> None:
        """Other tasks are on the floor than before."""
        shown = self.roster.shown
        was_empty = self.has_class("-empty")
        self.set_class(not shown, "-empty")
        self.grid.show_tasks(shown)
        self._show_states()
        if not shown:
            self.brain.focus()
        if was_empty != (not shown):
            self.areas.arrange()

    def _show_states(self) -> None:
        """Tasks are in other states than before."""
        self.brain.show(self.roster.shown, projects=self.roster.all_projects)
        self._show_current()
        self._host.name_window(self.roster.window_title())

    def _show_current(self) -> None:
        self.composer.show(self.roster.current_task)
        marks = {task: str(number) for number, task in enumerate(self.grid.tasks_in_view[:9], 1)}
        self.brain.set_current(self.roster.current, marks)
        self.show_hints()

    # --- the current task

    def go_to(self, task: str) -> None:
        """Make a task the current one and show its pane. Who was writing goes on writing, to this task."""
        if self.roster.get(task) is None:
            return
        writing = self.areas.focused == "composer"
        self._become_current(task)
        if writing:
            self.grid.focus_task(task)
        self.areas.go("composer" if writing else "panes")

    def _become_current(self, task: str) -> None:
        self.roster.choose(task)
        self._show_current()
        self._saw()

    def _saw(self) -> None:
        task = self.roster.current_task
        if task is not None and task.unseen:
            self._ask(self._api.seen(task.id))

    def on_key(self) -> None:
        """Whoever presses a key outside the list looks at the current task."""
        if self.areas.focused != "brain":
            self._saw()

    # --- what widgets tell

    @on(Brain.TaskChosen)
    def _task_chosen(self, event: Brain.TaskChosen) -> None:
        self.go_to(event.task)

    @on(Brain.Left)
    @on(Composer.Left)
    def _back_to_panes(self) -> None:
        self.areas.go("panes")

    @on(AgentPane.PaneFocused)
    def _pane_focused(self, event: AgentPane.PaneFocused) -> None:
        self._become_current(event.task)

    @on(AgentPane.CopyText)
    def _copy(self, event: AgentPane.CopyText) -> None:
        self.app.copy_to_clipboard(event.text)
        self.legend.say(f"Copied {len(event.text)} characters.")

    @on(AgentPane.EarlierWanted)
    def _earlier_wanted(self, event: AgentPane.EarlierWanted) -> None:
        self._ask(self._load_earlier(event.pane, event.task, event.before))

    async def _load_earlier(self, pane: AgentPane, task: str, before: int) -> None:
        entries = await self._api.transcript(task, before, EARLIER_ENTRIES)
        if pane.task_shown is not None and pane.task_shown.id == task:
            pane.show_earlier(entries, bool(entries) and entries[0].id > 1)

    @on(AgentPane.DetailsLost)
    def _details_lost(self, event: AgentPane.DetailsLost) -> None:
        self._ask(self._watch_again(event.task))

    async def _watch_again(self, task: str) -> None:
        if self._subscription is not None:
            await self._subscription.watch([other for other in self.grid.tasks_in_view if other != task])
            await self._subscription.watch(self.grid.tasks_in_view, self.grid.known)

    @on(PaneGrid.PageChanged)
    def _page_changed(self, event: PaneGrid.PageChanged) -> None:
        if self._subscription is not None:
            self._ask(self._subscription.watch(event.visible, self.grid.known))
        self._show_current()
        if not self.areas.enter_wanted() and not self._page_found and event.visible:
            self._page_found = True
            place = [task.id for task in self.roster.shown].index(self.roster.current)
            self.grid.turn(place // len(event.visible))

    @on(Composer.Submitted)
    def _submitted(self, event: Composer.Submitted) -> None:
        self._keep(self._send(event))

    async def _send(self, event: Composer.Submitted) -> None:
        try:
            await self._api.send(event.task, event.text, event.when)
        except ShopfloorError:
            self.composer.give_back(event.task, event.text)
            raise
        await self._api.save_draft(event.task, "")

    @on(Composer.DraftChanged)
    def _draft_changed(self, event: Composer.DraftChanged) -> None:
        self._keep(self._api.save_draft(event.task, event.text))

    def leave(self) -> None:
        """The person leaves. This takes the way that a prompt takes, and so arrives after one that was just sent."""
        (self.focused or self).post_message(self.LeaveWanted())

    @on(LeaveWanted)
    async def _leave_wanted(self, event: LeaveWanted) -> None:
        """Leave when all that was sent and written is with the engine; if that cannot be, say so once."""
        if not event.again:  # keys have arrived in the composer now; what it made of them comes before this
            self.composer.post_message(self.LeaveWanted(again=True))
            return
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=KEEP_SECONDS)
        unsaved = self.composer.unsaved()
        if unsaved and not await self._answered(self._api.save_draft(*unsaved)) and not self._was_warned:
            self._was_warned = True
            self._show_bar("What you wrote cannot be kept now. Leaving again leaves without it.")
            return
        self._host.leave_now()

    @on(Composer.PastWanted)
    def _past_wanted(self, event: Composer.PastWanted) -> None:
        self._ask(self._load_past(event.task))

    async def _load_past(self, task: str) -> None:
        said = [prompt.text for prompt in await self._api.prompts(task) if prompt.origin == "person"]
        self.composer.offer_past(task, await self._api.draft(task), said)

    @on(Legend.Pressed)
    async def _hint_pressed(self, event: Legend.Pressed) -> None:
        for action in FLOOR:
            if action.id == event.action:
                await self.run_action(action.action)

    # --- calls to the engine

    def _ask(self, call: Coroutine[Any, Any, object]) -> None:
        """Call the engine beside everything else; what it refuses is shown."""
        self.run_worker(self._answered(call), group="calls")

    def _keep(self, call: Coroutine[Any, Any, object]) -> None:
        """Hand words of the person to the engine; leaving waits for it."""
        keeping = asyncio.create_task(self._answered(call))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    async def _answered(self, call: Coroutine[Any, Any, object]) -> bool:
        try:
            await call
        except ShopfloorError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            self.legend.say(error.message, "error")
            return False
        return True

    def _current_for(self, doing: str) -> Task | None:
        task = self.roster.current_task
        if task is None:
            self.legend.say(f"There is no task to {doing}.", "warning")
        return task

    # --- layout and areas

    def on_mount(self) -> None:
        """Begin in the list: it says who needs the person."""
        keys = {action.id: pretty((self.keymap.get(action.id) or action.keys).split(",")[0]) for action in FLOOR}
        self.query_one("#empty", Static).update(
            WELCOME.format(new=keys["floor.new-task"], review=keys["floor.review"], quit=keys["floor.quit"])
        )
        self.add_class("-empty")
        self.areas.arrange()
        self.brain.focus()

    def on_resize(self) -> None:
        """There may be room for more, or less."""
        self.areas.arrange()

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        """The legend follows the focus."""
        self.show_hints()

    def show_hints(self) -> None:
        """Offer what the keys do here and now."""
        area = "empty" if self.has_class("-empty") else self.areas.focused
        task = self.roster.current_task
        self.legend.show(hints(area, self.keymap, task.state if task else None))

    def _show_bar(self, text: str) -> None:
        bar = self.query_one("#bar", Static)
        bar.update(printable(text))
        bar.set_class(bool(text), "-shown")

    # --- what the person does

    def action_next_area(self) -> None:
        """List, panes, composer, list…"""
        self.areas.step(1)

    def action_previous_area(self) -> None:
        """The other way round."""
        self.areas.step(-1)

    def action_toggle_brain(self) -> None:
        """Collapse the list; in a narrow terminal change between list and panes."""
        self.areas.toggle_list()

    def action_filter(self) -> None:
        """Filter the list as you type."""
        self.areas.open_list()
        self.call_after_refresh(self.brain.action_filter)

    def action_say(self) -> None:
        """Write to the current task."""
        if self._current_for("write to"):
            self.areas.go("composer")

    def action_new_task(self) -> None:
        """Ask what to do and start an agent on it."""
        from app.new_task import NewTaskScreen

        current = self.roster.current_task
        project = self._project or (current.project if current else str(Path.cwd()))
        self.app.push_screen(NewTaskScreen(self._api, project), self._task_made)

    def _task_made(self, task: Task | None) -> None:
        if task is not None:
            if self.roster.put(task):
                self._show_tasks()
            self.go_to(task.id)

    def action_review(self) -> None:
        """Read the change of the current task."""
        if task := self._current_for("review"):
            self._saw()
            self._host.open_review(task)

    def action_next_needed(self) -> None:
        """Go to who needs the person: first to the one that the floor began with and nobody has looked at."""
        current = self.roster.current_task
        if current is not None and current.unseen and self.areas.focused == "brain":
            self.go_to(current.id)
        elif task := self.roster.next_needed():
            self.go_to(task.id)
        else:
            self.legend.say("Nobody needs you now.")

    def action_back_and_forth(self) -> None:
        """Between the last two tasks."""
        if self.roster.previous:
            self.go_to(self.roster.previous)

    def action_pane(self, number: int) -> None:
        """Go to a pane of this page."""
        if number <= len(self.grid.tasks_in_view):
            self.go_to(self.grid.tasks_in_view[number - 1])

    def action_page(self, step: int) -> None:
        """Turn pages."""
        self.grid.turn(step)
        if self.roster.current not in self.grid.tasks_in_view and self.grid.tasks_in_view:
            self._become_current(self.grid.tasks_in_view[0])
        self.legend.say(f"Page {self.grid.page} of {self.grid.pages}.")

    def action_zoom(self) -> None:
        """One pane or all."""
        self.grid.zoom()

    def action_stop(self) -> None:
        """Interrupt the current task."""
        if task := self._current_for("stop"):
            self._ask(self._api.stop_task(task.id))

    def action_resume(self) -> None:
        """Go on with the current task."""
        if task := self._current_for("resume"):
            self._ask(self._api.resume(task.id))

    def action_run_checks(self) -> None:
        """Run the project's checks on the current task."""
        if task := self._current_for("check"):
            self._ask(self._api.run_checks(task.id))

    def action_close(self) -> None:
        """Take the current task off the floor once the person has said yes."""
        if task := self._current_for("close"):
            self.app.push_screen(
                AskScreen(
                    f"Close “{printable(' '.join(task.title.split()))}”?",
                    "Its worktree is removed after a snapshot. Branch, snapshots and transcript stay.",
                    "Close it",
                ),
                lambda yes: self._ask(self._api.close_task(task.id)) if yes else None,
            )

    def action_toggle_projects(self) -> None:
        """All projects or this one."""
        self.roster.toggle_projects()
        self._show_tasks()
        self.legend.say("All projects." if self.roster.all_projects else "This project.")

    def action_theme(self) -> None:
        """Choose colours."""
        self.app.search_themes()

    def action_palette(self) -> None:
        """Find any action."""
        self.app.action_command_palette()

    def action_help(self) -> None:
        """All keys."""
        self._host.show_help()

    def action_leave(self) -> None:
        """Leave; the agents go on."""
        self.leave()

"""The floor: the list of tasks, their panes, and the composer.

It turns what widgets tell into calls to the engine, and what the engine tells into calls to widgets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Static

from agents.api import Api, Subscription
from agents.errors import EngineUnreachable, ShopfloorError
from agents.events import AnyEvent, CommentsChanged, EngineNotice, QueueChanged, TaskChanged
from agents.installation import REPLACED, RESTART
from agents.model import FINAL_STATES, Task
from app.acts import Acts
from app.areas import Areas
from app.arranging import Arranging
from app.ask import TellScreen
from app.images import keep_pasted
from app.keys import FLOOR, PANE_DIGITS, bindings, hints, pretty, welcome
from app.opening import Opening
from app.outbox import LeaveWanted, Outbox
from app.roster import Roster
from app.totals import Totals
from app.writing import WritingHelp
from widgets.agent_pane import AgentPane
from widgets.brain import Brain
from widgets.chip_area import ChipArea
from widgets.composer import Composer
from widgets.direct_painting import paint_directly
from widgets.legend import Legend
from widgets.pane_grid import PaneGrid
from widgets.pump import Pump
from widgets.still import StillHorizontal, StillVertical
from widgets.terminal.pane import TerminalPane
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.app import ShopfloorApp

EARLIER_ENTRIES = 300
"""How many older entries are fetched at once."""


class FloorScreen(Screen[None]):
    """The main screen."""

    BINDINGS: ClassVar[list[BindingType]] = bindings((*FLOOR, *PANE_DIGITS))

    def __init__(
        self,
        api: Api,
        pump: Pump,
        project: str,
        demo: bool,
        keymap: Mapping[str, str],
        tasks: Sequence[Task] | None = None,
    ) -> None:
        """``tasks``: those there are, to be painted at once; None when the engine was not asked yet."""
        super().__init__()
        paint_directly(self)
        self.roster = Roster(project)
        """The tasks and which of them is current."""
        self.roster.replace(tasks or ())
        if tasks is not None and not self.roster.shown:
            self.add_class("-empty")
        self._api = api
        self._pump = pump
        self._project = project
        self._demo = demo
        self.keymap = keymap
        """The person's own keys."""
        self._subscription: Subscription | None = None
        self.areas = Areas(self)
        """Where the keys go."""
        self.arranging = Arranging(self, project)
        """How all this is arranged."""
        self.acts = Acts(self, api, project)
        """What the person does here."""
        self.opening = Opening(self, api)
        self.outbox = Outbox(self, api)
        """The person's words on their way to the engine."""
        self.writing = WritingHelp(self, api)
        """Files, earlier prompts and commands for the composer."""
        self.totals = Totals(self, api)
        """What today cost, in the header of the list."""
        self.is_set_up = asyncio.Event()
        """All of it is there, and it can be told of tasks."""
        self._is_writing = False
        """The composer had the focus last, also while the terminal itself has it not."""
        self._typed_to: Task | None = None
        """The task whose terminal had the focus last."""
        self._page_found = False
        """The page of the first current task was turned to, as soon as the first page was known."""

    def compose(self) -> ComposeResult:
        yield Static(id="bar", markup=False)
        with StillHorizontal(id="floor"):
            name = Path(self._project).name if self._project else "all projects"
            yield Brain(name, badge="offline model" if self._demo else "", id="brain")
            with StillVertical(id="main"):
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
    def host(self) -> ShopfloorApp:
        """The program."""
        return cast("ShopfloorApp", self.app)

    # --- what the engine tells

    async def connected(self, subscription: Subscription) -> None:
        """The engine is there: show what it knows, from now on by this subscription."""
        self._subscription = subscription
        self.roster.replace(await self._api.tasks())
        info = await self._api.info()
        problem = f"Agents cannot start: {info.sandbox_problem}" if info.sandbox_problem else ""
        self.show_bar(problem or (f"{REPLACED} {RESTART}" if info.replaced else ""))
        self.totals.stir(0.1)
        self.outbox.keep_drafts()
        self.show_tasks()
        await subscription.watch(self.grid.tasks_in_view, self.grid.known)
        self.acts.shipping.read_offers()

    def lost(self, problem: str, retrying: bool) -> None:
        """The engine is not there."""
        self._subscription = None
        then = "Trying to reach it again." if retrying else "Leave with q and start shopfloor again."
        self.show_bar(f"{problem or 'The engine has gone.'} {then} What you type stays here.")

    def stopped(self) -> None:
        """The engine is not there because somebody stopped it."""
        self._subscription = None
        key = pretty((self.keymap.get("floor.start-engine") or "E").split(",")[0])
        self.show_bar(f"The engine was stopped; its agents rest. {key} starts it again. What you type stays here.")

    def take(self, batch: Sequence[AnyEvent]) -> None:
        """Events of the engine, in the order they happened."""
        changed: list[Task] = []
        for event in batch:
            match event:
                case TaskChanged(task=task):
                    changed.append(task)
                case EngineNotice(text=text, severity=severity):
                    self.notify(printable(text), severity=severity, markup=False)
                    self.legend.say(text, severity)
                case CommentsChanged() | QueueChanged():
                    pass  # a review asks again; the counts come with the task
                case _:
                    self.grid.feed(event)
        if not changed:
            return
        self.totals.stir()
        if self.roster.put(*changed):
            self.show_tasks()
        else:
            for task in changed:
                self.grid.update_task(task)
            self._show_states()

    def know(self, task: Task) -> None:
        """A task was made from here; its event may still be on the way."""
        if self.roster.put(task):
            self.show_tasks()

    def show_tasks(self) -> None:
        """Other tasks are on the floor than before."""
        shown = self.roster.shown
        was_empty = self.has_class("-empty")
        self.set_class(not shown, "-empty")
        self._take_keys_back()
        self.grid.show_tasks(shown)
        self._show_states()
        if not shown:
            self.brain.focus()
        if was_empty != (not shown):
            self.areas.arrange()

    def _take_keys_back(self) -> None:
        """Who types into a terminal whose task leaves the floor must not go on typing into another one."""
        task = self.roster.get(self._typed_to.id) if self._typed_to is not None else None
        if task is None or task.state not in FINAL_STATES or not self.grid.keys.to_agent:
            return
        self._typed_to = None
        self.grid.keys.to_agent = False
        if self.is_active:
            title = printable(" ".join(task.title.split()))
            self.app.push_screen(
                TellScreen(f"“{title}” is {task.state}", "What you typed last may not have reached it.")
            )

    def _show_states(self) -> None:
        """Tasks are in other states than before."""
        self.brain.show(self.roster.shown, projects=self.roster.all_projects)
        self._show_current()
        self.host.name_window(self.roster.window_title())

    @property
    def _addressee(self) -> Task | None:
        """To whom the composer writes: the current task. Who is writing when it leaves the floor goes on writing to it,
        which the engine refuses, and not to another agent."""
        target = self.roster.get(self.composer.target)
        if self._is_writing and target is not None and target.state in FINAL_STATES:
            return target
        return self.roster.current_task

    def _show_current(self) -> None:
        self.composer.show(self._addressee)
        marks = {task: str(number) for number, task in enumerate(self.grid.tasks_in_view[:9], 1)}
        self.brain.set_current(self.roster.current, marks)
        self.show_hints()

    # --- the current task

    def go_to(self, task: str) -> None:
        """Make a task the current one and show its pane. Who was writing goes on writing, to this task."""
        if self.roster.get(task) is None:
            return
        writing = self.areas.focused == "composer"
        self.become_current(task)
        if writing:
            self.grid.focus_task(task)
        self.areas.go("composer" if writing else "panes")

    def become_current(self, task: str) -> None:
        """Let the composer write to this task from now on."""
        self.roster.choose(task)
        self.composer.show(self.roster.current_task)
        self._show_current()
        self.saw()

    def saw(self) -> None:
        """The person looks at the current task."""
        task = self.roster.current_task
        if task is not None and task.unseen:
            self.ask(self._api.seen(task.id))

    def on_key(self) -> None:
        """Whoever presses a key outside the list looks at the current task."""
        if self.areas.focused != "brain":
            self.saw()

    # --- what widgets tell

    @on(Brain.TaskChosen)
    def _task_chosen(self, event: Brain.TaskChosen) -> None:
        self.go_to(event.task)

    @on(Brain.Answered)
    def _answered(self, event: Brain.Answered) -> None:
        self.ask(self._api.questions.answer(event.task, event.question, event.option, event.text))

    @on(Brain.FilesWanted)
    def _search_begins(self) -> None:
        self.ask(self._tell_files())

    async def _tell_files(self) -> None:
        changed = await self._api.finding.changed_files()
        self.brain.know_files(
            {task: "\n".join(name.decode("utf-8", "replace") for name in names) for task, names in changed.items()}
        )

    @on(Brain.SelectionChanged)
    def _selection_changed(self) -> None:
        self.composer.set_also([task for name in self.brain.selected if (task := self.roster.get(name))])

    @on(Brain.Regrouped)
    def _regrouped(self, event: Brain.Regrouped) -> None:
        self.arranging.regroup(event.grouping)

    @on(Brain.WidthChosen)
    def _width_chosen(self, event: Brain.WidthChosen) -> None:
        self.arranging.set_width(event.width)

    @on(Brain.Left)
    @on(Composer.Left)
    def _back_to_panes(self) -> None:
        self.areas.go("panes")

    @on(AgentPane.PaneFocused)
    def _pane_focused(self, event: AgentPane.PaneFocused) -> None:
        self.become_current(event.task)

    @on(AgentPane.CopyText)
    def _copy(self, event: AgentPane.CopyText) -> None:
        self.app.copy_to_clipboard(event.text)
        self.legend.say(f"Copied {len(event.text)} characters.")

    @on(AgentPane.AddressOpened)
    def _address_opened(self, event: AgentPane.AddressOpened) -> None:
        self.opening.address(event.address)

    @on(AgentPane.PlaceOpened)
    def _place_opened(self, event: AgentPane.PlaceOpened) -> None:
        self.ask(self.opening.place(event.task, event.path, event.line))

    @on(AgentPane.AnswerChosen)
    def _answer_chosen(self, event: AgentPane.AnswerChosen) -> None:
        self.ask(self._api.questions.answer(event.task, event.question, event.option))

    @on(TerminalPane.KeysTyped)
    def _keys_typed(self, event: TerminalPane.KeysTyped) -> None:
        self.saw()
        self.ask(self._api.terminals.write(event.task, event.data))

    @on(TerminalPane.SizeWanted)
    def _size_wanted(self, event: TerminalPane.SizeWanted) -> None:
        self.ask(self._api.terminals.resize(event.task, event.columns, event.rows, event.dark))

    @on(TerminalPane.StartWanted)
    def _start_wanted(self, event: TerminalPane.StartWanted) -> None:
        self.ask(self._api.terminals.start(event.task))

    @on(TerminalPane.CopyOffered)
    def _copy_offered(self, event: TerminalPane.CopyOffered) -> None:
        self.legend.say(f"The agent has copied {event.characters} characters: ^] and then Y takes them.")

    @on(TerminalPane.KeysMoved)
    def _keys_moved(self) -> None:
        self.show_hints()

    @on(AgentPane.EarlierWanted)
    def _earlier_wanted(self, event: AgentPane.EarlierWanted) -> None:
        self.ask(self._load_earlier(event.pane, event.task, event.before))

    async def _load_earlier(self, pane: AgentPane, task: str, before: int) -> None:
        entries = await self._api.transcript(task, before, EARLIER_ENTRIES)
        if pane.task_shown is not None and pane.task_shown.id == task:
            pane.show_earlier(entries, bool(entries) and entries[0].id > 1)

    @on(AgentPane.DetailsLost)
    def _details_lost(self, event: AgentPane.DetailsLost) -> None:
        self.ask(self._watch_again(event.task))

    async def _watch_again(self, task: str) -> None:
        if self._subscription is not None:
            await self._subscription.watch([other for other in self.grid.tasks_in_view if other != task])
            await self._subscription.watch(self.grid.tasks_in_view, self.grid.known)

    @on(PaneGrid.PageChanged)
    def _page_changed(self, event: PaneGrid.PageChanged) -> None:
        if self._subscription is not None:
            self.ask(self._subscription.watch(event.visible, self.grid.known))
        self._show_current()
        was_entered = self.areas.enter_wanted()
        if event.visible and not self._page_found:
            self._page_found = True
            if not was_entered and self.roster.current not in self.grid.tasks_in_view:
                place = [task.id for task in self.roster.shown].index(self.roster.current)
                self.grid.turn(place // len(event.visible))

    @on(Composer.Submitted)
    def _submitted(self, event: Composer.Submitted) -> None:
        self.outbox.send(event.task, event.text, event.when, event.draft)
        if event.also:
            self.outbox.keep(self.writing.send_also(event.also, event.text, event.when))
            self.brain.clear_selection()

    @on(Composer.Answered)
    def _answer_written(self, event: Composer.Answered) -> None:
        self.outbox.answer(event.task, event.text, event.draft)

    @on(Composer.FilesWanted)
    def _files_wanted(self, event: Composer.FilesWanted) -> None:
        self.ask(self.writing.offer_files(event.task))

    @on(Composer.CommandsWanted)
    def _commands_wanted(self, event: Composer.CommandsWanted) -> None:
        self.ask(self.writing.offer_commands(event.task))

    @on(Composer.CommandGiven)
    async def _command_given(self, event: Composer.CommandGiven) -> None:
        await self.writing.run(event.name)

    @on(Composer.DeskWanted)
    def _desk_wanted(self, event: Composer.DeskWanted) -> None:
        self.writing.help(event.what)

    @on(ChipArea.Pasted)
    def _pasted(self, event: ChipArea.Pasted) -> None:
        self.outbox.keep(keep_pasted(self._api, event))

    @on(Composer.DraftChanged)
    def _draft_changed(self, event: Composer.DraftChanged) -> None:
        self.outbox.keep_draft(event.task, event.text)

    @on(Composer.DraftWanted)
    def _draft_wanted(self, event: Composer.DraftWanted) -> None:
        self.ask(self.outbox.reread_draft(event.task, event.told))

    @on(Composer.PastWanted)
    def _past_wanted(self, event: Composer.PastWanted) -> None:
        self.ask(self.outbox.offer_past(event.task))

    @on(LeaveWanted)
    async def _leave_wanted(self, event: LeaveWanted) -> None:
        await self.outbox.finish(event)

    def action_act(self, name: str, *arguments: object) -> object:
        """Do what a person can do here: a method of :class:`~app.acts.Acts`."""
        return attrgetter(name)(self.acts)(*arguments)

    @on(Legend.Pressed)
    async def _hint_pressed(self, event: Legend.Pressed) -> None:
        for action in FLOOR:
            if action.id == event.action:
                await self.run_action(action.action)

    # --- calls to the engine

    def ask(self, call: Coroutine[Any, Any, object]) -> None:
        """Call the engine beside everything else; what it refuses is shown."""
        self.run_worker(self.answered(call), group="calls")

    async def answered(self, call: Coroutine[Any, Any, object]) -> bool:
        """Call the engine; False when it refused, which is shown."""
        try:
            await call
        except ShopfloorError as error:
            if not isinstance(error, EngineUnreachable):  # the bar says that, and what to do
                self.notify(printable(str(error)), severity="error", markup=False)
            self.legend.say(error.message, "error")
            return False
        return True

    # --- layout and areas

    def on_mount(self) -> None:
        """Begin in the list: it says who needs the person."""
        self.query_one("#empty", Static).update(welcome(self.keymap))
        self.composer.set_commands(self.writing.commands())
        self.arranging.restore()
        self.areas.arrange()
        if self.roster.shown:
            self.show_tasks()
        self.brain.focus()
        self.is_set_up.set()

    def on_resize(self) -> None:
        """There may be room for more, or less."""
        self.areas.arrange()

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        """The legend follows the focus."""
        self._is_writing = self.areas.focused == "composer"
        self._typed_to = self.focused.task_shown if isinstance(self.focused, TerminalPane) else None
        if self.composer.target != self.roster.current:
            self._show_current()
        self.show_hints()

    def show_hints(self) -> None:
        """Offer what the keys do here and now."""
        area = "empty" if self.has_class("-empty") else self.areas.hinted
        task = self.roster.current_task
        asks = task is not None and task.question is not None
        state = "stopped" if task is not None and task.held else task.state if task is not None else None
        self.legend.show(hints(area, self.keymap, state, asks))  # who is held is resumed, as who was stopped

    def show_bar(self, text: str) -> None:
        """Say something that stays at the top; nothing takes it away."""
        bar = self.query_one("#bar", Static)
        bar.update(printable(text))
        bar.set_class(bool(text), "-shown")

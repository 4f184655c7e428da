"""The application: it holds the engine's end, the screens and the pump, and no logic of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import App, ScreenError
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.geometry import Size
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import WorkerFailed, get_current_worker

from agents import installation, paths
from agents.api import Api
from agents.config import Config, NotifySection, read_config
from agents.errors import EngineStopped, ShopfloorError, UsageError
from agents.events import AnyEvent, CommentsChanged, QueueChanged, TaskChanged
from agents.model import ACTIVE_STATES, Task
from app.calls import Calls
from app.collector import LOOK_SECONDS, Collector
from app.faults import fault_sentence
from app.few_colours import NearestOf256
from app.floor import FloorScreen
from app.key_order import KeyOrder
from app.keys import read_keymap
from app.live_api import LiveApi
from app.no_markup import read_no_markup
from app.outbox import KeepsDraft
from app.screen_styles import keep_parsed, load_styles
from app.terminal_guard import guarded_terminal
from app.terminal_keys import keep_pastes_whole, tell_alt_enter_apart
from app.themes import THEMES, first_theme, keep_theme, own_themes
from app.too_small import COLUMNS, ROWS, TooSmallScreen
from widgets.pump import Pump
from widgets.text_strips import printable

if TYPE_CHECKING:
    from textual.command import Provider

    from app.queues.screen import QueueScreen
    from app.review.screen import ReviewScreen

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses between attempts to reach an engine that is gone; the last one repeats."""
WATCH_ATTEMPT = 2
"""The pause after which it is looked again whether somebody has started an engine that was stopped on purpose."""

ENDINGS = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the program in good order, unless the caller handles them."""
JOB_SIGNALS = (signal.SIGTSTP, signal.SIGCONT)
"""What Textual handles for ever. Who closes a terminal sends the second one too: a thread would read from it again, and
find its end without an end, in a program that was left already."""
LEAVE_SECONDS = 5.0
SETTLE_SECONDS = 2.0
"""After so long the panes of the tasks there are have been made."""

SAVE_TITLE, RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"

tell_alt_enter_apart()
keep_pastes_whole()
read_no_markup()


def _floor_commands() -> type[Provider]:
    from app.palette import FloorCommands

    return FloorCommands


def _queue_commands() -> type[Provider]:
    from app.queues.palette import QueueCommands

    return QueueCommands


class ShopfloorApp(App[None]):
    """The full-screen program on an engine's :class:`~agents.api.Api`.

    ``TEXTUAL_FPS=240`` has to be in the environment before Textual is imported, that is before this module is.
    """

    TITLE = "Shopfloor"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "floor.tcss"]
    COMMANDS = {_floor_commands, _queue_commands}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+q", "leave", "Quit", id="app.quit", show=False, priority=True, tooltip="Leave; the agents go on."
        ),
        Binding(
            "f8,alt+n", "new_task", "New task", id="app.new-task", show=False, tooltip="A new task, from anywhere."
        ),
        Binding("ctrl+z", "suspend_process", "Suspend", id="app.suspend", show=False, tooltip="Back to the shell."),
    ]

    def __init__(
        self,
        api: Api,
        project: str = "",
        demo: bool = False,
        reconnect: Callable[[], Awaitable[Api]] | None = None,
        start: Callable[[], Awaitable[Api]] | None = None,
        tour: bool = False,
        tasks: Sequence[Task] | None = None,
    ) -> None:
        """A screen for the tasks of ``project`` (any folder in it; empty: all projects).

        ``demo``: say everywhere that the model is not one. ``reconnect`` gives a new connection when the engine has
        gone; without it the floor stays as it was. ``start`` does the same and starts one that was stopped on purpose.
        ``tour``: begin with the three screens that say how this is used. ``tasks``: all the engine has, if it was asked
        already; they are in the first picture then.
        """
        super().__init__()
        self._live = LiveApi(api)
        self._reconnect = reconnect
        self._start = start
        self._tour = tour
        self._wants_engine = asyncio.Event()
        self._is_away = False
        self._notes: dict[str, float] = {}
        """Notifications, and until when they stand."""
        self._demo = demo
        self._keys_file = paths.config_dir() / "keys.toml"
        keymap = read_keymap(self._keys_file)
        self._problems = keymap.problems
        try:
            self._calls = Calls(read_config().notify)
        except UsageError as error:
            self._calls = Calls(NotifySection())
            self._problems = (*self._problems, str(error))
        self.pump = Pump(self)
        self.floor = FloorScreen(self._live.as_api(), self.pump, project, demo, keymap.keys, tasks)
        self._review: ReviewScreen | None = None
        self._reviewed = ""
        self._was_warned = False
        """What is written on a screen could not be kept when the person wanted to leave."""
        self._queues: QueueScreen | None = None
        self._title = ""
        self._collector = Collector()
        self.key_order = KeyOrder(self, super().on_event)
        self._sequence = 0
        """The highest number among the task changes received: what need not be told again."""
        self._dress()
        self.set_keymap(keymap.keys)

    def _dress(self) -> None:
        """Colours and motion as the person wants them."""
        keep_parsed(self.stylesheet)
        own, config = own_themes(), Config()
        self._problems += own.problems
        for theme in (*THEMES, *own.themes):
            self.register_theme(theme)
        try:
            config = read_config()
        except ShopfloorError as error:
            self._problems += (str(error),)
        if config.reduced_motion:
            self.animation_level = "none"
        if self.console.color_system == "256":
            self._filters.append(NearestOf256())
            self.add_class("-few-colours", update=False)
        self.theme = first_theme(self.available_themes, config.theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def refresh_css(self, animate: bool = True) -> None:
        """As Textual does it, which also does it once at the start for a theme that the sheet was made with."""
        if self.floor.is_attached:
            super().refresh_css(animate)

    def _load_screen_css(self, screen: Screen[Any]) -> None:
        """As Textual does it, without styling all that is shown anew."""
        load_styles(self.stylesheet, screen)

    async def run_async(self, **options: Any) -> None:
        """Run until the person leaves, a signal ends the program, or the caller is cancelled.

        However it ends, the terminal is as it was found. Textual alone would leave it in raw mode when it is cancelled,
        with a thread that reads it for ever.
        """
        loop = asyncio.get_running_loop()
        ours = [ending for ending in ENDINGS if signal.getsignal(ending) is signal.SIG_DFL]
        for ending in ours:
            loop.add_signal_handler(ending, self.exit)
        jobs = {each: signal.getsignal(each) for each in JOB_SIGNALS}
        with guarded_terminal():
            running = asyncio.ensure_future(super().run_async(**options))
            try:
                await asyncio.shield(running)
            except asyncio.CancelledError:
                self.exit()
                await asyncio.wait((running,), timeout=LEAVE_SECONDS)
                raise
            finally:
                for ending in ours:
                    loop.remove_signal_handler(ending)
                for each, handler in jobs.items():
                    signal.signal(each, handler)

    def get_default_screen(self) -> FloorScreen:
        """The floor; a blank screen beneath it would only be drawn to be covered."""
        return self.floor

    async def on_mount(self) -> None:
        """Listen."""
        self._write(SAVE_TITLE)
        self.run_worker(self._listen(), name="events", group="events")
        for problem in self._problems:
            self.notify(problem, severity="warning", markup=False, timeout=15)
        self.theme_changed_signal.subscribe(self, self._theme_chosen)
        self.call_after_refresh(self._collector.settle)
        self.set_timer(SETTLE_SECONDS, self._settle)
        self.set_interval(LOOK_SECONDS, self._collector.look, name="garbage")
        self._fit(self.size)

    def _settle(self) -> None:
        self._collector.settle()
        installation.remember()

    def _handle_exception(self, error: Exception) -> None:
        """As Textual's; but it is no fault that a worker finds nothing to show its end in, because its screen or the
        program was left meanwhile."""
        if isinstance(error, WorkerFailed) and isinstance(error.error, NoMatches | ScreenError):
            node = get_current_worker().node
            shown = node is self or any(each in self.screen_stack for each in node.ancestors_with_self)
            if not (shown and self.is_running):
                return
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """A fault of ours ends the program with a sentence, not with a traceback; agents go on."""
        self.bell()
        said = fault_sentence(self._exception) if self._exception else "A fault of Shopfloor itself."
        self.panic(Text(f"shopfloor: {said} The agents go on working."))

    def _theme_chosen(self, theme: Theme) -> None:
        try:
            keep_theme(theme.name)
        except OSError as error:
            self.notify(f"The colours cannot be kept for the next time: {error}.", severity="warning", markup=False)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """As Textual's; what stands there already is not said a second time."""
        now = time.monotonic()
        if self._notes.get(message, 0.0) < now:
            self._notes = {text: until for text, until in self._notes.items() if until > now}
            self._notes[message] = now + (self.NOTIFICATION_TIMEOUT if timeout is None else timeout)
            super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def action_help_quit(self) -> None:
        """``Ctrl+C`` where there is nothing to copy: say how to leave instead of leaving by accident."""
        self.notify("Ctrl+Q leaves the screen; the agents go on working.", markup=False)

    # --- events of the engine

    async def _listen(self) -> None:
        """Hand on what the engine tells, and come back when it was away."""
        await self.floor.is_set_up.wait()
        if self._tour:
            self.floor.acts.tour()
        while True:
            problem = ""
            try:
                subscription = await self._live.subscribe(self._sequence)
                self._is_away = False
                await self.floor.connected(subscription)
                async for batch in subscription:
                    self._deliver(batch)
            except ShopfloorError as error:
                problem = str(error)
            self._is_away = True
            self.floor.lost(problem, retrying=self._reconnect is not None)
            if self._reconnect is None:
                return
            await self._come_back(self._reconnect)

    async def _come_back(self, reconnect: Callable[[], Awaitable[Api]]) -> None:
        attempt = 0
        self._wants_engine.clear()
        while True:
            with contextlib.suppress(TimeoutError):
                pause = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
                await asyncio.wait_for(self._wants_engine.wait(), pause)
            starts = self._wants_engine.is_set() and self._start is not None
            self._wants_engine.clear()
            attempt += 1
            try:
                self._live.connect(await (self._start if starts and self._start else reconnect)())
                return
            except EngineStopped:
                attempt = min(attempt, WATCH_ATTEMPT)
                self.floor.stopped()
            except (ShopfloorError, OSError) as error:
                self.floor.lost(str(error), retrying=True)

    def on_app_focus(self) -> None:
        """The person comes back to this terminal, perhaps from another one with a screen on the same engine."""
        self.floor.composer.look_again(self.floor.composer.target)

    def start_engine(self) -> None:
        """Start an engine that was stopped on purpose; one that runs goes on."""
        if self._is_away:
            self._wants_engine.set()
        else:
            self.floor.legend.say("The engine runs.")

    def _deliver(self, batch: Sequence[AnyEvent]) -> None:
        if self._exit or not self.floor.is_attached:
            return  # we are leaving: what would show it is being taken down
        known = [event.task.sequence for event in batch if isinstance(event, TaskChanged)]
        self._sequence = max([self._sequence, *known])
        self.floor.take(batch)
        for event in batch:
            if isinstance(event, TaskChanged):
                in_sight = self.app_focus and event.task.id == self.floor.roster.current
                self._write(self._calls.sequence_for(event.task, in_sight))
        self._tell_queues(batch)
        if self._review is None or not self._review.is_attached:
            return
        for event in batch:
            if isinstance(event, TaskChanged) and event.task.id == self._reviewed:
                self._review.refresh_task(event.task)
            elif isinstance(event, TaskChanged):
                self._review.other_task(event.task)
            elif isinstance(event, CommentsChanged) and event.task == self._reviewed:
                self._review.comments_changed()

    def _tell_queues(self, batch: Sequence[AnyEvent]) -> None:
        screen = self._queues
        if screen is None or not screen.is_attached or screen.queue_task is None:
            return
        for event in batch:
            if isinstance(event, QueueChanged) and event.task == screen.queue_task.id:
                screen.run_changed()
            elif isinstance(event, TaskChanged) and event.task.id == screen.queue_task.id:
                screen.refresh_task(event.task)

    # --- screens

    async def on_event(self, event: events.Event) -> None:
        """What the person does goes before everything that streams."""
        if isinstance(event, events.InputEvent):
            if not self.screen_stack:
                return  # we are leaving: nobody is there to take it
            self.pump.hold()
            self._collector.acted()
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self.key_order.take(event)
        else:
            await super().on_event(event)

    def open_review(self, task: Task, ends: tuple[str, str] | None = None, at: tuple[bytes, int] | None = None) -> None:
        """Read a task's change, or what lies between two of its states; at once at a line of a file."""
        from app.review.screen import ReviewScreen

        self._reviewed = task.id
        self._review = ReviewScreen(
            self._live.as_api(), task, "refs" if ends else "branch", self.floor.keymap, ends or ("", ""), at
        )  # fmt: skip
        self.push_screen(self._review, lambda _: self.floor.composer.look_again(task.id))

    def open_queues(self, task: Task | None, project: str) -> None:
        """Read, edit and run queues, on a task if there is one."""
        from app.queues.screen import QueueScreen

        self._queues = QueueScreen(self._live.as_api(), project, task, self.floor.keymap)
        self.push_screen(self._queues)

    def on_resize(self, event: events.Resize) -> None:
        """Say so while the terminal is too small."""
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        small = size.width < COLUMNS or size.height < ROWS
        covered = isinstance(self.screen, TooSmallScreen)
        if small and not covered:
            self.push_screen(TooSmallScreen())
        elif covered and not small:
            self.pop_screen()

    def action_new_task(self) -> None:
        """Ask for a new task over whatever is shown; the review stays where it is."""
        from app.new_task import ask_new_task
        from app.review.screen import ReviewScreen

        if isinstance(self.screen, FloorScreen):
            self.floor.acts.new_task()
        elif isinstance(self.screen, ReviewScreen) and (task := self.floor.roster.get(self._reviewed)) is not None:
            ask_new_task(self, self._live.as_api(), task.project, None)

    def action_run_script(self, number: int) -> None:
        """A key of the project's own: run one of its commands for the current task."""
        offered = self.floor.acts.shipping.offered
        if self.screen is self.floor and number < len(offered):
            self.floor.acts.shipping.run(offered[number].name)

    def show_help(self) -> None:
        """All keys."""
        from app.help import HelpScreen

        self.push_screen(HelpScreen(self.floor.keymap, str(self._keys_file)))

    async def action_leave(self) -> None:
        """Leave the screen once everything written is kept; the engine and its agents go on."""
        if isinstance(self.screen, KeepsDraft) and not await self.screen.keep_draft() and not self._was_warned:
            self._was_warned = True
            self.notify("What you wrote cannot be kept now. Leaving again leaves without it.", markup=False)
            return
        self.floor.outbox.leave()

    def leave_now(self) -> None:
        """Leave, and say what goes on."""
        working = sum(task.state in ACTIVE_STATES for task in self.floor.roster.shown)
        goes_on = {0: "", 1: "One agent goes on working. "}.get(working, f"{working} agents go on working. ")
        self.exit(message="" if self._demo else f"{goes_on}`shopfloor` opens the floor again.")

    async def action_quit(self) -> None:
        """The same, for Textual's own ways out."""
        await self.action_leave()

    # --- the terminal's title

    def name_window(self, title: str) -> None:
        """Set the title of the terminal's window."""
        title = printable(title)
        if title != self._title:
            self._title = title
            self._write(f"\x1b]2;{title}\x07")

    def on_unmount(self) -> None:
        """Give the terminal its title back."""
        self._write(RESTORE_TITLE)

    def _write(self, sequence: str) -> None:
        if sequence and self._driver is not None and not self.is_headless and not self.is_web:
            self._driver.write(sequence)

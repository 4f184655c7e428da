"""The programs of terminal agents: started for their tasks, kept while these are on the floor, shown to who looks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from agents import paths
from agents.drivers import Driver, Reporter
from agents.engine.asking import answered_at_rest, asks_at_rest
from agents.engine.ledger import Ledger
from agents.engine.typed_turns import TypedTurns
from agents.errors import ShopfloorError, UsageError
from agents.events import TerminalOpened
from agents.model import Prompt, Task
from agents.parts.terminals import TerminalScreen
from agents.profiles import Profile, missing_program
from agents.sandbox import Policy, Runner
from agents.sandbox.policy import PtySize
from agents.terminal.pasting import ENTER_SECONDS, plain
from agents.workspace import Workspace

if TYPE_CHECKING:
    from agents.drivers.terminal.session import Session
    from agents.engine.facilities import Facilities
    from agents.terminal.status import Decision

MINIMUM_SIZE = PtySize(columns=40, rows=8)
"""Programs are not made smaller: they draw nothing useful then."""
TYPED = "(typed in its terminal)"
"""The prompt of a turn that the person started with keys that we could not read."""
BY_ITSELF = "(it went on by itself)"
"""The prompt of a turn that nobody started."""


class TaskTerminal:
    """The program of one task, now or the next one; see :class:`agents.drivers.terminal.driver.Stage`."""

    def __init__(self, task: str, terminals: Terminals) -> None:
        self.task = task
        self._terminals = terminals
        self.profile: Profile | None = None
        self.runner: Runner | None = None
        self.policy: Policy | None = None
        self.last: Session | None = None
        """The program that runs or ran last."""
        self.size: PtySize | None = None
        self.dark = True

    @property
    def session(self) -> Session | None:
        """The program that runs; None when none does."""
        return self.last if self.last is not None and self.last.alive else None

    async def start(self, conversation: str, resume: bool) -> Session:
        """Start the program; one that ran before is given up.

        Raises:
            ShopfloorError: it cannot be started.
        """
        from agents.drivers.terminal.session import DEFAULT_SIZE, Session

        profile, runner, policy = self.profile, self.runner, self.policy
        assert profile is not None
        assert profile.terminal is not None
        assert runner is not None
        assert policy is not None
        problem = missing_program(profile, policy.environment.get("PATH"))
        if problem:
            raise ShopfloorError(problem, "Then resume the task, or choose another profile.")
        if self.last is not None:
            await self.last.end()
        section = profile.terminal
        environment = self._terminals.environment
        given = {name: environment[name] for name in section.environment if environment.get(name)}
        session = self.last = Session(section, paths.make_private(paths.task_dir(self.task)), self.size or DEFAULT_SIZE)
        session.show_colours(self.dark)
        self._terminals.follow(self.task, session)
        command = section.resume if resume and section.resume else section.command
        await self._terminals.occupy(self.task, runner)
        confined = msgspec.structs.replace(policy, environment=policy.environment | given)
        try:
            await session.start(runner, confined, command, self._terminals.values(self.task, conversation))
        except BaseException:
            self._terminals.vacate(self.task)
            raise
        self._terminals.show(self.task)
        return session


class Terminals:
    """See :class:`agents.parts.terminals.Terminals`.

    ``is_at_work`` says whether a run of the scheduler has a task; ``begin`` starts one now, whoever else works.
    """

    def __init__(self, ledger: Ledger, facilities: Facilities) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._terminals: dict[str, TaskTerminal] = {}
        self.is_at_work: Callable[[str], bool] = lambda _task: False
        self.begin: Callable[[str], object] = lambda _task: None
        self.on_decision: Callable[[str], object] = lambda _task: None
        """Called when the program of a task has come into another state."""
        self._leaving: set[asyncio.Task[None]] = set()
        self._typing: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._typed_turns = TypedTurns(ledger, facilities, lambda task: self.is_at_work(task))

    @property
    def environment(self) -> dict[str, str]:
        """Where variables are looked up that profiles pass on."""
        return self._facilities.environment

    def take_up(self) -> None:
        """An engine starts: what programs of the one before asked, nobody asks any more."""
        for task in list(self._ledger.tasks):
            answered_at_rest(self._ledger, task)

    # for runs

    async def driver(
        self, task: Task, profile: Profile, runner: Runner, policy: Policy, report: Reporter, history: Sequence[bytes]
    ) -> Driver:
        """A driver of the task's program, which runs already or is started with the first turn."""
        await import_emulator()
        from agents.drivers.terminal.driver import TerminalDriver

        assert profile.terminal is not None
        terminal = self._of(task.id)
        terminal.profile, terminal.runner, terminal.policy = profile, runner, policy
        return TerminalDriver(
            name=profile.name, section=profile.terminal, stage=terminal, report=report, history=history
        )

    def session(self, task: str) -> Session | None:
        """The task's program, as long as it is known; it may have ended."""
        terminal = self._terminals.get(task)
        return terminal.last if terminal is not None else None

    async def end(self, task: str) -> None:
        """End the task's program and forget it."""
        terminal = self._terminals.pop(task, None)
        if terminal is not None and terminal.last is not None:
            await terminal.last.end()

    async def close(self) -> None:
        """End all programs."""
        await asyncio.gather(*(self.end(task) for task in list(self._terminals)))
        if self._leaving:
            await asyncio.wait(self._leaving)

    def taken_before(self, task: str) -> str:
        """The snapshot that was taken before the person started the turn that begins now; '' when none was."""
        return self._typed_turns.take(task, self.session(task))

    def released(self, task: str) -> None:
        """A run has ended: a turn that began meanwhile is one of its own."""
        session = self.session(task)
        if session is not None and session.alive and session.status.state == "working":
            self._take_up(task, session)
        elif session is not None:
            self._hear_at_rest(task, session)

    def _of(self, task: str) -> TaskTerminal:
        return self._terminals.setdefault(task, TaskTerminal(task, self))

    # what programs do

    def follow(self, task: str, session: Session) -> None:
        """Tell who looks what a program writes, and notice turns that the person starts."""

        def changed(decision: Decision) -> None:
            self.on_decision(task)
            if decision.state == "working":
                self._take_up(task, session)
            else:
                self._hear_at_rest(task, session)
            if decision.state == "ended":
                self.show(task)
                self.vacate(task)

        session.on_output = lambda offset, data: self._ledger.hub.wrote(task, offset, data)
        session.on_resize = lambda: self.show(task)
        session.is_watched = lambda: self._ledger.hub.is_watched(task)
        session.on_state = changed
        session.on_problem = lambda text: self._ledger.warn(f"{self._ledger.tasks[task].title}: {text}")

    def _hear_at_rest(self, task: str, session: Session) -> None:
        """No turn runs that would tell what the program asks."""
        if not self.is_at_work(task):
            profile = self._of(task).profile
            asks_at_rest(self._ledger, task, profile.name if profile is not None else "Its agent", session.status)

    def show(self, task: str) -> None:
        """Give those who look the whole terminal anew: it is another, or it is larger or smaller."""
        self._ledger.hub.reopen(task)

    def opened(self, task: str) -> TerminalOpened | None:
        """The task's terminal as it is now, or as it was last; None when it never had one."""
        session = self.session(task)
        if session is not None:
            size = session.size
            return TerminalOpened(
                task=task,
                state=session.snapshot(),
                offset=session.offset,
                columns=size.columns,
                rows=size.rows,
                alive=session.alive,
            )
        return self._replayed(task)

    def _replayed(self, task: str) -> TerminalOpened | None:
        """What a program of an earlier engine showed, from its record."""
        known = self._ledger.tasks.get(task)
        path = paths.task_dir(task) / "terminal.log"
        if known is None or known.driver != "terminal" or not path.exists():
            return None
        from agents.drivers.terminal.replay import replayed

        emulator = replayed(path)
        if emulator is None:
            return None
        try:
            return TerminalOpened(
                task=task, state=emulator.snapshot(), columns=emulator.columns, rows=emulator.rows, alive=False
            )  # fmt: skip
        finally:
            emulator.close()

    def _take_up(self, task: str, session: Session) -> None:
        """It works and no run has it: the person has started a turn by typing, or it goes on by itself."""
        known = self._ledger.tasks.get(task)
        if self.is_at_work(task) or known is None or known.state not in ("ready", "stopped", "blocked", "failed"):
            return
        if not self._ledger.waiting_prompts(task):
            words = session.typed.sent.strip() or (TYPED if session.was_typed_into else BY_ITSELF)
            self._ledger.add_prompt(Prompt(id=0, task=task, text=words))
            session.person_turn = True
        session.typed.sent = ""
        self._ledger.flush()
        self.begin(task)

    def values(self, task: str, conversation: str) -> dict[str, str]:
        """What stands for something in a profile's commands."""
        known = self._ledger.tasks[task]
        return {"session": conversation, "worktree": known.worktree, "project": known.project}

    async def occupy(self, task: str, runner: Runner) -> None:
        """A program is about to start in the task's worktree."""
        workspace = self._ledger.store.workspace(task, Workspace)
        if workspace is not None:
            await self._facilities.occupy(workspace, runner)

    def vacate(self, task: str) -> None:
        """It has ended: after the last one, git in the worktree is the person's again."""
        workspace = self._ledger.store.workspace(task, Workspace)
        if workspace is not None:
            leaving = asyncio.create_task(self._facilities.vacate(workspace))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    # see agents.parts.terminals

    async def write(self, task: str, data: bytes) -> None:
        """See :class:`agents.parts.terminals.Terminals`."""
        session, known = self._running(task), self._ledger.find(task)
        async with self._typing[known.id]:  # keys arrive in the order they were pressed
            await self._typed_turns.prepare(known.id, session, data)
            session.typed_by_person(data)
            self._ledger.hub.typed(known.id)

    async def answer(self, task: str, text: str) -> None:
        """Type an answer into what the program asks, and press Enter unless the first key has answered it.

        Raises:
            UsageError: it asks nothing.
        """
        session = self._running(task)
        if session.status.state != "blocked":
            raise UsageError(f"The program of task {task} asks nothing now.", "Send it as a prompt.")
        await self.write(task, plain(text).strip().replace("\n", " ").encode("utf-8", "replace"))
        if not await session.until(
            lambda: session.status.state != "blocked", ENTER_SECONDS
        ):  # no single key was asked for
            await self.write(task, b"\r")

    async def press(self, task: str, keys: Sequence[str]) -> None:
        """See :class:`agents.parts.terminals.Terminals`."""
        session = self._running(task)
        pressed = [(key, session.keyboard.key(key)) for key in keys]
        for key, data in pressed:
            if not data:
                raise UsageError(f"There is no key {key!r}.", "Keys are named like enter, escape, ctrl+c, y.")
        for _, data in pressed:
            await self.write(task, data)

    async def resize(self, task: str, columns: int, rows: int, dark: bool = True) -> None:
        """See :class:`agents.parts.terminals.Terminals`."""
        known = self._ledger.find(task)
        terminal = self._of(known.id)
        size = PtySize(
            columns=min(500, max(MINIMUM_SIZE.columns, columns)), rows=min(300, max(MINIMUM_SIZE.rows, rows))
        )  # fmt: skip
        terminal.size, terminal.dark = size, dark
        if terminal.session is not None:
            terminal.session.show_colours(dark)
            terminal.session.resize(size)

    async def screen(self, task: str) -> TerminalScreen:
        """See :class:`agents.parts.terminals.Terminals`."""
        known = self._ledger.find(task)
        session = self.session(known.id)
        if session is None:
            opened = self._replayed(known.id)
            if opened is None:
                raise UsageError(f"Task {known.id} has no terminal.", "`shopfloor show` tells what it did.")
            from agents.terminal.emulator import Emulator, closing

            with closing(Emulator(1, 1, state=opened.state)) as emulator:
                lines = tuple(emulator.screen_text())
            return TerminalScreen(
                task=known.id, alive=False, columns=opened.columns, rows=opened.rows, lines=lines, state="ended"
            )
        return TerminalScreen(
            task=known.id,
            alive=session.alive,
            columns=session.size.columns,
            rows=session.size.rows,
            lines=tuple(session.emulator.screen_text()),
            state=session.status.state,
        )

    async def start(self, task: str) -> None:
        """See :class:`agents.parts.terminals.Terminals`."""
        known = self._ledger.find(task)
        terminal = self._of(known.id)
        if known.driver != "terminal":
            raise UsageError(f"Task {known.id} has no terminal.")
        if terminal.session is not None or self.is_at_work(known.id):
            raise UsageError(f"The program of task {known.id} runs already.")
        await import_emulator()
        from agents.drivers.terminal.driver import Conversation

        workspace = self._ledger.store.workspace(known.id, Workspace)
        if workspace is None:
            raise UsageError(f"Task {known.id} has no worktree yet.", f"`shopfloor resume {known.id}` makes it.")
        workspaces = await self._facilities.workspaces()
        workspaces.check(workspace)
        profile = self._facilities.profile(known.profile)
        runner = await self._facilities.runner(profile)
        policy = self._facilities.policy(known, workspace, workspaces, profile, runner)
        terminal.profile, terminal.policy = profile, policy
        terminal.runner = await self._facilities.reaching_model(known.id, profile, runner, policy)
        history = self._ledger.store.messages(known.id)
        conversation = msgspec.json.decode(history[-1], type=Conversation).session if history else ""
        await terminal.start(conversation, resume=bool(history))

    def _running(self, task: str) -> Session:
        known = self._ledger.find(task)
        session = self.session(known.id)
        if session is None or not session.alive:
            raise UsageError(
                f"The program of task {known.id} does not run.", f"`shopfloor resume {known.id}` starts it again."
            )
        return session


async def import_emulator() -> None:
    """Import the emulator off the loop: it takes half a second, once."""
    from importlib import import_module

    await asyncio.to_thread(import_module, "agents.drivers.terminal.session")

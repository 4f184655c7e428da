"""The engine: its parts put together, its life, and what is done to a whole task."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from agents import installation, paths
from agents.api import PROTOCOL, Subscription
from agents.config import Config, read_config
from agents.engine.asides import Asides
from agents.engine.backups import Backups
from agents.engine.break_fix import BreakFixDesk
from agents.engine.caller import Caller
from agents.engine.changes import Changes
from agents.engine.checks import Checks
from agents.engine.comments import Comments
from agents.engine.committing import CommittingDesk
from agents.engine.conversations import fork, forked_turn
from agents.engine.costs import CostDesk
from agents.engine.explanations import Explanations
from agents.engine.facilities import Facilities, OpenDoor
from agents.engine.finding import Finding
from agents.engine.hooks import Hooks
from agents.engine.hosting import HostingDesk
from agents.engine.hub import Hub
from agents.engine.landing import Landings
from agents.engine.ledger import Ledger
from agents.engine.offers import choose
from agents.engine.projects import ProjectDesk
from agents.engine.questions import Questions
from agents.engine.queue_runs import QueueRuns
from agents.engine.queue_shelf import Shelf
from agents.engine.queues import Queues
from agents.engine.races import RaceDesk
from agents.engine.radar import Radar
from agents.engine.records import Records
from agents.engine.remains import put_together
from agents.engine.reminders import Reminders
from agents.engine.resting import Resting
from agents.engine.review import ReviewDesk
from agents.engine.reviewers import ReviewerDesk
from agents.engine.scheduler import Scheduler
from agents.engine.scripts import Scripts
from agents.engine.sessions import Sessions
from agents.engine.staging import StagingDesk
from agents.engine.terminals import Terminals
from agents.engine.transcript import Transcript
from agents.engine.worktrees import WorktreeDesk
from agents.engine.writing import WritingDesk
from agents.errors import GitError, SandboxError, ShopfloorError, UsageError
from agents.loops.queue_file import TITLE_LENGTH, title_of
from agents.model import FINAL_STATES, EngineInfo, Entry, NewTask, Prompt, Task, TaskState, Turn, When
from agents.project_file import read_project_file
from agents.prompts.image_chips import with_names
from agents.store import Store
from agents.version import VERSION
from agents.workspace import Workspace, open_project

_log = logging.getLogger(__name__)


class Engine:
    """One per person and machine. ``start`` before use, ``stop`` at the end.

    Args:
        environment: where keys and addresses of models are looked up; more arrive by :meth:`offer_environment`.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.started_at = time.time()
        self._environment = dict(os.environ if environment is None else environment)
        self._config: Config = read_config(self._environment)
        hub = self._hub = Hub()
        paths.make_private(paths.state_dir())
        ledger = self.ledger = Ledger(Store(paths.store_path()), hub)
        self.costs = CostDesk(ledger.store, ledger.tasks, self._config.budget.per_day_usd, ledger.try_flush)
        self._resting = Resting(self._config.engine, lambda task: ledger.tasks[task].state in FINAL_STATES)
        facilities = self._facilities = Facilities(self._environment, ledger.store, self._resting)
        comments = Comments(ledger)
        shelf = Shelf(ledger.store)
        runs = self._runs = QueueRuns(ledger, shelf)
        scheduler = self._scheduler = Scheduler(
            ledger, facilities, comments, self.costs, runs, self._config.engine, lambda: self.on_shutdown()
        )
        self.costs.on_raised = scheduler.admit
        self._caller = Caller(ledger, hub, self._config)
        hooks = self._hooks = Hooks(ledger, facilities)
        self._records = Records(ledger, self._being_written)

        changes = self.changes = Changes(ledger, facilities, scheduler.transcript)
        self.writing = WritingDesk(ledger, changes)
        self._asides = Asides(ledger, comments, changes, self.ask)
        self.review = ReviewDesk(ledger, comments, changes, self.writing, self._asides, scheduler.deliver)
        self.staging = StagingDesk(ledger, facilities, changes)
        self.projects = ProjectDesk(ledger, facilities)
        self.queues = Queues(ledger, shelf, runs, scheduler)
        self.checks = Checks(ledger, facilities, changes, scheduler)
        self.reminders = Reminders(ledger)
        self._backups = Backups(ledger)
        self.finding = Finding(ledger, facilities, changes)
        self.landing = Landings(
            ledger, facilities, partial(self._leave_floor, state="landed"), self.restore_task, scheduler.deliver
        )
        self.committing = CommittingDesk(ledger, facilities, changes, self.costs)
        self.hosting = HostingDesk(
            ledger, facilities, changes, self.committing, self.create_task, self.send, self.review.add
        )
        self.worktrees = WorktreeDesk(ledger, facilities, self.create_task, self.resume)
        self.races = RaceDesk(ledger, facilities, changes, self.create_task, self.close_task, hooks.happened)
        self.break_fix = BreakFixDesk(ledger, facilities, changes, comments, hooks.happened)
        self.radar = Radar(ledger, facilities)
        self.reviewers = ReviewerDesk(
            ledger, facilities, changes, comments, self.costs, self.review.send, hooks.happened
        )
        self.scripts = Scripts(ledger, facilities)
        self.terminals = Terminals(ledger, facilities)
        self.questions = Questions(ledger, scheduler, self.terminals, self.send, self.writing.prompt_for)
        self.terminals.is_at_work = scheduler.__contains__
        self.terminals.begin = scheduler.begin
        facilities.terminals = self.terminals
        hub.terminal_of = self.terminals.opened
        self.explanations = Explanations(ledger, self.terminals)
        facilities.heard = self.explanations.heard
        facilities.warn = ledger.warn
        self.sessions = Sessions(ledger, scheduler, self._resting)
        self.on_shutdown: Callable[[], None] = lambda: None
        """Called when someone asks the engine to stop."""

    # life

    async def start(self) -> None:
        """Find the sandbox and go on with what was interrupted."""
        try:
            await self._facilities.runner()
        except SandboxError as error:
            _log.error("%s", error)
        await put_together(self.ledger, self._facilities, self.projects)
        self.writing.drop_unused()
        self.terminals.take_up()
        self.scripts.take_up()
        self.landing.take_up()
        self._asides.take_up()
        self.reviewers.take_up()
        self.break_fix.take_up()
        self.radar.start()
        self.hosting.take_up()
        self.reminders.start()
        self._backups.start()
        self._scheduler.start()

    async def stop(self) -> None:
        """Interrupt what runs, so that it goes on at the next start, and close everything."""
        self.on_shutdown = lambda: None
        await self.hosting.close()
        await self.radar.close()
        await self._caller.close()
        await self.landing.close()
        await self.reviewers.close()
        await self.break_fix.close()
        self.reminders.close()
        await self._backups.close()
        await self.scripts.close()
        await self._hooks.close()
        await self._scheduler.close()
        await self.terminals.close()
        self.explanations.close()
        await self._facilities.close()
        self.ledger.flush()
        self._hub.close()
        self.ledger.store.close()

    async def info(self) -> EngineInfo:
        """See :class:`agents.api.Api`."""
        problem = self._facilities.sandbox_problem
        return EngineInfo(
            version=VERSION,
            protocol=PROTOCOL,
            pid=os.getpid(),
            home=str(paths.state_dir()),
            log=str(paths.log_path()),
            started_at=self.started_at,
            tasks=sum(1 for task in self.ledger.tasks.values() if task.state not in FINAL_STATES),
            working=len(self._scheduler),
            clients=len(self._hub),
            sandbox=self._facilities.sandbox,
            sandbox_problem=str(problem) if problem else "",
            damages=tuple(self.ledger.store.damages),
            replaced=await asyncio.to_thread(installation.replaced),
        )

    def serve_scripts(self, open_door: OpenDoor) -> None:
        """Whoever serves the engine on sockets opens those for confined scripts."""
        self._facilities.open_door = open_door

    async def offer_environment(self, variables: Mapping[str, str]) -> None:
        """See :class:`agents.api.Api`."""
        self._facilities.environment.update(variables)

    def secrets(self) -> list[str]:
        """Values that must not be written anywhere."""
        return self._facilities.secrets()

    async def shutdown(self, when_idle: bool = False) -> None:
        """See :class:`agents.api.Api`."""
        try:
            self.ledger.flush()
        except ShopfloorError as error:
            raise ShopfloorError(
                f"{error.message} What agents wrote since would be lost.",
                f"Make room first; `kill {os.getpid()}` ends the engine all the same.",
            ) from error
        paths.stopped_mark().touch()
        if when_idle:
            self._scheduler.leave_when_idle()
        else:
            self.on_shutdown()

    # listening

    async def subscribe(self, since: int = 0) -> Subscription:
        """See :class:`agents.api.Api`."""
        return self._hub.join(self._records, since)

    def _being_written(self, task: str) -> list[Transcript]:
        """The transcripts of a task that are being written to now."""
        own = self._scheduler.transcript(task)
        return [*([own] if own is not None else []), *self.scripts.transcripts(task), *self.break_fix.transcripts(task)]

    # tasks

    async def create_task(self, new: NewTask) -> Task:
        """See :class:`agents.api.Api`."""
        if not new.prompt.strip():
            raise UsageError("A task needs a prompt.", "Say what the agent should do.")
        project = await open_project(Path(new.project))
        settings = read_project_file(project.root)
        defaults = read_config(self._environment, settings).defaults
        name = new.profile or defaults.profile or self.projects.first_ready(project.root)
        profile = self._facilities.profile(name)
        base = new.base or settings.worktree.base or project.head
        commit = await project.commit(new.base_commit or base)
        own_queue = defaults.queue if new.queue is None else new.queue
        if own_queue:
            await self.queues.read(own_queue, str(project.root))
        now = time.time()
        new_id = self._new_id()
        prompt = await self.writing.prompt_for(new_id, new.prompt)
        task = Task(
            id=new_id,
            title=" ".join(new.title.split()) or title_of(with_names(prompt)),
            prompt=prompt,
            project=str(project.root),
            base=base,
            base_commit=commit,
            profile=name,
            driver=profile.driver,
            model=profile.native.model if profile.native else "",
            context_window=profile.native.context_window if profile.native else 0,
            priority=new.priority,
            check=new.check,
            held=new.held,
            own_queue=own_queue,
            created_at=now,
            changed_at=now,
        )
        self.ledger.put(task)
        choose(self.ledger.store, task.id, new.choices)
        self.ledger.add_prompt(Prompt(id=0, task=task.id, text=prompt))
        self.ledger.flush()
        self._scheduler.admit()
        return self.ledger.tasks[task.id]

    def _new_id(self) -> str:
        letters, signs = "abcdefghjkmnpqrstuvwxyz", "abcdefghjkmnpqrstuvwxyz23456789"
        while True:
            name = random.choice(letters) + "".join(random.choices(signs, k=3))
            if name not in self.ledger.tasks:
                return name

    async def tasks(self, project: str = "", everything: bool = False) -> list[Task]:
        """See :class:`agents.api.Api`."""
        root = str((await open_project(Path(project))).root) if project else ""
        found = [
            task
            for task in self.ledger.tasks.values()
            if (not root or task.project == root) and (everything or task.state not in FINAL_STATES)
        ]
        return sorted(found, key=lambda task: task.created_at)

    async def task(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        return self.ledger.find(task)

    async def transcript(self, task: str, before: int = 0, limit: int = 500) -> list[Entry]:
        """See :class:`agents.api.Api`."""
        return self._records.entries(self.ledger.find(task).id, before, limit)

    async def prompts(self, task: str) -> list[Prompt]:
        """See :class:`agents.api.Api`."""
        return [prompt for prompt in self.ledger.prompts(self.ledger.find(task).id) if prompt.text]

    async def send(self, task: str, text: str, when: When = "now") -> Prompt:
        """See :class:`agents.api.Api`."""
        if not text.strip():
            raise UsageError("There is nothing to send.", "Write a prompt.")
        text = await self.writing.prompt_for(self.ledger.on_floor(task).id, text)
        known = self.ledger.on_floor(task)
        prompt = self.ledger.add_prompt(Prompt(id=0, task=known.id, text=text, when=when))
        self._scheduler.deliver(prompt)
        return prompt

    async def stop_task(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.on_floor(task)
        await self._scheduler.stop(known)
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    async def resume(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.on_floor(task)
        if known.question is not None:
            raise UsageError(f"Task {known.id} waits for your answer.", f"`shopfloor answer {known.id} …` gives it.")
        if known.id in self._scheduler or (known.state == "queued" and not known.held):
            raise UsageError(f"Task {known.id} is {known.state} already.")
        self.ledger.update(known.id, held=False)
        self._scheduler.go_on(known.id, is_cut=not self._runs.goes_on(known.id))
        return self.ledger.tasks[known.id]

    async def compact(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.on_floor(task)
        self.ledger.flush()
        if not self.ledger.store.messages(known.id):
            raise UsageError(f"Task {known.id} has no conversation yet that could be shortened.")
        await self._scheduler.compact(known.id)
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    async def skip_wait(self, task: str) -> bool:
        """See :class:`agents.api.Api`."""
        return self._scheduler.skip_wait(self.ledger.on_floor(task).id)

    async def turns(self, task: str) -> list[Turn]:
        """See :class:`agents.api.Api`."""
        self.ledger.flush()
        return self.ledger.store.turns(self.ledger.find(task).id)

    async def fork(self, task: str, turn: int = 0, prompt: str = "", profile: str = "") -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.find(task)
        name = profile or known.profile
        native = self._facilities.profile(name).native
        if native is None or known.driver != "native":
            raise UsageError("Only conversations of our own agent can be forked.", "Choose a native profile.")
        forked = fork(
            self.ledger,
            known,
            forked_turn(self.ledger, known, turn),
            identity=self._new_id(),
            prompt=prompt.strip(),
            profile=name,
            native=native,
        )
        self._scheduler.admit()
        return forked

    async def close_task(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.on_floor(task)
        if known.id in self._scheduler:
            known = await self.stop_task(known.id)
        return await self._leave_floor(known, "closed")

    async def _leave_floor(self, known: Task, state: TaskState) -> Task:
        """Take a resting task off the floor: a snapshot of its worktree, which is then removed."""
        self._runs.end(known.id, f"The task was {state}.")
        await self.scripts.close_task(known.id)
        await self.terminals.end(known.id)
        await self._resting.end(known.id)
        workspace = self.ledger.store.workspace(known.id, Workspace)
        reason = ""
        if workspace is not None and not Path(known.project).is_dir():
            reason = f"Its repository was not there any more; {workspace.worktree} was left as it is."
        elif workspace is not None and Path(workspace.worktree).exists():
            workspaces = await self._facilities.workspaces()
            await workspaces.snapshot(workspace, "closed", "When it was closed")
            await workspaces.import_branch(workspace)
            await workspaces.remove(workspace)
        elif workspace is not None:
            workspaces = await self._facilities.workspaces()
            try:
                await workspaces.keep(workspace, self.changes.last_snapshot(known, workspace))
            except GitError as error:
                reason = f"Its worktree was gone, and its last snapshot is too: {error}"
        self.ledger.enter(known.id, state, reason, unseen=False)
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    async def restore_task(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.find(task)
        if known.id in self._scheduler:
            raise UsageError(f"Task {known.id} is {known.state}: there is nothing to restore.")
        workspace = self.changes.workspace(known)
        workspaces = await self._facilities.workspaces()
        if Path(workspace.worktree).exists():
            is_mended = await workspaces.mend(workspace)
            if known.state not in FINAL_STATES and not is_mended:
                raise UsageError(
                    f"The worktree of task {known.id} is still there: {workspace.worktree}.",
                    f"There is nothing to restore; `shopfloor resume {known.id}` goes on with it.",
                )
            self.ledger.enter(known.id, "stopped", "It is back with the worktree that was left.")
            self.ledger.flush()
            return self.ledger.tasks[known.id]
        last = self.changes.last_snapshot(known, workspace)
        workspace = await workspaces.restore(workspace, last)
        self.ledger.store.put_workspace(known.id, workspace)
        state = known.state if known.state not in FINAL_STATES else "stopped"
        self.ledger.enter(
            known.id, state, "Restored from its last snapshot.", f"`shopfloor resume {known.id}` goes on."
        )
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    async def undo(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.on_floor(task)
        if known.id in self._scheduler or known.state == "queued":
            raise UsageError(f"Task {known.id} is {known.state}.", f"`shopfloor stop {known.id}` first.")
        turns = self.ledger.store.turns(known.id)
        if not turns:
            raise UsageError(f"Task {known.id} has had no turn that could be undone.")
        await self.changes.undo(known, turns[-1])
        return self.ledger.tasks[known.id]

    async def seen(self, task: str) -> None:
        """See :class:`agents.api.Api`."""
        self.ledger.update(self.ledger.find(task).id, unseen=False)
        self.ledger.flush()

    async def set_note(self, task: str, note: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.update(self.ledger.find(task).id, note=note)
        self.ledger.flush()
        return known

    async def ask(self, task: str, question: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.on_floor(task)
        return await self.create_task(
            NewTask(
                project=known.project,
                prompt=question,
                title=f"Asked about: {known.title}"[:TITLE_LENGTH],
                profile=known.profile,
                base=await self.changes.snapshot_now(known),
                check=False,
                queue="",
            )
        )

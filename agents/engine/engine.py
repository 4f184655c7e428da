"""The engine's methods, and who may work when."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from agents import installation, paths
from agents.api import PROTOCOL, Subscription
from agents.config import Config, read_config
from agents.engine.break_fix import BreakFixDesk
from agents.engine.caller import Caller
from agents.engine.changes import Changes
from agents.engine.checking import Checks
from agents.engine.committing import CommittingDesk
from agents.engine.conversations import fork, forked_turn
from agents.engine.costs import CostDesk
from agents.engine.explanations import Explanations
from agents.engine.facilities import Facilities, OpenDoor, fingerprint
from agents.engine.finding import Finding
from agents.engine.hooks import Hooks
from agents.engine.hosting import HostingDesk
from agents.engine.hub import Hub
from agents.engine.landing import Landings
from agents.engine.ledger import Ledger
from agents.engine.leftovers import leftovers, remove
from agents.engine.offers import choose
from agents.engine.questions import Questions
from agents.engine.queue_runs import QueueRuns
from agents.engine.queue_shelf import Shelf
from agents.engine.queues import Queues
from agents.engine.races import RaceDesk
from agents.engine.radar import Radar
from agents.engine.reminders import Reminders
from agents.engine.resting import Resting
from agents.engine.review import Reviews, with_quote
from agents.engine.reviewers import ReviewerDesk
from agents.engine.scheduler import Scheduler
from agents.engine.scripts import Scripts
from agents.engine.sessions import Sessions
from agents.engine.staging import StagingDesk
from agents.engine.terminals import Terminals
from agents.engine.transcript import Transcript
from agents.engine.worktrees import WorktreeDesk
from agents.engine.writing import WritingDesk
from agents.errors import SandboxError, UsageError
from agents.events import AnyEvent, EntryChanged, TaskChanged, TranscriptOpened
from agents.model import FINAL_STATES, EngineInfo, Entry, NewTask, Prompt, Task, TaskState, Turn, When
from agents.parts.changes import Commit, Diff, Scope
from agents.parts.projects import ProfileInfo
from agents.parts.review import Claim, Comment, CommentDraft
from agents.parts.worktrees import Leftover
from agents.profiles import load_profiles
from agents.programs import profile_info
from agents.project_file import PROJECT_FILE, read_project_file
from agents.store import Store
from agents.version import VERSION
from agents.workspace import Workspace, open_project

OPENED_ENTRIES = 500
"""Entries shown when a task is opened; older ones are asked for."""
TITLE_LENGTH = 60

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
        self._hub = Hub()
        self.ledger = Ledger(Store(paths.make_private(paths.state_dir()) / "store.sqlite"), self._hub)
        self.costs = CostDesk(
            self.ledger.store, self.ledger.tasks, self._config.budget.per_day_usd, self.ledger.try_flush
        )
        self._resting = Resting(
            self._config.engine, lambda task: self.ledger.tasks[task].state in FINAL_STATES
        )  # fmt: skip
        self._facilities = Facilities(self._environment, self.ledger.store, self._resting)
        self._changes = Changes(self.ledger, self._facilities)
        self._reviews = Reviews(self.ledger)
        self.staging = StagingDesk(self._changes, self._facilities, self._on_floor)
        self.writing = WritingDesk(self.ledger, self._changes)
        shelf = Shelf(self.ledger.store)
        runs = self._runs = QueueRuns(self.ledger, shelf)
        self._scheduler = Scheduler(
            self.ledger,
            self._facilities,
            self._reviews,
            self.costs,
            runs,
            self._config.engine,
            lambda: self.on_shutdown(),
        )
        self.questions = Questions(self.ledger, self._scheduler)
        self.queues = Queues(self.ledger, shelf, runs, self._scheduler)
        self.checks = Checks(self.ledger, self._changes)
        self.reminders = Reminders(self.ledger)
        self.finding = Finding(self.ledger, self._facilities, self._changes)
        self.costs.on_raised = self._scheduler.admit
        self.landing = Landings(
            self.ledger, self._facilities, partial(self._leave_floor, state="landed"), self.restore_task,
            self._scheduler.deliver,
        )  # fmt: skip
        self.committing = CommittingDesk(self.ledger, self._facilities, self._changes, self._on_floor)
        self.hosting = HostingDesk(
            self.ledger, self._facilities, self._changes, self.committing, self._on_floor, self.create_task, self.send,
            self.add_comment,
        )  # fmt: skip
        self.worktrees = WorktreeDesk(self.ledger, self._facilities, self.create_task, self.resume)
        self.races = RaceDesk(self.ledger, self._facilities, self._changes, self.create_task, self.close_task)
        self.break_fix = BreakFixDesk(
            self.ledger, self._facilities, self._changes, self._reviews, self._on_floor, self.blobs
        )  # fmt: skip
        self._caller = Caller(self.ledger, self._hub, self._config)
        self.radar = Radar(self.ledger, self._facilities)
        self.reviewers = ReviewerDesk(
            self.ledger, self._facilities, self._changes, self._reviews, self.costs, self.send_review
        )
        self._hooks = Hooks(self.ledger, self._facilities)
        self.scripts = Scripts(self.ledger, self._facilities, self._on_floor)
        self.terminals = Terminals(self.ledger, self._facilities)
        self.terminals.is_at_work = self._scheduler.__contains__
        self.terminals.begin = self._scheduler.begin
        self._facilities.terminals = self.terminals
        self.explanations = Explanations(self.ledger, self.terminals)
        self._facilities.heard = self.explanations.heard
        self._hub.terminal_of = self.terminals.opened
        self.sessions = Sessions(self.ledger, self._scheduler, self._resting)
        self.on_shutdown: Callable[[], None] = lambda: None
        """Called when someone asks the engine to stop."""

    # life

    async def start(self) -> None:
        """Find the sandbox and go on with what was interrupted."""
        try:
            await self._facilities.runner()
        except SandboxError as error:
            _log.error("%s", error)
        self.writing.drop_unused()
        self.scripts.take_up()
        self.landing.take_up()
        self.reviewers.take_up()
        self.break_fix.take_up()
        self.radar.start()
        self.hosting.take_up()
        self.reminders.start()
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
        await self.scripts.close()
        await self._hooks.close()
        await self._scheduler.close()
        await self.terminals.close()
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
        paths.stopped_mark().touch()
        if when_idle:
            self._scheduler.leave_when_idle()
        else:
            self.on_shutdown()

    # listening

    async def subscribe(self, since: int = 0) -> Subscription:
        """See :class:`agents.api.Api`."""
        return self._hub.join(self, since)

    def tasks_since(self, sequence: int) -> list[AnyEvent]:
        """See :class:`agents.engine.hub.Source`."""
        self.ledger.try_flush()
        return [
            TaskChanged(task=task)
            for task in self.ledger.tasks.values()
            if (task.sequence > sequence if sequence else task.state not in FINAL_STATES)
        ]

    def transcript_since(self, task: str, sequence: int) -> list[AnyEvent]:
        """See :class:`agents.engine.hub.Source`."""
        if task not in self.ledger.tasks:
            return []
        if not sequence:
            entries = self._entries(task, 0, OPENED_ENTRIES)
            earlier = bool(entries) and entries[0].id > 1
            return [TranscriptOpened(task=task, entries=tuple(entries), earlier=earlier)]
        self.ledger.try_flush()
        changed = {entry.id: entry for entry in self.ledger.store.entries_since(task, sequence)}
        for transcript in self._transcripts(task):
            changed |= {entry.id: entry for entry in transcript.open_entries()}
        return [EntryChanged(entry=changed[number]) for number in sorted(changed)]

    def _entries(self, task: str, before: int, limit: int) -> list[Entry]:
        self.ledger.try_flush()
        entries = self.ledger.store.entries(task, before, limit)
        for transcript in self._transcripts(task):
            entries = transcript.as_now(entries)
        return entries

    def _transcripts(self, task: str) -> list[Transcript]:
        """Those that are being written to now, and may be ahead of the store."""
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
        name = new.profile or defaults.profile or self._first_ready(project.root)
        profile = self._facilities.profile(name)
        base = new.base or settings.worktree.base or project.head
        commit = await project.commit(base)
        own_queue = defaults.queue if new.queue is None else new.queue
        if own_queue:
            await self.queues.read(own_queue, str(project.root))
        now = time.time()
        prompt = self.writing.expand(new.prompt)
        task = Task(
            id=self._new_id(),
            title=new.title.strip() or title_of(prompt),
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

    def _first_ready(self, project: Path) -> str:
        """The first profile whose key is there; those that need none are chosen by name."""
        missing = []
        for loaded in load_profiles(project):
            info = profile_info(loaded, self._facilities.environment)
            native = loaded.profile.native
            if info.ready and native is not None and native.needs_key and native.provider != "offline":
                return info.id
            if info.missing and native is not None:  # agents that are not installed would make it a page
                missing.append(f"{info.id}: {info.missing}")
        raise UsageError(
            f"There is no key for an agent ({'; '.join(reason.rstrip('.') for reason in missing)}).",
            "Set the variable with your key, or choose another profile by its name (-p, or in the dialog): "
            "`shopfloor profiles` lists them.",
        )

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
        return self._entries(self.ledger.find(task).id, before, limit)

    async def prompts(self, task: str) -> list[Prompt]:
        """See :class:`agents.api.Api`."""
        return [prompt for prompt in self.ledger.prompts(self.ledger.find(task).id) if prompt.text]

    async def send(self, task: str, text: str, when: When = "now") -> Prompt:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        if not text.strip():
            raise UsageError("There is nothing to send.", "Write a prompt.")
        text = self.writing.expand(text)
        prompt = self.ledger.add_prompt(Prompt(id=0, task=known.id, text=text, when=when))
        self.ledger.flush()
        self._scheduler.deliver(prompt)
        return prompt

    async def stop_task(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        await self._scheduler.stop(known)
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    async def resume(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        if known.question is not None:
            raise UsageError(f"Task {known.id} waits for your answer.", f"`shopfloor answer {known.id} …` gives it.")
        if known.id in self._scheduler or (known.state == "queued" and not known.held):
            raise UsageError(f"Task {known.id} is {known.state} already.")
        self.ledger.update(known.id, held=False)
        self._scheduler.go_on(known.id, is_cut=not self._runs.goes_on(known.id))
        return self.ledger.tasks[known.id]

    async def compact(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        self.ledger.flush()
        if not self.ledger.store.messages(known.id):
            raise UsageError(f"Task {known.id} has no conversation yet that could be shortened.")
        await self._scheduler.compact(known.id)
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    async def skip_wait(self, task: str) -> bool:
        """See :class:`agents.api.Api`."""
        return self._scheduler.skip_wait(self._on_floor(task).id)

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
        known = self._on_floor(task)
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
        if workspace is not None and Path(workspace.worktree).exists():
            workspaces = await self._facilities.workspaces()
            await workspaces.snapshot(workspace, "closed", "When it was closed")
            await workspaces.import_branch(workspace)
            await workspaces.remove(workspace)
        self.ledger.enter(known.id, state, unseen=False)
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    async def restore_task(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.find(task)
        if known.id in self._scheduler:
            raise UsageError(f"Task {known.id} is {known.state}: there is nothing to restore.")
        workspace = self._changes.workspace(known)
        if Path(workspace.worktree).exists():
            raise UsageError(f"The worktree of task {known.id} is still there: {workspace.worktree}.")
        workspaces = await self._facilities.workspaces()
        last = self._changes.last_snapshot(known, workspace)
        workspace = await workspaces.restore(workspace, last)
        self.ledger.store.put_workspace(known.id, workspace)
        state = known.state if known.state not in FINAL_STATES else "stopped"
        self.ledger.enter(
            known.id, state, "Restored from its last snapshot.", f"`shopfloor resume {known.id}` goes on."
        )
        self.ledger.flush()
        return self.ledger.tasks[known.id]

    def _on_floor(self, task: str) -> Task:
        known = self.ledger.find(task)
        if known.state in FINAL_STATES:
            raise UsageError(f"Task {known.id} is {known.state}: it has left the floor.")
        return known

    async def undo(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        if known.id in self._scheduler or known.state == "queued":
            raise UsageError(f"Task {known.id} is {known.state}.", f"`shopfloor stop {known.id}` first.")
        turns = self.ledger.store.turns(known.id)
        if not turns:
            raise UsageError(f"Task {known.id} has had no turn that could be undone.")
        self._note(known, await self._changes.undo(known, turns[-1]))
        return self.ledger.tasks[known.id]

    async def leftovers(self) -> list[Leftover]:
        """See :class:`agents.api.Api`."""
        return await asyncio.to_thread(leftovers, dict(self.ledger.tasks))

    async def prune(self, found: Sequence[Leftover]) -> None:
        """See :class:`agents.api.Api`."""
        still = {leftover.path for leftover in await self.leftovers()}
        await asyncio.to_thread(remove, [leftover for leftover in found if leftover.path in still])

    async def seen(self, task: str) -> None:
        """See :class:`agents.api.Api`."""
        self.ledger.update(self.ledger.find(task).id, unseen=False)
        self.ledger.flush()

    async def set_note(self, task: str, note: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self.ledger.update(self.ledger.find(task).id, note=note)
        self.ledger.flush()
        return known

    async def draft(self, task: str) -> str:
        """See :class:`agents.api.Api`."""
        self.ledger.flush()
        return self.ledger.store.draft(self.ledger.find(task).id if task else "")

    async def save_draft(self, task: str, text: str) -> None:
        """See :class:`agents.api.Api`."""
        self.ledger.store.put_draft(self.ledger.find(task).id if task else "", text)
        self.ledger.flush()

    async def run_checks(self, task: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        if known.id in self._scheduler:
            raise UsageError(f"Task {known.id} is {known.state}: its checks run when the turn ends.")
        checks, problem = self._facilities.checks(msgspec.structs.replace(known, check=True))
        if problem:
            raise UsageError(problem)
        if not checks:
            raise UsageError(f"The project has no checks: {PROJECT_FILE} names none.")
        await self._scheduler.run_checks(known.id)
        return self.ledger.tasks[known.id]

    # review

    async def diff(self, task: str, scope: Scope = "branch", base: str = "", head: str = "") -> Diff:
        """See :class:`agents.api.Api`."""
        return await self._changes.diff(self.ledger.find(task), scope, base, head)

    async def commits(self, task: str) -> list[Commit]:
        """See :class:`agents.api.Api`."""
        return await self._changes.commits(self.ledger.find(task))

    async def blobs(self, task: str, ids: Sequence[str]) -> list[bytes]:
        """See :class:`agents.api.Api`."""
        return await self._changes.blobs(self.ledger.find(task), ids)

    async def comments(self, task: str) -> list[Comment]:
        """See :class:`agents.api.Api`."""
        return self._reviews.told(self.ledger.find(task).id)

    async def add_comment(self, task: str, draft: CommentDraft, base_tree: str = "", head_tree: str = "") -> Comment:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        if not head_tree:
            diff = await self.diff(known.id)
            draft = await with_quote(draft, diff, self.blobs)
            base_tree, head_tree = diff.base_tree, diff.head_tree
        comment = self._reviews.add(known.id, draft, base_tree, head_tree)
        self.ledger.flush()
        return comment

    async def edit_comment(self, task: str, comment: str, text: str) -> Comment:
        """See :class:`agents.api.Api`."""
        changed = self._reviews.edit(self.ledger.find(task).id, comment, text)
        self.ledger.flush()
        return changed

    async def delete_comment(self, task: str, comment: str) -> None:
        """See :class:`agents.api.Api`."""
        self._reviews.delete(self.ledger.find(task).id, comment)
        self.ledger.flush()

    async def review_prompt(self, task: str, without: Sequence[str] = ()) -> str:
        """See :class:`agents.api.Api`."""
        known = self.ledger.find(task)
        return self._reviews.prompt_text(known.id, self._changes.base_name(known), without)

    async def reply_comment(self, task: str, comment: str, text: str, author: str = "person") -> Comment:
        """See :class:`agents.api.Api`."""
        changed = self._reviews.reply(self._on_floor(task).id, comment, text, author)
        self.ledger.flush()
        return changed

    async def send_review(self, task: str, when: When = "now", text: str = "", without: Sequence[str] = ()) -> Prompt:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        composed = await self.review_prompt(known.id, without)
        said = text if text.strip() else composed
        prompt = self._reviews.send(known.id, said, when, await self.diff(known.id), without)
        self.ledger.flush()
        self._scheduler.deliver(prompt)
        return prompt

    async def claim_comment(self, task: str, comment: str, claim: Claim, text: str = "") -> Comment:
        """See :class:`agents.api.Api`."""
        claimed = self._reviews.claim(self.ledger.find(task).id, comment, claim, text)
        self.ledger.flush()
        return claimed

    async def resolve_comment(self, task: str, comment: str, resolved: bool = True) -> Comment:
        """See :class:`agents.api.Api`."""
        judged = self._reviews.resolve(self.ledger.find(task).id, comment, resolved)
        self.ledger.flush()
        return judged

    async def reviewed(self, task: str) -> list[str]:
        """See :class:`agents.api.Api`."""
        return self._reviews.reviewed(self.ledger.find(task).id)

    async def mark_reviewed(self, task: str, marks: Sequence[str], reviewed: bool = True) -> None:
        """See :class:`agents.api.Api`."""
        self._reviews.mark(self.ledger.find(task).id, marks, reviewed)
        self.ledger.flush()

    async def apply_patch(self, task: str, patch: bytes, said: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        await self._changes.apply(known, patch)
        self._note(known, said)
        return self.ledger.tasks[known.id]

    async def ask(self, task: str, question: str) -> Task:
        """See :class:`agents.api.Api`."""
        known = self._on_floor(task)
        return await self.create_task(
            NewTask(
                project=known.project,
                prompt=question,
                title=f"Asked about: {known.title}"[:TITLE_LENGTH],
                profile=known.profile,
                base=await self._changes.snapshot_now(known),
                check=False,
                queue="",
            )
        )

    def _note(self, task: Task, said: str) -> None:
        """Say in a task's transcript what the person did to its files."""
        transcript = self._scheduler.transcript(task.id) or Transcript(task.id, self.ledger, task.turn)
        transcript.add("notice", said)
        self.ledger.flush()

    # set-up

    async def profiles(self, project: str = "") -> list[ProfileInfo]:
        """See :class:`agents.api.Api`."""
        infos = [
            profile_info(loaded, self._facilities.environment)
            for loaded in load_profiles(Path(project) if project else None)
        ]
        return sorted(infos, key=lambda info: not info.ready)

    async def branches(self, project: str) -> list[str]:
        """See :class:`agents.api.Api`."""
        names = await (await open_project(Path(project))).branches()
        return [name for name in names if name.isprintable()]  # a lone surrogate stands for bytes that are no UTF-8

    async def project_file(self, project: str) -> tuple[str, bool]:
        """See :class:`agents.api.Api`."""
        self.ledger.flush()
        return self._facilities.project_text(str((await open_project(Path(project))).root))

    async def trust(self, project: str, text: str) -> None:
        """See :class:`agents.api.Api`."""
        root = str((await open_project(Path(project))).root)
        current, _ = self._facilities.project_text(root)
        if current != text:
            raise UsageError(f"{PROJECT_FILE} has changed since you read it.", "Read it again.")
        self.ledger.store.put_trust(root, fingerprint(text))
        self.ledger.flush()


def title_of(prompt: str) -> str:
    """A title from the first line that says something."""
    line = next((line.strip(" #*-\t") for line in prompt.splitlines() if line.strip(" #*-\t")), "Task")
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"

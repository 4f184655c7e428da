"""The landing line: a task's work is combined with its branch, tried, and the branch moved; one task at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec

from agents.engine.changes import see_repository, see_worktree
from agents.engine.facilities import Facilities
from agents.engine.ledger import Ledger
from agents.engine.scratch import scratch
from agents.engine.transcript import Transcript
from agents.errors import GitError, NotFound, ShopfloorError, UsageError
from agents.events import EngineNotice
from agents.model import ACTIVE_STATES, Prompt, Task, ToolUse
from agents.parts.landing import Landing, LandingHow
from agents.scripts import run_script
from agents.workspace import Workspace, merging, open_project, trees

KEPT = "landing"
"""The kind under which the latest landing of each task is kept."""
KEPT_HOLD = "landing-held"
TRIES = 3
"""How often a landing begins anew because the branch moved meanwhile."""
UNDER_WAY = ("waiting", "combining", "checking")
MESSAGE_LENGTH = 72

_log = logging.getLogger(__name__)


class _DidNotLand(ShopfloorError):
    """Why, for the person."""


class Landings:
    """The lines of all projects; implements :class:`agents.parts.landing.Landings`.

    Args:
        leave_floor: takes a task off the floor as ``landed``: snapshot, then its worktree is removed.
        restore: brings it back.
        deliver: makes a recorded prompt durable and brings it on its way to the agent.
    """

    def __init__(
        self,
        ledger: Ledger,
        facilities: Facilities,
        leave_floor: Callable[[Task], Awaitable[Task]],
        restore: Callable[[str], Awaitable[Task]],
        deliver: Callable[[Prompt], None],
    ) -> None:
        self._ledger = ledger
        self._facilities = facilities
        self._leave_floor = leave_floor
        self._restore = restore
        self._deliver = deliver
        stored = ledger.store.kept_as(Landing, KEPT)
        self._landings = {task: landing for task, landing in stored if task in ledger.tasks}
        self._held = {project for project, _ in ledger.store.kept(KEPT_HOLD)}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._step: dict[str, asyncio.Task[Landing]] = {}
        """The landing at work of each project."""
        self._leaving: set[str] = set()
        """Tasks that have landed and whose worktrees are being removed."""
        self._changed = asyncio.Event()
        ledger.on_change.append(self._task_changed)
        ledger.on_writable.append(self._go_on)

    def take_up(self) -> None:
        """Go on with what was in line when the engine ended."""
        for landing in list(self._landings.values()):
            if landing.state in UNDER_WAY:
                self._put(landing, state="waiting", reason="")
        self._go_on()

    def _go_on(self) -> None:
        """See that somebody works on every line."""
        for project in {landing.project for landing in self._landings.values()}:
            self._work(project)

    async def close(self) -> None:
        """Stop; what is in line goes on at the next start."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    # the part of the Api

    async def land(
        self, task: str, how: LandingHow = "squash", onto: str = "", message: str = "", check: bool = True
    ) -> Landing:
        """See :class:`agents.parts.landing.Landings`."""
        known = self._ledger.find(task)
        if known.state in ("landed", "closed"):
            raise UsageError(f"Task {known.id} is {known.state}.", f"`shopfloor restore {known.id}` brings it back.")
        if known.state in ACTIVE_STATES or known.state == "queued":
            raise UsageError(f"Task {known.id} is {known.state}.", "Land it when its turn has ended.")
        before = self._landings.get(known.id)
        if before is not None and before.state in UNDER_WAY:
            raise UsageError(f"Task {known.id} is in the line already: {before.reason or before.state}.")
        branch = onto or known.base
        repository = await open_project(Path(known.project))
        if not await merging.branch_tip(repository, branch):
            raise UsageError(
                f"There is no local branch {branch} to land on in {known.project}.", "Name one: --onto BRANCH."
            )
        if self._ledger.store.workspace(known.id, Workspace) is None:
            raise UsageError(f"Task {known.id} has no worktree yet.", "There is nothing to land.")
        landing = Landing(
            task=known.id, project=known.project, onto=branch, how=how, message=message, check=check, at=time.time()
        )
        self._landings[known.id] = landing
        self._put(landing, reason="In line.")
        self._ledger.flush()
        self._work(known.project)
        return self._landings[known.id]

    async def finish(self, task: str) -> Landing:
        """See :class:`agents.parts.landing.Landings`."""
        known = self._find(task)
        while self._landings[known.task].state in UNDER_WAY or known.task in self._leaving:
            self._changed.clear()
            await self._changed.wait()
        self._ledger.flush()
        return self._landings[known.task]

    async def line(self, project: str = "") -> list[Landing]:
        """See :class:`agents.parts.landing.Landings`."""
        root = str((await open_project(Path(project))).root) if project else ""
        found = [landing for landing in self._landings.values() if not root or landing.project == root]
        waiting = sorted((one for one in found if one.state in UNDER_WAY), key=lambda one: one.at)
        ended = sorted((one for one in found if one.state not in UNDER_WAY), key=lambda one: -one.at)
        return [*waiting, *ended]

    async def cancel(self, task: str) -> Landing:
        """See :class:`agents.parts.landing.Landings`."""
        landing = self._find(task)
        if landing.state not in UNDER_WAY:
            raise UsageError(f"Task {landing.task} is not in the line: it is {landing.state}.")
        step = self._step.get(landing.project)
        if landing.state != "waiting" and step is not None:
            step.cancel()
            await asyncio.wait((step,))
        if self._landings[landing.task].state in UNDER_WAY:
            self._put(landing, state="cancelled", reason="Cancelled by you.")
        self._ledger.flush()
        return self._landings[landing.task]

    async def hold(self, project: str, held: bool = True) -> None:
        """See :class:`agents.parts.landing.Landings`."""
        root = str((await open_project(Path(project))).root)
        if held:
            self._held.add(root)
            self._ledger.store.keep(KEPT_HOLD, root, b"{}")
        else:
            self._held.discard(root)
            self._ledger.store.forget(KEPT_HOLD, root)
        self._ledger.flush()
        self._work(root)

    async def held(self) -> list[str]:
        """See :class:`agents.parts.landing.Landings`."""
        return sorted(self._held)

    async def undo(self, task: str) -> Landing:
        """See :class:`agents.parts.landing.Landings`."""
        landing = self._find(task)
        if landing.task in self._leaving:
            landing = await self.finish(task)
        if landing.state != "landed" or not landing.commit:
            raise UsageError(f"Task {landing.task} has not landed: it is {landing.state}.")
        known = self._ledger.find(landing.task)
        repository = await open_project(Path(landing.project))
        tip = await merging.branch_tip(repository, landing.onto)
        if tip == landing.commit:
            await merging.advance(repository, landing.onto, tip, landing.base)
            said = f"{landing.onto} is back at {landing.base[:7]}."
        elif not tip or await trees.merge_base(repository, landing.commit, tip) != landing.commit:
            said = f"{landing.onto} does not have it any more."
        else:
            text = f'Revert "{known.title}"\n\nThis takes back what {landing.commit[:12]} brought.'
            undone = await merging.revert(repository, tip, landing.commit, landing.base, text)
            if undone.conflicts:
                names = ", ".join(_name(conflict.path) for conflict in undone.conflicts[:5])
                raise GitError(
                    f"What landed since builds on it: taking it back conflicts in {names}.",
                    "Revert it by hand, or in a task of its own.",
                )
            await merging.advance(repository, landing.onto, tip, undone.tip)
            said = f"A commit on {landing.onto} reverts it: {undone.tip[:7]}."
        self._put(landing, state="undone", reason=said)
        restored = await self._restore(known.id)
        Transcript(known.id, self._ledger, restored.turn).add("notice", f"You have taken the landing back. {said}")
        self._ledger.flush()
        return self._landings[known.id]

    async def message(self, task: str) -> str:
        """See :class:`agents.parts.landing.Landings`."""
        known = self._ledger.find(task)
        workspace = self._workspace(known)
        workspaces = await self._facilities.workspaces()
        tip = await merging.branch_tip(workspace, known.branch)
        commits = await workspaces.commits(workspace, known.base_commit, tip)
        return squash_message(known, [commit.subject for commit in commits])

    # the line

    def _find(self, task: str) -> Landing:
        known = self._ledger.find(task)
        if known.id not in self._landings:
            raise NotFound(f"Task {known.id} was never to be landed.", f"`shopfloor land {known.id}` lands it.")
        return self._landings[known.id]

    def _put(self, landing: Landing, **changes: object) -> Landing:
        landing = msgspec.structs.replace(landing, **changes)
        self._landings[landing.task] = landing
        self._ledger.store.keep(KEPT, landing.task, msgspec.json.encode(landing))
        self._ledger.update(landing.task, landing=f"{landing.state}: {landing.reason}" if landing.reason else "")
        self._ledger.flush_soon()
        self._changed.set()
        return landing

    def _work(self, project: str) -> None:
        """See that somebody works on a project's line."""
        if project not in self._workers:
            worker = asyncio.get_running_loop().create_task(self._line(project))
            self._workers[project] = worker
            worker.add_done_callback(lambda _: self._workers.pop(project, None))

    def _next(self, project: str) -> Landing | None:
        waiting = [
            one for one in self._landings.values() if one.project == project and one.state == "waiting"
        ]  # fmt: skip
        return min(waiting, key=lambda one: one.at, default=None) if project not in self._held else None

    async def _line(self, project: str) -> None:
        while (landing := self._next(project)) is not None:
            step = asyncio.create_task(self._land(landing))
            self._step[project] = step
            try:
                await asyncio.wait((step,))
            except asyncio.CancelledError:
                step.cancel()
                await asyncio.wait((step,))
                raise
            finally:
                del self._step[project]
            if step.cancelled():
                self._put(self._landings[landing.task], state="cancelled", reason="Cancelled by you.")

    async def _land(self, landing: Landing) -> Landing:
        """One landing from its beginning to its end."""
        try:
            for attempt in range(1, TRIES + 1):
                try:
                    return await self._attempt(landing)
                except GitError as error:
                    if "moved while" not in error.message or attempt == TRIES:
                        raise
            raise AssertionError("unreachable")
        except ShopfloorError as error:
            return self._failed(landing, error.message, error.hint)
        except Exception as error:
            _log.exception("task %s: fault while landing", landing.task)
            return self._failed(landing, f"A fault of Shopfloor itself: {type(error).__name__}: {error}.", "")

    def _failed(self, landing: Landing, reason: str, hint: str) -> Landing:
        known = self._ledger.tasks[landing.task]
        Transcript(known.id, self._ledger, known.turn).add("error", f"It did not land. {reason} {hint}".strip())
        if known.state == "ready":
            self._ledger.update(known.id, unseen=True)
        return self._put(self._landings[landing.task], state="failed", reason=reason, hint=hint)

    async def _attempt(self, landing: Landing) -> Landing:
        known = self._ledger.tasks[landing.task]
        if known.state in ACTIVE_STATES or known.state == "queued":
            raise _DidNotLand(f"Its agent is at work again ({known.state}).", "Land it when its turn has ended.")
        workspaces = await self._facilities.workspaces()
        workspace = self._workspace(known)
        see_repository(known)
        base = await merging.branch_tip(workspace, landing.onto)
        if base and base == landing.commit:  # the engine ended after the branch had moved
            return await self._landed(landing, known, landing.base, base)
        see_worktree(known, workspace)
        landing = self._put(landing, state="combining", reason=f"Combining with {landing.onto}.")
        snapshot = await workspaces.snapshot(workspace, "landing", "As it is landed")
        tip = await workspaces.import_branch(workspace) or known.base_commit
        base = await merging.branch_tip(workspace, landing.onto)
        if not base:
            raise _DidNotLand(f"The branch {landing.onto} is gone.", "Name another one: --onto BRANCH.")
        await merging.see_clean(workspace, landing.onto)
        if await trees.tree_of(workspace, tip) != snapshot.tree:
            tip = await merging.commit_tree(workspace, snapshot.tree, (tip,), known.title)
        landing = self._put(landing, base=base)
        combined, conflicts = await self._combine(workspace, landing, known, base, tip)
        if conflicts:
            return self._conflicted(landing, known, base, conflicts)
        tree = await trees.tree_of(workspace, combined)
        if tree == await trees.tree_of(workspace, base):
            raise _DidNotLand("There is nothing to land: the branch has all of it.", "Close the task instead.")
        is_checked = known.check_state == "passed" and tree == snapshot.tree
        if landing.check and not is_checked:
            await self._try(landing, known, combined)
        landing = self._put(self._landings[known.id], commit=combined)
        self._ledger.flush()
        moved = await merging.advance(workspace, landing.onto, base, combined)
        where = " The main checkout follows." if moved.checkout else ""
        return await self._landed(landing, known, base, combined, where)

    async def _combine(
        self, workspace: Workspace, landing: Landing, task: Task, base: str, tip: str
    ) -> tuple[str, tuple[merging.Conflict, ...]]:
        """The commit that the branch is to become, or what stands against it."""
        if landing.how == "rebase":
            rebased = await merging.rebase(workspace, base, task.base_commit, tip)
            return rebased.tip, rebased.conflicts
        merged = await merging.merge(workspace, base, tip)
        if merged.conflicts:
            return "", merged.conflicts
        parents = (base, tip) if landing.how == "merge" else (base,)
        text = landing.message.strip() or await self.message(task.id)
        return await merging.commit_tree(workspace, merged.tree, parents, text), ()

    async def _try(self, landing: Landing, task: Task, commit: str) -> None:
        """Run the project's checks on the combined result."""
        checks, problem = self._facilities.checks(msgspec.structs.replace(task, check=True))
        if problem:
            raise _DidNotLand(problem, "Or land it without them: --no-check.")
        if not checks:
            return
        self._put(landing, state="checking", reason=f"Checking what {landing.onto} would be.")
        transcript = Transcript(task.id, self._ledger, task.turn)
        try:
            async with scratch(self._facilities, task, "land", commit) as place:
                for check in checks:
                    tool = ToolUse(name=f"{check.name} on {landing.onto}", title=check.run)
                    entry = transcript.add("check", tool=tool, done=False)
                    result = await run_script(
                        check.run,
                        place.runner,
                        place.policy,
                        partial(transcript.grow, entry.id),
                        timeout_seconds=check.timeout,
                    )
                    output = f"{result.output.rstrip()}\n{result.reason}".strip()
                    status = "done" if result.passed else "failed"
                    tool = msgspec.structs.replace(tool, status=status, output=output, seconds=result.seconds)
                    transcript.replace(msgspec.structs.replace(entry, tool=tool, done=True))
                    if not result.passed:
                        raise _DidNotLand(
                            f"On top of {landing.onto} the check {check.name} fails: {result.reason}.",
                            "Its output is in the transcript; tell the agent, or land without checks: --no-check.",
                        )
        finally:
            transcript.finish()

    def _conflicted(self, landing: Landing, task: Task, base: str, conflicts: tuple[merging.Conflict, ...]) -> Landing:
        """Let the agent of the task resolve it; what it makes comes back as any change does."""
        prompt = self._ledger.add_prompt(
            Prompt(id=0, task=task.id, text=conflict_prompt(landing.onto, base, conflicts), origin="landing")
        )
        names = ", ".join(_name(conflict.path) for conflict in conflicts[:5])
        put = self._put(landing, state="conflict", reason=f"Conflicts with {landing.onto} in {names}; told the agent.")
        self._deliver(prompt)
        return put

    async def _landed(self, landing: Landing, task: Task, base: str, commit: str, where: str = "") -> Landing:
        said = f"Landed on {landing.onto} as {commit[:7]}.{where}"
        self._leaving.add(task.id)
        landing = self._put(landing, state="landed", reason=said, hint="", base=base, commit=commit)
        self._ledger.try_flush()  # from here on it is landed, whatever happens to the worktree
        Transcript(task.id, self._ledger, task.turn).add("notice", said)
        try:
            await self._leave_floor(self._ledger.tasks[task.id])
        except ShopfloorError as error:
            self._ledger.publish(EngineNotice(text=f"{task.title}: {said} {error}", severity="warning"))
        finally:
            self._leaving.remove(task.id)
            self._changed.set()
        return landing

    def _workspace(self, task: Task) -> Workspace:
        self._ledger.flush()
        workspace = self._ledger.store.workspace(task.id, Workspace)
        if workspace is None:
            raise UsageError(f"Task {task.id} has no worktree yet.", "There is nothing to land.")
        return workspace

    # after a conflict

    def _task_changed(self, before: Task | None, after: Task) -> None:
        landing = self._landings.get(after.id)
        resolved = landing is not None and landing.state == "conflict" and landing.base != after.base_commit
        if resolved and before is not None and before.state != after.state and after.state == "ready":
            work = asyncio.get_running_loop().create_task(self._rebase_view(after.id))
            self._workers[f"view {after.id}"] = work
            work.add_done_callback(lambda _: self._workers.pop(f"view {after.id}", None))

    async def _rebase_view(self, task: str) -> None:
        """When the agent has brought the branch in, the change is what it adds to that, not what others did there."""
        try:
            workspace = self._workspace(self._ledger.tasks[task])
            base = self._landings[task].base
            tip = await merging.branch_tip(workspace, workspace.branch)
            if tip and await trees.merge_base(workspace, base, tip) == base:
                self._ledger.store.put_workspace(task, msgspec.structs.replace(workspace, base_commit=base))
                self._ledger.update(task, base_commit=base)
                self._ledger.flush()
        except ShopfloorError as error:
            title = self._ledger.tasks[task].title
            self._ledger.warn(f"{title}: its change is still compared with where it began. {error}")


def squash_message(task: Task, subjects: list[str]) -> str:
    """One message for all of a task: its title, at most 72 characters, and what its commits were called."""
    title = task.title if len(task.title) <= MESSAGE_LENGTH else task.title[: MESSAGE_LENGTH - 1].rstrip() + "…"
    listed = [f"- {subject}" for subject in reversed(subjects) if subject and subject != task.title]
    return "\n".join([title, *(["", *listed] if listed else [])])


def conflict_prompt(onto: str, base: str, conflicts: tuple[merging.Conflict, ...]) -> str:
    """What the agent is told when its work does not go together with the branch."""
    parts = [
        f"Your work is to be landed on {onto}, which has moved since you started, and the two conflict. Bring the "
        f"branch in and resolve it: `git merge {base}` (commit what you have not committed first), mend every "
        "conflicted file so that both changes keep their meaning, run the tests, and commit the merge. Change nothing "
        "else.",
        "",
        "Conflicting files:",
    ]
    for conflict in conflicts:
        parts.append(f"- {_name(conflict.path)}")
    for conflict in conflicts:
        if conflict.text:
            longest = max((len(line) - len(line.lstrip("~")) for line in conflict.text.split("\n")), default=0)
            fence = "~" * max(4, longest + 1)
            parts += ["", f"{_name(conflict.path)} (above the =======: {onto}, below: yours)", fence]
            parts += [conflict.text[:6000], fence]
    return "\n".join(parts)


def _name(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")

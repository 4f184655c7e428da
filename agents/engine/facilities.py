"""What a task at work needs of this machine: sandbox, worktrees, profiles, checks, and a driver made of them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agents import paths
from agents.drivers import Driver, Lasting, Reporter
from agents.engine.offers import choices_of
from agents.engine.resting import Resting
from agents.engine.terminals import Terminals
from agents.errors import SandboxError, ShopfloorError, UsageError
from agents.model import Task, Usage
from agents.profiles import Profile, is_secret, load_profile, model_variables
from agents.project_file import PROJECT_FILE, Check, ProjectFile, parse_project_file, read_project_file
from agents.sandbox import Policy, Runner, choose_runner
from agents.sandbox.defaults import agent_policy
from agents.scripts import host_environment, port_environment, script_environment
from agents.store import Store
from agents.workspace import Kind, Workspace, Workspaces

if TYPE_CHECKING:
    from agents.endpoint import Bridges

OpenDoor = Callable[[str, Path], Awaitable[Callable[[], Awaitable[None]]]]
"""Opens a socket at a path that answers calls about one task only, and returns what closes it."""


class Facilities:
    """Made once by the engine; everything is found or started when the first task asks for it."""

    def __init__(self, environment: Mapping[str, str], store: Store, resting: Resting | None = None) -> None:
        self.environment: dict[str, str] = dict(environment)
        """Where keys and addresses of models are looked up. Never given to an agent's commands."""
        self.sandbox_problem: SandboxError | None = None
        """Why agents cannot start."""
        self._store = store
        self._resting = resting
        self._bridges: Bridges | None = None
        """Ways of agents to their models; there is none until one needs it."""
        self._starts: dict[str, object] = {}
        """What the drivers of tasks at work were started with."""
        self._runner: Runner | None = None
        self._workspaces: Workspaces | None = None
        self._occupants: Counter[str] = Counter()
        """How many have processes in the worktree of a task: its run, and scripts."""
        self._offline_url = ""
        self.terminals: Terminals | None = None
        """The programs of terminal agents; the engine puts them here."""
        self.heard: Callable[[str, str], None] = lambda _task, _what: None
        """Told of every sign that a task's agent gives, in words."""
        self.warn: Callable[[str], None] = lambda _text: None
        """Told what went wrong beside the work of tasks."""
        self._close_offline: Callable[[], Awaitable[None]] | None = None
        self.open_door: OpenDoor | None = None
        """Set by whoever serves the engine on sockets."""

    def secrets(self) -> list[str]:
        """The keys we were given."""
        return [value for name, value in self.environment.items() if len(value) >= 8 and is_secret(name)]

    async def close(self) -> None:
        """Give up what was started."""
        if self._resting is not None:
            await self._resting.close()
        if self._bridges is not None:
            await self._bridges.close_all()
        if self._close_offline is not None:
            await self._close_offline()

    @property
    def sandbox(self) -> str:
        """The backend that confines agents; '' while none works."""
        return self._runner.name if self._runner else ""

    async def runner(self, profile: Profile | None = None) -> Runner:
        """The sandbox, for a profile's agent or for our own reading.

        Raises:
            SandboxError: nothing here can confine an agent; asked again, it looks again.
        """
        if profile is not None and profile.sandbox.mode == "none":
            return await choose_runner("none")
        if self._runner is None:
            try:
                self._runner = await choose_runner()
                self.sandbox_problem = None
            except SandboxError as error:
                self.sandbox_problem = error
                raise
        return self._runner

    async def workspaces(self) -> Workspaces:
        """Git for worktrees; raises SandboxError when nothing can be confined."""
        if self._workspaces is None:
            self._workspaces = Workspaces(await self.runner())
        return self._workspaces

    def policy(
        self, task: Task, workspace: Workspace, workspaces: Workspaces, profile: Profile, runner: Runner
    ) -> Policy:
        """What the agent of a task may touch, when ``runner`` starts it."""
        grants = workspaces.grants(workspace, runner)
        told = (paths.checks_dir(task.id), paths.attachments_dir(task.id))
        cache = paths.cache_dir() / "agents" / Path(workspace.worktree).parent.name
        policy = agent_policy(
            Path(workspace.worktree),
            temp=paths.make_private(paths.task_dir(task.id) / "tmp"),
            cache=paths.make_private(cache),
            profile=profile.sandbox,
            login=profile.login_files,
            repository=Path(task.project),
            binds=grants.binds,
            extra_environment={
                "SHOPFLOOR_TASK": task.id,
                "SHOPFLOOR_WORKTREE": workspace.worktree,
                "SHOPFLOOR_BRANCH": workspace.branch,
                "SHOPFLOOR_BASE": workspace.base_commit,
                **port_environment(task.ports),
            },
        )
        return msgspec.structs.replace(
            policy,
            write=policy.write + grants.write,
            read=(*policy.read, *grants.read, *(str(paths.make_private(folder)) for folder in told)),
            protect=policy.protect + grants.protect,
            network=policy.network and read_project_file(Path(task.project)).sandbox.network == "on",
        )

    def taken_before(self, task: str) -> str:
        """The snapshot that was taken already before the turn that begins now; '' when none was."""
        return self.terminals.taken_before(task) if self.terminals is not None else ""

    async def occupy(self, workspace: Workspace, runner: Runner) -> None:
        """Set a worktree up for confined processes; to be followed by :meth:`vacate` when they have ended."""
        self._occupants[workspace.task] += 1
        try:
            await (await self.workspaces()).prepare(workspace, runner)
        except BaseException:
            self._occupants[workspace.task] -= 1
            raise

    async def vacate(self, workspace: Workspace) -> None:
        """The processes of one who occupied it have ended; after the last one git in it is the person's again."""
        self._occupants[workspace.task] -= 1
        if self._occupants[workspace.task] <= 0:
            del self._occupants[workspace.task]
            try:
                await (await self.workspaces()).rest(workspace)
            except ShopfloorError as error:
                self.warn(f"Git does not work in {workspace.worktree} before its task goes on. {error}")

    async def confined_place(
        self, task: Task, workspace: Workspace
    ) -> tuple[Runner, Policy, Callable[[], Awaitable[None]]]:
        """Where a script of a task runs as its agent's commands do, and what is to be called when it has ended."""
        profile = self.profile(task.profile)
        runner = await self.runner(profile)
        workspaces = await self.workspaces()
        await self.occupy(workspace, runner)
        policy = self.policy(task, workspace, workspaces, profile, runner)
        inside, close_door = await self._open_door(task, Path(policy.temp), runner)
        environment = policy.environment | script_environment(task, inside)

        async def leave() -> None:
            await close_door()
            await self.vacate(workspace)

        return runner, msgspec.structs.replace(policy, environment=environment), leave

    async def host_place(self, task: Task) -> tuple[Runner, Policy]:
        """Where a script runs with the person's rights: in the main checkout, which no agent can write."""
        environment = self.host_variables() | script_environment(task, str(paths.socket_path()))
        return await choose_runner("none"), Policy(directory=task.project, environment=environment)

    def host_variables(self) -> dict[str, str]:
        """The environment of programs that run with the person's rights: no keys of models."""
        return host_environment(set(model_variables()))

    async def _open_door(self, task: Task, temp: Path, runner: Runner) -> tuple[str, Callable[[], Awaitable[None]]]:
        """A socket through which a confined script reaches the engine about its own task: its path as the script sees
        it, and what closes it."""
        if self.open_door is None:
            return "", _nothing
        name = f"shopfloor-{secrets.token_hex(4)}.sock"
        close = await self.open_door(task.id, temp / name)
        return str((Path("/tmp") if runner.mounts else temp) / name), close

    def workspace_kind(self, task: Task, profile: Profile) -> Kind:
        """Where the files of a new task are to live: what the profile says, else the project."""
        return profile.workspace or read_project_file(Path(task.project)).worktree.kind or "worktree"

    async def driver(self, task: Task, profile: Profile, runner: Runner, policy: Policy, report: Reporter) -> Driver:
        """The task's own driver, as its profile asks for it: one that waits, or a new one. ``leave`` it afterwards."""
        passed = {name: self.environment.get(name, "") for name in profile.acp.environment} if profile.acp else {}
        start = self._starts[task.id] = (profile, runner.name, policy, passed)
        waiting = await self._resting.take(task.id, start) if self._resting is not None else None
        if waiting is None:
            return await self.make_driver(task, profile, runner, policy, report)
        if isinstance(waiting, Lasting):
            waiting.wake(report)
        return waiting

    async def reaching_model(self, name: str, profile: Profile, runner: Runner, policy: Policy) -> Runner:
        """The runner, with a way to the model through it where the profile says where that is."""
        if profile.driver == "native" or profile.endpoint is None:
            return runner
        from agents.endpoint import Bridges

        self._bridges = self._bridges or Bridges()
        return await self._bridges.through(name, profile.endpoint, runner, policy, self.environment)

    async def leave(self, task: str, driver: Driver) -> None:
        """A task's own driver has no more to do for now."""
        start = self._starts.pop(task, None)
        if self._resting is None:
            await driver.close()
        else:
            await self._resting.leave(task, driver, start)

    async def make_driver(
        self,
        task: Task,
        profile: Profile,
        runner: Runner,
        policy: Policy,
        report: Reporter,
        conversation: str = "",
        reader: str = "",
    ) -> Driver:
        """The driver that a profile asks for, for the task's conversation or another one; ``reader``: what our own
        agent is told when it is to read only."""
        history = self._store.messages(conversation or task.id)
        runner = await self.reaching_model(conversation or task.id, profile, runner, policy)
        if profile.driver == "acp":
            from agents.drivers.acp import AcpDriver

            return AcpDriver(
                profile=profile,
                runner=runner,
                policy=policy,
                worktree=task.worktree,
                attachments=str(paths.attachments_dir(task.id)),
                report=report,
                history=history,
                environment=self.environment,
                choices={} if conversation else choices_of(self._store, task.id),
                log=paths.task_dir(task.id) / "agent.log",
            )
        if profile.driver == "terminal" and self.terminals is not None:
            history = self._store.messages(task.id)
            return await self.terminals.driver(task, profile, runner, policy, report, history)
        if profile.driver != "native" or profile.native is None:
            raise UsageError(
                f"Profile “{task.profile}” wants the driver “{profile.driver}”, which this version does not have.",
                'Choose a profile with driver = "native".',
            )
        from agents.drivers.native import NativeDriver

        wire = profile.native.wire if profile.native.provider == "offline" else profile.native.provider
        # a model SDK takes most of a second to import: not on the loop
        await asyncio.to_thread(import_module, "anthropic" if wire == "anthropic" else "openai")
        return NativeDriver(
            profile=profile,
            runner=runner,
            policy=policy,
            worktree=task.worktree,
            attachments=str(paths.attachments_dir(task.id)),
            report=report,
            history=history,
            environment=self.environment,
            base_url=await self._offline() if profile.native.provider == "offline" else "",
            checks=[] if reader else [check.run for check in self.checks(task)[0]],
            reader=reader,
        )

    async def ask_model(self, profile: Profile, system: str, text: str) -> tuple[str, Usage]:
        """One question to the model of a native profile, and what it took.

        Raises:
            ModelError: it cannot be asked now.
        """
        from agents.native.budget import cost
        from agents.native.models import open_model
        from agents.native.once import ask_once

        native = profile.native
        assert native is not None
        base_url = await self._offline() if native.provider == "offline" else ""
        answer, usage = await ask_once(open_model(native, self.environment, base_url), system, text)
        return answer, msgspec.structs.replace(usage, cost_usd=cost(usage, profile.prices))

    async def _offline(self) -> str:
        if not self._offline_url:
            from agents.offline import start_offline_server

            server, self._offline_url = await start_offline_server()
            self._close_offline = server.close
        return self._offline_url

    # the project file

    def project_text(self, project: str) -> tuple[str, bool]:
        """The project file's text, '' if there is none, and whether the person trusts it as it is."""
        path = Path(project) / PROJECT_FILE
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return "", False
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} cannot be read: {error}.") from error
        return text, self._store.trusted(project) == fingerprint(text)

    def trusted_project(self, project: str) -> ProjectFile:
        """The project file, when the person trusts it as it is.

        Raises:
            UsageError: they do not, or it cannot be understood.
        """
        text, trusted = self.project_text(project)
        parsed = parse_project_file(text, Path(project) / PROJECT_FILE) if text else ProjectFile()
        if text and not trusted:
            raise UsageError(
                f"{PROJECT_FILE} has not been trusted as it is now.", "`shopfloor trust` shows it and decides."
            )
        return parsed

    def checks(self, task: Task) -> tuple[list[Check], str]:
        """The checks to run on a task, and why those that are there do not run."""
        if not task.check:
            return [], ""
        text, trusted = self.project_text(task.project)
        project = parse_project_file(text, Path(task.project) / PROJECT_FILE) if text else ProjectFile()
        if project.check and not trusted:
            return [], (
                f"The project's checks did not run: {PROJECT_FILE} has not been trusted as it is now. "
                "`shopfloor trust` shows it and decides."
            )
        return list(project.check), ""

    def profile(self, name: str) -> Profile:
        """A profile by its id; raises UsageError."""
        return load_profile(name).profile


async def _nothing() -> None:
    """No door was opened."""


def fingerprint(text: str) -> str:
    """What a trusted text is remembered by."""
    return hashlib.sha256(text.encode()).hexdigest()

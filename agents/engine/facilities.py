"""What a task at work needs of this machine: sandbox, worktrees, profiles, checks, and a driver made of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path

import msgspec

from agents import paths
from agents.drivers import Driver, Reporter
from agents.errors import SandboxError, UsageError
from agents.model import Task
from agents.profiles import Profile, load_profile
from agents.project_file import PROJECT_FILE, Check, ProjectFile, parse_project_file, read_project_file
from agents.sandbox import Policy, Runner, choose_runner
from agents.sandbox.defaults import agent_policy
from agents.store import Store
from agents.workspace import Kind, Workspace, Workspaces


class Facilities:
    """Made once by the engine; everything is found or started when the first task asks for it."""

    def __init__(self, environment: Mapping[str, str], store: Store) -> None:
        self.environment: dict[str, str] = dict(environment)
        """Where keys and addresses of models are looked up. Never given to an agent's commands."""
        self.sandbox_problem: SandboxError | None = None
        """Why agents cannot start."""
        self._store = store
        self._runner: Runner | None = None
        self._workspaces: Workspaces | None = None
        self._offline_url = ""
        self._close_offline: Callable[[], Awaitable[None]] | None = None

    def secrets(self) -> list[str]:
        """The keys we were given."""
        words = ("KEY", "TOKEN", "SECRET", "PASSWORD")
        return [
            value
            for name, value in self.environment.items()
            if len(value) >= 8 and any(word in name.upper() for word in words)
        ]

    async def close(self) -> None:
        """Give up what was started."""
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
        cache = paths.cache_dir() / "agents" / Path(workspace.worktree).parent.name
        policy = agent_policy(
            Path(workspace.worktree),
            temp=paths.make_private(paths.task_dir(task.id) / "tmp"),
            cache=paths.make_private(cache),
            profile=profile.sandbox,
            repository=Path(task.project),
            binds=grants.binds,
            extra_environment={
                "SHOPFLOOR_TASK": task.id,
                "SHOPFLOOR_WORKTREE": workspace.worktree,
                "SHOPFLOOR_BRANCH": workspace.branch,
                "SHOPFLOOR_BASE": workspace.base_commit,
            },
        )
        return msgspec.structs.replace(
            policy,
            write=policy.write + grants.write,
            read=policy.read + grants.read,
            protect=policy.protect + grants.protect,
            network=policy.network and read_project_file(Path(task.project)).sandbox.network == "on",
        )

    def workspace_kind(self, task: Task, profile: Profile) -> Kind:
        """Where the files of a new task are to live: what the profile says, else the project."""
        return profile.workspace or read_project_file(Path(task.project)).worktree.kind or "worktree"

    async def make_driver(
        self, task: Task, profile: Profile, runner: Runner, policy: Policy, report: Reporter
    ) -> Driver:
        """The driver that a profile asks for."""
        if profile.driver == "acp":
            from agents.drivers.acp import AcpDriver

            return AcpDriver(
                profile=profile,
                runner=runner,
                policy=policy,
                worktree=task.worktree,
                report=report,
                history=self._store.messages(task.id),
                environment=self.environment,
                log=paths.task_dir(task.id) / "agent.log",
            )
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
            report=report,
            history=self._store.messages(task.id),
            environment=self.environment,
            base_url=await self._offline(profile) if profile.native.provider == "offline" else "",
            checks=[check.run for check in self.checks(task)[0]],
        )

    async def _offline(self, profile: Profile) -> str:
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

    def project_notices(self, task: Task) -> list[str]:
        """What the project file asks for and does not get, each a sentence."""
        asked = read_project_file(Path(task.project))
        parts = {
            "worktree.copy": asked.worktree.copy,
            "worktree.link": asked.worktree.link,
            "worktree.setup": asked.worktree.setup,
            "worktree.ports": asked.worktree.ports,
            "hooks": asked.hooks,
            "command": asked.command,
            "defaults.queue": asked.defaults.queue,
        }
        names = [name for name, value in parts.items() if value]
        return [f"{PROJECT_FILE} asks for {', '.join(names)}, which this version does not do."] if names else []

    def profile(self, name: str) -> Profile:
        """A profile by its id; raises UsageError."""
        return load_profile(name).profile


def fingerprint(text: str) -> str:
    """What a trusted text is remembered by."""
    return hashlib.sha256(text.encode()).hexdigest()

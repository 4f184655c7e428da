"""Our agent as an agent of the Agent Client Protocol: any editor that speaks it can use it, without the engine.

It works in the folder the editor names, in the same sandbox as everywhere; the repository's git folder stays read-only
there, because what it could write there would run outside with the editor's next git command. Its conversations lie in
the state folder, so that a session can be loaded again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from acp import PROTOCOL_VERSION, RequestError, run_agent
from acp.interfaces import Client
from acp.schema import (
    AgentCapabilities,
    AvailableCommand,
    AvailableCommandsUpdate,
    Implementation,
    InitializeResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PromptCapabilities,
    PromptResponse,
)

from agents import paths
from agents.config import read_config
from agents.drivers import AnyReport, Delivered, Remember, TurnEnd
from agents.drivers.native import NativeDriver
from agents.errors import ShopfloorError, UsageError
from agents.native.acp_prompts import prompt_text
from agents.native.acp_turns import COMPACT, Turns
from agents.native.acp_updates import Updates, retold
from agents.native.conversation import decode, repair
from agents.offline import start_offline_server
from agents.profiles import Profile, load_profile, load_profiles
from agents.programs import profile_info
from agents.sandbox import Policy, choose_runner
from agents.sandbox.defaults import agent_policy
from agents.version import VERSION

_SESSION = re.compile(r"[0-9a-f]{32}")
_ERROR = -32603


class Session:
    """One conversation in one folder."""

    def __init__(self, identity: str, directory: Path, send: Callable[[Any], Awaitable[None]]) -> None:
        self.identity = identity
        self.directory = directory
        self.driver: NativeDriver
        self.turns: Turns
        self._send = send
        self._updates = Updates(directory)
        self._waiting: asyncio.Queue[Any] = asyncio.Queue()
        self._sending = asyncio.create_task(self._pass_on())
        self._log = _folder(identity) / "messages.jsonl"
        self.attachments = paths.make_private(_folder(identity) / "attachments")

    def history(self) -> list[bytes]:
        """The conversation so far."""
        return self._log.read_bytes().splitlines() if self._log.exists() else []

    def report(self, report: AnyReport) -> None:
        """Keep what must be remembered, before anyone sees what follows from it; pass on the rest."""
        if isinstance(report, Remember):
            with self._log.open("ab") as file:
                file.write(report.message + b"\n")
        elif isinstance(report, Delivered):
            self.turns.turned_to(report.prompt)
        elif (update := self._updates.of(report)) is not None:
            self._waiting.put_nowait(update)

    def tell(self, update: Any) -> None:
        """Send an update, after those before it."""
        self._waiting.put_nowait(update)

    async def told(self) -> None:
        """Wait until everything has been sent."""
        await self._waiting.join()

    async def _pass_on(self) -> None:
        while True:
            update = await self._waiting.get()
            try:
                await self._send(update)
            except ConnectionError:
                pass  # the editor is gone: there is nobody to tell, and its input ends too
            finally:
                self._waiting.task_done()

    async def close(self) -> None:
        """End what runs."""
        await self.turns.cancel()
        await self.driver.close()
        self._sending.cancel()
        await asyncio.wait([self._sending])


class NativeAgent:
    """See :class:`acp.interfaces.Agent`; the methods that are not here are answered as not known."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._sessions: dict[str, Session] = {}
        self._offline: tuple[Any, str] | None = None
        self._client: Client

    def on_connect(self, conn: Client) -> None:
        """The connection to the editor is there."""
        self._client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> InitializeResponse:
        """What we can do. Files and terminals of the editor are not used: they lie outside the sandbox."""
        return InitializeResponse(
            protocol_version=min(protocol_version, PROTOCOL_VERSION),
            agent_capabilities=AgentCapabilities(
                load_session=True,
                field_meta={"shopfloor": {"promptQueueing": True}},
                prompt_capabilities=PromptCapabilities(
                    embedded_context=True, image=bool(self._profile.native and self._profile.native.shows_images)
                ),
            ),
            agent_info=Implementation(name="shopfloor", title="Shopfloor", version=VERSION),
        )

    async def authenticate(self, method_id: str, **_: Any) -> None:
        """Keys come from the environment; there is nothing to do."""

    async def new_session(self, cwd: str, mcp_servers: Any = None, **_: Any) -> NewSessionResponse:
        """A conversation in a folder."""
        session = await self._open(uuid.uuid4().hex, cwd, mcp_servers)
        return NewSessionResponse(session_id=session.identity)

    async def load_session(self, cwd: str, session_id: str, mcp_servers: Any = None, **_: Any) -> LoadSessionResponse:
        """Take up a conversation of before; it is told again first."""
        if not _SESSION.fullmatch(session_id) or not (paths.state_dir() / "acp" / session_id).is_dir():
            raise RequestError(_ERROR, f"There is no session {session_id}.")
        if session_id in self._sessions:
            await self._sessions.pop(session_id).close()
        session = await self._open(session_id, cwd, mcp_servers)
        for update in retold(repair(decode(data) for data in session.history())):
            session.tell(update)
        await session.told()
        return LoadSessionResponse()

    async def _open(self, identity: str, cwd: str, mcp_servers: Any) -> Session:
        directory = Path(cwd)
        if not directory.is_absolute() or not directory.is_dir():
            raise RequestError.invalid_params({"cwd": f"{cwd} is not a folder of this machine."})
        if mcp_servers:
            print("shopfloor: MCP servers are not used by this agent.", file=sys.stderr)

        async def send(update: Any) -> None:
            await self._client.session_update(session_id=identity, update=update)

        session = Session(identity, directory, send)
        try:
            session.driver = await self._driver(session)
            session.turns = Turns(session.driver)
        except ShopfloorError as error:
            raise RequestError(_ERROR, str(error)) from error
        self._sessions[identity] = session
        command = AvailableCommand(name=COMPACT, description="Shorten the conversation to a summary.")
        session.tell(AvailableCommandsUpdate(session_update="available_commands_update", available_commands=[command]))
        return session

    async def _driver(self, session: Session) -> NativeDriver:
        mode = "none" if self._profile.sandbox.mode == "none" else ""
        root = _root(session.directory)
        return NativeDriver(
            profile=self._profile,
            runner=await choose_runner(mode),
            policy=_policy(session, root, self._profile),
            worktree=str(session.directory),
            root=str(root),
            attachments=str(session.attachments),
            report=session.report,
            history=session.history(),
            environment=os.environ,
            base_url=await self._offline_url(),
        )

    async def _offline_url(self) -> str:
        if self._profile.native is None or self._profile.native.provider != "offline":
            return ""
        if self._offline is None:
            self._offline = await start_offline_server()
        return self._offline[1]

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> PromptResponse:
        """Work on a prompt until idle; one that comes meanwhile is taken up as soon as possible."""
        session = self._sessions.get(session_id)
        if session is None:
            raise RequestError.invalid_params({"sessionId": f"There is no session {session_id}."})
        try:
            text = prompt_text(prompt, session.attachments)
        except UsageError as problem:
            raise RequestError(_ERROR, str(problem)) from problem
        end = await session.turns.say(text)
        await session.told()
        return _response(end)

    async def cancel(self, session_id: str, **_: Any) -> None:
        """Interrupt the running prompt, and those that wait; their answers say so."""
        if session_id in self._sessions:
            await self._sessions[session_id].turns.cancel()

    async def close(self) -> None:
        """End every session."""
        for session in self._sessions.values():
            await session.close()
        if self._offline is not None:
            await self._offline[0].close()


def _response(end: TurnEnd) -> PromptResponse:
    if end.outcome in ("blocked", "failed"):
        raise RequestError(_ERROR, f"{end.reason} {end.hint}".strip())
    return PromptResponse(stop_reason="cancelled" if end.outcome == "interrupted" else "end_turn")


def _folder(session: str) -> Path:
    return paths.make_private(paths.state_dir() / "acp" / session)


def _root(directory: Path) -> Path:
    """The repository a folder belongs to, or the folder itself."""
    return next((folder for folder in (directory, *directory.parents) if (folder / ".git").exists()), directory)


def _policy(session: Session, root: Path, profile: Profile) -> Policy:
    return agent_policy(
        session.directory,
        temp=paths.make_private(_folder(session.identity) / "tmp"),
        cache=paths.make_private(paths.cache_dir() / "agents" / (root.name or "root")),
        profile=profile.sandbox,
        repository=root,
        read=[session.attachments],
        protect=[session.directory / ".git"],
    )


def choose_profile(name: str) -> Profile:
    """The profile of a name; without one the person's default, else the first of our own agent's that has its key.

    Raises:
        UsageError: it is not one of our own agent, or there is none.
    """
    wanted = name or read_config().defaults.profile
    if wanted:
        profile = load_profile(wanted).profile
        if profile.native is None:
            raise UsageError(f"The profile {wanted} is not one of our own agent.", "Choose a native profile with -p.")
        return profile
    for loaded in load_profiles():
        native = loaded.profile.native
        if native is not None and native.needs_key and profile_info(loaded, os.environ).ready:
            return loaded.profile
    raise UsageError("No key for a model is set.", "Set one where the editor starts this, or choose a profile with -p.")


async def serve(profile: Profile) -> None:
    """Speak the protocol on standard input and output until the input ends."""
    agent = NativeAgent(profile)
    try:
        with contextlib.suppress(ConnectionError):  # the editor is gone
            await run_agent(agent)  # type: ignore[arg-type]
    finally:
        await agent.close()

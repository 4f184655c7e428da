"""Version 1 of the Agent Client Protocol, on the official library: a process, a session, its prompts.

Importing this module imports the library, which takes a while; :mod:`agents.drivers.acp` does it in a thread. What is
peculiar to version 1 stays here: modes, ``session/load``, a prompt whose answer ends the turn.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from acp import PROTOCOL_VERSION, RequestError
from acp.client import ClientSideConnection
from acp.interfaces import Client
from acp.schema import (
    AcceptElicitationResponse,
    AcpMcpServer,
    AllowedOutcome,
    AudioContentBlock,
    CancelElicitationResponse,
    ClientCapabilities,
    DeclineElicitationResponse,
    DeniedOutcome,
    ElicitationCapabilities,
    ElicitationFormCapabilities,
    ElicitationFormRequestMode,
    ElicitationFormSessionMode,
    EmbeddedResourceContentBlock,
    EnvVariable,
    HttpHeader,
    HttpMcpServer,
    ImageContentBlock,
    Implementation,
    InitializeResponse,
    LoadSessionResponse,
    McpServerStdio,
    NewSessionResponse,
    PermissionOption,
    PromptResponse,
    RequestPermissionResponse,
    ResourceContentBlock,
    SseMcpServer,
    TextContentBlock,
    ToolCallUpdate,
)
from pydantic import BaseModel, ValidationError

from agents.drivers.acp_lines import CHOOSE_MODEL, Lines, decoded
from agents.drivers.acp_log import AgentLog
from agents.drivers.acp_permissions import Option
from agents.drivers.endings import how_it_ended
from agents.errors import ShopfloorError
from agents.model import Struct, Usage
from agents.parts.sessions import Conversation, Setting
from agents.profiles import AcpSection, McpServer
from agents.prompts.images import Image
from agents.sandbox import Policy, Process, Runner
from agents.version import VERSION

EXIT_SECONDS = 2.0
"""How long a process may take to end by itself once its input is closed: it may be writing its session down."""
CANCEL_SECONDS = 5.0
"""How long it may take to read that it is to stop."""
_AUTH_REQUIRED = -32000

Answer = TypeVar("Answer")
_AnyServer = HttpMcpServer | SseMcpServer | AcpMcpServer | McpServerStdio
_AnyBlock = (
    TextContentBlock | ImageContentBlock | AudioContentBlock | ResourceContentBlock | EmbeddedResourceContentBlock
)
Decide = Callable[[str, Sequence[Option]], Awaitable[str]]
Fill = Callable[[str, dict[str, Any]], Awaitable[tuple[str, dict[str, Any]]]]
"""Given a tool call's id and what may be answered about it, the id of the answer; empty to cancel it."""


class AcpError(ShopfloorError):
    """The agent cannot go on."""


class Opened(Struct, kw_only=True):
    """A session that is ready for prompts."""

    session: str
    loaded: bool
    """It is the session that was asked for, with its conversation."""
    answer: dict[str, object] = {}
    """What the agent offers in it, as it was told."""
    notices: tuple[str, ...] = ()


class Ending(Struct, kw_only=True):
    """How a prompt was answered."""

    stop_reason: str
    usage: Usage | None = None
    """Tokens of this turn, where the agent tells them; the cost is not known here."""


class Peer:
    """An agent's process and the connection to it."""

    def __init__(
        self,
        name: str,
        section: AcpSection,
        process: Process,
        log: AgentLog,
        on_update: Callable[[dict[str, object]], None],
        decide: Decide,
        fill: Fill,
        path: str | None,
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._name = name
        self._section = section
        self._path = path
        self._process = process
        self._log = log
        self._draining = asyncio.create_task(log.drain(process.stderr))
        self._waiting = asyncio.create_task(process.wait())
        self._lines = Lines(process.stdout, process.stdin, on_update, log)
        self._connection = ClientSideConnection(
            cast(Client, _Client(decide, fill)), self._lines, use_unstable_protocol=True
        )
        self._greeting: InitializeResponse | None = None

    @property
    def session(self) -> str:
        """The session that is open; empty before that."""
        return self._lines.session

    @property
    def ended(self) -> bool:
        """The process is gone."""
        return self._waiting.done() or self._lines.over

    # the beginning

    async def initialize(self) -> None:
        """Greet the agent. It is offered neither our files nor our terminals: both would be outside its sandbox.

        Raises:
            AcpError: it is silent, gone, or speaks another version.
        """
        # terminal_output asks for a command's output as data instead of Markdown
        forms = ElicitationCapabilities(form=ElicitationFormCapabilities())
        capabilities = ClientCapabilities(field_meta={"terminal_output": True}, elicitation=forms)
        ours = Implementation(name="shopfloor", title="Shopfloor", version=VERSION)
        greeting = self._connection.initialize(PROTOCOL_VERSION, capabilities, ours)
        self._greeting = await self._ask(greeting, "initialize", self._section.start_seconds)
        if self._greeting.protocol_version != PROTOCOL_VERSION:
            raise AcpError(
                f"{self._name} speaks version {self._greeting.protocol_version} of the protocol, "
                f"Shopfloor speaks {PROTOCOL_VERSION}.",
                "Install a version of the agent that fits.",
            )

    async def open_session(
        self, directory: str, known: str, key_given: bool, servers: Sequence[McpServer] = ()
    ) -> Opened:
        """Load the session ``known`` if there is one and the agent can, else begin a new one.

        Args:
            key_given: the agent has a key in its environment, so that it can log in by itself if it insists.
            servers: of the Model Context Protocol, that it is told of.

        Raises:
            AcpError: it is silent, gone, wants a login or refuses.
        """
        told, notices = self._told_servers(servers)
        answer: LoadSessionResponse | NewSessionResponse | None = None
        if known:
            answer, problem = await self._load(directory, known, told)
            notices += [f"{problem} It begins a new conversation and does not know the one above."] if problem else []
        session = known
        loaded = answer is not None
        if answer is None:
            answer = begun = await self._new(directory, key_given, told)
            session = begun.session_id
        self._lines.session = session
        return Opened(session=session, loaded=loaded, answer=_plain(answer), notices=tuple(notices))

    def _told_servers(self, servers: Sequence[McpServer]) -> tuple[list[_AnyServer], list[str]]:
        """Servers in the words of the protocol, and a sentence about each that the agent cannot use."""
        capabilities = self._greeting.agent_capabilities if self._greeting else None
        can = capabilities.mcp_capabilities if capabilities else None
        told: list[_AnyServer] = []
        problems = []
        for server in servers:
            headers = [HttpHeader(name=name, value=value) for name, value in server.headers.items()]
            if server.command:
                program = shutil.which(server.command[0], path=self._path) or server.command[0]
                variables = [EnvVariable(name=name, value=value) for name, value in server.set.items()]
                told.append(
                    McpServerStdio(name=server.name, command=program, args=list(server.command[1:]), env=variables)
                )
            elif server.kind == "http" and can and can.http:
                told.append(HttpMcpServer(type="http", name=server.name, url=server.url, headers=headers))
            elif server.kind == "sse" and can and can.sse:
                told.append(SseMcpServer(type="sse", name=server.name, url=server.url, headers=headers))
            else:
                kind = server.kind.upper()
                problems.append(f"{self._name} cannot use the MCP server {server.name}: it knows none over {kind}.")
        return told, problems

    async def _load(
        self, directory: str, known: str, servers: list[_AnyServer]
    ) -> tuple[LoadSessionResponse | None, str]:
        capabilities = self._greeting.agent_capabilities if self._greeting else None
        if capabilities is None or not capabilities.load_session:
            return None, f"{self._name} cannot load a conversation."
        work = self._connection.load_session(cwd=directory, session_id=known, mcp_servers=servers)
        try:
            return await self._ask(work, "session/load", self._section.start_seconds), ""
        except AcpError as problem:
            if self.ended or isinstance(problem.__cause__, TimeoutError):
                raise
            return None, f"{self._name} could not load its conversation: {problem.message}"

    async def _new(self, directory: str, key_given: bool, servers: list[_AnyServer]) -> NewSessionResponse:
        seconds = self._section.start_seconds
        try:
            work = self._connection.new_session(cwd=directory, mcp_servers=servers)
            return await self._ask(work, "session/new", seconds)
        except AcpError as problem:
            method = self._section.authenticate
            offered = [each.id for each in (self._greeting.auth_methods or [])] if self._greeting else []
            if not _wants_login(problem) or not key_given or method not in offered:
                raise
        await self._ask(self._connection.authenticate(method_id=method), "authenticate", seconds)
        again = self._connection.new_session(cwd=directory, mcp_servers=servers)
        return await self._ask(again, "session/new", seconds)

    @property
    def takes_more(self) -> bool:
        """It takes a prompt while it is at work on another one, and reads it at the next occasion."""
        capabilities = self._greeting.agent_capabilities if self._greeting else None
        told = (capabilities.field_meta or {}) if capabilities else {}
        return any(isinstance(each, dict) and each.get("promptQueueing") is True for each in told.values())

    # what can be chosen

    async def choose(self, setting: Setting, value: str) -> dict[str, object]:
        """Set something; all configuration options as they are then, where the agent tells them.

        Raises:
            AcpError: it is gone or refuses.
        """
        seconds = self._section.start_seconds
        if setting.kind == "mode":
            work = self._connection.set_session_mode(session_id=self.session, mode_id=value)
            await self._ask(work, "session/set_mode", seconds)
            return {}
        if setting.kind == "model":
            asked = self._connection.ext_method(CHOOSE_MODEL, {"sessionId": self.session, "modelId": value})
            await self._ask(asked, CHOOSE_MODEL, seconds)
            return {}
        given: str | bool = value == "on" if setting.kind == "boolean" else value
        change = self._connection.set_config_option(config_id=setting.id, session_id=self.session, value=given)
        return _plain(await self._ask(change, "session/set_config_option", seconds))

    async def conversations(self, directory: str) -> list[Conversation]:
        """What the agent has kept about a folder.

        Raises:
            AcpError: it is gone or cannot tell.
        """
        capabilities = self._greeting.agent_capabilities if self._greeting else None
        if capabilities is None or capabilities.session_capabilities is None or (
            capabilities.session_capabilities.list is None
        ):  # fmt: skip
            raise AcpError(f"{self._name} does not list its conversations.")
        answer = await self._ask(
            self._connection.list_sessions(cwd=directory), "session/list", self._section.start_seconds
        )
        return [
            Conversation(
                id=each.session_id,
                title=each.title or "",
                at=each.updated_at or "",
                current=each.session_id == self.session,
            )
            for each in answer.sessions
        ]

    # prompts

    @property
    def sees_images(self) -> bool:
        """It takes images in prompts."""
        capabilities = self._greeting.agent_capabilities if self._greeting else None
        can = capabilities.prompt_capabilities if capabilities else None
        return bool(can and can.image)

    async def prompt(self, text: str, images: Sequence[Image] = ()) -> Ending:
        """Say something to the agent and wait until its turn is over.

        Raises:
            AcpError: it is gone, wants a login or answered with an error.
        """
        blocks: list[_AnyBlock] = [TextContentBlock(type="text", text=text)]
        for image in images:
            data = base64.b64encode(image.data).decode()
            blocks.append(ImageContentBlock(type="image", mime_type=image.kind, data=data, uri=image.path))
        work = self._connection.prompt(session_id=self.session, prompt=blocks)
        answer = await self._ask(work, "the prompt", None)
        return Ending(stop_reason=answer.stop_reason, usage=_usage(answer))

    async def cancel(self) -> None:
        """Ask the agent to end its turn.

        Raises:
            AcpError: it is gone or does not read any more.
        """
        await self._ask(self._connection.cancel(session_id=self.session), "session/cancel", CANCEL_SECONDS)

    async def _ask(self, work: Awaitable[Answer], what: str, seconds: float | None) -> Answer:
        """Wait for the library; whatever goes wrong becomes a sentence."""
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError as error:
            text = f"{self._name} did not answer {what} within {seconds:g} seconds."
            raise AcpError(self._with_words(text), self._log_hint()) from error
        except RequestError as error:
            login = error.code == _AUTH_REQUIRED
            raise AcpError(
                f"{self._name} {'wants a login' if login else f'answered {what} with an error'}: {_reason(error)}",
                self._section.login if login else self._log_hint(),
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            wrong = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
            raise AcpError(f"{self._name} answered {what} with something else: {wrong}.", self._log_hint()) from error
        except (ConnectionError, OSError) as error:
            raise AcpError(await self._gone(what), self._log_hint()) from error

    async def _gone(self, what: str) -> str:
        """Why there is no connection any more."""
        if self._lines.fault:
            return f"{self._name} {self._lines.fault}"
        await asyncio.wait((self._waiting, self._draining), timeout=EXIT_SECONDS)
        ended = how_it_ended(self._waiting.result()) if self._waiting.done() else "ended"
        return self._with_words(f"{self._name} {ended}, before it had answered {what}.")

    def _with_words(self, sentence: str) -> str:
        return f"{sentence} {self._log.last_words()}".rstrip()

    def _log_hint(self) -> str:
        return f"What it printed is in {self._log.path}."

    # the end

    async def close(self, *, now: bool = False) -> None:
        """End the process: by closing its input and waiting a moment, or ``now``."""
        try:
            await self._connection.close()
            if not now:
                await asyncio.wait((self._waiting,), timeout=EXIT_SECONDS)
        finally:
            self._process.kill()
        await asyncio.wait((self._waiting,))
        await asyncio.wait((self._draining,), timeout=EXIT_SECONDS)
        self._draining.cancel()
        self._log.close()


async def start(
    name: str,
    section: AcpSection,
    runner: Runner,
    policy: Policy,
    log: Path,
    on_update: Callable[[dict[str, object]], None],
    decide: Decide,
    fill: Fill,
) -> Peer:
    """Start an agent's process, confined.

    Args:
        policy: with the agent's whole environment.
        decide: answers what the agent asks permission for.
        fill: fills in what it asks in a form: ``accept`` with the values, ``decline`` or ``cancel``.
        log: where its stderr goes.

    Raises:
        SandboxError: it could not be started.
        AcpError: the log cannot be written.
    """
    try:
        kept = AgentLog(log)
    except OSError as error:
        raise AcpError(f"The agent's log {log} cannot be written: {error.strerror or error}.") from error
    starting = asyncio.create_task(
        runner.start(section.command, policy, stdin="pipe", stdout="pipe", stderr="pipe")
    )  # fmt: skip
    try:
        # a start that is cut half-way leaves processes behind that nobody knows
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        process = await starting
        process.kill()
        await process.wait()
        kept.close()
        raise
    except ShopfloorError:
        kept.close()
        raise
    return Peer(name, section, process, kept, on_update, decide, fill, policy.environment.get("PATH"))


class _Client:
    """The client as the library sees it: it can be asked for permission and for nothing else."""

    def __init__(self, decide: Decide, fill: Fill) -> None:
        self._decide = decide
        self._fill = fill

    async def request_permission(
        self, options: list[PermissionOption], session_id: str, tool_call: ToolCallUpdate, **more: Any
    ) -> RequestPermissionResponse:
        """See the protocol."""
        offered = [Option(option.option_id, option.name, option.kind) for option in options]
        chosen = await self._decide(tool_call.tool_call_id, offered)
        if not chosen:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=chosen))

    async def create_terminal(self, **asked: Any) -> None:
        """See the protocol. It was not offered, and the library would answer with nothing instead of an error."""
        raise RequestError.method_not_found("terminal")

    terminal_output = wait_for_terminal_exit = kill_terminal = release_terminal = create_terminal

    async def create_elicitation(
        self,
        message: str,
        mode: ElicitationFormSessionMode | ElicitationFormRequestMode | BaseModel,
        **more: Any,
    ) -> BaseModel:
        """See the protocol: the person fills in a form. What is to be opened in a browser is declined."""
        if not isinstance(mode, ElicitationFormSessionMode | ElicitationFormRequestMode):
            return DeclineElicitationResponse(action="decline")
        action, values = await self._fill(message, _plain(mode.requested_schema))
        if action == "accept":
            return AcceptElicitationResponse(action="accept", content=values)
        if action == "decline":
            return DeclineElicitationResponse(action="decline")
        return CancelElicitationResponse(action="cancel")


def _plain(answer: BaseModel) -> dict[str, object]:
    """An answer in the words of the protocol."""
    return answer.model_dump(by_alias=True, exclude_none=True, mode="json")


def _usage(answer: PromptResponse) -> Usage | None:
    """Tokens of a turn: in the protocol's own field, or where gemini-cli and its kin tell them."""
    told = answer.usage
    if told is not None:
        return Usage(
            input_tokens=told.input_tokens,
            output_tokens=told.output_tokens,
            cache_read_tokens=told.cached_read_tokens or 0,
            cache_write_tokens=told.cached_write_tokens or 0,
            cost_usd=None,
        )
    quota = (answer.field_meta or {}).get("quota")
    counted = quota.get("token_count") if isinstance(quota, dict) else None
    if not isinstance(counted, dict):
        return None
    sent, received = counted.get("input_tokens"), counted.get("output_tokens")
    if not (isinstance(sent, int) and isinstance(received, int)) or min(sent, received) < 0:
        return None
    return Usage(input_tokens=sent, output_tokens=received, cost_usd=None)


def _wants_login(problem: AcpError) -> bool:
    return isinstance(problem.__cause__, RequestError) and problem.__cause__.code == _AUTH_REQUIRED


def _reason(error: RequestError) -> str:
    """The words of an error answer, with the details that are in its data."""
    data = error.data
    details = data.get("details") or data.get("message") if isinstance(data, dict) else data
    said = decoded(str(error).encode()) or {}
    inner = said.get("error")
    # some hand on the whole answer of their model's server
    words = inner.get("message") if isinstance(inner, dict) else None
    text = " ".join(f"{words or error}{f' ({details})' if details else ''}".split())
    return f"{text[:500].rstrip('.')}."

"""Profiles: TOML files that say how to start and talk to an agent.

Shipped ones lie in ``profiles/``, the person's own in ``profiles/`` of the configuration folder; of two with the same
id (the file's name without ``.toml``) the person's wins. Adding an agent is adding a file.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agents import paths
from agents.errors import NotFound, UsageError
from agents.model import Struct
from agents.project_file import read_project_file
from agents.terminal.rules import TerminalSection, problems_of
from agents.toml_file import read_toml


class NativeSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[native]``: our own agent."""

    provider: Literal["anthropic", "openai", "openai-chat", "offline"]
    """Which wire format; ``offline`` plays a scenario through one of them."""
    model: str = ""
    base_url: str = ""
    """Empty: the SDK's own variable (ANTHROPIC_BASE_URL, OPENAI_BASE_URL), then its default."""
    api_key_env: str = ""
    """Environment variable that holds the key; empty: ANTHROPIC_API_KEY or OPENAI_API_KEY."""
    needs_key: bool = True
    """False for servers that want none (Ollama and the like)."""
    context_window: int = 200_000
    """Tokens."""
    max_output: int = 16_000
    """Tokens of one answer."""
    thinking: Literal["off", "low", "medium", "high"] = "off"
    max_steps: int = 200
    """Requests in one turn; then the task is blocked and can be resumed."""
    max_minutes: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Wall time of one turn, in minutes; then the task is blocked and can be resumed. 0: no limit."""
    max_cost_usd: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """US dollars of one turn, as far as the prices are known; then the task is blocked and can be resumed.
    0: no limit."""
    images: bool | None = None
    """The model sees the images that prompts name. None: it does, but for those of ``openai-chat`` servers."""
    scenario: str = ""
    """For ``offline``: name of a file in profiles/offline/."""
    wire: Literal["anthropic", "openai", "openai-chat"] = "anthropic"
    """For ``offline``: the wire format to play through."""

    @property
    def shows_images(self) -> bool:
        """Images go along with the prompts that name them."""
        wire = self.wire if self.provider == "offline" else self.provider
        return wire != "openai-chat" if self.images is None else self.images


class AcpSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[acp]``: a program that speaks the Agent Client Protocol on its standard streams."""

    command: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    mode: str = ""
    """Set when a session begins: a mode of the agent, or a value of its configuration option for modes. Empty: its
    own default."""
    options: dict[str, str] = {}
    """What else is set when a session begins: values by the ids or categories of the agent's configuration options."""
    permissions: Literal["allow", "reject", "ask"] = "allow"
    """How its questions for permission are answered, each for once: ``allow`` because the sandbox is the wall;
    ``ask`` leaves the answer to the person, and the turn waits for it."""
    environment: tuple[str, ...] = ()
    """Variables it is given besides the sandbox's, by name: the key for its model. Its commands see them too."""
    set: dict[str, str] = {}
    """Variables with a value of ours; ``${folder}`` stands for the folder of ``files``."""
    files: dict[str, str] = {}
    """Files written before it starts, by their names in ``${folder}``: settings that a variable tells it of."""
    authenticate: str = ""
    """The login method to choose when the agent asks for one and a variable of ``environment`` is there."""
    login: str = ""
    """How a person logs in, one sentence."""
    cost_since: Literal["session", "start"] = "session"
    """From when the cost it tells is summed up: the whole session, or the start of its process."""
    start_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    """How long it may take to answer ``initialize``, and again to open a session."""
    stop_seconds: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    """How long it may take to end its turn when it is told to; then its process is ended."""
    restart_after_stop: bool = False
    """Its process is ended with every turn that is stopped, and its conversation is loaded from what it has kept: in
    memory it does not know what became of a tool call that was cut."""


class McpServer(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[[mcp]]``: a server of the Model Context Protocol that the agent is told of."""

    name: str
    command: tuple[str, ...] = ()
    """Started by the agent, in its sandbox; empty: it is at ``url``."""
    url: str = ""
    kind: Literal["http", "sse"] = "http"
    """How the server at ``url`` is spoken to."""
    environment: tuple[str, ...] = ()
    """Variables that the command is given, by name."""
    set: dict[str, str] = {}
    """Variables with a value of ours."""
    headers: dict[str, str] = {}
    """For ``url``."""


class EndpointSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[endpoint]``: the server of the agent's model, so that an agent whose network is off still reaches it, and
    nothing else. Also used with the network on when the key is held outside."""

    url: str
    """``https://…``, or ``http://127.0.0.1…`` for a server on this machine."""
    url_env: str = ""
    """A variable of the person's that says another one."""
    set: dict[str, str] = {}
    """What the agent is told: variables, in which ``{url}`` stands for the address it is to use instead, and
    ``{temp}`` for its private temporary folder."""
    files: dict[str, str] = {}
    """The same for agents that read it from files: texts by paths below ``{temp}``."""
    key: Literal["inside", "outside"] = "inside"
    """``outside``: the agent has a key that is good for nothing, and the real one is put into its requests on the way.
    ``inside``: the agent has the key of ``environment``, as ever."""
    key_env: str = ""
    """The variable with the key, for ``outside``."""
    header: str = "authorization"
    """How the server wants it: ``authorization`` (as a Bearer), ``x-api-key``, ``x-goog-api-key``…"""


class SandboxSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[sandbox]``."""

    mode: Literal["auto", "none"] = "auto"
    """``none``: the person's explicit choice to run unconfined; the pane says so all the time."""
    network: Literal["on", "off"] = "on"
    write: tuple[str, ...] = ()
    """Beyond worktree, temp and cache; ``~`` is the person's home."""
    protect: tuple[str, ...] = ()
    """Inside those and the worktree, kept read-only: paths, or patterns with ``*``, ``?`` and ``**``."""
    max_processes: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Processes and threads at once; 0: 4096, which is more than a build needs and less than a fork bomb."""
    max_memory_mb: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Megabytes of data that each of its processes may have; 0: as much as there is. Sanitizers need it to be 0."""


class Prices(Struct, kw_only=True, forbid_unknown_fields=True):
    """``[prices]``: USD per million tokens."""

    input: float
    output: float
    cache_read: float = 0.0
    cache_write: float = 0.0


class Profile(Struct, kw_only=True, forbid_unknown_fields=True):
    """One profile file."""

    name: str
    driver: Literal["native", "acp", "terminal"] = "native"
    description: str = ""
    native: NativeSection | None = None
    acp: AcpSection | None = None
    terminal: TerminalSection | None = None
    sandbox: SandboxSection = SandboxSection()
    endpoint: EndpointSection | None = None
    mcp: tuple[McpServer, ...] = ()
    """For agents that speak the Agent Client Protocol; others have files of their own for this."""
    workspace: Literal["", "worktree", "clone"] = ""
    """Where its files live: a worktree of the repository, or a shared clone, whose agent sees the repository itself
    wholly read-only. Empty: what the project file says, else a worktree."""
    prices: Prices | None = None
    needs: tuple[str, ...] = ()
    """Programs that must be on PATH, besides that of ``[acp]`` or ``[terminal]``."""
    version: tuple[str, ...] = ()
    """The program whose version is told, and what it is asked with; empty: that of the command, with ``--version``."""
    login_files: tuple[str, ...] = ()
    """Files one of which is there when the agent has logged in; they are not read. ``file#entry``: a file of JSON or
    YAML that holds other things too, in which that entry is not empty then."""
    first_run: str = ""
    """What the program asks or does when it runs for the first time, one sentence."""
    install: str = ""
    """How to get them: one sentence, shown when one is missing."""


class LoadedProfile(Struct, kw_only=True):
    """A profile and where it comes from."""

    id: str
    profile: Profile
    """Only a name when the file has a problem."""
    source: str
    """The file."""
    problem: str = ""
    """Why the file cannot be used, in words."""


_KEY_VARIABLES = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "openai-chat": "OPENAI_API_KEY"}
_SDK_VARIABLES = ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")


def load_profiles(project: Path | None = None) -> list[LoadedProfile]:
    """All profiles by their ids, the default of ``project`` (its main checkout) first if it names one.

    A file that cannot be used is in the list too, with its problem: one broken file hides no other.

    Raises:
        UsageError: the project file of ``project`` cannot be understood.
    """
    profiles = [_load(path) for path in _files().values()]
    preferred = read_project_file(project).defaults.profile if project is not None else ""
    return sorted(profiles, key=lambda loaded: (loaded.id != preferred, loaded.id))


def load_profile(name: str) -> LoadedProfile:
    """One profile by its id.

    Raises:
        NotFound: there is none.
        UsageError: its file cannot be used; names file, line and what was expected.
    """
    files = _files()
    if name not in files:
        raise NotFound(f"There is no profile “{name}”.", f"Profiles: {', '.join(sorted(files))}.")
    return LoadedProfile(id=name, profile=_read(files[name]), source=str(files[name]))


def key_variable(native: NativeSection) -> str:
    """The environment variable that holds the key of a profile; empty when it wants none."""
    if not native.needs_key and not native.api_key_env:
        return ""
    return native.api_key_env or _KEY_VARIABLES.get(native.provider, "")


def is_secret(variable: str) -> bool:
    """Whether a variable of this name holds something that lets somebody in."""
    return any(word in variable.upper() for word in ("KEY", "TOKEN", "SECRET", "PASSWORD"))


def model_variables() -> list[str]:
    """Every variable a profile may ask for: keys, and what the SDKs read themselves."""
    profiles = load_profiles()
    sections = [loaded.profile.native for loaded in profiles]
    keys = {key_variable(native) for native in sections if native is not None}
    for profile in (loaded.profile for loaded in profiles):
        keys |= {name for section in (profile.acp, profile.terminal) if section for name in section.environment}
        keys |= {name for server in profile.mcp for name in server.environment}
        if profile.endpoint is not None:
            keys |= {profile.endpoint.key_env, profile.endpoint.url_env}
    return sorted({*keys, *_KEY_VARIABLES.values(), *_SDK_VARIABLES} - {""})


def _files() -> dict[str, Path]:
    folders = (paths.shipped_profiles(), paths.config_dir() / "profiles")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def _load(path: Path) -> LoadedProfile:
    try:
        return LoadedProfile(id=path.stem, profile=_read(path), source=str(path))
    except UsageError as error:
        return LoadedProfile(id=path.stem, profile=Profile(name=path.stem), source=str(path), problem=error.message)


def _read(path: Path) -> Profile:
    try:
        profile = read_toml(path, Profile)
    except FileNotFoundError as error:
        raise UsageError(f"The profile {path} is gone.") from error
    if profile.driver == "native" and profile.native is None:
        raise UsageError(f"{path}: `native` is missing.", 'A profile with driver = "native" needs a [native] table.')
    if profile.driver == "acp" and profile.acp is None:
        raise UsageError(f"{path}: `acp` is missing.", 'A profile with driver = "acp" needs an [acp] table.')
    if profile.driver == "terminal" and profile.terminal is None:
        raise UsageError(
            f"{path}: `terminal` is missing.", 'A profile with driver = "terminal" needs a [terminal] table.'
        )
    for problem in problems_of(profile.terminal) if profile.terminal else ():
        raise UsageError(f"{path}: {problem}", "Write it as Python's re module takes it.")
    for server in profile.mcp:
        if bool(server.command) == bool(server.url):
            raise UsageError(f"{path}: the MCP server {server.name} needs a command or a url.", "Give one of them.")
    endpoint = profile.endpoint
    if endpoint is not None and endpoint.key == "outside" and not endpoint.key_env:
        raise UsageError(f"{path}: `endpoint.key_env` is missing.", 'With key = "outside" it says where the key is.')
    return profile


def missing_program(profile: Profile, path: str | None) -> str:
    """The first program a profile needs that is not on ``path`` (as in PATH): a sentence with how to get it, or ''."""
    section = profile.acp if profile.driver == "acp" else profile.terminal
    programs = (*profile.needs, *(section.command[:1] if section else ()))
    for program in programs:
        if shutil.which(program, path=path) is None:
            where = "there, or cannot be run" if "/" in program else "on PATH"
            return f"The program {program} is not {where}. {profile.install}".rstrip()
    return ""


def missing_of(profile: Profile, environment: Mapping[str, str]) -> str:
    """What keeps a profile's agent from starting: a program or a key that is not there, as a sentence; or ''."""
    program = missing_program(profile, environment.get("PATH"))
    if program:
        return program
    native = profile.native
    if native is not None and native.needs_key:
        variable = key_variable(native)
        if variable and not environment.get(variable):
            return f"The variable {variable} with the key is not set."
    return ""

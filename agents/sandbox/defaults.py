"""What an agent may touch unless somebody says otherwise. The one place that decides it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agents import paths
from agents.errors import SandboxError
from agents.profiles import SandboxSection
from agents.sandbox.policy import Bind, Policy

_SECRETS = (
    # keys and passwords
    ".ssh", ".gnupg", ".password-store", ".local/share/keyrings", ".local/share/kwalletd", ".1password", ".config/op",
    ".config/Bitwarden CLI", ".vault-token", ".Xauthority", ".ICEauthority", ".config/sops", ".config/age",
    # clouds and clusters
    ".aws", ".azure", ".config/gcloud", ".kube", ".oci", ".boto", ".s3cfg", ".config/rclone", ".config/doctl", ".fly",
    ".terraform.d/credentials.tfrc.json", ".terraformrc", ".databrickscfg", ".config/heroku", ".config/hcloud",
    # containers: logins and sockets that are as good as root
    ".docker/config.json", ".docker/run", ".docker/desktop", ".config/containers/auth.json", ".colima", ".lima",
    ".orbstack/run", ".rd",
    # code hosts, package registries, databases
    ".netrc", "_netrc", ".git-credentials", ".config/git/credentials", ".cache/git/credential", ".config/gh",
    ".config/glab-cli", ".config/hub", ".npmrc", ".yarnrc.yml", ".pypirc", ".config/pypoetry/auth.toml",
    ".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials", ".m2/settings.xml", ".pgpass", ".my.cnf",
    ".huggingface/token", ".cache/huggingface/token",
    # what was typed, and programs that run what they are sent by whoever knows a word in these files
    ".bash_history", ".zsh_history", ".local/share/fish/fish_history", ".python_history", ".psql_history",
    ".mysql_history", ".local/share/jupyter/runtime", ".emacs.d/server", ".config/emacs/server",
    # browsers and mail
    ".mozilla", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware", ".config/microsoft-edge",
    ".config/vivaldi", ".config/opera", ".librewolf", ".zen", ".thunderbird", ".var/app",
    "snap/firefox", "snap/chromium",
    "Library/Keychains", "Library/Cookies", "Library/Safari", "Library/Mail", "Library/Messages",
    "Library/Application Support/Google/Chrome", "Library/Application Support/Firefox",
    "Library/Application Support/BraveSoftware", "Library/Application Support/Arc",
)  # fmt: skip
"""Below the home folder: what a person would not show, and the sockets that would act for them."""

_LOGINS = (
    ".claude/.credentials.json", ".codex/auth.json", ".gemini/oauth_creds.json", ".gemini/google_accounts.json",
    ".qwen/oauth_creds.json", ".local/share/opencode/auth.json", ".local/share/amp/secrets.json", ".pi/agent/auth.json",
    ".cursor/auth.json", ".config/cursor/auth.json", ".copilot/config.json", ".config/github-copilot",
    ".config/goose/secrets.yaml", ".aider/oauth-keys.env", ".aider.conf.yml",
)  # fmt: skip
"""Below the home folder: where agents keep their logins. Each may have its own, and no other's."""

_MAX_PROCESSES = 4096
_READER_MEMORY_MB = 2048
"""A worktree can be made so that git fills all memory there is."""
_MATCHES_LIMIT = 500
"""Each is a mount of its own."""
_INHERITED = ("PATH", "HOME", "LANG", "LANGUAGE", "TERM", "COLORTERM", "SHELL", "USER", "LOGNAME", "TZ")
_CERTIFICATES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
)
"""Files that say whom to trust; without them nothing can be downloaded in some networks."""
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

_CACHES = {
    "XDG_CACHE_HOME": "",
    "PIP_CACHE_DIR": "pip",
    "UV_CACHE_DIR": "uv",
    "PRE_COMMIT_HOME": "pre-commit",
    "npm_config_cache": "npm",
    "npm_config_store_dir": "pnpm",
    "YARN_CACHE_FOLDER": "yarn",
    "BUN_INSTALL_CACHE_DIR": "bun",
    "DENO_DIR": "deno",
    "COREPACK_HOME": "corepack",
    "GOCACHE": "go-build",
    "GOMODCACHE": "go-mod",
    "CARGO_HOME": "cargo",
    "GRADLE_USER_HOME": "gradle",
    "COMPOSER_CACHE_DIR": "composer",
    "NUGET_PACKAGES": "nuget",
}
"""The person's own caches hold code that the person runs later, so agents fill caches of their own."""


def agent_policy(
    worktree: Path,
    *,
    temp: Path,
    cache: Path,
    profile: SandboxSection | None,
    repository: Path | None,
    login: Iterable[str] = (),
    read: Iterable[Path] = (),
    write: Iterable[Path] = (),
    protect: Iterable[Path] = (),
    binds: Iterable[Bind] = (),
    extra_environment: Mapping[str, str] | None = None,
) -> Policy:
    """What an agent and its commands may touch: its worktree, a private temp folder and a private cache, nothing else.

    ``repository`` stays readable; ``write`` and ``protect`` are what the workspace adds (private git folders), the
    profile adds its own. A path of the profile that begins with ``~`` lies in the person's home, a relative one in
    the worktree. What it protects may be a pattern, for what is there when a command starts. The logins of agents are
    hidden but for the profile's own: what it may write, and ``login``, as in ``Profile.login_files``.

    Raises:
        SandboxError: a pattern matches too much.
    """
    section = profile or SandboxSection()
    granted = [_of_profile(path, worktree) for path in section.write]
    own = [*granted, *(Path(place.partition("#")[0]).expanduser() for place in login)]
    return Policy(
        directory=str(worktree),
        write=_texts((worktree, cache, *write, *granted)),
        read=_texts((*_own_code(), *((repository,) if repository else ()), *read)),
        binds=tuple(binds),
        protect=_texts((*protect, *(place for text in section.protect for place in _matching(text, worktree)))),
        hide=hidden_places(own),
        temp=str(temp),
        network=section.network == "on",
        max_processes=section.max_processes or _MAX_PROCESSES,
        max_memory_mb=section.max_memory_mb,
        environment=base_environment() | _cache_environment(cache) | dict(extra_environment or {}),
    )


def reader_policy(
    worktree: Path,
    *,
    temp: Path,
    repository: Path | None = None,
    read: Iterable[Path] = (),
    write: Iterable[Path] = (),
    protect: Iterable[Path] = (),
    binds: Iterable[Bind] = (),
    extra_environment: Mapping[str, str] | None = None,
) -> Policy:
    """For looking at a worktree that an agent may have prepared: nothing writable but ``write``, no network."""
    return Policy(
        directory=str(worktree),
        write=_texts(write),
        read=_texts((*_own_code(), worktree, *((repository,) if repository else ()), *read)),
        binds=tuple(binds),
        protect=_texts(protect),
        hide=hidden_places(),
        temp=str(temp),
        network=False,
        max_memory_mb=_READER_MEMORY_MB,
        environment=base_environment() | dict(extra_environment or {}),
    )


def hidden_places(shown: Iterable[Path] = ()) -> tuple[str, ...]:
    """Secrets of the person, and what Shopfloor itself keeps (tasks, keys, the socket). Not all need exist.

    Args:
        shown: what may be seen of the logins of agents.
    """
    own = (paths.state_dir(), paths.runtime_dir(), paths.config_dir())
    home = Path.home()
    opened = tuple(shown)
    logins = map(Path, _below(str(home), _LOGINS))
    hidden = (login for login in logins if not any(login.is_relative_to(place) for place in opened))
    return (*_below(str(home), _SECRETS), *_texts((*hidden, *own)))


@functools.cache
def _below(home: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{home.rstrip('/')}/{name}" for name in names)


def base_environment() -> dict[str, str]:
    """The variables of ours that say how this machine is set up, and none that lets anybody in."""
    kept = {name: os.environ[name] for name in (*_INHERITED, *_CERTIFICATES) if os.environ.get(name)}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("LC_")}
    kept |= {name: os.environ[name] for name in _PROXIES if os.environ.get(name) and "@" not in os.environ[name]}
    kept["PATH"] = ":".join(part for part in kept.get("PATH", os.defpath).split(":") if part.startswith("/"))
    return kept


def _cache_environment(cache: Path) -> dict[str, str]:
    """UV_LINK_MODE: files hard-linked out of a store would be changed in the store too."""
    return {name: str(cache / folder) for name, folder in _CACHES.items()} | {"UV_LINK_MODE": "copy"}


def _own_code() -> tuple[Path, ...]:
    """The interpreter, its libraries and our packages: what a tool host needs to start."""
    return (Path(sys.base_prefix), Path(sys.prefix), Path(paths.__file__).parent.parent)


def _of_profile(path: str, worktree: Path) -> Path:
    return worktree / Path(path).expanduser()


def _matching(pattern: str, worktree: Path) -> Iterator[Path]:
    """The places a pattern means: itself when it has no wildcards."""
    path = _of_profile(pattern, worktree)
    wild = next((place for place, part in enumerate(path.parts) if set(part) & set("*?[")), None)
    if wild is None:
        yield path
        return
    for number, found in enumerate(Path(*path.parts[:wild]).glob(str(Path(*path.parts[wild:])))):
        if number == _MATCHES_LIMIT:
            raise SandboxError(
                f"The profile protects {pattern}, which is more than {_MATCHES_LIMIT} files.", "Name their folder."
            )
        yield found


def _texts(found: Iterable[Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(path) for path in found))

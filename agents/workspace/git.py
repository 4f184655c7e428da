"""Running git: the only module of the project that does.

Two ways, and no third:

* :func:`git` on the host, on a main repository only, through GitPython's command wrapper. Git dir, common dir and work
  tree are pinned, the environment is built from nothing, and everything that could run a program of somebody else's
  choosing (hooks, fsmonitor, external diff, textconv, pager, editor, signing, ssh) is off.
* :func:`confined` for whatever has to look at a worktree or at an agent's private git folder: read-only, without
  network, in the sandbox. ``-c`` flags alone would not do there: a clean filter, a submodule, a re-pointed ``.git``
  each runs code in spite of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from agents import paths
from agents.errors import GitError
from agents.model import Struct
from agents.sandbox import Policy, Process, Runner

if TYPE_CHECKING:
    import git as gitpython

OLDEST = (2, 31)
"""``rev-parse --path-format`` came with it."""
TIMEOUT_SECONDS = 600.0
OUTPUT_LIMIT_BYTES = 256 * 1024 * 1024
"""More output than this is nothing a person reviews; it would only eat the engine's memory."""

MEMORY_LIMIT_BYTES = 2 * 1024 * 1024 * 1024
"""Of each git on the host: a few hundred bytes of trees can name a billion files, and content can shrink a
thousandfold. A repository of a million files takes a tenth of it."""

_PINNED_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.attributesFile=/dev/null",
    "core.editor=true",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.quotePath=true",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=all",
    "safe.bareRepository=explicit",
    "advice.detachedHead=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_CONFINED_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.safecrlf=false",
    "core.looseCompression=1",
    "i18n.commitEncoding=UTF-8",
    "submodule.recurse=false",
    "advice.addEmbeddedRepo=false",
    "gc.auto=0",
    "maintenance.auto=false",
    # Git LFS would write to the repository and ask the network; pointer files stay pointer files instead.
    "filter.lfs.clean=",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
)


class Repository(Struct, kw_only=True):
    """A main repository, by the two paths recorded when it was opened."""

    repository: str
    """The main checkout."""
    git_dir: str
    """Its git folder, the common dir of all its worktrees."""


class Result(Struct):
    """What a finished process left."""

    status: int
    out: bytes
    err: bytes

    @property
    def complaint(self) -> str:
        """The last thing git said, without its ``fatal:``; made printable."""
        lines = [line for line in self.err.decode("utf-8", "backslashreplace").split("\n") if line.strip()]
        text = lines[-1] if lines else f"exit status {self.status}"
        text = re.sub(r"^(fatal|error): ", "", text)
        return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


async def git(
    repository: Repository,
    *arguments: str,
    stdin: bytes | BinaryIO = b"",
    environment: Mapping[str, str] | None = None,
    limit_bytes: int = OUTPUT_LIMIT_BYTES,
    accept: tuple[int, ...] = (0,),
) -> Result:
    """Run git on a main repository, off the event loop.

    Args:
        arguments: the git command and its arguments.
        stdin: bytes, or an open file.
        environment: variables on top of the pinned ones.
        limit_bytes: of output; more is an error.
        accept: exit statuses that are not errors.

    Raises:
        GitError: git is missing, too old, took too long, said too much, or refused; with what it said.
    """
    result = await asyncio.to_thread(_run, repository, arguments, stdin, environment or {}, limit_bytes)
    if result.status not in accept:
        hint = await asyncio.to_thread(_why_not_written, repository.git_dir)
        raise GitError(f"git {arguments[0]} failed in {repository.repository}: {result.complaint}.", hint)
    return result


async def discover(folder: Path, *arguments: str) -> Result:
    """Run git where a person stands, before it is known which repository that is. Never below the worktrees folder.

    Raises:
        GitError: git is missing, too old or took too long. A refusal is in the result.
    """
    return await asyncio.to_thread(_discover, folder, arguments)


async def confined(
    runner: Runner,
    argv: Sequence[str],
    policy: Policy,
    *,
    timeout_seconds: float = 120.0,
    limit_bytes: int = 4 * 1024 * 1024,
) -> Result:
    """Run a command that runs git, confined; what it prints is untrusted.

    Raises:
        GitError: it took too long or printed too much.
        SandboxError: it could not be confined.
    """
    process = await runner.start(argv, policy)
    try:
        async with asyncio.timeout(timeout_seconds):
            out, err = await asyncio.gather(
                _read(process, "stdout", limit_bytes), _read(process, "stderr", limit_bytes)
            )
            return Result(await process.wait(), out, err)
    except TimeoutError:
        raise GitError(
            f"Reading the worktree {policy.directory} took more than {timeout_seconds:.0f} seconds.",
            "Large files that git should not see belong in .gitignore.",
        ) from None
    finally:
        process.kill()


def confined_environment(git_dir: str, **variables: str) -> dict[str, str]:
    """All of the environment of a confined git, which works on ``git_dir`` whatever a worktree's ``.git`` says."""
    count = {"GIT_CONFIG_COUNT": str(len(_CONFINED_CONFIG))}
    for index, setting in enumerate(_CONFINED_CONFIG):
        key, _, value = setting.partition("=")
        count[f"GIT_CONFIG_KEY_{index}"], count[f"GIT_CONFIG_VALUE_{index}"] = key, value
    return _base_environment() | count | {"GIT_DIR": git_dir, "GIT_COMMON_DIR": git_dir} | variables


def person_config() -> tuple[str, ...]:
    """Files of the person's own git configuration that exist: identity, ignored names, filters. No credentials."""
    home = Path(os.environ.get("HOME", "/"))
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    files = (home / ".gitconfig", folder / "config", folder / "ignore", folder / "attributes")
    return tuple(str(file) for file in files if file.exists())


def _why_not_written(git_dir: str) -> str:
    """What a person can do about a repository that git cannot write; empty when it can."""
    with contextlib.suppress(OSError):
        if paths.is_full(Path(git_dir)):
            return f"The disk with {git_dir} is full: make room, and try again."
        if not os.access(git_dir, os.W_OK):
            return f"{git_dir} cannot be written: make it writable, and try again."
    return ""


@functools.cache
def _program(search_path: str) -> str:
    """The git to run, checked once per search path."""
    program = shutil.which("git", path=search_path)
    if program is None:
        raise GitError("Git is not installed.", f"Install git {OLDEST[0]}.{OLDEST[1]} or newer.")
    printed = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", printed)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        raise GitError(
            f"Git is too old: {program} is {printed.strip() or 'of an unknown version'}.",
            f"Install git {OLDEST[0]}.{OLDEST[1]} or newer.",
        )
    return program


def git_version() -> str:
    """The git that is used, by its number and place.

    Raises:
        GitError: it is missing or too old.
    """
    program = _program(os.environ.get("PATH", os.defpath))
    printed = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    return f"{printed.removeprefix('git version').strip()} ({program})"


def _base_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME") if name in os.environ}
    return kept | {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
        "GIT_PAGER": "cat",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


def _command(environment: Mapping[str, str], arguments: Sequence[str]) -> list[str]:
    """The whole command line. GitPython adds to this process's environment; ``env -i`` takes that away again, keys
    and ``GIT_*`` variables included."""
    program = _program(os.environ.get("PATH", os.defpath))
    variables = [f"{name}={value}" for name, value in environment.items()]
    settings = [part for setting in _PINNED_CONFIG for part in ("-c", setting)]
    return ["/usr/bin/env", "-i", *variables, program, "--no-pager", "--no-optional-locks", *settings, *arguments]


def _run(
    repository: Repository,
    arguments: Sequence[str],
    stdin: bytes | BinaryIO,
    environment: Mapping[str, str],
    limit_bytes: int,
) -> Result:
    pinned = {
        "GIT_DIR": repository.git_dir,
        "GIT_COMMON_DIR": repository.git_dir,
        "GIT_WORK_TREE": repository.repository,
    }
    command = _command(_base_environment() | pinned | dict(environment), arguments)
    return _finish(_wrapper(repository.git_dir), command, stdin, limit_bytes)


def _discover(folder: Path, arguments: Sequence[str]) -> Result:
    command = _command(_base_environment(), arguments)
    from git import Git  # by the package: two threads that enter it by different modules can break each other's import

    return _finish(Git(str(folder)), command, b"", 1024 * 1024)


@functools.lru_cache(maxsize=64)
def _wrapper(git_dir: str) -> gitpython.Git:
    """GitPython's command wrapper on a main repository. Imported here: it costs 100 ms that no screen needs."""
    _program(os.environ.get("PATH", os.defpath))
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        return Repo(git_dir, expand_vars=False).git
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise GitError(f"The repository {git_dir} is not there any more.", "Was it moved or deleted?") from error


def _finish(wrapper: gitpython.Git, command: list[str], stdin: bytes | BinaryIO, limit_bytes: int) -> Result:
    with tempfile.TemporaryFile() as spool:
        if isinstance(stdin, bytes):
            spool.write(stdin)
            spool.seek(0)
        source = cast("BinaryIO", spool) if isinstance(stdin, bytes) else stdin
        running = wrapper.execute(command, istream=source, as_process=True, start_new_session=True)
        process = running.proc
        assert process is not None
        try:
            _bound(process.pid)
            out, err = _collect(process, limit_bytes)
            return Result(process.wait(), out, err)
        finally:
            _end(process)


def _collect(process: subprocess.Popen[bytes], limit_bytes: int) -> tuple[bytes, bytes]:
    """Both outputs, read side by side so that neither can fill up and block."""
    assert process.stdout is not None
    assert process.stderr is not None
    streams = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with selectors.DefaultSelector() as selector:
        for descriptor in streams:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise GitError(f"Git took more than {TIMEOUT_SECONDS:.0f} seconds and was ended.")
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 20)
                streams[key.fd] += chunk
                if not chunk:
                    selector.unregister(key.fd)
                if len(streams[key.fd]) > limit_bytes:
                    raise _too_much(limit_bytes)
    out, err = streams.values()
    return bytes(out), bytes(err)


def _bound(process: int) -> None:
    """Limit the memory of a process that has just started, where the system can do that from outside."""
    if sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process, resource.RLIMIT_DATA, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running behind: git may have children of its own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


async def _read(process: Process, name: str, limit_bytes: int) -> bytes:
    stream = process.stdout if name == "stdout" else process.stderr
    assert stream is not None
    content = bytearray()
    while chunk := await stream.read(1 << 16):
        content += chunk
        if len(content) > limit_bytes:
            raise _too_much(limit_bytes)
    return bytes(content)


def _too_much(limit_bytes: int) -> GitError:
    return GitError(
        f"Git printed more than {limit_bytes // (1024 * 1024)} MB; that is too much to show.",
        "Large generated files belong in .gitignore.",
    )

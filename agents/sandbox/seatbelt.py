"""Confinement by seatbelt, the sandbox of macOS, through ``sandbox-exec``.

Everything is allowed except what the profile denies: changing files outside the policy's places, reading hidden ones,
the network when it is off, unix sockets, signals to others, and the services through which a program makes another
one act for it. The last matching rule of a profile decides. Paths in it must be real ones.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from agents.errors import SandboxError
from agents.sandbox.policy import Policy, PtySize
from agents.sandbox.process import LocalProcess, spawn
from agents.sandbox.rules import Rule, rules_of
from agents.sandbox.runner import Backend, Stream

_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/dtracehelper")
_ACTING_FOR_US = ("appleevent-send", "lsopen", "job-creation", "nvram*", "system-privilege")


class Seatbelt:
    """Runner by ``sandbox-exec``; see :class:`agents.sandbox.Runner`."""

    name: Backend = "seatbelt"
    mounts = False

    def __init__(self, program: str) -> None:
        self._program = program

    async def start(
        self,
        argv: Sequence[str],
        policy: Policy,
        *,
        stdin: Stream = "null",
        stdout: Stream = "pipe",
        stderr: Stream = "pipe",
        pty: PtySize | None = None,
    ) -> LocalProcess:
        """See :meth:`agents.sandbox.Runner.start`."""
        return await _spawned(self.command_line(argv, policy), policy, stdin, stdout, stderr, pty)

    def command_line(self, argv: Sequence[str], policy: Policy) -> list[str]:
        """See :meth:`agents.sandbox.Runner.command_line`."""
        return [self._program, "-p", profile_text(policy), *argv]

    def limits(self) -> tuple[str, ...]:
        """See :meth:`agents.sandbox.Runner.limits`."""
        return (
            "What it may read it can send away while the network is on.",
            "Temporary files are private only for programs that follow TMPDIR.",
            "Names of other processes can be seen.",
            *_OF_EVERY_PROCESS,
        )


class Unconfined:
    """Runner without walls where there is no Linux; see :class:`agents.sandbox.none.Unconfined`."""

    name: Backend = "none"
    mounts = False

    async def start(
        self,
        argv: Sequence[str],
        policy: Policy,
        *,
        stdin: Stream = "null",
        stdout: Stream = "pipe",
        stderr: Stream = "pipe",
        pty: PtySize | None = None,
    ) -> LocalProcess:
        """See :meth:`agents.sandbox.Runner.start`."""
        return await _spawned(list(argv), policy, stdin, stdout, stderr, pty)

    def command_line(self, argv: Sequence[str], policy: Policy) -> list[str]:
        """See :meth:`agents.sandbox.Runner.command_line`."""
        return list(argv)

    def limits(self) -> tuple[str, ...]:
        """See :meth:`agents.sandbox.Runner.limits`."""
        return ("Nothing is confined: the agent can read and change everything you can.", *_OF_EVERY_PROCESS)


_OF_EVERY_PROCESS = (
    "Processes that leave their process group outlive the command that started them.",
    "Neither processes nor memory are limited.",
)


async def _spawned(
    argv: Sequence[str], policy: Policy, stdin: Stream, stdout: Stream, stderr: Stream, pty: PtySize | None
) -> LocalProcess:
    if not Path(policy.directory).is_dir():
        raise SandboxError(f"The folder {policy.directory} does not exist, so nothing can run in it.")
    temporary = {"TMPDIR": os.path.realpath(policy.temp)} if policy.temp else {}
    return await spawn(
        argv,
        environment=policy.environment | temporary,
        directory=policy.directory,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pty=pty,
    )


def find() -> Seatbelt | None:
    """The runner if the program is there; whether it works here is for the probe to say."""
    program = shutil.which("sandbox-exec", path="/usr/bin:/bin")
    return Seatbelt(program) if program else None


def profile_text(policy: Policy) -> str:
    """A policy in seatbelt's language.

    Raises:
        SandboxError: the policy wants to show one folder in the place of another.
    """
    if policy.binds:
        raise SandboxError("On macOS a folder cannot be shown in the place of another.", "Use a clone as workspace.")
    if policy.temp:
        policy = structs.replace(policy, write=(*policy.write, policy.temp))
    rules = rules_of(policy)
    lines = ["(version 1)", "(allow default)", "(deny file-write*)"]
    lines += [f"(allow file-write* (literal {_quoted(device)}))" for device in _DEVICES]
    lines.append('(allow file-write* file-ioctl (regex #"^/dev/ttys[0-9]+$"))')
    for rule in rules.values():
        lines += _lines_for(rule)
    unborn = [os.path.realpath(path) for path in policy.protect if not Path(path).exists()]
    lines += [f"(deny file-write* (subpath {_quoted(path)}))" for path in unborn]
    lines += [
        f"(deny file-write-unlink (literal {_quoted(rule.path)}))" for rule in rules.values() if rule.right == "write"
    ]
    lines += [f"(deny {operation})" for operation in _ACTING_FOR_US]
    lines += ["(deny signal)", "(allow signal (target same-sandbox))", "(deny process-info-pidinfo (target others))"]
    lines += ["(deny network-outbound (remote unix-socket))", "(allow system-socket)"]
    lines += [] if policy.network else ["(deny network*)"]
    return "\n".join(lines) + "\n"


def _lines_for(rule: Rule) -> list[str]:
    place = f"(subpath {_quoted(rule.path)})"
    if rule.right == "hide":
        return [f"(deny file-read* file-write* {place})"]
    if rule.right == "write":
        return [f"(allow file-read* file-write* {place})"]
    return [f"(allow file-read* {place})", f"(deny file-write* {place})"]


def _quoted(path: str) -> str:
    return json.dumps(path, ensure_ascii=False)

"""Confinement by Landlock, which every Linux since 5.13 may have and which needs no installation.

Weaker than bubblewrap: files cannot be shown elsewhere and ``/tmp`` cannot be private. What it cannot do is said by
:meth:`Landlock.limits`. A small launcher applies it and looks after the tree (:mod:`agents.sandbox.launcher`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import structs

from agents.errors import SandboxError
from agents.sandbox import launcher
from agents.sandbox.policy import Policy, PtySize
from agents.sandbox.rules import Rules, is_below, right_above, rules_of
from agents.sandbox.runner import Backend, Stream
from agents.sandbox.seccomp import syscall_filter
from agents.sandbox.starter import MEMORY_LIMITED, Order, StartedProcess, order, program, start
from agents.sandbox.unborn import LINKED, UNBORN

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx")
"""Not /dev/pts: a terminal there is somebody's screen. Not /dev/shm: what lies there belongs to other programs."""


class Supervised:
    """What Landlock and running unconfined share: the launcher that ends a whole tree."""

    mounts = False
    _confined: bool

    async def start(
        self,
        argv: Sequence[str],
        policy: Policy,
        *,
        stdin: Stream = "null",
        stdout: Stream = "pipe",
        stderr: Stream = "pipe",
        pty: PtySize | None = None,
    ) -> StartedProcess:
        """See :meth:`agents.sandbox.Runner.start`."""
        wanted = self._order(argv, policy)
        wanted["terminal"] = pty is not None
        return await start(wanted, stdin=stdin, stdout=stdout, stderr=stderr, pty=pty)

    def command_line(self, argv: Sequence[str], policy: Policy) -> list[str]:
        """See :meth:`agents.sandbox.Runner.command_line`. The rules reach the launcher over ``SOCKET``."""
        self._order(argv, policy)
        return [*program(), "SOCKET", str(os.getpid()), *argv]

    def _order(self, argv: Sequence[str], policy: Policy) -> Order:
        if policy.binds:
            raise SandboxError(
                "Without bubblewrap a folder cannot be shown in the place of another.", "Install bubblewrap."
            )
        if not Path(policy.directory).is_dir():
            raise SandboxError(f"The folder {policy.directory} does not exist, so nothing can run in it.")
        temporary = {"TMPDIR": os.path.realpath(policy.temp)} if policy.temp else {}
        wanted = order(argv, policy.environment | temporary)
        wanted["directory"] = policy.directory
        wanted["supervised"], wanted["confined"] = True, self._confined
        wanted["processes"] = policy.max_processes
        wanted["memory"] = policy.max_memory_mb * 1024 * 1024
        if self._confined:
            rules = rules_of(_with_temp(policy))
            unborn = [os.path.realpath(path) for path in policy.protect if not Path(path).exists()]
            wanted["write"] = [*_DEVICES, *writable(rules, os.path.realpath(policy.directory), unborn)]
            wanted["read"] = list(readable(rules)) if any(rule.right == "hide" for rule in rules.values()) else None
            wanted["network"] = policy.network
            wanted["filter"] = syscall_filter(sockets="no-unix" if policy.network else "none")
        return wanted


class Landlock(Supervised):
    """Runner by the kernel's Landlock; see :class:`agents.sandbox.Runner`."""

    name: Backend = "landlock"
    _confined = True

    def __init__(self, version: int) -> None:
        self._version = version

    def limits(self) -> tuple[str, ...]:
        """See :meth:`agents.sandbox.Runner.limits`."""
        said = [
            "What it may read it can send away while the network is on.",
            "With the network off only our own agent reaches its model: the kernel can leave a port open, but that of "
            "every address and not of this machine alone.",
            "Permissions and times of files outside the worktree can be changed, their content cannot.",
            "A protected file in the worktree can be renamed away or overwritten.",
            "Outside the worktree nothing new can be made in a folder that holds something protected.",
            UNBORN,
            LINKED,
            "A secret that is made while an agent runs can be read by it where nothing beside it was hidden before.",
            "While an agent works, your own git in its worktree does what the agent has configured: look at it here.",
            "Names of hidden files can be seen, their content cannot.",
            "Programs cannot use unix sockets by name, new terminals or shared memory in /dev/shm.",
            "System V shared memory and message queues of your other programs can be used.",
            "Temporary files are private only for programs that follow TMPDIR.",
            "Names and command lines of other processes can be seen.",
            processes_counted(),
            MEMORY_LIMITED,
        ]
        if self._version < 3:
            said.append("Files outside the worktree can be emptied on a kernel before 6.2.")
        if self._version < launcher.SCOPES_SINCE:
            said.append("Other processes of yours can be sent signals on a kernel before 6.12.")
        if not syscall_filter(sockets="all"):
            said.append(
                "System calls are not filtered on this kind of processor, so unix sockets of other programs are open."
            )
        return tuple(said)


def find() -> Landlock | None:
    """The runner if this kernel has Landlock; whether it works here is for the probe to say."""
    version = launcher.landlock_version()
    return Landlock(version) if version else None


def writable(rules: Rules, directory: str, unborn: Sequence[str] = ()) -> Iterator[str]:
    """The places below which everything may be changed.

    A right holds for a whole folder. Where something in a writable folder is protected or hidden, only what lies
    beside it is granted, and nothing new can be made there, nor what is protected and does not exist (``unborn``).
    Around the directory worked in that would stop the work, so what is protected there is not (see
    :meth:`Landlock.limits`).
    """
    for path, rule in rules.items():
        if rule.right == "write":
            if is_below(directory, path):
                closed = [other.path for other in rules.values() if other.right == "hide"]
            else:
                closed = [*(other.path for other in rules.values() if other.right != "write"), *unborn]
            yield from _all_but(closed, path)


def readable(rules: Rules) -> Iterator[str]:
    """The places below which everything may be read, so that together they leave out what is hidden."""
    hidden = [rule.path for rule in rules.values() if rule.right == "hide"]
    yield from _all_but(hidden, "/")
    for path, rule in rules.items():
        above = right_above(rules, path)
        if rule.right != "hide" and above is not None and above.right == "hide":
            yield from _all_but(hidden, path)


def _all_but(closed: Iterable[str], folder: str) -> Iterator[str]:
    """``folder``, or as much of what lies in it as keeps out of ``closed``."""
    inside = [path for path in closed if is_below(path, folder)]
    if not inside:
        yield folder
        return
    if folder in inside:
        return
    try:
        with os.scandir(folder) as entries:
            paths = [entry.path for entry in entries if not entry.is_symlink()]
    except PermissionError:
        return  # closed to us, so closed to what we start
    for path in paths:
        yield from _all_but(inside, path)


def processes_counted() -> str:
    """What the limit of processes means without namespaces, a sentence."""
    if not os.geteuid():
        return "The kernel does not count root's processes, so their number is not limited."
    return "The limit of processes counts all of yours, with as many more allowed as run when a command starts."


def _with_temp(policy: Policy) -> Policy:
    return structs.replace(policy, write=(*policy.write, policy.temp)) if policy.temp else policy

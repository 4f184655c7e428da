"""Confinement by bubblewrap: own mounts, processes, users and, when the network is off, an own empty network.

The file system is read-only from the root down; what a policy grants is mounted over it. Facts this rests on: a
read-only mount does not stop connecting to a socket in it, so folders with sockets are hidden; bubblewrap makes missing
mount points on the host, so only existing ones are named; a mount over a file goes when another is renamed over the
file outside, and what is mounted outside later appears inside, for bubblewrap makes no mount private. In a terminal,
Ctrl-C would end bubblewrap itself together with everything in it, so the command gets a session of its own and takes
the pty as its terminal there.
"""

from __future__ import annotations

import functools
import os
import resource
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from agents.errors import SandboxError
from agents.sandbox import launcher
from agents.sandbox.planted import make_below
from agents.sandbox.policy import Policy, PtySize
from agents.sandbox.rules import Rule, Rules, is_below, right_above, rules_of
from agents.sandbox.runner import Backend, Stream
from agents.sandbox.seccomp import syscall_filter
from agents.sandbox.starter import KEPT, MEMORY_LIMITED, StartedProcess, order, start
from agents.sandbox.unborn import LINKED, UNBORN, Placeholders

_NAMESPACES = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_TEMPORARY = ("/tmp", "/var/tmp")
_SHOWN_OF_RUN = ("/run/current-system", "/run/booted-system")
"""Where NixOS keeps its programs; everything else of /run is sockets and state of other programs."""
_KERNEL_SETTINGS = ("sys", "sysrq-trigger", "mtrr", "fs", "acpi", "scsi", "driver")
"""Below /proc: root, and nobody else, may write them without any capability; core_pattern would run a program outside.
Every mount makes a start slower by a third of a millisecond, so where they are closed anyway there is none."""
_RESOLVER = "/etc/resolv.conf"
"""Often a link into /run: names resolve only if its target stays visible."""


class Bubblewrap:
    """Runner by the ``bwrap`` program; see :class:`agents.sandbox.Runner`."""

    name: Backend = "bubblewrap"
    mounts = True

    def __init__(self, program: str) -> None:
        self._program = program
        self._empty = _of_empty_folders(program)
        self._filter = syscall_filter(sockets="all")
        setuid = Path(program).stat().st_mode & stat.S_ISUID
        self._scopes = not setuid and launcher.landlock_version() >= launcher.SCOPES_SINCE
        """Landlock without a rule about files keeps it out of other programs' abstract sockets and lets it mount. A
        setuid program could not become root any more after that."""

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
        filtered = str(KEPT) if self._filter else ""
        placeholders = Placeholders()
        try:
            rules = _rules(policy)
            if any((placeholders.hold(policy, rules), _make_folders_in_temporary(policy, rules))):
                rules = _rules(policy)
            wanted = order(self._arguments(argv, policy, rules, filtered, pty is not None), policy.environment)
            wanted["memory"] = policy.max_memory_mb * 1024 * 1024
            wanted["scoped"] = self._scopes and policy.network  # without network there are no such sockets
            process = await start(wanted, stdin=stdin, stdout=stdout, stderr=stderr, pty=pty, kept=self._filter)
        except BaseException:
            placeholders.release()
            raise
        process.when_over(placeholders.release)
        return process

    def command_line(self, argv: Sequence[str], policy: Policy) -> list[str]:
        """See :meth:`agents.sandbox.Runner.command_line`. The filter's descriptor is shown as ``FILTER``."""
        return self._arguments(argv, policy, _rules(policy), "FILTER" if self._filter else "", False)

    def limits(self) -> tuple[str, ...]:
        """See :meth:`agents.sandbox.Runner.limits`."""
        said = [
            "What it may read it can send away while the network is on.",
            UNBORN,
            LINKED,
            "A secret file that is made, or replaced by another, while an agent runs is not hidden from it until it is "
            "started again; a protected file that is replaced can be changed by it until then.",
            "A disk or folder that is mounted while an agent runs can be read by it, and written.",
        ]
        if not self._scopes:
            said.append("While the network is on, abstract unix sockets of other programs can be reached.")
        if not os.geteuid():
            said.append("The kernel does not count root's processes, so their number is not limited.")
        elif not _prlimit():
            said.append("The number of processes is not limited without the program prlimit (util-linux).")
        said.append(MEMORY_LIMITED)
        if not self._filter:
            said.append("System calls are not filtered on this kind of processor.")
        return tuple(said)

    def _arguments(self, argv: Sequence[str], policy: Policy, rules: Rules, seccomp: str, terminal: bool) -> list[str]:
        return [
            self._program,
            *_NAMESPACES,
            *(() if policy.network else ("--unshare-net",)),
            "--die-with-parent",
            "--new-session",
            *("--cap-drop", "ALL"),
            *_mounting(rules, self._empty),
            *(("--seccomp", seccomp) if seccomp else ()),
            *("--chdir", os.path.realpath(policy.directory)),
            "--",
            *(_taking_terminal() if terminal else ()),
            *_limiting(policy.max_processes),
            *argv,
        ]


def find() -> Bubblewrap | None:
    """The runner if the program is installed; whether it works here is for the probe to say."""
    program = shutil.which("bwrap")
    return Bubblewrap(os.path.realpath(program)) if program else None


def _rules(policy: Policy) -> Rules:
    if not Path(policy.directory).is_dir():
        raise SandboxError(f"The folder {policy.directory} does not exist, so nothing can run in it.")
    return rules_of(policy, _every_sandbox(policy))


def _mounting(rules: Rules, empty: Sequence[str]) -> list[str]:
    """The part of the command line that says what is where, parents before what lies in them.

    ``empty``: what goes before the folder that stands in the place of a hidden one.

    Raises:
        SandboxError: a mount point would have to be made on the host.
    """
    root = rules.get("/", Rule(path="/", right="read", source="/"))
    earlier = {"/": root}
    arguments = [_binding(root), root.source, "/", "--dev", "/dev", "--proc", "/proc"]
    for path in () if os.geteuid() else _kernel_settings():
        arguments += ["--ro-bind", path, path]
    emptied = []
    for path, rule in rules.items():
        if rule is root:
            continue
        _check_mount_point(rule, earlier)
        earlier[path] = rule
        if rule.right != "hide":
            arguments += [_binding(rule), rule.source, path] if rule.source else ["--tmpfs", path]
        elif Path(path).is_dir():
            arguments += [*empty, "--tmpfs", path]
            emptied.append(path)
        else:
            arguments += ["--ro-bind", "/dev/null", path]
    for path in () if empty else emptied:
        arguments += ["--remount-ro", path]
    return arguments


def _of_empty_folders(program: str) -> list[str]:
    """What keeps the folder in a hidden one's place empty, for the next ``--tmpfs``; nothing before bubblewrap 0.5.

    Its mode is enough: who owns the folder may change that, and fills one page of memory then. To mount each again,
    read-only, would take a third of a millisecond.
    """
    try:
        known = subprocess.run([program, "--help"], capture_output=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []  # the probe will say what is wrong
    if b"--perms" not in known:
        return []
    return ["--perms", "0555", *(("--size", str(resource.getpagesize())) if b"--size" in known else ())]


@functools.cache
def _kernel_settings() -> list[str]:
    """What of it is here and can be written at all."""
    return [f"/proc/{name}" for name in _KERNEL_SETTINGS if _can_be_written(f"/proc/{name}")]


def _can_be_written(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            with os.scandir(path) as entries:
                return any(_can_be_written(entry.path) for entry in entries)
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o222)


def _taking_terminal() -> list[str]:
    """What goes before a command so that it leads a session with the pty as its terminal."""
    program = shutil.which("setsid")
    if program is None:
        raise SandboxError("A terminal agent needs the program setsid.", "Install util-linux.")
    return [program, "--ctty"]


@functools.cache
def _prlimit() -> str:
    return shutil.which("prlimit") or ""


def _limiting(processes: int) -> list[str]:
    """What goes before a command so that it and all it starts are at most so many processes.

    Set inside, where only the sandbox's own are counted: outside, all of the person's would be.
    """
    program = _prlimit() if processes and os.geteuid() else ""  # the kernel does not count root's
    return [program, f"--nproc={processes}", "--"] if program else []


def _every_sandbox(policy: Policy) -> list[Rule]:
    """What holds in every sandbox unless the policy says otherwise: private temporary folders, nothing in /run."""
    temp = os.path.realpath(policy.temp) if policy.temp else ""
    rules = [Rule(path=path, right="write", source=temp) for path in _TEMPORARY if _is_real_folder(path)]
    if _is_real_folder("/run"):
        rules.append(Rule(path="/run", right="hide", source="/run"))
        shown = {os.path.realpath(path) for path in (*_SHOWN_OF_RUN, _RESOLVER) if Path(path).exists()}
        rules += [Rule(path=path, right="read", source=path) for path in shown if is_below(path, "/run")]
    return rules


@functools.cache
def _is_real_folder(path: str) -> bool:
    return Path(path).is_dir() and os.path.realpath(path) == path


def _make_folders_in_temporary(policy: Policy, rules: Rules) -> bool:
    """Make what lies around the places that show in the private temporary folder; whether there was anything to make.

    An agent could have left a link there: through it bubblewrap would make them somewhere on this machine. Once they
    are there, the rules keep them where they are.
    """
    temp, made = os.path.realpath(policy.temp), False
    for path in rules if policy.temp else ():
        above = right_above(rules, path)
        top = next((top for top in _TEMPORARY if is_below(path, top) and path != top), "")
        if top and above is not None and is_below(above.source, temp):
            inside = path[len(top) + 1 :]
            folder = inside if Path(path).is_dir() else inside.rpartition("/")[0]
            try:
                made |= bool(folder) and make_below(Path(temp), folder)
            except OSError as error:
                raise SandboxError(f"{path} cannot be shown in the sandbox: {error.strerror}.") from error
    return made


def _binding(rule: Rule) -> str:
    if is_below(rule.path, "/dev"):
        return "--dev-bind"
    return "--bind" if rule.right == "write" else "--ro-bind"


def _check_mount_point(rule: Rule, earlier: Rules) -> None:
    """Bubblewrap makes mount points that are missing: fine in an empty folder or the private /tmp, nowhere else."""
    above = right_above(earlier, rule.path)
    if above is None or above.right == "hide" or not above.source or above.path in _TEMPORARY:
        return
    private = [earlier[path].source for path in _TEMPORARY if path in earlier]
    if any(temp and is_below(above.source, temp) for temp in private):  # what an earlier start left in it
        return
    if not os.path.lexists(above.source.rstrip("/") + rule.path[len(above.path.rstrip("/")) :]):
        raise SandboxError(
            f"The sandbox cannot show anything at {rule.path}, because nothing is there.",
            "It would have to be made on this machine first.",
        )

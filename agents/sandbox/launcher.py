"""Starts commands, confined by Landlock and watched over where nothing else does. Needs nothing but Python itself.

Run once per process of ours as ``python -I -S launcher.py SOCKET PARENT``. Over the socket come descriptors: an order
(:class:`agents.sandbox.starter.Order`, marshalled), where to say how it went, and the streams. Each order is carried
out in a fork of this small process, made before the order comes: that takes a tenth of the time of starting an
interpreter, and nobody waits for it. When our process dies, or closes the socket, everything started here ends, and
then this process: while it sets its mounts up, bubblewrap does not yet die by itself. What is left where this process
was killed too, the next one ends.

A supervised command has a fork of ours above it, outside of the confinement, as the reaper of everything below: when
the command ends, when it is told to stop (SIGTERM) or when the one who started it dies, it ends whatever is left, also
what has left the session, and then goes itself. Other commands are executed in that fork: bubblewrap does all that.

Also imported for its few calls into the kernel. Facts: linux/landlock.h, landlock(7), prctl(2).
"""

from __future__ import annotations

import _socket as socket
import ctypes
import errno
import fcntl
import marshal
import os
import select
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing takes as long as half of all else here
    import signal
    from collections.abc import Iterable
    from typing import NoReturn

    from agents.sandbox.starter import Order

    Spare = tuple[int, socket.socket]
    """A fork that waits for its order: its number, and where to give it."""
else:  # the same without its enumerations, which take 3 ms of every start
    import _signal as signal

SCOPES_SINCE = 6
"""Landlock version that keeps signals and abstract unix sockets inside."""
NETWORK_SINCE = 4
"""Landlock version that can refuse TCP."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 22, 36, 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITIES_VERSION = 0x20080522
_RULE_PATH_BENEATH = 1
_RLIMIT_DATA, _RLIMIT_NPROC = 2, 6
_MESSAGE_CLOSES_ON_EXEC, _MESSAGE_CUT = 0x40000000, 0x8
_TAKE_TERMINAL = 0x540E
_PAUSE_SECONDS = 0.003
"""Without an order before the next spare process is made: what has just been started goes first."""
DESCRIPTORS = 6
"""At most so many come with an order: the order, the status, three streams and one that is kept."""
_BUBBLEWRAP = "bwrap for shopfloor"
"""What is executed in place of a fork here calls itself so."""
_FIRST_TO_GO = b"500"
"""Of 1000: when memory runs short, the kernel ends an agent's commands before it ends the person's programs."""

_WRITE_FILE, _READ_FILE, _TRUNCATE, _IOCTL_DEVICE = 1 << 1, 1 << 2, 1 << 14, 1 << 15
_FOR_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_MAKE_AND_REMOVE = sum(1 << bit for bit in range(4, 13))
_REFER = 1 << 13
_BOTH_SCOPES = 0b11
_BIND_AND_CONNECT = 0b11

_library = ctypes.CDLL(None, use_errno=True)
_syscall = _library.syscall
_prctl = _library.prctl


def landlock_version() -> int:
    """The version of Landlock this kernel has; 0 for none."""
    return max(0, int(_syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def die_with(parent: int, ending: signal.Signals) -> None:
    """Ask for a signal at the death of ``parent``, which must be the parent now; if it is gone, end at once."""
    _prctl(_PR_SET_PDEATHSIG, int(ending), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def restrict(write: Iterable[str], *, network: bool, files: bool, read: Iterable[str] | None = None) -> None:
    """Confine this process and all it starts, for good, as far as this kernel can.

    ``files``: nothing may be changed but what is in ``write``, and nothing be read but what is in ``read`` (None: all).
    In any case signals and abstract sockets stay inside.

    Raises:
        OSError: the kernel refused; nothing may run then.
    """
    version = landlock_version()
    handled = _handled(version, reads=read is not None) if files else 0
    refused_network = _BIND_AND_CONNECT if not network and version >= NETWORK_SINCE else 0
    scopes = _BOTH_SCOPES if version >= SCOPES_SINCE else 0
    size = 24 if version >= SCOPES_SINCE else 16 if version >= NETWORK_SINCE else 8
    attributes = struct.pack("=QQQ", handled, refused_network, scopes)[:size]
    ruleset = _checked(_syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    for path in write if files else ():
        _allow(ruleset, path, handled)
    for path in read or ():
        _allow(ruleset, path, handled & _READ_FILE)
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def drop_capabilities() -> None:
    """Give up what makes root more than an owner of files; nothing to do for anybody else.

    With CAP_PERFMON a process could read the environment of any other, ours with the keys included. Without new
    privileges, which :func:`restrict` gives up, no program that is executed brings one back.

    Raises:
        OSError: the kernel refused.
    """
    _checked(_library.capset(struct.pack("=Ii", _CAPABILITIES_VERSION, 0), bytes(24)))


def limit_processes(more: int) -> None:
    """Let this process and all it starts be so many more than run now on this machine.

    The kernel counts all processes of a person, not ours alone (setrlimit(2)); how many those are would take longer
    to find out than how many there are at all, which stands in proc_loadavg(5).

    Raises:
        OSError: the kernel refused.
    """
    running = int(_content("/proc/loadavg").split()[3].partition(b"/")[2])
    _limit(_RLIMIT_NPROC, running + more)


def limit_memory(limit_bytes: int) -> None:
    """Bound what this process, and each that it starts, may fill with data of its own. What is only reserved does not
    count, so programs that reserve much (Java, Go, Node) work as ever.

    Raises:
        OSError: the kernel refused.
    """
    _limit(_RLIMIT_DATA, limit_bytes)


def _limit(what: int, most: int) -> None:
    found = ctypes.create_string_buffer(16)
    _checked(_library.getrlimit(what, found))
    hard = struct.unpack("=QQ", found.raw)[1]
    _checked(_library.setrlimit(what, struct.pack("=QQ", *[min(most, hard)] * 2)))


def filter_calls(program: bytes) -> None:
    """Install a seccomp filter for this process and all it starts.

    Raises:
        OSError: the kernel refused.
    """
    code = ctypes.create_string_buffer(program, len(program))
    argument = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    _checked(_prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, argument, 0, 0))


def _handled(version: int, *, reads: bool) -> int:
    rights = _WRITE_FILE | _MAKE_AND_REMOVE | (_READ_FILE if reads else 0)
    for right, since in ((_REFER, 2), (_TRUNCATE, 3), (_IOCTL_DEVICE, 5)):
        rights |= right if version >= since else 0
    return rights


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return  # gone meanwhile, or closed to us anyway
    try:
        allowed = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & _FOR_FILES
        if allowed:
            _checked(_syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", allowed, place), 0))
    finally:
        os.close(place)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


# --- the program ------------------------------------------------------------------------------------------------------


def main() -> NoReturn:
    """Carry out orders until nobody can give any."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: _leave())
    die_with(int(sys.argv[2]), signal.SIGTERM)
    _checked(_prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    _end_survivors()
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    told: dict[int, int] = {}
    spares: list[Spare] = []
    mine = [control.fileno(), woken, wake]
    while True:
        ready = select.select([control.fileno(), woken], [], [], None if spares else _PAUSE_SECONDS)[0]
        if not ready:
            _get_ready(spares, [*mine, *told.values()])
        if woken in ready:
            os.read(woken, 4096)
            _tell_who_ended(spares, told)
        if control.fileno() in ready:
            _carry_out(control, spares, told, mine)


def _leave() -> NoReturn:
    """End all that was started here, then this process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
    _end_all()
    os._exit(0)


def _end_survivors() -> None:
    """Kill each of our bubblewraps whose parent is neither one nor one of us: who started it was killed."""
    name = _BUBBLEWRAP.encode()
    for process in _processes():
        try:
            if _content(f"/proc/{process}/cmdline").startswith(name):
                parent = _content(f"/proc/{_parent_of(process)}/cmdline")
                if not parent.startswith(name) and b"launcher.py" not in parent:
                    os.kill(process, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has ended, or is somebody else's


def _get_ready(spares: list[Spare], mine: Iterable[int]) -> None:
    """Have a spare process, so that no order has to wait for a fork; if there is no room for one, the order tells."""
    try:
        _make_spare(spares, mine)
    except OSError:
        return


def _make_spare(spares: list[Spare], mine: Iterable[int]) -> None:
    """Fork what will be the next command. ``mine`` are the descriptors that are not for it.

    Raises:
        OSError: there is no room for another process.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    starter = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # Python would forget one that comes while it forks
    try:
        process = os.fork()
        if process == 0:
            ours.close()
            _be_spare(theirs, starter, mine)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    theirs.close()
    spares.append((process, ours))


def _tell_who_ended(spares: list[Spare], told: dict[int, int]) -> None:
    """Say of every process that has ended how it did, where its starter listens."""
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if process == 0:
            return
        if process not in told:
            continue  # a spare or an orphan
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            _end_orphans({*told, *(spare for spare, _ in spares)})
        _tell(told[process], code)
        os.close(told.pop(process))


def _end_orphans(known: set[int]) -> None:
    """Kill what has become our child because its parent was killed: for a moment while it starts, bubblewrap has a
    child that is in a session of its own and does not yet die with it."""
    for process in _children(os.getpid()):
        if process not in known:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _carry_out(control: socket.socket, spares: list[Spare], told: dict[int, int], mine: list[int]) -> None:
    came, complete = _received(control)
    if not came and not complete:
        _leave()
    if complete:  # else there was no room for all: to close what came is to refuse
        order, status, *streams = came
        try:
            process = _hand_over([order, *streams], spares, [*mine, *told.values(), *came])
        except OSError as error:
            _tell(status, -(error.errno or errno.EAGAIN))
        else:
            _tell(status, process)
            told[process] = status
            came.remove(status)
    for descriptor in came:
        os.close(descriptor)


def _hand_over(descriptors: list[int], spares: list[Spare], mine: list[int]) -> int:
    """Give an order to the spare process: its number.

    Raises:
        OSError: there is none, and none can be made.
    """
    given = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(descriptors)}i", *descriptors))]
    while True:
        if not spares:
            _make_spare(spares, mine)
        process, ours = spares.pop()
        try:
            ours.sendmsg([b"!"], given)
        except OSError:
            continue  # somebody has ended it
        finally:
            ours.close()
        return process


def _received(control: socket.socket) -> tuple[list[int], bool]:
    """The descriptors of an order, and whether it is complete; none, and not complete, if there will be no more."""
    message, ancillary, flags, _ = control.recvmsg(1, socket.CMSG_SPACE(4 * DESCRIPTORS), _MESSAGE_CLOSES_ON_EXEC)
    came = [number for _, _, data in ancillary for (number,) in struct.iter_unpack("i", data)]
    return came, bool(message) and not flags & _MESSAGE_CUT


def _tell(status: int, number: int) -> None:
    try:
        os.write(status, struct.pack("=i", number))
    except BrokenPipeError:
        return  # who wanted to know has gone


def _be_spare(control: socket.socket, starter: int, others: Iterable[int]) -> NoReturn:
    """In the child: get ready, wait for an order, take its streams, then be what was ordered."""
    try:
        die_with(starter, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        for descriptor in others:
            os.close(descriptor)
        os.setsid()
        _go_first()
        came, complete = _received(control)
        if not complete:
            os._exit(0)
        given, *streams = came
        control.close()
        order: Order = marshal.loads(os.read(given, os.fstat(given).st_size))
        os.close(given)
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
            os.set_inheritable(place, True)
        if order["terminal"]:
            fcntl.ioctl(0, _TAKE_TERMINAL, 0)
        if order["memory"]:
            limit_memory(order["memory"])
        if order["supervised"]:
            die_with(starter, signal.SIGTERM)
            for descriptor in streams:
                if descriptor > 2:
                    os.close(descriptor)
            _supervise(order)
        if order["scoped"]:
            restrict((), network=True, files=False)
        os.execve(order["argv"][0], [_BUBBLEWRAP, *order["argv"][1:]], order["environment"])
    except Exception as error:
        os.write(2, f"shopfloor: cannot start this: {error}\n".encode("utf-8", "surrogateescape"))
        os._exit(126)


def _go_first() -> None:
    try:
        with os.fdopen(os.open("/proc/self/oom_score_adj", os.O_WRONLY), "wb") as file:
            file.write(_FIRST_TO_GO)
    except OSError:
        return  # somebody has set it higher already, or there is no /proc


def _supervise(order: Order) -> NoReturn:
    """Start the command, wait for its end or ours, leave nothing behind."""
    _checked(_prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    watched = {signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    launcher = os.getpid()
    command = os.fork()
    if command == 0:
        _become(order, launcher)
    _give_foreground(command)
    status = _watch(command)
    _end_all()
    os._exit(status)


def _become(order: Order, launcher: int) -> NoReturn:
    """In the child: be the leader of a process group, confined, then be the command."""
    try:
        die_with(launcher, signal.SIGKILL)
        os.setpgid(0, 0)
        _give_foreground(os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.chdir(order["directory"])
        if order["processes"]:
            limit_processes(order["processes"])
        if order["confined"]:
            drop_capabilities()
            restrict(order["write"], network=order["network"], files=True, read=order["read"])
        if order["filter"]:
            filter_calls(order["filter"])
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(order["argv"][0], order["argv"], order["environment"])
    except OSError as error:
        said = f"shopfloor: cannot start {order['argv'][0]}: {error.strerror}\n"
        os.write(2, said.encode("utf-8", "surrogateescape"))
        os._exit(127 if error.errno == errno.ENOENT else 126)


def _give_foreground(group: int) -> None:
    """Let ``group`` own the terminal, if standard input is ours: then Ctrl-C reaches it and not the launcher.

    Both sides call it, so that neither has to wait for the other.
    """
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.setpgid(group, group)
        os.tcsetpgrp(0, group)
    except OSError:
        return  # no terminal, or the other side was first and the command has started


def _watch(command: int) -> int:
    """Wait until the command has ended (its exit status) or we are told to stop."""
    while True:
        received = signal.sigwait({signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP})
        if received != signal.SIGCHLD:
            return 128 + int(received)
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if ended == command:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            if ended == 0:
                break


def _end_all() -> None:
    """Kill every descendant. Orphans become our children, so none is left when we have no child any more."""
    found = True
    while found:
        found = False
        for process in _descendants(os.getpid()):
            try:
                os.kill(process, signal.SIGKILL)
                found = True
            except (ProcessLookupError, PermissionError):
                continue  # it has ended, or was made somebody else's by sudo, which only an unconfined one can be
        if found:
            signal.sigtimedwait({signal.SIGCHLD}, 0.05)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def _descendants(process: int) -> list[int]:
    return [found for child in _children(process) for found in (child, *_descendants(child))]


def _children(process: int) -> list[int]:
    try:
        return [int(word) for word in _content(f"/proc/{process}/task/{process}/children").split()]
    except FileNotFoundError:  # it has ended, or the kernel was built without this file
        return [each for each in _processes() if _parent_of(each) == process] if process == os.getpid() else []


def _processes() -> list[int]:
    with os.scandir("/proc") as entries:
        return [int(entry.name) for entry in entries if entry.name.isdigit()]


def _parent_of(process: int) -> int:
    """Its number; 0 when the process has ended."""
    try:
        # the name of the program stands in parentheses and may hold anything
        return int(_content(f"/proc/{process}/stat").rpartition(b")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _content(path: str) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as source:
        return source.read()


if __name__ == "__main__":
    main()

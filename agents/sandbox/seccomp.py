"""Filters for system calls that no agent needs and that reach around a sandbox, as classic BPF.

Layout and constants: linux/filter.h, linux/seccomp.h, linux/audit.h; numbers of system calls: the kernel's
syscall_64.tbl (x86-64) and asm-generic/unistd.h (aarch64).
"""

from __future__ import annotations

import errno
import functools
import platform
import struct
from typing import Literal

from agents.model import Struct

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000
_AF_UNIX = 1
_FAMILIES = (2, 10, 16, 17)
"""AF_INET, AF_INET6, AF_NETLINK, AF_PACKET: what taking the network away takes away. AF_VSOCK, for one, leads to the
machine around a virtual one whatever the network is."""
_TERMINAL_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: type into the terminal that started us."""


class _Machine(Struct):
    audit: int
    ioctl: int
    socket: int
    absent: tuple[int, ...]
    """keyctl, add_key, request_key, bpf, userfaultfd, io_uring_setup, io_uring_enter, io_uring_register."""


_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E, ioctl=16, socket=41, absent=(250, 248, 249, 321, 323, 425, 426, 427)
    ),
    "aarch64": _Machine(
        audit=0xC00000B7, ioctl=29, socket=198, absent=(219, 217, 218, 280, 282, 425, 426, 427)
    ),
}  # fmt: skip


Sockets = Literal["all", "no-unix", "none"]
"""Which sockets may be made; pairs always can. Without unix sockets nobody else's can be reached by path."""


@functools.cache
def syscall_filter(*, sockets: Sockets, machine: str | None = None) -> bytes:
    """A filter program; empty where the machine is not known (then nothing is filtered).

    Refused as if the kernel had none: keyrings, bpf, userfaultfd, io_uring (which could open sockets unseen). Refused
    as not permitted: typing into a terminal, what ``sockets`` says, and sockets that are neither unix ones nor of a
    network. A call by another architecture's numbers ends the process.
    """
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return b""
    program = [
        _step(_LOAD, 0, 0, _ARCHITECTURE), _step(_EQUAL, 1, 0, known.audit), _step(_RETURN, 0, 0, _KILL),
        _step(_LOAD, 0, 0, _NUMBER), _step(_AT_LEAST, 0, 1, _X32), _step(_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
    ]  # fmt: skip
    for number in known.absent:
        program += [_step(_EQUAL, 0, 1, number), _step(_RETURN, 0, 0, _REFUSE | errno.ENOSYS)]
    program += _refuse_arguments(known.ioctl, _ARGUMENT_1, _TERMINAL_INJECTION)
    if sockets == "none":
        program += [_step(_EQUAL, 0, 1, known.socket), _step(_RETURN, 0, 0, _REFUSE | errno.EPERM)]
    else:
        families = _FAMILIES if sockets == "no-unix" else (_AF_UNIX, *_FAMILIES)
        program += _refuse_other_arguments(known.socket, _ARGUMENT_0, families)
    program.append(_step(_RETURN, 0, 0, _ALLOW))
    return b"".join(program)


def _refuse_arguments(number: int, offset: int, values: tuple[int, ...]) -> list[bytes]:
    """Not permitted: the call ``number`` when the low half of an argument is one of ``values``."""
    steps = [_step(_LOAD, 0, 0, offset)]
    for value in values:
        steps += [_step(_EQUAL, 0, 1, value), _step(_RETURN, 0, 0, _REFUSE | errno.EPERM)]
    steps.append(_step(_LOAD, 0, 0, _NUMBER))
    return [_step(_EQUAL, 0, len(steps), number), *steps]


def _refuse_other_arguments(number: int, offset: int, values: tuple[int, ...]) -> list[bytes]:
    """Not permitted: the call ``number`` when the low half of an argument is none of ``values``."""
    past = range(len(values), 0, -1)
    steps = [_step(_LOAD, 0, 0, offset)]
    steps += [_step(_EQUAL, skipped, 0, value) for skipped, value in zip(past, values, strict=True)]
    steps += [_step(_RETURN, 0, 0, _REFUSE | errno.EPERM), _step(_LOAD, 0, 0, _NUMBER)]
    return [_step(_EQUAL, 0, len(steps), number), *steps]


def _step(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)

"""Blocks of free ports, so that what runs in one worktree does not meet what runs in another."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection

FIRST_PORT, LAST_PORT = 20_000, 29_999
"""Below the range that systems give to outgoing connections, above the ports of well-known servers."""


def free_ports(count: int, taken: Collection[int]) -> tuple[int, ...]:
    """Consecutive ports that nobody listens on and that are not ``taken``; fewer (none) when there is no such block.

    The lowest such block: the same worktrees made in the same order get the same ports.
    """
    used = set(taken)
    start = FIRST_PORT
    while count and start + count - 1 <= LAST_PORT:
        block = range(start, start + count)
        hindered = next((port for port in reversed(block) if port in used or not _is_free(port)), None)
        if hindered is None:
            return tuple(block)
        start = hindered + 1
    return ()


_TAKEN = (errno.EADDRINUSE, errno.EACCES)


def _is_free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((address, port))
        except OSError as error:
            if family is socket.AF_INET6 and error.errno not in _TAKEN:
                continue  # no IPv6 here
            return False
    return True

"""``shopfloor acp``: our agent for editors, on standard input and output."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import sys

from agents.errors import UsageError


class _OneLine(logging.Formatter):
    """What the protocol's library has to say of an editor: for its log, without tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return f"shopfloor: {record.getMessage()}"


def acp(profile: str) -> int:
    """Serve until the editor leaves."""
    if not (_is_pipe(sys.stdin.fileno()) and _is_pipe(sys.stdout.fileno())):
        raise UsageError("`shopfloor acp` talks to an editor through pipes.", "Let the editor start it.")
    notes = logging.StreamHandler()
    notes.setFormatter(_OneLine())
    logging.basicConfig(handlers=[notes])
    from agents.native.acp_agent import choose_profile, serve  # imports the protocol's library

    asyncio.run(serve(choose_profile(profile)))
    return 0


def _is_pipe(descriptor: int) -> bool:
    """It is something that can be waited for: no file, and not /dev/null."""
    status = os.fstat(descriptor)
    if stat.S_ISCHR(status.st_mode):
        return os.isatty(descriptor)
    return stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode)

"""Giving the terminal back even when this program is killed and can do nothing itself.

A shell of a few hundred kilobytes waits at the end of a pipe. When the pipe ends without a word, we were killed: it
leaves the alternate screen, turns the mouse, pasting and focus reports off, shows the cursor, and restores the modes
of the line if they are still ours. (What it cannot undo, `reset` does.)
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

LEAVE = (
    r"\033[?2026l\033[<u\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?1015l\033[?1016l\033[?1004l\033[?2004l"
    r"\033[?2048l\033[?1049l\033[?7h\033[?25h\033[0m\033[23;2t"
)
"""Everything that the screen turns on, turned off."""

_WAIT = f"""
read -r said
[ "$said" = bye ] && exit 0
printf '{LEAVE}'
case " $(stty -a <&1) " in *" -isig"*) stty "$1" <&1 ;; esac
printf '\\rshopfloor: the screen was killed; the agents go on working.\\r\\n'
"""
_WAIT_SECONDS = 2.0


@contextlib.contextmanager
def guarded_terminal() -> Iterator[None]:
    """While this lasts, the terminal is given back however the process ends. Without a terminal nothing is done."""
    guard = _start()
    try:
        yield
    finally:
        if guard is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                guard.communicate(b"bye\n", timeout=_WAIT_SECONDS)


def _start() -> subprocess.Popen[bytes] | None:
    try:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return None
        modes = subprocess.run(["stty", "-g"], stdin=sys.stdin, capture_output=True, check=True, text=True).stdout
        return subprocess.Popen(
            ["/bin/sh", "-c", _WAIT, "shopfloor-guard", modes.strip()],
            stdin=subprocess.PIPE,
            stdout=sys.stdout.fileno(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it hears neither Ctrl+Z nor the end of our group
        )
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None

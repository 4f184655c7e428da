"""How a program ended, in words."""

from __future__ import annotations

import signal


def how_it_ended(status: int) -> str:
    """An exit status as the end of a sentence. Shells and sandboxes tell of a signal by 128 and its number."""
    number = status - 128 if status > 128 else -status
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"ended with exit status {status}"
    hint = ", as happens when memory runs out" if number == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"

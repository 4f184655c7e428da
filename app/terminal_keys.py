"""Keys that Textual does not tell apart on terminals without the kitty keyboard protocol."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from textual import _ansi_sequences


def tell_alt_enter_apart() -> None:
    """Make ESC CR (and ESC LF) the key ``alt+enter``.

    Textual 8.2 drops the ESC and reports a plain Enter, which would send a half-written prompt where the person asked
    for a new line. Its table of sequences is looked up before that happens; terminals that speak the kitty protocol
    send another sequence, which Textual knows.
    """
    table = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for sequence in ("\x1b\r", "\x1b\n"):
        table.setdefault(sequence, (SimpleNamespace(value="alt+enter"),))

"""What Textual makes of a terminal's input otherwise than a person means it: Alt+Enter, and pasted text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

from textual import _ansi_sequences, _xterm_parser
from textual.message import Message

_BEGIN, _END = "\x1b[200~", "\x1b[201~"
"""What a terminal puts around pasted text."""
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BEGUN = re.compile(r"\x1b(\[[0-?]{0,32}[ -/]{0,8})?\Z")
"""A sequence, perhaps the closing mark, of which the rest is still to come."""


def tell_alt_enter_apart() -> None:
    """Make ESC CR (and ESC LF) the key ``alt+enter``.

    Textual 8.2 drops the ESC and reports a plain Enter, which would send a half-written prompt where the person asked
    for a new line. Its table of sequences is looked up before that happens; terminals that speak the kitty protocol
    send another sequence, which Textual knows.
    """
    table = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for sequence in ("\x1b\r", "\x1b\n"):
        table.setdefault(sequence, (SimpleNamespace(value="alt+enter"),))


class Pastes:
    """Takes colours and other control characters out of pasted text, and passes everything else on as it is."""

    def __init__(self) -> None:
        self._inside = False
        self._passed = ""
        """The end of what was passed on: the mark of a beginning may come in two pieces."""
        self._held = ""
        """The end of pasted text: a sequence of which the rest is still to come."""

    def clean(self, data: str) -> str:
        """The next piece of input, cleaned. What is held back comes with the piece after it."""
        data, self._held, done = self._held + data, "", ""
        while data:
            if self._inside:
                text, mark, data = data.partition(_END)
                if not mark and (begun := _BEGUN.search(text)):
                    text, self._held = text[: begun.start()], begun.group()
                done += _CONTROL.sub("", text) + mark
                self._inside = not mark
            else:
                before, mark, after = (self._passed + data).partition(_BEGIN)
                done += (before + mark)[len(self._passed) :]
                self._passed = "" if mark else before[1 - len(_BEGIN) :]
                self._inside, data = bool(mark), after
        return done


def keep_pastes_whole() -> None:
    """Let control characters in pasted text be no keys.

    Textual 8.2 looks for sequences inside a paste too and hands those it does not know on as single keys: a pasted log
    with colours would move the focus with its tabs and start actions with its letters.
    """
    feed = _xterm_parser.XTermParser.feed
    if getattr(feed, "cleans", False):
        return

    def clean_feed(parser: _xterm_parser.XTermParser, data: str) -> Iterable[Message]:
        pastes: Pastes = parser.__dict__.setdefault("pastes", Pastes())
        cleaned = pastes.clean(data)
        return feed(parser, cleaned) if cleaned or not data else ()

    clean_feed.cleans = True  # type: ignore[attr-defined]
    _xterm_parser.XTermParser.feed = clean_feed  # type: ignore[assignment, method-assign]

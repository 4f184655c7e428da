"""Colours of the pager: what the terminal can show, whether it is dark, and the sequences for each style."""

from __future__ import annotations

import os
import re
import select
import termios
import time
import tty
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agents.review.spans import TOKEN_CLASSES

Depth = Literal["none", "16", "256", "true"]
Background = Literal["dark", "light"]

_REPLY_SECONDS = 0.15
_TRUE_COLOUR = frozenset(("kitty", "alacritty", "ghostty", "wezterm", "foot", "contour", "rio"))
"""Terminals that show all colours; over ssh only TERM says which one it is."""
_BACKGROUND_REPLY = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_FOREGROUND_OF = {
    "dark": {
        "attribute": "d8c9a0", "builtin": "6fc7c0", "class": "e5c07b", "comment": "8d939c", "constant": "dba870",
        "decorator": "c9a0e8", "docstring": "93ab84", "emphasis": "d8c9a0", "escape": "e0926c", "function": "82b9ea",
        "heading": "82b9ea", "keyword": "e88bb9", "namespace": "d8c9a0", "number": "dba870", "operator": "b9bec6",
        "preprocessor": "c9a0e8", "regex": "e0926c", "string": "a9cd8e", "strong": "e5c07b", "tag": "e88bb9",
        "type": "6fc7c0", "variable": "d5dae2",
    },
    "light": {
        "attribute": "6b5a1e", "builtin": "0b6b66", "class": "7a5c00", "comment": "68717b", "constant": "8f4d0c",
        "decorator": "6c3aac", "docstring": "507242", "emphasis": "6b5a1e", "escape": "9c3f0f", "function": "1d5a9f",
        "heading": "1d5a9f", "keyword": "9f246a", "namespace": "6b5a1e", "number": "8f4d0c", "operator": "454c54",
        "preprocessor": "6c3aac", "regex": "9c3f0f", "string": "3a6a1e", "strong": "7a5c00", "tag": "9f246a",
        "type": "0b6b66", "variable": "2f353c",
    },
}  # fmt: skip
# Foreground, background (six hexadecimal digits, or an index of the 256, or empty), and attributes, by style.
_STYLES: dict[str, dict[str, tuple[str, str, str]]] = {
    "dark": {
        "context": ("", "", ""), "delete": ("", "3f0f14/52", ""), "delete-emph": ("", "83222c/124", ""),
        "add": ("", "0d2e16/22", ""), "add-emph": ("", "1d6a31/28", ""), "number": ("686e78/242", "", ""),
        "number-delete": ("d06a72/167", "", ""), "number-add": ("62b374/71", "", ""), "file": ("82b9ea/110", "", "1"),
        "rule": ("4b5a6b/240", "", ""), "hunk": ("b99ae0/140", "", ""), "mark": ("1c1c1c/234", "d9a441/179", ""),
        "note": ("8d939c/245", "", ""), "space": ("", "a02a35/124", ""), "conflict": ("e5c07b/180", "3d3110/58", "1"),
        "delete-moved": ("", "33204a/53", ""), "add-moved": ("", "0d3344/23", ""),
    },
    "light": {
        "context": ("", "", ""), "delete": ("", "ffe5e6/224", ""), "delete-emph": ("", "ffbcc0/217", ""),
        "add": ("", "def6e2/194", ""), "add-emph": ("", "a5e6b2/157", ""), "number": ("8a919a/246", "", ""),
        "number-delete": ("a8323c/124", "", ""), "number-add": ("1e7434/28", "", ""), "file": ("1d5a9f/25", "", "1"),
        "rule": ("a9b4c0/250", "", ""), "hunk": ("6c3aac/91", "", ""), "mark": ("ffffff/231", "a35f00/130", ""),
        "note": ("68717b/243", "", ""), "space": ("", "f28b93/210", ""), "conflict": ("6b4e00/94", "fbeab5/229", "1"),
        "delete-moved": ("", "efdcff/225", ""), "add-moved": ("", "d5eefc/195", ""),
    },
}  # fmt: skip
_SIXTEEN = {
    "delete": "31", "delete-emph": "31;7", "add": "32", "add-emph": "32;7", "number": "2", "number-delete": "31",
    "number-add": "32", "file": "34;1", "rule": "2", "hunk": "35", "mark": "33;7", "note": "2", "space": "41",
    "conflict": "33;1", "delete-moved": "35", "add-moved": "36",
}  # fmt: skip


@dataclass(frozen=True)
class Palette:
    """The sequences of one colour depth and background."""

    depth: Depth
    background: Background

    @property
    def has_colour(self) -> bool:
        """Whether anything is coloured at all."""
        return self.depth != "none"

    @property
    def has_syntax(self) -> bool:
        """Whether there are enough colours to tell syntax from change."""
        return self.depth in ("256", "true")

    def begin(self, style: str, token_class: int = 0) -> str:
        """The sequence that sets a style, with the foreground of a token class; empty without colours."""
        return _begin(self.depth, self.background, style, token_class)

    def begins(self, style: str) -> tuple[str, ...]:
        """The sequences of a style, by token class."""
        return _begins(self.depth, self.background, style)

    @property
    def end(self) -> str:
        """Back to the terminal's own style."""
        return "\x1b[0m" if self.has_colour else ""


@lru_cache(maxsize=4096)
def _begin(depth: Depth, background: Background, style: str, token_class: int) -> str:
    if depth == "none":
        return ""
    if depth == "16":
        code = _SIXTEEN.get(style, "")
        return f"\x1b[0;{code}m" if code else "\x1b[0m"
    foreground, behind, attributes = _STYLES[background][style]
    if token_class and style != "mark":
        name = TOKEN_CLASSES[token_class]
        foreground = _FOREGROUND_OF[background].get(name, foreground)
        attributes = {"heading": "1", "strong": "1", "emphasis": "3"}.get(name, attributes)
    codes = ["0", attributes, _colour("38", foreground, depth), _colour("48", behind, depth)]
    return "\x1b[" + ";".join(code for code in codes if code) + "m"


@lru_cache(maxsize=256)
def _begins(depth: Depth, background: Background, style: str) -> tuple[str, ...]:
    return tuple(_begin(depth, background, style, known) for known in range(len(TOKEN_CLASSES)))


def _colour(plane: str, colour: str, depth: Depth) -> str:
    if not colour:
        return ""
    hexadecimal, _, index = colour.partition("/")
    red, green, blue = (int(hexadecimal[at : at + 2], 16) for at in (0, 2, 4))
    if depth == "true":
        return f"{plane};2;{red};{green};{blue}"
    return f"{plane};5;{index or _nearest(red, green, blue)}"


def _nearest(red: int, green: int, blue: int) -> int:
    """The nearest of the 256 colours' cube and greys."""
    steps = (0, 95, 135, 175, 215, 255)
    cube = [min(range(6), key=lambda step: abs(steps[step] - value)) for value in (red, green, blue)]
    grey = min(range(24), key=lambda step: abs(8 + 10 * step - (red + green + blue) / 3))

    def distance(one: int, two: int, three: int) -> int:
        return (red - one) ** 2 + (green - two) ** 2 + (blue - three) ** 2

    of_cube = distance(*(steps[step] for step in cube))
    of_grey = distance(*(8 + 10 * grey,) * 3)
    return 232 + grey if of_grey < of_cube else 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def colour_depth(when: str, is_terminal: bool, environment: Mapping[str, str]) -> Depth:
    """How many colours to use.

    Args:
        when: ``always``, ``auto`` (a terminal, without NO_COLOR) or ``never``.
        is_terminal: whether the output goes to one.
        environment: for NO_COLOR, COLORTERM and TERM.
    """
    term = environment.get("TERM", "")
    wanted = when == "always" or (
        when == "auto" and is_terminal and not environment.get("NO_COLOR") and term not in ("", "dumb")
    )
    if not wanted:
        return "none"
    says_so = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    if says_so or term.endswith("-direct") or not _TRUE_COLOUR.isdisjoint(term.split("-")):
        return "true"
    return "256" if "256" in term or not is_terminal else "16"


def background_of(theme: str, environment: Mapping[str, str], may_ask: bool) -> Background:
    """Dark or light: as told, else what the terminal says of itself, else COLORFGBG, else dark."""
    if theme in ("dark", "light"):
        return "dark" if theme == "dark" else "light"
    if may_ask:
        answer = _ask_terminal()
        if answer:
            return answer
    last = environment.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if last in ("7", "15") else "dark"


def _ask_terminal() -> Background | None:
    """Ask the controlling terminal for its background (OSC 11); None when it does not say at once.

    The request for the device's attributes behind it is answered by every terminal, so that nothing is waited for in
    vain; input is read with echo off and put back as it was.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    try:
        before = termios.tcgetattr(terminal)
        try:
            tty.setcbreak(terminal, termios.TCSANOW)
            os.write(terminal, b"\x1b]11;?\x1b\\\x1b[c")
            reply = _read_reply(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    except (OSError, termios.error):
        return None
    finally:
        os.close(terminal)
    found = _BACKGROUND_REPLY.search(reply)
    if not found:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return "light" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5 else "dark"


def _read_reply(terminal: int) -> bytes:
    reply, until = b"", time.monotonic() + _REPLY_SECONDS
    while (left := until - time.monotonic()) > 0 and not re.search(rb"\x1b\[\?[\d;]*c", reply):
        if not select.select([terminal], [], [], left)[0]:
            break
        reply += os.read(terminal, 256)
    return reply

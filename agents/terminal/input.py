"""What a person does, as the bytes that a program in a terminal expects for it."""

from __future__ import annotations

from typing import Any, Literal

from pyghostty._ffi import check, ffi, lib

from agents.terminal.emulator import Emulator
from agents.terminal.pasting import paste_bytes

_SPECIAL = {
    "enter": "ENTER", "tab": "TAB", "escape": "ESCAPE", "backspace": "BACKSPACE", "delete": "DELETE",
    "insert": "INSERT", "home": "HOME", "end": "END", "pageup": "PAGE_UP", "pagedown": "PAGE_DOWN",
    "up": "ARROW_UP", "down": "ARROW_DOWN", "left": "ARROW_LEFT", "right": "ARROW_RIGHT", "space": "SPACE",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}  # fmt: skip
_TEXT = {"space": " "}
_SIGNS = {
    "at": "@", "left_square_bracket": "[", "right_square_bracket": "]", "backslash": "\\", "minus": "-",
    "underscore": "_", "circumflex_accent": "^", "slash": "/", "grave_accent": "`", "full_stop": ".", "comma": ",",
    "semicolon": ";", "apostrophe": "'", "equals_sign": "=", "question_mark": "?",
}  # fmt: skip
_MODIFIERS = {"shift": 1, "ctrl": 2, "alt": 4, "meta": 4, "super": 8}

Button = Literal["left", "middle", "right", "wheel-up", "wheel-down", "none"]
_BUTTONS: dict[Button, int] = {"left": 0, "middle": 1, "right": 2, "none": 3, "wheel-up": 64, "wheel-down": 65}


class Keyboard:
    """Encodes for one terminal, in the modes its program has set."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._encoder = ffi.gc(_new("ghostty_key_encoder_new", "GhosttyKeyEncoder"), _freeing("key_encoder"))
        self._event = ffi.gc(_new("ghostty_key_event_new", "GhosttyKeyEvent"), _freeing("key_event"))

    def key(self, name: str, character: str | None = None) -> bytes:
        """A key by its name (``a``, ``ctrl+c``, ``shift+tab``); ``character`` is what it types, if known."""
        *given, base = name.split("+") if name != "+" else [name]
        modifiers = sum({_MODIFIERS.get(modifier, 0) for modifier in given})
        text = character if character and character.isprintable() else _TEXT.get(base, "")
        sign = base if len(base) == 1 else _SIGNS.get(base, "")
        if not text and sign:
            text = sign
        if base not in _SPECIAL and not sign and not text:
            return b""
        if name == "shift+enter" and not self._emulator.kitty_flags:
            return b"\x1b\r"  # what agents are set up for that cannot tell it from Enter
        event = self._event[0]
        lib.ghostty_key_event_set_action(event, lib.GHOSTTY_KEY_ACTION_PRESS)
        lib.ghostty_key_event_set_key(event, _code(base, sign or text))
        lib.ghostty_key_event_set_mods(event, modifiers | (1 if text.isupper() else 0))
        lib.ghostty_key_event_set_consumed_mods(event, 1 if text and not modifiers & ~1 else 0)
        encoded = text.encode()
        held = ffi.new("char[]", encoded)  # the event only points to it
        lib.ghostty_key_event_set_utf8(event, held, len(encoded))
        lib.ghostty_key_event_set_unshifted_codepoint(event, ord(text[0].lower()) if text else 0)
        lib.ghostty_key_encoder_setopt_from_terminal(self._encoder[0], self._emulator.handle)
        buffer, length = ffi.new("char[128]"), ffi.new("size_t*")
        check(lib.ghostty_key_encoder_encode(self._encoder[0], event, buffer, 128, length), "key")
        return bytes(ffi.buffer(buffer, length[0]))

    def paste(self, text: str) -> bytes:
        """Text that was pasted: in brackets if the program asked for them, never with control sequences in it."""
        return paste_bytes(text, bracketed=self._emulator.mode(2004))

    def mouse(self, button: Button, column: int, row: int, *, pressed: bool = True, moved: bool = False) -> bytes:
        """A click, a turn of the wheel or a movement at a cell (from 0); nothing if the program wants none."""
        emulator = self._emulator
        if not emulator.wants_mouse or (moved and not (emulator.mode(1003) or emulator.mode(1002))):
            return b""
        if moved and button == "none" and not emulator.mode(1003):
            return b""
        code = _BUTTONS[button] + (32 if moved else 0)
        if emulator.mode(1006):
            return f"\x1b[<{code};{column + 1};{row + 1}{'M' if pressed else 'm'}".encode()
        if max(column, row) > 222:
            return b""
        return b"\x1b[M" + bytes((32 + (code if pressed else 3), 33 + column, 33 + row))


def _code(base: str, text: str) -> int:
    name = _SPECIAL.get(base)
    if name is None and len(text) == 1 and text.isascii() and text.isalnum():
        name = f"DIGIT_{text}" if text.isdigit() else text.upper()
    if name is None:
        name = {
            "[": "BRACKET_LEFT", "]": "BRACKET_RIGHT", "\\": "BACKSLASH", "-": "MINUS", "/": "SLASH", "`": "BACKQUOTE",
            ".": "PERIOD", ",": "COMMA", ";": "SEMICOLON", "'": "QUOTE", "=": "EQUAL",
        }.get(text, "UNIDENTIFIED")  # fmt: skip
    return int(getattr(lib, f"GHOSTTY_KEY_{name}"))


def _new(function: str, kind: str) -> Any:
    made = ffi.new(f"{kind}*")
    check(getattr(lib, function)(ffi.NULL, made), function)
    return made


def _freeing(what: str) -> Any:
    free = getattr(lib, f"ghostty_{what}_free")
    return lambda made: free(made[0])

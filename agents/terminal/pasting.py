"""Text on its way into a terminal."""

from __future__ import annotations

ENTER_SECONDS = 0.15
"""Between a text and Enter at least: some programs take what comes at once for a paste."""
BEGIN, END = b"\x1b[200~", b"\x1b[201~"


def plain(text: str) -> str:
    """The text without anything that a program could take for a key or a sequence; line feeds and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in text if sign in "\n\t" or not _acts(sign))


def paste_bytes(text: str, *, bracketed: bool, newline: bytes = b"\r") -> bytes:
    """Text as a paste: in brackets, where line ends are only text, or else with ``newline`` for each."""
    shown = plain(text).encode("utf-8", "replace")
    if bracketed:
        return BEGIN + shown.replace(b"\n", b"\r") + END
    return shown.replace(b"\n", newline)


def _acts(sign: str) -> bool:
    return ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0

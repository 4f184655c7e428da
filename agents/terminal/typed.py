"""What a person has typed into a program and not sent yet, as far as the keys tell."""

from __future__ import annotations

import re

from agents.terminal.pasting import BEGIN, END, plain

_KEY = re.compile(
    rb"\x1b\[(?P<code>\d+)(?::\d*)*(?:;(?P<modifiers>\d*)(?::\d+)?)?(?:;(?P<text>[\d:]*))?u"
    rb"|\x1b\[[<>=?]?[0-9;:]*[ -/]*[@-~]|\x1bO.|\x1b[\x20-\x7e\r\x7f]|\x1b\[M...",
    re.DOTALL,
)
_ENTER = re.compile(rb"[\r\n]|\x1b\[(?:13|57414)[;:u]")
_WORD = re.compile(r"\s*\S*$")


def may_send(data: bytes) -> bool:
    """Whether some keys may send what stands in a prompt: there is an Enter among them, however it is encoded."""
    return _ENTER.search(data) is not None


class Typed:
    """Follows the keys. It cannot know what a program makes of every key, so it errs on the side of unsent text."""

    def __init__(self) -> None:
        self.unsent = ""
        """What stands in the prompt, roughly; empty when nothing does."""
        self.sent = ""
        """What was sent last."""
        self._pasting = False

    def feed(self, data: bytes) -> bool:
        """Keys of the person; True when something was sent with them."""
        sent = False
        while data:
            if self._pasting:
                inside, end, data = data.partition(END)
                self.unsent += plain(inside.decode("utf-8", "replace"))
                self._pasting = not end
            elif data.startswith(BEGIN):
                self._pasting, data = True, data[len(BEGIN) :]
            elif match := _KEY.match(data):
                data = data[match.end() :]
                sent = self._special(match) or sent
            else:
                length = next((n for n, byte in enumerate(data) if byte < 0x20 or byte == 0x7F), len(data)) or 1
                sent = self._plain(data[:length]) or sent
                data = data[length:]
        return sent

    def clear(self) -> None:
        """The prompt is known to be empty."""
        self.unsent = ""

    def _special(self, match: re.Match[bytes]) -> bool:
        if match["code"] is None:
            if match.group() in (b"\x1b\r", b"\x1b\n"):
                self.unsent += "\n"
            elif match.group() == b"\x1b\x7f":
                self.unsent = _WORD.sub("", self.unsent)
            return False
        code, modifiers = int(match["code"]), int(match["modifiers"] or 1) - 1
        if code == 13 and modifiers & 0b101:
            self.unsent += "\n"
            return False
        if modifiers & 0b100 and code < 128:
            return self._plain(bytes((code & 0x1F,)))
        if code in (13, 27, 127, 9):
            return self._plain(bytes((code,)))
        if match["text"]:
            self.unsent += "".join(chr(int(sign)) for sign in match["text"].split(b":") if sign)
        return False

    def _plain(self, data: bytes) -> bool:
        match data:
            case b"\r":
                if self.unsent.endswith("\\"):  # how a line goes on in many prompts
                    self.unsent = self.unsent[:-1] + "\n"
                    return False
                self.sent, self.unsent = self.unsent, ""
                return bool(self.sent.strip())
            case b"\n":
                self.unsent += "\n"
            case b"\x7f" | b"\x08":
                self.unsent = self.unsent[:-1]
            case b"\x03" | b"\x15":
                self.unsent = ""
            case b"\x17":
                self.unsent = _WORD.sub("", self.unsent)
            case _ if data[0] >= 0x20:
                self.unsent += data.decode("utf-8", "replace")
            case _:
                pass
        return False

"""A terminal agent for tests: a small full-screen-less TUI with a prompt, and with one fault by its first argument.

It works on a prompt by writing it into ``asked.txt`` (JSON, one prompt a line) and ends its answer with ``done``.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

FAULT = sys.argv[1] if len(sys.argv) > 1 else ""
WORK_SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
PASTE = b"\x1b[200~"
PASTE_END = b"\x1b[201~"


def write(text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(1, data) :]


def tell(event: str, **said: str) -> None:
    """Tell by a hook, as agents do that have some."""
    if FAULT == "hooks":
        command = [os.environ["FAKE_HOOK"]]
        subprocess.run(command, input=json.dumps({"hook_event_name": event, **said}).encode(), check=False)


class Agent:
    """Reads keys, shows a prompt, works."""

    def __init__(self) -> None:
        self.text = ""
        self.asked = ""
        self.enters = 0
        if FAULT == "stray":
            self.text = "11;rgb:1212/1212/1212"
        self.working_until = 0.0
        self.pasting = False

    def prompt(self) -> None:
        shown = self.text.replace("\n", "\r\n  ")
        write(f"\r\x1b[K> {shown}")

    def key(self, data: bytes) -> None:
        while data:
            if data.startswith(PASTE):
                data, self.pasting = data[len(PASTE) :], True
            elif data.startswith(PASTE_END):
                data, self.pasting = data[len(PASTE_END) :], False
            elif data.startswith(b"\x1b[A") and FAULT == "recalls":
                self.text, data = self.asked, data[3:]
                self.prompt()
            elif data.startswith(b"\x1b\r"):
                self.text += "\n"
                self.prompt()
                data = data[2:]
            elif data[:1] == b"\x1b":
                if self.working_until and FAULT != "deaf":
                    self.finish("interrupted")
                data = data[1:]
            else:
                self.one(data[:1], data)
                data = data[1:]

    def one(self, key: bytes, _rest: bytes) -> None:
        if key == b"\r" and not self.pasting:
            self.enter()
        elif key == b"\r":
            self.text += "\n"
        elif key in (b"\x7f", b"\x08"):
            self.text = self.text[:-1]
        elif key == b"\x15":
            self.text = ""
        elif key == b"\x03":
            sys.exit(0)
        else:
            self.text += key.decode("latin-1")
        if not self.working_until:
            self.prompt()

    def enter(self) -> None:
        self.enters += 1
        if FAULT == "eats-enter" or (FAULT == "eats-first-enter" and self.enters == 1):
            return
        if not self.text.strip():
            return
        self.asked, self.text = self.text, ""
        text = self.asked
        tell("UserPromptSubmit", prompt=text)
        if FAULT == "dies":
            write("\r\nfatal: out of luck\r\n")
            sys.exit(3)
        with Path("asked.txt").open("a") as file:
            file.write(json.dumps(text) + "\n")
        write("\x1b]0;⠂ working\x07\r\n* Working (esc to interrupt)\r\n")
        if FAULT == "asks" and text != "y":
            write("Allow this? [y/n] ")
            while os.read(0, 1) not in b"yn":
                pass
            write("\r\x1b[2K")
        self.working_until = time.monotonic() + WORK_SECONDS

    def finish(self, word: str = "done") -> None:
        self.working_until = 0.0
        write("\r\x1b[1A\x1b[2K")  # the row that says how to interrupt
        for comment in re.findall(r"^(R\d+-C\d+): done", self.asked, re.MULTILINE):
            write(f"* {comment}: done\r\n\r\n")
        for number in range(40 if FAULT == "trickles" else 0):
            write(f"piece {number}\r\n")
            time.sleep(0.005)
        tell("Stop", last_assistant_message=f"**{word}**")
        write(f"* {word}\r\n\x1b]0;✳ idle\x07")
        self.prompt()
        if FAULT == "asks-at-rest":
            time.sleep(0.8)  # it has been idle for a while
            write("\r\x1b[2KRate this session? [y/n] ")
            while (answer := os.read(0, 1)) not in b"ynw":
                pass
            write("\r\x1b[2K")
            self.prompt()
            if answer == b"w":  # it works on because of the answer
                self.text = "on and on"
                self.enter()


def main() -> None:
    tty.setraw(0)
    if FAULT == "never-ready":
        write("loading…\r\n")
        time.sleep(600)
    if FAULT == "slow-start":  # what is typed now is lost
        write("starting\r\n")
        time.sleep(1.0)
        termios.tcflush(0, termios.TCIFLUSH)
    if FAULT == "alternate":
        write("\x1b[?1049h\x1b[2J\x1b[H")
    write("\x1b[?2004h" if FAULT != "no-brackets" else "")
    write("Fake agent\r\n\x1b]0;✳ idle\x07")
    agent = Agent()
    agent.prompt()
    if FAULT == "floods":
        block = ("x" * 78 + "\r\n") * 800
        until = time.monotonic() + WORK_SECONDS
        while time.monotonic() < until:
            write(block)
        write("flood over\r\n")
        agent.prompt()
    while True:
        wait = 0.2 if FAULT == "redraws" else 10.0
        if agent.working_until:
            wait = max(0.0, agent.working_until - time.monotonic())
        ready, _, _ = select.select([0], [], [], min(wait, 0.2))
        if ready:
            data = os.read(0, 4096)
            if not data:
                return
            agent.key(data)
        if agent.working_until and time.monotonic() >= agent.working_until:
            agent.finish()
        elif FAULT == "redraws" and not agent.working_until:
            agent.prompt()


try:
    main()
finally:
    if FAULT == "hangs":
        time.sleep(600)

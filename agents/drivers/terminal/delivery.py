"""Bringing a prompt into a program that has only a keyboard, and making sure that it arrived.

It is typed only when the program is ready and the person has typed nothing that is not sent; several lines go as one
paste; Enter goes apart, after the text shows. It has arrived when the program says so or works or has taken the text
out of its prompt. If not, it is tried once more, and then it is said that it did not arrive.
"""

from __future__ import annotations

import asyncio
import re
import time

from agents.drivers.terminal.session import Session
from agents.terminal.pasting import ENTER_SECONDS, paste_bytes, plain
from agents.terminal.rules import TerminalSection

ECHO_SECONDS = 3.0
"""How long the text may take to show."""
TAKEN_SECONDS = 2.0
"""How long the text must be out of the prompt to count, for programs whose work is known when it is seen."""
_TAIL_LETTERS = 24
_NOT_WORD = re.compile(r"[^\w]+")
_STRAY = re.compile(r"rgb:[0-9a-f]+/[0-9a-f]+/[0-9a-f]+")
"""An answer about colours that a program asked its terminal for, and then took for typing."""
_PASTED = re.compile(r"\[(?:Pasted|Paste|Pasted Content)[^\]]*\]|\[paste #", re.IGNORECASE)


class Delivery:
    """One prompt on its way into a session."""

    def __init__(self, session: Session, section: TerminalSection, text: str) -> None:
        self._session = session
        self._section = section
        self._text = plain(text).strip("\n")
        self.sent_at = 0.0
        """When Enter was pressed last, in monotonic seconds."""
        self._submits = session.submits
        self._pasted_before = 0
        self.trouble = ""
        """Why it did not arrive, one sentence; empty when it did."""

    async def run(self) -> bool:
        """Type it; True when it arrived."""
        for attempt in (1, 2):
            shows = await self._type(again=attempt == 2)
            await self._enter(attempt)
            if await self._session.until(self._arrived, self._section.confirm_seconds):
                return True
            if not self._session.alive:
                self.trouble = "The agent's program ended while it was typed."
                return False
            if attempt == 1 and shows and self._stands_in_prompt():
                # the text is there and Enter was lost: only that again
                await self._enter(2)
                if await self._session.until(self._arrived, self._section.confirm_seconds):
                    return True
        self.trouble = "It was typed twice, and the agent's program did not react."
        return False

    async def _type(self, again: bool) -> bool:
        """Write the text; True when it shows."""
        session = self._session
        if again or self._is_stray():
            session.press(*self._section.clear)
            await asyncio.sleep(ENTER_SECONDS)
        newline = session.keyboard.key(self._section.newline)
        self._pasted_before = self._pastes()
        bracketed = session.emulator.mode(2004)
        if bracketed and "\n" not in self._text:
            data = self._text.encode("utf-8", "replace")
        else:
            data = paste_bytes(self._text, bracketed=bracketed, newline=newline)
        session.status.note_input("the prompt is typed", self._text[:80], time.monotonic())
        session.type(data)
        if not self._section.echoes:
            return True
        return await session.until(self._shows, ECHO_SECONDS)

    async def _enter(self, attempt: int) -> None:
        await asyncio.sleep(ENTER_SECONDS)
        self._submits = self._session.submits
        self.sent_at = time.monotonic()
        self._session.status.note_input("Enter" if attempt == 1 else "Enter again", "", self.sent_at)
        self._session.press("enter")

    # what tells that it arrived

    def _arrived(self) -> bool:
        session = self._session
        if session.submits > self._submits or session.status.worked_at >= self.sent_at:
            return True
        if session.status.state == "blocked" and session.status.since >= self.sent_at:
            return True
        # less sure: it stands elsewhere than in the prompt; who says when it works has time to say so
        wait = TAKEN_SECONDS if self._section.working else ENTER_SECONDS
        if not self._section.echoes or time.monotonic() - self.sent_at < wait:
            return False
        return self._shows() and not self._stands_in_prompt()

    def _shows(self) -> bool:
        return self._tail() in self._squeezed(self._rows()) or self._pastes() > self._pasted_before

    def _stands_in_prompt(self) -> bool:
        """Its end stands where the cursor is."""
        emulator = self._session.emulator
        cursor = emulator.cursor
        total, rows = emulator.total_rows, emulator.rows
        row = total - rows + cursor.row
        near = self._squeezed(emulator.text(max(0, row - 2), min(total, row + 1)))
        return self._tail() in near or bool(_PASTED.search(" ".join(emulator.text(max(0, row - 2), row + 1))))

    def _is_stray(self) -> bool:
        emulator = self._session.emulator
        row = emulator.total_rows - emulator.rows + emulator.cursor.row
        return bool(_STRAY.search(" ".join(emulator.text(max(0, row - 1), row + 1))))

    def _rows(self) -> list[str]:
        return self._session.emulator.screen_text()

    def _pastes(self) -> int:
        return len(_PASTED.findall("\n".join(self._rows())))

    def _tail(self) -> str:
        """The last letters of the text, without what a prompt may break or frame it with."""
        return _NOT_WORD.sub("", self._text)[-_TAIL_LETTERS:]

    @staticmethod
    def _squeezed(rows: list[str]) -> str:
        return _NOT_WORD.sub("", "".join(rows))

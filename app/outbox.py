"""The words of the person on their way to the engine: none is lost when something fails or the person leaves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual.message import Message

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import When
from app.images import with_images

if TYPE_CHECKING:
    from app.floor import FloorScreen

KEEP_SECONDS = 3.0
"""How long leaving waits for the engine to take what was sent."""


@runtime_checkable
class KeepsDraft(Protocol):
    """A screen, other than the floor, on which the person writes."""

    async def keep_draft(self) -> bool:
        """Keep what is written as it is now; False when that cannot be, which is said."""


@dataclass
class LeaveWanted(Message):
    """The person wants to leave the program."""

    again: bool = False
    """It has gone through the composer."""


class Outbox:
    """What a floor sends and keeps for the person."""

    def __init__(self, floor: FloorScreen, api: Api) -> None:
        self._floor = floor
        self._api = api
        self._keeping: set[asyncio.Task[bool]] = set()
        self._was_warned = False

    def send(self, task: str, text: str, when: When, draft: str) -> None:
        """Send a prompt, which was kept as this draft; one that is refused comes back into the composer."""
        self.keep(self._send(task, text, when, draft))

    async def _send(self, task: str, text: str, when: When, draft: str) -> None:
        begun = time.time()
        try:
            await self._api.send(task, await with_images(self._api, text), when)
        except ShopfloorError:
            if not await self._has_taken(task, text, begun):
                self._floor.composer.give_back(task, text)
            raise
        await self._drop_draft(task, draft)

    async def _has_taken(self, task: str, text: str, begun: float) -> bool:
        """The engine has the prompt for all it says: on a full disk it can be delivered, and is written later."""
        with contextlib.suppress(ShopfloorError):
            prompts = await self._api.prompts(task)
            return bool(prompts) and prompts[-1].text == text and prompts[-1].at >= begun
        return False

    async def _drop_draft(self, task: str, draft: str) -> None:
        """What was kept is sent. What was written on another screen meanwhile stays."""
        if await self._api.writing.draft(task) == draft:
            await self._api.writing.save_draft(task, "")

    def answer(self, task: str, text: str, draft: str) -> None:
        """Answer what a task's agent asks, in words that were kept as this draft; an answer that is refused comes back
        into the composer."""
        self.keep(self._answer(task, text, draft))

    async def _answer(self, task: str, text: str, draft: str) -> None:
        known = self._floor.roster.get(task)
        asked = known.question if known is not None else None
        options = {option.casefold(): option for option in asked.options} if asked is not None else {}
        try:
            option = options.get(text.strip().casefold(), "")
            text = text if option else await with_images(self._api, text)
            await self._api.questions.answer(task, asked.id if asked else "", option, "" if option else text)
        except ShopfloorError:
            self._floor.composer.give_back(task, text)
            raise
        await self._drop_draft(task, draft)

    def keep_draft(self, task: str, text: str) -> None:
        """Keep what is being written."""
        self.keep(self._keep_draft(task, text))

    async def _keep_draft(self, task: str, text: str) -> None:
        try:
            await self._api.writing.save_draft(task, text)
        except ShopfloorError:
            self._floor.composer.forget_told(task, text)
            raise

    def keep_drafts(self) -> None:
        """The engine is there again: keep what it could not take."""
        for task, text in self._floor.composer.unsaved().items():
            self._floor.composer.tell_draft(task, text)

    async def reread_draft(self, task: str, told: str | None) -> None:
        """The draft of a task may have been written on another screen: let the composer have it, which told this of it
        last. Without the engine there is nothing else to show."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=KEEP_SECONDS)
        with contextlib.suppress(ShopfloorError):
            self._floor.composer.take_draft(task, await self._api.writing.draft(task), told)

    async def offer_past(self, task: str) -> None:
        """Give the composer the draft of a task and what was said to it before."""
        said = [prompt.text for prompt in await self._api.prompts(task) if prompt.origin == "person"]
        self._floor.composer.offer_past(task, await self._api.writing.draft(task), said)

    def keep(self, call: Coroutine[Any, Any, object]) -> None:
        """Hand words of the person to the engine; leaving waits for it."""
        keeping = asyncio.create_task(self._floor.answered(call))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)

    # --- leaving

    def leave(self) -> None:
        """The person leaves. This takes the way that a prompt takes, and so arrives after one that was just sent."""
        (self._floor.focused or self._floor).post_message(LeaveWanted())

    async def finish(self, wanted: LeaveWanted) -> None:
        """Leave when all that was sent and written is with the engine; if that cannot be, say so once."""
        floor = self._floor
        if not wanted.again:  # keys have arrived in the composer now; what it made of them comes before this
            floor.composer.post_message(LeaveWanted(again=True))
            return
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=KEEP_SECONDS)
        unsaved = floor.composer.unsaved().items()
        kept = [await floor.answered(self._api.writing.save_draft(task, text)) for task, text in unsaved]
        if not all(kept) and not self._was_warned:
            self._was_warned = True
            floor.show_bar("What you wrote cannot be kept now. Leaving again leaves without it.")
            return
        floor.host.leave_now()

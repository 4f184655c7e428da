"""A comment while it is written: kept by the engine at every pause, so that nothing typed is lost."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from agents.api import Api
from agents.parts.review import Comment, CommentDraft, CommentKind


class Keeper(Protocol):
    """Keeps what is typed in a comment box."""

    @property
    def saved(self) -> Comment | None:
        """The comment as the engine has it."""

    async def keep(self, text: str, kind: CommentKind) -> None:
        """Let the engine have this text; raises ShopfloorError when it could not be kept."""

    async def finish(self, text: str, kind: CommentKind) -> Comment | None:
        """Keep the last text; returns the comment that stays."""


class ReplyKeeper:
    """Keeps what the person adds to a comment that was sent."""

    def __init__(self, api: Api, comment: Comment) -> None:
        self._api = api
        self.saved: Comment | None = comment
        self._comment = comment

    async def keep(self, text: str, kind: CommentKind) -> None:
        """Let the engine have this text in place of the one before.

        Raises:
            ShopfloorError: it could not be kept.
        """
        self.saved = await self._api.review.reply(self._comment.task, self._comment.id, text)

    async def finish(self, text: str, kind: CommentKind) -> Comment | None:
        """Keep the last text; without one nothing is added and the comment is as it was.

        Raises:
            ShopfloorError: it could not be kept.
        """
        await self.keep(text.strip() and text, kind)
        return self.saved if text.strip() else None


class DraftKeeper:
    """Keeps one draft: makes it with the first text, changes it after that, drops it when it ends empty."""

    def __init__(
        self, api: Api, task: str, draft: CommentDraft, base_tree: str, head_tree: str, saved: Comment | None = None
    ) -> None:
        """
        Args:
            draft: what the comment is about.
            base_tree: the old end of the diff it is written on.
            head_tree: the new end.
            saved: the draft that is edited; None for a new comment.
        """
        self._api = api
        self._task = task
        self._draft = draft
        self._trees = (base_tree, head_tree)
        self.saved = saved
        """The draft as the engine has it."""
        self._order = asyncio.Lock()

    async def keep(self, text: str, kind: CommentKind) -> None:
        """Let the engine have this text. Without text nothing is done.

        Raises:
            ShopfloorError: it could not be kept.
        """
        async with self._order:  # two pauses at once must not make two comments
            if not text.strip():
                return
            if self.saved is None:
                self.saved = await self._add(text, kind)
            elif kind != self.saved.kind:
                # A draft's kind is part of what it is: the new one is there before the old one goes.
                before, self.saved = self.saved, await self._add(text, kind)
                await self._api.review.delete(self._task, before.id)
            elif text != self.saved.text:
                self.saved = await self._api.review.edit(self._task, self.saved.id, text)

    async def finish(self, text: str, kind: CommentKind) -> Comment | None:
        """Keep the last text, or drop the draft when there is none; returns the draft that stays.

        Raises:
            ShopfloorError: it could not be kept or dropped.
        """
        await self.keep(text, kind)
        if not text.strip() and self.saved is not None:
            await self._api.review.delete(self._task, self.saved.id)
            self.saved = None
        return self.saved

    async def _add(self, text: str, kind: CommentKind) -> Comment:
        draft = msgspec.structs.replace(self._draft, text=text, kind=kind)
        return await self._api.review.add(self._task, draft, *self._trees)

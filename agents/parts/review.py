"""Review: comments on a task's change, the rounds they are sent in, and what the person has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from agents.model import Prompt, Struct, Task, When

CommentKind = Literal["fix", "question", "suggestion", "do-not-touch", "note"]
"""A ``note`` is private: it is never sent."""
CommentTarget = Literal["lines", "hunk", "file", "change"]
CommentState = Literal["draft", "sent", "claimed", "resolved"]
Claim = Literal["", "done", "declined", "question"]


class CommentDraft(Struct, kw_only=True):
    """What a person (or a script) gives to comment on a change."""

    text: str
    kind: CommentKind = "fix"
    target: CommentTarget = "lines"
    path: bytes = b""
    """Name in the repository; empty for a comment on the whole change."""
    side: Literal["old", "new"] = "new"
    start: int = 0
    """First line, 1-based, on ``side``; 0 for file and change."""
    end: int = 0
    """Last line, inclusive."""
    section: str = ""
    """The enclosing function, as in the hunk header."""
    quote: tuple[str, ...] = ()
    """The diff lines commented on, each with its mark (``+``, ``-`` or blank)."""
    author: str = "person"
    blob: str = ""
    """Object id of the content whose lines ``start`` and ``end`` count; empty when it was not known."""


class Reply(Struct, kw_only=True):
    """Something said about a comment after it was written."""

    text: str
    author: str = "person"
    round: int = 0
    """The round it was sent in; 0 while it was not."""
    at: float = 0.0


class Comment(CommentDraft, kw_only=True):
    """A note anchored in a change."""

    id: str
    """``R2-C3``: third comment of round 2; given when the draft is made, never used again."""
    task: str
    round: int
    """The round it belongs to; a draft belongs to the next one sent."""
    base_tree: str = ""
    head_tree: str = ""
    """The diff it was written on: its two tree ids."""
    base_commit: str = ""
    """What the task's whole change was compared with then."""
    state: CommentState = "draft"
    undelivered: Literal["", "waiting", "failed"] = ""
    """A sent comment that the agent has not got yet: its round waits for the agent, or could not be delivered."""
    claim: Claim = ""
    """What the agent says it did about it."""
    claim_text: str = ""
    replies: tuple[Reply, ...] = ()
    """What was said about it since, oldest first."""
    at: float = 0.0

    @property
    def has_unsent_reply(self) -> bool:
        """The person said something that the agent has not been told."""
        return any(reply.author == "person" and not reply.round for reply in self.replies)

    @property
    def is_new(self) -> bool:
        """A draft that the next round sends; private notes stay."""
        return self.state == "draft" and self.kind != "note"

    @property
    def is_to_be_sent(self) -> bool:
        """The next round sends it, or what the person said about it since."""
        return self.is_new or self.has_unsent_reply


class EditedPrompt(Struct, kw_only=True):
    """What the person made of the prompt of the next round, and has not sent."""

    text: str = ""
    """Empty when they changed nothing."""
    composed: str = ""
    """The prompt as it was before they did."""


class Review(Protocol):
    """The part ``review`` of the Api."""

    async def comments(self, task: str) -> list[Comment]:
        """All comments of a task in the order they were written."""

    async def add(self, task: str, draft: CommentDraft, base_tree: str = "", head_tree: str = "") -> Comment:
        """Record a draft comment. Without trees it is taken to be on the branch scope as of now, and its quote is
        filled in from there."""

    async def edit(self, task: str, comment: str, text: str) -> Comment:
        """Change the text of a draft."""

    async def delete(self, task: str, comment: str) -> None:
        """Drop a draft."""

    async def reply(self, task: str, comment: str, text: str, author: str = "person") -> Comment:
        """Say something about a comment that was sent. What the person says goes to the agent with the next round;
        until then saying it again replaces it, and an empty text takes it back."""

    async def explain(
        self, task: str, question: str, about: CommentDraft, base_tree: str = "", head_tree: str = ""
    ) -> Task:
        """Ask about a change in a task of its own, which can edit nothing of this one, and is returned. Its answer
        becomes a private note where ``about`` says, written on these trees."""

    async def prompt(self, task: str, without: Sequence[str] = ()) -> str:
        """The prompt that sending the drafts and replies would send; comments ``without`` stay as they are."""

    async def send(self, task: str, when: When = "now", text: str = "", without: Sequence[str] = ()) -> Prompt:
        """Send all drafts and replies as one round, those ``without`` not; ``text`` is the prompt, if it is given."""

    async def edited_prompt(self, task: str) -> EditedPrompt:
        """The prompt of the next round as the person left it, until a round is sent."""

    async def keep_edited_prompt(self, task: str, edited: EditedPrompt) -> None:
        """Keep it; an empty text forgets it."""

    async def resolve(self, task: str, comment: str, resolved: bool = True) -> Comment:
        """The person's verdict: resolved, or open again."""

    async def reviewed(self, task: str) -> list[str]:
        """The marks (:mod:`agents.review.marks`) of what the person has looked at."""

    async def mark(self, task: str, marks: Sequence[str], reviewed: bool = True) -> None:
        """The person has looked at these parts of the change, or wants to look at them again."""

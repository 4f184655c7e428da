"""The person's review of a task's change; implements :class:`agents.parts.review.Review`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from agents.engine.asides import Aside, Asides
from agents.engine.changes import Changes
from agents.engine.comments import Comments, with_quote
from agents.engine.ledger import Ledger
from agents.engine.writing import WritingDesk
from agents.errors import UsageError
from agents.events import CommentsChanged
from agents.model import Delivery, Prompt, Task, When
from agents.parts.review import Comment, CommentDraft, EditedPrompt, Reply
from agents.review.prompt import review_prompt
from agents.store import Round


class ReviewDesk:
    """The person's drafts, the rounds sent, the verdicts, and the marks of what was looked at.

    Args:
        deliver: makes a recorded prompt durable and brings it on its way.
    """

    def __init__(
        self,
        ledger: Ledger,
        comments: Comments,
        changes: Changes,
        writing: WritingDesk,
        asides: Asides,
        deliver: Callable[[Prompt], None],
    ) -> None:
        self._ledger = ledger
        self._comments = comments
        self._changes = changes
        self._writing = writing
        self._asides = asides
        self._deliver = deliver

    async def comments(self, task: str) -> list[Comment]:
        """See :class:`agents.parts.review.Review`; of the sent ones it says whether the agent has got them."""
        name, store = self._ledger.find(task).id, self._ledger.store
        comments = self._comments.of(name)
        delivery = {prompt.id: prompt.delivery for prompt in store.prompts(name)}
        rounds = {each.number: delivery.get(each.prompt, "answered") for each in store.rounds(name)}
        return [
            msgspec.structs.replace(comment, undelivered=_undelivered(rounds.get(_last_round(comment), "answered")))
            if comment.state == "sent"
            else comment
            for comment in comments
        ]

    async def add(self, task: str, draft: CommentDraft, base_tree: str = "", head_tree: str = "") -> Comment:
        """See :class:`agents.parts.review.Review`."""
        known = self._ledger.on_floor(task)
        if not head_tree:
            diff = await self._changes.diff(known.id)
            draft = await with_quote(draft, diff, self._changes.blobs)
            base_tree, head_tree = diff.base_tree, diff.head_tree
        draft = msgspec.structs.replace(draft, text=await self._writing.kept_for(known.id, draft.text))
        comment = self._comments.add(known.id, draft, base_tree, head_tree)
        self._ledger.flush()
        return comment

    async def edit(self, task: str, comment: str, text: str) -> Comment:
        """See :class:`agents.parts.review.Review`."""
        name = self._ledger.find(task).id
        text = await self._writing.kept_for(name, text)
        known = self._comments.draft(name, comment)
        changed = self._comments.put(msgspec.structs.replace(known, text=text))
        self._ledger.flush()
        return changed

    async def delete(self, task: str, comment: str) -> None:
        """See :class:`agents.parts.review.Review`."""
        self._comments.delete(self._ledger.find(task).id, comment)
        self._ledger.flush()

    async def reply(self, task: str, comment: str, text: str, author: str = "person") -> Comment:
        """See :class:`agents.parts.review.Review`. What the person says opens the comment again."""
        name = self._ledger.on_floor(task).id
        text = await self._writing.kept_for(name, text)
        known = self._comments.find(name, comment)
        if known.state == "draft":
            raise UsageError(f"Comment {known.id} was not sent yet.", "Write it anew, with what you want to add.")
        is_person = author == "person"
        kept = tuple(r for r in known.replies if not (is_person and r.author == author and not r.round))
        told = Reply(text=text, author=author, round=0 if is_person else known.round, at=time.time())
        replies = (*kept, told) if text.strip() else kept
        state = "sent" if is_person and text.strip() else known.state
        changed = self._comments.put(msgspec.structs.replace(known, replies=replies, state=state))
        self._ledger.flush()
        return changed

    async def explain(
        self, task: str, question: str, about: CommentDraft, base_tree: str = "", head_tree: str = ""
    ) -> Task:
        """See :class:`agents.parts.review.Review`."""
        known = self._ledger.on_floor(task)
        aside = Aside(task=known.id, about=about, base_tree=base_tree, head_tree=head_tree)
        return await self._asides.ask(question, aside)

    async def prompt(self, task: str, without: Sequence[str] = ()) -> str:
        """See :class:`agents.parts.review.Review`."""
        known = self._ledger.find(task)
        comments = [comment for comment in self._comments.of(known.id) if comment.id not in without]
        drafts = [comment for comment in comments if comment.is_new]
        reopened = [comment for comment in comments if comment.has_unsent_reply]
        if not drafts and not reopened:
            raise UsageError(f"Task {known.id} has no comments to send.", "`c` in the review writes one.")
        return review_prompt(
            drafts,
            round_number=known.round + 1,
            base_name=self._changes.base_name(known),
            directory=known.worktree,
            still_open=[c for c in comments if c.state in ("sent", "claimed") and not c.has_unsent_reply],
            reopened=reopened,
        )

    async def send(self, task: str, when: When = "now", text: str = "", without: Sequence[str] = ()) -> Prompt:
        """See :class:`agents.parts.review.Review`."""
        known = self._ledger.on_floor(task)
        composed = await self.prompt(known.id, without)
        said = await self._writing.prompt_for(known.id, text if text.strip() else composed)
        diff = await self._changes.diff(known.id)
        number = self._ledger.tasks[known.id].round + 1
        prompt = self._ledger.add_prompt(Prompt(id=0, task=known.id, text=said, when=when, origin="review"))
        for position, comment in enumerate(self._comments.of(known.id)):
            if comment.is_to_be_sent and comment.id not in without:
                self._ledger.store.put_comment(position, _sent(comment, number))
        self._ledger.store.put_round(
            known.id,
            Round(number=number, base_tree=diff.base_tree, head_tree=diff.head_tree, prompt=prompt.id, at=time.time()),
        )
        self._ledger.store.put_draft(_edited(known.id), "")
        self._ledger.update(known.id, round=number)
        self._comments.changed(known.id)
        self._deliver(prompt)
        return prompt

    async def edited_prompt(self, task: str) -> EditedPrompt:
        """See :class:`agents.parts.review.Review`."""
        self._ledger.flush()
        kept = self._ledger.store.draft(_edited(self._ledger.find(task).id))
        try:
            return msgspec.json.decode(kept, type=EditedPrompt) if kept else EditedPrompt()
        except msgspec.MsgspecError:
            return EditedPrompt(text=kept)  # damaged: what was typed is somewhere in it

    async def keep_edited_prompt(self, task: str, edited: EditedPrompt) -> None:
        """See :class:`agents.parts.review.Review`."""
        kept = msgspec.json.encode(edited).decode() if edited.text else ""
        self._ledger.store.put_draft(_edited(self._ledger.find(task).id), kept)
        self._ledger.flush()

    async def resolve(self, task: str, comment: str, resolved: bool = True) -> Comment:
        """See :class:`agents.parts.review.Review`."""
        known = self._comments.find(self._ledger.find(task).id, comment)
        if known.state == "draft":
            hint = f"`shopfloor review {known.task} --send` sends it."
            raise UsageError(f"Comment {known.id} was not sent yet.", hint)
        judged = self._comments.put(msgspec.structs.replace(known, state="resolved" if resolved else "sent"))
        self._ledger.flush()
        return judged

    async def reviewed(self, task: str) -> list[str]:
        """See :class:`agents.parts.review.Review`."""
        self._ledger.flush()
        return self._ledger.store.reviewed(self._ledger.find(task).id)

    async def mark(self, task: str, marks: Sequence[str], reviewed: bool = True) -> None:
        """See :class:`agents.parts.review.Review`."""
        known = self._ledger.find(task)
        self._ledger.store.put_reviewed(known.id, marks, reviewed)
        self._ledger.publish(CommentsChanged(task=known.id))
        self._ledger.flush()


def _edited(task: str) -> str:
    """Under which name an edited prompt lies among the drafts, so that the images it names are kept as long."""
    return f"round {task}"


def _sent(comment: Comment, number: int) -> Comment:
    """A comment as the round of that number sends it."""
    replies = tuple(
        msgspec.structs.replace(reply, round=number) if not reply.round else reply for reply in comment.replies
    )
    first = {"round": number} if comment.state == "draft" else {}
    return msgspec.structs.replace(comment, state="sent", replies=replies, **first)


def _last_round(comment: Comment) -> int:
    return max((comment.round, *(reply.round for reply in comment.replies)))


def _undelivered(delivery: Delivery) -> Literal["", "waiting", "failed"]:
    return "waiting" if delivery == "queued" else "failed" if delivery in ("failed", "withdrawn") else ""

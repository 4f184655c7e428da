"""Comments on a task's change and the rounds they are sent in."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Literal

import msgspec

from agents.engine.ledger import Ledger
from agents.errors import NotFound, UsageError
from agents.events import CommentsChanged
from agents.model import Delivery, Prompt, When
from agents.parts.changes import Diff
from agents.parts.review import Claim, Comment, CommentDraft, Reply
from agents.review.prompt import parse_claims, review_prompt
from agents.store import Round

Blobs = Callable[[str, Sequence[str]], Awaitable[list[bytes]]]


class Reviews:
    """All comments of all tasks. The person's drafts, the rounds sent, the agent's claims, the verdicts."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def comments(self, task: str) -> list[Comment]:
        """All comments of a task in the order they were written."""
        self._ledger.flush()
        return self._ledger.store.comments(task)

    def told(self, task: str) -> list[Comment]:
        """The same, and of the sent ones whether the agent has got them."""
        comments, store = self.comments(task), self._ledger.store
        delivery = {prompt.id: prompt.delivery for prompt in store.prompts(task)}
        rounds = {each.number: delivery.get(each.prompt, "answered") for each in store.rounds(task)}
        return [
            msgspec.structs.replace(comment, undelivered=_undelivered(rounds.get(_last_round(comment), "answered")))
            if comment.state == "sent"
            else comment
            for comment in comments
        ]

    def find(self, task: str, comment: str) -> Comment:
        """One comment by its id; raises NotFound."""
        for known in self.comments(task):
            if known.id == comment.upper():
                return known
        raise NotFound(f"Task {task} has no comment “{comment}”.", f"`shopfloor comments {task}` lists them.")

    def _put(self, comment: Comment) -> Comment:
        known = self.comments(comment.task)
        ids = [other.id for other in known]
        position = ids.index(comment.id) if comment.id in ids else len(ids)
        self._ledger.store.put_comment(position, comment)
        self._changed(comment.task)
        return comment

    def _changed(self, task: str) -> None:
        drafts = sum(1 for comment in self.comments(task) if _is_to_be_sent(comment))
        self._ledger.update(task, draft_comments=drafts)
        self._ledger.publish(CommentsChanged(task=task))

    def add(self, task: str, draft: CommentDraft, base_tree: str, head_tree: str) -> Comment:
        """Record a draft; it belongs to the next round."""
        if not draft.text.strip():
            raise UsageError("A comment without text says nothing.", "Write what should change.")
        number = self._ledger.tasks[task].round + 1
        prefix = f"R{number}-C"
        taken = [int(known.id[len(prefix) :]) for known in self.comments(task) if known.id.startswith(prefix)]
        fields = {name: getattr(draft, name) for name in CommentDraft.__struct_fields__}
        comment = Comment(
            **fields,
            id=f"{prefix}{max(taken, default=0) + 1}",
            task=task,
            round=number,
            base_tree=base_tree,
            head_tree=head_tree,
            at=time.time(),
        )
        return self._put(comment)

    def edit(self, task: str, comment: str, text: str) -> Comment:
        """Change the text of a draft."""
        known = self._draft(task, comment)
        return self._put(msgspec.structs.replace(known, text=text))

    def delete(self, task: str, comment: str) -> None:
        """Drop a draft."""
        known = self._draft(task, comment)
        self._ledger.store.remove_comment(task, known.id)
        self._changed(task)

    def _draft(self, task: str, comment: str) -> Comment:
        known = self.find(task, comment)
        if known.state != "draft":
            raise UsageError(f"Comment {known.id} was sent already and stays as it was.", "Write another comment.")
        return known

    def prompt_text(self, task: str, base_name: str, without: Collection[str] = ()) -> str:
        """The prompt that sending the drafts would send; those ``without`` stay drafts."""
        comments = [comment for comment in self.comments(task) if comment.id not in without]
        drafts = [comment for comment in comments if _is_new(comment)]
        reopened = [comment for comment in comments if comment.has_unsent_reply]
        if not drafts and not reopened:
            raise UsageError(f"Task {task} has no comments to send.", "`c` in the review writes one.")
        still_open = [c for c in comments if c.state in ("sent", "claimed") and not c.has_unsent_reply]
        known = self._ledger.tasks[task]
        return review_prompt(
            drafts,
            round_number=known.round + 1,
            base_name=base_name,
            directory=known.worktree,
            still_open=still_open,
            reopened=reopened,
        )

    def send(self, task: str, text: str, when: When, diff: Diff, without: Collection[str] = ()) -> Prompt:
        """Record the round and its prompt together; delivering it is the engine's."""
        number = self._ledger.tasks[task].round + 1
        prompt = self._ledger.add_prompt(Prompt(id=0, task=task, text=text, when=when, origin="review"))
        for position, comment in enumerate(self.comments(task)):
            if _is_to_be_sent(comment) and comment.id not in without:
                replies = tuple(
                    msgspec.structs.replace(reply, round=number) if not reply.round else reply
                    for reply in comment.replies
                )
                changes = {"round": number} if comment.state == "draft" else {}
                sent = msgspec.structs.replace(comment, state="sent", replies=replies, **changes)
                self._ledger.store.put_comment(position, sent)
        self._ledger.store.put_round(
            task,
            Round(number=number, base_tree=diff.base_tree, head_tree=diff.head_tree, prompt=prompt.id, at=time.time()),
        )
        self._ledger.update(task, round=number)
        self._changed(task)
        return prompt

    def reply(self, task: str, comment: str, text: str, author: str) -> Comment:
        """Add to a comment that was sent; what the person adds opens it again. What they added before and has not been
        sent is replaced; without text it is taken back."""
        known = self.find(task, comment)
        if known.state == "draft":
            raise UsageError(f"Comment {known.id} was not sent yet.", "Write it anew, with what you want to add.")
        is_person = author == "person"
        kept = tuple(r for r in known.replies if not (is_person and r.author == author and not r.round))
        told = Reply(text=text, author=author, round=0 if is_person else known.round, at=time.time())
        replies = (*kept, told) if text.strip() else kept
        state = "sent" if is_person and text.strip() else known.state
        return self._put(msgspec.structs.replace(known, replies=replies, state=state))

    def reviewed(self, task: str) -> list[str]:
        """The marks of what the person has looked at."""
        self._ledger.flush()
        return self._ledger.store.reviewed(task)

    def mark(self, task: str, marks: Sequence[str], reviewed: bool) -> None:
        """Set or take away marks."""
        self._ledger.store.put_reviewed(task, marks, reviewed)
        self._ledger.publish(CommentsChanged(task=task))

    def claim(self, task: str, comment: str, claim: Claim, text: str) -> Comment:
        """Record what the agent says about a sent comment."""
        known = self.find(task, comment)
        if known.state not in ("sent", "claimed"):
            raise UsageError(f"Comment {known.id} is {known.state}: there is nothing to claim.")
        return self._put(msgspec.structs.replace(known, state="claimed", claim=claim, claim_text=text))

    def take_claims(self, task: str, answer: str) -> None:
        """What an agent's answer says about comments that were sent; what it says about others is ignored."""
        sent = {comment.id for comment in self.comments(task) if comment.state in ("sent", "claimed")}
        for claim in parse_claims(answer):
            if claim.comment in sent:
                self.claim(task, claim.comment, claim.claim, claim.text)

    def resolve(self, task: str, comment: str, resolved: bool) -> Comment:
        """The person's verdict."""
        known = self.find(task, comment)
        if known.state == "draft":
            raise UsageError(f"Comment {known.id} was not sent yet.", f"`shopfloor review {task} --send` sends it.")
        return self._put(msgspec.structs.replace(known, state="resolved" if resolved else "sent"))


def _last_round(comment: Comment) -> int:
    return max((comment.round, *(reply.round for reply in comment.replies)))


def _undelivered(delivery: Delivery) -> Literal["", "waiting", "failed"]:
    return "waiting" if delivery == "queued" else "failed" if delivery in ("failed", "withdrawn") else ""


def _is_new(comment: Comment) -> bool:
    """A draft that the next round sends; private notes stay."""
    return comment.state == "draft" and comment.kind != "note"


def _is_to_be_sent(comment: Comment) -> bool:
    return _is_new(comment) or comment.has_unsent_reply


async def with_quote(draft: CommentDraft, diff: Diff, blobs: Blobs) -> CommentDraft:
    """A draft with the diff lines it is about, and the content they count in, taken from the diff it is written on.

    Raises:
        NotFound: the file is not part of the change.
        UsageError: the file has no such lines.
    """
    if (draft.quote and draft.blob) or draft.target == "change" or not draft.path:
        return draft
    from agents.review import parse_diff

    shown = draft.path.decode("utf-8", "backslashreplace")
    file = next((file for file in parse_diff(diff.patch).files if draft.path in (file.new_path, file.old_path)), None)
    if file is None and draft.quote:
        return draft
    if file is None:
        raise NotFound(f"{shown} is not part of this change.", f"`shopfloor diff {diff.task}` shows what is.")
    draft = msgspec.structs.replace(draft, blob=draft.blob or (file.new_blob if draft.side == "new" else file.old_blob))
    if draft.target == "file" or not draft.start or draft.quote:
        return draft
    numbers = file.lines.new if draft.side == "new" else file.lines.old
    wanted = [i for i in range(len(file.lines)) if draft.start <= numbers[i] <= max(draft.start, draft.end)]
    end = max(draft.start, draft.end)
    if wanted:
        inside = range(wanted[0], wanted[-1] + 1)
        quote = tuple(" +-\\"[file.lines.kind[i]] + file.lines.text(i) for i in inside)
        section = next((hunk.section for hunk in file.hunks if hunk.first <= wanted[0] < hunk.last), "")
        return msgspec.structs.replace(draft, quote=quote, section=draft.section or section, end=end)
    (data,) = await blobs(diff.task, [file.new_blob if draft.side == "new" else file.old_blob])
    lines = data.decode("utf-8", "backslashreplace").split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    if end > len(lines):
        raise UsageError(f"{shown} has {len(lines)} lines; there is no line {end}.")
    return msgspec.structs.replace(draft, quote=tuple(" " + line for line in lines[draft.start - 1 : end]), end=end)

"""The comments on tasks' changes: recorded, found, claimed; what the person does with them is in ``review.py``."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from agents.engine.ledger import Ledger
from agents.errors import NotFound, UsageError
from agents.events import CommentsChanged
from agents.parts.changes import Diff
from agents.parts.review import Claim, Comment, CommentDraft
from agents.review.linemap import split_lines
from agents.review.prompt import parse_claims

Blobs = Callable[[str, Sequence[str]], Awaitable[list[bytes]]]


class Comments:
    """All comments of all tasks. What is done to them is durable with the next commit of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def of(self, task: str) -> list[Comment]:
        """All comments of a task in the order they were written."""
        self._ledger.flush()
        return self._ledger.store.comments(task)

    def find(self, task: str, comment: str) -> Comment:
        """One comment by its id; raises NotFound."""
        for known in self.of(task):
            if known.id == comment.upper():
                return known
        raise NotFound(f"Task {task} has no comment “{comment}”.", f"`shopfloor comments {task}` lists them.")

    def put(self, comment: Comment) -> Comment:
        """Record a comment as it is now."""
        known = self.of(comment.task)
        ids = [other.id for other in known]
        position = ids.index(comment.id) if comment.id in ids else len(ids)
        self._ledger.store.put_comment(position, comment)
        self.changed(comment.task)
        return comment

    def changed(self, task: str) -> None:
        """Count and publish, after comments were recorded otherwise than by :meth:`put`."""
        drafts = sum(1 for comment in self.of(task) if comment.is_to_be_sent)
        self._ledger.update(task, draft_comments=drafts)
        self._ledger.publish(CommentsChanged(task=task))

    def add(self, task: str, draft: CommentDraft, base_tree: str, head_tree: str) -> Comment:
        """Record a draft; it belongs to the next round."""
        if not draft.text.strip():
            raise UsageError("A comment without text says nothing.", "Write what should change.")
        number = self._ledger.tasks[task].round + 1
        prefix = f"R{number}-C"
        taken = [int(known.id[len(prefix) :]) for known in self.of(task) if known.id.startswith(prefix)]
        fields = {name: getattr(draft, name) for name in CommentDraft.__struct_fields__}
        comment = Comment(
            **fields,
            id=f"{prefix}{max(taken, default=0) + 1}",
            task=task,
            round=number,
            base_tree=base_tree,
            head_tree=head_tree,
            base_commit=self._ledger.tasks[task].base_commit,
            at=time.time(),
        )
        return self.put(comment)

    def delete(self, task: str, comment: str) -> None:
        """Drop a draft."""
        known = self.draft(task, comment)
        self._ledger.store.remove_comment(task, known.id)
        self.changed(task)

    def draft(self, task: str, comment: str) -> Comment:
        """One comment by its id, while it can be changed.

        Raises:
            NotFound: there is none.
            UsageError: it was sent.
        """
        known = self.find(task, comment)
        if known.state != "draft":
            raise UsageError(f"Comment {known.id} was sent already and stays as it was.", "Write another comment.")
        return known

    def claim(self, task: str, comment: str, claim: Claim, text: str) -> Comment:
        """Record what the agent says about a sent comment."""
        known = self.find(task, comment)
        if known.state not in ("sent", "claimed"):
            raise UsageError(f"Comment {known.id} is {known.state}: there is nothing to claim.")
        return self.put(msgspec.structs.replace(known, state="claimed", claim=claim, claim_text=text))

    def take_claims(self, task: str, answer: str) -> None:
        """What an agent's answer says about comments that were sent; what it says about others is ignored."""
        sent = {comment.id for comment in self.of(task) if comment.state in ("sent", "claimed")}
        for claim in parse_claims(answer):
            if claim.comment in sent:
                self.claim(task, claim.comment, claim.claim, claim.text)


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
    end = max(draft.start, draft.end)
    wanted = [i for i in range(len(file.lines)) if draft.start <= numbers[i] <= end]
    (data,) = await blobs(diff.task, [file.new_blob if draft.side == "new" else file.old_blob])
    unchanged = [" " + line.decode("utf-8", "backslashreplace") for line in split_lines(data)]
    if draft.start > len(unchanged):
        raise UsageError(f"{shown} has {len(unchanged)} lines; there is no line {draft.start}.")
    quote: list[str] = []
    at = draft.start
    for index in range(wanted[0], wanted[-1] + 1) if wanted else ():
        if numbers[index]:  # what lies before a hunk, and between two of them
            quote += unchanged[at - 1 : numbers[index] - 1]
            at = numbers[index] + 1
        quote.append(" +-\\"[file.lines.kind[index]] + file.lines.text(index))
    quote += unchanged[at - 1 : end]
    section = next((hunk.section for hunk in file.hunks if wanted and wanted[0] in hunk.indexes), "")
    return msgspec.structs.replace(
        draft, quote=tuple(quote), section=draft.section or section, end=min(end, len(unchanged))
    )

"""Writing comments and judging what became of them: the part of the review that changes comments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from agents.api import Api
from agents.errors import ShopfloorError
from agents.parts.review import Comment, CommentDraft
from agents.review.places import Placed
from app.images import with_images
from app.review.drafts import DraftKeeper, Keeper, ReplyKeeper
from app.review.host import Host
from app.review.words import place_text
from app.review.writing import Writing
from widgets.comment_box import CommentBox
from widgets.diff import DiffView


class CommentDesk:
    """Comments of one task, as they are written and judged in a view."""

    def __init__(self, api: Api, task: str, view: DiffView, writing: Writing, host: Host) -> None:
        self._api = api
        self._task = task
        self._view = view
        self._host = host
        self._keeper: Keeper | None = None
        self._box: CommentBox | None = None
        self._writing = writing
        self._repeated: Comment | None = None
        """What is put on other lines too."""
        self.is_stale = False
        """The change is another one, to be shown when the comment being written is closed."""

    # writing

    @property
    def edited(self) -> str:
        """The draft that is in the box; empty when there is none."""
        saved = self._keeper.saved if self._keeper and self._box and not self._box.is_reply else None
        return saved.id if saved else ""

    def write_here(self) -> None:
        """Write on the line, range or hunk at the cursor, or go on with the draft there."""
        known = self._view.state.comment()
        if known is not None and known.state == "draft":
            self.write(known, known)
        else:
            self.write(self._view.draft())

    def write_on_file(self) -> None:
        """Write on the file at the cursor."""
        path = self._view.state.position().path
        self.write(CommentDraft(text="", target="file" if path else "change", path=path))

    def write_on_change(self) -> None:
        """Write on the whole change."""
        self.write(CommentDraft(text="", target="change"))

    def write(self, draft: CommentDraft, known: Comment | None = None) -> None:
        """Open a box for a comment; ``known`` is the draft that is edited."""
        diff = self._host.shown
        if diff is None or self._view.is_editing:
            return
        self._keeper = DraftKeeper(self._api, self._task, draft, diff.base_tree, diff.head_tree, known)
        comment = known.id if known else ""
        self._open(CommentBox(draft, place_text(draft), comment=comment, history=self._before()), draft)

    def follow_up(self, placed: Placed) -> None:
        """Open a box for what is still missing after the agent's answer to a comment."""
        if self._view.is_editing:
            return
        comment = placed.comment
        unsent = next((reply.text for reply in comment.replies if reply.author == "person" and not reply.round), "")
        place = CommentDraft(text=unsent, path=placed.path, side=comment.side, start=placed.start, end=placed.end)
        self._keeper = ReplyKeeper(self._api, comment)
        self._open(
            CommentBox(place, place_text(comment), comment=comment.id, is_reply=True, history=self._before()), place
        )

    def again(self) -> None:
        """On a comment: let it be the one to repeat. On code: say the same there, in a draft of its own."""
        here = self._view.state.comment()
        if here is not None:
            self._repeated = here
            self._host.say(f"Go to other lines and press the key again: {here.id} is put there too.")
        elif self._repeated is None:
            self._host.say("Put the cursor on the comment to repeat, and press the key there first.")
        else:
            self._host.start(self._repeat(self._repeated))

    async def _repeat(self, comment: Comment) -> None:
        diff = self._host.shown
        if diff is None:
            return
        draft = msgspec.structs.replace(self._view.draft(), text=comment.text, kind=comment.kind)
        try:
            made = await self._api.review.add(self._task, draft, diff.base_tree, diff.head_tree)
        except ShopfloorError as error:
            self._host.say(str(error), error=True)
            return
        self._view.clear_selection()
        await self._host.read_comments()
        self._host.say(f"{made.id} says the same as {comment.id}, {place_text(made)}.")

    def _open(self, box: CommentBox, draft: CommentDraft) -> None:
        self._box = box
        self._host.start(self._offer_words(box))
        self._view.clear_selection()
        self._view.open_editor(box, draft, height=5, comment="" if box.is_reply else box.comment)

    async def _offer_words(self, box: CommentBox) -> None:
        box.offer(await self._writing.words(self._view.state.diff))

    def _before(self) -> list[str]:
        """What the person wrote about this change before."""
        texts = [each.comment.text for each in self._view.state.placed if each.comment.author == "person"]
        return list(dict.fromkeys(text for text in texts if text.strip()))

    async def keep(self, box: CommentBox) -> bool:
        """Typing rests: keep what is there; False when that cannot be."""
        if self._keeper is None or box is not self._box:
            return True
        try:
            await self._keeper.keep(await with_images(self._api, box.text), box.kind)
        except ShopfloorError as error:
            self._host.say(f"Not kept yet: {error}", error=True)
            return False
        # The engine may have told about this draft before it answered: then its box stands beside the editor.
        await self._host.read_comments()
        return True

    async def keep_now(self) -> bool:
        """Keep the comment that is being written, if there is one; False when that cannot be."""
        return self._box is None or await self.keep(self._box)

    async def finish(self, box: CommentBox) -> None:
        """The person is done with a comment: keep it, close its box, show what waited for that."""
        if self._keeper is None or box is not self._box:
            return
        try:
            kept = await self._keeper.finish(await with_images(self._api, box.text), box.kind)
        except ShopfloorError as error:
            self._host.say(f"Not kept, so it stays open: {error}", error=True)
            return
        self._keeper = self._box = None
        self._view.close_editor()
        stale, self.is_stale = self.is_stale, False
        if stale:
            await self._host.read_change(ended=True)
        else:
            await self._host.read_comments()
        if kept is not None:
            self._repeated = kept
            self._view.go_to_comment(kept.id)
            what = "is open again" if box.is_reply else "is a private note" if kept.kind == "note" else "is a draft"
            self._host.say(f"{kept.id} {what}. s sends all drafts.")

    # judging

    def drop(self) -> None:
        """Drop the draft at the cursor."""
        known = self._view.state.comment()
        if known is None or known.state != "draft":
            self._host.say("Only a draft can be dropped; put the cursor on one (n goes there).")
            return
        self._host.start(self._change(lambda: self._api.review.delete(self._task, known.id)))
        self._host.say(f"{known.id} is dropped.")

    def accept(self) -> None:
        """The comment at the cursor is dealt with; on to the next claim."""
        known = self._sent_comment()
        if known is not None:
            self._host.start(self._accept(known))

    async def _accept(self, comment: Comment) -> None:
        following = self._next_claim(comment.id)
        await self._change(lambda: self._api.review.resolve(self._task, comment.id, True))
        if comment.state == "claimed" and following is not None:
            self._view.go_to_comment(following.comment.id)
            self._host.say(f"{comment.id} is resolved. {following.comment.id} is the next claim.")

    def reopen(self) -> None:
        """The comment at the cursor is not dealt with: say what is missing."""
        known = self._sent_comment()
        if known is None:
            return
        placed = next(each for each in self._view.state.placed if each.comment.id == known.id)
        if known.state == "resolved":
            self._host.start(self._change(lambda: self._api.review.resolve(self._task, known.id, False)))
        self.follow_up(placed)

    def _sent_comment(self) -> Comment | None:
        known = self._view.state.comment()
        if known is None or known.state == "draft":
            self._host.say("Put the cursor on a comment that was sent (n goes there).")
            return None
        return known

    def next_claim(self) -> None:
        """Go to the next comment that the agent says something about."""
        at = self._view.state.comment()
        following = self._next_claim(at.id if at is not None else "")
        if following is None:
            self._host.say("No comment waits for your verdict.")
        else:
            self._view.go_to_comment(following.comment.id)

    def _next_claim(self, after: str) -> Placed | None:
        """The claim after a comment, round and round; those without any change come first."""
        claims = claims_in_order(list(self._view.state.placed))
        ids = [each.comment.id for each in claims]
        start = ids.index(after) + 1 if after in ids else 0
        others = [each for each in (*claims[start:], *claims[:start]) if each.comment.id != after]
        return others[0] if others else None

    async def _change(self, call: Callable[[], Awaitable[object]]) -> None:
        try:
            await call()
        except ShopfloorError as error:
            self._host.say(str(error), error=True)
            return
        await self._host.read_comments()


def claims_in_order(placed: list[Placed]) -> list[Placed]:
    """The comments that wait for a verdict: what was claimed and not touched first, then in the order written."""
    claimed = [each for each in placed if each.comment.state == "claimed"]
    weight = {"nothing": 0, "file": 1, "lines": 2}
    return sorted(claimed, key=lambda each: weight[each.evidence.touched] if each.evidence else 2)

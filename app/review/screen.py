"""The review screen: one task's diff with its comments, from reading to sending to checking what was done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input, Static

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import ACTIVE_STATES, Comment, CommentDraft, Diff, Scope, Task
from agents.review import DiffSet, parse_diff
from agents.review.places import place_comments
from app.review.colours import Colourer, Contents
from app.review.drafts import DraftKeeper
from app.review.editor import open_in_editor
from app.review.help import ReviewHelp
from app.review.keys import REVIEW_KEYS, review_hints
from app.review.send import SendScreen
from app.review.words import SCOPES, drafts_of, news_between, news_text, place_text, position_text, scope_text
from widgets.comment_box import CommentBox
from widgets.diff import DiffView, Position
from widgets.file_list import FileList, ListedFile
from widgets.legend import Legend
from widgets.text_strips import printable

LIST_WIDTH_FROM = 100
"""Columns from which on the list of files is shown by itself."""


class ReviewScreen(Screen[None]):
    """Read a change, comment on it, send the comments as a round, and see what became of them."""

    CSS = """
    ReviewScreen { layout: vertical; background: $background; }
    ReviewScreen > Static { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ReviewScreen > #title { background: $panel; color: $foreground; }
    ReviewScreen > #news { background: $accent 25%; color: $foreground; display: none; }
    ReviewScreen > #where { background: $surface; color: $foreground 80%; }
    ReviewScreen > Input { height: 1; border: none; padding: 0 1; background: $boost; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(REVIEW_KEYS)

    def __init__(self, api: Api, task: Task, scope: Scope = "branch", keymap: Mapping[str, str] | None = None) -> None:
        """``keymap``: the person's own keys, which legend and help name."""
        super().__init__()
        self._keymap = keymap or {}
        self._api = api
        self._review_task = task
        self._scope: Scope = scope
        self._diff: Diff | None = None
        self._parsed = DiffSet(())
        self._comments: list[Comment] = []
        self._unread: set[bytes] = set()
        """Files that changed since the reader was in them."""
        self._keeper: DraftKeeper | None = None
        self._box: CommentBox | None = None
        self._stale = False
        """The change is another one, to be shown when the comment being written is closed."""
        self._list_chosen: bool | None = None
        self._view = DiffView(id="diff")
        self._files = FileList(id="files")
        self._legend = Legend()
        self._title = Static(id="title", markup=False)
        self._news = Static(id="news", markup=False)
        self._where = Static(id="where", markup=False)
        self._search = Input(placeholder="search in the change", id="search")
        self._contents = Contents(api, task.id)
        self._colourer = Colourer(self._view, self._contents)
        self._order = asyncio.Lock()

    # life

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._news
        with Horizontal():
            yield self._files
            yield self._view
        yield self._where
        yield self._search
        yield self._legend

    async def on_mount(self) -> None:
        self._view.focus()
        self._show_title()
        self._legend.show(review_hints(self._keymap))
        self.run_worker(self._open(), group="review-load")

    async def on_unmount(self) -> None:
        await self._colourer.close()

    def on_resize(self, event: events.Resize) -> None:
        """The list of files needs room."""
        wanted = self._list_chosen
        self._files.display = event.size.width >= LIST_WIDTH_FROM if wanted is None else wanted

    async def _open(self) -> None:
        await self._load()
        try:
            await self._api.seen(self._review_task.id)
        except ShopfloorError as error:
            self._say(str(error), error=True)

    # what the application tells

    def refresh_task(self, task: Task) -> None:
        """The task is in another state; when its turn has ended, the change is read again."""
        before, self._review_task = self._review_task, task
        self._show_title()
        rests = task.state not in ACTIVE_STATES
        ended = rests and (before.state in ACTIVE_STATES or before.turn != task.turn)
        differs = (before.files_changed, before.additions, before.deletions) != (
            task.files_changed, task.additions, task.deletions,
        )  # fmt: skip
        if ended or (rests and differs):
            self.run_worker(self._load(ended=ended), group="review-load")

    def comments_changed(self) -> None:
        """Comments of this task differ from before."""
        self.run_worker(self._load_comments(), group="review-comments")

    # reading

    async def _load(self, *, ended: bool = False, scope: Scope | None = None) -> None:
        """Read the change and show it; the reader stays on the same code."""
        async with self._order:
            wanted = scope or self._scope
            try:
                diff = await self._api.diff(self._review_task.id, wanted)
                parsed = await asyncio.to_thread(parse_diff, diff.patch)
                comments = await self._api.comments(self._review_task.id)
                placed = await place_comments(parsed, diff.head_tree, comments, self._contents.read)
            except ShopfloorError as error:
                self._say(str(error), error=True)
                return
            if self._view.is_editing and self._diff is not None:
                self._stale = True
                self._show_news("The change is different now. It is shown when you close this comment.")
                return
            if self._diff is not None and wanted == self._scope:
                news = news_between(self._parsed, parsed)
                self._unread |= news.paths
                if news or ended:
                    self._show_news(news_text(news, self._review_task))
            self._scope, self._diff, self._parsed, self._comments = wanted, diff, parsed, comments
            self._colourer.forget()
            self._view.show(parsed, placed)
            self._show_title()
            self._show_files()

    async def _load_comments(self) -> None:
        async with self._order:
            if self._diff is None:
                return
            try:
                comments = await self._api.comments(self._review_task.id)
                placed = await place_comments(self._parsed, self._diff.head_tree, comments, self._contents.read)
            except ShopfloorError as error:
                self._say(str(error), error=True)
                return
            self._comments = comments
            self._view.state.edited_comment = self._keeper.saved.id if self._keeper and self._keeper.saved else ""
            self._view.place_comments(placed)
            self._show_files()

    @on(DiffView.Moved)
    def _moved(self, event: DiffView.Moved) -> None:
        if event.position.path in self._unread:
            self._unread.discard(event.position.path)
            self._show_files()
        self._show_where(event.position)
        self._files.mark(event.position.path)
        self._colour_files_in_view()

    def _colour_files_in_view(self) -> None:
        files = self._parsed.files
        shown = self._view.files_in_view()
        ahead = [shown[-1] + 1] if shown and shown[-1] + 1 < len(files) else []
        for priority, index in enumerate((*shown, *ahead)):
            file = files[index]
            if not self._view.state.is_folded(file) and not self._colourer.knows(file):
                self.run_worker(self._colour(index, priority), group="review-colours")

    async def _colour(self, index: int, priority: int) -> None:
        try:
            await self._colourer.colour(self._parsed.files[index], priority)
        except ShopfloorError as error:
            self._say(str(error), error=True)

    # words around the diff

    def _show_title(self) -> None:
        task = self._review_task
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append("Review ", "bold")
        text.append(printable(task.title), "bold")
        if task.state in ACTIVE_STATES:
            text.append(f"  · the agent is {task.state}: this is its change so far")
        elif task.state != "ready":
            text.append(f"  · {task.state}")
        if self._diff is not None:
            text.append(f"  · {scope_text(self._diff)}")
        self._title.update(text)

    def _show_news(self, sentence: str) -> None:
        self._news.update(Text(sentence, no_wrap=True, overflow="ellipsis"))
        self._news.display = bool(sentence)

    def _show_where(self, position: Position) -> None:
        state = self._view.state
        flags = []
        if self._view.searched:
            number, total = self._view.match()
            flags.append(f"“{printable(self._view.searched)}” {number}/{total}")
        if state.anchor is not None:
            first, last = state.selection()
            flags.append(f"range of {last.row - first.row + 1} lines")
        if state.hide_space:
            flags.append("white space hidden")
        hidden = sum(state.is_hidden(file) for file in self._parsed.files)
        if state.hide_tests:
            flags.append("tests hidden")
        if hidden:
            flags.append(f"{hidden} hidden")
        drafts = len(drafts_of(self._comments))
        if drafts:
            flags.append(f"{drafts} draft{'s' * (drafts > 1)} to send")
        open_comments = sum(comment.state in ("sent", "claimed") for comment in self._comments)
        if open_comments:
            flags.append(f"{open_comments} open")
        where = Text(position_text(position, flags), no_wrap=True, overflow="ellipsis")
        self._where.update(where, layout=False)

    def _show_files(self) -> None:
        state = self._view.state
        drafts: dict[bytes, int] = {}
        others: dict[bytes, int] = {}
        for placed in state.placed:
            if placed.comment.state != "resolved":
                counts = drafts if placed.comment.state == "draft" else others
                counts[placed.path] = counts.get(placed.path, 0) + 1
        self._files.show(
            [
                ListedFile(
                    file,
                    drafts=drafts.get(file.path, 0),
                    comments=others.get(file.path, 0),
                    is_hidden=state.is_hidden(file),
                    is_news=file.path in self._unread,
                )
                for file in self._parsed.files
            ]
        )
        self._show_where(state.position())

    def _say(self, text: str, *, error: bool = False) -> None:
        self._legend.say(text, "error" if error else "information")

    # going about

    @on(FileList.Chosen)
    def _file_chosen(self, event: FileList.Chosen) -> None:
        self._view.go_to_file(event.path)

    @on(DiffView.Filtered)
    def _filtered(self) -> None:
        self._show_files()

    @on(DiffView.Copied)
    def _copied(self, event: DiffView.Copied) -> None:
        self.app.copy_to_clipboard(event.text)
        lines = event.text.count("\n") + 1
        self._say(f"Copied {'1 line' if lines == 1 else f'{lines} lines'}.")

    @on(Legend.Pressed)
    async def _hint_pressed(self, event: Legend.Pressed) -> None:
        await self.run_action(event.action)

    async def action_diff_key(self, action: str) -> None:
        """Do what a key of the diff does."""
        await self._view.run_action(action)

    def action_toggle_list(self) -> None:
        """Show or hide the list of files."""
        self._list_chosen = self._files.display = not self._files.display

    def action_help(self) -> None:
        """Show all keys."""
        sections: dict[str, Iterable[BindingType]] = {
            "In the diff": DiffView.BINDINGS,
            "In the review": self.BINDINGS,
            "While writing a comment": CommentBox.BINDINGS,
        }
        self.app.push_screen(ReviewHelp(sections, self._keymap))

    def action_leave(self) -> None:
        """Out of the search, then out of the range, then out of the review."""
        if self._view.searched:
            self._view.search("")
        elif not self._view.clear_selection():
            self.dismiss(None)

    def action_leave_at_once(self) -> None:
        """Back to the floor."""
        self.dismiss(None)

    def action_reload(self) -> None:
        """Read the change again."""
        self.run_worker(self._load(), group="review-load")

    def action_scope(self) -> None:
        """Compare with something else."""
        following = SCOPES[(SCOPES.index(self._scope) + 1) % len(SCOPES)]
        self.run_worker(self._load(scope=following), group="review-load")

    def action_search(self) -> None:
        """Ask for a text to look for."""
        self._search.display = True
        self._search.value = self._view.searched
        self._search.focus()

    @on(Input.Submitted, "#search")
    def _search_entered(self, event: Input.Submitted) -> None:
        self._close_search()
        found = self._view.search(event.value)
        if event.value and not found:
            self._say(f"“{event.value}” is nowhere in what is shown.")

    def _close_search(self) -> None:
        self._search.display = False
        self._view.focus()

    def on_key(self, event: events.Key) -> None:
        """Escape leaves the search field without searching."""
        if event.key == "escape" and self.focused is self._search:
            event.stop()
            self._close_search()

    def action_edit(self) -> None:
        """Open the file at the cursor in the person's editor."""
        position = self._view.state.position()
        if not position.path:
            return
        try:
            open_in_editor(self.app, self._review_task.worktree, position.path, position.new or position.old)
        except ShopfloorError as error:
            self._say(str(error), error=True)
            return
        self.refresh(layout=True)
        self.action_reload()

    # comments

    def action_comment(self) -> None:
        """Write on the line, range or hunk at the cursor, or go on with the draft there."""
        known = self._view.state.comment()
        if known is not None and known.state == "draft":
            self._write(known, known)
        else:
            self._write(self._view.draft())

    def action_comment_file(self) -> None:
        """Write on the file at the cursor."""
        path = self._view.state.position().path
        self._write(CommentDraft(text="", target="file" if path else "change", path=path))

    def action_comment_change(self) -> None:
        """Write on the whole change."""
        self._write(CommentDraft(text="", target="change"))

    def action_open(self) -> None:
        """Go on with the draft at the cursor, else write on the line."""
        self.action_comment()

    def _write(self, draft: CommentDraft, known: Comment | None = None) -> None:
        if self._diff is None or self._view.is_editing:
            return
        self._keeper = DraftKeeper(
            self._api, self._review_task.id, draft, self._diff.base_tree, self._diff.head_tree, known
        )
        self._box = CommentBox(draft, place_text(draft), comment=known.id if known else "")
        self._view.clear_selection()
        self._view.open_editor(self._box, draft, height=5, comment=known.id if known else "")

    @on(CommentBox.Grown)
    def _box_grown(self, event: CommentBox.Grown) -> None:
        self._view.resize_editor(event.height)

    @on(CommentBox.Paused)
    async def _box_paused(self, event: CommentBox.Paused) -> None:
        if self._keeper is None or event.box is not self._box:
            return
        try:
            await self._keeper.keep(event.box.text, event.box.kind)
        except ShopfloorError as error:
            self._say(f"Not kept yet: {error}", error=True)
            return
        # The engine may have told about this draft before it answered: then its box stands beside the editor.
        await self._load_comments()

    @on(CommentBox.Finished)
    async def _box_finished(self, event: CommentBox.Finished) -> None:
        if self._keeper is None or event.box is not self._box:
            return
        try:
            kept = await self._keeper.finish(event.box.text, event.box.kind)
        except ShopfloorError as error:
            self._say(f"Not kept, so it stays open: {error}", error=True)
            return
        self._keeper = self._box = None
        self._view.close_editor()
        stale, self._stale = self._stale, False
        if stale:
            await self._load(ended=True)
        else:
            await self._load_comments()
        if kept is not None:
            self._view.go_to_comment(kept.id)
            self._say(f"{kept.id} is a draft. s sends all drafts.")

    def action_drop(self) -> None:
        """Drop the draft at the cursor."""
        known = self._view.state.comment()
        if known is None or known.state != "draft":
            self._say("Only a draft can be dropped; put the cursor on one (n goes there).")
            return
        self.run_worker(self._change(self._api.delete_comment(self._review_task.id, known.id)))
        self._say(f"{known.id} is dropped.")

    def action_resolve(self) -> None:
        """The comment at the cursor is dealt with."""
        self._judge(resolved=True)

    def action_reopen(self) -> None:
        """The comment at the cursor is not dealt with."""
        self._judge(resolved=False)

    def _judge(self, *, resolved: bool) -> None:
        known = self._view.state.comment()
        if known is None or known.state == "draft":
            self._say("Put the cursor on a comment that was sent (n goes there).")
            return
        self.run_worker(self._change(self._api.resolve_comment(self._review_task.id, known.id, resolved)))

    async def _change(self, call: Coroutine[object, object, object]) -> None:
        try:
            await call
        except ShopfloorError as error:
            self._say(str(error), error=True)
            return
        await self._load_comments()

    def action_send(self) -> None:
        """Show what would be sent, and send it."""
        self.run_worker(self._send(), group="review-send", exclusive=True)

    async def _send(self) -> None:
        try:
            prompt = await self._api.review_prompt(self._review_task.id)
            when = await self.app.push_screen_wait(
                SendScreen(self._review_task, prompt, len(drafts_of(self._comments)))
            )
            if when is None:
                return
            await self._api.send_review(self._review_task.id, when)
        except ShopfloorError as error:
            self._say(str(error), error=True)
            return
        said = "The agent has it." if when == "now" else "The agent gets it after its turn."
        self.notify(f"Round sent. {said}", markup=False)
        await self._load_comments()

"""The review screen: one task's diff with its comments, from reading to sending to checking what was done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
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
from agents.model import Task, at_work
from agents.parts.changes import Diff, Scope
from agents.parts.review import Comment
from agents.review import DiffSet
from agents.review.places import Placed
from app.images import keep_pasted
from app.review.acts import HunkActs
from app.review.around import reader_flags
from app.review.beside import PromptBeside, place_at_cursor
from app.review.colours import Colourer
from app.review.desk import CommentDesk
from app.review.going import Going
from app.review.help import ReviewHelp
from app.review.keys import REVIEW_KEYS, key_of, review_hints
from app.review.listing import Listing
from app.review.marking import Marking
from app.review.palette import ReviewCommands
from app.review.reading import Read, Reading
from app.review.send import RoundSender
from app.review.words import news_between, news_text, position_text, title_text
from app.review.writing import Writing
from widgets.chip_area import ChipArea
from widgets.chip_bar import ChipBar
from widgets.comment_box import CommentBox
from widgets.diff import DiffView, Position
from widgets.direct_painting import paint_directly
from widgets.file_list import FileList
from widgets.legend import Legend
from widgets.prompt_pane import PromptPane

CLICKED = (
    ("review.resolve", "desk('accept')"),
    ("review.reopen", "reopen"),
    ("review.next-claim", "desk('next_claim')"),
)
"""The keys in a claim's box, and what a click on each does."""
PROMPT_BESIDE_FROM = 130
"""Columns from which on the prompt stands beside the diff, else beneath it."""


class ReviewScreen(Screen[None]):
    """Read a change, comment on it, send the comments as a round, and see what became of them."""

    CSS = """
    ReviewScreen { layout: vertical; background: $background; }
    ReviewScreen > Static { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ReviewScreen > #title { background: $panel; color: $foreground; }
    ReviewScreen > #news { background: $accent 25%; color: $foreground; display: none; }
    ReviewScreen > #where { background: $surface; color: $foreground 80%; }
    ReviewScreen #reading { width: 1fr; height: 1fr; }
    ReviewScreen #reading.narrow { layout: vertical; }
    ReviewScreen #reading > DiffView { width: 3fr; }
    ReviewScreen #reading.narrow > DiffView { width: 1fr; }
    ReviewScreen > Input { height: 1; border: none; padding: 0 1; background: $boost; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(REVIEW_KEYS)
    COMMANDS = {ReviewCommands}  # as Textual declares it

    def __init__(
        self,
        api: Api,
        task: Task,
        scope: Scope = "branch",
        keymap: Mapping[str, str] | None = None,
        named: tuple[str, str] = ("", ""),
        at: tuple[bytes, int] | None = None,
    ) -> None:
        """
        Args:
            keymap: the person's own keys, which legend and help name.
            named: what the scopes ``commit`` and ``refs`` begin with.
            at: a file and a line of it to begin at.
        """
        super().__init__()
        paint_directly(self)
        self._at = at
        self.keymap = keymap or {}
        self._api = api
        self._review_task = task
        self._scope: Scope = scope
        self._named = named
        self._read: Read | None = None
        self._view = DiffView(id="diff")
        accept, reopen, following = (key_of(name, self.keymap) for name, _ in CLICKED)
        self._view.judge_keys = (accept, reopen, following)
        self._prompt = PromptPane(id="prompt")
        self._chips = ChipBar(id="chips")
        writing = Writing(api, task.id)
        self._desk = CommentDesk(api, task.id, self._view, writing, self)
        self._marking = Marking(api, task.id, self._view, self._chips, self)
        self._reading = Reading(api, task.id, self._marking.facts)
        self._acts = HunkActs(api, task.id, self._view, self._reading, self._marking.facts, self)
        self._beside = PromptBeside(api, task.id, self._view, self._prompt, writing, self)
        self._files = FileList(id="files")
        self._legend = Legend()
        self._title = Static(id="title", markup=False)
        self._news = Static(id="news", markup=False)
        self._where = Static(id="where", markup=False)
        self._search = Input(placeholder="search in the change", id="search")
        self._filter = Input(placeholder="letters of the files to list", id="filter")
        self._sender = RoundSender(api, self._view.state, self)
        self._going = Going(api, self._view, self._search, self._reading, self)
        self._listing = Listing(self._files, self._filter, self._view, self._going, self)
        self._colourer = Colourer(self._view, self._reading.contents, self)
        self._order = asyncio.Lock()

    # life

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._news
        yield self._chips
        with Horizontal():
            yield self._files
            with Horizontal(id="reading"):
                yield self._view
                yield self._prompt
        yield self._where
        yield self._search
        yield self._filter
        yield self._legend

    async def on_mount(self) -> None:
        self._view.focus()
        self._show_title()
        self._legend.show(review_hints(self.keymap))
        self.run_worker(self._open(), group="review-load")

    async def on_unmount(self) -> None:
        await self._colourer.close()

    def on_resize(self, event: events.Resize) -> None:
        """The list of files needs room."""
        self._listing.fit(event.size.width)
        is_narrow = event.size.width < PROMPT_BESIDE_FROM
        self._prompt.set_class(is_narrow, "below")
        self.query_one("#reading").set_class(is_narrow, "narrow")

    async def _open(self) -> None:
        # What changed since the last round comes first, when there is any.
        is_later = self.reviewed.round > 0 and self._scope == "branch" and self._at is None
        if not is_later or not await self.read_change(scope="review") or not self._view.state.diff.files:
            await self.read_change(scope=self._scope if not is_later else "branch", named=self._named)
        if self._at is not None:
            self._going.to_place(*self._at)
        try:
            await self._api.seen(self.reviewed.id)
        except ShopfloorError as error:
            self.say(str(error), error=True)

    async def keep_draft(self) -> bool:
        """Keep what is being written as it is now; False when that cannot be, which is said."""
        return await self._desk.keep_now() and await self._beside.keep()

    # what the application tells

    def refresh_task(self, task: Task) -> None:
        """The task is in another state; when its turn has ended, the change is read again."""
        before, self._review_task = self._review_task, task
        self._show_title()
        rests = not at_work(task)
        ended = rests and (at_work(before) or before.turn != task.turn)
        differs = (before.files_changed, before.additions, before.deletions, before.check_state) != (
            task.files_changed, task.additions, task.deletions, task.check_state,
        )  # fmt: skip
        if before.state != task.state and any(comment.undelivered for comment in self.comments):
            self.comments_changed()
        if ended or (rests and differs):
            self.run_worker(self.read_change(ended=ended), group="review-load")

    def other_task(self, task: Task) -> None:
        """Another task changed: it may be one that was asked from here."""
        self._acts.task_changed(task)

    def comments_changed(self) -> None:
        """Comments of this task differ from before."""
        self.run_worker(self.read_comments(), group="review-comments")

    # reading

    async def read_change(
        self,
        *,
        ended: bool = False,
        is_own: bool = False,
        scope: Scope | None = None,
        named: tuple[str, str] | None = None,
    ) -> bool:
        """See :class:`Host`."""
        async with self._order:
            before = self._read
            names = named or (before.named if before is not None else ("", ""))
            try:
                read = await self._reading.read(scope or self._scope, names)
                if not read.is_huge:
                    await self._reading.facts(read, self.reviewed)
            except ShopfloorError as error:
                self.say(str(error), error=True)
                self._view.say_missing(str(error))
                return False
            if self._view.is_editing and before is not None:
                self._desk.is_stale = True
                self._show_news("The change is different now. It is shown when you close this comment.")
                return True
            if before is not None and (read.scope, read.named) == (self._scope, before.named) and not is_own:
                news = news_between(before.parsed, read.parsed)
                self._listing.changed(news.paths)
                if news or ended:
                    self._show_news(news_text(news, self.reviewed))
            elif before is not None and not is_own:
                self._show_news("")  # it is about another comparison
            self._scope, self._read = read.scope, read
            self._show(read.parsed, read.placed)
        if read.is_huge:
            self.start(self._read_facts_later(read))
        return True

    async def _read_facts_later(self, read: Read) -> None:
        """Look for what is to be said about a large change after it is shown."""
        try:
            await self._reading.facts(read, self.reviewed)
        except ShopfloorError as error:
            self.say(str(error), error=True)
        if self._read is not None and self._read.parsed is read.parsed:
            self.show_facts()

    def _show(self, parsed: DiffSet, placed: Sequence[Placed]) -> None:
        self._colourer.forget()
        self._view.state.remarks = self._marking.facts.remarks()
        self._view.show(parsed, placed)
        self._show_title()
        self.show_facts()

    async def show_change(self, parsed: DiffSet) -> None:
        """See :class:`Host`."""
        async with self._order:
            await asyncio.to_thread(self._marking.facts.read, parsed)
            self._show(parsed, self._view.state.placed)

    async def read_comments(self) -> None:
        """See :class:`Host`."""
        async with self._order:
            if self._read is None:
                return
            try:
                self._read = await self._reading.comments(self._read)
            except ShopfloorError as error:
                self.say(str(error), error=True)
                return
            self._view.state.edited_comment = self._desk.edited
            self._view.place_comments(self._read.placed)
            self.show_facts()

    def show_facts(self) -> None:
        """See :class:`Host`."""
        self._view.take_marks(self._marking.facts.line_marks)
        self._marking.show(sum(comment.state == "claimed" for comment in self.comments))
        self._show_files()

    @property
    def reviewed(self) -> Task:
        """The task under review, as it is now."""
        return self._review_task

    @property
    def comments(self) -> Sequence[Comment]:
        """All comments of the task."""
        return self._read.comments if self._read is not None else ()

    @property
    def shown(self) -> Diff | None:
        """The diff that is shown."""
        return self._read.diff if self._read is not None else None

    def unhide(self, path: bytes) -> None:
        """See :class:`Host`."""
        self._view.state.hidden.discard(path)
        if self._view.state.spot_of_file(path) is None:
            self._marking.choose("")

    @on(DiffView.Moved)
    def _moved(self, event: DiffView.Moved) -> None:
        self._show_where(event.position)
        self._listing.mark(event.position.path)
        self._colourer.colour_files_in_view()

    # words around the diff

    def _show_title(self) -> None:
        shown = self.shown
        self._title.update(title_text(self.reviewed, shown, max(20, self.size.width - 2)))

    @on(events.Click, "#news")
    def _news_clicked(self) -> None:
        self._show_news("")
        self._listing.next_news()

    def _show_news(self, sentence: str) -> None:
        self._news.update(Text(sentence, no_wrap=True, overflow="ellipsis"))
        self._news.display = bool(sentence)

    def _show_where(self, position: Position) -> None:
        flags = reader_flags(self._view, self.comments)
        self._where.update(Text(position_text(position, flags), no_wrap=True, overflow="ellipsis"), layout=False)

    def _show_files(self) -> None:
        self._listing.show()
        self._show_where(self._view.state.position())

    def start(self, work: Coroutine[object, object, object]) -> None:
        """Do something that takes a moment beside everything else."""
        self.run_worker(work, group="review-act")

    def say(self, text: str, *, error: bool = False) -> None:
        """Say a sentence in the legend."""
        self._legend.say(text, "error" if error else "information")

    # going about

    @on(FileList.Chosen)
    def _file_chosen(self, event: FileList.Chosen) -> None:
        self._view.go_to_file(event.path)

    @on(DiffView.Filtered)
    def _filtered(self) -> None:
        self._show_files()

    @on(DiffView.Pressed)
    async def _pressed(self, event: DiffView.Pressed) -> None:
        clicked = dict(zip(self._view.judge_keys, (action for _, action in CLICKED), strict=True))
        if event.key:
            await self.run_action(clicked.get(event.key, "open"))
        else:
            await self.run_action("app.command_palette")

    @on(DiffView.Copied)
    def _copied(self, event: DiffView.Copied) -> None:
        self.app.copy_to_clipboard(event.text)
        lines = event.text.count("\n") + 1
        self.say(f"Copied {'1 line' if lines == 1 else f'{lines} lines'}.")

    @on(Legend.Pressed)
    async def _hint_pressed(self, event: Legend.Pressed) -> None:
        await self.run_action(event.action)

    async def action_diff_key(self, action: str) -> None:
        """Do what a key of the diff does."""
        await self._view.run_action(action)

    def action_help(self) -> None:
        """Show all keys."""
        sections: dict[str, Iterable[BindingType]] = {
            "In the diff": DiffView.BINDINGS,
            "In the review": self.BINDINGS,
            "While writing a comment": CommentBox.BINDINGS,
            "In the prompt beside the diff": PromptPane.BINDINGS,
        }
        self.app.push_screen(ReviewHelp(sections, self.keymap))

    def action_leave(self) -> None:
        """Out of the search, then out of the range, then out of the review."""
        if self._view.searched:
            self._view.search("")
        elif not self._view.clear_selection():
            self.dismiss(None)

    # the parts, by the names that bindings use

    def action_going(self, what: str) -> None:
        """Go elsewhere."""
        getattr(self._going, what)()

    def action_listing(self, what: str) -> None:
        """Something about the list of files."""
        getattr(self._listing, what)()

    def action_desk(self, what: str) -> None:
        """Write or judge a comment."""
        getattr(self._desk, what)()

    def action_acts(self, what: str) -> None:
        """Act on the change, or ask about it."""
        self.start(self._acts.do(what))

    def action_marking(self, what: str) -> None:
        """Marks, warnings and filters."""
        getattr(self._marking, what)()

    def action_beside(self, what: str) -> None:
        """Do something to the prompt beside the diff."""
        getattr(self._beside, what)()

    def action_open(self) -> None:
        """Unfold what is folded at the cursor; else write on the line, or go on with the draft there."""
        if self._view.state.is_fold_at_cursor():
            self._view.action_choose("fold")
        else:
            self._desk.write_here()

    def action_copy_place(self) -> None:
        """Copy path and line."""
        if place := place_at_cursor(self._view):
            self.app.copy_to_clipboard(place)
            self.say(f"Copied {place}.")

    def action_reopen(self) -> None:
        """The comment at the cursor is not dealt with; on code: ask what it does."""
        if self._view.state.comment() is not None:
            self._desk.reopen()
        else:
            self.start(self._acts.do("explain"))

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self._listing.typed(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_entered(self) -> None:
        self._listing.entered()

    @on(Input.Submitted, "#search")
    def _search_entered(self, event: Input.Submitted) -> None:
        self._going.searched(event.value)

    def on_key(self, event: events.Key) -> None:
        """Escape leaves the search field without searching, and the filter without filtering."""
        if event.key == "escape" and self.focused is self._filter:
            event.stop()
            self._listing.left()
        elif event.key == "escape" and self.focused is self._search:
            event.stop()
            self._going.close_search()

    # comments

    @on(CommentBox.Grown)
    def _box_grown(self, event: CommentBox.Grown) -> None:
        self._view.resize_editor(event.height)

    @on(CommentBox.Paused)
    async def _box_paused(self, event: CommentBox.Paused) -> None:
        await self._desk.keep(event.box)

    @on(CommentBox.Finished)
    async def _box_finished(self, event: CommentBox.Finished) -> None:
        await self._desk.finish(event.box)

    @on(ChipArea.Pasted)
    async def _pasted(self, event: ChipArea.Pasted) -> None:
        """What is pasted is with the engine before the text that names it is kept or sent."""
        try:
            await keep_pasted(self._api, event)
        except ShopfloorError as error:
            self.say(str(error), error=True)

    @on(ChipBar.Chosen)
    def _chip_chosen(self, event: ChipBar.Chosen) -> None:
        self._marking.toggle(event.name)

    # the prompt beside the diff

    def action_prompt(self) -> None:
        """Write to the agent beside the diff."""
        self.start(self._beside.open())

    @on(PromptPane.Asked)
    async def _prompt_asked(self, event: PromptPane.Asked) -> None:
        await self._beside.answer(event)

    @on(PromptPane.Sent)
    async def _prompt_sent(self, event: PromptPane.Sent) -> None:
        await self._beside.send(event)

    # sending

    def action_send(self) -> None:
        """Show what would be sent, and send it."""
        self.run_worker(self._sender.send(self.comments), group="review-send", exclusive=True)

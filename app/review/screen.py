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
from agents.model import ACTIVE_STATES, Comment, CommentDraft, Diff, Scope, Task, at_work
from agents.review import DiffSet, parse_diff
from agents.review.context import with_context
from agents.review.escape import escape_name
from agents.review.places import Placed, place_comments
from app.review.acts import HunkActs
from app.review.around import listed_files, reader_flags
from app.review.beside import PromptBeside
from app.review.colours import Colourer, Contents
from app.review.desk import CommentDesk
from app.review.editor import open_in_editor
from app.review.help import ReviewHelp
from app.review.keys import REVIEW_KEYS, review_hints
from app.review.marking import Marking
from app.review.pick import PickScreen, pick_scope
from app.review.send import SendScreen
from app.review.since import Since
from app.review.words import SCOPES, drafts_of, news_between, news_text, position_text, scope_text
from widgets.chip_bar import ChipBar
from widgets.comment_box import CommentBox
from widgets.diff import DiffView, Position
from widgets.file_list import FileList
from widgets.legend import Legend
from widgets.prompt_pane import PromptPane
from widgets.text_strips import printable

FACTS_FIRST_LINES = 5_000
"""Changed lines up to which marks and warnings are there when a change is first shown; later in a larger one."""
CONTEXT_STEP = 15
"""Lines that one step of widening a hunk adds above and below."""
PROMPT_BESIDE_FROM = 130
"""Columns from which on the prompt stands beside the diff, else beneath it."""
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
    ReviewScreen #reading { width: 1fr; height: 1fr; }
    ReviewScreen #reading.narrow { layout: vertical; }
    ReviewScreen #reading > DiffView { width: 3fr; }
    ReviewScreen #reading.narrow > DiffView { width: 1fr; }
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
        self._named: tuple[str, str] = ("", "")
        """What the scopes ``commit`` and ``refs`` compare."""
        self._since = Since(api, task.id)
        self._list_chosen: bool | None = None
        self._view = DiffView(id="diff")
        self._prompt = PromptPane(id="prompt")
        self._chips = ChipBar(id="chips")
        self._desk = CommentDesk(api, task.id, self._view, self)
        self._acts = HunkActs(api, task.id, self._view, self)
        self._marking = Marking(api, task.id, self._view, self._chips, self)
        self._facts = self._marking.facts
        self._beside = PromptBeside(api, task.id, self._view, self._prompt, self)
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
        yield self._chips
        with Horizontal():
            yield self._files
            with Horizontal(id="reading"):
                yield self._view
                yield self._prompt
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
        is_narrow = event.size.width < PROMPT_BESIDE_FROM
        self._prompt.set_class(is_narrow, "below")
        self.query_one("#reading").set_class(is_narrow, "narrow")

    async def _open(self) -> None:
        # What changed since the last round comes first, when there is any.
        is_later = self._review_task.round > 0 and self._scope == "branch"
        if not is_later or not await self.read_change(scope="review") or not self._parsed.files:
            await self.read_change(scope=self._scope if not is_later else "branch")
        try:
            await self._api.seen(self._review_task.id)
        except ShopfloorError as error:
            self.say(str(error), error=True)

    # what the application tells

    def refresh_task(self, task: Task) -> None:
        """The task is in another state; when its turn has ended, the change is read again."""
        before, self._review_task = self._review_task, task
        self._show_title()
        rests = not at_work(task)
        ended = rests and (at_work(before) or before.turn != task.turn)
        differs = (before.files_changed, before.additions, before.deletions) != (
            task.files_changed, task.additions, task.deletions,
        )  # fmt: skip
        if ended or (rests and differs):
            self.run_worker(self.read_change(ended=ended), group="review-load")

    def other_task(self, task: Task) -> None:
        """Another task changed: it may be one that was asked from here."""
        self.start(self._acts.task_changed(task))

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
        """Read the change and show it; the reader stays on the same code. Says whether it could be read.

        Args:
            ended: a turn has ended: say what it changed, even when that is nothing.
            is_own: the person changed it from here, and needs not be told.
            named: what to compare, for the scopes that need to be told.
        """
        async with self._order:
            wanted, names = scope or self._scope, named or self._named
            try:
                diff = await self._api.diff(
                    self._review_task.id, wanted, *(names if wanted in ("commit", "refs") else ())
                )
                parsed = await asyncio.to_thread(parse_diff, diff.patch)
                comments = await self._api.comments(self._review_task.id)
                placed = await self._places(parsed, diff, comments)
                is_huge = parsed.additions + parsed.deletions > FACTS_FIRST_LINES
                if not is_huge:
                    await self._read_facts(parsed, diff, comments)
            except ShopfloorError as error:
                self.say(str(error), error=True)
                return False
            if self._view.is_editing and self._diff is not None:
                self._desk.is_stale = True
                self._show_news("The change is different now. It is shown when you close this comment.")
                return True
            if self._diff is not None and wanted == self._scope and names == self._named and not is_own:
                news = news_between(self._parsed, parsed)
                self._unread |= news.paths
                if news or ended:
                    self._show_news(news_text(news, self._review_task))
            self._scope, self._named, self._diff, self._parsed, self._comments = wanted, names, diff, parsed, comments
            self._show(placed)
        if is_huge:
            self.start(self._read_facts_later(parsed, diff, comments))
        return True

    async def _read_facts_later(self, parsed: DiffSet, diff: Diff, comments: Sequence[Comment]) -> None:
        """Look for what is to be said about a large change after it is shown."""
        try:
            await self._read_facts(parsed, diff, comments)
        except ShopfloorError as error:
            self.say(str(error), error=True)
        if self._parsed is parsed:
            self.show_facts()

    def _show(self, placed: Sequence[Placed]) -> None:
        self._colourer.forget()
        self._view.state.remarks = self._facts.remarks()
        self._view.show(self._parsed, placed)
        self._show_title()
        self.show_facts()

    async def _show_change(self, parsed: DiffSet) -> None:
        """Show the same change with other context."""
        async with self._order:
            self._parsed = parsed
            await asyncio.to_thread(self._facts.read, parsed)
            self._show(self._view.state.placed)

    async def _places(self, parsed: DiffSet, diff: Diff, comments: Sequence[Comment]) -> list[Placed]:
        async def since(tree: str) -> DiffSet | None:
            return await self._since.read(tree, diff.head_tree)

        return await place_comments(parsed, diff.head_tree, comments, self._contents.read, since)

    async def _read_facts(self, parsed: DiffSet, diff: Diff, comments: Sequence[Comment]) -> None:
        self._facts.reviewed = set(await self._api.reviewed(self._review_task.id))
        await asyncio.to_thread(self._facts.read, parsed)
        last = [c for c in comments if c.state != "draft" and c.round == self._review_task.round and c.head_tree]
        tree = last[-1].head_tree if last else ""
        since = await self._since.read(tree, diff.head_tree) if tree and tree != diff.head_tree else None
        self._facts.take_unasked(since, last)

    async def read_comments(self) -> None:
        """Read the comments and marks again."""
        async with self._order:
            if self._diff is None:
                return
            try:
                comments = await self._api.comments(self._review_task.id)
                placed = await self._places(self._parsed, self._diff, comments)
                self._facts.reviewed = set(await self._api.reviewed(self._review_task.id))
            except ShopfloorError as error:
                self.say(str(error), error=True)
                return
            self._comments = comments
            self._view.state.edited_comment = self._desk.edited
            self._view.place_comments(placed)
            self.show_facts()

    def show_facts(self) -> None:
        """Show what is known about the files as it is now."""
        self._marking.show(sum(comment.state == "claimed" for comment in self._comments))
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
            self.say(str(error), error=True)

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
        flags = reader_flags(self._view, self._comments)
        self._where.update(Text(position_text(position, flags), no_wrap=True, overflow="ellipsis"), layout=False)

    def _show_files(self) -> None:
        self._files.show(listed_files(self._view.state, self._unread))
        self._show_where(self._view.state.position())

    @property
    def shown(self) -> Diff | None:
        """The diff that is shown."""
        return self._diff

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

    def action_toggle_list(self) -> None:
        """Show or hide the list of files."""
        self._list_chosen = self._files.display = not self._files.display

    def action_help(self) -> None:
        """Show all keys."""
        sections: dict[str, Iterable[BindingType]] = {
            "In the diff": DiffView.BINDINGS,
            "In the review": self.BINDINGS,
            "While writing a comment": CommentBox.BINDINGS,
            "In the prompt beside the diff": PromptPane.BINDINGS,
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
        self.run_worker(self.read_change(), group="review-load")

    def action_go_to_file(self) -> None:
        """Pick a file by some letters of its name."""
        self.start(self._pick_file())

    async def _pick_file(self) -> None:
        files = self._parsed.files
        picked = await self.app.push_screen_wait(PickScreen("a file", [escape_name(file.path) for file in files]))
        if isinstance(picked, int):
            path = files[picked].path
            self._view.state.hidden.discard(path)
            if self._view.state.spot_of_file(path) is None:
                self._marking.choose("")
            self._view.go_to_file(path)

    def action_compare(self) -> None:
        """Pick what to compare: a scope, a commit, two refs."""
        self.start(self._compare())

    async def _compare(self) -> None:
        try:
            chosen = await pick_scope(self.app, self._api, self._review_task.id)
        except ShopfloorError as error:
            self.say(str(error), error=True)
            return
        if chosen is not None:
            await self.read_change(scope=chosen[0], named=chosen[1])

    def action_scope(self) -> None:
        """Compare with something else."""
        at = SCOPES.index(self._scope) if self._scope in SCOPES else -1
        following = SCOPES[(at + 1) % len(SCOPES)]
        self.run_worker(self.read_change(scope=following), group="review-load")

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
            self.say(f"“{event.value}” is nowhere in what is shown.")

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
            self.say(str(error), error=True)
            return
        self.refresh(layout=True)
        self.action_reload()

    # comments

    def action_comment(self) -> None:
        """Write on the line, range or hunk at the cursor, or go on with the draft there."""
        self._desk.write_here()

    def action_open(self) -> None:
        """Go on with the draft at the cursor, else write on the line."""
        self._desk.write_here()

    def action_comment_file(self) -> None:
        """Write on the file at the cursor."""
        path = self._view.state.position().path
        self._desk.write(CommentDraft(text="", target="file" if path else "change", path=path))

    def action_comment_change(self) -> None:
        """Write on the whole change."""
        self._desk.write(CommentDraft(text="", target="change"))

    @on(CommentBox.Grown)
    def _box_grown(self, event: CommentBox.Grown) -> None:
        self._view.resize_editor(event.height)

    @on(CommentBox.Paused)
    async def _box_paused(self, event: CommentBox.Paused) -> None:
        await self._desk.keep(event.box)

    @on(CommentBox.Finished)
    async def _box_finished(self, event: CommentBox.Finished) -> None:
        await self._desk.finish(event.box)

    def action_drop(self) -> None:
        """Drop the draft at the cursor."""
        self._desk.drop()

    def action_resolve(self) -> None:
        """The comment at the cursor is dealt with."""
        self._desk.accept()

    def action_reopen(self) -> None:
        """The comment at the cursor is not dealt with; on code: ask what it does."""
        if self._view.state.comment() is not None:
            self._desk.reopen()
        else:
            self.start(self._acts.explain())

    def action_next_claim(self) -> None:
        """Go to the next comment that waits for a verdict."""
        self._desk.next_claim()

    # acts on the change

    def action_revert(self) -> None:
        """Take back the lines, hunk or file at the cursor."""
        self.start(self._acts.revert())

    def action_undo_act(self) -> None:
        """Undo what was last done to files here."""
        self.start(self._acts.undo())

    def action_apply(self) -> None:
        """Apply the suggestion at the cursor."""
        self.start(self._acts.apply_suggestion(self._contents.read))

    def action_expand(self) -> None:
        """Show more lines around the hunk at the cursor."""
        self.start(self._expand(CONTEXT_STEP))

    async def _expand(self, lines: int) -> None:
        spot, section = self._view.state.cursor, self._view.state.section
        hunk = section.hunk_of(spot.row) if section is not None else None
        if section is None or section.file is None or hunk is None or not section.file.new_path:
            self.say("Put the cursor on a hunk.")
            return
        file = section.file
        try:
            content = (await self._contents.read([file.new_blob]))[file.new_blob]
        except ShopfloorError as error:
            self.say(str(error), error=True)
            return
        wider = with_context(file, content, {file.hunks.index(hunk): lines})
        if wider.hunks == file.hunks:
            self.say("Everything around this hunk is shown.")
            return
        files = tuple(wider if other is file else other for other in self._parsed.files)
        await self._show_change(DiffSet(files, self._parsed.leftover))

    # marks and filters

    def action_marking(self, what: str) -> None:
        """Marks, warnings and filters, by the name of what to do."""
        getattr(self._marking, what)()

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
        self.run_worker(self._send(), group="review-send", exclusive=True)

    async def _send(self) -> None:
        try:
            prompt = await self._api.review_prompt(self._review_task.id)
            answer = await self.app.push_screen_wait(
                SendScreen(self._review_task, prompt, len(drafts_of(self._comments)))
            )
            if answer is None:
                return
            await self._api.send_review(self._review_task.id, answer.when, answer.text)
        except ShopfloorError as error:
            self.say(str(error), error=True)
            return
        said = "The agent has it." if answer.when == "now" else "The agent gets it after its turn."
        self.notify(f"Round sent. {said}", markup=False)
        await self.read_comments()

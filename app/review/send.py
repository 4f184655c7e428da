"""The last look at a round before it goes: the whole prompt, and when the agent gets it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Static
from textual.widgets.text_area import Selection

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import Task, When, at_work
from agents.parts.review import Comment, EditedPrompt
from app.images import keep_pasted, with_images
from app.key_order import keys_wait
from app.review.around import held_back
from app.review.host import Host
from app.review.words import drafts_of
from app.underway import Underway
from widgets.chip_area import ChipArea
from widgets.diff.state import DiffState
from widgets.text_strips import printable

PAUSE_SECONDS = 0.6
"""How long typing rests before what is written is kept."""
TAKE_IT = "Ctrl+O in the composer takes it."


class Sending(NamedTuple):
    """When to send a round (None: not now), and its prompt as the person left it; empty: as it is composed."""

    when: When | None
    text: str
    unused: str
    """What the person wrote and does not send."""


class RoundSender:
    """Shows what would be sent of a task's comments, and sends it when the person wants that."""

    def __init__(self, api: Api, state: DiffState, host: Host) -> None:
        self._api = api
        self._state = state
        self._host = host
        self._underway = Underway()

    async def send(self, comments: Sequence[Comment]) -> None:
        """Show the prompt for those of these comments that are to be sent, and send it or not."""
        try:
            await self._underway.once("round", lambda: self._send(drafts_of(comments)))
        except ShopfloorError as error:
            self._host.say(str(error), error=True)

    async def _send(self, waiting: Sequence[Comment]) -> None:
        host, review, task = self._host, self._api.review, self._host.reviewed.id
        held = held_back(self._state)
        sent = [comment for comment in waiting if comment.id not in held]
        if waiting and not sent:
            host.say("All comments to send are on hidden files. H shows them.")
            return
        with keys_wait(host.app):
            prompt = await review.prompt(task, held)
            edited = await review.edited_prompt(task)
        screen = SendScreen(self._api, host.reviewed, prompt, sent, edited=edited, held=len(held))
        answer = await host.app.push_screen_wait(screen)
        if answer.when is None:
            return
        without = [*held, *(screen.newer if answer.text else ())]
        await review.send(task, answer.when, await with_images(self._api, answer.text), without)
        said = "The agent has it." if answer.when == "now" else "The agent gets it after its turn."
        host.app.notify(f"Round sent. {said}", markup=False)
        await host.read_comments()
        if answer.unused:
            await self._api.writing.yank(answer.unused)
            host.say(f"The prompt that you had edited was put by; {TAKE_IT}")


class SendScreen(ModalScreen[Sending]):
    """Shows the prompt, to be changed if need be; answers how to send it, if at all. What the person makes of it is
    kept until a round is sent."""

    CSS = """
    SendScreen { align: center middle; background: $background 60%; }
    SendScreen > Vertical { width: 100; max-width: 96%; height: 90%; padding: 1 2; background: $panel; }
    SendScreen .send--heading { text-style: bold; height: 1; }
    SendScreen .send--detail { color: $foreground 75%; height: auto; margin-bottom: 1; }
    SendScreen ChipArea { height: 1fr; border: none; background: $surface; scrollbar-size-vertical: 1; }
    SendScreen Horizontal { height: 1; margin-top: 1; align-horizontal: right; }
    SendScreen Button { margin-left: 2; min-width: 4; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "send('now')", "Send now", id="send.now",
                tooltip="Send the round: into the running turn, or as a new turn when the agent rests."),
        Binding("alt+enter,ctrl+j,ctrl+enter", "send('after')", "Send after the turn", id="send.after", priority=True,
                tooltip="Send the round when the running turn has ended."),
        Binding("e,i", "edit", "Edit", id="send.edit", tooltip="Edit the prompt before it goes; Ctrl+S sends it then."),
        Binding("o", "other", "The other", id="send.other",
                tooltip="The prompt as it is composed now, or as you edited it. What is shown is sent."),
        Binding("escape", "leave", "Back", id="send.leave", priority=True,
                tooltip="Out of editing; else go on reading, nothing is sent."),
        Binding("q", "leave", "Back", id="send.back", show=False, tooltip="Go on reading; nothing is sent."),
    ]  # fmt: skip

    def __init__(
        self, api: Api, task: Task, prompt: str, comments: Sequence[Comment], *, edited: EditedPrompt, held: int = 0
    ) -> None:
        """
        Args:
            comments: those that are sent.
            edited: what the person made of the prompt before.
            held: comments that are not sent because their files are hidden.
        """
        super().__init__()
        self._api = api
        self._for_task = task
        self._comments = comments
        self._held = held
        self._composed = prompt
        self._edited = edited if edited.text else EditedPrompt(composed=prompt)
        self._is_own = bool(edited.text)
        """What the person wrote is shown, else the prompt as it is composed."""
        self._kept = self._edited
        self._replaced = ""
        """What the person wrote before they edited the prompt anew."""
        self._pause: Timer | None = None
        self.newer: list[str] = []
        """Comments that are newer than what the person wrote and not in it: they wait when that is sent."""
        self._find_newer()

    def compose(self) -> ComposeResult:
        works = at_work(self._for_task)
        now = "steer it now" if works else "start a turn"
        with Vertical():
            yield Static(classes="send--heading", markup=False)
            yield Static(classes="send--detail", markup=False)
            yield ChipArea(self._shown_text, read_only=True, soft_wrap=True, show_cursor=False)
            with Horizontal():
                yield Button("O  the other", id="other", compact=True)
                yield Button("E  edit", id="edit", compact=True)
                yield Button("Esc  back", id="leave", compact=True)
                if works:
                    yield Button("Alt+Enter  after its turn", id="after", compact=True)
                yield Button(f"Enter  {now}", id="now", compact=True, variant="primary")

    def on_mount(self) -> None:
        self.query_one(ChipArea).focus()
        self._tell()

    @property
    def _shown_text(self) -> str:
        return self._edited.text if self._is_own else printable(self._composed)

    def _find_newer(self) -> None:
        own = self._edited
        self.newer = [each.id for each in self._comments if own.text and not _names(own, each.id)]

    def _tell(self) -> None:
        """Say what is shown."""
        sent = [each for each in self._comments if not self._is_own or each.id not in self.newer]
        count = "1 comment" if len(sent) == 1 else f"{len(sent)} comments"
        if others := sum(comment.author != "person" for comment in sent):
            count += f", {others} of them not written by you"
        self.query_one(".send--heading", Static).update(f"Send {count}")
        detail = f"To the agent of “{printable(self._for_task.title)}”. This is what it will read:"
        if self._held:
            detail += f"\nWhat you wrote on hidden files ({self._held}) stays here."
        if self._is_own and self._edited.composed != self._composed:
            detail += "\nThis is what you wrote. The comments have changed since; o shows the prompt with them."
            if self.newer:
                detail += f" Not in this, so not sent with it: {', '.join(self.newer)}."
        elif self._is_own:
            detail += "\nThis is what you wrote; o shows the prompt as it was."
        elif self._edited.text:
            detail += "\nThis is the prompt as it is now, without what you wrote; o shows that."
        self.query_one(".send--detail", Static).update(detail)
        self.query_one("#other", Button).display = bool(self._edited.text)

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "edit":
            self.action_edit()
        elif event.button.id == "other":
            self.action_other()
        elif event.button.id == "leave":
            await self._answer(None)
        else:
            await self.action_send("after" if event.button.id == "after" else "now")

    @on(ChipArea.Pasted)
    async def _pasted(self, event: ChipArea.Pasted) -> None:
        try:
            await keep_pasted(self._api, event)
        except ShopfloorError as error:
            self.notify(str(error), severity="error", markup=False)

    @on(ChipArea.Changed)
    def _typed(self) -> None:
        if self.query_one(ChipArea).read_only:
            return
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self.keep_draft)

    def _take(self) -> None:
        """Take what is in the field, when the person can write there."""
        area = self.query_one(ChipArea)
        if area.read_only or area.expanded == self._shown_text:
            return
        composed = self._edited.composed if self._is_own else self._composed
        if not self._is_own:
            self._replaced, self._is_own = self._edited.text, True
        self._edited = EditedPrompt(text=area.expanded, composed=composed)
        self._find_newer()

    async def keep_draft(self) -> bool:
        """Keep what is written as it is now; False when that cannot be, which is said."""
        self._take()
        try:
            if self._edited != self._kept:
                await self._api.review.keep_edited_prompt(self._for_task.id, self._edited)
                self._kept = self._edited
            if self._replaced:
                await self._api.writing.yank(self._replaced)
                self._replaced = ""
                self.notify(f"What you wrote before was put by; {TAKE_IT}", markup=False)
        except ShopfloorError as error:
            self.notify(f"Not kept yet: {printable(str(error))}", severity="error", markup=False)
            return False
        return True

    def action_edit(self) -> None:
        """Edit the prompt."""
        self._writable(True)

    def action_other(self) -> None:
        """The prompt as it is composed, or what the person wrote."""
        if self._edited.text:
            self._is_own = not self._is_own
            area = self.query_one(ChipArea)
            area.text = self._shown_text
            area.selection = Selection.cursor((0, 0))
            self._tell()

    def _writable(self, writable: bool) -> None:
        area = self.query_one(ChipArea)
        area.read_only, area.show_cursor = not writable, writable
        area.focus()

    async def action_send(self, when: When) -> None:
        """Send; a prompt that was not edited goes as the engine composes it."""
        await self._answer(when)

    async def _answer(self, when: When | None) -> None:
        if await self.keep_draft() or when is not None:
            own = self._edited.text
            self.dismiss(Sending(when, own if self._is_own else "", "" if self._is_own else own))

    async def action_leave(self) -> None:
        """Out of editing, what was changed stays; else back to reading."""
        if self.query_one(ChipArea).read_only:
            await self._answer(None)
        else:
            self._take()
            self._writable(False)
            self._tell()


def _names(edited: EditedPrompt, comment: str) -> bool:
    """Whether a prompt, as it was or as it is, says something about a comment."""
    return any(re.search(rf"\b{comment}\b", text) for text in (edited.composed, edited.text))

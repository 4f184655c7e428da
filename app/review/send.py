"""The last look at a round before it goes: the whole prompt, and when the agent gets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import Task, When, at_work
from agents.parts.review import Comment
from app.images import keep_pasted, with_images
from app.review.around import held_back
from app.review.host import Host
from app.review.words import drafts_of
from widgets.chip_area import ChipArea
from widgets.diff.state import DiffState
from widgets.text_strips import printable


class Sending(NamedTuple):
    """When to send a round (None: not now), and the prompt as the person left it; empty when they left it alone."""

    when: When | None
    text: str


class RoundSender:
    """Shows what would be sent of a task's comments, and sends it when the person wants that."""

    def __init__(self, api: Api, state: DiffState, host: Host) -> None:
        self._api = api
        self._state = state
        self._host = host
        self._edited: dict[str, str] = {}
        """What the person made of prompts and has not sent."""

    async def send(self, comments: Sequence[Comment]) -> None:
        """Show the prompt for those of these comments that are to be sent, and send it or not."""
        host, task = self._host, self._host.reviewed.id
        try:
            waiting, held = drafts_of(comments), held_back(self._state)
            if waiting and all(comment.id in held for comment in waiting):
                host.say("All comments to send are on hidden files. H shows them.")
                return
            prompt = await self._api.review.prompt(task, held)
            others = sum(comment.author != "person" for comment in waiting if comment.id not in held)
            count = len(waiting) - len(held)
            edited = self._edited.get(prompt, "")
            screen = SendScreen(self._api, host.reviewed, prompt, count, edited=edited, held=len(held), others=others)
            answer = await host.app.push_screen_wait(screen)
            self._edited[prompt] = answer.text
            if answer.when is None:
                return
            await self._api.review.send(task, answer.when, await with_images(self._api, answer.text), held)
        except ShopfloorError as error:
            host.say(str(error), error=True)
            return
        self._edited.clear()
        said = "The agent has it." if answer.when == "now" else "The agent gets it after its turn."
        host.app.notify(f"Round sent. {said}", markup=False)
        await host.read_comments()


class SendScreen(ModalScreen[Sending]):
    """Shows the prompt, to be changed if need be; answers how to send it, if at all."""

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
        Binding("escape", "leave", "Back", id="send.leave", priority=True,
                tooltip="Out of editing; else go on reading, nothing is sent."),
        Binding("q", "leave", "Back", id="send.back", show=False, tooltip="Go on reading; nothing is sent."),
    ]  # fmt: skip

    def __init__(
        self, api: Api, task: Task, prompt: str, comments: int, *, edited: str = "", held: int = 0, others: int = 0
    ) -> None:
        """
        Args:
            comments: how many are sent.
            edited: what the person made of the prompt before.
            held: comments that are not sent because their files are hidden.
            others: those among ``comments`` that a reviewing agent or a script wrote.
        """
        super().__init__()
        self._api = api
        self._for_task = task
        self._prompt = edited or printable(prompt)
        self._comments = comments
        self._held = held
        self._others = others
        self._is_edited = bool(edited)

    def compose(self) -> ComposeResult:
        count = "1 comment" if self._comments == 1 else f"{self._comments} comments"
        if self._others:
            count += f", {self._others} of them not written by you"
        works = at_work(self._for_task)
        now = "steer it now" if works else "start a turn"
        detail = f"To the agent of “{printable(self._for_task.title)}”. This is what it will read:"
        if self._held:
            detail += f"\nWhat you wrote on hidden files ({self._held}) stays here."
        with Vertical():
            yield Static(f"Send {count}", classes="send--heading", markup=False)
            yield Static(detail, classes="send--detail", markup=False)
            yield ChipArea(self._prompt, read_only=True, soft_wrap=True, show_cursor=False)
            with Horizontal():
                yield Button("E  edit", id="edit", compact=True)
                yield Button("Esc  back", id="leave", compact=True)
                if works:
                    yield Button("Alt+Enter  after its turn", id="after", compact=True)
                yield Button(f"Enter  {now}", id="now", compact=True, variant="primary")

    def on_mount(self) -> None:
        self.query_one(ChipArea).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "edit":
            self.action_edit()
        elif event.button.id == "leave":
            self._answer(None)
        else:
            self.action_send("after" if event.button.id == "after" else "now")

    @on(ChipArea.Pasted)
    async def _pasted(self, event: ChipArea.Pasted) -> None:
        try:
            await keep_pasted(self._api, event)
        except ShopfloorError as error:
            self.notify(str(error), severity="error", markup=False)

    def action_edit(self) -> None:
        """Edit the prompt."""
        self._is_edited = True
        self._writable(True)

    def _writable(self, writable: bool) -> None:
        area = self.query_one(ChipArea)
        area.read_only, area.show_cursor = not writable, writable
        area.focus()

    def action_send(self, when: When) -> None:
        """Send; a prompt that was not edited goes as the engine composes it."""
        self._answer(when)

    def _answer(self, when: When | None) -> None:
        self.dismiss(Sending(when, self.query_one(ChipArea).expanded if self._is_edited else ""))

    def action_leave(self) -> None:
        """Out of editing, what was changed stays; else back to reading."""
        if self.query_one(ChipArea).read_only:
            self._answer(None)
        else:
            self._writable(False)

"""The prompt beside the diff: kept as the task's draft, sent with what it attaches."""

from __future__ import annotations

from agents.api import Api
from agents.errors import ShopfloorError
from agents.escape import escape_name
from app.images import with_images
from app.review.attach import shown_diff
from app.review.host import Host
from app.review.writing import Writing
from widgets.diff import DiffView
from widgets.prompt_pane import PromptPane


def place_at_cursor(view: DiffView) -> str:
    """Path and line of the row at the cursor, as comments name them."""
    position = view.state.position()
    line = position.new or position.old
    return escape_name(position.path) + (f":{line}" if line else "")


class PromptBeside:
    """Opens, keeps and sends the prompt of a pane."""

    def __init__(self, api: Api, task: str, view: DiffView, pane: PromptPane, writing: Writing, host: Host) -> None:
        self._api = api
        self._task = task
        self._view = view
        self._pane = pane
        self._writing = writing
        self._host = host
        self._is_open = False
        """It was opened: its text is the task's unsent one."""

    async def open(self) -> None:
        """Let the person write; the text begins as the task's unsent one."""
        if not self._pane.display and not self._pane.text:
            try:
                self._pane.text = await self._api.writing.draft(self._task)
            except ShopfloorError as error:
                self._host.say(str(error), error=True)
        self._is_open = True
        self._pane.take_focus()
        self._pane.offer(await self._writing.words(self._view.state.diff), await self._writing.prompts())

    def insert_path(self) -> None:
        """Put the path and line at the diff's cursor into the prompt, on a line of its own, and write on."""
        self._host.start(self._insert_path())

    async def _insert_path(self) -> None:
        await self.open()
        before = self._pane.text.rstrip("\n")
        self._pane.text = (
            f"{before}\n\n{place_at_cursor(self._view)}\n" if before else f"{place_at_cursor(self._view)}\n"
        )

    async def answer(self, asked: PromptPane.Asked) -> None:
        """Do what the pane asks for."""
        if asked.what == "path":
            self._pane.insert(place_at_cursor(self._view))
            return
        if asked.what == "leave":
            self._pane.display = bool(self._pane.text.strip())
            self._view.focus()
        await self.keep()

    async def keep(self) -> bool:
        """Keep the text as the task's unsent one; False when that cannot be."""
        if not self._is_open:
            return True
        try:
            await self._api.writing.save_draft(self._task, self._pane.text)
        except ShopfloorError as error:
            self._host.say(f"Not kept yet: {error}", error=True)
            return False
        return True

    async def send(self, sent: PromptPane.Sent) -> None:
        """Send the text and what goes along; the pane stays as it is when that fails."""
        path = self._view.state.position().path if sent.attachment == "file" else None
        attached = shown_diff(self._view.state, path) if sent.attachment else ""
        try:
            said = await with_images(self._api, sent.text.strip())
            text = "\n\n".join(part for part in (said, attached) if part)
            await self._api.send(self._task, text, sent.when)
            await self._api.writing.save_draft(self._task, "")
        except ShopfloorError as error:
            self._host.say(f"Not sent, so it stays here: {error}", error=True)
            return
        self._pane.clear()
        self._pane.display = False
        self._view.focus()
        self._host.say("The agent has it." if sent.when == "now" else "The agent gets it after its turn.")

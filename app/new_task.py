"""The dialog for a new task: what to do, which agent, from which branch."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Select, Static, TextArea

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import NewTask, ProfileInfo, Task
from widgets.text_strips import printable

PAUSE_SECONDS = 0.6
"""How long typing rests before the draft is kept."""


def profile_label(profile: ProfileInfo) -> str:
    """A profile in the picker: its name and model, or in a few words why it cannot start."""
    name = printable(profile.name or profile.id)
    if profile.ready:
        return f"✓ {name}" + (f" · {printable(profile.model)}" if profile.model else "")
    reason, _, _ = " ".join(profile.missing.split()).partition(". ")
    return f"✗ {name} — {printable(reason)}"


class NewTaskScreen(ModalScreen[Task | None]):
    """Answers with the task that was made, or None. The prompt is kept as a draft until it is used."""

    CSS_PATH = "new_task.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter,alt+enter", "start", "Start", id="new-task.start", priority=True,
                tooltip="Start the task."),
        Binding("escape", "leave", "Back", id="new-task.leave", tooltip="Back to the floor; the prompt is kept."),
    ]  # fmt: skip

    def __init__(self, api: Api, project: str, profile: str = "", base: str = "") -> None:
        """``profile`` and ``base`` are chosen at first, where they exist."""
        super().__init__()
        self._api = api
        self._project = project
        self._profile = profile
        self._base = base
        self._profiles: dict[str, ProfileInfo] = {}
        self._pause: Timer | None = None
        self._kept = ""
        self._starting = False

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("New task", id="heading", markup=False)
            prompt = TextArea(soft_wrap=True, placeholder="What should the agent do? The first line becomes the title.")
            prompt.cursor_blink = False
            yield prompt
            with Horizontal(classes="row"):
                yield Static("Agent", classes="name", markup=False)
                yield Select[str]([], prompt="the project's default", id="profile", compact=True)
            with Horizontal(classes="row"):
                yield Static("From", classes="name", markup=False)
                yield Select[str]([], prompt="the branch checked out here", id="base", compact=True)
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Static("^S start   Tab next   Esc keep", id="keys", markup=False)
                yield Button("Keep", id="keep", compact=True)
                yield Button("Start", id="start", compact=True, variant="primary")

    async def on_mount(self) -> None:
        self.query_one(TextArea).focus()
        self.run_worker(self._fill(), group="new-task", exit_on_error=True)

    async def _fill(self) -> None:
        """Draft, agents and branches, as they arrive; what is missing is said and does not stop the rest."""
        prompt = self.query_one(TextArea)
        try:
            draft = await self._api.draft("")
            if draft and not prompt.text:
                self._kept = draft
                prompt.text = draft
                prompt.move_cursor(prompt.document.end)
            self._show_profiles(await self._api.profiles(self._project))
            self._show_branches(await self._api.branches(self._project))
        except ShopfloorError as error:
            self._say(str(error))

    def _show_profiles(self, profiles: list[ProfileInfo]) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        picker = self.query_one("#profile", Select)
        picker.set_options([(profile_label(profile), profile.id) for profile in profiles])
        if self._profile in self._profiles:
            picker.value = self._profile

    def _show_branches(self, branches: list[str]) -> None:
        picker = self.query_one("#base", Select)
        picker.set_options([(printable(branch), branch) for branch in branches])
        if self._base in branches:
            picker.value = self._base

    @on(Select.Changed, "#profile")
    def _profile_chosen(self, event: Select.Changed) -> None:
        profile = self._profiles.get(str(event.value))
        self._say(f"{profile.name} cannot start: {profile.missing}" if profile and not profile.ready else "")

    @on(TextArea.Changed)
    def _typed(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self.keep_draft)

    async def keep_draft(self) -> bool:
        """Keep the prompt as it is now; False when that cannot be, which is said."""
        text = self.query_one(TextArea).text
        if text != self._kept:
            try:
                await self._api.save_draft("", text)
            except ShopfloorError as error:
                self._say(f"{error} The prompt would be lost: it stays open.")
                return False
            self._kept = text
        return True

    def _say(self, text: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(printable(text))
        problem.display = bool(text)

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Start the task once the characters typed before this key are in the text."""
        self.query_one(TextArea).call_later(self._begin)

    def _begin(self) -> None:
        """What keeps it from starting is shown here and the text stays."""
        text = self.query_one(TextArea).text
        if self._starting:
            return
        if not text.strip():
            self._say("There is nothing to do yet. Write what the agent should do.")
            self.query_one(TextArea).focus()
            return
        self._starting = True
        self._say("")
        self.run_worker(self._start(text), group="new-task-start", exit_on_error=True)

    async def _start(self, text: str) -> None:
        profile, base = (self.query_one(name, Select).value for name in ("#profile", "#base"))
        new = NewTask(
            project=self._project,
            prompt=text,
            profile=profile if isinstance(profile, str) else "",
            base=base if isinstance(base, str) else "",
        )
        try:
            task = await self._api.create_task(new)
        except ShopfloorError as error:
            self._say(str(error))
            return
        finally:
            self._starting = False
        if self._pause is not None:
            self._pause.stop()
        self.query_one(TextArea).read_only = True
        try:
            await self._api.save_draft("", "")
        except ShopfloorError as error:
            self.notify(str(error), severity="warning", markup=False)
        self.dismiss(task)

    @on(Button.Pressed, "#keep")
    async def action_leave(self) -> None:
        """Back to the floor; the prompt stays a draft."""
        if self._pause is not None:
            self._pause.stop()
        if await self.keep_draft():
            self.dismiss(None)

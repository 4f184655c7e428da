"""The dialog for git commands on a task's worktree: pick files, write the command, see it, run it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import Task
from agents.parts.committing import FileStatus
from app.ship.dialog import act, ask, close, say
from app.ship.unsent import forget_unsent, keep_unsent, unsent
from widgets.text_strips import one_line, printable

BEGINNING = "git commit -m '' {}"


class CommandLine(Input):
    """The command, with the earlier ones above it."""

    class Earlier(Message):
        """An earlier command is wanted (1), or a later one (-1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def on_key(self, event: events.Key) -> None:
        """Up and down go through what was run before."""
        if event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Earlier(1 if event.key == "up" else -1))


class CommitScreen(ModalScreen[None]):
    """Files on top, the command below them, and what would run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back", id="commit.leave", tooltip="Back to the floor."),
        Binding("ctrl+a", "all", "All or none", id="commit.all", priority=True, tooltip="Pick all files, or none."),
        Binding("ctrl+g", "suggest", "Suggest", id="commit.suggest", priority=True,
                tooltip="Have the task's model suggest the message; nothing runs."),
    ]  # fmt: skip

    def __init__(self, api: Api, task: Task) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._shown = task
        self._files: list[FileStatus] = []
        self._picked: set[bytes] = set()
        self._history: list[str] = []
        self._at = -1
        self._unsent = BEGINNING
        self._field = f"command {task.id}"

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(f"Git in “{one_line(self._shown.title)}”", classes="heading", markup=False)
            yield Static("", id="facts", classes="facts", markup=False)
            yield OptionList(id="files", markup=False)
            with Horizontal(classes="row"):
                yield Static("Command", classes="name", markup=False)
                yield CommandLine(unsent(self.app, self._field) or BEGINNING, id="command")
            yield Static("", id="preview", classes="facts", markup=False)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static(
                "Enter pick, or run   Tab command   ^A all or none   ^G suggest a message   ↑↓ earlier   Esc back",
                classes="foot",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one("#files").focus()
        ask(self, self._begin())

    async def _begin(self) -> None:
        self._history = await self._api.committing.history()
        await self._read()
        self._picked = {one.path for one in self._files}
        self._show()

    async def _read(self) -> None:
        self._files = await self._api.committing.files(self._shown.id)
        self._picked &= {one.path for one in self._files}

    def _show(self) -> None:
        shown = self.query_one("#files", OptionList)
        at = shown.highlighted or 0
        shown.clear_options()
        shown.add_options([Option(self._line(one)) for one in self._files])
        shown.highlighted = min(at, len(self._files) - 1) if self._files else None
        said = f"{len(self._picked)} of {len(self._files)} files picked" if self._files else "Nothing to commit."
        self.query_one("#facts", Static).update(said)
        self._show_preview()

    def _line(self, one: FileStatus) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("◉ " if one.path in self._picked else "○ ")
        line.append(f"{one.word:<9}{'staged ' if one.staged else '       '}", "dim")
        old = f"{_name(one.old_path)} → " if one.old_path else ""
        line.append(f"{old}{_name(one.path)}")
        return line

    # picking

    @on(OptionList.OptionSelected, "#files")
    def _toggle(self, event: OptionList.OptionSelected) -> None:
        self._picked ^= {self._files[event.option_index].path}
        self._show()

    def action_all(self) -> None:
        """All files, or none when all are picked."""
        every = {one.path for one in self._files}
        self._picked = set() if self._picked == every else every
        self._show()

    def _chosen(self) -> list[FileStatus]:
        return [one for one in self._files if one.path in self._picked]

    # the command

    @on(Input.Changed, "#command")
    def _written(self, event: Input.Changed) -> None:
        keep_unsent(self, self._field, event.value, BEGINNING)
        self._show_preview()

    @work(group="preview", exclusive=True)
    async def _show_preview(self) -> None:
        command = self.query_one("#command", Input).value
        preview = self.query_one("#preview", Static)
        try:
            line = await self._api.committing.preview(command, self._chosen())
        except ShopfloorError as error:
            preview.update(f"✗ {printable(str(error))}")
        else:
            preview.update("\n".join(f"$ {printable(part)}" for part in line.splitlines()))

    @on(CommandLine.Earlier)
    def _earlier(self, event: CommandLine.Earlier) -> None:
        command = self.query_one("#command", Input)
        if self._at < 0:
            self._unsent = command.value
        self._at = max(-1, min(len(self._history) - 1, self._at + event.step))
        command.value = self._history[self._at] if self._at >= 0 else self._unsent
        command.cursor_position = len(command.value)

    @on(Input.Submitted, "#command")
    def _submitted(self) -> None:
        act(self, self._run)

    async def _run(self) -> None:
        command = self.query_one("#command", Input).value
        say(self, "")
        ran = await self._api.committing.run(self._shown.id, command, self._chosen())
        self._history = await self._api.committing.history()
        self._at = -1
        await self._read()
        self._show()
        if ran.status:
            say(self, ran.output[-1500:] or f"exit status {ran.status}")
            return
        forget_unsent(self, self._field)
        self.notify(printable(ran.output[-300:] or "Done."), markup=False)
        if not self._files:
            close(self)

    def action_suggest(self) -> None:
        """Ask the model for a message and put it into the command."""
        act(self, self._suggest)

    async def _suggest(self) -> None:
        self.query_one("#preview", Static).update("Asking the model…")
        try:
            message = await self._api.committing.suggest(self._shown.id, self._chosen())
        finally:
            self._show_preview()
        quoted = message.replace("'", "'\"'\"'")
        command = self.query_one("#command", Input)
        command.value = f"git commit -m '{quoted}' {{}}"
        command.focus()


def _name(path: bytes) -> str:
    return printable(path.decode("utf-8", "backslashreplace"))

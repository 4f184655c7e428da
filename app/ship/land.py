"""The dialog that lands a task, and the line of those that wait to land."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Select, Static, TextArea
from textual.widgets.option_list import Option

from agents.api import Api
from agents.model import Task
from agents.parts.landing import Landing
from app.new_task import Tick
from app.ship.dialog import act, ask, close, say
from app.ship.unsent import forget_unsent, keep_unsent, unsent
from widgets.chip_area import SteadyTextArea
from widgets.task_signs import age
from widgets.text_strips import one_line, printable

HOW = (
    ("squash: one commit with everything", "squash"),
    ("merge: a merge commit, its own commits kept", "merge"),
    ("rebase: its own commits made again on top", "rebase"),
)
SIGNS = {
    "waiting": "…", "combining": "●", "checking": "◍", "landed": "⇲", "failed": "✗", "conflict": "!", "cancelled": "■",
    "undone": "↶",
}  # fmt: skip


class LandScreen(ModalScreen[Landing | None]):
    """How a task lands, and with which message; answers with its place in the line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter,alt+enter", "land", "Land", id="land.land", priority=True,
                tooltip="Put the task into the line."),
        Binding("escape", "dismiss", "Back", id="land.leave", tooltip="Leave everything as it is."),
    ]  # fmt: skip

    def __init__(self, api: Api, task: Task) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._shown = task
        self._suggested = ""
        self._field = f"message {task.id}"

    def compose(self) -> ComposeResult:
        task = self._shown
        with Vertical():
            yield Static(f"Land “{one_line(task.title)}”", classes="heading", markup=False)
            yield Static(_facts(task), classes="facts", markup=False)
            with Horizontal(classes="row"):
                yield Static("Onto", classes="name", markup=False)
                yield Select[str]([(printable(task.base), task.base)], value=task.base, id="onto", compact=True,
                                  allow_blank=False)  # fmt: skip
            with Horizontal(classes="row"):
                yield Static("How", classes="name", markup=False)
                yield Select[str](HOW, value="squash", id="how", compact=True, allow_blank=False)
            message = SteadyTextArea(soft_wrap=True, placeholder="The commit's message.", id="message")
            message.cursor_blink = False
            yield message
            yield Tick("Run the checks on the combined result first", value=True, id="check", compact=True)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static("^S land   Tab next   Esc back", classes="foot", markup=False)

    def on_mount(self) -> None:
        self.query_one("#message").focus()
        ask(self, self._fill())

    async def _fill(self) -> None:
        message = self.query_one("#message", SteadyTextArea)
        self._suggested = await self._api.landing.message(self._shown.id)
        if not message.text:
            message.text = unsent(self.app, self._field) or self._suggested
        branches = await self._api.projects.branches(self._shown.project)
        onto = self.query_one("#onto", Select)
        names = list(dict.fromkeys([self._shown.base, *branches]))
        onto.set_options([(printable(name), name) for name in names if not name.startswith("shopfloor/")])
        onto.value = self._shown.base

    @on(TextArea.Changed, "#message")
    def _written(self, event: TextArea.Changed) -> None:
        keep_unsent(self, self._field, event.text_area.text, self._suggested)

    @on(Select.Changed, "#how")
    def _how_chosen(self, event: Select.Changed) -> None:
        self.query_one("#message").display = event.value != "rebase"

    def action_land(self) -> None:
        """Put it into the line."""
        act(self, self._land)

    async def _land(self) -> None:
        say(self, "")
        how, onto = str(self.query_one("#how", Select).value), str(self.query_one("#onto", Select).value)
        message = self.query_one("#message", SteadyTextArea).text
        check = self.query_one("#check", Tick).value
        landing = await self._api.landing.land(self._shown.id, how, onto, message, check)  # type: ignore[arg-type]
        forget_unsent(self, self._field)
        close(self, landing)


def _facts(task: Task) -> str:
    checks = {"none": "no checks ran", "running": "checks run", "passed": "✓ checks", "failed": "✗ checks fail"}
    conflicts = f" · conflicts with {', '.join(task.conflicts)}" if task.conflicts else ""
    files = f"{task.files_changed} file{'s' if task.files_changed != 1 else ''}"
    return f"{files} +{task.additions} −{task.deletions} · {checks[task.check_state]}{conflicts}"


class LineScreen(ModalScreen[str | None]):
    """The landings of all projects, those that wait first; answers with a task to go to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", id="line.leave", tooltip="Back to the floor."),
        Binding("x", "cancel", "Take out", id="line.cancel", tooltip="Take the task out of the line."),
        Binding("u", "undo", "Take back", id="line.undo", tooltip="Take a landed task's work off the branch again."),
        Binding("p,space", "hold", "Hold", id="line.hold", tooltip="Hold the line of its project, or let it go on."),
    ]

    def __init__(self, api: Api, titles: dict[str, str]) -> None:
        """``titles`` are those of the tasks that the floor knows."""
        super().__init__(classes="ship")
        self._api = api
        self._titles = titles
        self._landings: list[Landing] = []
        self._held: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("Landing", classes="heading", markup=False)
            yield Static("Nothing was landed yet.", id="facts", classes="facts", markup=False)
            yield OptionList(id="line", markup=False)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static(
                "Enter its pane   x take out   u take back   p hold or go on   Esc back", classes="foot", markup=False
            )

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        ask(self, self._refresh())
        self.set_interval(1.0, lambda: ask(self, self._refresh()))

    async def _refresh(self) -> None:
        landings, held = await self._api.landing.line(), await self._api.landing.held()
        if (landings, held) == (self._landings, self._held) and landings:
            return
        self._landings, self._held = landings, held
        shown = self.query_one(OptionList)
        at = shown.highlighted or 0
        shown.clear_options()
        shown.add_options([Option(self._line(one), id=one.task) for one in landings])
        shown.highlighted = min(at, len(landings) - 1) if landings else None
        if landings:
            self.query_one("#facts", Static).update("The line is held." if held else "One after the other.")

    def _line(self, landing: Landing) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{SIGNS[landing.state]} {landing.state:<10}")
        line.append(f"{one_line(self._titles.get(landing.task, landing.task))}", "bold")
        line.append(f" → {printable(landing.onto)}  {age(max(0.0, time.time() - landing.at))}", "dim")
        if landing.reason:
            line.append(f"\n             {one_line(landing.reason)}", "dim")
        return line

    def _chosen(self) -> Landing | None:
        at = self.query_one(OptionList).highlighted
        return self._landings[at] if at is not None and at < len(self._landings) else None

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def _do(self, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        async def then_refresh() -> None:
            await call()
            say(self, "")
            await self._refresh()

        act(self, then_refresh)

    def action_cancel(self) -> None:
        """Take it out of the line."""
        if landing := self._chosen():
            self._do(lambda: self._api.landing.cancel(landing.task))

    def action_undo(self) -> None:
        """Take its work off the branch."""
        if landing := self._chosen():
            self._do(lambda: self._api.landing.undo(landing.task))

    def action_hold(self) -> None:
        """Hold the line, or let it go on."""
        if landing := self._chosen():
            self._do(lambda: self._api.landing.hold(landing.project, landing.project not in self._held))

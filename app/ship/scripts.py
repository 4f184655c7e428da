"""The project's own scripts for a task: commands to run, services to start and stop, and what they print."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agents.api import Api
from agents.model import Task
from agents.parts.scripts import ScriptInfo, ScriptRun
from app.ship.dialog import act, ask, say
from widgets.text_strips import one_line, printable

LOG_ROWS = 16
REFRESH_SECONDS = 0.5
SIGNS = {"running": "●", "passed": "✓", "failed": "✗", "stopped": "■"}


class ScriptsScreen(ModalScreen[None]):
    """All scripts of a task's project, with the latest output of the one at the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", id="scripts.leave", tooltip="Back; what runs goes on."),
        Binding("x", "stop", "Stop", id="scripts.stop", tooltip="End the script with its whole process tree."),
        Binding("r", "restart", "Restart", id="scripts.restart", tooltip="Stop it and start it again."),
        Binding("y", "copy", "Copy address", id="scripts.copy", tooltip="Copy the address of a service."),
    ]

    def __init__(self, api: Api, task: Task) -> None:
        super().__init__(classes="ship")
        self._api = api
        self._shown = task
        self._scripts: list[ScriptInfo] = []
        self._runs: dict[str, ScriptRun] = {}

    def compose(self) -> ComposeResult:
        ports = ", ".join(str(port) for port in self._shown.ports)
        with Vertical():
            yield Static(f"Scripts for “{one_line(self._shown.title)}”", classes="heading", markup=False)
            yield Static(f"ports {ports}" if ports else "", classes="facts", id="facts", markup=False)
            yield OptionList(id="scripts", markup=False)
            yield Static("", id="log", classes="paper", markup=False)
            yield Static(id="problem", classes="problem", markup=False)
            yield Static("Enter run   x stop   r restart   y copy address   Esc back", classes="foot", markup=False)

    def on_mount(self) -> None:
        self.query_one("#log").display = False
        self.query_one(OptionList).focus()
        ask(self, self._begin())

    async def _begin(self) -> None:
        self._scripts = await self._api.scripts.offered(self._shown.project)
        if not self._scripts:
            self.query_one("#facts", Static).update(
                "The project file offers none: add [[command]] or [[service]] tables to .shopfloor.toml."
            )
            return
        await self._refresh()
        self.set_interval(REFRESH_SECONDS, lambda: ask(self, self._refresh()))

    async def _refresh(self) -> None:
        runs = {run.name: run for run in await self._api.scripts.running(self._shown.id)}
        shown = self.query_one(OptionList)
        if runs != self._runs or shown.option_count != len(self._scripts):
            self._runs = runs
            at = shown.highlighted or 0
            shown.clear_options()
            shown.add_options([Option(self._line(script), id=script.name) for script in self._scripts])
            shown.highlighted = at
        await self._show_log()

    async def _show_log(self) -> None:
        script = self._chosen()
        run = self._runs.get(script.name) if script else None
        log = self.query_one("#log", Static)
        log.display = run is not None
        if run is None:
            return
        entries = await self._api.transcript(self._shown.id, run.entry + 1, 1)
        output = entries[-1].tool.output if entries and entries[-1].tool else ""
        lines = [printable(line.expandtabs(4)) for line in output.splitlines()[-LOG_ROWS:]]
        log.update("\n".join(lines) or "It has printed nothing yet.")

    def _line(self, script: ScriptInfo) -> Text:
        run = self._runs.get(script.name)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{SIGNS[run.status] if run else '○'} ")
        line.append(f"{one_line(script.name):<18} ", "bold")
        if run is not None:
            line.append(f"{run.status} {one_line(run.reason)} ")
            if run.url and run.status == "running":
                line.append(f"{printable(run.url)} ", "underline")
        rights = "" if script.confined else "with your rights: "
        line.append(f"{rights}{one_line(script.run)}", "dim")
        return line

    def _chosen(self) -> ScriptInfo | None:
        at = self.query_one(OptionList).highlighted
        return self._scripts[at] if at is not None and at < len(self._scripts) else None

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        ask(self, self._show_log())

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        act(self, partial(self._run, str(event.option.id)), str(event.option.id))

    async def _run(self, name: str, again: bool = False) -> None:
        say(self, "")
        run = self._runs.get(name)
        if again and run is not None and run.status == "running":
            await self._api.scripts.stop(self._shown.id, name)
        await self._api.scripts.start(self._shown.id, name)
        await self._refresh()

    def action_stop(self) -> None:
        """End the script at the cursor."""
        if script := self._chosen():
            act(self, partial(self._stop, script.name), script.name)

    async def _stop(self, name: str) -> None:
        await self._api.scripts.stop(self._shown.id, name)
        await self._refresh()

    def action_restart(self) -> None:
        """Stop and start it."""
        if script := self._chosen():
            act(self, partial(self._run, script.name, again=True), script.name)

    def action_copy(self) -> None:
        """Copy where it answers."""
        script = self._chosen()
        run = self._runs.get(script.name) if script else None
        if run is not None and run.url:
            self.app.copy_to_clipboard(run.url)
            self.notify(f"Copied {printable(run.url)}.", markup=False)


class TrustScreen(ModalScreen[bool]):
    """The project file as it is, and whether its commands may run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Trust it", id="trust.yes", tooltip="Let its commands run, until it changes."),
        Binding("n,escape,q", "answer(False)", "Not now", id="trust.no", tooltip="Let nothing of it run."),
    ]

    def __init__(self, text: str, trusted: bool) -> None:
        super().__init__(classes="ship")
        self._text = text
        self._trusted = trusted

    def compose(self) -> ComposeResult:
        said = "It is trusted as it is." if self._trusted else "Nothing of it runs before you trust it as it is."
        with Vertical():
            yield Static("The project file .shopfloor.toml", classes="heading", markup=False)
            yield Static(said, classes="facts", markup=False)
            paper = Static("\n".join(printable(line.expandtabs(4)) for line in self._text.splitlines()),
                           classes="paper", markup=False)  # fmt: skip
            paper.can_focus = True
            yield paper
            yield Static("Esc back" if self._trusted else "y trust it   n not now", classes="foot", markup=False)

    def on_mount(self) -> None:
        self.query_one(".paper").focus()

    def action_answer(self, answer: bool) -> None:
        """Answer and close."""
        self.dismiss(answer and not self._trusted)

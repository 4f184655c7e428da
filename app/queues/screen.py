"""The screen of queues: they are read and edited here, started on tasks, and watched while they run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from agents.api import Api
from agents.errors import ShopfloorError, UsageError
from agents.loops.queue_file import checked_name, item_text, parse_item
from agents.model import Task
from agents.parts.queues import QueueItem, QueueRun
from app.ask import AskScreen
from app.queues import sheets
from app.queues.acts import Acts
from app.queues.keys import QUEUE_KEYS, hints
from app.queues.sheets import PLACE_WORDS, Sheet
from app.underway import Underway
from widgets.legend import Legend
from widgets.queue_items import ItemRow, QueueItems
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.app import ShopfloorApp

THE_RUN = "\0run"
"""The entry of the list of names that stands for the run of the task."""


class QueueScreen(Screen[None]):
    """Names on the left, prompts on the right."""

    CSS = """
    QueueScreen { background: $background; }
    QueueScreen #title { height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    QueueScreen #names {
        width: 26; height: 1fr; border: none; background: $surface; padding: 1 0; scrollbar-size-vertical: 1;
    }
    QueueScreen #about { height: auto; max-height: 4; padding: 0 2 1 2; color: $foreground 75%; }
    QueueScreen #right { width: 1fr; height: 1fr; padding-top: 1; layout: vertical; }
    QueueScreen #naming { height: 1; display: none; }
    QueueScreen #naming.-shown { display: block; }
    QueueScreen #asks { width: auto; padding: 0 1; color: $primary; text-style: bold; height: 1; }
    QueueScreen #name { height: 1; border: none; padding: 0 1; background: $boost; width: 1fr; }
    QueueScreen.-narrow #names { width: 20; }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(QUEUE_KEYS)

    def __init__(self, api: Api, project: str, task: Task | None, keymap: Mapping[str, str]) -> None:
        """
        Args:
            task: what a queue is run on, and whose run is shown first.
        """
        super().__init__()
        self.api = api
        self.project = project
        self.queue_task = task
        """What a queue is run on."""
        self.keymap = keymap
        self.sheets: dict[str, Sheet] = {}
        """Written queues by their names."""
        self.run: QueueRun | None = None
        """The queue that runs on the task, or the last one that did."""
        self.chosen = ""
        """The name that is shown, or ``THE_RUN``."""
        self.adding = -1
        """Where a prompt is being added; -1: none is."""
        self._naming: Acts.Naming | None = None
        self._underway = Underway()
        self.acts = Acts(self)

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        with Horizontal():
            yield OptionList(id="names", markup=False)
            with Horizontal(id="right"):
                yield Static(id="about", markup=False)
                yield QueueItems(id="items")
        with Horizontal(id="naming"):
            yield Static(id="asks", markup=False)
            yield Input(id="name")
        yield Legend(id="legend")

    @property
    def items(self) -> QueueItems:
        """The prompts."""
        return self.query_one(QueueItems)

    @property
    def names(self) -> OptionList:
        """The names."""
        return self.query_one("#names", OptionList)

    @property
    def sheet(self) -> Sheet | None:
        """The written queue that is shown; None when it is a run."""
        return self.sheets.get(self.chosen)

    @property
    def shown_run(self) -> QueueRun | None:
        """The run that is shown; None when it is a written queue."""
        return self.run if self.chosen == THE_RUN else None

    @property
    def host(self) -> ShopfloorApp:
        """The application."""
        return cast("ShopfloorApp", self.app)

    def on_mount(self) -> None:
        self.items.focus()
        self.ask(self._begin())

    async def _begin(self) -> None:
        await self.load()
        if self.run is not None and self.run.is_active:
            self.choose(THE_RUN)
        elif self.sheets:
            default = self.queue_task.own_queue if self.queue_task else ""
            wanted = (default, "review-and-fix", next(iter(self.sheets)))
            self.choose(next(name for name in wanted if name in self.sheets))

    async def load(self) -> None:
        """Read everything anew; edits that were not saved stay."""
        known = await self.api.queues.list(self.project)
        edits = await self.api.queues.edits(self.project)
        before, self.sheets = self.sheets, {}
        for queue in known:
            items = edits.pop(queue.name, queue.items)
            past = before[queue.name].past if queue.name in before else []
            self.sheets[queue.name] = Sheet(
                queue.name, queue.place, queue.items, items, queue.description, queue.problem, queue.path, past
            )
        for name, items in edits.items():
            self.sheets[name] = Sheet(name, items=items)
        if self.queue_task is not None:
            self.run = await self.api.queues.run(self.queue_task.id)
        self.show_names()

    # --- what is shown

    def choose(self, name: str) -> None:
        """Show a queue, or the run."""
        if name != self.chosen:
            self.chosen = name
            self.items.cursor = 0
            run = self.shown_run
            if run is not None:
                self.items.cursor = max(0, min(run.started - (run.state == "running"), len(run.items) - 1))
        self.show_names()
        self.show()

    def show_names(self) -> None:
        """The list of names as it is now."""
        entries: list[tuple[str, Content]] = []
        if self.run is not None and self.queue_task is not None:
            sign = {"running": "▶", "paused": "‖", "done": "✓", "aborted": "×"}[self.run.state]
            entries.append((THE_RUN, Content.assemble((f"{sign} ", "$primary"), ("on this task", "bold"))))
        for name, sheet in self.sheets.items():
            mark = "✗" if sheet.problem else "*" if sheet.is_edited else " "
            count = "" if sheet.problem else f" {len(sheet.items)}"
            entries.append(
                (name, Content.assemble((f"{mark} ", "$warning"), printable(name), (count, "$foreground 60%")))
            )
        names = self.names
        with self.prevent(OptionList.OptionHighlighted):
            names.clear_options()
            names.add_options([Option(content, id=name) for name, content in entries])
            ids = [name for name, _ in entries]
            if self.chosen in ids:
                names.highlighted = ids.index(self.chosen)

    def show(self) -> None:
        """The queue or run that is chosen, as it is now."""
        rows, about = self._rows_and_about()
        if self.adding >= 0:
            rows.insert(self.adding, ItemRow("new prompt"))
        empty = about if not rows else ""
        self.query_one("#about", Static).update(printable(about))
        self.query_one("#about").display = bool(about) and bool(rows)
        self.items.show(rows, self.items.cursor, printable(empty))
        self._show_title()
        self.show_hints()

    def _rows_and_about(self) -> tuple[list[ItemRow], str]:
        if self.shown_run is not None:
            return [sheets.run_row(item) for item in self.shown_run.items], ""
        sheet = self.sheet
        if sheet is None:
            return [], "There is no queue yet. N begins one."
        if sheet.problem:
            return [], f"{sheet.problem} Correct the file {sheet.path}."
        return [sheets.row_of(item) for item in sheet.items], sheet.description or (
            "" if sheet.items else "It has no prompts yet. a adds one."
        )

    def _show_title(self) -> None:
        task = self.queue_task
        where = f"task {task.id} · {printable(' '.join(task.title.split()))}" if task else "no task"
        if self.shown_run is not None:
            shown = f"{printable(self.shown_run.name)} · {printable(sheets.run_words(self.shown_run))}"
            title = Content.assemble(("Queue on ", ""), (where, "bold"), f" · {shown}")
        elif self.sheet is not None:
            own = " · runs after each turn you start" if task and task.own_queue == self.sheet.name else ""
            edited = " · edited, not saved" if self.sheet.is_edited else ""
            title = Content.assemble(
                ("Queue ", ""), (printable(self.sheet.name), "bold"), f" · {PLACE_WORDS[self.sheet.place]}",
                (edited, "$warning"), f"{own} · for {where}",
            )  # fmt: skip
        else:
            title = Content("Queues")
        self.query_one("#title", Static).update(title)

    def show_hints(self) -> None:
        """What the keys do here and now."""
        if self._naming is not None:
            place = "naming"
        elif self.items.is_editing:
            place = "editing"
        elif self.focused is self.names:
            place = "names"
        elif self.shown_run is not None:
            place = "running" if self.shown_run.is_active else "over"
        else:
            place = "written"
        self.query_one(Legend).show(hints(place, self.keymap))

    def say(self, text: str, error: bool = False) -> None:
        """Something for the line at the bottom."""
        self.query_one(Legend).say(text, "error" if error else "information")

    def on_resize(self, event: events.Resize) -> None:
        """Less room for names in a narrow terminal."""
        self.set_class(event.size.width < 100, "-narrow")

    def on_descendant_focus(self) -> None:
        """The legend follows the focus."""
        self.show_hints()

    # --- what the engine tells

    def run_changed(self) -> None:
        """The queue of the task has got further or was edited."""
        if self.is_mounted:  # else it is read then
            self.ask(self._read_run())

    async def _read_run(self) -> None:
        assert self.queue_task is not None
        was = self.shown_run
        self.run = await self.api.queues.run(self.queue_task.id)
        now = self.shown_run
        if was is not None and now is not None and was.started != now.started and self.items.cursor == was.started - 1:
            self.items.cursor = max(0, min(now.started - 1, len(now.items) - 1))  # who watches the item at work goes on
        self.show_names()
        if now is not None:
            self.show()

    def refresh_task(self, task: Task) -> None:
        """The task is in another state."""
        self.queue_task = task
        if self.is_mounted:  # else it is shown when there is something to show it in
            self._show_title()

    # --- what widgets tell

    @on(OptionList.OptionHighlighted, "#names")
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id is not None and not self.items.is_editing and event.option.id != self.chosen:
            self.chosen = event.option.id
            self.items.cursor = 0
            self.show()

    @on(OptionList.OptionSelected, "#names")
    def _selected(self) -> None:
        self.items.focus()

    @on(QueueItems.Moved)
    def _moved(self) -> None:
        self.show_hints()

    @on(QueueItems.Paused)
    def _paused(self, event: QueueItems.Paused) -> None:
        """Keep what is being typed into a written queue, as far as it can be understood."""
        if self.sheet is not None and event.text.strip():
            try:
                item = parse_item(event.text)
            except UsageError:
                return
            self.ask(self._keep(self.sheet.name, self._with(self.sheet.items, event.index, item)))

    @on(QueueItems.Edited)
    def _edited(self, event: QueueItems.Edited) -> None:
        """The person has come back from a prompt."""
        if event.text.strip():
            try:
                item = parse_item(event.text)
            except UsageError as error:
                self.say(str(error), error=True)
                return
            run, sheet = self.shown_run, self.sheet
            if run is not None:
                at = sheets.place_among_waiting(run, event.index)
                self.ask(self.acts.edit_run(self._with(sheets.waiting(run), at, item), event.text))
                return
            if sheet is not None:
                self.acts.change(self._with(sheet.items, event.index, item))
            self.leave_editor()
            return
        if self.adding >= 0:
            self.items.cursor = max(0, self.adding - 1)
        if self.sheet is not None:
            self.ask(self._keep(self.sheet.name, self.sheet.items if self.sheet.is_edited else ()))
        self.leave_editor()

    def _with(self, items: sheets.Items, at: int, item: QueueItem) -> sheets.Items:
        return sheets.inserted(items, at, item) if self.adding >= 0 else sheets.replaced(items, at, item)

    def leave_editor(self) -> None:
        """What was typed has been taken over, or was nothing."""
        self.adding = -1
        self.items.go_back()
        self.show()

    def edit(self, index: int, item: QueueItem | None) -> None:
        """Edit a prompt in place, or a new one (None) at this index."""
        if item is None:
            self.adding = index
            self.show()
        self.query_one(Legend).hush()
        self.items.edit(index, item_text(item) if item is not None else "")
        self.show_hints()

    async def _keep(self, name: str, items: sheets.Items) -> None:
        await self.api.queues.keep_edits(name, items, self.project)

    def keep_edits(self, sheet: Sheet) -> None:
        """Keep a queue's edits beside what is written down."""
        self.ask(self._keep(sheet.name, sheet.items if sheet.is_edited else ()))

    # --- names

    def ask_name(self, naming: Acts.Naming) -> None:
        """Ask for a name at the bottom."""
        self._naming = naming
        self.query_one("#asks", Static).update(naming.asks)
        self.query_one("#naming").add_class("-shown")
        field = self.query_one("#name", Input)
        field.value = naming.begin
        field.focus()
        self.show_hints()

    @on(Input.Submitted, "#name")
    def _named(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        try:
            checked_name(name)
            if name in self.sheets:
                raise UsageError(f"There is a queue “{name}” already.", "Choose another name.")
        except UsageError as error:
            self.say(str(error), error=True)
            return
        naming, self._naming = self._naming, None
        self._close_naming()
        if naming is not None:
            naming.take(name)

    def _close_naming(self) -> None:
        self.query_one("#naming").remove_class("-shown")
        self.items.focus()
        self.show_hints()

    # --- what the person does

    def action_act(self, name: str, *arguments: int) -> None:
        """One of :class:`Acts`."""
        if self._naming is not None:
            if name == "leave":
                self._naming = None
                self._close_naming()
            return
        getattr(self.acts, name)(*arguments)

    @on(Legend.Pressed)
    async def _hint_pressed(self, event: Legend.Pressed) -> None:
        for binding in QUEUE_KEYS:
            if binding.id == event.action:
                await self.run_action(binding.action)

    def ask(self, call: Coroutine[Any, Any, object]) -> None:
        """Call the engine beside everything else; what it refuses is shown."""
        self.run_worker(self._answered(call), group="queues")

    def act(self, about: str, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Let the engine do something, as :meth:`ask` does; nothing while it does something about the same."""
        self.ask(self._underway.once(about, call))

    async def _answered(self, call: Coroutine[Any, Any, object]) -> None:
        try:
            await call
        except ShopfloorError as error:
            self.say(str(error), error=True)

    def confirm(self, question: str, detail: str, yes: str, call: Coroutine[Any, Any, object]) -> None:
        """Do something once the person has said yes."""

        def answered(agreed: bool | None) -> None:
            if agreed:
                self.ask(call)
            else:
                call.close()

        self.app.push_screen(AskScreen(question, detail, yes), answered)

"""The dialog for a new task: what to do, which agent, from which branch, with which queue; or several tasks at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Checkbox, Select, Static, TextArea

from agents.api import Api
from agents.errors import ShopfloorError
from agents.model import NewTask, Task
from agents.parts.projects import ProfileInfo
from agents.parts.writing import TaskDraft, Template
from agents.prompts.separate import Separate, separate_prompts
from app.agent_options import OptionsRow
from app.images import keep_pasted, with_images
from app.key_order import keys_wait
from app.pick_text import Choice, TextPicker
from app.review.pick import PickScreen
from widgets.chip_area import ChipArea
from widgets.completer import Completer
from widgets.completion import CompletionList
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.app import ShopfloorApp

PAUSE_SECONDS = 0.6
"""How long typing rests before the draft is kept."""
NO_QUEUE = "-"
HERE = "the branch checked out here"


def profile_label(profile: ProfileInfo) -> str:
    """A profile in the picker: its name and model, or in a few words why it cannot start."""
    name = printable(profile.name or profile.id)
    if profile.ready:
        return f"✓ {name}" + (f" · {printable(profile.model)}" if profile.model else "")
    reason, _, _ = " ".join(profile.missing.split()).partition(". ")
    return f"✗ {name} — {printable(reason)}"


def remaining_text(prompts: Sequence[Separate]) -> str:
    """Prompts as a list that :func:`~agents.prompts.separate.separate_prompts` takes apart again."""
    return "\n".join("- " + each.prompt.replace("\n", "\n  ") for each in prompts)


class TaskArea(ChipArea):
    """The prompt. While names of files are offered, the arrows, Enter and Escape are the list's."""

    def __init__(self, choices: CompletionList) -> None:
        super().__init__(
            soft_wrap=True, placeholder="What should the agent do? The first line becomes the title. @ names a file."
        )
        self.completer = Completer(self, choices)

    async def _on_key(self, event: events.Key) -> None:
        if self.completer.is_open and event.key in ("up", "down", "enter", "escape"):
            event.stop()
            event.prevent_default()
            match event.key:
                case "enter":
                    self.completer.accept()
                case "escape":
                    self.completer.refuse()
                case _:
                    self.completer.move(1 if event.key == "down" else -1)
            return
        await super()._on_key(event)

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """See Widget: the list's keys do not leave the dialog."""
        return (self.completer.is_open and key == "escape") or super().check_consume_key(key, character)


class Tick(Checkbox):
    """A box whose sign differs when it is ticked, not only its colour."""

    BUTTON_INNER = "–"

    def watch_value(self) -> None:
        """See Checkbox."""
        self.BUTTON_INNER = "✓" if self.value else "–"
        super().watch_value()
        self.refresh()


class NewTaskScreen(ModalScreen[list[Task]]):
    """Answers with the tasks that were made. What was written is kept as the project's draft until it is used."""

    CSS_PATH = "new_task.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-short"), (32, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter,alt+enter", "start", "Start", id="new-task.start", priority=True,
                tooltip="Start the task."),
        Binding("ctrl+o", "start(True)", "Hold", id="new-task.hold", priority=True,
                tooltip="Make the task and hold it: it starts when you resume it."),
        Binding("ctrl+t", "template", "Template", id="new-task.template", priority=True,
                tooltip="Begin with a template: a Markdown file of yours or of the project."),
        Binding("ctrl+l", "several", "Several", id="new-task.several", priority=True,
                tooltip="Make a task of every line, or of every item of a list; or one of all."),
        Binding("ctrl+b", "base", "From", id="new-task.base", priority=True,
                tooltip="Choose the branch or commit to start from."),
        Binding("ctrl+g", "options", "Options", id="new-task.options", priority=True,
                tooltip="Choose the agent's own options, such as its mode and its model."),
        Binding("tab", "next", "Next field", id="new-task.next", priority=True,
                tooltip="Take the file that is offered, else go to the next field."),
        Binding("escape", "leave", "Back", id="new-task.leave", tooltip="Back; what was written is kept."),
    ]  # fmt: skip

    def __init__(self, api: Api, project: str, profile: str = "", base: str = "") -> None:
        """``profile`` and ``base`` are chosen at first, where they exist."""
        super().__init__()
        self._api = api
        self._project = project
        self._profile = profile
        self._base = base
        self._queue = ""
        self._profiles: dict[str, ProfileInfo] = {}
        self._branches: list[str] = []
        self._pause: Timer | None = None
        self._kept = TaskDraft()
        self._warned_of = ""
        """A prompt that could not be kept, which the person was told."""
        self._starting = False
        self._made: list[Task] = []
        self._choices = CompletionList()
        self._area = TaskArea(self._choices)
        self._options = OptionsRow(api)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(f"New task · {printable(Path(self._project).name)}", id="heading", markup=False)
            self._area.cursor_blink = False
            yield self._area
            yield self._choices
            yield Static(id="several-told", markup=False)
            with Horizontal(classes="row"):
                yield Static("Agent", classes="name", markup=False)
                yield Select[str]([], prompt="the project's default", id="profile", compact=True)
            yield self._options
            with Horizontal(classes="row"):
                yield Static("From", classes="name", markup=False)
                yield Button(HERE, id="base", compact=True)
            with Horizontal(classes="row"):
                yield Static("Queue", classes="name", markup=False)
                yield Select[str]([], prompt="the project's default", id="queue", compact=True)
            with Horizontal(classes="row -last"):
                yield Static("", classes="name", markup=False)
                yield Tick("run the checks", True, id="check", compact=True)
                yield Tick("a task per line or item", id="several", compact=True)
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Static("^T template  ^L several  ^B branch  Esc keep", id="keys", markup=False)
                yield Button("Hold ^O", id="hold", compact=True)
                yield Button("Start ^S", id="start", compact=True, variant="primary")

    async def on_mount(self) -> None:
        self._area.focus()
        self.run_worker(self._fill(), group="new-task", exit_on_error=True)

    # --- what there is to choose

    async def _fill(self) -> None:
        """Draft, agents, branches and queues, as they arrive; what is missing is said and does not stop the rest."""
        try:
            draft = await self._api.writing.task_draft(self._project)
            if not self._area.text:
                self._use(draft)
            self._show_profiles(await self._api.projects.profiles(self._project))
            self._branches = await self._api.projects.branches(self._project)
            queues = [queue.name for queue in await self._api.queues.list(self._project) if not queue.problem]
            self._show_queues(queues)
        except ShopfloorError as error:
            self._say(str(error))

    def _use(self, draft: TaskDraft) -> None:
        self._kept = draft
        self._area.text = draft.prompt
        self._area.move_cursor(self._area.document.end)
        self._profile = self._profile or draft.profile
        self._queue = draft.queue
        self._options.remembered = draft.choices
        self._choose_base(self._base or draft.base)
        self.query_one("#check", Checkbox).value = draft.check
        self.query_one("#several", Checkbox).value = draft.several

    def _show_profiles(self, profiles: list[ProfileInfo]) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        picker = self.query_one("#profile", Select)
        picker.set_options([(profile_label(profile), profile.id) for profile in profiles])
        if self._profile in self._profiles:
            picker.value = self._profile
        else:
            self._look_at(None)

    def _show_queues(self, queues: Sequence[str]) -> None:
        picker = self.query_one("#queue", Select)
        picker.set_options([("none", NO_QUEUE), *((printable(name), name) for name in queues)])
        if self._queue in (NO_QUEUE, *queues):
            picker.value = self._queue

    @on(Select.Changed, "#profile")
    def _profile_chosen(self, event: Select.Changed) -> None:
        profile = self._profiles.get(str(event.value))
        self._look_at(profile)
        self._say(f"{profile.name} cannot start: {profile.missing}" if profile and not profile.ready else "")
        self._wait_and_keep()

    def _look_at(self, profile: ProfileInfo | None) -> None:
        """Show the options of the agent, or of the one that is meant when none is chosen."""
        default = next((each for each in self._profiles.values() if each.is_default), None)
        self._options.look_at(profile or default)

    @on(Select.Changed, "#queue")
    @on(Checkbox.Changed)
    def _other_chosen(self) -> None:
        self._wait_and_keep()
        self._tell_several()

    @on(OptionsRow.Changed)
    def _option_chosen(self) -> None:
        self._wait_and_keep()

    def action_options(self) -> None:
        """Choose the agent's own options."""
        self._options.open()

    @on(Button.Pressed, "#base")
    def action_base(self) -> None:
        """Find the branch, or type a commit."""
        self.run_worker(self._pick_base(), group="new-task-base")

    async def _pick_base(self) -> None:
        asks = "a branch, tag or commit to start from; empty: the branch checked out here"
        rows = [HERE, *self._branches]
        picked = await self.app.push_screen_wait(PickScreen(asks, rows, takes_text=True))
        if picked is not None:
            self._choose_base(picked if isinstance(picked, str) else "" if picked == 0 else rows[picked])
            self._wait_and_keep()

    def _choose_base(self, base: str) -> None:
        self._base = base
        self.query_one("#base", Button).label = printable(base) or HERE

    def action_template(self) -> None:
        """Begin with a template."""
        self.run_worker(self._pick_template(), group="new-task-template")

    async def _pick_template(self) -> None:
        try:
            with keys_wait(self.app):
                templates = await self._api.writing.templates(self._project)
        except ShopfloorError as error:
            self._say(str(error))
            return
        empty = "There are none yet: Markdown files in templates/ of the configuration folder, or in the project's\n"
        choices = [Choice(each.problem or each.text, f"{each.name} · {each.source}") for each in templates]
        picker = TextPicker("Templates", choices, empty=f"{empty}.shopfloor/templates/.")
        picked = await self.app.push_screen_wait(picker)
        if picked is not None:
            self._begin_with(templates[picked.place])

    def _begin_with(self, template: Template) -> None:
        """Put a template before what is written, and choose what it says."""
        if template.problem:
            self._say(template.problem)
            return
        written = self._area.text
        self._area.replace(f"{template.text}\n{written}" if written.strip() else template.text, (0, 0),
                           self._area.document.end)  # fmt: skip
        self._area.move_cursor(self._area.document.end)
        if template.profile in self._profiles:
            self.query_one("#profile", Select).value = template.profile
        if template.base:
            self._choose_base(template.base)
        if template.queue:
            self._queue = template.queue
            self.query_one("#queue", Select).value = template.queue
        if template.check is not None:
            self.query_one("#check", Checkbox).value = template.check
        self._area.focus()

    # --- the prompt

    @on(TextArea.Changed)
    def _typed(self) -> None:
        if self._area.completer.look():
            self._offer_files()
        self._tell_several()
        self._wait_and_keep()

    @on(ChipArea.Moved)
    def _moved(self) -> None:
        if self._area.completer.is_active:
            self._area.completer.look()

    @work(group="new-task-files", exclusive=True)
    async def _offer_files(self) -> None:
        try:
            self._area.completer.files = await self._api.writing.project_files(self._project, self._base)
        except ShopfloorError as error:
            self._area.completer.files = []
            self._say(str(error))
        self._area.completer.look()

    @on(CompletionList.Clicked)
    def _choice_clicked(self, event: CompletionList.Clicked) -> None:
        event.list.choose(event.place)
        self._area.completer.accept()

    @on(ChipArea.Pasted)
    async def _pasted(self, event: ChipArea.Pasted) -> None:
        try:
            await keep_pasted(self._api, event)
        except ShopfloorError as error:
            self._say(f"{error} What was pasted is kept only while this dialog is open.")

    def action_next(self) -> None:
        """The file that is offered, else the next field."""
        if not self._area.completer.accept():
            self.focus_next()

    def action_several(self) -> None:
        """One task, or one for each line or item."""
        self.query_one("#several", Checkbox).toggle()

    def _prompts(self, text: str) -> list[Separate]:
        return separate_prompts(text) if self.query_one("#several", Checkbox).value else [Separate("", text)]

    def _tell_several(self) -> None:
        told = self.query_one("#several-told", Static)
        told.display = self.query_one("#several", Checkbox).value
        if told.display:
            prompts = self._prompts(self._area.text)
            titles = " · ".join(printable(each.title) for each in prompts[:8])
            told.update(f"{len(prompts)} {'task' if len(prompts) == 1 else 'tasks'}: {titles}")

    # --- the draft

    def _draft(self) -> TaskDraft:
        profile, queue = (self.query_one(name, Select).value for name in ("#profile", "#queue"))
        return TaskDraft(
            prompt=self._area.text,
            profile=profile if isinstance(profile, str) else "",
            base=self._base,
            queue=queue if isinstance(queue, str) else "",
            check=self.query_one("#check", Checkbox).value,
            several=self.query_one("#several", Checkbox).value,
            choices=self._options.remembered,
        )

    def _wait_and_keep(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self.keep_draft)

    async def keep_draft(self) -> bool:
        """Keep what is written as it is now; False when that cannot be, which is said."""
        draft = self._draft()
        if draft != self._kept and (draft.prompt or self._kept.prompt):
            try:
                await self._api.writing.keep_task_draft(self._project, draft)
            except ShopfloorError as error:
                self._warned_of = draft.prompt
                self._say(f"{error} The prompt would be lost; Esc once more leaves without it.")
                return False
            self._kept = draft
        return True

    def _say(self, text: str) -> None:
        problem = self.query_one("#problem", Static)
        problem.update(printable(text))
        problem.display = bool(text)

    # --- starting

    @on(Button.Pressed, "#start")
    def _start_pressed(self) -> None:
        self.action_start()

    @on(Button.Pressed, "#hold")
    def _hold_pressed(self) -> None:
        self.action_start(True)

    def action_start(self, held: bool = False) -> None:
        """Start the task; what keeps it from starting is shown here and the text stays."""
        if self._starting:
            return
        prompts = self._prompts(self._area.expanded)
        if not any(each.prompt.strip() for each in prompts):
            self._say("There is nothing to do yet. Write what the agent should do.")
            self._area.focus()
            return
        self._starting = True
        self._say("")
        self.run_worker(self._start(prompts, held), group="new-task-start", exit_on_error=True)

    async def _start(self, prompts: Sequence[Separate], held: bool) -> None:
        draft = self._draft()
        new = NewTask(
            project=self._project,
            prompt="",
            profile=draft.profile,
            base=draft.base,
            queue=None if not draft.queue else "" if draft.queue == NO_QUEUE else draft.queue,
            check=draft.check,
            choices=self._options.chosen,
            held=held,
        )
        for number, each in enumerate(prompts):
            try:
                prompt = await with_images(self._api, each.prompt)
                made = msgspec.structs.replace(new, title=each.title, prompt=prompt)
                self._made.append(await self._api.create_task(made))
            except ShopfloorError as error:
                self._say(f"{len(self._made)} made. {error}" if self._made else str(error))
                if number:
                    self._area.text = remaining_text(prompts[number:])
                self._starting = False
                return
        if self._pause is not None:
            self._pause.stop()
        self._area.read_only = True
        try:
            await self._api.writing.keep_task_draft(self._project, TaskDraft(choices=draft.choices))
        except ShopfloorError as error:
            self.notify(str(error), severity="warning", markup=False)
        self.dismiss(self._made)

    async def action_leave(self) -> None:
        """Back; the prompt stays a draft."""
        if self._pause is not None:
            self._pause.stop()
        was_warned = self._warned_of == self._area.text
        if await self.keep_draft() or was_warned:
            self.dismiss(self._made)


def ask_new_task(app: ShopfloorApp, api: Api, project: str, go_to: Callable[[Task], None] | None) -> None:
    """Open the dialog for a project, over whatever is shown.

    Args:
        go_to: where to go with the first task that was made; None: stay, and say that it was.
    """

    def made(tasks: list[Task] | None) -> None:
        for task in tasks or ():
            app.floor.know(task)
        if tasks and go_to is not None:
            go_to(tasks[0])
        elif tasks:
            word = "A task was" if len(tasks) == 1 else f"{len(tasks)} tasks were"
            app.notify(f"{word} made: {printable(tasks[0].title)}", markup=False)

    app.push_screen(NewTaskScreen(api, project), made)

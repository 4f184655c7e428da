"""The composer: what the person says to the focused task, and when it will arrive.

The label above the text says before Enter what Enter will do. Each task has its own unsent text; nothing but the
person's keys ever changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static, TextArea

from agents.model import Task, When, at_work
from widgets.chip_area import ChipArea
from widgets.completer import Completer
from widgets.completion import Command, CompletionList
from widgets.composer_label import ComposerLabel, arrival, takes_answer
from widgets.prompt_area import PromptArea
from widgets.still import StillVertical
from widgets.task_signs import mood
from widgets.task_words import STATE_GLYPHS
from widgets.text_strips import Spans, cells, printable

PAUSE_SECONDS = 0.6
"""How long typing rests before the draft is kept."""
HISTORY_LIMIT = 200


class Composer(StillVertical):
    """Label and text for one task at a time."""

    DEFAULT_CSS = """
    Composer { height: auto; background: $surface; }
    Composer .composer--sign { width: 3; height: 1; color: $foreground 50%; padding: 0 1; }
    Composer.-writing .composer--sign { color: $primary; text-style: bold; }
    Composer Horizontal { height: auto; }
    Composer PromptArea, Composer PromptArea:focus {
        height: auto; min-height: 1; max-height: 8; border: none; padding: 0; background: $surface; width: 1fr;
        scrollbar-size-vertical: 1;
    }
    """

    @dataclass
    class _ComposerMessage(Message):
        composer: Composer

        @property
        def control(self) -> Composer:
            """The composer it is about."""
            return self.composer

    @dataclass
    class Submitted(_ComposerMessage):
        """The person sent a prompt."""

        task: str
        text: str
        when: When
        also: tuple[str, ...] = ()
        """Other tasks that are sent the same."""
        draft: str = ""
        """What the task's unsent text was told to be last."""

    @dataclass
    class Answered(_ComposerMessage):
        """The person answers what the task's agent asks."""

        task: str
        text: str
        draft: str = ""
        """What the task's unsent text was told to be last."""

    @dataclass
    class DraftChanged(_ComposerMessage):
        """The unsent text of a task rests, or the person has gone to another task."""

        task: str
        text: str

    @dataclass
    class FilesWanted(_ComposerMessage):
        """Names of the task's files are asked for: answer with :meth:`Composer.offer_files`."""

        task: str

    @dataclass
    class CommandsWanted(_ComposerMessage):
        """The commands of the target's agent are asked for: answer with :meth:`Composer.set_commands`."""

        task: str

    @dataclass
    class CommandGiven(_ComposerMessage):
        """A command was chosen or sent."""

        name: str

    @dataclass
    class DeskWanted(_ComposerMessage):
        """Something was asked for that needs more than this line: ``history``, ``yank``, ``pop``, ``editor``,
        ``expand``."""

        what: str

    @dataclass
    class PastWanted(_ComposerMessage):
        """The composer shows a task for the first time: answer with :meth:`Composer.offer_past`."""

        task: str

    @dataclass
    class DraftWanted(_ComposerMessage):
        """The unsent text of a task may have been written elsewhere: answer with :meth:`Composer.take_draft`."""

        task: str
        told: str | None

    @dataclass
    class Left(_ComposerMessage):
        """The person goes back to the panes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._target: Task | None = None
        self._when: When = "now"
        self._drafts: dict[str, str] = {}
        self._history: dict[str, list[str]] = {}
        self._place = 0
        """How far up the history the text comes from; 0 is the draft."""
        self._kept = ""
        """The draft while the history is shown."""
        self._saved: dict[str, str] = {}
        self._pause: Timer | None = None
        self._loading = False
        self._also: tuple[Task, ...] = ()
        """Other tasks that are sent the same."""
        self._area = PromptArea(soft_wrap=True, show_line_numbers=False, placeholder="", highlight_cursor_line=False)
        self._choices = CompletionList()
        self._completer = Completer(self._area, self._choices)
        self._knows_commands = False
        """The commands of the target's agent were asked for."""

    def compose(self) -> ComposeResult:
        yield self._choices
        yield ComposerLabel()
        with Horizontal():
            yield Static("❯", classes="composer--sign", markup=False)
            self._area.cursor_blink = False
            yield self._area

    @property
    def area(self) -> PromptArea:
        """Where the text is written."""
        return self._area

    @property
    def label(self) -> str:
        """What the label says now."""
        return self.query_one(ComposerLabel).text

    @property
    def target(self) -> str:
        """The id of the task it writes to; empty for none."""
        return self._target.id if self._target else ""

    # --- what it is told

    def show(self, task: Task | None) -> None:
        """Write to this task from now on; the text written for the one before stays with that one."""
        if (task.id if task else "") != self.target:
            self._keep_draft()
            self._target = task
            self._completer.files = None
            self._completer.close()
            self._knows_commands = False
            self._when = "now"
            self._place = 0
            self._load(self._drafts.get(task.id, "") if task else "")
            if task is not None and task.id not in self._history:
                self._history[task.id] = []
                self.post_message(self.PastWanted(self, task.id))
        elif task is not None and takes_answer(task) and not self._is_asked and self._area.text.strip():
            self._when = "after"  # what is being written was not meant as the answer
        self._target = task
        if not self._leaves_choice:
            self._when = "now"
        self._paint()

    @property
    def _is_asked(self) -> bool:
        """The target asks something that can be answered here."""
        return self._target is not None and takes_answer(self._target)

    @property
    def _leaves_choice(self) -> bool:
        """There are two ways to send to the target."""
        return self._is_asked or (self._target is not None and at_work(self._target))

    def offer_past(self, task: str, draft: str, prompts: Iterable[str]) -> None:
        """The unsent text of a task as it was kept, and what was said to it; what is typed meanwhile wins."""
        sent_meanwhile = self._history.get(task, [])
        self._history[task] = [*prompts, *sent_meanwhile][-HISTORY_LIMIT:]
        if task == self.target:
            if draft and not self.area.text and not self._place and not sent_meanwhile:
                self._load(draft)
        else:
            self._drafts.setdefault(task, draft)
        self._saved.setdefault(task, draft)

    def look_again(self, task: str) -> None:
        """The unsent text of a task may have been written elsewhere."""
        if task:
            self.post_message(self.DraftWanted(self, task, self._saved.get(task)))

    def take_draft(self, task: str, draft: str, told: str | None) -> None:
        """The unsent text of a task as it was written elsewhere, when this was what had been told of it here; what was
        written here since wins."""
        here = self._text_of_target if task == self.target else self._drafts.get(task, "")
        if draft == told or told != self._saved.get(task) or here != (told or ""):
            return
        self._saved[task] = self._drafts[task] = draft
        if task == self.target and self._place:
            self._kept = draft
        elif task == self.target:
            self._load(draft)

    def set_also(self, tasks: Sequence[Task]) -> None:
        """Send to these tasks too, until told otherwise; the target itself need not be among them."""
        if tuple(tasks) != self._also:
            self._also = tuple(tasks)
            self._paint()

    def set_commands(self, commands: Iterable[Command]) -> None:
        """What can follow a ``/`` at the beginning."""
        self._completer.set_commands(commands)
        if self._completer.is_active:
            self._completer.look()

    def offer_files(self, task: str, names: Sequence[str]) -> None:
        """Names of a task's files, for ``@``."""
        if task == self.target:
            self._completer.files = names
            self._completer.look()

    def accept_choice(self) -> bool:
        """Take the choice that is marked above the text; False when none is offered."""
        taken = self._completer.accept()
        if isinstance(taken, Command):
            self.post_message(self.CommandGiven(self, taken.name))
        return bool(taken)

    def replace_text(self, text: str) -> None:
        """Put this in place of the whole text, as if it were typed: undo brings the old one back."""
        self._area.replace(text, (0, 0), self._area.document.end)
        self._area.move_cursor(self._area.document.end)

    @property
    def chip(self) -> str:
        """The chip at the cursor; empty when there is none."""
        row, _ = self._area.cursor_location
        chip = self._area.chip_at(self._area.cursor_location)
        return self._area.document.get_line(row)[chip[0] : chip[1]] if chip else ""

    def unfold(self, text: str) -> None:
        """Put a text in place of the chip at the cursor."""
        row, _ = self._area.cursor_location
        chip = self._area.chip_at(self._area.cursor_location)
        if chip is not None:
            self._area.replace(text, (row, chip[0]), (row, chip[1]))

    @property
    def expanded(self) -> str:
        """The text, with what was pasted here in place of its chips."""
        return self._area.expanded

    def give_back(self, task: str, text: str) -> None:
        """A prompt could not be sent: its text is the draft again, before what was typed since."""
        if task == self.target:
            typed = self.area.text
            self._load(f"{text}\n{typed}" if typed.strip() else text)
        else:
            typed = self._drafts.get(task, "")
            self._drafts[task] = f"{text}\n{typed}" if typed.strip() else text
        history = self._history.get(task, [])
        if history and history[-1] == text:
            history.pop()

    def focus_text(self) -> None:
        """Write here."""
        self.area.focus()

    # --- drafts

    @property
    def _text_of_target(self) -> str:
        return self._kept if self._place else self.area.text

    def _load(self, text: str) -> None:
        self._loading = True
        self.area.text = text
        self.area.move_cursor(self.area.document.end)
        if self._target is not None:
            self._drafts[self._target.id] = text if not self._place else self._kept

    def _keep_draft(self) -> None:
        """Tell the draft now if it differs from what was told before."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        if self._target is None:
            return
        name, text = self._target.id, self._text_of_target
        self._drafts[name] = text
        if text != self._saved.get(name, ""):
            self.tell_draft(name, text)

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._loading:
            self._loading = False
            self._completer.close()
            return
        self._look()
        if self._place:
            self._place = 0  # an old prompt that is edited is a new draft
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE_SECONDS, self._keep_draft)

    def on_unmount(self) -> None:
        if self._pause is not None:
            self._pause.stop()

    def tell_draft(self, task: str, text: str) -> None:
        """Tell the unsent text of a task."""
        self._saved[task] = text
        self.post_message(self.DraftChanged(self, task, text))

    def forget_told(self, task: str, text: str) -> None:
        """That this is the unsent text of a task was told, but could not be kept."""
        if self._saved.get(task) == text:
            del self._saved[task]

    def unsaved(self) -> dict[str, str]:
        """Drafts that were not told yet or could not be kept, by task, for who cannot wait for the message any more."""
        texts = self._drafts | ({self._target.id: self._text_of_target} if self._target is not None else {})
        return {task: text for task, text in texts.items() if text != self._saved.get(task, "")}

    # --- keys

    @on(PromptArea.Pressed)
    def _pressed(self, event: PromptArea.Pressed) -> None:
        event.stop()
        match event.key:
            case "send" if self.accept_choice():
                pass
            case "send":
                self._send(self._when)
            case "send-after":
                self._send("after")
            case "when":
                self.toggle_when()
            case "earlier" | "up" if self._completer.move(-1):
                pass
            case "later" | "down" if self._completer.move(1):
                pass
            case "up":
                self._area.action_cursor_up()
            case "down":
                self._area.action_cursor_down()
            case "earlier":
                self._recall(1)
            case "later":
                self._recall(-1)
            case "leave" if self._completer.is_open:
                self._completer.refuse()
            case "leave":
                self._keep_draft()
                self.post_message(self.Left(self))
            case _:
                self.post_message(self.DeskWanted(self, event.key))

    @on(ChipArea.Moved)
    def _cursor_moved(self, event: ChipArea.Moved) -> None:
        event.stop()
        if self._completer.is_active:
            self._look()

    def _look(self) -> None:
        if self._completer.look():
            self.post_message(self.FilesWanted(self, self.target))
        if self._area.text.startswith("/") and self.target and not self._knows_commands:
            self._knows_commands = True
            self.post_message(self.CommandsWanted(self, self.target))

    @on(CompletionList.Clicked)
    def _choice_clicked(self, event: CompletionList.Clicked) -> None:
        event.stop()
        event.list.choose(event.place)
        self.accept_choice()

    @on(ComposerLabel.WhenPressed)
    def toggle_when(self) -> None:
        """Steer now or send after the turn; only a working task, and one that asks, leave the choice."""
        if self._leaves_choice:
            self._when = "after" if self._when == "now" else "now"
            self._paint()

    def _send(self, when: When) -> None:
        text = self.area.text
        if self._target is None or not text.strip():
            return
        if (given := self._completer.given(text)) is not None:
            # commands take no words: what stands behind one is a text of its own
            self.replace_text(text.strip()[1:].strip().removeprefix(given).strip())
            self.post_message(self.CommandGiven(self, given))
            return
        text = self.expanded
        name = self._target.id
        self._history.setdefault(name, []).append(text)
        del self._history[name][:-HISTORY_LIMIT]
        self._place = 0
        self._when = "now"
        self._load("")
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        told, self._saved[name] = self._saved.get(name, ""), ""
        self._paint()
        also = tuple(task.id for task in self._also if task.id != name)
        if when == "now" and not also and self._is_asked:
            self.post_message(self.Answered(self, name, text, told))
        else:
            self.post_message(self.Submitted(self, name, text, when, also, told))

    def _recall(self, step: int) -> None:
        history: Sequence[str] = self._history.get(self.target, ())
        place = self._place + step
        if not 0 <= place <= len(history):
            return
        if self._place == 0:
            self._kept = self.area.text
        self._place = place
        self._load(history[-place] if place else self._kept)
        if step > 0:
            self.area.move_cursor((0, 0))

    # --- label

    def _paint(self) -> None:
        label = self.query_one(ComposerLabel)
        task = self._target
        if task is None:
            label.set_spans(((" no task", "dim"),), ())
            return
        title = printable(" ".join(task.title.split()))
        left = ((" ", ""), (STATE_GLYPHS[task.state], mood(task)), (f" {title}", "title"), (f" {task.id}", "dim"))
        says = arrival(task, self._when)
        others = [other for other in self._also if other.id != task.id]
        if others:
            says = f"→ {len(others) + 1} tasks, {'now' if self._when == 'now' else 'after their turns'}"
        right: Spans = ((f"{says} ", "after" if self._when == "after" else "arrival"),)
        if not others and self._leaves_choice and self.size.width >= cells(says) + 50:
            other = "^T as a prompt after it" if takes_answer(task) else "^T after this turn"
            if self._when == "after":
                other = "^T answer the question" if takes_answer(task) else "^T steer now"
            right = ((f"{other}   ", "dim"), *right)
        label.set_spans(left, right)

    def on_resize(self) -> None:
        self._paint()

    def on_descendant_focus(self) -> None:
        self.add_class("-writing")
        self.look_again(self.target)

    def on_descendant_blur(self) -> None:
        self.remove_class("-writing")

"""What the person does on the screen of queues: what its keys call, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.errors import ShopfloorError
from agents.parts.queues import QueueRun
from app.queues import sheets
from app.queues.sheets import Items, Sheet
from app.queues.targets import TargetScreen

if TYPE_CHECKING:
    from app.queues.screen import QueueScreen


class Acts:
    """The acts of one screen."""

    @dataclass(frozen=True)
    class Naming:
        """A name is asked for."""

        asks: str
        begin: str
        take: Callable[[str], None]

    def __init__(self, screen: QueueScreen) -> None:
        self._screen = screen

    # --- going about

    def move(self, by: int) -> None:
        """The cursor, in the list that has the focus."""
        screen = self._screen
        if screen.focused is screen.names:
            count = screen.names.option_count
            if count:
                screen.names.highlighted = max(0, min((screen.names.highlighted or 0) + by, count - 1))
            return
        screen.items.move(screen.items.cursor + by)

    def switch(self) -> None:
        """Names or prompts."""
        screen = self._screen
        (screen.items if screen.focused is screen.names else screen.names).focus()

    def leave(self) -> None:
        """Back to where the person came from."""
        self._screen.dismiss(None)

    def help(self) -> None:
        """All keys."""
        self._screen.host.show_help()

    # --- editing

    def _change(self, change: Callable[[Items, int], tuple[Items, int] | None], why_not: str) -> None:
        """Change the items that can be edited; the cursor goes where ``change`` says. None: it cannot be."""
        screen = self._screen
        run, sheet, cursor = screen.shown_run, screen.sheet, screen.items.cursor
        if run is not None:
            if not run.is_active or cursor >= len(run.items) or run.items[cursor].state != "waiting":
                screen.say("Only prompts that wait can be changed.", error=True)
                return
            before = sheets.place_among_waiting(run, cursor)
            changed = change(sheets.waiting(run), before)
            if changed is not None:
                screen.items.cursor += changed[1] - before
                screen.ask(self.edit_run(changed[0]))
        elif sheet is not None and sheet.items:
            changed = change(sheet.items, cursor)
            if changed is not None:
                screen.items.cursor = changed[1]
                self.change(changed[0])
        else:
            changed = None
        if changed is None and why_not:
            screen.say(why_not)

    def change(self, items: Items) -> None:
        """Let these be the items of the queue that is shown, for runs from here until they are saved."""
        sheet = self._screen.sheet
        if sheet is not None:
            sheet.change(items)
            self._screen.keep_edits(sheet)
            self._screen.show_names()
            self._screen.show()

    async def edit_run(self, items: Items, typed: str = "") -> None:
        """Let these be the items of the run that wait; ``typed`` stays in its editor when that is refused."""
        screen = self._screen
        run = screen.shown_run
        if run is None:
            return
        try:
            screen.run = await screen.api.queues.edit_run(run.task, run.started, items)
        except ShopfloorError as error:
            screen.run = await screen.api.queues.run(run.task)
            screen.say(str(error), error=True)
            if typed:
                return
        if screen.items.is_editing:
            screen.leave_editor()
        screen.show()

    def edit(self) -> None:
        """Edit the prompt at the cursor where it stands."""
        screen = self._screen
        run, sheet, cursor = screen.shown_run, screen.sheet, screen.items.cursor
        if run is not None:
            if not run.is_active or run.items[cursor].state != "waiting":
                screen.say("Only prompts that wait can be edited.", error=True)
                return
            screen.edit(cursor, run.items[cursor].item)
        elif sheet is not None and sheet.items:
            screen.edit(cursor, sheet.items[cursor])

    def add(self) -> None:
        """Add a prompt after the one at the cursor."""
        screen = self._screen
        run, sheet, cursor = screen.shown_run, screen.sheet, screen.items.cursor
        if run is not None:
            if not run.is_active:
                screen.say("This run is over. Choose a queue to edit it.", error=True)
                return
            screen.edit(max(cursor + 1, run.started), None)
        elif sheet is not None and not sheet.problem:
            screen.edit(cursor + 1 if sheet.items else 0, None)

    def delete(self) -> None:
        """Delete the prompt at the cursor."""
        is_run = self._screen.shown_run is not None

        def without(items: Items, at: int) -> tuple[Items, int] | None:
            if len(items) == 1 and not is_run:
                return None
            left = sheets.removed(items, at)
            return left, min(at, max(0, len(left) - 1))

        self._change(without, "The last prompt stays: a queue needs one.")

    def transpose(self) -> None:
        """The prompt at the cursor changes places with the one before."""
        self._change(lambda items, at: (sheets.moved(items, at, at - 1), at) if at else None, "")

    def carry(self, by: int) -> None:
        """Move the prompt at the cursor."""

        def carried(items: Items, at: int) -> tuple[Items, int] | None:
            to = at + by
            return (sheets.moved(items, at, to), to) if 0 <= to < len(items) else None

        self._change(carried, "")

    def undo(self) -> None:
        """Take the last edit of a written queue back."""
        screen = self._screen
        sheet = screen.sheet
        if sheet is None or not sheet.undo():
            screen.say("There is nothing to take back.")
            return
        screen.keep_edits(sheet)
        screen.show_names()
        screen.show()

    # --- written queues

    def save(self) -> None:
        """Write the queue down as it is edited."""
        sheet = self._screen.sheet
        if sheet is None:
            self._screen.say("A run is not saved. c saves its prompts as a queue.")
        elif not sheet.is_edited:
            self._screen.say("There is nothing to save.")
        else:
            self._screen.act("save", lambda: self._save(sheet))

    async def _save(self, sheet: Sheet) -> None:
        screen = self._screen
        saved = await screen.api.queues.save(sheet.name, sheet.items, screen.project, None, sheet.description)
        await screen.api.queues.keep_edits(sheet.name, (), screen.project)
        await self._reload(sheet.name, f"Saved in {saved.path}.")

    async def _reload(self, name: str, said: str) -> None:
        await self._screen.load()
        self._screen.choose(name)
        self._screen.say(said)

    def save_as(self) -> None:
        """Save the prompts that are shown under another name."""
        screen = self._screen
        run, sheet = screen.shown_run, screen.sheet
        items = tuple(item.item for item in run.items) if run is not None else sheet.items if sheet else ()
        if items:
            description = sheet.description if sheet else ""
            begin = sheet.name if sheet else run.name if run else ""
            screen.ask_name(
                self.Naming("Save as", begin, lambda name: screen.ask(self._save_as(name, items, description)))
            )

    async def _save_as(self, name: str, items: Items, description: str) -> None:
        screen = self._screen
        saved = await screen.api.queues.save(name, items, screen.project, None, description)
        await self._reload(name, f"Saved in {saved.path}.")

    def new(self) -> None:
        """Begin a queue."""
        self._screen.ask_name(self.Naming("New queue", "", self._begin))

    def _begin(self, name: str) -> None:
        screen = self._screen
        screen.sheets[name] = Sheet(name)
        screen.choose(name)
        self.add()

    def rename(self) -> None:
        """Give the queue another name."""
        screen = self._screen
        sheet = screen.sheet
        if sheet is None:
            screen.say("Choose a queue first.")
        elif sheet.place == "shipped":
            screen.say(f"{sheet.name} came with Shopfloor and stays. c saves it under another name.", error=True)
        else:
            screen.ask_name(self.Naming("Rename to", sheet.name, lambda name: screen.ask(self._rename(sheet, name))))

    async def _rename(self, sheet: Sheet, name: str) -> None:
        screen = self._screen
        if sheet.place is not None:
            await screen.api.queues.rename(sheet.name, name, screen.project)
        if sheet.is_edited:
            await screen.api.queues.keep_edits(name, sheet.items, screen.project)
        await screen.api.queues.keep_edits(sheet.name, (), screen.project)
        await self._reload(name, f"It is called {name} now.")

    def delete_queue(self) -> None:
        """Delete the queue once the person has said yes."""
        screen = self._screen
        sheet = screen.sheet
        if sheet is None:
            screen.say("Choose a queue first.")
        elif sheet.place == "shipped":
            screen.say(f"{sheet.name} came with Shopfloor and stays.", error=True)
        else:
            detail = "U brings it back." if sheet.place else "It was never saved."
            screen.confirm(f"Delete the queue “{sheet.name}”?", detail, "Delete it", self._delete(sheet))

    async def _delete(self, sheet: Sheet) -> None:
        screen = self._screen
        if sheet.place is not None:
            await screen.api.queues.delete(sheet.name, screen.project)
        await screen.api.queues.keep_edits(sheet.name, (), screen.project)
        await screen.load()
        screen.choose(next(iter(screen.sheets), ""))
        screen.say(f"{sheet.name} is deleted; U brings it back.")

    def restore(self) -> None:
        """Bring back what was last overwritten, renamed or deleted: of this queue, or the last one deleted."""
        self._screen.act("restore", self._restore)

    async def _restore(self) -> None:
        screen = self._screen
        copies = await screen.api.queues.copies()
        deleted = next((copy.name for copy in copies if copy.why == "deleted" and copy.name not in screen.sheets), "")
        name = deleted or (screen.sheet.name if screen.sheet else "")
        if not name:
            screen.say("There is nothing to bring back.")
            return
        back = await screen.api.queues.restore(name, screen.project)
        await screen.api.queues.keep_edits(name, (), screen.project)
        await self._reload(name, f"{name} is as it was before, with {len(back.items)} prompts.")

    # --- running

    def start(self) -> None:
        """Run the queue that is shown, as it is edited, on the task."""
        screen = self._screen
        if screen.shown_run is not None:
            self.review()
        elif screen.queue_task is None:
            screen.say("There is no task to run it on. m chooses tasks.", error=True)
        else:
            task = screen.queue_task.id
            screen.act("start", lambda: self._start([task]))

    def start_many(self) -> None:
        """Choose tasks and run the queue on them."""
        screen = self._screen
        if screen.sheet is None or not screen.sheet.items:
            screen.say("Choose a queue with prompts first.")
            return
        tasks = screen.host.floor.roster.shown
        chosen = screen.host.floor.brain.selected or {task.id for task in tasks if task.state == "ready"}

        def answered(picked: list[str] | None) -> None:
            if picked:
                screen.act("start", lambda: self._start(picked))

        screen.app.push_screen(TargetScreen(screen.sheet.name, tasks, chosen), answered)

    async def _start(self, tasks: list[str]) -> None:
        screen = self._screen
        sheet = screen.sheet
        if sheet is None or not sheet.items:
            screen.say("It has no prompts.", error=True)
            return
        runs = await screen.api.queues.start(tasks, sheet.name, sheet.items, screen.project)
        own = next((run for run in runs if screen.queue_task is not None and run.task == screen.queue_task.id), None)
        if own is not None:
            screen.run = await screen.api.queues.run(own.task)
            from app.queues.screen import THE_RUN

            screen.choose(THE_RUN)
        many = f"{len(runs)} tasks" if len(runs) > 1 else "1 task"
        screen.say(f"{sheet.name} runs on {many}.")

    def attach(self) -> None:
        """Let the queue run by itself after each turn that the person starts, or no more."""
        screen = self._screen
        if screen.sheet is None or screen.queue_task is None:
            screen.say("Choose a queue, on a task, first.")
            return
        name = "" if screen.queue_task.own_queue == screen.sheet.name else screen.sheet.name
        screen.act("attach", lambda: self._attach(name))

    async def _attach(self, name: str) -> None:
        screen = self._screen
        assert screen.queue_task is not None
        screen.refresh_task(await screen.api.queues.attach(screen.queue_task.id, name))
        screen.say(f"{name} runs after each turn that you start." if name else "No queue runs by itself any more.")

    def _run(self) -> QueueRun | None:
        """The run that is shown and goes on."""
        run = self._screen.shown_run
        if run is None or not run.is_active:
            self._screen.say("No queue runs here.")
            return None
        return run

    def skip(self) -> None:
        """Leave out the prompt at the cursor."""
        screen = self._screen
        if (run := self._run()) is not None:
            number = screen.items.cursor + 1
            screen.act(f"skip {number}", lambda: screen.api.queues.skip(run.task, number))

    def pause(self) -> None:
        """Pause, or go on."""
        queues = self._screen.api.queues
        if (run := self._run()) is not None:
            act = queues.resume if run.state == "paused" else queues.pause
            self._screen.act("pause", lambda: act(run.task))

    def abort(self) -> None:
        """End the run once the person has said yes."""
        if (run := self._run()) is not None:
            left = sum(item.state in ("waiting", "working") for item in run.items)
            self._screen.confirm(
                f"Abort {run.name}?",
                f"{left} of {len(run.items)} prompts are left out; one at work is interrupted. What was changed stays.",
                "Abort it",
                self._screen.api.queues.abort(run.task),
            )

    def review(self) -> None:
        """Read what the prompt at the cursor changed."""
        screen = self._screen
        run = screen.shown_run
        if run is None or screen.queue_task is None:
            screen.say("Choose the run on this task first.")
            return
        item = run.items[screen.items.cursor]
        if not item.before or not item.after or item.before == item.after:
            screen.say("This prompt has changed nothing that could be read.")
            return
        screen.host.open_review(screen.queue_task, (item.before, item.after))

"""What the composer asks for while the person writes: files, earlier prompts, texts put by, the editor, commands."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from agents.api import Api
from agents.errors import ShopfloorError
from agents.prompts.image_chips import IMAGE_CHIP
from app.editor import edit_text
from app.images import with_images
from app.key_order import keys_wait
from app.keys import FLOOR, pretty
from app.pick_text import Choice, TextPicker
from widgets.completion import Command
from widgets.text_strips import printable

if TYPE_CHECKING:
    from app.floor import FloorScreen

_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


class WritingHelp:
    """Helps the person write in one floor's composer."""

    def __init__(self, floor: FloorScreen, api: Api) -> None:
        self._floor = floor
        self._api = api

    # --- commands

    def commands(self) -> list[Command]:
        """What ``/name`` can do: every action of the floor, by the last part of its id."""
        keymap = self._floor.keymap
        return [
            Command(name_of(action.id), action.help, pretty((keymap.get(action.id) or action.keys).split(",")[0]))
            for action in FLOOR
        ]

    async def offer_commands(self, task: str) -> None:
        """Give the composer our commands and those of a task's agent; ours hold where names are the same."""
        own = self.commands()
        names = {command.name for command in own}
        theirs = await self._api.sessions.commands(task)
        agents = [
            Command(command.name, command.description, command.hint, is_agents=True)
            for command in theirs
            if command.name not in names
        ]
        if self._floor.composer.target == task:
            self._floor.composer.set_commands([*own, *agents])

    async def run(self, name: str) -> None:
        """Do what a command says."""
        for action in FLOOR:
            if name_of(action.id) == name:
                await self._floor.run_action(action.action)
                return

    # --- what the composer asks for

    async def offer_files(self, task: str) -> None:
        """Give the composer the names of a task's files."""
        self._floor.composer.offer_files(task, await self._api.writing.files(task))

    def help(self, what: str) -> None:
        """Do what one of the composer's keys asks for."""
        self._floor.ask(getattr(self, f"_{what}")())

    async def _history(self) -> None:
        with keys_wait(self._floor.app):
            said = await self._api.writing.said()
        choices = [Choice(each.text, f"{age(each.at)} · {each.title}") for each in said]
        picker = TextPicker("What you said before, to all tasks", choices, empty="Nothing was said yet.")
        picked = await self._floor.app.push_screen_wait(picker)
        if picked is not None:
            self._take(said[picked.place].text)

    async def _yank(self) -> None:
        composer = self._floor.composer
        text = composer.area.text
        if not text.strip():
            self._floor.legend.say("There is no text to put by.", "warning")
            return
        await self._api.writing.yank(text)
        if composer.area.text == text:
            composer.replace_text("")
        self._floor.app.copy_to_clipboard(text)
        self._floor.legend.say("Put by; ^O takes it again. It is in the clipboard too.")

    async def _pop(self) -> None:
        while True:
            with keys_wait(self._floor.app):
                yanked = await self._api.writing.yanked()
            choices = [Choice(yank.text, age(yank.at)) for yank in yanked]
            empty = "Nothing was put by. ^Y puts a text by."
            picker = TextPicker("Texts that you put by", choices, can_drop=True, empty=empty)
            picked = await self._floor.app.push_screen_wait(picker)
            if picked is None:
                return
            yank = yanked[picked.place]
            if not picked.dropped:
                self._take(yank.text)
                await self._api.writing.drop_yank(yank.id)
                return
            await self._api.writing.drop_yank(yank.id)

    def _take(self, text: str) -> None:
        """Put a chosen text where the cursor is."""
        area = self._floor.composer.area
        area.replace(text, *area.selection)
        self._floor.areas.go("composer")

    async def _editor(self) -> None:
        composer = self._floor.composer
        target, text = composer.target, composer.area.text
        written = edit_text(self._floor.app, text)
        if composer.target == target and written != text:
            composer.replace_text(written)

    async def _expand(self) -> None:
        chip = self._floor.composer.chip
        if not chip:
            self._floor.legend.say("The cursor is at no pasted text.", "warning")
            return
        if IMAGE_CHIP.fullmatch(chip):
            self._floor.legend.say("This is an image; the agent gets it with the prompt.")
            return
        whole = await self._api.writing.expanded(chip)
        if whole == chip:
            raise ShopfloorError("The pasted text is not known any more.")
        if self._floor.composer.chip == chip:
            self._floor.composer.unfold(whole)

    # --- several tasks

    async def send_also(self, tasks: tuple[str, ...], text: str, when: str) -> None:
        """Send the same to other tasks; each that refuses is named."""
        sent = await with_images(self._api, text)
        answers = await asyncio.gather(
            *(self._api.send(task, sent, "after" if when == "after" else "now") for task in tasks),
            return_exceptions=True,
        )
        for task, answer in zip(tasks, answers, strict=True):
            if isinstance(answer, ShopfloorError):
                self._floor.notify(printable(f"Not sent to {task}: {answer}"), severity="error", markup=False)
            elif isinstance(answer, BaseException):
                raise answer
        taken = sum(not isinstance(answer, BaseException) for answer in answers)
        self._floor.legend.say(f"Sent to {taken + 1} tasks.")


def name_of(action: str) -> str:
    """The command of an action: the last part of its id."""
    return action.rpartition(".")[2]


def age(at: float) -> str:
    """How long ago something was, in a few characters."""
    seconds = max(0.0, time.time() - at)
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "now"

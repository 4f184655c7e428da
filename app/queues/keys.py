"""The keys of the screen of queues, and what its legend shows."""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding

from app.keys import pretty
from widgets.legend import Hint


def _key(keys: str, act: str, name: str, id: str, tooltip: str, label: str = "") -> Binding:
    LABELS[f"queue.{id}"] = label or name.lower()
    return Binding(keys, f"act({act})", name, id=f"queue.{id}", tooltip=tooltip, show=False)


LABELS: dict[str, str] = {}

QUEUE_KEYS = (
    _key("enter", "'start'", "Run", "start", "Run the queue, as it is edited now, on this task", "run"),
    _key("m", "'start_many'", "Run on several", "start-many", "Choose tasks and run the queue on all of them",
         "several"),
    _key("o", "'attach'", "After each turn", "attach",
         "Let the queue run by itself whenever a turn that you started on this task has ended, or no more"),
    _key("down,j", "'move', 1", "Down", "down", "The next prompt"),
    _key("up,k", "'move', -1", "Up", "up", "The prompt before"),
    _key("pagedown", "'move', 5", "Page down", "page-down", "Five prompts down"),
    _key("pageup", "'move', -5", "Page up", "page-up", "Five prompts up"),
    _key("home,g", "'move', -9999", "First", "first", "The first prompt"),
    _key("end,G", "'move', 9999", "Last", "last", "The last prompt"),
    _key("e", "'edit'", "Edit", "edit", "Edit the prompt where it stands"),
    _key("a", "'add'", "Add", "add", "Add a prompt after this one"),
    _key("d,delete", "'delete'", "Delete", "delete", "Delete the prompt; the last one stays"),
    _key("t", "'transpose'", "Transpose", "transpose", "Change places with the prompt before", "swap"),
    _key("J,alt+down,shift+down", "'carry', 1", "Move down", "carry-down", "Move the prompt down"),
    _key("K,alt+up,shift+up", "'carry', -1", "Move up", "carry-up", "Move the prompt up"),
    _key("u", "'undo'", "Undo", "undo", "Take back the last change of a prompt or of their order"),
    _key("S", "'save'", "Save", "save", "Write the queue as it is edited; until then edits hold for runs from here"),
    _key("c", "'save_as'", "Save as", "save-as", "Save it under another name"),
    _key("N", "'new'", "New queue", "new", "Begin a new queue"),
    _key("R", "'rename'", "Rename", "rename", "Give the queue another name"),
    _key("D", "'delete_queue'", "Delete the queue", "delete-queue", "Delete the queue (asks first)"),
    _key("U", "'restore'", "Bring back", "restore",
         "Bring back what the queue was before it was last saved, renamed or deleted"),
    _key("s", "'skip'", "Skip", "skip", "In a run: leave out the prompt; one at work is ended"),
    _key("p,space", "'pause'", "Pause or go on", "pause",
         "In a run: let the prompt at work end and start no other; again: go on", "pause"),
    _key("x", "'abort'", "Abort", "abort", "End the run and interrupt its prompt at work (asks first)"),
    _key("r", "'review'", "Its diff", "review", "Read what the prompt changed", "diff"),
    _key("tab,shift+tab", "'switch'", "Other side", "switch", "Go from the names to the prompts and back", "names"),
    _key("question_mark,f1", "'help'", "Help", "help", "Show all keys"),
    _key("escape,q", "'leave'", "Back", "leave", "Back to the floor; edits are kept", "back"),
)  # fmt: skip

_WRITTEN = ("queue.start", "queue.edit", "queue.add", "queue.delete", "queue.leave", "queue.help", "queue.save",
            "queue.transpose", "queue.carry-down", "queue.save-as", "queue.start-many", "queue.attach", "queue.new",
            "queue.rename", "queue.delete-queue")  # fmt: skip
_RUNNING = ("queue.skip", "queue.pause", "queue.abort", "queue.review", "queue.leave", "queue.help", "queue.add",
            "queue.edit", "queue.delete", "queue.carry-down", "queue.transpose", "queue.switch")  # fmt: skip
_OVER = ("queue.review", "queue.switch", "queue.leave", "queue.help")
_NAMES = ("queue.switch", "queue.new", "queue.leave", "queue.help", "queue.start", "queue.save-as", "queue.rename",
          "queue.delete-queue", "queue.restore")  # fmt: skip


def hints(place: str, keymap: Mapping[str, str]) -> list[Hint]:
    """What the legend shows: ``written``, ``running``, ``over``, ``names``, ``editing`` or ``naming``."""
    if place == "editing":
        return [Hint("Esc ^S", "keep", ""), Hint("Enter", "new line", ""), Hint("^C", "clear", "")]
    if place == "naming":
        return [Hint("Enter", "take it", ""), Hint("Esc", "cancel", "")]
    wanted = {"written": _WRITTEN, "running": _RUNNING, "over": _OVER, "names": _NAMES}[place]
    keys = {binding.id: binding.key for binding in QUEUE_KEYS}
    found = []
    for name in wanted:
        shown = (keymap.get(name) or keys[name]).split(",")[0]
        found.append(
            Hint(pretty(shown), "prompts" if (name, place) == ("queue.switch", "names") else LABELS[name], name)
        )
    return found

"""The keys of the screen of queues, and what its legend shows."""

from __future__ import annotations

from collections.abc import Mapping

from app.keys import legend_hints
from widgets.key_table import Key, key_table
from widgets.legend import Hint

QUEUE_KEYS = key_table(
    "queue",
    Key("enter", "act('start')", "Run", "start", "Run the queue, as it is edited now, on this task"),
    Key("m", "act('start_many')", "Run on several", "start-many", "Choose tasks and run the queue on all of them"),
    Key("o", "act('attach')", "After each turn", "attach",
        "Let the queue run by itself whenever a turn that you started on this task has ended, or no more"),
    Key("down,j", "act('move', 1)", "Down", "down", "The next prompt"),
    Key("up,k", "act('move', -1)", "Up", "up", "The prompt before"),
    Key("pagedown", "act('move', 5)", "Page down", "page-down", "Five prompts down"),
    Key("pageup", "act('move', -5)", "Page up", "page-up", "Five prompts up"),
    Key("home,g", "act('move', -9999)", "First", "first", "The first prompt"),
    Key("end,G", "act('move', 9999)", "Last", "last", "The last prompt"),
    Key("e", "act('edit')", "Edit", "edit", "Edit the prompt where it stands"),
    Key("a", "act('add')", "Add", "add", "Add a prompt after this one"),
    Key("d,delete", "act('delete')", "Delete", "delete", "Delete the prompt; the last one stays"),
    Key("t", "act('transpose')", "Transpose", "transpose", "Change places with the prompt before"),
    Key("J,alt+down,shift+down", "act('carry', 1)", "Move down", "carry-down", "Move the prompt down"),
    Key("K,alt+up,shift+up", "act('carry', -1)", "Move up", "carry-up", "Move the prompt up"),
    Key("u", "act('undo')", "Undo", "undo", "Take back the last change of a prompt or of their order"),
    Key("S", "act('save')", "Save", "save",
        "Write the queue as it is edited; until then edits hold for runs from here"),
    Key("c", "act('save_as')", "Save as", "save-as", "Save it under another name"),
    Key("N", "act('new')", "New queue", "new", "Begin a new queue"),
    Key("R", "act('rename')", "Rename", "rename", "Give the queue another name"),
    Key("D", "act('delete_queue')", "Delete the queue", "delete-queue", "Delete the queue (asks first)"),
    Key("U", "act('restore')", "Bring back", "restore",
        "Bring back what the queue was before it was last saved, renamed or deleted"),
    Key("s", "act('skip')", "Skip", "skip", "In a run: leave out the prompt; one at work is ended"),
    Key("p,space", "act('pause')", "Pause or go on", "pause",
        "In a run: let the prompt at work end and start no other; again: go on"),
    Key("x", "act('abort')", "Abort", "abort", "End the run and interrupt its prompt at work (asks first)"),
    Key("r", "act('review')", "Its diff", "review", "Read what the prompt changed"),
    Key("tab,shift+tab", "act('switch')", "Other side", "switch", "Go from the names to the prompts and back"),
    Key("question_mark,f1", "act('help')", "Help", "help", "Show all keys"),
    Key("escape,q", "act('leave')", "Back", "leave", "Back to the floor; edits are kept"),
)  # fmt: skip

_WORDS = {
    "queue.start": "run", "queue.start-many": "several", "queue.transpose": "swap", "queue.pause": "pause",
    "queue.review": "diff", "queue.switch": "names", "queue.leave": "back",
}  # fmt: skip
"""What the legend says of keys whose names are too long for it."""
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
    words = _WORDS | {"queue.switch": "prompts"} if place == "names" else _WORDS
    return legend_hints(wanted, QUEUE_KEYS, keymap, words=words)

"""The command line of ``shopfloor queue``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from app.arguments import from_0, from_1


def add_queue_verbs(queue: argparse.ArgumentParser, parser_class: type[argparse.ArgumentParser]) -> None:
    """Give ``shopfloor queue`` its actions."""
    actions = queue.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=parser_class)

    def action(name: str, text: str, *arguments: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        for argument in arguments:
            made.add_argument(argument, metavar=argument.upper(), help=_MEANINGS[argument])
        made.add_argument("--json", action="store_true", help="print objects for scripts, one a line")
        return made

    _files(action)
    _runs(action)


_MEANINGS = {
    "name": "a queue's name",
    "task": "a task's id, or the beginning of it",
    "to": "another name",
    "text": "the prompt; - reads it from standard input",
}
_Action = Callable[..., argparse.ArgumentParser]


def _files(action: _Action) -> None:
    """What is written down."""
    action("ls", "list the queues of this project, yours, and those that came along")
    action("show", "print a queue as it is written", "name")
    save = action("save", "write a queue from a Markdown file", "name")
    save.add_argument("file", metavar="FILE", nargs="?", default="-", help="the file; - reads standard input (default)")
    save.add_argument("--project", action="store_true", help="below .shopfloor/queues of the project")
    edit = action("edit", "edit a queue in $VISUAL or $EDITOR", "name")
    edit.add_argument("--project", action="store_true", help="save it below .shopfloor/queues of the project")
    action("copy", "save a queue under another name", "name", "to")
    action("rename", "give a queue another name", "name", "to")
    action("delete", "delete a queue; restore brings it back", "name")
    action("restore", "bring back what a queue was before it was last changed", "name")
    action("copies", "list what queues were before they were changed").add_argument("name", metavar="NAME", nargs="?")


def _runs(action: _Action) -> None:
    """What runs on tasks."""
    run = action("run", "run a queue on tasks, when their running turns have ended", "name")
    run.add_argument("tasks", metavar="TASK", nargs="*", help="which; several run at once")
    run.add_argument("--ready", action="store_true", help="on all tasks of this project that are ready")
    run.add_argument("--file", metavar="FILE", default="", help="with the prompts of this file, for this run")
    run.add_argument("--wait", action="store_true", help="wait for the end, and print what became of each prompt")
    status = action("status", "show how far a queue is on a task, and what became of each prompt", "task")
    status.add_argument("--all", action="store_true", help="all that ran on it")
    action("pause", "let the prompt at work end and start no other", "task")
    action("resume", "go on with a paused queue", "task")
    action("abort", "end a queue and interrupt its prompt at work", "task")
    skip = action("skip", "leave out the prompt at work, or one that waits", "task")
    skip.add_argument("item", metavar="N", nargs="?", type=from_0, default=0, help="its number")
    insert = action("insert", "add a prompt to a queue that runs", "task", "text")
    insert.add_argument("--at", metavar="N", type=from_0, default=0, help="its number (default: the last)")
    move = action("move", "move a prompt that waits", "task")
    move.add_argument("item", metavar="FROM", type=from_1, help="its number")
    move.add_argument("place", metavar="TO", type=from_1, help="the number it is to have")
    attach = action("attach", "let a queue run by itself after each turn that you start", "task")
    attach.add_argument("name", metavar="NAME", nargs="?", default="", help="a queue's name; nothing: none any more")

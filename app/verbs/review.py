"""Verbs about changes and comments."""

from __future__ import annotations

import argparse
import os
import re
import sys

from agents.errors import UsageError
from agents.model import CommentDraft
from app.verbs.printing import comment_line, comment_object, print_json, safe
from app.verbs.tasks import engine

_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<start>\d+)(?:-(?P<end>\d+))?)?", re.DOTALL)


async def diff(options: argparse.Namespace) -> int:
    """``shopfloor diff``."""
    async with engine() as api:
        answer = await api.diff(options.task, options.scope)
    kind = options.format or ("ansi" if sys.stdout.isatty() else "patch")
    patch = answer.patch.partition(b"\0\0")[2]
    if kind == "patch":
        sys.stdout.buffer.write(patch)
        sys.stdout.buffer.flush()
        return 0
    from app.pager import print_diff

    if kind == "ansi":
        print(f"{answer.scope} scope: {safe(answer.base_name)} … now, in {safe(answer.directory)}")
    print_diff(answer.patch, as_json=kind == "json")
    return 0


async def comment(options: argparse.Namespace) -> int:
    """``shopfloor comment``."""
    draft = draft_at(options.place, options.text, options.kind, options.old)
    async with engine() as api:
        made = await api.add_comment(options.task, draft)
    if options.json:
        print_json(comment_object(made))
    else:
        print(f"{made.id} is a draft; `shopfloor review {made.task} --send` sends it.")
    return 0


def draft_at(place: str, text: str, kind: str, old: bool) -> CommentDraft:
    """A draft for a place as written on the command line: ``PATH``, ``PATH:LINE``, ``PATH:LINE-LINE`` or ``.``.

    Raises:
        UsageError: the range runs backwards or starts at zero.
    """
    side = "old" if old else "new"
    if place == ".":
        return CommentDraft(text=text, kind=kind, target="change")  # type: ignore[arg-type]
    found = _PLACE.fullmatch(place)
    if found is None:
        raise UsageError(f"“{place}” names no file.", "Write PATH, PATH:LINE or PATH:LINE-LINE.")
    path = os.fsencode(found["path"])
    start = int(found["start"] or 0)
    end = int(found["end"] or start)
    if found["start"] and (start < 1 or end < start):
        raise UsageError(f"“{place}” is not a range of lines.", "Lines count from 1, the smaller number first.")
    return CommentDraft(
        text=text,
        kind=kind,  # type: ignore[arg-type]
        target="lines" if start else "file",
        path=path,
        side=side,  # type: ignore[arg-type]
        start=start,
        end=end,
    )


async def comments(options: argparse.Namespace) -> int:
    """``shopfloor comments``."""
    async with engine() as api:
        known = await api.comments(options.task)
    for one in known:
        if options.json:
            print_json(comment_object(one))
        else:
            print(comment_line(one))
    if not known and not options.json:
        print("No comments.")
    return 0


async def review(options: argparse.Namespace) -> int:
    """``shopfloor review``."""
    async with engine() as api:
        if options.send:
            prompt = await api.send_review(options.task, "after" if options.after else "now")
            task = await api.task(prompt.task)
            if options.json:
                print_json({"task": task.id, "round": task.round, "prompt": prompt.id, "state": task.state})
            else:
                print(f"Round {task.round} is on its way to task {task.id}.")
            return 0
        text = await api.review_prompt(options.task)
        if options.json:
            print_json({"task": (await api.task(options.task)).id, "prompt": text})
        else:
            print(safe(text))
    return 0

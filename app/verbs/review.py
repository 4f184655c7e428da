"""Verbs about changes and comments."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence

import msgspec

from agents.api import Api
from agents.errors import GitError, NotFound, UsageError
from agents.parts.review import Comment, CommentDraft
from agents.review import parse_diff
from agents.review.kinds import with_attributes
from agents.review.marks import marks_of
from agents.review.places import Placed, place_comments
from agents.review.warnings import file_warnings
from app.images import with_images
from app.review.since import Since
from app.verbs.printing import comment_line, comment_object, print_json, safe
from app.verbs.tasks import engine

_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<start>\d{1,9})(?:-(?P<end>\d{1,9}))?)?", re.DOTALL)


async def diff(options: argparse.Namespace) -> int:
    """``shopfloor diff``."""
    async with engine() as api:
        answer = await api.changes.diff(options.task, options.scope, options.base, options.head)
    kind = options.format or ("ansi" if sys.stdout.isatty() else "patch")
    patch = answer.patch.partition(b"\0\0")[2]
    if kind == "patch":
        sys.stdout.buffer.write(patch)
        sys.stdout.buffer.flush()
        return 0
    from app.pager import print_diff

    if kind == "ansi":
        ends = f"{safe(answer.base_name)} … {safe(answer.head_name) or 'now'}"
        print(f"{answer.scope} scope: {ends}, in {safe(answer.directory)}")
    print_diff(answer.patch, answer.sizes, as_json=kind == "json")
    return 0


async def comment(options: argparse.Namespace) -> int:
    """``shopfloor comment``."""
    draft = draft_at(options.place, options.text, options.kind, options.old)
    draft = msgspec.structs.replace(draft, author=options.author)
    async with engine() as api:
        draft = msgspec.structs.replace(draft, text=await with_images(api, draft.text))
        made = await api.review.add(options.task, draft)
    if options.json:
        print_json(comment_object(made))
    else:
        what = "a private note" if made.kind == "note" else "a draft"
        print(f"{made.id} is {what}; `shopfloor review {made.task} --send` sends it.")
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
        known = await api.review.comments(options.task)
        objects = await _judged(api, options.task, known) if options.json else []
    for shown in objects:
        print_json(shown)
    for one in () if options.json else known:
        print(comment_line(one))
    if not known and not options.json:
        print("No comments.")
    return 0


async def _judged(api: Api, task: str, known: Sequence[Comment]) -> list[dict[str, object]]:
    """Comments with where they stand now and what became of them; null where that cannot be known any more."""
    since = Since(api, task)

    async def blobs(ids: Sequence[str]) -> dict[str, bytes]:
        return dict(zip(ids, await api.changes.blobs(task, ids), strict=True))

    try:
        diff = await api.changes.diff(task)
        placed = await place_comments(
            parse_diff(diff.patch), diff.head_tree, known, blobs,
            lambda tree: since.read(tree, diff.head_tree), lambda comment: since.done(comment, diff),
        )  # fmt: skip
    except (UsageError, NotFound, GitError):  # without a worktree or its objects the comments are still worth printing
        placed = []
    places = {each.comment.id: each for each in placed}
    return [comment_object(one) | _standing(one, places.get(one.id)) for one in known]


def _standing(comment: Comment, placed: Placed | None) -> dict[str, object]:
    """Anchor, evidence and verdict of a comment."""
    anchor = evidence = None
    if placed is not None:
        path = placed.path.decode("utf-8", "backslashreplace")
        anchor = {"state": placed.state, "path": path, "lines": [placed.start, placed.end]}
    if placed is not None and placed.evidence is not None:
        found = placed.evidence
        evidence = {"touched": found.touched, "before": list(found.before), "after": list(found.after)}
    verdict = {"resolved": "resolved", "draft": None}.get(comment.state, "open")
    return {"anchor": anchor, "evidence": evidence, "verdict": verdict}


async def _overview(api: Api, task: str) -> dict[str, object]:
    """A change as a reviewer finds it: comments to send, what was reviewed, what to look at first."""
    known = await api.task(task)
    diff = await api.changes.diff(known.id)
    files = with_attributes(parse_diff(diff.patch, diff.sizes), diff.attributes).files
    marks, comments = await api.review.reviewed(known.id), await api.review.comments(known.id)
    waiting = [c for c in comments if c.is_to_be_sent]
    warned = [
        {
            "name": warning.name,
            "path": warning.path.decode("utf-8", "backslashreplace"),
            "line": (file.lines.new[warning.line] or file.lines.old[warning.line]) if warning.line >= 0 else None,
            "sentence": warning.sentence,
        }
        for file in files
        for warning in file_warnings(file)
    ]
    return {
        "task": known.id,
        "round": known.round,
        "base_tree": diff.base_tree,
        "head_tree": diff.head_tree,
        "files": len(files),
        "files_reviewed": sum(bool(own.all) and own.is_reviewed(marks) for own in map(marks_of, files)),
        "to_send": [comment.id for comment in waiting],
        "to_judge": [comment.id for comment in comments if comment.state == "claimed"],
        "warnings": warned,
        "prompt": await api.review.prompt(known.id) if waiting else None,
    }


async def review(options: argparse.Namespace) -> int:
    """``shopfloor review``."""
    async with engine() as api:
        if options.send:
            prompt = await api.review.send(options.task, "after" if options.after else "now")
            task = await api.task(prompt.task)
            if options.json:
                print_json({"task": task.id, "round": task.round, "prompt": prompt.id, "state": task.state})
            else:
                print(f"Round {task.round} is on its way to task {task.id}.")
            return 0
        if options.json:
            print_json(await _overview(api, options.task))
        else:
            print(safe(await api.review.prompt(options.task)))
    return 0
